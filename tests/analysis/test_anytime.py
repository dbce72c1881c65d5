"""The league at many budgets equals the league cut at each of them."""

from __future__ import annotations

import numpy as np
import pytest

from hpobench_lab.analysis import analyse
from tests.synthetic_results import bed, make, rows_of, steady

QUALITY = {"random": 0.5, "tpe": 1.0, "slow": 0.1}
MADE = make(
    list(QUALITY), [bed(f"f{i}") for i in range(7)], range(3), steady(QUALITY), baseline="random"
)


def test_each_budget_gives_the_numbers_of_an_analysis_cut_there() -> None:
    whole = analyse(MADE)
    anytime = whole.anytime
    assert anytime.at[-1] == 20
    for j in (0, len(anytime.at) // 2, -1):
        there = analyse(MADE, at=float(anytime.at[j]))
        rows = {r.label: r for r in there.league}
        for i, label in enumerate(anytime.labels):
            assert anytime.regret[i, j] == pytest.approx(rows[label].regret.value, abs=1e-15)
            c = rows[label].comparison
            if c is not None:
                assert anytime.effect[i, j] == pytest.approx(c.effect, abs=1e-12)


def test_the_ratio_to_the_best_is_one_for_the_best_and_larger_for_others() -> None:
    ratio = analyse(MADE).anytime.ratio
    np.testing.assert_array_equal(ratio.min(axis=0), 1.0)


def test_budgets_are_whole_where_evaluations_are_counted() -> None:
    at = analyse(MADE).anytime.at
    np.testing.assert_array_equal(at, np.rint(at))
    assert (np.diff(at) > 0).all()


def test_testbeds_with_different_cuts_share_the_share_of_the_budget() -> None:
    made = make(
        ["random", "tpe"],
        [bed(f"f{i}") for i in range(2)],
        [0, 1],
        lambda _o, t, _s: rows_of(1 / np.arange(1.0, 11.0), units=1.0 + int(t[-1])),
        baseline="random",
    )
    anytime = analyse(made, axis="simulated_seconds").anytime
    assert anytime.words == "share of the budget"
    assert anytime.at[-1] == 1.0
