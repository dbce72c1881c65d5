"""The Bayesian signed-rank triple and the corrected resampled t test."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hpobench_lab.analysis.inference.bayes import bayesian_signed_rank, corrected_t

FOLDS = [0.02, 0.01, 0.03, -0.01, 0.02, 0, 0.01, 0.02, 0.01, 0.01]


def test_nadeau_bengio_known_answer() -> None:
    test = corrected_t(FOLDS, 1 / 9)
    assert test.t == pytest.approx(2.300477, abs=5e-7)
    assert test.p == pytest.approx(0.0469627, abs=5e-8)
    assert test.low < test.value < test.high
    assert (test.value, test.n, test.excluded) == (pytest.approx(0.012), 10, 0)


def test_the_interval_and_the_p_agree() -> None:
    from scipy.stats import t

    test = corrected_t(FOLDS, 1 / 9)
    assert test.p == pytest.approx(2 * t.sf(abs(test.t), 9))
    low, high = t.interval(0.95, 9, loc=test.value, scale=test.scale)
    assert (test.low, test.high) == (pytest.approx(low), pytest.approx(high))


def test_corrected_t_without_overlap_tends_to_the_plain_t_test() -> None:
    from scipy.stats import ttest_1samp

    ours, theirs = corrected_t(FOLDS, 1e-15), ttest_1samp(FOLDS, 0)
    assert ours.t == pytest.approx(theirs.statistic)
    assert ours.p == pytest.approx(theirs.pvalue)


def test_corrected_t_holds_its_level_at_the_correlation_that_it_assumes() -> None:
    rng, share = np.random.default_rng(0), 0.1  # test / (test + train)
    rejected = []
    for _ in range(2000):
        d = np.sqrt(1 - share) * rng.normal(size=10) + np.sqrt(share) * rng.normal()
        rejected.append(corrected_t(d, 1 / 9).p <= 0.05)
    assert 0.04 <= np.mean(rejected) <= 0.06


def test_corrected_t_rejects_too_often_where_training_noise_dominates() -> None:
    """Keep the limit in sight that the docstring states: this is no test to trust blindly."""
    rng, n, folds = np.random.default_rng(0), 200, 10
    rejected = []
    for _ in range(600):
        data = rng.normal(size=n)  # a fold's difference: its own rows and those it trained on
        parts = data.reshape(folds, -1)
        train = (data.sum() - parts.sum(axis=1)) / (n - n / folds)
        rejected.append(corrected_t(parts.mean(axis=1) + train, 1 / 9).p <= 0.05)
    assert np.mean(rejected) > 0.1


def test_degenerate_differences_are_said() -> None:
    assert corrected_t([0.0] * 5, 0.1).p == 1.0
    assert corrected_t([0.01] * 10, 0.1).warnings
    assert corrected_t([0.01] * 10, 0.1).triple(0.005).worse == 1.0
    assert corrected_t([0.3], 0.1).reason
    assert math.isnan(corrected_t([], 0.1).triple(0.1).better)
    with pytest.raises(ValueError, match="positive"):
        corrected_t(FOLDS, 0)


def test_triple_sums_to_one_and_mirrors() -> None:
    d = np.random.default_rng(1).normal(-0.02, 0.05, size=20)
    a, b = bayesian_signed_rank(d, 0.01), bayesian_signed_rank(-d, 0.01)
    assert a.better + a.same + a.worse == pytest.approx(1)
    assert (a.better, a.same, a.worse) == (b.worse, b.same, b.better)
    assert a.better > a.worse
    np.testing.assert_allclose(a.samples.sum(axis=1), 1)
    assert all(x <= y <= z for x, y, z in zip(a.low, a.shares, a.high, strict=True))


def test_the_same_seed_gives_the_same_triple() -> None:
    d = [0.1, -0.2, 0.3]
    assert bayesian_signed_rank(d, 0.1, rng=5).better == bayesian_signed_rank(d, 0.1, rng=5).better


def test_small_differences_are_practically_the_same() -> None:
    assert bayesian_signed_rank(np.full(12, 0.001), 0.01).same == 1.0


def test_without_a_rope_nothing_is_the_same() -> None:
    a = bayesian_signed_rank([0.1, -0.2, 0.3, 0.0], 0.0)
    assert a.same == 0.0
    assert a.better + a.worse == pytest.approx(1)
    assert bayesian_signed_rank([0.0] * 8, 0.0).better == 0.5


def test_infinite_differences_count_as_beyond_any_rope() -> None:
    assert bayesian_signed_rank([math.inf] * 9, 0.1).worse > 0.99
    balanced = bayesian_signed_rank([math.inf] * 5 + [-math.inf] * 5, 0.1)
    assert balanced.better == pytest.approx(balanced.worse, abs=0.02)


def test_no_sources_is_said() -> None:
    a = bayesian_signed_rank([math.nan], 0.1)
    assert (a.n, a.excluded, a.reason) == (0, 1, "there are no common sources")
    assert math.isnan(a.better)
    with pytest.raises(ValueError, match="at least 0"):
        bayesian_signed_rank([1.0], -1)


@pytest.mark.parametrize("rope", [0.0, 0.01, 0.03])
def test_signed_rank_agrees_with_baycomp(rope: float) -> None:
    baycomp = pytest.importorskip("baycomp", reason="the oracle baycomp is missing")
    d = np.random.default_rng(3).normal(-0.015, 0.04, size=18)
    theirs = baycomp.SignedRankTest.probs(np.zeros(18), d, rope=rope, random_state=1)
    ours = bayesian_signed_rank(d, rope)
    mine = (ours.better, ours.same, ours.worse) if rope else (ours.better, ours.worse)
    np.testing.assert_allclose(mine, theirs, atol=0.015)  # 50,000 draws on either side


@pytest.mark.parametrize("rope", [0.0, 0.01])
def test_correlated_t_agrees_with_baycomp(rope: float) -> None:
    baycomp = pytest.importorskip("baycomp", reason="the oracle baycomp is missing")
    theirs = baycomp.CorrelatedTTest.probs(np.zeros(10), np.array(FOLDS), rope=rope)
    ours = corrected_t(FOLDS, 1 / 9).triple(rope)
    mine = (ours.better, ours.same, ours.worse) if rope else (ours.better, ours.worse)
    np.testing.assert_allclose(mine, theirs, rtol=1e-9)
