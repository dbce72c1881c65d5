"""F17: validation against test: how much the reported loss flatters the chosen configuration.

The best of many configurations on a validation set is partly the luckiest there, so its loss on
data that nobody optimised is higher: the optimism gap.

No protocol of this version opens held-out values, so no study shows this figure yet. A run that was
judged outside is to say so in its header, as ``"held_out": {"inner": loss, "outer": loss}``, losses
of its final incumbent; ``held_out`` reads that and nothing else, and never opens a seal.

References:
    Cawley, Talbot (2010), JMLR 11:2079-2107.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hpobench_lab.analysis.runs.panel import ResultsLike
from hpobench_lab.analysis.study import Analysis
from hpobench_lab.figures.curves import behind_first, looks_of
from hpobench_lab.figures.plot import Plot, Rows
from hpobench_lab.figures.style import INK, Look, looks

__all__ = ["held_out", "optimism"]

COLUMNS = ("panel", "optimizer", "series", "inner", "outer", "gap", "n")


def held_out(analysis: Analysis, results: ResultsLike) -> Plot:
    """Return the figure of the runs that were judged outside; empty where there are none."""
    found = [
        (h["held_out"], h["optimizer"]["label"], h["testbed"]["id"])
        for h in results.headers
        if h.get("held_out") and h.get("status") == "ok"
    ]
    return optimism(
        [float(v["inner"]) for v, _, _ in found],
        [float(v["outer"]) for v, _, _ in found],
        [label for _, label, _ in found],
        [testbed for _, _, testbed in found],
        known=looks_of(analysis),
    )


def optimism(
    inner: ArrayLike,
    outer: ArrayLike,
    optimizer: Sequence[str],
    testbed: Sequence[str] = (),
    *,
    known: Mapping[str, Look] | None = None,
) -> Plot:
    """Return the losses inside and outside of each run, and their means.

    Its rows: ``panel`` (the testbed), ``optimizer``, ``series`` (``run`` or ``mean``), ``inner``
    (loss that the optimizer was told), ``outer`` (loss on data that it never saw), ``gap`` (outer
    minus inner), ``n`` (runs). A run without both losses is left out.

    Args:
        inner: Shape (n,).
        outer: Shape (n,).
        optimizer: Label of each run.
        testbed: Of each run; one panel without.
        known: Looks; by default in the order of the labels.

    Raises:
        ValueError: If the lengths disagree.

    >>> plot = optimism([0.2, 0.1], [0.3, 0.4], ["tpe", "tpe"])
    >>> plot.rows["series"], [round(float(v), 3) for v in plot.rows["gap"]]
    (['run', 'run', 'mean'], [0.1, 0.3, 0.2])
    """
    a, b = np.asarray(inner, dtype=np.float64), np.asarray(outer, dtype=np.float64)
    beds = list(testbed) or [""] * len(optimizer)
    if not a.shape == b.shape == (len(optimizer),) == (len(beds),):
        raise ValueError(
            f"{a.shape} inner and {b.shape} outer losses, {len(optimizer)} optimizers and "
            f"{len(beds)} testbeds: give one of each a run"
        )
    rows: dict[str, list[Any]] = {k: [] for k in COLUMNS}
    for bed in dict.fromkeys(beds):
        for label in dict.fromkeys(optimizer):
            mine = [
                k
                for k, pair in enumerate(zip(beds, optimizer, strict=True))
                if pair == (bed, label) and math.isfinite(a[k]) and math.isfinite(b[k])
            ]
            points = [("run", float(a[k]), float(b[k])) for k in mine]
            if mine:
                points.append(("mean", float(a[mine].mean()), float(b[mine].mean())))
            for series, x, y in points:
                cell = (bed, label, series, x, y, y - x, len(mine))
                for key, v in zip(rows, cell, strict=True):
                    rows[key].append(v)
    every = known if known is not None else looks(list(dict.fromkeys(optimizer)))
    drawn = set(rows["optimizer"])
    return Plot(
        "f17-optimism",
        "Validation against test",
        "Loss of the final incumbent: as the optimizer was told (across) and on data that it never "
        "saw (up). Above the line: the reported loss was optimistic, by the distance straight down "
        "to it. Small: runs; large: their mean.",
        rows,
        draw,
        {label: look for label, look in every.items() if label in drawn},
        size=(2.7, 2.5),
    )


def draw(ax: Any, rows: Rows, known: Mapping[str, Look]) -> None:
    """Draw the runs, their means with the gap as a line, and the diagonal."""
    optimizer, series = np.array(rows["optimizer"]), np.array(rows["series"])
    x, y = (np.array(rows[k], dtype=np.float64) for k in ("inner", "outer"))
    low, high = float(min(x.min(), y.min())), float(max(x.max(), y.max()))
    pad = 0.06 * (high - low) or 0.06 * abs(high) or 0.06
    ends = [low - pad, high + pad]
    ax.plot(ends, ends, color=INK, linewidth=0.8, gid="diagonal")
    for j, look in behind_first(known):
        mine = optimizer == look.label
        dots: dict[str, Any] = {"marker": look.marker, "color": look.colour, "linestyle": "none"}
        some = mine & (series == "run")
        ax.plot(x[some], y[some], markersize=3, alpha=0.5, gid=f"o{j}-mark", **dots)
        for u, v in zip(x[mine & (series == "mean")], y[mine & (series == "mean")], strict=True):
            ax.plot([u, u], [u, v], color=look.colour, linewidth=1.2, gid=f"o{j}-line")
            edge = {"markeredgecolor": INK, "markeredgewidth": 0.7}
            ax.plot([u], [v], markersize=7, gid=f"o{j}-mark", **(dots | edge))
    ax.set_xlim(*ends)
    ax.set_ylim(*ends)
    ax.set_xlabel("loss inside (told)")
    ax.set_ylabel("loss outside (held out)")
