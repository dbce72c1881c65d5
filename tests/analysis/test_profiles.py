"""Performance profiles, and what an evaluation is worth in random ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from hpobench_lab.analysis.measures.profiles import performance_profile, random_worth, ratio_profile
from hpobench_lab.analysis.runs.panel import Panel, arrange
from tests.synthetic_results import bed, make, rows_of

AT = np.logspace(-3, 0, 7)


def test_sources_weigh_the_same_and_adding_an_optimizer_changes_nobody() -> None:
    rng = np.random.default_rng(0)
    regret, source = rng.random((3, 5, 4)), np.array([0, 0, 0, 1, 2])
    few, all_three = (performance_profile(r, source, AT) for r in (regret[:2], regret))
    np.testing.assert_array_equal(few.share, all_three.share[:2])
    np.testing.assert_array_equal(few.low, all_three.low[:2])
    beds = (regret[0, :, :, None] <= AT).mean(axis=1)
    hand = (beds[:3].mean(axis=0) + beds[3] + beds[4]) / 3
    np.testing.assert_allclose(few.share[0], hand)
    assert (few.n, few.excluded) == (3, 0)


def test_a_profile_rises_and_lies_in_its_band() -> None:
    regret = np.random.default_rng(1).random((2, 12, 3))
    p = performance_profile(regret, np.arange(12), AT)
    assert (np.diff(p.share, axis=1) >= 0).all()
    assert (p.low <= p.share).all()
    assert (p.share <= p.high).all()


def test_missing_runs_and_excluded_testbeds_do_not_count() -> None:
    regret = np.array([[[0.1, np.nan], [0.9, 0.9], [0.1, 0.1]], [[np.nan] * 2] * 3])
    p = performance_profile(regret, np.array([0, -1, 1]), [0.5])
    assert p.share[0, 0] == 1.0
    assert math.isnan(p.share[1, 0])
    none = performance_profile(np.full((1, 1, 1), np.nan), np.array([-1]), [0.5])
    assert (none.n, math.isnan(none.share[0, 0])) == (0, True)


def test_ratio_profile_counts_unsolved_and_warns_of_the_pool() -> None:
    p = ratio_profile([[1, 10, math.inf], [2, math.inf, math.inf], [4, 5, math.inf]], [1, 2, 4])
    np.testing.assert_array_equal(p.share, [[0.5, 1, 1], [0, 0.5, 0.5], [0.5, 0.5, 1]])
    assert (p.n, p.excluded, [c.code for c in p.warnings]) == (2, 1, ["pool"])
    assert np.isnan(ratio_profile([[math.inf]], [1.0]).share).all()


BEDS = [bed(f"synthetic/f{i}", optimum=0.0, reference=0.5) for i in range(10)]
CUT = np.full(10, 60.0)


def drawn(times: dict[str, int], seeds: int = 9) -> Panel:
    """Return runs in which every evaluation is the best of a number of uniform random draws."""

    def losses(name: str, testbed: str, seed: int) -> dict[str, Any]:
        rng = np.random.default_rng([seed, sum(map(ord, name)), int(testbed[-1])])
        return rows_of(rng.random((60, times[name])).min(axis=1).tolist())

    return arrange(make(list(times), BEDS, range(seeds), losses))


PANEL = drawn({"random": 1, "triple": 3, "again": 1})


@pytest.mark.parametrize(("label", "worth"), [("triple", 3), ("again", 1)])
def test_an_evaluation_is_worth_the_draws_that_it_holds(label: str, worth: float) -> None:
    e = random_worth(PANEL, "evaluations", CUT, label)
    assert e.value == pytest.approx(worth, rel=0.35)
    assert e.low <= worth <= e.high
    assert (e.n, e.excluded) == (10, 0)


def test_random_search_is_worth_itself() -> None:
    e = random_worth(PANEL, "evaluations", CUT, "random")
    assert (e.low, e.value, e.high) == (1, 1, 1)


def test_who_never_arrives_is_worth_nothing_and_who_is_perfect_something_finite() -> None:
    at = {"random": 0.3, "best": 0.0, "lost": 0.5}

    def losses(name: str, testbed: str, seed: int) -> dict[str, Any]:
        return rows_of([0.5] * 9 + [at[name]] * 51)

    panel = arrange(make(list(at), BEDS, range(3), losses))
    assert random_worth(panel, "evaluations", CUT, "best").value == 1
    lost = random_worth(panel, "evaluations", CUT, "lost")
    assert (lost.value, lost.low, lost.high) == (0, 0, 0)
    assert "never arrives" in lost.warnings[0].text
    assert "10 of 10 sources" in lost.warnings[0].text


def test_an_unknown_label_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown optimizer 'moon'"):
        random_worth(PANEL, "evaluations", CUT, "moon")
