"""Intervals from order statistics over few sources."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hpobench_lab.analysis.inference.intervals import (
    FEWEST,
    iqm_interval,
    median_difference_interval,
    rank_interval,
)
from hpobench_lab.analysis.runs.aggregate import iqm, median


def exact(n: int, depth: int) -> float:
    """Return what the order statistics from ``depth`` to the one as far from the end cover."""
    return 1 - 2 * sum(math.comb(n, i) for i in range(depth)) / 2**n


@pytest.mark.parametrize(("n", "depth"), [(6, 1), (9, 2), (12, 3), (40, 14)])
def test_at_an_attainable_level_the_ends_are_order_statistics(n: int, depth: int) -> None:
    x = np.random.default_rng(n).normal(size=n)
    low, high = median_difference_interval(x, level=exact(n, depth))
    assert (low, high) == pytest.approx((np.sort(x)[depth - 1], np.sort(x)[n - depth]))


@pytest.mark.parametrize("rule", [median_difference_interval, iqm_interval])
def test_rows_are_answered_as_if_alone_and_nan_is_left_out(rule: object) -> None:
    assert callable(rule)
    x = np.random.default_rng(0).normal(size=(2, 3, 9))
    x[0, 1, 4:6], x[1, 2, 2:] = np.nan, np.nan
    low, high = rule(x)
    for i, j in np.ndindex(2, 3):
        alone = rule(x[i, j][~np.isnan(x[i, j])])
        np.testing.assert_array_equal([low[i, j], high[i, j]], alone)
    assert math.isnan(low[1, 2])


@pytest.mark.parametrize("n", [5, 6, 9, 13, 20, 60])
def test_the_estimate_lies_inside_and_the_ends_inside_the_data(n: int) -> None:
    x = np.random.default_rng(n).lognormal(0, 2, size=(200, n))
    for rule, estimate in ((median_difference_interval, median), (iqm_interval, iqm)):
        low, high = rule(x)
        assert (low <= estimate(x)).all()
        assert (estimate(x) <= high).all()
        assert (x.min(axis=1) <= low * (1 + 1e-12)).all()
        assert (high <= x.max(axis=1) * (1 + 1e-12)).all()


def test_a_level_that_the_range_cannot_have_has_infinite_ends() -> None:
    low, high = median_difference_interval(np.arange(6.0), level=0.99)
    assert (low, high) == (-math.inf, math.inf)


def test_few_values_have_none() -> None:
    for rule in (median_difference_interval, iqm_interval):
        assert np.isnan(rule(np.arange(FEWEST - 1.0))).all()
        assert np.isfinite(rule(np.arange(float(FEWEST)))).all()


def test_infinite_differences_make_infinite_ends_only() -> None:
    low, high = median_difference_interval([-1.0, 0, 1, 2, 3, math.inf, math.inf])
    assert math.isfinite(low)
    assert high == math.inf


def test_the_interval_turns_with_the_sign_and_moves_with_the_unit() -> None:
    x = np.random.default_rng(3).normal(size=11)
    for rule in (median_difference_interval, iqm_interval):
        low, high = rule(x)
        np.testing.assert_allclose(rule(-2 * x + 1), (1 - 2 * high, 1 - 2 * low))


def test_who_is_always_first_may_still_be_second_elsewhere() -> None:
    low, high = rank_interval(np.ones((2, 9)), 5)
    assert (low == 1).all()
    assert (high > 1).all()
    assert np.isnan(rank_interval(np.ones(1), 5)).all()
