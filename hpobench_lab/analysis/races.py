"""Two optimizers race to the final regrets of one of them; what restarts of either would take.

Shared by the budget ratio of the gate and by what one evaluation is worth in random ones. The
target is the lower median of the second optimizer's final values, one that a run of it had; a run
that never gets there has spent its whole budget.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.analysis.aggregate import median
from hpobench_lab.analysis.estimate import Caution, Estimate
from hpobench_lab.analysis.panel import Panel
from hpobench_lab.analysis.targets import time_to_target

__all__ = ["Race", "compared", "races"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Random = np.random.Generator | int
Statistic = Callable[["Race", IntArray], FloatArray]


@dataclass(frozen=True)
class Race:
    """Hold the times of a and b on one testbed to each of b's final values.

    Args:
        rank: Rank of each seed's final value of b, from 0, shape (s,).
        cost: Spent until the hit, or in all without one, a then b, shape (2, s, s): optimizer,
            seed, target by rank.
        hit: Whether the target was reached, same shape.
        cut: The budget.
    """

    rank: IntArray
    cost: FloatArray
    hit: NDArray[np.bool_]
    cut: float

    def run_times(self, seeds: IntArray) -> FloatArray:
        """Return expected run times of a and b to b's lower median for draws of seeds.

        Args:
            seeds: Shape (draws, s).

        Returns:
            Shape (2, draws), infinite without a hit.
        """
        middle = (seeds.shape[1] - 1) // 2
        target = np.sort(self.rank[seeds], axis=1)[:, middle, None]
        cost = self.cost[:, seeds, target].sum(axis=2)
        hits = self.hit[:, seeds, target].sum(axis=2)
        return np.where(hits > 0, cost / np.maximum(hits, 1), np.inf)

    def ratio(self, seeds: IntArray) -> FloatArray:
        """Return a's expected run time over b's, shape (draws,); NaN when neither has a hit."""
        a, b = self.run_times(seeds)
        both = np.isinf(a) & np.isinf(b)
        return np.where(both, np.nan, np.where(both, 1.0, a) / np.where(both, 1.0, b))


def races(
    panel: Panel, axis: str, cut: FloatArray, a: str, b: str, *, reach: float = 1.0
) -> list[list[Race]]:
    """Return the races of each source, none where they share no seed.

    Args:
        panel: The runs.
        axis: One of ``traces.AXES``.
        cut: Budget of each testbed, shape (t,).
        a: Label of the one whose times are asked for.
        b: Label of the one whose values at the cut are the targets.
        reach: How far beyond the cut, as a factor, hits of either still count, where runs go on.

    Raises:
        ValueError: If a label is unknown.
    """
    for label in (a, b):
        if label not in panel.optimizers:
            raise ValueError(f"unknown optimizer {label!r}; known: {', '.join(panel.optimizers)}")
    i, j = panel.optimizers.index(a), panel.optimizers.index(b)
    beds = [_race(panel, axis, float(cut[t]), reach, (i, j), t) for t in range(len(panel.beds))]
    return [
        [r for r, s in zip(beds, panel.source.tolist(), strict=True) if s == source and r]
        for source in range(len(panel.sources))
    ]


def _race(
    panel: Panel, axis: str, cut: float, reach: float, pair: tuple[int, int], bed: int
) -> Race | None:
    a, b = pair
    both = np.flatnonzero((panel.run[a, bed] >= 0) & (panel.run[b, bed] >= 0))
    if panel.beds[bed].excluded or not len(both):
        return None
    s, positions, values = panel.steps, list[FloatArray](), list[FloatArray]()
    final, end = list[float](), cut * reach
    spent = np.zeros((2, len(both)))
    for row, optimizer in enumerate((a, b)):
        for column, seed in enumerate(both.tolist()):
            run = int(panel.run[optimizer, bed, seed])
            rows = slice(s.offsets[run], s.offsets[run + 1])
            failed = bool(panel.failed[optimizer, bed, seed])
            inside = (s.position[axis][rows] <= end) & (not failed)
            positions.append(s.position[axis][rows][inside])
            values.append(s.value[rows][inside])
            spent[row, column] = end if failed else min(end, float(s.spent[axis][run]))
            if row:
                seen = values[-1][positions[-1] <= cut]
                final.append(float(seen[-1]) if len(seen) else panel.beds[bed].f_ref)
    order = np.argsort(final, kind="stable")
    ends = np.concatenate([[0], np.cumsum([len(v) for v in values])]).astype(np.int64)
    times = time_to_target(np.concatenate(positions), np.concatenate(values), ends, np.sort(final))
    times = times.reshape(2, len(both), len(both))
    hit = np.isfinite(times)
    return Race(np.argsort(order), np.where(hit, times, spent[:, :, None]), hit, cut)


def compared(
    groups: Sequence[Sequence[Race]], statistic: Statistic, *, rng: Random = 0, draws: int = 2000
) -> Estimate:
    """Return a positive statistic's median over sources, resampling sources, then common seeds.

    Args:
        groups: Races of each source.
        statistic: Of a race and draws of seeds, shape (draws, s) -> (draws,); may be infinite.
        rng: Generator or seed.
        draws: Number of bootstrap draws.

    Returns:
        Method and citation are the caller's to fill; the warning ``infinite`` counts sources.
    """
    values = np.array([_of_source(g, statistic) for g in groups])
    known = [g for g, v in zip(groups, values.tolist(), strict=True) if not math.isnan(v)]
    excluded = len(groups) - len(known)
    if not known:
        return Estimate(math.nan, excluded=excluded, reason="no source was served by both")
    low = high = math.nan
    if len(known) > 1:
        drawn = _resampled(known, statistic, np.random.default_rng(rng), draws)
        drawn = np.sort(drawn[~np.isnan(drawn)])
        ends = [int(q * len(drawn)) for q in (0.025, 0.975)]
        low, high = (float(drawn[i]) for i in ends)
    never = int(np.isinf(values).sum())
    text = f"infinite on {never} of {len(known)} sources"
    return Estimate(
        float(_middle(values[:, None])[0]),
        low,
        high,
        n=len(known),
        excluded=excluded,
        warnings=(Caution("infinite", text),) if never else (),
        reason="" if len(known) > 1 else "one source has no interval",
    )


def _of_source(group: Sequence[Race], statistic: Statistic) -> float:
    if not group:
        return math.nan
    beds = [statistic(race, np.arange(len(race.rank))[None]) for race in group]
    return float(_middle(np.stack(beds))[0])


def _middle(values: FloatArray) -> FloatArray:
    """Return geometric medians along the first axis, NaN left out, infinity kept."""
    with np.errstate(divide="ignore"):
        logs = np.log(values)
    finite = np.where(np.isposinf(logs), 1e6, logs)  # beyond any ratio, yet an average stays known
    out = median(finite.T)
    return np.where(out > 1e5, np.inf, np.exp(np.minimum(out, 700)))


def _resampled(
    groups: Sequence[Sequence[Race]], statistic: Statistic, rng: np.random.Generator, draws: int
) -> FloatArray:
    pick = rng.integers(0, len(groups), size=(draws, len(groups)))
    out = np.full((draws, len(groups)), np.nan)
    for source, group in enumerate(groups):
        rows, slots = np.nonzero(pick == source)
        beds = [
            statistic(race, rng.integers(0, len(race.rank), size=(len(rows), len(race.rank))))
            for race in group
        ]
        out[rows, slots] = _middle(np.stack(beds))
    return _middle(out.T)
