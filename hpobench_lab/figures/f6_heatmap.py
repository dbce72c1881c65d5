"""F6: testbed x optimizer heat map of the final regret, crossed where runs crashed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hpobench_lab.analysis.runs.aggregate import median
from hpobench_lab.analysis.runs.panel import FLOOR
from hpobench_lab.analysis.study import Analysis
from hpobench_lab.analysis.verdict import short
from hpobench_lab.figures.curves import looks_of
from hpobench_lab.figures.plot import Plot, Rows
from hpobench_lab.figures.style import INK, Look, shortened

__all__ = ["heat_map"]


def heat_map(analysis: Analysis) -> Plot:
    """Return median normalised regret at the cut, a cell a pair, optimizers in league order.

    Its rows: ``panel`` (one), ``testbed``, ``optimizer``, ``regret`` (median over seeds, a failed
    run counting as 1; missing where the pair did not run or the testbed cannot be normalised),
    ``failed`` and ``runs`` (their numbers).
    """
    panel = analysis.panel
    middle = median(panel.over_folds(analysis.regret))
    rows: dict[str, list[Any]] = {
        k: [] for k in ("panel", "testbed", "optimizer", "regret", "failed", "runs")
    }
    order = [panel.optimizers.index(r.label) for r in analysis.league]
    for j, bed in enumerate(panel.beds):
        for i in order:
            counts = int(panel.failed[i, j].sum()), int(panel.present[i, j].sum())
            cell = ("", bed.id, panel.optimizers[i], float(middle[i, j]), *counts)
            for key, v in zip(rows, cell, strict=True):
                rows[key].append(v)
    k, t = len(panel.optimizers), len(panel.beds)
    return Plot(
        "f6-heatmap",
        "Final regret by testbed and optimizer",
        f"Median over seeds of the normalised regret after {analysis.cut.words}; darker is "
        "better, on a log scale. A crossed cell has crashed runs, their number after the ×; they "
        "count as 1. – stands where a pair did not run or cannot be normalised.",
        rows,
        draw,
        looks_of(analysis),
        size=(max(3.5, 1.6 + (0.55 if k <= 12 else 0.44) * k), max(1.8, 1.1 + 0.23 * t)),
        legend=False,
    )


def draw(ax: Any, rows: Rows, known: Mapping[str, Look]) -> None:
    """Draw cells with their numbers; every number stands on a colour that it contrasts with."""
    from matplotlib import colormaps
    from matplotlib.collections import LineCollection, PatchCollection
    from matplotlib.colors import Normalize

    beds, names = (list(dict.fromkeys(rows[k])) for k in ("testbed", "optimizer"))
    value = np.array(rows["regret"], dtype=np.float64).reshape(len(beds), len(names))
    failed = np.array(rows["failed"]).reshape(value.shape)
    shown = np.log10(np.maximum(value, FLOOR))
    known_cells = shown[np.isfinite(shown)]
    scale = Normalize(*(known_cells.min(), known_cells.max()) if len(known_cells) else (-1, 0))
    colours = colormaps["cividis"]
    cells, faces, crosses, inks = [], [], list[Any](), list[str]()
    size = 6.5 if len(names) <= 12 else 5.6
    for j, i in np.ndindex(value.shape):
        defined = bool(np.isfinite(shown[j, i]))
        part = float(scale(shown[j, i])) if defined else 0.0
        ink = ("#ffffff" if part < 0.55 else "#101010") if defined else INK
        if defined:
            cells.append(_cell(i, j))
            faces.append(colours(part))
        text = short(float(value[j, i]))
        if failed[j, i]:
            crosses += _cross(i, j)
            inks += [ink] * 4
            text += f" ×{failed[j, i]}"
        ax.text(i, j, text, ha="center", va="center", fontsize=size, color=ink)
    ax.add_collection(PatchCollection(cells, facecolors=faces, edgecolors="none", zorder=1))
    if crosses:
        style: dict[str, Any] = {"colors": inks, "linewidths": 0.8, "zorder": 1.5}
        ax.add_collection(LineCollection(crosses, gid="crashed", **style))
    ax.set_xlim(-0.5, len(names) - 0.5)
    ax.set_ylim(len(beds) - 0.5, -0.5)
    slant: dict[str, Any] = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"}
    ax.set_xticks(range(len(names)), [shortened(n, 24) for n in names], **slant)
    ax.set_yticks(range(len(beds)), [shortened(b, 34) for b in beds])
    ax.grid(False)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def _cell(i: int, j: int) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((i - 0.48, j - 0.46), 0.96, 0.92)


def _cross(i: int, j: int) -> list[list[tuple[float, float]]]:
    """Return the four arms of a cross that leaves room for the number."""
    return [
        [(i + 0.47 * a, j + 0.45 * b), (i + 0.3 * a, j + 0.27 * b)]
        for a in (-1, 1)
        for b in (-1, 1)
    ]
