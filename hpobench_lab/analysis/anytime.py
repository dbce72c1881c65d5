"""The league table at many budgets, for "which optimizer at my budget?": effects and intervals.

Exploratory: the study decides at its declared budget only; here nothing is tested.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.analysis.aggregate import bootstrap_sources, iqm, median
from hpobench_lab.analysis.cuts import Cut
from hpobench_lab.analysis.panel import Panel
from hpobench_lab.analysis.traces import AXES

__all__ = ["Anytime", "budget_grid", "over_budgets"]

FloatArray = NDArray[np.float64]

POINTS = 33
DRAWS = 500


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
        """Return the regret over the best of the ranked at that budget, shape (k, g)."""
        best = np.where(self.ranked[:, None], self.regret, np.inf).min(axis=0, initial=np.inf)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.regret == best, 1.0, self.regret / best)


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


def over_budgets(
    panel: Panel, cut: Cut, baseline: str, *, draws: int = DRAWS, seed: int = 0
) -> Anytime:
    """Return the league at many budgets up to the cut.

    Args:
        panel: The runs.
        cut: Where the study is judged.
        baseline: Label; "" for none.
        draws: Bootstrap draws, over sources and then seeds.
        seed: Of the draws, the same for every budget.
    """
    at, cuts, words = budget_grid(panel, cut)
    values = panel.regret(cut.axis, cuts)
    k, g = len(panel.optimizers), len(at)
    shape = (k, g)
    regret, low, high = (np.full(shape, np.nan) for _ in range(3))
    effect, effect_low, effect_high = (np.full(shape, np.nan) for _ in range(3))
    b = panel.optimizers.index(baseline) if baseline in panel.optimizers else None
    for j in range(g):
        scores = panel.by_source(values[..., j])
        if not scores.shape[1]:
            break
        drawn = bootstrap_sources(
            panel.over_folds(values[..., j]), panel.source, draws=draws, seed=seed
        )
        regret[:, j] = iqm(scores)
        low[:, j], high[:, j] = _ends(iqm(drawn))
        if b is not None:
            effect[:, j] = median(scores - scores[b])
            effect_low[:, j], effect_high[:, j] = _ends(median(drawn - drawn[:, b : b + 1]))
    n = np.isfinite(panel.by_source(values[..., -1])).sum(axis=1) if k else np.zeros(0)
    return Anytime(
        words, at, panel.optimizers, regret, low, high, effect, effect_low, effect_high,
        n.astype(np.int64), panel.ranked,
    )  # fmt: skip


def _ends(drawn: FloatArray) -> Sequence[FloatArray]:
    """Return the 2.5 % and 97.5 % points of draws (B, k), NaN draws left out."""
    out = np.full((2, drawn.shape[1]), np.nan)
    for i, column in enumerate(drawn.T):
        known = column[np.isfinite(column)]
        if len(known):
            out[:, i] = np.quantile(known, [0.025, 0.975])
    return out[0], out[1]
