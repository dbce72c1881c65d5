"""Races of two optimizers to the final values of one of them."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from hpobench_lab.analysis.panel import Panel, arrange
from hpobench_lab.analysis.races import compared, races
from hpobench_lab.analysis.targets import ert
from tests.synthetic_results import bed, make, rows_of

BEDS = [bed("synthetic/f0"), bed("synthetic/f1")]
CUT = np.full(2, 30.0)


def panel(**more: Any) -> Panel:
    def losses(name: str, testbed: str, seed: int) -> dict[str, Any]:
        rng = np.random.default_rng([seed, ord(name), int(testbed[-1])])
        return rows_of(rng.random(30).tolist())

    return arrange(make(["a", "b"], BEDS, range(4), losses, **more))


def test_run_times_agree_with_ert_of_times_read_by_hand() -> None:
    p = panel()
    ((race,), _) = races(p, "evaluations", CUT, "a", "b")
    s = p.steps

    def steps(i: int, seed: int) -> list[tuple[float, float]]:
        r = p.run[i, 0, seed]
        rows = slice(s.offsets[r], s.offsets[r + 1])
        return list(zip(s.position["evaluations"][rows], s.value[rows], strict=True))

    for seeds in itertools.combinations_with_replacement(range(4), 4):
        target = sorted(steps(1, i)[-1][1] for i in seeds)[1]
        for i in (0, 1):
            times = [next((t for t, v in steps(i, n) if v <= target), math.inf) for n in seeds]
            got = race.run_times(np.array([seeds]))[i, 0]
            assert got == pytest.approx(ert(times, 30).value)


def test_what_happens_after_the_cut_does_not_count() -> None:
    for (race,) in races(panel(), "evaluations", np.full(2, 10.0), "a", "b"):
        assert race.cost.max() <= 10


def test_without_common_seeds_there_is_no_race() -> None:
    assert math.isnan(compared([[], []], lambda r, s: r.ratio(s)).value)
    assert compared([[], []], lambda r, s: r.ratio(s)).excluded == 2


def test_one_source_has_no_interval() -> None:
    e = compared(races(panel(), "evaluations", CUT, "a", "b")[:1], lambda r, s: r.ratio(s))
    assert (e.n, e.reason) == (1, "one source has no interval")
    assert math.isnan(e.low)
