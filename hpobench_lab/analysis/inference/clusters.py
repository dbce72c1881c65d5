"""Crossed designs: learners on data sets, where a testbed belongs to two clusters at once.

Testbeds of one data set share its difficulty, testbeds of one learner its response surface. An
interval over data sets alone is about other data sets for these learners; where there are enough
learners too, both are drawn again, independently of each other.

References:
    Owen (2007), "The pigeonhole bootstrap", Annals of Applied Statistics 1:386-411.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.analysis.inference.intervals import FEWEST
from hpobench_lab.analysis.runs.aggregate import interval, median

__all__ = ["crossed", "two_way_interval"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

FILLED = 0.5
DRAWS = 2000


def crossed(families: Sequence[str], source: IntArray) -> bool:
    """Return whether enough learners meet enough data sets to draw both again.

    At least five of each, and at least half of the pairs are there.

    Args:
        families: Of each testbed, t in all.
        source: Index of each testbed's source, shape (t,); -1 leaves the testbed out.

    >>> crossed(["mlp", "xgb"] * 5, np.repeat(np.arange(5), 2))
    False
    >>> crossed([f"learner {i}" for i in range(5)] * 6, np.repeat(np.arange(6), 5))
    True
    """
    cells = {(f, s) for f, s in zip(families, source.tolist(), strict=True) if s >= 0}
    learners, sources = {f for f, _ in cells}, {s for _, s in cells}
    enough = min(len(learners), len(sources)) >= FEWEST
    return enough and len(cells) >= FILLED * len(learners) * len(sources)


def two_way_interval(
    gap: FloatArray, source: IntArray, families: Sequence[str], *, draws: int = DRAWS, seed: int = 0
) -> tuple[float, float]:
    """Return a 95 % interval of the median over sources of the median over their learners.

    Args:
        gap: Difference on each testbed, NaN where there is none, shape (t,).
        source: Index of each testbed's source, shape (t,); -1 leaves the testbed out.
        families: Of each testbed.
        draws: Bootstrap draws.
        seed: Of the draws.

    References:
        Owen (2007), Annals of Applied Statistics 1:386-411.

    >>> gap = np.tile(np.arange(5.0), 6)
    >>> low, high = two_way_interval(gap, np.repeat(np.arange(6), 5), list("abcde") * 6)
    >>> low < 2 < high
    True
    """
    names = sorted(set(families))
    table = np.full((int(source.max(initial=-1)) + 1, len(names)), np.nan)
    for j, family in enumerate(families):
        if source[j] >= 0:
            table[source[j], names.index(family)] = gap[j]
    rng = np.random.default_rng(seed)
    found = np.empty(draws)
    for i in range(draws):
        rows = rng.integers(0, len(table), size=len(table))
        columns = rng.integers(0, len(names), size=len(names))
        found[i] = float(median(median(table[rows][:, columns])))
    return interval(found)
