"""F1: regret curves, as exact steps on log-log axes, raw seeds behind the median and its band."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.analysis.aggregate import median
from hpobench_lab.analysis.panel import FLOOR
from hpobench_lab.analysis.study import Analysis
from hpobench_lab.analysis.traces import normalised_regret
from hpobench_lab.figures.curves import (
    axis_words,
    log_axes,
    looks_of,
    ranked_only,
    shared_grid,
    step_grid,
)
from hpobench_lab.figures.plot import Plot, Rows
from hpobench_lab.figures.style import Look

__all__ = ["by_testbed", "over_sources"]

FloatArray = NDArray[np.float64]
COLUMNS = ("panel", "optimizer", "series", "x", "value", "low", "high", "axis")
RAW_RUNS = 40
"""Raw seeds are drawn behind a panel for at most so many runs of an optimizer."""


def by_testbed(analysis: Analysis) -> Plot:
    """Return the small multiples, one testbed each."""
    lines: list[tuple[Any, ...]] = []
    for j, bed in enumerate(analysis.panel.beds):
        if not bed.excluded:
            lines += _testbed(analysis, j)
    return Plot(
        "f1-regret-by-testbed",
        "Regret on each testbed",
        "Normalised regret of the incumbent (0 = optimum, 1 = the median of one random "
        "evaluation), lower is better. Lines: median over seeds; band: interquartile range over "
        "seeds; thin lines: the seeds themselves. Steps are exact; a failed run counts as 1 in "
        "median and band. Values below 10⁻⁸ are drawn there.",
        _columns(lines),
        draw,
        looks_of(analysis),
    )


def over_sources(analysis: Analysis) -> Plot:
    """Return the curves over all sources."""
    x, at, words = shared_grid(analysis)
    panel = analysis.panel
    regret = panel.regret(analysis.cut.axis, at)
    scores = np.stack([panel.by_source(regret[..., g]) for g in range(len(x))], axis=-1)
    keep, left_out = ranked_only(analysis)
    names, known = [panel.optimizers[i] for i in keep], looks_of(analysis)
    lines: list[tuple[Any, ...]] = []
    for i, label in zip(keep, names, strict=True):
        middle, low, high = _band(scores[i])
        lines += [
            ("", label, "median", *v, words)
            for v in zip(x.tolist(), middle, low, high, strict=True)
            if v[1] == v[1]
        ]
    return Plot(
        "f1-regret",
        "Regret over all sources",
        "Normalised regret (0 = optimum, 1 = the median of one random evaluation), lower is "
        "better. Lines: median over sources of the median over seeds; band: interquartile range "
        f"over the {len(panel.sources)} sources. A run without a value yet, or failed, counts "
        f"as 1. Values below 10⁻⁸ are drawn there.{left_out}",
        _columns(lines),
        draw,
        {label: known[label] for label in names},
        size=(5.2, 3.3),
    )


def _testbed(analysis: Analysis, j: int) -> list[tuple[Any, ...]]:
    panel, words, bed = analysis.panel, axis_words(analysis), analysis.panel.beds[j]
    x = step_grid(analysis, j)
    regret = panel.regret(analysis.cut.axis, np.tile(x, (len(panel.beds), 1)))[:, j]
    lines: list[tuple[Any, ...]] = []
    for i, label in enumerate(panel.optimizers):
        for n in np.flatnonzero(panel.present[i, j] & ~panel.failed[i, j])[:RAW_RUNS].tolist():
            at, value = _seed(analysis, int(panel.run[i, j, n]), j)
            name = f"seed {panel.seeds[n][0]}" + (f" fold {f}" if (f := panel.seeds[n][1]) else "")
            lines += [
                (bed.id, label, name, a, v, np.nan, np.nan, words)
                for a, v in zip(at, value, strict=True)
            ]
        middle, low, high = _band(regret[i])
        lines += [
            (bed.id, label, "median", *v, words)
            for v in zip(x.tolist(), middle, low, high, strict=True)
            if v[1] == v[1]
        ]
    return lines


def _seed(analysis: Analysis, run: int, j: int) -> tuple[list[float], list[float]]:
    steps, bed, cut = analysis.panel.steps, analysis.panel.beds[j], float(analysis.cut.at[j])
    rows = slice(steps.offsets[run], steps.offsets[run + 1])
    at = steps.position[analysis.cut.axis][rows]
    value = normalised_regret(steps.value[rows], bed.f_opt, bed.f_ref)[at <= cut].tolist()
    at = at[at <= cut].tolist()
    return [*at, cut][: len(at) + bool(at)], [*value, *value[-1:]]


def _band(values: FloatArray) -> tuple[list[float], list[float], list[float]]:
    """Return median and quartiles over the first axis, NaN left out."""
    known = values[np.isfinite(values).all(axis=1)]
    if not len(known):
        nothing = [float("nan")] * values.shape[1]
        return nothing, nothing, nothing
    low, high = np.quantile(known, [0.25, 0.75], axis=0)
    return median(known.T).tolist(), low.tolist(), high.tolist()


def _columns(lines: list[tuple[Any, ...]]) -> Rows:
    columns = list(zip(*lines, strict=True)) if lines else [()] * len(COLUMNS)
    return dict(zip(COLUMNS, columns, strict=True))


def draw(ax: Any, rows: Rows, known: Mapping[str, Look]) -> None:
    """Draw one panel: seeds, band, median; baselines first, so that they lie behind."""
    from matplotlib.collections import LineCollection

    optimizer, series = np.array(rows["optimizer"]), np.array(rows["series"])
    number = {k: np.array(rows[k], dtype=np.float64) for k in ("x", "value", "low", "high")}
    number |= {k: np.maximum(number[k], FLOOR) for k in ("value", "low", "high")}
    for look in sorted(known.values(), key=lambda v: not v.baseline):
        mine = optimizer == look.label
        seeds = dict.fromkeys(series[mine & (series != "median")].tolist())
        lines = [
            _corners(number["x"][at], number["value"][at])
            for at in (mine & (series == name) for name in seeds)
        ]
        ax.add_collection(LineCollection(lines, colors=look.colour, linewidths=0.5, alpha=0.3))
        at = mine & (series == "median")
        x, y = number["x"][at], number["value"][at]
        ax.fill_between(
            x,
            number["low"][at],
            number["high"][at],
            step="post",
            color=look.colour,
            alpha=0.13,
            linewidth=0,
        )
        ax.plot(
            x,
            y,
            drawstyle="steps-post",
            color=look.colour,
            linestyle=look.style,
            marker=look.marker,
            markevery=_sparse(x),
        )
    log_axes(ax, str(rows["axis"][0]) if len(rows["axis"]) else "", "normalised regret")


def _corners(x: FloatArray, y: FloatArray) -> FloatArray:
    """Return the corners of right-continuous steps, shape (2 n − 1, 2)."""
    return np.column_stack([np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]])


def _sparse(x: FloatArray) -> list[int]:
    """Return about six indices, evenly spaced in log x, the last one included."""
    if len(x) < 2:
        return list(range(len(x)))
    near = np.searchsorted(x, np.geomspace(x[0], x[-1], 6) * (1 - 1e-12))
    return sorted({int(i) for i in near.clip(0, len(x) - 1)})
