"""The known answers of the specification, and agreement with SciPy."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from hpobench_lab.analysis import (
    a12,
    bootstrap_sources,
    holm,
    iqm,
    log_time_auc,
    sign_test,
    signed_rank,
    smallest_attainable_p,
)

# Demsar (2006), table 6: AUC of C4.5 and of C4.5+m on 14 data sets
C45 = "763 599 954 628 882 936 661 583 775 1000 940 619 972 957"
C45M = "768 591 971 661 888 931 668 583 838 1000 962 666 981 978"


def test_demsar_wilcoxon_with_zeros_as_pratt() -> None:
    a, b = (np.array(list(map(float, x.split()))) / 1000 for x in (C45M, C45))
    test = signed_rank(np.round(a - b, 3))
    assert (test.statistic, test.n, test.zeros) == (10.5, 14, 2)


def enumerated(d: list[float]) -> float:
    """Return the two-sided p of all sign flips, one by one."""
    rank = {
        v: float(np.mean([i + 1 for i, w in enumerate(sorted(map(abs, d))) if w == v]))
        for v in map(abs, d)
    }
    ranks = [rank[abs(v)] for v in d if v]
    seen = min(sum(rank[v] for v in d if v > 0), sum(rank[-v] for v in d if v < 0))
    sums = [
        sum(r for r, s in zip(ranks, signs, strict=True) if s)
        for signs in itertools.product((0, 1), repeat=len(ranks))
    ]
    return min(1.0, 2 * sum(s <= seen for s in sums) / len(sums))


@pytest.mark.parametrize("seed", range(20))
def test_signed_rank_is_exact_with_zeros_and_ties(seed: int) -> None:
    rng = np.random.default_rng(seed)
    d = rng.integers(-3, 5, size=rng.integers(3, 11)).astype(float).tolist()
    assert signed_rank(d).p == pytest.approx(enumerated(d), abs=1e-12)


@pytest.mark.parametrize("n", [6, 9, 25, 60])
def test_signed_rank_agrees_with_scipy_without_ties(n: int) -> None:
    from scipy.stats import wilcoxon

    d = np.random.default_rng(n).normal(0.3, 1, size=n)
    ours, theirs = signed_rank(d), wilcoxon(d, method="exact")
    assert ours.statistic == theirs.statistic
    assert ours.p == pytest.approx(theirs.pvalue, rel=1e-9)


def test_signed_rank_of_many_pairs_uses_the_normal_approximation() -> None:
    from scipy.stats import wilcoxon

    d = np.random.default_rng(1).normal(0.1, 1, size=400)
    theirs = wilcoxon(d, method="approx", correction=False)
    assert signed_rank(d).method == "normal"
    assert signed_rank(d).p == pytest.approx(theirs.pvalue, rel=1e-9)


def test_signed_rank_of_nothing_but_zeros_is_one() -> None:
    assert signed_rank([0.0] * 8).p == 1.0
    assert signed_rank([]).p == 1.0


def test_smallest_attainable_p() -> None:
    assert [smallest_attainable_p(n) for n in (3, 4, 5, 6)] == [0.25, 0.125, 0.0625, 0.03125]
    assert smallest_attainable_p(9, 15) == pytest.approx(0.0586, abs=5e-5)
    assert smallest_attainable_p(9, 5) == pytest.approx(0.0195, abs=5e-5)
    for n in (3, 4, 5, 6, 9):
        assert signed_rank(np.arange(1.0, n + 1)).p == smallest_attainable_p(n)


def test_sign_test_agrees_with_scipy() -> None:
    from scipy.stats import binomtest

    for wins, losses in [(18, 12), (9, 0), (3, 3), (1, 6)]:
        assert sign_test(wins, losses) == pytest.approx(binomtest(wins, wins + losses).pvalue)
    assert sign_test(0, 0) == 1.0


def test_holm_steps_down_and_leaves_out_nan() -> None:
    # hand: sorted .005 x4, .01 x3, .03 x2, .04 -> .02, .03, .06, .06
    got = holm([0.03, 0.005, np.nan, 0.04, 0.01])
    np.testing.assert_allclose(got, [0.06, 0.02, np.nan, 0.06, 0.03])


def test_a12_and_iqm() -> None:
    assert a12([1, 2, 3], [2, 3, 4]) == pytest.approx(7 / 9)
    assert a12([1.0, np.inf], [np.inf, np.inf]) == 0.75
    assert iqm(np.arange(80) ** 2 / 100) == pytest.approx(16.935)
    assert iqm([0, 1, 10]) == pytest.approx(2.33333, abs=1e-5)
    assert iqm([0, 1, 10, np.nan]) == pytest.approx(2.33333, abs=1e-5)


def test_log_time_auc() -> None:
    assert log_time_auc([1, 10, 100], [1, 0.1, 0.01], 1, 1000) == pytest.approx(0.37)
    assert log_time_auc([10], [0.0], 1, 100) == pytest.approx(0.5)  # 1 before the first value
    assert log_time_auc([], [], 1, 100) == 1.0
    assert log_time_auc([2000], [0.0], 1, 1000) == 1.0  # a step beyond the cut does not count


def test_bootstrap_draws_the_same_sources_and_seeds_for_all_optimizers() -> None:
    base = np.random.default_rng(0).normal(size=(1, 7, 5))
    draws = bootstrap_sources(np.concatenate([base, base + 1]), np.arange(7), draws=300)
    np.testing.assert_allclose(draws[:, 1] - draws[:, 0], 1.0)
    again = bootstrap_sources(np.concatenate([base, base + 1]), np.arange(7), draws=300)
    np.testing.assert_array_equal(draws, again)


def test_bootstrap_never_splits_a_source() -> None:
    values = np.array([[[0.0], [10.0], [4.0]]])  # the first two testbeds share a source
    draws = bootstrap_sources(values, np.array([0, 0, 1]), draws=200)
    assert set(np.unique(draws).tolist()) == {4.0, 5.0}


def test_bootstrap_spread_is_that_of_resampled_means_of_sources() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(1, 40, 1))
    means = bootstrap_sources(values, np.arange(40), draws=4000).mean(axis=2)[:, 0]
    assert means.std() == pytest.approx(values.std() / np.sqrt(40), rel=0.05)
