"""F5: every pair of optimizers: A12, corrected p, and wins, ties and losses over sources.

References:
    Vargha, Delaney (2000), Journal of Educational and Behavioral Statistics 25, for A12; Holm
    (1979), Scandinavian Journal of Statistics 6.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.analysis.inference.comparisons import ENOUGH, surrogate_ties
from hpobench_lab.analysis.inference.ranktests import decimals, holm, signed_rank
from hpobench_lab.analysis.study import Analysis
from hpobench_lab.figures.curves import looks_of
from hpobench_lab.figures.plot import Plot, Rows
from hpobench_lab.figures.style import Look, shortened

__all__ = ["pairs"]

FloatArray = NDArray[np.float64]

MOST = 16
"""Optimizers in the figure at most."""

COLUMNS = ("panel", "optimizer", "against", "value", "text", "n", "win", "tie", "loss")
A12, P, WINS = "A12", "p, Holm, exploratory", "wins / ties / losses"


def pairs(analysis: Analysis) -> Plot:
    """Return three heat maps; a cell compares the optimizer of its row with that of its column.

    Its rows: ``panel``, ``optimizer`` (the row), ``against`` (the column), ``value`` (A12: chance
    that a run of the optimizer has the smaller regret, ties half, averaged over sources; p:
    two-sided signed-rank over common sources, Holm-corrected over all pairs drawn; wins: the share
    of sources won, ties half), ``text`` (as printed), ``n`` (common sources), ``win``, ``tie`` and
    ``loss`` (sources). A pair without common sources has no row; p takes six sources, and is left
    out where the budget is not the declared one.
    """
    shown = _shown(analysis)
    rows: dict[str, list[Any]] = {k: [] for k in COLUMNS}
    labels = analysis.panel.optimizers
    order = [labels.index(x) for x in shown] if len(shown) > 1 else []
    gaps = _gaps(analysis, order)
    counts = {pair: _counts(gap) for pair, gap in gaps.items()}
    chance = _a12(analysis, order)
    p = {} if analysis.cut.exploratory else _p(gaps, order)
    values: dict[str, dict[tuple[int, int], tuple[float, str]]] = {
        A12: {ab: (v, f"{v:.2f}") for ab, v in chance.items()},
        P: {ab: (v, _short_p(v)) for ab, v in p.items()},
        WINS: {
            ab: ((w + 0.5 * t) / (w + t + lo), f"{w}/{t}/{lo}")
            for ab, (w, t, lo) in counts.items()
            if w + t + lo
        },
    }
    for panel, cells in values.items():
        for (a, b), (value, text) in cells.items():
            wins = counts[a, b]
            if not sum(wins):
                continue
            cell = (panel, labels[a], labels[b], value, text, sum(wins), *wins)
            for key, v in zip(rows, cell, strict=True):
                rows[key].append(v)
    side = 0.34 * len(shown)
    return Plot(
        "f5-pairs",
        "Pair by pair",
        _reading(analysis, shown),
        rows,
        draw,
        {x: looks_of(analysis)[x] for x in shown},
        size=(max(2.7, side + 1.2), max(1.9, side + 0.8)),
        legend=False,
    )


def _shown(analysis: Analysis) -> list[str]:
    """Return the best of the league, and the baseline."""
    order = [r.label for r in analysis.league]
    best = order[:MOST]
    if analysis.baseline and analysis.baseline not in best:
        best[-1:] = [analysis.baseline]
    return best


def _reading(analysis: Analysis, shown: list[str]) -> str:
    n = len(analysis.league)
    left = f" The best {len(shown)} of {n}." if n > len(shown) else ""
    return (
        f"The optimizer of the row against that of the column, after {analysis.cut.words}; darker "
        "is better for the row, in the second panel a smaller p. A12: the chance that a run of "
        "the row has the smaller regret, ties half. p: two-sided Wilcoxon signed-rank over common "
        "sources, Holm-corrected over all pairs: exploratory, larger than against the baseline "
        "alone, and "
        f"missing below {ENOUGH} sources. Wins: sources on which the row's median is smaller."
        f"{_said_of_surrogates(analysis)}{left}"
    )


def _said_of_surrogates(analysis: Analysis) -> str:
    """Return that differences below a surrogate's error are ties, where there is such an error."""
    errors = [(b.quality or {}).get("mae_near_optimum") for b in analysis.panel.beds
              if b.kind == "surrogate"]  # fmt: skip
    if not any(errors):
        return ""
    return (
        " In p and wins a difference below a surrogate's held-out error is a tie, as in the league."
    )


