"""F16: would other testbeds give other places: each source, then each family, left out.

References:
    Dehghani et al. (2021), "The benchmark lottery", arXiv:2107.07002.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpobench_lab.analysis.study import Analysis
from hpobench_lab.figures.curves import looks_of
from hpobench_lab.figures.plot import Plot, Rows
from hpobench_lab.figures.style import INK, Look, shortened

__all__ = ["rank_stability"]

COLUMNS = ("panel", "optimizer", "place", "least", "most", "low", "high", "first", "groups")


def rank_stability(analysis: Analysis) -> Plot:
    """Return places with all sources, with one group left out, and with groups drawn again.

    Its rows: ``panel`` (what is left out), ``optimizer``, ``place`` (1 is best, by the
    interquartile mean over all common sources, ties averaged), ``least`` and ``most`` (best and
    worst place with one group left out), ``low`` and ``high`` (95 % interval of the place, groups
    drawn again), ``first`` (share of those draws in which it comes first), ``groups`` (their
    number).
    """
    rows: dict[str, list[Any]] = {k: [] for k in COLUMNS}
    for found in analysis.stability:
        if found.n < 2:
            continue
        order = sorted(range(len(found.labels)), key=lambda i: (float(found.place[i]), i))
        for i in order:
            numbers = (found.place, found.least, found.most, found.low, found.high, found.first)
            cell = (f"by {found.by}", found.labels[i], *(float(v[i]) for v in numbers), found.n)
            for key, v in zip(rows, cell, strict=True):
                rows[key].append(v)
    k = len(set(rows["optimizer"]))
    return Plot(
        "f16-stability",
        "How stable the places are",
        "Place by the interquartile mean of the final regret, 1 is best. Mark: with all sources; "
        "thick: from the best to the worst place when one source (or one family of them) is left "
        "out; thin: 95 % interval, groups drawn again; the number: how often it comes first in "
        "those draws.",
        rows,
        draw,
        looks_of(analysis),
        size=(3.2, 0.75 + 0.2 * k),
        legend=False,
    )


def draw(ax: Any, rows: Rows, known: Mapping[str, Look]) -> None:
    """Draw one line an optimizer, the first on top."""
    names, order = list(rows["optimizer"]), list(known)
    columns = ("optimizer", "place", "least", "most", "low", "high", "first")
    for y, (label, place, least, most, low, high, first) in enumerate(
        zip(*(rows[k] for k in columns), strict=True)
    ):
        look, j = known[label], order.index(label)
        ax.plot([low, high], [y, y], color=look.colour, linewidth=1, gid=f"o{j}-line")
        wide = {"linewidth": 4.5, "alpha": 0.5, "solid_capstyle": "butt"}
        ax.plot([least, most], [y, y], color=look.colour, gid=f"o{j}-band", **wide)
        mark = {"marker": look.marker, "markersize": 5.5, "linestyle": "none"}
        ax.plot([place], [y], color=look.colour, gid=f"o{j}-mark", **mark)
        if first == first:
            text = f"{100 * first:.0f} %"
            ax.text(len(names) + 0.75, y, text, va="center", ha="right", fontsize=6.5, color=INK)
    ax.set_yticks(range(len(names)), [shortened(n, 24) for n in names])
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_xlim(0.7, len(names) + 0.8)
    ax.set_xticks(range(1, len(names) + 1, 1 + (len(names) - 1) // 8))
    ax.grid(axis="y", visible=False)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(f"place with one of {rows['groups'][0]} left out")
