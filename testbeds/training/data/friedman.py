"""Friedman's first regression problem: five features of ten matter, and the noise is known.

References:
    Friedman (1991), "Multivariate adaptive regression splines", Annals of Statistics 19(1),
    doi:10.1214/aos/1176347963, section 4.3; ten features and unit noise as in Breiman (1996),
    "Bagging predictors", doi:10.1007/BF00058655.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["FEATURES", "IRREDUCIBLE", "NOISE_SD", "draw", "truth"]

FEATURES, NOISE_SD = 10, 1.0

SI_2PI = 1.4181515761326284
"""Si(2 pi), the sine integral."""
CIN_PI = 1.6482776387045073
"""Cin(pi), the integral of (1 - cos t) / t from 0 to pi."""

SIGNAL_VARIANCE = (
    100 * (0.5 - SI_2PI / (4 * math.pi) - (CIN_PI / math.pi) ** 2)  # 10 sin(pi u v)
    + 400 * (1 / 80 - 1 / 144)  # 20 (u - 1/2)^2
    + 100 / 12  # 10 u
    + 25 / 12  # 5 u
)
"""Variance of ``truth`` over the unit cube, 23.83: its four terms are independent."""

IRREDUCIBLE = NOISE_SD**2 / (SIGNAL_VARIANCE + NOISE_SD**2)
"""Least expected squared error in units of the target's variance, .0403."""

FloatArray = NDArray[np.float64]


def truth(x: FloatArray) -> FloatArray:
    """Return the mean of the target, shape (n, 10) to (n,).

    >>> truth(np.full((1, 10), 0.5)).round(6).tolist()
    [14.571068]
    """
    wave = 10 * np.sin(np.pi * x[:, 0] * x[:, 1])
    return np.asarray(wave + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4])


def draw(rng: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray]:
    """Draw n rows: features, uniform in the unit cube, (n, 10), and noisy targets, (n,)."""
    x = rng.random((n, FEATURES))
    return x, truth(x) + NOISE_SD * rng.standard_normal(n)
