"""The order in which optimizers prefer evaluations."""

from __future__ import annotations

import math

from hpobench_lab.trial import Evaluation

__all__ = ["Rank", "rank"]

Rank = tuple[float, float, int]


def rank(evaluation: Evaluation) -> Rank:
    """Return a key that sorts better evaluations first: (violation, loss, id).

    An evaluation that did not end ok has an infinite loss. Where there are outcome constraints,
    the smaller sum of violations comes before the smaller loss, and NaN counts as infinite.

    References:
        Deb (2000), "An efficient constraint handling method for genetic algorithms",
        https://doi.org/10.1016/S0045-7825(99)00389-8
    """
    loss = evaluation.loss if evaluation.ok else math.inf
    violation = 0.0
    for value in evaluation.constraints:
        violation += max(0.0, value) if value == value else math.inf
    return violation, loss, evaluation.id
