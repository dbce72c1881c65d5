"""Run time to targets: when a run first reaches a regret, how long that takes, and how often.

A run that never reaches a target has spent its whole budget there: its time is infinite and its
cost is counted. Targets are fixed before the run and are the same for every optimizer.

Differences: a target counts as reached when the incumbent's value (noise-free and at full fidelity
where the testbed knows it) first lies at or below it; that the incumbent may later rise again, for
it is chosen by told losses, does not take the hit away.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpobench_lab.analysis.estimate import Caution, Estimate
from hpobench_lab.analysis.runs.panel import Panel

__all__ = [
    "RunTimes",
    "ecdf",
    "ecdf_log_auc",
    "ert",
    "hit_share",
    "log_targets",
    "restarts",
    "run_times",
    "targets_of",
    "time_to_target",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

CITATION = (
    "Hansen, Auger, Ros, Mersmann, Tusar, Brockhoff (2021), Optimization Methods and Software "
    "36:114-144; Price (1997), IEEE CEC"
)
SYNTHETIC = (2.0, -8.0)
NORMALISED = (0.0, -3.0)
COUNT = 51


@dataclass(frozen=True)
class RunTimes:
    """Hold when each run of a panel reached each target.

    Args:
        times: Infinite where a target was never reached, NaN where there is no run or the testbed
            is excluded, shape (k, t, s, g).
        spent: What each run spent, shape (k, t, s); a failed run spent its whole budget.
        targets: Regrets by testbed, largest first, shape (t, g).
        axis: One of ``traces.AXES``.
    """

    times: FloatArray
    spent: FloatArray
    targets: FloatArray
    axis: str


def log_targets(high: float, low: float, n: int = COUNT) -> FloatArray:
    """Return n targets from 10^high down to 10^low, evenly spaced in the logarithm, shape (n,).

    >>> log_targets(2, -8, 6)
    array([1.e+02, 1.e+00, 1.e-02, 1.e-04, 1.e-06, 1.e-08])
    """
    return np.logspace(high, low, n)


def targets_of(kind: str) -> FloatArray:
    """Return the 51 targets of a kind of testbed.

    Args:
        kind: ``function``: regrets in the loss's unit, 10^2 to 10^-8; any other: normalised
            regrets, 1 to 10^-3.

    >>> targets_of("function")[[0, -1]], targets_of("table")[[0, -1]]
    (array([1.e+02, 1.e-08]), array([1.   , 0.001]))
    """
    return log_targets(*(SYNTHETIC if kind == "function" else NORMALISED))


def time_to_target(
    position: FloatArray, value: FloatArray, offsets: IntArray, targets: ArrayLike
) -> FloatArray:
    """Return where each run's value first lies at or below each target; infinite if nowhere.

    Args:
        position: Where the steps happen, shape (m,), not falling within a run.
        value: Values from there on, shape (m,).
        offsets: Run i owns ``offsets[i]:offsets[i + 1]``, shape (n + 1,).
        targets: Shape (g,), the same for all runs, or (n, g).

    Returns:
        Shape (n, g).

    >>> time_to_target(np.array([1.0, 10.0]), np.array([5.0, 3.0]), np.array([0, 2]), [5, 4, 2])
    array([[ 1., 10., inf]])
    """
    goals = np.asarray(targets, dtype=np.float64)
    goals = np.broadcast_to(goals, (len(offsets) - 1, goals.shape[-1]))
    out = np.full(goals.shape, np.inf)
    for i, (a, b) in enumerate(zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)):
        best = np.fmin.accumulate(value[a:b])
        step = np.searchsorted(-best, -goals[i], side="left")
        hit = step < len(best)
        out[i, hit] = position[a:b][step[hit]]
    return out


def run_times(panel: Panel, axis: str, cut: FloatArray) -> RunTimes:
    """Return the run times of a panel to the targets of its testbeds' kinds.

    Args:
        panel: The runs.
        axis: One of ``traces.AXES``.
        cut: Budget of each testbed, shape (t,); a hit after it does not count.
    """
    goals = np.array([targets_of(bed.kind) for bed in panel.beds]).reshape(len(panel.beds), COUNT)
    times = np.full((*panel.run.shape, COUNT), np.nan)
    spent = np.full(panel.run.shape, np.nan)
    steps = panel.steps
    for i, j, n in zip(*np.nonzero(panel.run >= 0), strict=True):
        bed, r = panel.beds[j], int(panel.run[i, j, n])
        if bed.excluded:
            continue
        rows = slice(steps.offsets[r], steps.offsets[r + 1])
        unit = 1.0 if bed.kind == "function" else bed.f_ref - bed.f_opt
        regret = (steps.value[rows] - bed.f_opt) / unit
        ends = np.array([0, len(regret)])
        at = time_to_target(steps.position[axis][rows], regret, ends, goals[j])[0]
        times[i, j, n] = np.where(at <= cut[j], at, np.inf)
        spent[i, j, n] = min(float(steps.spent[axis][r]), float(cut[j]))
    times[panel.failed & ~np.isnan(spent)] = np.inf
    spent = np.where(panel.failed & ~np.isnan(spent), cut[None, :, None], spent)
    return RunTimes(times, spent, goals, axis)


def ert(
    times: ArrayLike,
    budget: ArrayLike,
    *,
    rng: np.random.Generator | None = None,
    draws: int = 2000,
) -> Estimate:
    """Return the expected run time to a target: all that was spent, per hit.

    Args:
        times: Infinite where the target was not reached, NaN where there is no run, shape (n,).
        budget: What a run without a hit spent; a number or shape (n,).
        rng: For the interval, a percentile bootstrap over the runs; none without.
        draws: Number of bootstrap draws.

    Returns:
        The estimate counts runs. Without a hit it is infinite, and ``low`` is the 95 % lower
        confidence bound (Clopper, Pearson) on what restarts of these runs would take.

    References:
        Price (1997), IEEE CEC; Auger, Hansen (2005), IEEE CEC; Hansen et al. (2021), Optimization
        Methods and Software 36.

    >>> round(ert([10, 20, 30, np.inf, np.inf], 100).value, 3)
    86.667
    >>> print(ert([np.inf] * 3, 100).reason)
    no hit in 3 runs: above 300, which is all that was spent; restarts take more than 58.3 with
    95 % confidence
    """
    t, b = np.broadcast_arrays(np.asarray(times, dtype=np.float64), np.asarray(budget))
    known = ~np.isnan(t)
    t, b = t[known], b[known].astype(np.float64)
    hit = np.isfinite(t)
    cost = np.where(hit, t, b)
    none = Estimate(
        math.nan,
        n=len(t),
        excluded=int((~known).sum()),
        method="expected run time: all spent by all runs, per hit; n counts runs",
        citation=CITATION,
        reason="there are no runs",
    )
    if not len(t):
        return none
    if not hit.any():
        return _no_hit(cost, none)
    low, high = _ert_interval(cost, hit, rng, draws) if rng is not None else (math.nan, math.nan)
    hits = int(hit.sum())
    few = Caution("few-hits", f"only {hits} of {len(t)} runs reached the target", level="note")
    return replace(
        none,
        value=float(cost.sum()) / hits,
        low=low,
        high=high,
        method=none.method + ("; percentile bootstrap over runs" if rng is not None else ""),
        warnings=(few,) if hits < 3 else (),
        reason="",
    )


def _no_hit(cost: FloatArray, none: Estimate) -> Estimate:
    n, total = len(cost), float(cost.sum())
    chance = 1 - 0.05 ** (1 / n)  # upper 95 % bound of a success probability, 0 of n seen
    bound = float(cost.mean()) * (1 - chance) / chance
    return replace(
        none,
        value=math.inf,
        low=bound,
        high=math.inf,
        method=none.method + "; without a hit the 95 % bound of restarts, by Clopper and Pearson",
        reason=f"no hit in {n} {'run' if n == 1 else 'runs'}: above {total:g}, which is all that "
        f"was spent; restarts take more than {bound:.3g} with 95 % confidence",
    )


def _ert_interval(
    cost: FloatArray, hit: NDArray[np.bool_], rng: np.random.Generator, draws: int
) -> tuple[float, float]:
    pick = rng.integers(0, len(cost), size=(draws, len(cost)))
    hits = hit[pick].sum(axis=1)
    with np.errstate(divide="ignore"):
        drawn = np.sort(cost[pick].sum(axis=1) / hits)
    return float(drawn[int(0.025 * draws)]), float(drawn[min(draws - 1, int(0.975 * draws))])


def restarts(
    times: FloatArray, spent: FloatArray, rng: np.random.Generator, *, draws: int = 100
) -> FloatArray:
    """Return run times of a restarted optimizer, simulated from its runs on one testbed.

    Runs are drawn with replacement until one has a hit; what those without spent is added. Every
    target has its own draws.

    Args:
        times: Infinite where a target was not reached, shape (n, g).
        spent: What each run spent, shape (n,).
        rng: Source of the draws.
        draws: Simulated runs.

    Returns:
        Shape (draws, g), infinite where no run has a hit.

    References:
        Hansen, Auger, Ros, Mersmann, Tusar, Brockhoff (2021), Optimization Methods and Software
        36:114-144, section 4.

    >>> rng = np.random.default_rng(0)
    >>> restarts(np.array([[10.0], [np.inf]]), np.array([100.0, 100.0]), rng, draws=4).ravel()
    array([110., 110., 110.,  10.])
    """
    n, g = times.shape
    total = np.zeros((draws, g))
    within = np.isfinite(times).any(axis=0) if n else np.zeros(g, dtype=np.bool_)
    total[:, ~within] = np.inf
    rows, columns = np.nonzero(np.broadcast_to(within, total.shape))
    while len(rows):
        pick = rng.integers(0, n, size=len(rows))
        drawn = times[pick, columns]
        missed = np.isinf(drawn)
        total[rows, columns] += np.where(missed, spent[pick], drawn)
        rows, columns = rows[missed], columns[missed]
    return total


def ecdf(times: ArrayLike, at: ArrayLike) -> FloatArray:
    """Return the share of run times at or below each position, infinite ones in the denominator.

    Args:
        times: Any shape; NaN left out.
        at: Shape (m,).

    >>> ecdf([1, 10, 100, np.inf], [0.5, 1, 50, 1000])
    array([0.  , 0.25, 0.5 , 0.75])
    """
    t = np.asarray(times, dtype=np.float64).ravel()
    t = np.sort(t[~np.isnan(t)])
    counts = np.searchsorted(t, np.asarray(at, dtype=np.float64), side="right")
    return counts / len(t) if len(t) else np.full(counts.shape, np.nan)


def ecdf_log_auc(times: ArrayLike, start: float, stop: float) -> float:
    """Return the mean of the ECDF over log time: 1 when all is reached at the start, 0 if nothing.

    Args:
        times: Any shape; NaN left out.
        start: b > 0.
        stop: B > b.

    Raises:
        ValueError: Unless 0 < start < stop.

    >>> round(ecdf_log_auc([1, 10, 100, np.inf], 1, 1000), 12)
    0.5
    """
    if not 0 < start < stop:
        raise ValueError(f"the log axis needs 0 < start < stop, got {start!r} and {stop!r}")
    t = np.asarray(times, dtype=np.float64)
    t = t[~np.isnan(t)]
    left = np.log(stop) - np.log(np.clip(t, start, stop))
    return float(left.mean() / (np.log(stop) - np.log(start))) if t.size else math.nan


def hit_share(
    times: Sequence[FloatArray],
    start: float,
    stop: float,
    rng: np.random.Generator,
    *,
    draws: int = 2000,
) -> Estimate:
    """Return the ECDF's log-AUC over sources, each weighing the same, with a bootstrap over them.

    Args:
        times: Run times of each source, simulated restarts or plain runs, any shape each.
        start: b > 0.
        stop: B > b.
        rng: Source of the bootstrap.
        draws: Number of bootstrap draws.

    >>> e = hit_share([np.array([1.0, 10.0, 100.0, np.inf])] * 3, 1, 1000, np.random.default_rng(0))
    >>> round(e.value, 12), e.n, e.excluded
    (0.5, 3, 0)
    """
    areas = np.array([ecdf_log_auc(t, start, stop) for t in times])
    known = areas[np.isfinite(areas)]
    excluded, method = len(areas) - len(known), "log-AUC of the run-time ECDF, mean over sources"
    if not len(known):
        reason = "no source has runs"
        return Estimate(
            math.nan, excluded=excluded, method=method, citation=CITATION, reason=reason
        )
    low = high = math.nan
    if len(known) > 1:
        means = known[rng.integers(0, len(known), size=(draws, len(known)))].mean(axis=1)
        low, high = (float(x) for x in np.quantile(means, [0.025, 0.975]))
    return Estimate(
        float(known.mean()),
        low,
        high,
        n=len(known),
        excluded=excluded,
        method=method + "; percentile bootstrap over sources",
        citation=CITATION,
        reason="" if len(known) > 1 else "one source has no interval",
    )
