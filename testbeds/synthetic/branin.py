"""Branin's function: two dimensions, three equal minima, none in the centre.

References:
    Branin (1972), IBM Journal of Research and Development 16(5),
    https://doi.org/10.1147/rd.165.0504; in the form of Dixon, Szego (1978), "The global
    optimization problem", https://www.sfu.ca/~ssurjano/branin.html
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.parameters import Float
from hpobench_lab.problem import Problem
from hpobench_lab.space import Space
from hpobench_lab.testbed import Facts
from hpobench_lab.testbeds.synthetic.function import Function, reference

__all__ = ["branin", "branin_loss"]

FloatArray = NDArray[np.float64]

OPTIMUM = 10.0 / (8.0 * math.pi)
_B = 5.1 / (4.0 * math.pi**2)
_C = 5.0 / math.pi
_T = 10.0 * (1.0 - 1.0 / (8.0 * math.pi))


def branin_loss(values: FloatArray) -> FloatArray:
    """Return Branin's function of x1 in [-5, 10] and x2 in [0, 15], shape (n, 2) to (n,).

    Rounding below the exact minimum is lifted to it, so that regret is never negative.

    >>> branin_loss(np.array([[math.pi, 2.275]])).round(6)
    array([0.397887])
    """
    x1, x2 = values[:, 0], values[:, 1]
    valley = x2 - _B * (x1 * x1) + _C * x1 - 6.0
    return np.maximum(valley * valley + _T * np.cos(x1) + 10.0, OPTIMUM)


def branin() -> Function:
    """Return Branin's function on [-5, 10] x [0, 15]."""
    space = Space({"x1": Float(-5.0, 10.0), "x2": Float(0.0, 15.0)})
    facts = Facts(
        "synthetic/branin",
        source="branin",
        family="synthetic",
        optimum=OPTIMUM,
        optimum_origin="exact: 10 / (8 pi), at x1 = pi, x2 = 2.275 and two more points",
        optimum_config={"x1": round(math.pi, 11), "x2": 2.275},
        citation="Branin (1972), https://doi.org/10.1147/rd.165.0504",
        title="Branin, 2 dimensions, three minima",
        **reference(34.98657756083132, space, branin_loss),
    )
    return Function(Problem(space), facts, branin_loss)
