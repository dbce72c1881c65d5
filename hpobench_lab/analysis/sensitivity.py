"""Who would win under another metric or another policy; a flip is said, never hidden."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.analysis.estimate import Caution
from hpobench_lab.analysis.inference.comparisons import Comparison, against_baseline, surrogate_ties
from hpobench_lab.analysis.runs.aggregate import iqm
from hpobench_lab.analysis.runs.cuts import Cut
from hpobench_lab.analysis.runs.panel import FLOOR, Panel

__all__ = ["METRICS", "flips", "metric_values", "winners"]

FloatArray = NDArray[np.float64]


METRICS = {
    "regret": "normalised regret",
    "log-regret": "log10 regret",
    "auc": "log-time AUC",
}
"""Metrics that a study may declare, with their words."""


def metric_values(panel: Panel, cut: Cut, regret: FloatArray, metric: str) -> FloatArray:
    """Return what a metric compares, smaller is better, shape (k, t, s).

    Args:
        panel: The runs.
        cut: Where they are read.
        regret: Normalised regret there, shape (k, t, s).
        metric: One of ``METRICS``.
    """
    if metric == "auc":
        return panel.auc(cut.axis, cut.at)
    return np.log10(np.maximum(regret, FLOOR)) if metric == "log-regret" else regret


def winners(
    panel: Panel,
    cut: Cut,
    baseline: str,
    regret: FloatArray,
    metric: str = "regret",
) -> dict[str, str]:
    """Return who wins under the primary metric, which comes first, and under each alternative."""
    order = sorted(METRICS, key=lambda name: name != metric)
    alternatives = {METRICS[m]: metric_values(panel, cut, regret, m) for m in order}
    if panel.failed.any():
        dropped = panel.regret(cut.axis, cut.at[:, None], failures="drop")[..., 0]
        alternatives["failed runs dropped"] = dropped
    ties = surrogate_ties(panel, regret, baseline)
    found = {}
    for name, values in alternatives.items():
        own = None if name == "log-time AUC" else ties
        pairs = against_baseline(panel, values, baseline, ties=own)
        found[name] = _winner(panel, pairs, values)
    return found


def _winner(panel: Panel, comparisons: tuple[Comparison, ...], values: FloatArray) -> str:
    better = {c.a for c in comparisons if c.outcome == "better"}
    scores = panel.by_source(values)
    if not better or not scores.size:
        return ""
    middle = iqm(scores)
    order = np.lexsort((np.where(np.isnan(middle), np.inf, middle), ~panel.ranked))
    ranked = [panel.optimizers[int(i)] for i in order]
    return next(label for label in ranked if label in better)


def flips(found: Mapping[str, str]) -> list[Caution]:
    """Return a banner for every alternative under which another optimizer wins, or none does."""
    metric, main = next(iter(found.items()), ("", ""))
    said = f"{main} wins" if main else "nothing wins"
    return [
        Caution(
            "flip",
            f"By {metric} {said}; by {name} "
            + (f"{other} does." if other else "no optimizer is shown to beat the baseline."),
        )
        for name, other in found.items()
        if other != main
    ]
