"""F12: learning curves with rungs: how a multi-fidelity optimizer spent its trials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hpobench_lab.analysis.runs.panel import ResultsLike
from hpobench_lab.analysis.study import Analysis
from hpobench_lab.figures.curves import log_axes, looks_of
from hpobench_lab.figures.plot import Plot, Rows
from hpobench_lab.figures.style import Look

__all__ = ["rungs"]

TRIALS = 400
PANELS = 24
"""Pairs of a testbed and an optimizer at most."""

COLUMNS = ("panel", "optimizer", "trial", "parent", "fidelity", "loss", "axis")


def rungs(analysis: Analysis, results: ResultsLike) -> Plot:
    """Return told losses over fidelity for the first finished seed of each pair that uses it.

    Its rows: ``panel``, ``optimizer``, ``trial`` (its number in the run), ``parent`` (the trial
    that it continued, -1 for none), ``fidelity`` (in units of ``axis``), ``loss`` (as told).
    """
    panel = analysis.panel
    order = [panel.optimizers.index(r.label) for r in analysis.league]
    lines: list[tuple[Any, ...]] = []
    drawn = left = 0
    for j, bed in enumerate(panel.beds):
        for i in order if bed.fidelity else ():
            label, done = (
                panel.optimizers[i],
                panel.run[i, j][panel.present[i, j] & ~panel.failed[i, j]],
            )
            name = f"{bed.id}: {label}"
            found = (
                _run(results, int(done[0]), name, label, bed.fidelity)
                if len(done) and bed.fidelity
                else []
            )
            left += bool(found) and drawn >= PANELS
            lines += found if drawn < PANELS else []
            drawn += bool(found) and drawn < PANELS
    columns = list(zip(*lines, strict=True)) if lines else [()] * len(COLUMNS)
    rest = f" The first {PANELS} of {drawn + left} such pairs, testbed by testbed." if left else ""
    return Plot(
        "f12-rungs",
        "Learning curves with rungs",
        "One run (the first seed) of each optimizer that used several fidelities. A dot is a "
        "trial; a line joins a trial to the one that it continued. Few dots on the right mean "
        f"that many were stopped early. At most {TRIALS} trials are drawn.{rest}",
        dict(zip(COLUMNS, columns, strict=True)),
        draw,
        looks_of(analysis),
        legend=False,
    )


def _run(
    results: ResultsLike, run: int, name: str, label: str, fidelity: Mapping[str, Any]
) -> list[tuple[Any, ...]]:
    rows = slice(
        int(results.offsets[run]),
        min(int(results.offsets[run + 1]), int(results.offsets[run]) + TRIALS),
    )
    trial, parent, level, loss = (
        np.asarray(results.columns[k][rows], dtype=np.float64)
        for k in ("id", "parent", "fidelity", "loss")
    )
    keep = np.isfinite(level) & np.isfinite(loss)
    if len(np.unique(level[keep])) < 2:
        return []
    axis = str(fidelity.get("name") or "fidelity")
    return [
        (name, label, int(a), int(b), c, d, axis)
        for a, b, c, d in zip(
            *(v[keep].tolist() for v in (trial, parent, level, loss)), strict=True
        )
    ]


def draw(ax: Any, rows: Rows, known: Mapping[str, Look]) -> None:
    """Draw dots and the lines from parents to children."""
    from matplotlib.collections import LineCollection

    look = known[rows["optimizer"][0]]
    j = list(known).index(look.label)
    at = {t: (x, y) for t, x, y in zip(rows["trial"], rows["fidelity"], rows["loss"], strict=True)}
    lines = [
        (at[parent], at[trial])
        for trial, parent in zip(rows["trial"], rows["parent"], strict=True)
        if parent in at
    ]
    style: dict[str, Any] = {"colors": look.colour, "linewidths": 0.6, "alpha": 0.5}
    ax.add_collection(LineCollection(lines, gid=f"o{j}-line", **style))
    ax.plot(
        rows["fidelity"],
        rows["loss"],
        linestyle="none",
        marker=look.marker,
        color=look.colour,
        markersize=2.6,
        alpha=0.7,
        gid=f"o{j}-mark",
    )
    log_axes(ax, str(rows["axis"][0]), "told loss", both=min(rows["loss"]) > 0)
