"""F3: critical-difference diagram: mean ranks, their intervals, and who is not shown to differ.

References:
    Demsar (2006), JMLR 7:1-30, for the diagram; the bars come from pairwise signed-rank tests, as
    Benavoli, Corani, Mangili (2016), JMLR 17:1-10, advise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hpobench_lab.analysis.study import Analysis
from hpobench_lab.figures.curves import looks_of
from hpobench_lab.figures.plot import Plot, Rows
from hpobench_lab.figures.style import INK, Look, shortened

__all__ = ["critical"]

COLUMNS = ("panel", "kind", "bar", "optimizer", "mean_rank", "low", "high", "n", "method")


def critical(analysis: Analysis) -> Plot:
    """Return mean ranks over common sources with the groups that are not shown to differ.

    Its rows, best first: ``kind`` is ``rank`` (one an optimizer: ``mean_rank`` over ``n`` sources,
    ``low`` and ``high`` of its 95 % interval over sources) or ``bar`` (one a member of the
    group with the number ``bar``, with its mean rank). ``method`` is how pairs were tested.
    """
    found = analysis.ranks
    known = looks_of(analysis)
    rows: dict[str, list[Any]] = {k: [] for k in COLUMNS}
    labels = found.labels if found is not None and found.n else ()
    if found is not None:
        rank = dict(zip(found.labels, found.mean_ranks.tolist(), strict=True))
        for i, label in enumerate(labels):
            ends = float(found.low[i]), float(found.high[i])
            _add(rows, "", "rank", 0, label, rank[label], *ends, found.n, found.method)
        for number, clique in enumerate(found.cliques if labels else (), 1):
            for label in clique:
                at = rank[label], np.nan, np.nan
                _add(rows, "", "bar", number, label, *at, found.n, found.method)
    bars = len(set(rows["bar"]) - {0})
    return Plot(
        "f3-critical",
        "Critical differences",
        _reading(analysis),
        rows,
        draw,
        {label: known[label] for label in labels},
        size=(4.2, 0.75 + 0.2 * len(labels) + 0.13 * bars),
        legend=False,
    )


def _reading(analysis: Analysis) -> str:
    found = analysis.ranks
    if found is None:
        return ""
    said = " ".join(w.text for w in found.warnings)
    return (
        f"Mean rank over {found.n} common sources: of each source's median normalised regret after "
        f"{analysis.cut.words} (the league and the ranks over time average ranks of single runs), "
        "best on the left; thin lines: 95 % intervals over sources, Student's with a fifth of a "
        f"source of random ranks added.{_said_of_surrogates(analysis)} "
        f"A thick bar joins those that are not shown to differ at 5 % ({found.method}). All pairs "
        "are compared here, which is exploratory; the verdict rests on the comparisons with the "
        "baseline. Mean ranks depend on who takes part." + (f" {said}" if said else "")
    )


def _said_of_surrogates(analysis: Analysis) -> str:
    """Return that this figure counts differences which the verdict takes for ties."""
    beds = [bed for bed in analysis.panel.beds if bed.kind == "surrogate"]
    if not any((bed.quality or {}).get("mae_near_optimum") for bed in beds):
        return ""
    return (
        " Differences below a surrogate's held-out error, which the league and the pairs take for "
        "ties, count in full here."
    )


def _add(rows: dict[str, list[Any]], *cell: Any) -> None:
    for key, v in zip(rows, cell, strict=True):
        rows[key].append(v)


def draw(ax: Any, rows: Rows, known: Mapping[str, Look]) -> None:
    """Draw the axis of mean ranks on top, the bars below it, and a line to each optimizer."""
    kind, bar = np.array(rows["kind"]), np.array(rows["bar"], dtype=np.int64)
    names = [o for o, k in zip(rows["optimizer"], rows["kind"], strict=True) if k == "rank"]
    rank, low, high = (np.array(rows[k], dtype=np.float64) for k in ("mean_rank", "low", "high"))
    below = 0.0
    for number in sorted(set(bar[kind == "bar"].tolist())):
        at = rank[(kind == "bar") & (bar == number)]
        below += 0.65
        ax.plot([at.min(), at.max()], [below] * 2, color=INK, linewidth=3.2, gid=f"bar{number}")
    for i, label in enumerate(names):
        look, y = known[label], below + 0.9 + i
        j = list(known).index(label)
        ax.plot([rank[i]] * 2, [0, y], color=look.colour, linewidth=0.7, alpha=0.6, zorder=1)
        if np.isfinite(low[i]):
            ax.plot([low[i], high[i]], [y] * 2, color=look.colour, linewidth=1.3, gid=f"o{j}-line")
        style = {"color": look.colour, "marker": look.marker, "markersize": 5.5}
        ax.plot([rank[i]], [y], linestyle="none", gid=f"o{j}-mark", **style)
    ax.set_yticks([below + 0.9 + i for i in range(len(names))], [shortened(n, 30) for n in names])
    ax.set_ylim(below + len(names) + 0.4, 0)
    ends = [v for v in (*rank, *low, *high) if np.isfinite(v)] or [1.0]
    ax.set_xlim(min(1.0, *ends) - 0.12, max(float(len(names)), *ends) + 0.12)
    ax.set_xticks(range(1, len(names) + 1, 1 + (len(names) - 1) // 12))
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    ax.spines["top"].set_visible(True)
    ax.spines["bottom"].set_visible(False)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.grid(False)
    n = rows["n"][0] if len(rows["n"]) else 0
    ax.set_xlabel(f"mean rank over {n} sources (1 = best)")
