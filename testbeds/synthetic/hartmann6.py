"""Hartmann's six-dimensional function: six local minima, one of them global.

References:
    Hartman (1973), "Some experiments in global optimization", Naval Postgraduate School, Monterey;
    constants as in Dixon, Szego (1978), https://www.sfu.ca/~ssurjano/hart6.html
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.problem import Problem
from hpobench_lab.testbed import Facts
from hpobench_lab.testbeds.synthetic.function import Function, cube, described, reference

__all__ = ["hartmann6", "hartmann6_loss"]

FloatArray = NDArray[np.float64]

ALPHA = (1.0, 1.2, 3.0, 3.2)
A = (
    (10.0, 3.0, 17.0, 3.5, 1.7, 8.0),
    (0.05, 10.0, 17.0, 0.1, 8.0, 14.0),
    (3.0, 3.5, 1.7, 10.0, 17.0, 8.0),
    (17.0, 8.0, 0.05, 10.0, 0.1, 14.0),
)
P = (
    (0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886),
    (0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991),
    (0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650),
    (0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381),
)
OPTIMUM = -3.3223680114155147
MINIMUM = (
    0.201689511007,
    0.150010691823,
    0.476873974222,
    0.275332430494,
    0.3116516166,
    0.657300534066,
)


def hartmann6_loss(values: FloatArray) -> FloatArray:
    """Return Hartmann's function on the unit cube, shape (n, 6) to (n,).

    Rounding below the stored minimum is lifted to it, so that regret is never negative.

    >>> hartmann6_loss(np.array([MINIMUM])).round(5)
    array([-3.32237])
    """
    loss = np.zeros(len(values))
    for alpha, a, p in zip(ALPHA, A, P, strict=True):
        exponent = np.zeros(len(values))
        for j in range(6):
            step = values[:, j] - p[j]
            exponent += a[j] * (step * step)
        loss -= alpha * np.exp(-exponent)
    return np.maximum(loss, OPTIMUM)


def hartmann6() -> Function:
    """Return Hartmann's function on [0, 1]^6."""
    space = cube(6, 0.0, 1.0)
    facts = Facts(
        "synthetic/hartmann6",
        source="hartmann6",
        family="synthetic",
        optimum=OPTIMUM,
        optimum_origin="exact to 1e-14: Newton's method from the published minimum",
        optimum_config=described(space, np.array(MINIMUM)),
        citation="Hartman (1973); Dixon, Szego (1978), https://www.sfu.ca/~ssurjano/hart6.html",
        title="Hartmann, 6 dimensions",
        **reference(-0.10269722960921589, space, hartmann6_loss),
    )
    return Function(Problem(space), facts, hartmann6_loss)
