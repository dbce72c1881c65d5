"""Two optimizers race to the regret that one of them has at half its budget.

Shared by the budget ratio of the gate and by what one evaluation is worth in random ones. Judged at
half the budget, either may take up to twice as long as the other and still arrive; at the whole
budget a run a little slower has no hit, and a true ratio of 1.1 was called larger in 12 % of null
studies. Each seed runs to the level that the other seeds set, the lower median of their values, so
that nobody is measured by a level chosen from its own run. A run that never gets there has spent
its whole budget; an expected run time is all that was spent, per hit.

References:
    Hansen et al. (2021), Optimization Methods and Software 36:114-144 (expected run time).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.analysis.estimate import Caution, Estimate
from hpobench_lab.analysis.inference.intervals import FEWEST, median_difference_interval
from hpobench_lab.analysis.measures.targets import time_to_target
from hpobench_lab.analysis.runs.aggregate import median
from hpobench_lab.analysis.runs.panel import Panel

__all__ = ["Race", "compared", "races"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

HALF = 0.5


@dataclass(frozen=True)
class Race:
    """Hold the times of a and b on one testbed to each of b's values at half the budget.

    Args:
        rank: Rank of each seed's value of b, from 0, shape (s,).
        cost: Spent until the hit, or in all without one, a then b, shape (2, s, s): optimizer,
            seed, target by rank.
        hit: Whether the target was reached, same shape.
    """

    rank: IntArray
    cost: FloatArray
    hit: NDArray[np.bool_]

    @property
    def run_times(self) -> tuple[float, float]:
        """Return the expected run times of a and b, infinite without a hit.

        Some run of b always hits: the best one at half the budget is at the others' level.
        """
        n = len(self.rank)
        middle = max(n - 2, 0) // 2
        target = middle + (self.rank <= middle) if n > 1 else self.rank
        seeds = np.arange(n)
        cost = self.cost[:, seeds, target].sum(axis=1)
        hits = self.hit[:, seeds, target].sum(axis=1)
        a, b = np.where(hits > 0, cost / np.maximum(hits, 1), np.inf).tolist()
        return a, b

    @property
    def ratio(self) -> float:
        """Return a's expected run time over b's; NaN when neither has a hit."""
        a, b = self.run_times
        return math.nan if math.isinf(a) and math.isinf(b) else a / b


def races(panel: Panel, axis: str, cut: FloatArray, a: str, b: str) -> list[list[Race]]:
    """Return the races of each source, none where they share no seed.

    Args:
        panel: The runs.
        axis: One of ``traces.AXES``.
        cut: Budget of each testbed, shape (t,).
        a: Label of the one whose times are asked for.
        b: Label of the one whose values at half the cut are the targets.

    Raises:
        ValueError: If a label is unknown.
    """
    for label in (a, b):
        if label not in panel.optimizers:
            raise ValueError(f"unknown optimizer {label!r}; known: {', '.join(panel.optimizers)}")
    i, j = panel.optimizers.index(a), panel.optimizers.index(b)
    beds = [_race(panel, axis, float(cut[t]), (i, j), t) for t in range(len(panel.beds))]
    return [
        [r for r, s in zip(beds, panel.source.tolist(), strict=True) if s == source and r]
        for source in range(len(panel.sources))
    ]


def _race(panel: Panel, axis: str, cut: float, pair: tuple[int, int], bed: int) -> Race | None:
    a, b = pair
    both = np.flatnonzero((panel.run[a, bed] >= 0) & (panel.run[b, bed] >= 0))
    if panel.beds[bed].excluded or not len(both):
        return None
    s, positions, values = panel.steps, list[FloatArray](), list[FloatArray]()
    level = list[float]()
    spent = np.zeros((2, len(both)))
    for row, optimizer in enumerate((a, b)):
        for column, seed in enumerate(both.tolist()):
            run = int(panel.run[optimizer, bed, seed])
            rows = slice(s.offsets[run], s.offsets[run + 1])
            failed = bool(panel.failed[optimizer, bed, seed])
            inside = (s.position[axis][rows] <= cut) & (not failed)
            positions.append(s.position[axis][rows][inside])
            values.append(s.value[rows][inside])
            spent[row, column] = cut if failed else min(cut, float(s.spent[axis][run]))
            if row:
                seen = values[-1][positions[-1] <= HALF * cut]
                level.append(float(seen[-1]) if len(seen) else panel.beds[bed].f_ref)
    order = np.argsort(level, kind="stable")
    ends = np.concatenate([[0], np.cumsum([len(v) for v in values])]).astype(np.int64)
    times = time_to_target(np.concatenate(positions), np.concatenate(values), ends, np.sort(level))
    times = times.reshape(2, len(both), len(both))
    hit = np.isfinite(times)
    return Race(np.argsort(order), np.where(hit, times, spent[:, :, None]), hit)


def compared(groups: Sequence[Sequence[Race]]) -> Estimate:
    """Return the ratio of a's run times to b's: geometric median over testbeds, then sources.

    Args:
        groups: Races of each source.

    Returns:
        With an order-statistic interval over sources; infinite where a never arrives on most.
        Method and citation are the caller's to fill; the warning ``infinite`` counts sources.
    """
    values = np.array([_middle([race.ratio for race in group]) for group in groups])
    known = values[~np.isnan(values)]
    excluded, n = len(values) - len(known), len(known)
    if not n:
        return Estimate(math.nan, excluded=excluded, reason="no source was served by both")
    low, high = (_exp(float(end)) for end in median_difference_interval(_log(known)))
    never = int(np.isinf(known).sum())
    return Estimate(
        _middle(known.tolist()),
        low,
        high,
        n=n,
        excluded=excluded,
        warnings=(Caution("infinite", f"{never} of {n} sources"),) if never else (),
        reason="" if n >= FEWEST else f"fewer than {FEWEST} sources have no 95 % interval",
    )


def _middle(values: Sequence[float]) -> float:
    """Return the geometric median, NaN left out; infinity and zero are kept."""
    logs = _log(np.array(values, dtype=np.float64))
    finite = np.clip(logs, -1e6, 1e6)  # beyond any ratio, yet an average stays known
    return _exp(float(median(finite)) if len(finite) else math.nan)


def _log(values: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore"):
        return np.log(values)


def _exp(log: float) -> float:
    return math.inf if log > 1e5 else math.exp(log)
