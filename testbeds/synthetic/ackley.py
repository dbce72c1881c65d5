"""Ackley's function: a funnel under a fine egg box, shifted so that the centre is no gift.

References:
    Ackley (1987), "A Connectionist Machine for Genetic Hillclimbing", Kluwer,
    https://doi.org/10.1007/978-1-4613-1997-9; https://www.sfu.ca/~ssurjano/ackley.html
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.problem import Problem
from hpobench_lab.testbed import Facts
from hpobench_lab.testbeds.synthetic.function import Function, cube, described, reference, shift

__all__ = ["ackley10", "ackley_loss"]

FloatArray = NDArray[np.float64]

_KNOWN: dict[int | None, float] = {0: 21.538109385939812}


def ackley_loss(values: FloatArray, minimum: FloatArray) -> FloatArray:
    """Return Ackley's function with its minimum 0 at ``minimum``, shape (n, d) to (n,).

    Written with ``expm1``, which makes the minimum exactly 0 and nothing smaller.

    >>> ackley_loss(np.array([[0.0, 0.0], [1.0, 1.0]]), np.zeros(2)).round(6)
    array([0.      , 3.625385])
    """
    n, d = values.shape
    squares, waves = np.zeros(n), np.zeros(n)
    for j in range(d):
        z = values[:, j] - minimum[j]
        squares += z * z
        waves += np.cos(2.0 * math.pi * z)
    funnel = -20.0 * np.expm1(-0.2 * np.sqrt(squares / d))
    return np.asarray(funnel - math.e * np.expm1(waves / d - 1.0))


def ackley10(*, shift_seed: int | None = 0) -> Function:
    """Return Ackley's function on [-32.768, 32.768]^10, shifted by a seed; None = not shifted."""
    space = cube(10, -32.768, 32.768)
    minimum = shift(space, shift_seed, 0.0)
    loss = partial(ackley_loss, minimum=minimum)
    facts = Facts(
        "synthetic/ackley10",
        source="ackley",
        family="synthetic",
        optimum=0.0,
        optimum_origin="exact",
        optimum_config=described(space, minimum),
        citation="Ackley (1987), https://doi.org/10.1007/978-1-4613-1997-9",
        title="Ackley, 10 dimensions, shifted",
        **reference(_KNOWN.get(shift_seed), space, loss),
    )
    return Function(Problem(space), facts, loss)
