"""Time to target, expected run time and run-time ECDFs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hpobench_lab.analysis.measures.targets import (
    ecdf,
    ecdf_log_auc,
    ert,
    hit_share,
    log_targets,
    restarts,
    run_times,
    targets_of,
    time_to_target,
)
from hpobench_lab.analysis.runs.panel import arrange
from tests.synthetic_results import bed, make, steady

INF = math.inf


def test_ert_known_answer() -> None:
    e = ert([10, 20, 30, INF, INF], 100)
    assert e.value == pytest.approx(86.667, abs=5e-4)
    assert (e.n, e.excluded) == (5, 0)


def test_ert_without_a_hit_is_infinite_with_its_lower_bound_printed() -> None:
    e = ert([INF] * 5, 100)
    bound = 100 * 0.05**0.2 / (1 - 0.05**0.2)
    assert (e.value, e.high) == (INF, INF)
    assert e.low == pytest.approx(bound)
    assert "above 500," in e.reason
    assert f"{bound:.3g}" in e.reason


def test_ert_counts_what_each_run_spent_and_leaves_out_missing_runs() -> None:
    e = ert([10, INF, math.nan], [100, 40, 100])
    assert (e.value, e.n, e.excluded) == (50.0, 2, 1)
    assert math.isnan(ert([], 100).value)


def test_ert_interval_is_deterministic_and_holds_the_estimate() -> None:
    times = [10, 20, 30, INF, INF, 15, 12]
    a, b = (ert(times, 100, rng=np.random.default_rng(4)) for _ in range(2))
    assert a == b
    assert a.low < a.value < a.high


def test_ert_interval_covers_the_truth() -> None:
    rng = np.random.default_rng(0)
    truth, covered = 50 + 0.5 / 0.5 * 100, 0
    for _ in range(300):
        times = np.where(rng.random(40) < 0.5, rng.uniform(0, 100, 40), INF)
        e = ert(times, 100, rng=rng, draws=400)
        covered += e.low <= truth <= e.high
    assert 0.90 <= covered / 300 <= 0.98


def test_ecdf_log_auc_known_answer() -> None:
    assert ecdf_log_auc([1, 10, 100, INF], 1, 1000) == pytest.approx(0.5)


def test_ecdf_log_auc_is_the_area_below_the_ecdf() -> None:
    times = np.exp(np.random.default_rng(1).uniform(0, 8, size=30))
    grid = np.linspace(0, np.log(1000), 20001)
    area = float(ecdf(times, np.exp(grid)).mean())
    assert ecdf_log_auc(times, 1, 1000) == pytest.approx(area, abs=1e-3)


def test_ecdf_agrees_with_scipy() -> None:
    from scipy.stats import ecdf as oracle

    times = np.random.default_rng(2).integers(1, 9, size=40).astype(float)
    at = np.linspace(0, 10, 23)
    np.testing.assert_allclose(ecdf(times, at), oracle(times).cdf.evaluate(at))


def test_a_log_axis_that_starts_at_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="0 < start < stop"):
        ecdf_log_auc([1.0], 0, 10)


def test_target_grids() -> None:
    synthetic, other = targets_of("function"), targets_of("surrogate")
    assert len(synthetic) == len(other) == 51
    np.testing.assert_allclose(synthetic[[0, -1]], [1e2, 1e-8])
    np.testing.assert_allclose(other[[0, -1]], [1, 1e-3])
    np.testing.assert_allclose(np.diff(np.log10(log_targets(0, -3))), -0.06)


def test_a_step_exactly_on_target_counts_and_a_later_rise_does_not_undo_it() -> None:
    at = time_to_target(
        np.array([1.0, 2.0, 3.0, 5.0]),
        np.array([4.0, 1.0, 2.0, 0.5]),
        np.array([0, 4]),
        [4, 1, 0.5, 0.1],
    )
    np.testing.assert_array_equal(at, [[1, 2, 5, INF]])


def test_a_run_without_steps_reaches_nothing() -> None:
    assert (time_to_target(np.zeros(0), np.zeros(0), np.array([0, 0]), [1.0]) == INF).all()


def test_simulated_restarts_have_the_mean_that_ert_states() -> None:
    times = np.array([[10.0], [20.0], [30.0], [INF], [INF]])
    drawn = restarts(times, np.full(5, 100.0), np.random.default_rng(0), draws=40_000)
    assert drawn.mean() == pytest.approx(ert(times[:, 0], 100).value, rel=0.02)


def test_restarts_of_runs_that_all_hit_are_those_runs_and_without_a_hit_infinite() -> None:
    times = np.array([[3.0, INF], [5.0, INF]])
    drawn = restarts(times, np.full(2, 9.0), np.random.default_rng(0), draws=50)
    assert set(drawn[:, 0].tolist()) == {3.0, 5.0}
    assert (drawn[:, 1] == INF).all()


def test_hit_share_weighs_sources_and_not_runs() -> None:
    rng = np.random.default_rng(0)
    e = hit_share([np.ones(100), np.full(2, INF), np.full(3, math.nan)], 1, 10, rng)
    assert (e.value, e.n, e.excluded) == (0.5, 2, 1)
    assert math.isnan(hit_share([], 1, 10, rng).value)


def test_run_times_of_a_panel() -> None:
    beds = [bed("synthetic/a"), bed("synthetic/b", kind="table")]
    panel = arrange(make(["x", "y"], beds, range(2), steady({"x": 0.5, "y": 1.0})))
    found = run_times(panel, "evaluations", np.array([20.0, 10.0]))
    assert found.times.shape == (2, 2, 2, 51)
    assert (found.times[..., 1:] >= found.times[..., :-1]).all()
    late = np.isfinite(found.times) & (found.times > np.array([20.0, 10.0])[None, :, None, None])
    assert not late.any()
    np.testing.assert_array_equal(np.unique(found.spent), [10, 20])
