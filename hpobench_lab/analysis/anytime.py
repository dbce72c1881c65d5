"""The league table at many budgets, for "which optimizer at my budget?": effects and intervals.

Exploratory: the study decides at its declared budget only; here nothing is tested.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.analysis.inference.intervals import iqm_interval, median_difference_interval
from hpobench_lab.analysis.runs.aggregate import iqm, median
from hpobench_lab.analysis.runs.cuts import Cut
from hpobench_lab.analysis.runs.panel import Panel
from hpobench_lab.analysis.runs.traces import AXES

__all__ = ["Anytime", "budget_grid", "over_budgets"]

FloatArray = NDArray[np.float64]

POINTS = 33


@dataclass(frozen=True)
class Anytime:
    """Hold k optimizers at g budgets, the last one the study's own.

    Args:
        words: What a budget counts: an axis in words, or ``share of the budget`` where testbeds
            have different cuts.
        at: Budgets as shown, ascending, shape (g,).
        labels: The optimizers in the study's order.
        regret: Interquartile mean over sources of the normalised regret, shape (k, g).
        low: Lower ends of its 95 % intervals, shape (k, g).
        high: Upper ends, shape (k, g).
        effect: Median over sources of the difference to the baseline, shape (k, g); NaN without.
        effect_low: Lower ends of its 95 % intervals.
        effect_high: Upper ends.
        n: Sources that each optimizer served, shape (k,).
        ranked: Who is ranked, shape (k,).
    """

    words: str
    at: FloatArray
    labels: tuple[str, ...]
    regret: FloatArray
    low: FloatArray
    high: FloatArray
    effect: FloatArray
    effect_low: FloatArray
    effect_high: FloatArray
    n: NDArray[np.int64]
    ranked: NDArray[np.bool_]

    @property
    def ratio(self) -> FloatArray:
        """Return the regret over the best of the ranked at that budget, shape (k, g).

        NaN for those without a rank, whose regret is over other sources.
        """
        mine = np.where(self.ranked[:, None], self.regret, np.nan)
        best = np.where(np.isnan(mine), np.inf, mine).min(axis=0, initial=np.inf)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(mine == best, 1.0, mine / best)


def budget_grid(panel: Panel, cut: Cut, points: int = POINTS) -> tuple[FloatArray, FloatArray, str]:
    """Return budgets as shown (g,), the cuts of each testbed (t, g), and what they count.

    They begin where the first of the ranked has a value and end at the study's budget, evenly in
    log budget; whole numbers where evaluations are counted.
    """
    same = bool(np.all(cut.at == cut.at[:1])) if len(cut.at) else True
    top = (float(cut.at[0]) if len(cut.at) else cut.amount) if same else 1.0
    position = panel.steps.of_runs(cut.axis, panel.run[panel.ranked])
    inside = position[(position > 0) & (position <= float(cut.at.max(initial=cut.amount)))]
    first = float(inside.min(initial=cut.amount)) / max(cut.amount, 1e-300)
    at = np.geomspace(min(max(first, 1e-3), 1.0), 1.0, points) * top
    if same and bool(np.all(inside == np.rint(inside))) and top >= 1:
        at = np.unique(np.append(np.rint(at), top))
        at = at[(at > 0) & (at <= top)]
    at[-1] = top
    cuts = np.tile(at, (len(cut.at), 1)) if same else cut.at[:, None] * at
    return at, cuts, AXES[cut.axis] if same else "share of the budget"


def over_budgets(panel: Panel, cut: Cut, baseline: str) -> Anytime:
    """Return the league at many budgets up to the cut.

    Args:
        panel: The runs.
        cut: Where the study is judged.
        baseline: Label; "" for none.
    """
    at, cuts, words = budget_grid(panel, cut)
    values = panel.regret(cut.axis, cuts)
    scores = np.stack([panel.by_source(values[..., j]) for j in range(len(at))], axis=1)
    empty = np.full(scores.shape[:2], np.nan)
    known = scores.shape[2] > 0
    low, high = iqm_interval(scores) if known else (empty, empty)
    effect, effect_low, effect_high = empty, empty, empty
    if known and baseline in panel.optimizers:
        gap = scores - scores[panel.optimizers.index(baseline)]
        effect, (effect_low, effect_high) = median(gap), median_difference_interval(gap)
    return Anytime(
        words=words,
        at=at,
        labels=panel.optimizers,
        regret=iqm(scores) if known else empty,
        low=low,
        high=high,
        effect=effect,
        effect_low=effect_low,
        effect_high=effect_high,
        n=np.isfinite(scores[:, -1]).sum(axis=1).astype(np.int64),
        ranked=panel.ranked,
    )
