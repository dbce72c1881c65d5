"""F15: forest plot, every optimizer's effect against the baseline, with the declared margin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hpobench_lab.analysis.inference.intervals import median_difference_interval
from hpobench_lab.analysis.inference.noninferiority import budget_ratio
from hpobench_lab.analysis.runs.aggregate import median, per_source
from hpobench_lab.analysis.sensitivity import METRICS
from hpobench_lab.analysis.study import Analysis
from hpobench_lab.figures.curves import doubled, looks_of, random_label, with_twice
from hpobench_lab.figures.plot import Plot, Rows
from hpobench_lab.figures.style import INK, Look, shortened

__all__ = ["forest"]

COLUMNS = (
    "panel", "optimizer", "kind", "effect", "low", "high", "p_holm", "outcome", "n", "baseline",
    "neutral", "margin", "metric",
)  # fmt: skip
REGRET, RATIO = "difference in regret", "budget ratio"


def forest(analysis: Analysis) -> Plot:
    """Return median differences in normalised regret, in league order, and the control.

    Its rows: ``panel``, ``optimizer``, ``kind`` (``optimizer`` or ``control``), ``effect`` (median
    over sources of its metric minus the baseline's; in the second panel, which stands where the
    study declares a margin on the budget, the ratio of the budgets to reach what the baseline
    reaches at half its budget), ``low`` and ``high`` (95 %), ``p_holm`` and ``outcome`` (better,
    worse, open; of the differences only), ``n`` (common sources), ``baseline``, ``neutral`` (the
    effect of equals) and ``margin`` (the worst effect that counts as not worse, where declared);
    ``metric`` is what is compared (normalised regret, log10 regret, log-time AUC, or the budget).
    """
    margin = dict((analysis.settings.get("primary") or {}).get("margin") or {})
    order, metric = [r.label for r in analysis.league], METRICS[analysis.metric]
    found = sorted(analysis.comparisons, key=lambda c: order.index(c.a))
    limit = float(margin.get("regret", np.nan)) if analysis.metric == "regret" else np.nan
    lines: list[tuple[Any, ...]] = []
    title = REGRET if "budget" in margin else ""
    for c in found:
        ends = c.effect, c.low, c.high, c.p_holm, c.outcome, c.n
        lines.append((title, c.a, "optimizer", *ends, c.b, 0.0, limit, metric))
    if analysis.metric == "regret" and found:
        lines += [(*line, metric) for line in _control(analysis, title, limit)]
    if "budget" in margin and not analysis.cut.exploratory:
        lines += _ratios(analysis, [c.a for c in found], 1.0 + float(margin["budget"]))
    columns = list(zip(*lines, strict=True)) if lines else [()] * len(COLUMNS)
    return Plot(
        "f15-forest",
        f"Difference from {analysis.baseline or 'the baseline'}",
        f"Median over sources of the difference in {metric}; left of the line is better "
        "than the baseline. Bars: 95 % intervals over sources. Filled: "
        "decided at 5 % after Holm; open: not decided. n: common sources, where they differ."
        + (
            " Dotted: random search at twice the budget, the control to beat."
            if any(line[2] == "control" for line in lines)
            else ""
        )
        + _said_of(margin, {line[0] for line in lines}, drawn=limit == limit),
        dict(zip(COLUMNS, columns, strict=True)),
        draw,
        with_twice(looks_of(analysis), analysis),
        size=(4.2, max(1.4, 0.75 + 0.24 * (len(found) + 1))),
        legend=False,
    )


def _said_of(margin: Mapping[str, float], panels: set[str], *, drawn: bool) -> str:
    """Return what the caption says of the declared margin."""
    if "regret" in margin and not drawn:
        return " The margin is on the normalised regret: see the gate."
    if "regret" in margin:
        amount = f"{margin['regret']:g}"
        return f" Dashed: the declared margin, {amount}; an interval left of it is not worse."
    if RATIO in panels:
        return (
            " Second panel: the budget it takes to reach what the baseline reaches at half its "
            "budget, as a share of what the baseline takes; right of 1 is slower. Dashed: "
            f"the declared margin of {100 * margin['budget']:g} % more."
        )
    return ""


def _control(analysis: Analysis, title: str, limit: float) -> list[tuple[Any, ...]]:
    """Return the line of random search at twice the budget against the baseline."""
    panel, random = analysis.panel, random_label(analysis)
    names = list(with_twice({}, analysis))
    if not names or analysis.baseline not in panel.optimizers or not len(panel.sources):
        return []
    pair = [panel.optimizers.index(x) for x in (random, analysis.baseline)]
    regret = analysis.regret[pair]
    values = panel.over_folds(np.stack([doubled(analysis, regret[0]), regret[1]]))
    scores = per_source(values, panel.source)
    gap = scores[0] - scores[1]
    gap = gap[np.isfinite(gap)]
    if not len(gap):
        return []
    ends = (float(v) for v in median_difference_interval(gap))
    label = list(with_twice(looks_of(analysis), analysis))[-1]
    found = float(median(gap)), *ends, np.nan, "", len(gap), analysis.baseline, 0.0, limit
    return [(title, label, "control", *found)]


def _ratios(analysis: Analysis, labels: list[str], limit: float) -> list[tuple[Any, ...]]:
    lines = []
    for label in labels:
        gate, cut = analysis.gates.get(label), analysis.cut
        if gate is not None and gate.margin.kind == "budget":
            r = gate.effect
        else:
            r = budget_ratio(analysis.panel, cut.axis, cut.at, label, analysis.baseline)
        ends = r.value, r.low, r.high, np.nan, "", r.n
        lines.append((RATIO, label, "optimizer", *ends, analysis.baseline, 1.0, limit, "budget"))
    return lines


def draw(ax: Any, rows: Rows, known: Mapping[str, Look]) -> None:
    """Draw one line an optimizer, best on top, with the effect of equals and the margin."""
    neutral, margin = float(rows["neutral"][0]), float(rows["margin"][0])
    ax.axvline(neutral, color=INK, linewidth=0.8, gid="neutral")
    if margin == margin:
        ax.axvline(margin, color=INK, linewidth=0.9, linestyle=(0, (4, 2)), gid="margin")
    columns = ("optimizer", "kind", "effect", "low", "high", "outcome")
    order = list(known)
    ends = [v for k in ("effect", "low", "high") for v in rows[k] if np.isfinite(v)]
    most = max([*ends, neutral, 0.0 if margin != margin else margin]) * 1.15
    bar = {"linewidth": 1.6, "solid_capstyle": "butt"}
    for y, (label, kind, effect, low, high, outcome) in enumerate(
        zip(*(rows[k] for k in columns), strict=True)
    ):
        look, j = known[label], order.index(label)
        if kind == "control" and np.isfinite(effect):
            style = {"linewidth": 0.8, "linestyle": (0, (1, 2)), "gid": "control"}
            ax.axvline(effect, color=look.colour, **style)
        if low == low:
            ax.plot([low, min(high, most)], [y, y], color=look.colour, gid=f"o{j}-band", **bar)
        if max(high, effect) == np.inf:
            ax.plot([most], [y], color=look.colour, marker=">", markersize=4, linestyle="none")
        if np.isfinite(effect):
            face = look.colour if outcome in ("better", "worse") else "none"
            mark = {"marker": look.marker, "markersize": 6, "markerfacecolor": face}
            ax.plot([effect], [y], color=look.colour, linestyle="none", gid=f"o{j}-mark", **mark)
    mixed = len(set(rows["n"])) > 1
    names = [
        shortened(label, 28) + (f" (n = {n})" if mixed else "")
        for label, n in zip(rows["optimizer"], rows["n"], strict=True)
    ]
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)
    ax.tick_params(axis="y", length=0)
    ax.locator_params(axis="x", nbins=6)
    baseline = shortened(str(rows["baseline"][0]), 20)
    if neutral:
        ax.set_xlabel(f"budget of {baseline} needed (1 = the same; ← better)")
    else:
        ax.set_xlabel(f"{rows['metric'][0]} minus that of {baseline} (← better)")
