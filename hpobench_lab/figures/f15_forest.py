"""F15: forest plot, every optimizer's effect against the baseline with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpobench_lab.analysis.study import Analysis
from hpobench_lab.figures.curves import looks_of
from hpobench_lab.figures.plot import Plot, Rows
from hpobench_lab.figures.style import Look, plain

__all__ = ["forest"]


def forest(analysis: Analysis) -> Plot:
    """Return median differences in normalised regret, in league order."""
    order = [r.label for r in analysis.league]
    found = sorted(analysis.comparisons, key=lambda c: order.index(c.a))
    rows: dict[str, list[Any]] = {
        "panel": [""] * len(found),
        "optimizer": [c.a for c in found],
        "effect": [c.effect for c in found],
        "low": [c.low for c in found],
        "high": [c.high for c in found],
        "p_holm": [c.p_holm for c in found],
        "outcome": [c.outcome for c in found],
        "n": [c.n for c in found],
        "baseline": [c.b for c in found],
    }
    return Plot(
        "f15-forest",
        f"Difference from {analysis.baseline or 'the baseline'}",
        "Median over sources of the difference in normalised regret; left of the line is better "
        "than the baseline. Bars: 95 % bootstrap interval over sources, then seeds. Filled: "
        "decided at 5 % after Holm; open: not decided. n: common sources, where they differ.",
        rows,
        draw,
        looks_of(analysis),
        size=(5.2, max(1.5, 0.9 + 0.32 * len(found))),
        legend=False,
    )


def draw(ax: Any, rows: Rows, known: Mapping[str, Look]) -> None:
    """Draw one line an optimizer, best on top."""
    from hpobench_lab.figures.style import INK

    ax.axvline(0, color=INK, linewidth=0.8)
    for y, (label, effect, low, high, outcome) in enumerate(
        zip(*(rows[k] for k in ("optimizer", "effect", "low", "high", "outcome")), strict=True)
    ):
        look = known[label]
        if low == low:
            ax.plot([low, high], [y, y], color=look.colour, linewidth=1.6, solid_capstyle="butt")
        if effect == effect:
            face = look.colour if outcome != "open" else "none"
            ax.plot(
                [effect],
                [y],
                marker=look.marker,
                markersize=6,
                color=look.colour,
                markerfacecolor=face,
                linestyle="none",
            )
    mixed = len(set(rows["n"])) > 1
    names = [
        plain(label) + (f" (n = {n})" if mixed else "")
        for label, n in zip(rows["optimizer"], rows["n"], strict=True)
    ]
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(rows["optimizer"]) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)
    baseline = rows["baseline"][0] if len(rows["baseline"]) else "the baseline"
    ax.set_xlabel(f"normalised regret minus that of {plain(baseline)}  (← better)")
