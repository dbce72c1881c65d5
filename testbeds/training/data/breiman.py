"""Two classification problems of Breiman whose densities, and so whose best errors, are known.

References:
    Ringnorm: Breiman (1996), "Bias, variance, and arcing classifiers", technical report 460,
    University of California, Berkeley, section 3: twenty features, two normal classes, one within
    the other; the expected error of the best rule is 1.3 %.
    Waveform: Breiman, Friedman, Olshen, Stone (1984), "Classification and Regression Trees",
    Wadsworth, pages 49 to 55: 21 points of a random mixture of two of three triangles, with unit
    noise; the best error is about 14 %.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "RINGNORM_ERROR",
    "RINGNORM_NATS",
    "WAVEFORM_ERROR",
    "WAVEFORM_NATS",
    "draw_ringnorm",
    "draw_waveform",
    "ringnorm_logits",
    "waveform_logits",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

RINGNORM_ERROR, WAVEFORM_ERROR = 0.0125, 0.1329
"""Errors of the best rules, from four million rows of each (standard errors .0001 and .0002)."""
RINGNORM_NATS, WAVEFORM_NATS = 0.0355, 0.2748
"""Cross-entropies of the true densities, from the same rows (.0001 and .0003)."""

RING = 20
SHIFT = 2.0 / math.sqrt(RING)
PAIRS = ((0, 1), (0, 2), (1, 2))
"""The two triangles that each class mixes."""


def draw_ringnorm(rng: np.random.Generator, n: int) -> tuple[FloatArray, IntArray]:
    """Draw n rows: features (n, 20) and classes (n,), both equally likely."""
    y = rng.integers(0, 2, n)
    normal = rng.standard_normal((n, RING))
    return np.where(y[:, None] == 0, 2.0 * normal, SHIFT + normal), y


def ringnorm_logits(x: FloatArray) -> FloatArray:
    """Return the logarithms of the densities up to a constant, shape (n, 20) to (n, 2)."""
    wide = -0.125 * (x**2).sum(axis=1) - RING * math.log(2.0)
    return np.stack([wide, -0.5 * ((x - SHIFT) ** 2).sum(axis=1)], axis=1)


def _triangles() -> FloatArray:
    """Return the three triangles, shape (3, 21), at 11, 7 and 15."""
    i = np.arange(1, 22)
    return np.stack([np.maximum(6.0 - np.abs(i - at), 0.0) for at in (11, 15, 7)])


def draw_waveform(rng: np.random.Generator, n: int) -> tuple[FloatArray, IntArray]:
    """Draw n rows: features (n, 21) and classes (n,), all equally likely."""
    y, u = rng.integers(0, 3, n), rng.random(n)
    first, second = np.array(PAIRS).T
    waves = _triangles()
    mixed = u[:, None] * waves[first[y]] + (1.0 - u)[:, None] * waves[second[y]]
    return mixed + rng.standard_normal(mixed.shape), y


def waveform_logits(x: FloatArray) -> FloatArray:
    """Return the logarithms of the densities up to a constant, shape (n, 21) to (n, 3).

    The share u of the first triangle is integrated out: the density is normal in u, so its integral
    over the unit interval is a difference of two error functions.
    """
    from scipy.special import log_ndtr

    waves, found = _triangles(), []
    for first, second in PAIRS:
        direction = waves[first] - waves[second]
        size = math.sqrt(float(direction @ direction))
        rest = x - waves[second]
        along = (rest * direction).sum(axis=1) / size
        outside = (rest**2).sum(axis=1) - along**2
        upper, lower = log_ndtr(size - along), log_ndtr(-along)
        found.append(-0.5 * outside + upper + np.log1p(-np.exp(lower - upper)) - math.log(size))
    return np.stack(found, axis=1)
