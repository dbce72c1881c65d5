"""F1: regret curves, as exact steps on log-log axes, raw seeds behind the median and its band."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.analysis.controls import TWICE
from hpobench_lab.analysis.runs.aggregate import median
from hpobench_lab.analysis.runs.panel import FLOOR
from hpobench_lab.analysis.runs.traces import normalised_regret
from hpobench_lab.analysis.study import Analysis
from hpobench_lab.figures.curves import (
    add_band,
    add_steps,
    axis_words,
    behind_first,
    changes,
    doubled,
    log_axes,
    looks_of,
    random_label,
    ranked_only,
    shared_grid,
    step_grid,
    with_twice,
)
from hpobench_lab.figures.plot import HEIGHT, WIDTH, Plot, Rows
from hpobench_lab.figures.style import Look

__all__ = ["by_testbed", "over_sources"]

FloatArray = NDArray[np.float64]
Line = tuple[str, str, str, float, float, float, float, str]

COLUMNS = ("panel", "optimizer", "series", "x", "value", "low", "high", "axis")
RAW_RUNS, RAW_LINES = 40, 2000
"""Raw seeds are drawn for so many runs of an optimizer and testbed, and in all panels together."""

RAW_SOURCES = 12
"""The medians of single sources are drawn behind the curves over so many sources at most."""

MANY, POINTS, FEWER = 12, 120, 60
"""Panels from which on they are drawn smaller; points of a curve, and in that case."""


def by_testbed(analysis: Analysis) -> Plot:
    """Return the small multiples, one testbed each.

    Its rows: ``panel`` (the testbed), ``optimizer``, ``series`` (``median``, or ``seed 3`` for a
    run as it was), ``x`` (where a step happens, in units of ``axis``), ``value`` (normalised regret
    from there on), ``low`` and ``high`` (quartiles over seeds, for medians only; folds are averaged
    within a seed before). The optimizer ``random ×2`` is the control: at every moment the better of
    a seed of random search and the next.
    """
    beds = analysis.panel.beds
    used = [j for j, bed in enumerate(beds) if not bed.excluded]
    known = with_twice(looks_of(analysis), analysis)
    raw = _raw_runs(sum(not x.other for x in known.values()) * len(used))
    points = FEWER if len(used) > MANY else POINTS
    grids = {j: step_grid(analysis, j, points) for j in used}
    lines = [line for j, regret in _regrets(analysis, grids) for line in _testbed(
        analysis, known, j, grids[j], regret, raw)]  # fmt: skip
    small = len(used) > MANY
    return Plot(
        "f1-regret-by-testbed",
        "Regret on each testbed",
        "Normalised regret of the incumbent (0 = optimum, 1 = the median of one random "
        "evaluation), lower is better. Lines: median over seeds; band: interquartile range over "
        f"seeds; thin lines: {_which_seeds(raw, len(analysis.panel.seeds))}. A failed run counts "
        f"as 1 in median and band. Medians and bands are read where a run changes, at {points} "
        f"points evenly in log time at most. Values below 10⁻⁸ are drawn there.{_said(known)}",
        _columns(lines),
        draw,
        known,
        size=(2.3, 1.7) if small else (WIDTH, HEIGHT),
    )


def over_sources(analysis: Analysis) -> Plot:
    """Return the curves over all sources.

    Its rows are those of ``by_testbed``, with one panel; ``series`` is ``median`` (over sources of
    the median over seeds; ``low`` and ``high``: quartiles over sources) or ``source NAME``, the
    median over seeds there, for at most 12 sources.
    """
    x, at, words = shared_grid(analysis)
    panel = analysis.panel
    regret = panel.regret(analysis.cut.axis, at)
    ranked, left_out = ranked_only(analysis)
    keep = [(i, panel.optimizers[i]) for i in ranked]
    every = with_twice(looks_of(analysis), analysis)
    random = random_label(analysis)
    if random in [label for _, label in keep]:
        regret = np.concatenate(
            [regret, doubled(analysis, regret[panel.optimizers.index(random)])[None]]
        )
        keep += [(len(regret) - 1, label) for label in every if label not in panel.optimizers]
    scores = np.stack([panel.by_source(regret[..., g]) for g in range(len(x))], axis=-1)
    known = {label: every[label] for _, label in keep}
    sources = panel.sources if len(panel.sources) <= RAW_SOURCES else ()
    lines: list[Line] = []
    for i, label in keep:
        for j, source in enumerate(sources if not known[label].grey else ()):
            lines += _steps("", label, f"source {source}", x, scores[i, j], words=words)
        lines += _median("", label, x, scores[i], words)
    one = "the sources one by one"
    thin = f"; thin lines: {one}" if sources else f"; {one} are in the figure by testbed"
    return Plot(
        "f1-regret",
        "Regret over all sources",
        "Normalised regret (0 = optimum, 1 = the median of one random evaluation), lower is "
        "better. Lines: median over sources of the median over seeds; band: interquartile range "
        f"over the {len(panel.sources)} sources{thin}. A run without a value yet, or failed, "
        f"counts as 1. Read at {len(x)} points, evenly in log time. Values below 10⁻⁸ are drawn "
        f"there.{_said(known)}{left_out}",
        _columns(lines),
        draw,
        known,
        size=(4.2, 2.9),
    )


def _said(known: Mapping[str, Look]) -> str:
    """Return what must be said of grey lines."""
    out = ""
    if any(label.startswith(TWICE) for label in known):
        out = " random ×2 (grey): the better of two runs of random search, a control."
    n = sum(x.other for x in known.values())
    if n:
        out += f" Thin grey: the {n} others, named in the data."
    return out


def _raw_runs(pairs: int) -> int:
    return max(1, min(RAW_RUNS, RAW_LINES // max(pairs, 1)))


def _which_seeds(raw: int, seeds: int) -> str:
    if seeds <= raw:
        return "the seeds themselves"
    return f"the first {raw} of the {seeds} seeds" if raw > 1 else f"the first of the {seeds} seeds"


def _regrets(
    analysis: Analysis, grids: Mapping[int, FloatArray]
) -> Iterator[tuple[int, FloatArray]]:
    """Return regrets of the optimizers, shape (k, s, g), for each testbed on its own grid."""
    panel, widest = analysis.panel, max(map(len, grids.values()), default=0)
    at = np.ones((len(panel.beds), widest))
    for j, grid in grids.items():
        at[j] = np.pad(grid, (0, widest - len(grid)), mode="edge")
    regret = panel.regret(analysis.cut.axis, at) if widest else None
    for j, grid in grids.items():
        assert regret is not None
        yield j, regret[:, j, :, : len(grid)]


def _testbed(
    analysis: Analysis,
    known: Mapping[str, Look],
    j: int,
    x: FloatArray,
    regret: FloatArray,
    raw: int,
) -> list[Line]:
    panel, words, bed = analysis.panel, axis_words(analysis), analysis.panel.beds[j]
    lines: list[Line] = []
    seeds = panel.over_folds(regret[:, None])[:, 0]
    for i, label in enumerate(panel.optimizers):
        ended = np.flatnonzero(panel.present[i, j] & ~panel.failed[i, j])
        for n in [] if known[label].other else ended[:raw].tolist():
            at, value = _seed(analysis, int(panel.run[i, j, n]), j)
            name = f"seed {panel.seeds[n][0]}" + (f" fold {f}" if (f := panel.seeds[n][1]) else "")
            lines += [
                (bed.id, label, name, a, v, np.nan, np.nan, words)
                for a, v in zip(at, value, strict=True)
            ]
        lines += _median(bed.id, label, x, seeds[i], words)
    for label in [x for x in known if x not in panel.optimizers]:
        control = doubled(analysis, regret[[panel.optimizers.index(random_label(analysis))]])[0]
        lines += _median(bed.id, label, x, panel.over_folds(control[None, None])[0, 0], words)
    return lines


def _seed(analysis: Analysis, run: int, j: int) -> tuple[list[float], list[float]]:
    steps, bed, cut = analysis.panel.steps, analysis.panel.beds[j], float(analysis.cut.at[j])
    rows = slice(steps.offsets[run], steps.offsets[run + 1])
    at = steps.position[analysis.cut.axis][rows]
    value = normalised_regret(steps.value[rows], bed.f_opt, bed.f_ref)[at <= cut].tolist()
    at = at[at <= cut].tolist()
    return [*at, cut][: len(at) + bool(at)], [*value, *value[-1:]]


def _median(panel: str, label: str, x: FloatArray, values: FloatArray, words: str) -> list[Line]:
    """Return median and quartiles over the first axis, what is not defined left out."""
    known = values[np.isfinite(values).all(axis=1)]
    if not len(known):
        return []
    low, high = np.quantile(known, [0.25, 0.75], axis=0)
    return _steps(panel, label, "median", x, median(known.T), low, high, words=words)


def _steps(
    panel: str,
    label: str,
    series: str,
    x: FloatArray,
    value: FloatArray,
    low: FloatArray | None = None,
    high: FloatArray | None = None,
    *,
    words: str,
) -> list[Line]:
    """Return the points at which something changes, and the ends."""
    if not np.isfinite(value).all():
        return []
    nothing = np.full(len(x), np.nan)
    columns = [
        v.tolist()
        for v in (x, value, nothing if low is None else low, nothing if high is None else high)
    ]
    return [(panel, label, series, *(c[i] for c in columns), words) for i in changes(*columns[1:])]


def _columns(lines: list[Line]) -> Rows:
    columns = list(zip(*lines, strict=True)) if lines else [()] * len(COLUMNS)
    return dict(zip(COLUMNS, columns, strict=True))


def draw(ax: Any, rows: Rows, known: Mapping[str, Look]) -> None:
    """Draw one panel: seeds or sources, band, median; those in grey lie behind."""
    from matplotlib.collections import LineCollection

    optimizer, series = np.array(rows["optimizer"]), np.array(rows["series"])
    number = {k: np.array(rows[k], dtype=np.float64) for k in ("x", "value", "low", "high")}
    number |= {k: np.maximum(number[k], FLOOR) for k in ("value", "low", "high")}
    for j, look in behind_first(known):
        mine = np.flatnonzero(optimizer == look.label)
        lines = [
            _corners(number["x"][at], number["value"][at])
            for name, at in _runs(series, mine)
            if name != "median"
        ]
        if lines:
            style: dict[str, Any] = {"colors": look.colour, "linewidths": 0.5, "alpha": 0.28}
            ax.add_collection(LineCollection(lines, gid=f"o{j}-seeds", **style))
        at = mine[series[mine] == "median"]
        if len(at):
            add_band(ax, j, look, *(number[k][at] for k in ("x", "low", "high")))
            add_steps(ax, j, look, number["x"][at], number["value"][at])
    log_axes(ax, str(rows["axis"][0]) if len(rows["axis"]) else "", "normalised regret")


def _runs(series: NDArray[np.str_], at: NDArray[np.int64]) -> Iterator[tuple[str, Any]]:
    """Return each series' name and its rows, which lie together."""
    names = series[at]
    edges = np.flatnonzero(names[1:] != names[:-1]) + 1
    for part in np.split(at, edges) if len(at) else ():
        yield str(series[part[0]]), part


def _corners(x: FloatArray, y: FloatArray) -> FloatArray:
    """Return the corners of right-continuous steps, shape (2 n − 1, 2)."""
    return np.column_stack([np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]])
