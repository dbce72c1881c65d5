"""Currin's exponential function with a continuous fidelity.

The published low-fidelity version averages the function over four points at a distance of 0.05 in
each coordinate; here that distance shrinks linearly with the fidelity, from 0.05 at the smallest
amount (the published cheap function, bit for bit in meaning) to 0 at the full one (the published
function). One nominal second a unit of effort; an evaluation continues from a cheaper one of the
same configuration and pays the difference.

References:
    Currin, Mitchell, Morris, Ylvisaker (1988), "A Bayesian approach to the design and analysis of
    computer experiments", ORNL-6498, https://doi.org/10.2172/814584; low fidelity of Xiong, Qian,
    Wu (2013), Technometrics 55(1), https://www.sfu.ca/~ssurjano/curretal88explc.html

Differences:
    The sign is turned (the literature maximises); the continuous path between the two published
    fidelities and the cost model are ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.problem import Fidelity, Problem
from hpobench_lab.space import Space
from hpobench_lab.testbed import Facts
from hpobench_lab.testbeds.synthetic.function import cube, described, reference
from hpobench_lab.trial import Outcomes, Trials

__all__ = ["currin_loss", "currin_mf"]

FloatArray = NDArray[np.float64]

EFFORT = Fidelity("effort", 1, 27, "unit")
WIDTH = 0.05
OPTIMUM = -13.798722044728434
MINIMUM = (0.216666666667, 0.0)


def _currin(x1: FloatArray, x2: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore"):
        decay = 1.0 - np.exp(-0.5 / x2)
    above = ((2300.0 * x1 + 1900.0) * x1 + 2092.0) * x1 + 60.0
    below = ((100.0 * x1 + 500.0) * x1 + 4.0) * x1 + 20.0
    return np.asarray(decay * above / below)


def currin_loss(values: FloatArray, effort: FloatArray | float = EFFORT.max) -> FloatArray:
    """Return minus Currin's function at a fidelity, shape (n, 2) to (n,).

    >>> currin_loss(np.array([[0.5, 0.5]])).round(4)
    array([-7.4051])
    """
    x1, x2 = values[:, 0], values[:, 1]
    width = WIDTH * (EFFORT.max - effort) / (EFFORT.max - EFFORT.min)
    low = np.maximum(0.0, x2 - width)
    right = _currin(x1 + width, x2 + width) + _currin(x1 + width, low)
    left = _currin(x1 - width, x2 + width) + _currin(x1 - width, low)
    return np.maximum(-0.25 * (right + left), OPTIMUM)


@dataclass(frozen=True)
class _CurrinMF:
    """Evaluate Currin's function at the asked effort."""

    problem: Problem
    facts: Facts

    def evaluate(self, trials: Trials) -> Outcomes:
        """Return the losses at the asked fidelities; they cost their effort in seconds."""
        return Outcomes.of(currin_loss(trials.values, trials.fidelity), trials.fidelity)

    def score(self, trials: Trials) -> FloatArray:
        """Return the losses at full fidelity, shape (n, 1)."""
        return currin_loss(trials.values)[:, None]


def currin_mf() -> _CurrinMF:
    """Return Currin's function on [0, 1]^2 with the fidelity ``effort`` from 1 to 27."""
    space: Space = cube(2, 0.0, 1.0)
    facts = Facts(
        "synthetic/currin-mf",
        source="currin",
        family="synthetic-fidelity",
        optimum=OPTIMUM,
        optimum_origin="exact to 1e-14: root of the derivative in x1 at x2 = 0",
        optimum_config=described(space, np.array(MINIMUM)),
        citation="Currin et al. (1988), https://doi.org/10.2172/814584; Xiong, Qian, Wu (2013)",
        title="Currin exponential, 2 dimensions, continuous fidelity",
        **reference(-7.104219440776225, space, currin_loss),
    )
    return _CurrinMF(Problem(space, fidelities=(EFFORT,), continuation="same"), facts)
