"""Levy's function: a rippled bowl, shifted so that equal coordinates are no gift.

References:
    Laguna, Marti (2005), Journal of Global Optimization 33(2),
    https://doi.org/10.1007/s10898-004-1936-z; https://www.sfu.ca/~ssurjano/levy.html
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.problem import Problem
from hpobench_lab.testbed import Facts
from hpobench_lab.testbeds.synthetic.function import Function, cube, described, reference, shift

__all__ = ["levy5", "levy_loss"]

FloatArray = NDArray[np.float64]

_KNOWN: dict[int | None, float] = {1: 89.59928716327849}


def levy_loss(values: FloatArray, minimum: FloatArray) -> FloatArray:
    """Return Levy's function with its minimum 0 at ``minimum``, shape (n, d) to (n,).

    In u = (x - minimum) / 4 = w - 1 the sines vanish exactly at the minimum.

    >>> levy_loss(np.array([[1.0, 1.0], [0.0, 0.0]]), np.ones(2)).round(6)
    array([0.      , 0.715845])
    """
    n, d = values.shape
    loss = np.zeros(n)
    u = (values[:, 0] - minimum[0]) / 4.0
    loss += np.sin(math.pi * u) ** 2  # sin(pi w) = -sin(pi u)
    for j in range(d):
        u = (values[:, j] - minimum[j]) / 4.0
        if j < d - 1:
            ripple = 1.0 + 10.0 * np.sin(math.pi * u + 1.0) ** 2  # sin(pi w + 1)^2
        else:
            ripple = 1.0 + np.sin(2.0 * math.pi * u) ** 2
        loss += u * u * ripple
    return loss


def levy5(*, shift_seed: int | None = 1) -> Function:
    """Return Levy's function on [-10, 10]^5, shifted by a seed; None = minimum at 1."""
    space = cube(5, -10.0, 10.0)
    minimum = shift(space, shift_seed, 1.0)
    loss = partial(levy_loss, minimum=minimum)
    facts = Facts(
        "synthetic/levy5",
        source="levy",
        family="synthetic",
        optimum=0.0,
        optimum_origin="exact",
        optimum_config=described(space, minimum),
        citation="Laguna, Marti (2005), https://doi.org/10.1007/s10898-004-1936-z",
        title="Levy, 5 dimensions, shifted",
        **reference(_KNOWN.get(shift_seed), space, loss),
    )
    return Function(Problem(space), facts, loss)
