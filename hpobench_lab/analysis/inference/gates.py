"""The declared margin, applied to every optimizer of a study: is it at least not worse?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.analysis.estimate import Estimate
from hpobench_lab.analysis.inference.comparisons import Comparison
from hpobench_lab.analysis.inference.intervals import median_difference_interval
from hpobench_lab.analysis.inference.noninferiority import (
    Gate,
    Margin,
    betting_sequence,
    budget_ratio,
    gate,
    hash_order,
)
from hpobench_lab.analysis.inference.ranktests import decimals
from hpobench_lab.analysis.runs.aggregate import median
from hpobench_lab.analysis.runs.cuts import Cut
from hpobench_lab.analysis.runs.panel import Panel

__all__ = ["gates", "margin_of"]

FloatArray = NDArray[np.float64]


def margin_of(declared: Mapping[str, float], axis: str) -> Margin | None:
    """Return the margin that a study declares; None where it declares none.

    Args:
        declared: Kind and amount, such as ``{"budget": 0.1}``.
        axis: On which the runs are read.

    Raises:
        ValueError: If the margin is none that is known.

    >>> margin_of({"budget": 0.2}, "evaluations").limit
    1.2
    """
    if not declared:
        return None
    kind, amount = next(iter(declared.items()))
    return Margin(kind, float(amount), axis)  # type: ignore[arg-type]  # checked there


def gates(
    panel: Panel,
    cut: Cut,
    comparisons: Sequence[Comparison],
    scores: FloatArray,
    margin: Margin,
    order_key: str,
) -> dict[str, Gate]:
    """Return the gate's verdict of each optimizer that is compared with the baseline.

    Args:
        panel: The runs.
        cut: Where they are read.
        comparisons: Against the baseline.
        scores: Per source, shape (k, sources).
        margin: As declared.
        order_key: What the order of the sources is hashed from, for a share of sources lost.
    """
    return {
        c.a: gate(_effect(panel, cut, c, scores, margin, order_key), margin) for c in comparisons
    }


def _effect(
    panel: Panel, cut: Cut, c: Comparison, scores: FloatArray, margin: Margin, order_key: str
) -> Estimate:
    if margin.kind == "budget":
        return budget_ratio(panel, cut.axis, cut.at, c.a, c.b)
    a, b = (scores[panel.optimizers.index(label)] for label in (c.a, c.b))
    if margin.kind == "regret":  # normalised, whatever metric is compared
        low, high = (float(x) for x in median_difference_interval(a - b))
        effect, method = float(median(a - b)), "median difference in normalised regret over sources"
        return Estimate(effect, low, high, c.n, c.excluded, method, c.citation)
    order = hash_order(panel.sources, order_key)
    at = [panel.sources.index(name) for name in order]
    gap = decimals(a - b)[at]
    wins = np.where(np.isnan(gap), np.nan, np.where(gap < 0, 1.0, np.where(gap > 0, 0.0, 0.5)))
    return betting_sequence(wins).losses
