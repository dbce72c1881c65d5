"""Rosenbrock's function: one curved, flat valley, shifted so that equal coordinates are no gift.

References:
    Rosenbrock (1960), The Computer Journal 3(3), https://doi.org/10.1093/comjnl/3.3.175;
    https://www.sfu.ca/~ssurjano/rosen.html
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.problem import Problem
from hpobench_lab.testbed import Facts
from hpobench_lab.testbeds.synthetic.function import Function, cube, described, reference, shift

__all__ = ["rosenbrock5", "rosenbrock_loss"]

FloatArray = NDArray[np.float64]

_KNOWN: dict[int | None, float] = {2: 933943.2574066794}


def rosenbrock_loss(values: FloatArray, minimum: FloatArray) -> FloatArray:
    """Return Rosenbrock's function with its minimum 0 at ``minimum``, shape (n, d) to (n,).

    >>> rosenbrock_loss(np.array([[1.0, 1.0], [0.0, 0.0], [-1.2, 1.0]]), np.ones(2)).round(6)
    array([ 0. ,  1. , 24.2])
    """
    n, d = values.shape
    loss = np.zeros(n)
    here = values[:, 0] - minimum[0] + 1.0
    for j in range(1, d):
        following = values[:, j] - minimum[j] + 1.0
        valley, slope = following - here * here, 1.0 - here
        loss += 100.0 * (valley * valley) + slope * slope
        here = following
    return loss


def rosenbrock5(*, shift_seed: int | None = 2) -> Function:
    """Return Rosenbrock's function on [-5, 10]^5, shifted by a seed; None = minimum at 1."""
    space = cube(5, -5.0, 10.0)
    minimum = shift(space, shift_seed, 1.0)
    loss = partial(rosenbrock_loss, minimum=minimum)
    facts = Facts(
        "synthetic/rosenbrock5",
        source="rosenbrock",
        family="synthetic",
        optimum=0.0,
        optimum_origin="exact",
        optimum_config=described(space, minimum),
        citation="Rosenbrock (1960), https://doi.org/10.1093/comjnl/3.3.175",
        title="Rosenbrock, 5 dimensions, shifted",
        **reference(_KNOWN.get(shift_seed), space, loss),
    )
    return Function(Problem(space), facts, loss)
