"""Incumbents are exact steps; nothing is interpolated, filled backwards or clipped."""

from __future__ import annotations

import numpy as np
import pytest

from hpobench_lab.analysis import Steps, simple_regret, value_at
from hpobench_lab.analysis.runs.traces import INCUMBENTS, spent_regret
from tests.synthetic_results import rows_of


def steps(*runs: dict[str, object], full: float = 1.0) -> Steps:
    offsets = np.cumsum([0, *(len(r["id"]) for r in runs)])  # type: ignore[arg-type]
    columns = {k: np.concatenate([r[k] for r in runs]) for k in runs[0]}  # type: ignore[misc]
    return Steps.of(columns, offsets, full)


def test_ties_keep_the_earliest_and_nan_is_never_an_incumbent() -> None:
    s = steps(rows_of([np.nan, 3.0, 3.0, np.inf, 2.0]))
    assert s.value.tolist() == [3.0, 2.0]
    assert s.position["evaluations"].tolist() == [2.0, 5.0]


def test_value_is_a_right_continuous_step_and_undefined_before_the_first() -> None:
    s = steps(rows_of([np.nan, 3.0, 1.0]), rows_of([7.0]))
    got = value_at(s.position["evaluations"], s.value, s.offsets, [1, 2, 2.999, 3, 99])
    np.testing.assert_array_equal(got, [[np.nan, 3, 3, 1, 1], [7, 7, 7, 7, 7]])


def test_incumbent_follows_told_losses_and_is_scored_at_full_fidelity() -> None:
    s = steps(rows_of([5.0, 4.0, 3.0], score=[1.0, 2.0, np.nan]))
    assert s.value.tolist() == [1.0, 2.0, 3.0]  # it may rise
    assert s.own.tolist() == [False, False, True]


def test_axes_count_evaluations_units_full_equivalents_and_seconds() -> None:
    s = steps(rows_of([3.0, 2.0, 1.0], units=[1.0, 9.0, 90.0]), full=100.0)
    assert s.position["evaluations"].tolist() == [1, 2, 3]
    assert s.position["fidelity_units"].tolist() == [1, 10, 100]
    np.testing.assert_allclose(s.position["full_evaluations"], [0.01, 0.1, 1.0])
    assert s.position["simulated_seconds"].tolist() == [1, 10, 100]
    assert s.spent["full_evaluations"].tolist() == [1.0]


def test_cut_trials_do_not_count() -> None:
    run = rows_of([3.0, 2.0, 1.0])
    run["status"] = np.array([0, 0, 5], np.uint8)
    s = steps(run)
    assert s.value.tolist() == [3.0, 2.0]
    assert s.spent["evaluations"].tolist() == [2.0]
    assert s.spent["simulated_seconds"].tolist() == [2.0]


def test_a_value_below_an_exact_optimum_is_an_error_and_below_a_best_known_is_not() -> None:
    with pytest.raises(ValueError, match="below the exact optimum"):
        simple_regret([0.9], 1.0)
    assert simple_regret([0.5], 1.0, exact=False).tolist() == [-0.5]


def test_no_runs_no_steps() -> None:
    assert steps(rows_of([])).value.tolist() == []


def test_a_run_may_show_any_fidelity_or_the_largest_only() -> None:
    columns = {
        "status": np.zeros(4, np.uint8),
        "loss": np.array([3.0, 1.0, 2.0, 2.5]),
        "score": np.array([3.5, 2.2, np.nan, np.nan]),
        "units": np.ones(4),
        "end": np.arange(1.0, 5.0),
        "fidelity": np.array([10.0, 1.0, np.nan, 10.0]),
    }
    offsets = np.array([0, 4])
    true, low, high = (Steps.of(columns, offsets, 10.0, incumbent=x) for x in INCUMBENTS)
    assert true.value.tolist() == [3.5, 2.2]
    assert low.value.tolist() == [3.0, 1.0]
    assert high.value.tolist() == [3.5, 2.0]
    assert high.position["evaluations"].tolist() == [1.0, 3.0]
    with pytest.raises(ValueError, match="unknown incumbent 'best'"):
        Steps.of(columns, offsets, 10.0, incumbent="best")


def test_cumulative_regret_weighs_every_trial_by_its_cost() -> None:
    columns = {
        "status": np.array([0, 0, 1, 5, 0], np.uint8),
        "loss": np.array([2.0, 4.0, np.nan, 0.0, 1.0]),
        "units": np.array([1.0, 3.0, 2.0, 9.0, 1.0]),
    }
    found = spent_regret(columns, np.array([0, 4, 4, 5]), [0.0, 0.0, 0.0], [4.0, 4.0, 2.0])
    assert found[0] == pytest.approx((1 * 0.5 + 3 * 1.0 + 2 * 1.0) / 6)  # the cut trial is free
    assert np.isnan(found[1])
    assert found[2] == 0.5
