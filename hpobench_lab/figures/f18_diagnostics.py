"""F18: diagnostics of training: every curve raw, and smoothed over it.

Results hold told losses, one an evaluation, and no curves of training loss or of gradient and
update norms; ``told_curves`` therefore shows what is there: the told losses of configurations that
were continued over many fidelities. ``diagnostics`` draws any curves that are given to it, such as
those that a testbed of real training returns, and discovered schedules.

References:
    Tukey (1977), Exploratory Data Analysis, on running medians.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpobench_lab.analysis.runs.panel import ResultsLike
from hpobench_lab.analysis.study import Analysis
from hpobench_lab.figures.curves import looks_of, power
from hpobench_lab.figures.plot import Plot, Rows
from hpobench_lab.figures.style import Look, looks

__all__ = ["Curve", "diagnostics", "running_median", "told_curves"]

FloatArray = NDArray[np.float64]

WINDOW = 5
"""Points of the running median."""

SHORTEST, CURVES, PANELS = 8, 3, 9
"""Fewest points of a told curve, most of them in a panel, and most panels."""

COLUMNS = ("panel", "optimizer", "series", "curve", "x", "value", "axis", "log")


@dataclass(frozen=True)
class Curve:
    """Hold one curve as it was recorded.

    Args:
        panel: What it shows, such as ``"train loss"``, ``"gradient norm"`` or ``"learning rate"``.
        label: Whose it is; one colour a label.
        x: Shape (n,), rising.
        y: Shape (n,); NaN where nothing was recorded.
        axis: Of x, in words.
        log: Whether y is drawn on a log axis, where all of it is above 0.
        smooth: Whether it is smoothed; a schedule is exact and is not.
    """

    panel: str
    label: str
    x: FloatArray
    y: FloatArray
    axis: str = "step"
    log: bool = True
    smooth: bool = True


def running_median(values: ArrayLike, window: int = WINDOW) -> FloatArray:
    """Return the median of the points around each, shape (n,).

    Towards the ends the window shrinks on both sides, so that a steep beginning is not flattened;
    the end points are as recorded.

    Args:
        values: Shape (n,); NaN left out.
        window: Odd number of points.

    Raises:
        ValueError: If the window is even or below 1.

    >>> running_median([1.0, 9.0, 2.0, 3.0], 3)
    array([1., 2., 3., 3.])
    """
    if window < 1 or window % 2 == 0:
        raise ValueError(f"the window of a running median is an odd number, got {window!r}")
    y = np.asarray(values, dtype=np.float64)
    out = np.full(len(y), np.nan)
    for i in range(len(y)):
        half = min(window // 2, i, len(y) - 1 - i)
        near = y[i - half : i + half + 1]
        near = near[~np.isnan(near)]
        out[i] = np.median(near) if len(near) else np.nan
    return out


def diagnostics(
    curves: Sequence[Curve],
    *,
    window: int = WINDOW,
    known: Mapping[str, Look] | None = None,
    said: str = "",
) -> Plot:
    """Return the curves, raw and smoothed.

    Its rows: ``panel``, ``optimizer`` (the curve's label), ``series`` (``raw`` or ``smoothed``),
    ``curve`` (its number), ``x`` (in units of ``axis``), ``value``, ``log`` (1 for a log axis).

    Args:
        curves: Drawn in panels by what they show.
        window: Of the running median, an odd number of points.
        known: Looks; by default in the order of the labels.
        said: A sentence on what the curves are.
    """
    rows: dict[str, list[Any]] = {k: [] for k in COLUMNS}
    for number, c in enumerate(curves):
        both = [("raw", np.asarray(c.y, dtype=np.float64))]
        both += [("smoothed", running_median(c.y, window))] if c.smooth else []
        for series, y in both:
            for x, v in zip(np.asarray(c.x).tolist(), y.tolist(), strict=True):
                cell = (c.panel, c.label, series, number, float(x), v, c.axis, int(c.log))
                for key, value in zip(rows, cell, strict=True):
                    rows[key].append(value)
    every = known if known is not None else looks(list(dict.fromkeys(c.label for c in curves)))
    drawn = set(rows["optimizer"])
    return Plot(
        "f18-diagnostics",
        "Diagnostics of training",
        f"Thin: as recorded; thick: running median of {window} points, fewer at the ends. "
        f"A schedule is drawn as it is. {said}".strip(),
        rows,
        draw,
        {label: look for label, look in every.items() if label in drawn},
        size=(2.7, 1.95),
    )


def told_curves(analysis: Analysis, results: ResultsLike) -> Plot:
    """Return told losses of continued configurations over the fidelity, the best few a panel.

    A curve is a chain of trials, each of which continued the one before; those of at least 8 points
    count. Each panel is a testbed and an optimizer: of its first finished seed the 3 curves that
    end lowest. Empty where nobody continued a configuration that often.
    """
    panel, curves = analysis.panel, list[Curve]()
    order = [panel.optimizers.index(r.label) for r in analysis.league]
    pairs = [(j, i) for j, bed in enumerate(panel.beds) if bed.fidelity for i in order]
    names: list[str] = []
    for j, i in pairs:
        done = panel.run[i, j][panel.present[i, j] & ~panel.failed[i, j]].tolist()
        found = _chains(results, done[0]) if done else []
        if not found:
            continue
        name = f"{panel.beds[j].id}: {panel.optimizers[i]}"
        names.append(name)
        fidelity = panel.beds[j].fidelity or {}
        words = str(fidelity.get("name") or "fidelity")
        best = sorted(found, key=lambda c: (float(c[1][-1]), float(c[0][-1])))[:CURVES]
        curves += [Curve(name, panel.optimizers[i], x, y, words) for x, y in best]
    keep = set(names[:PANELS])
    rest = f" The first {PANELS} of {len(names)} panels." if len(names) > PANELS else ""
    said = (
        f"Told losses of configurations that one run (the first seed) continued over at least "
        f"{SHORTEST} fidelities, the {CURVES} that end lowest.{rest}"
    )
    return diagnostics([c for c in curves if c.panel in keep], known=looks_of(analysis), said=said)


def _chains(results: ResultsLike, run: int) -> list[tuple[FloatArray, FloatArray]]:
    """Return fidelities and losses of a run's chains of continued trials, the longest ones."""
    rows = slice(int(results.offsets[run]), int(results.offsets[run + 1]))
    trial, parent, level, loss = (
        results.columns[k][rows].tolist() for k in ("id", "parent", "fidelity", "loss")
    )
    at = {int(t): k for k, t in enumerate(trial)}
    last = set(range(len(trial))) - {at[int(p)] for p in parent if int(p) in at}
    out = []
    for k in sorted(last):
        chain = [k]
        while int(parent[chain[-1]]) in at and len(chain) <= len(trial):
            chain.append(at[int(parent[chain[-1]])])
        points = [(level[r], loss[r]) for r in reversed(chain)]
        known = [p for p in points if math.isfinite(p[0]) and math.isfinite(p[1])]
        if len(known) >= SHORTEST:
            x, y = np.array(known, dtype=np.float64).T
            out.append((x, y))
    return out


def _log_y(ax: Any) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    ax.set_yscale("log")
    low, high = ax.get_ylim()
    subs = (1.0, 2.0, 5.0) if high / low < 30 else (1.0,)
    ax.yaxis.set_major_locator(LogLocator(subs=subs, numticks=6))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: power(v)))


def draw(ax: Any, rows: Rows, known: Mapping[str, Look]) -> None:
    """Draw each curve raw in a thin line and smoothed in a thick one."""
    order = list(known)
    lines: dict[tuple[Any, ...], list[tuple[float, float]]] = {}
    for key in zip(*(rows[k] for k in ("curve", "series", "optimizer", "x", "value")), strict=True):
        lines.setdefault(key[:3], []).append(key[3:])
    smoothed = {number for number, series, _ in lines if series == "smoothed"}
    for (number, series, label), points in lines.items():
        look, (x, y) = known[label], zip(*points, strict=True)
        thin = series == "raw" and number in smoothed
        style = {"linewidth": 0.6, "alpha": 0.75} if thin else {"linewidth": 1.7}
        dash = "-" if thin else look.style
        name = f"o{order.index(label)}-{'raw' if thin else 'line'}"
        ax.plot(x, y, color=look.colour, linestyle=dash, gid=name, **style)
    values = [v for v in rows["value"] if v == v]
    if any(rows["log"]) and values and min(values) > 0 and max(values) > 3 * min(values):
        _log_y(ax)
    ax.set_xlabel(str(rows["axis"][0]))
