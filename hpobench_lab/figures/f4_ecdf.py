"""F4: how many targets are reached, and when: the ECDF of run time.

References:
    Hansen, Auger, Ros, Mersmann, Tusar, Brockhoff (2021), Optimization Methods and Software
    36:114-144, https://doi.org/10.1080/10556788.2020.1808977.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.analysis.measures.targets import COUNT, RunTimes, ecdf, restarts, run_times
from hpobench_lab.analysis.study import Analysis
from hpobench_lab.figures.curves import (
    add_band,
    add_steps,
    behind_first,
    doubled,
    log_x,
    looks_of,
    random_label,
    ranked_only,
    shared_grid,
    with_twice,
)
from hpobench_lab.figures.plot import Plot, Rows
from hpobench_lab.figures.style import INK, Look

__all__ = ["run_time_ecdf", "weighted_ecdf"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Line = tuple[str, str, str, float, float, float, float, str]

COLUMNS = ("panel", "optimizer", "series", "x", "value", "low", "high", "axis")
DRAWS = 2000
RESTARTS = 100
"""Simulated restarts of each target."""

FACTORS = np.geomspace(1.0, 10.0, 21)
"""Multiples of the budget at which restarts are read."""


def run_time_ecdf(analysis: Analysis) -> Plot:
    """Return the share of pairs of a target and a run that are reached, over the budget.

    Its rows: ``panel`` (one), ``optimizer``, ``series`` (``runs``: the runs as they were;
    ``restarts``: simulated, beyond the budget; ``end``: the end of the budget), ``x`` (in units of
    ``axis``), ``value`` (share from there on), ``low`` and ``high`` (95 %, sources drawn again; for
    ``runs`` only). The optimizer ``random ×2`` is the control: a target counts from when a seed of
    random search or the next one reaches it.
    """
    panel = analysis.panel
    x, at, words = shared_grid(analysis)
    found = run_times(panel, analysis.cut.axis, analysis.cut.at)
    ranked, left_out = ranked_only(analysis)
    known = with_twice(looks_of(analysis), analysis)
    served = [i for i in ranked if np.isfinite(found.spent[i]).any()]
    lines: list[Line] = []
    for i in served:
        label = panel.optimizers[i]
        share = weighted_ecdf(list(found.times[i]), panel.source, at)
        lines += _runs(label, x, share, words)
        if not known[label].other:
            lines += _after(label, x, share, _restarted(analysis, found, i), words)
    twice = [name for name in known if name not in panel.optimizers]
    random = random_label(analysis)
    if twice and random in [panel.optimizers[i] for i in served]:
        better = doubled(analysis, found.times[panel.optimizers.index(random)])
        lines += _runs(twice[0], x, weighted_ecdf(list(better), panel.source, at), words)
    drawn = {line[1] for line in lines}
    columns = list(zip(*lines, strict=True)) if lines else [()] * len(COLUMNS)
    return Plot(
        "f4-ecdf",
        "Targets reached over time",
        _reading(analysis, "random ×2" if twice else "") + left_out,
        dict(zip(COLUMNS, columns, strict=True)),
        draw,
        {label: look for label, look in known.items() if label in drawn},
        size=(4.2, 2.9),
    )


def weighted_ecdf(times: Sequence[FloatArray], source: IntArray, at: FloatArray) -> FloatArray:
    """Return the share of run times at or below each position, by source.

    Args:
        times: Run times of each testbed, any shape, NaN where there is no run; infinite ones are
            in the denominator.
        source: Index of each testbed's source, shape (t,); -1 leaves the testbed out.
        at: Positions on each testbed, shape (t, g).

    Returns:
        Shape (sources, g): the mean over a source's testbeds; NaN for one without runs.

    >>> times = [np.array([1.0, np.inf]), np.array([1.0, 3.0]), np.array([2.0])]
    >>> weighted_ecdf(times, np.array([0, 0, 1]), np.array([[1.0, 4.0]] * 3))
    array([[0.5 , 0.75],
           [0.  , 1.  ]])
    """
    out = np.full((int(source.max(initial=-1)) + 1, at.shape[1]), np.nan)
    for k in range(len(out)):
        shares = [ecdf(times[j], at[j]) for j in np.flatnonzero(source == k).tolist()]
        shares = [s for s in shares if not np.isnan(s).any()]
        if shares:
            out[k] = np.mean(shares, axis=0)
    return out


def _over_sources(share: FloatArray) -> FloatArray:
    known = ~np.isnan(share).any(axis=1)
    return np.asarray(share[known].mean(axis=0))


def _runs(label: str, x: FloatArray, share: FloatArray, words: str) -> list[Line]:
    """Return the solid part: the mean over sources, its band and the end of the budget."""
    known = share[~np.isnan(share).any(axis=1)]
    n = len(known)
    if not n:
        return []
    low = high = np.full(len(x), np.nan)
    if n > 1:
        weight = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=DRAWS)
        low, high = np.quantile(weight @ known / n, [0.025, 0.975], axis=0)
    value = known.mean(axis=0)
    rows = zip(x.tolist(), value.tolist(), low.tolist(), high.tolist(), strict=True)
    end = ("", label, "end", float(x[-1]), float(value[-1]), math.nan, math.nan, words)
    return [*(("", label, "runs", *row, words) for row in rows), end]


def _restarted(analysis: Analysis, found: RunTimes, i: int) -> FloatArray:
    """Return the ECDF of simulated restarts by source, from the budget on, shape (sources, g)."""
    times = []
    for j in range(len(analysis.panel.beds)):
        ran = np.isfinite(found.spent[i, j])
        rng = np.random.default_rng(j)  # the same draws for every optimizer
        times.append(restarts(found.times[i, j, ran], found.spent[i, j, ran], rng, draws=RESTARTS)
                     if ran.any() else np.zeros(0))  # fmt: skip
    return weighted_ecdf(times, analysis.panel.source, analysis.cut.at[:, None] * FACTORS)


def _after(
    label: str, x: FloatArray, share: FloatArray, after: FloatArray, words: str
) -> list[Line]:
    """Return the dashed part; it begins where the solid one ends and does not fall below it."""
    if np.isnan(share).all():
        return []
    end = float(_over_sources(share)[-1])
    value = np.maximum(_over_sources(after), end)
    value[0] = end
    rows = zip((x[-1] * FACTORS).tolist(), value.tolist(), strict=True)
    return [("", label, "restarts", a, b, math.nan, math.nan, words) for a, b in rows]


def _reading(analysis: Analysis, twice: str) -> str:
    kinds = {b.kind == "function" for b in analysis.panel.beds if not b.excluded}
    said = {
        True: "regrets of 10² to 10⁻⁸ in the loss's unit on functions",
        False: "normalised regrets of 1 to 10⁻³ on tables, surrogates and training",
    }
    goals = " and ".join(said[k] for k in sorted(kinds, reverse=True))
    also = f" {twice}: the earlier of a seed of random search and the next." if twice else ""
    return (
        f"Share of all pairs of a run and one of the {COUNT} targets of its testbed that are "
        f"reached, higher is better; targets: {goals}, evenly spaced in the logarithm. Sources "
        "weigh the same; band: 95 % by resampling sources. ×: the end of the budget; thin and "
        f"dashed from there on: restarts, simulated from the same runs.{also}"
    )


def draw(ax: Any, rows: Rows, known: Mapping[str, Look]) -> None:
    """Draw the shares of the runs, the end of the budget, and the restarts."""
    optimizer, series = np.array(rows["optimizer"]), np.array(rows["series"])
    columns = [np.array(rows[k], dtype=np.float64) for k in ("x", "value", "low", "high")]
    for j, look in behind_first(known):
        mine = optimizer == look.label
        x, y, low, high = (c[mine & (series == "runs")] for c in columns)
        add_band(ax, j, look, x, low, high)
        add_steps(ax, j, look, x, y)
        x, y = (c[mine & (series == "restarts")] for c in columns[:2])
        thin: dict[str, Any] = {"linewidth": 0.8, "linestyle": (0, (3, 2))}
        ax.plot(x, y, color=look.colour, drawstyle="steps-post", gid=f"o{j}-line", **thin)
        x, y = (c[mine & (series == "end")] for c in columns[:2])
        cross: dict[str, Any] = {"marker": "x", "linestyle": "none", "markeredgewidth": 1.1}
        ax.plot(x, y, color=INK, markersize=6.5, zorder=3, gid=f"o{j}-mark", **cross)
    highest = np.nanmax([np.nanmax(c, initial=0.0) for c in (columns[1], columns[3])])
    ax.set_ylim(-0.02, min(1.02, 1.06 * float(highest) + 0.02))
    ax.set_ylabel("share of targets and runs")
    log_x(ax, str(rows["axis"][0]) if len(rows["axis"]) else "")
