"""F7: aggregates over sources as strips with intervals: IQM, mean, median, optimality gap.

References:
    Agarwal, Schwarzer, Castro, Courville, Bellemare (2021), NeurIPS, arXiv:2108.13264.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.analysis.inference.intervals import (
    iqm_interval,
    mean_interval,
    median_difference_interval,
)
from hpobench_lab.analysis.runs.aggregate import iqm, median
from hpobench_lab.analysis.study import Analysis
from hpobench_lab.figures.curves import looks_of
from hpobench_lab.figures.plot import Plot, Rows
from hpobench_lab.figures.style import Look, shortened

__all__ = ["TARGET", "optimality_gap", "strips"]

FloatArray = NDArray[np.float64]
Measure = Callable[[FloatArray], FloatArray]
Ends = Callable[[FloatArray], tuple[FloatArray, FloatArray]]

TARGET = 0.01
"""Normalised regret that counts as solved in the optimality gap."""

COLUMNS = ("panel", "optimizer", "value", "low", "high", "n")


def optimality_gap(scores: FloatArray, target: float = TARGET) -> FloatArray:
    """Return the mean shortfall behind a target along the last axis, NaN left out.

    Agarwal et al. (2021) average max(target − score, 0) over scores to be maximised; for regrets
    this is max(regret − target, 0): what is better than the target earns nothing more.

    >>> optimality_gap(np.array([0.001, 0.01, 0.31]))
    array(0.1)
    """
    short = np.maximum(np.asarray(scores, dtype=np.float64) - target, 0.0)
    return _mean(short)


def _mean(scores: FloatArray) -> FloatArray:
    known = np.isfinite(scores)
    n = known.sum(axis=-1)
    total = np.where(known, scores, 0.0).sum(axis=-1)
    return np.asarray(np.where(n > 0, total / np.maximum(n, 1), np.nan))


MEASURES: Mapping[str, tuple[Measure, Ends]] = {
    "interquartile mean": (iqm, iqm_interval),
    "median": (median, median_difference_interval),
    "mean": (_mean, mean_interval),
    f"optimality gap (target {TARGET:g})": (
        optimality_gap,
        lambda scores: mean_interval(np.maximum(scores - TARGET, 0.0)),
    ),
}


def strips(analysis: Analysis) -> Plot:
    """Return four aggregates of the final regret, optimizers in league order.

    Its rows: ``panel`` (the aggregate), ``optimizer``, ``value`` over the sources that it served
    (``n``) of the median normalised regret over seeds and a source's testbeds, ``low`` and ``high``
    (95 % over sources: the shifted window for the interquartile mean, order statistics for the
    median, Student's for the mean and the gap, 0 at least; missing for fewer than five sources,
    for the latter two fewer than two).
    """
    labels = analysis.panel.optimizers
    rows: dict[str, list[Any]] = {k: [] for k in COLUMNS}
    for name, (measure, ends) in MEASURES.items():
        for row in analysis.league:
            i = labels.index(row.label)
            n = int(np.isfinite(analysis.scores[i]).sum())
            if not n:
                continue
            low, high = (max(float(v), 0.0) for v in ends(analysis.scores[i]))
            cell = (name, row.label, float(measure(analysis.scores[i])), low, high, n)
            for key, v in zip(rows, cell, strict=True):
                rows[key].append(v)
    return Plot(
        "f7-strips",
        "Final regret in four aggregates",
        f"Normalised regret after {analysis.cut.words} over the {len(analysis.panel.sources)} "
        "sources, smaller is better. Mark: estimate; bar: 95 % interval over sources. "
        "The interquartile mean leaves out the best and the worst quarter of the "
        f"sources. Optimality gap: mean of max(regret − {TARGET:g}, 0), so that what is better "
        f"than {TARGET:g} earns nothing more (Agarwal et al. 2021). The last two have Student's "
        "interval, which covers 88 to 98 % where sources are skewed. A verdict that rests on one "
        "of the four alone is not safe.",
        rows,
        draw,
        looks_of(analysis),
        size=(3.2, 0.55 + 0.2 * len(analysis.league)),
        legend=False,
    )


def draw(ax: Any, rows: Rows, known: Mapping[str, Look]) -> None:
    """Draw one aggregate, the best of the league on top."""
    from hpobench_lab.figures.curves import linear_or_log

    order = list(known)
    for y, (label, value, low, high) in enumerate(
        zip(*(rows[k] for k in ("optimizer", "value", "low", "high")), strict=True)
    ):
        look, j = known[label], order.index(label)
        if low == low:
            style = {"color": look.colour, "height": 0.6, "alpha": 0.45, "linewidth": 0}
            ax.barh(y, high - low, left=low, gid=f"o{j}-band", **style)
        ax.plot([value] * 2, [y - 0.32, y + 0.32], color=look.colour, linewidth=2, gid=f"o{j}-line")
    ax.set_yticks(range(len(rows["optimizer"])), [shortened(n, 24) for n in rows["optimizer"]])
    ax.set_ylim(len(rows["optimizer"]) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)
    ax.tick_params(axis="y", length=0)
    linear_or_log(ax, [v for k in ("value", "low", "high") for v in rows[k]])
    ax.set_xlabel("normalised regret (← better)")