def _gaps(analysis: Analysis, order: list[int]) -> dict[tuple[int, int], FloatArray]:
    """Return the differences of each pair over sources; those within a surrogate's error are 0."""
    panel, scores, out = analysis.panel, analysis.scores, {}
    for b in order:
        tied = surrogate_ties(panel, analysis.regret, panel.optimizers[b])
        for a in order:
            if a != b:
                out[a, b] = np.where(tied[a], 0.0, decimals(scores[a] - scores[b]))
    return out


def _counts(gap: FloatArray) -> tuple[int, int, int]:
    return int((gap < 0).sum()), int((gap == 0).sum()), int((gap > 0).sum())


def _a12(analysis: Analysis, order: list[int]) -> dict[tuple[int, int], float]:
    """Return A12 of each pair: over a testbed's runs, then averaged within and over sources."""
    panel = analysis.panel
    last = np.where(panel.failed & np.isfinite(analysis.regret), np.inf, analysis.regret)
    runs, found = panel.over_folds(last), {}
    for a in order:
        for b in order:
            if b <= a:
                continue
            x, y = runs[a][:, :, None], runs[b][:, None, :]
            known = ~(np.isnan(x) | np.isnan(y))
            beats = np.where(known, (x < y) + 0.5 * (x == y), 0.0).sum(axis=(1, 2))
            n = known.sum(axis=(1, 2))
            beds = np.where(n > 0, beats / np.maximum(n, 1), np.nan)
            groups = [beds[(panel.source == j) & (n > 0)] for j in range(len(panel.sources))]
            means = [float(g.mean()) for g in groups if len(g)]
            if means:
                found[a, b] = float(np.mean(means))
                found[b, a] = 1.0 - found[a, b]
    return {(a, b): found[a, b] for a in order for b in order if (a, b) in found}


def _p(
    gaps: Mapping[tuple[int, int], FloatArray], order: list[int]
) -> dict[tuple[int, int], float]:
    raw: dict[tuple[int, int], float] = {}
    for i, a in enumerate(order):
        for b in order[i + 1 :]:
            gap = gaps[a, b][np.isfinite(gaps[a, b])]
            if len(gap) >= ENOUGH:
                raw[a, b] = signed_rank(gap).p
    fixed = dict(zip(raw, holm(list(raw.values())).tolist(), strict=True))
    both = fixed | {(b, a): p for (a, b), p in fixed.items()}
    return {(a, b): both[a, b] for a in order for b in order if (a, b) in both}


def _short_p(p: float) -> str:
    """Return a p of at most four characters.

    >>> _short_p(0.0419), _short_p(0.00004), _short_p(1.0)
    ('.042', '<.001', '1')
    """
    return "1" if p > 0.9995 else "<.001" if p < 0.001 else f"{p:.3f}".lstrip("0")


def draw(ax: Any, rows: Rows, known: Mapping[str, Look]) -> None:
    """Draw one heat map; every number stands on a colour that it contrasts with."""
    from matplotlib import colormaps
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    names = list(known)
    tested = rows["panel"][0] == P
    colours = colormaps["Greys_r" if tested else "cividis_r"]
    cells, faces = [], []
    for a, b, value, text in zip(
        *(rows[k] for k in ("optimizer", "against", "value", "text")), strict=True
    ):
        x, y = names.index(b), names.index(a)
        part = min(1.0, 0.25 + 0.75 * value**0.5) if tested else value
        face = colours(part)
        cells.append(Rectangle((x - 0.48, y - 0.48), 0.96, 0.96))
        faces.append(face)
        light = 0.299 * face[0] + 0.587 * face[1] + 0.114 * face[2]
        size = 6.5 if len(text) <= 5 else 5.4
        ink = "#101010" if light > 0.5 else "#ffffff"
        ax.text(x, y, text, ha="center", va="center", fontsize=size, color=ink)
    ax.add_collection(PatchCollection(cells, facecolors=faces, edgecolors="none"))
    ax.set_xlim(-0.5, len(names) - 0.5)
    ax.set_ylim(len(names) - 0.5, -0.5)
    slant: dict[str, Any] = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"}
    ax.set_xticks(range(len(names)), [shortened(n, 20) for n in names], **slant)
    ax.set_yticks(range(len(names)), [shortened(n, 20) for n in names])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.grid(False)
