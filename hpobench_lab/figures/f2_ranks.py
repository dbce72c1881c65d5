"""F2: mean rank over time, with a band from resampled sources."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from hpobench_lab.analysis.study import Analysis
from hpobench_lab.figures.curves import (
    add_band,
    add_steps,
    behind_first,
    log_x,
    looks_of,
    ranked_only,
    shared_grid,
)
from hpobench_lab.figures.plot import Plot, Rows
from hpobench_lab.figures.style import Look

__all__ = ["rank_over_time"]

DRAWS = 2000


def rank_over_time(analysis: Analysis) -> Plot:
    """Return mean ranks at each point of the budget; a run without a value ranks last.

    Its rows: ``panel`` (one), ``optimizer``, ``x`` (in units of ``axis``), ``value`` (ranks among
    the optimizers of each testbed and seed, ties averaged, then averaged over seeds, a source's
    testbeds and sources), ``low`` and ``high`` (95 %, sources drawn again).
    """
    panel = analysis.panel
    x, at, words = shared_grid(analysis)
    keep, left_out = ranked_only(analysis)
    names, known = [panel.optimizers[i] for i in keep], looks_of(analysis)
    regret = panel.regret(analysis.cut.axis, at, before=math.inf)
    regret[~panel.ranked] = np.nan
    ranks = np.stack([_by_source(analysis, regret[..., g]) for g in range(len(x))], axis=-1)
    rng = np.random.default_rng(0)
    n = ranks.shape[1]
    drawn = rng.integers(0, max(n, 1), size=(DRAWS, n))
    rows: dict[str, list[Any]] = {
        k: [] for k in ("panel", "optimizer", "x", "value", "low", "high", "axis")
    }
    for i, label in zip(keep, names, strict=True):
        served = np.isfinite(ranks[i]).all(axis=1)
        if not served.any():
            continue
        middle = ranks[i][served].mean(axis=0)
        weight = np.where(served[drawn], 1.0, np.nan)[..., None]
        spread = _nanmean(np.nan_to_num(ranks[i])[drawn] * weight)
        low, high = np.nanquantile(spread, [0.025, 0.975], axis=0)
        for line in zip(x.tolist(), middle.tolist(), low.tolist(), high.tolist(), strict=True):
            for key, v in zip(rows, ("", label, *line, words), strict=True):
                rows[key].append(v)
    grey = sum(known[label].other for label in names)
    others = f" Thin grey: the {grey} others, named in the data." if grey else ""
    return Plot(
        "f2-ranks",
        "Mean rank over time",
        f"Mean rank over the {n} sources, 1 is best: as in the league, runs are ranked among those "
        "of the same testbed and seed, then averaged (the critical differences rank medians). "
        f"Band: 95 % percentiles of {DRAWS:,} resamplings of the sources. A run "
        "without a value yet, or failed, ranks last. Ranks depend on who takes "
        f"part.{others}{left_out}",
        rows,
        draw,
        {label: known[label] for label in names},
        size=(4.2, 2.8),
    )


def _by_source(analysis: Analysis, regret: Any) -> Any:
    panel = analysis.panel
    seeds = _nanmean(np.moveaxis(panel.ranks(regret), -1, 1))
    groups = [seeds[:, panel.source == j] for j in range(len(panel.sources))]
    columns = [_nanmean(g) for g in groups]
    return np.stack(columns, axis=1) if columns else np.zeros((len(seeds), 0))


def _nanmean(values: Any) -> Any:
    known = np.isfinite(values)
    n = known.sum(axis=1)
    total = np.where(known, values, 0.0).sum(axis=1)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)


def draw(ax: Any, rows: Rows, known: Mapping[str, Look]) -> None:
    """Draw the ranks, best on top."""
    from matplotlib.ticker import MaxNLocator

    optimizer = np.array(rows["optimizer"])
    for j, look in behind_first(known):
        at = optimizer == look.label
        x, y, low, high = (
            np.array(rows[k], dtype=np.float64)[at] for k in ("x", "value", "low", "high")
        )
        add_band(ax, j, look, x, low, high)
        add_steps(ax, j, look, x, y)
    span = abs(ax.get_ylim()[1] - ax.get_ylim()[0])
    ax.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=span > 3, steps=[1, 2, 5, 10]))
    ax.invert_yaxis()
    log_x(ax, str(rows["axis"][0]) if len(rows["axis"]) else "")
    ax.set_ylabel("mean rank (1 = best)")
