"""Who would win under another metric or another policy; a flip is said, never hidden."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.analysis.aggregate import iqm
from hpobench_lab.analysis.comparisons import Comparison, against_baseline
from hpobench_lab.analysis.cuts import Cut
from hpobench_lab.analysis.estimate import Caution
from hpobench_lab.analysis.panel import FLOOR, Panel

__all__ = ["flips", "winners"]

FloatArray = NDArray[np.float64]


def winners(
    panel: Panel, cut: Cut, draws: FloatArray, baseline: str, regret: FloatArray
) -> dict[str, str]:
    """Return who wins under the primary metric and under each stated alternative."""
    dropped = panel.regret(cut.axis, cut.at[:, None], failures="drop")[..., 0]
    alternatives = {
        "normalised regret": regret,
        "log10 regret": np.log10(np.maximum(regret, FLOOR)),
        "log-time AUC": panel.auc(cut.axis, cut.at),
    }
    if panel.failed.any():
        alternatives["failed runs dropped"] = dropped
    return {
        name: _winner(panel, against_baseline(panel, values, draws, baseline), values)
        for name, values in alternatives.items()
    }


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
    main = found.get("normalised regret", "")
    said = f"{main} wins" if main else "nothing wins"
    return [
        Caution(
            "flip",
            f"By normalised regret {said}; by {name} "
            + (f"{other} does." if other else "no optimizer is shown to beat the baseline."),
        )
        for name, other in found.items()
        if other != main
    ]
