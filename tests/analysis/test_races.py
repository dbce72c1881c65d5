"""Races of two optimizers to the final values of one of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from hpobench_lab.analysis.inference.races import compared, races
from hpobench_lab.analysis.measures.targets import ert
from hpobench_lab.analysis.runs.panel import Panel, arrange
from tests.synthetic_results import bed, make, rows_of

BEDS = [bed("synthetic/f0"), bed("synthetic/f1")]
CUT = np.full(2, 30.0)


def panel(seeds: int = 4) -> Panel:
    def losses(name: str, testbed: str, seed: int) -> dict[str, Any]:
        rng = np.random.default_rng([seed, ord(name), int(testbed[-1])])
        return rows_of(rng.random(30).tolist())

    return arrange(make(["a", "b"], BEDS, range(seeds), losses))


def test_each_seed_runs_to_the_level_of_the_others() -> None:
    p = panel()
    ((race,), _) = races(p, "evaluations", CUT, "a", "b")
    s = p.steps

    def steps(i: int, seed: int) -> list[tuple[float, float]]:
        r = p.run[i, 0, seed]
        rows = slice(s.offsets[r], s.offsets[r + 1])
        return list(zip(s.position["evaluations"][rows], s.value[rows], strict=True))

    half = [[v for t, v in steps(1, n) if t <= 15][-1] for n in range(4)]
    for i in (0, 1):
        times = []
        for n in range(4):
            level = sorted(half[:n] + half[n + 1 :])[1]
            times.append(next((t for t, v in steps(i, n) if v <= level), math.inf))
        assert race.run_times[i] == pytest.approx(ert(times, 30).value)


def test_what_happens_after_the_cut_does_not_count() -> None:
    for (race,) in races(panel(), "evaluations", np.full(2, 10.0), "a", "b"):
        assert race.cost.max() <= 10


@pytest.mark.parametrize("seeds", [1, 2, 3, 5])
def test_the_baseline_always_arrives(seeds: int) -> None:
    for (race,) in races(panel(seeds), "evaluations", CUT, "a", "b"):
        assert math.isfinite(race.run_times[1])


def test_without_common_seeds_there_is_no_race() -> None:
    assert math.isnan(compared([[], []]).value)
    assert compared([[], []]).excluded == 2


def test_few_sources_have_no_interval() -> None:
    e = compared(races(panel(), "evaluations", CUT, "a", "b"))
    assert (e.n, e.reason) == (2, "fewer than 5 sources have no 95 % interval")
    assert math.isfinite(e.value)
    assert math.isnan(e.low)
