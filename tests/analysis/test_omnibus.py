"""Friedman, Iman-Davenport, permutation p, Nemenyi and the critical-difference groups."""

from __future__ import annotations

import itertools
import math
import warnings

import numpy as np
import pytest

from hpobench_lab.analysis.inference.critical_difference import critical_difference, nemenyi_cd
from hpobench_lab.analysis.inference.omnibus import friedman, friedman_of_ranks, permutation_p

# Demsar (2006), JMLR 7, table 6: AUC of C4.5, C4.5+m, C4.5+cf, C4.5+m+cf in thousandths
AUC = """
763 768 771 798  599 591 590 569  954 971 968 967  628 661 654 657  882 888 886 898
936 931 916 931  661 668 609 685  583 583 563 625  775 838 866 875  1000 1000 1000 1000
940 962 965 962  619 666 614 669  972 981 975 975  957 978 946 970
"""
# the ranks that the paper prints; voting (last but one) is ranked 4 1 2 3 there
RANKS = """
4 3 2 1  1 2 3 4  4 1 2 3  4 1 3 2  4 2 3 1  1 2.5 4 2.5  3 2 4 1  2.5 2.5 4 1  4 3 2 1
2.5 2.5 2.5 2.5  4 2.5 1 2.5  3 2 4 1  4 1 2 3  3 1 4 2
"""
LOSSES = -np.array(AUC.split(), dtype=float).reshape(14, 4).T
PAPER = np.array(RANKS.split(), dtype=float).reshape(14, 4).T


def test_demsar_table_6_mean_ranks_chi2_and_f() -> None:
    test = friedman_of_ranks(PAPER)
    np.testing.assert_allclose(test.mean_ranks, [3.1429, 2.0, 2.8929, 1.9643], atol=5e-5)
    assert test.chi2_uncorrected == pytest.approx(9.2786, abs=5e-5)
    assert test.chi2 == pytest.approx(10.22835, abs=5e-6)
    assert test.f_uncorrected == pytest.approx(3.6863, abs=5e-5)
    assert (test.n, test.excluded) == (14, 0)


def test_demsar_critical_differences() -> None:
    assert nemenyi_cd(4, 14) == pytest.approx(1.25356, abs=5e-6)
    assert nemenyi_cd(4, 14, alpha=0.1) == pytest.approx(1.11806, abs=5e-6)


@pytest.mark.parametrize("losses", [LOSSES, PAPER, np.random.default_rng(0).normal(size=(6, 30))])
def test_friedman_agrees_with_scipy(losses: np.ndarray) -> None:
    from scipy.stats import friedmanchisquare

    ours, theirs = friedman(losses), friedmanchisquare(*losses)
    assert ours.chi2 == pytest.approx(theirs.statistic)
    assert ours.p_chi2 == pytest.approx(theirs.pvalue)


def test_without_ties_both_statistics_agree() -> None:
    test = friedman(np.random.default_rng(1).normal(size=(5, 12)))
    assert test.chi2 == pytest.approx(test.chi2_uncorrected)
    assert test.f == pytest.approx(test.f_uncorrected)
    assert test.p == test.p_f


def test_iman_davenport_is_the_anova_of_the_ranks() -> None:
    ranks = PAPER
    n, k = ranks.shape[1], len(ranks)
    treat = n * ((ranks.mean(axis=1) - ranks.mean()) ** 2).sum()
    rest = ((ranks - ranks.mean()) ** 2).sum() - treat
    f = (treat / (k - 1)) / (rest / ((n - 1) * (k - 1)))
    assert friedman_of_ranks(ranks).f == pytest.approx(f)


def enumerated(ranks: np.ndarray) -> float:
    seen, reached, total = (ranks.sum(axis=1) ** 2).sum(), 0, 0
    for rows in itertools.product(*(list(itertools.permutations(c)) for c in ranks.T.tolist())):
        total += 1
        reached += (np.sum(rows, axis=0) ** 2).sum() >= seen - 1e-9
    return reached / total


@pytest.mark.parametrize(
    "ranks",
    [
        [[1, 1, 2, 1], [2, 3, 1, 2], [3, 2, 3, 3]],
        [[1.5, 1, 2, 1], [1.5, 3, 2, 2], [3, 2, 2, 3]],
        [[1, 1, 1], [2, 2, 4], [3, 4, 2], [4, 3, 3]],
    ],
)
def test_permutation_p_is_exact_when_small(ranks: list[list[float]]) -> None:
    r = np.array(ranks, dtype=float)
    p, how = permutation_p(r)
    assert how == "exact"
    assert p == pytest.approx(enumerated(r), abs=1e-12)


def test_random_permutations_agree_with_the_exact_count_and_repeat(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exact, how = permutation_p(PAPER)
    monkeypatch.setattr("hpobench_lab.analysis.inference.omnibus.EXACT_STATES", 0)
    drawn, other = permutation_p(PAPER, rng=np.random.default_rng(3))
    assert (how, other) == ("exact", "20000 random permutations")
    assert drawn == pytest.approx(exact, abs=4 * math.sqrt(exact / 20_000))
    assert permutation_p(PAPER, rng=3) == (drawn, other)


def test_permutation_decides_for_few_sources_or_optimizers() -> None:
    few = friedman(np.random.default_rng(0).normal(size=(8, 9)), draws=200)
    assert few.p == few.p_permutation
    assert "random permutations" in few.method
    assert not math.isnan(friedman(LOSSES).p_permutation)


def test_permutation_p_holds_its_level_where_chi2_and_f_do_not() -> None:
    rng = np.random.default_rng(5)
    p = [permutation_p(rng.permuted(np.tile([1, 2, 3], (4, 1)), axis=1).T)[0] for _ in range(600)]
    assert np.mean(np.array(p) <= 0.05) <= 0.06


def test_a_source_that_lacks_an_optimizer_is_left_out_and_counted() -> None:
    holed = LOSSES.copy()
    holed[2, 3] = math.nan
    test = friedman(holed)
    assert (test.n, test.excluded) == (13, 1)
    assert test.chi2 == pytest.approx(friedman(np.delete(LOSSES, 3, axis=1)).chi2)
    assert [c.code for c in test.warnings] == ["common-sources"]


def test_nothing_to_compare_is_said_and_not_raised() -> None:
    for losses in (np.zeros((1, 5)), np.full((3, 4), math.nan), np.zeros((3, 0))):
        assert math.isnan(friedman(losses).p)
        assert friedman(losses).warnings
    assert friedman(np.zeros((3, 8))).p == 1.0  # ties everywhere
    assert friedman(np.zeros((2, 1))).p == 1.0


def test_ranks_that_are_no_ranks_are_refused() -> None:
    with pytest.raises(ValueError, match="sum to 3"):
        friedman_of_ranks([[1, 1], [1, 2]])


def test_nemenyi_p_agrees_with_scikit_posthocs() -> None:
    sp = pytest.importorskip("scikit_posthocs", reason="the oracle scikit-posthocs is missing")
    labels = ["a", "b", "c", "d"]
    d = critical_difference(LOSSES, labels, bars="nemenyi")
    order = [labels.index(x) for x in d.labels]
    theirs = sp.posthoc_nemenyi_friedman(LOSSES.T).to_numpy()[np.ix_(order, order)]
    np.testing.assert_allclose(d.p, theirs, atol=1e-6)


def test_cd_agrees_with_autorank() -> None:
    autorank = pytest.importorskip("autorank", reason="the oracle autorank is missing")
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame = pd.DataFrame(LOSSES.T, columns=list("abcd"))
        theirs = autorank.autorank(frame, alpha=0.05, order="ascending", force_mode="nonparametric")
    ours = critical_difference(LOSSES, list("abcd"))
    assert ours.cd == pytest.approx(theirs.cd, abs=5e-4)
    got = dict(zip(ours.labels, ours.mean_ranks.tolist(), strict=True))
    assert got == pytest.approx(theirs.rankdf["meanrank"].to_dict())


def test_pairs_agree_with_statsmodels_holm_over_scipy_wilcoxon() -> None:
    multitest = pytest.importorskip("statsmodels.stats.multitest", reason="statsmodels is missing")
    from scipy.stats import wilcoxon

    x = np.random.default_rng(2).normal(size=(4, 15)) + np.array([[0], [0.5], [1], [1.2]])
    d = critical_difference(x, list("abcd"))
    y = x[["abcd".index(i) for i in d.labels]]
    pairs = itertools.combinations(range(4), 2)
    raw = [wilcoxon(y[a], y[b], method="exact").pvalue for a, b in pairs]
    theirs = multitest.multipletests(raw, method="holm")[1]
    np.testing.assert_allclose(d.p[np.triu_indices(4, 1)], theirs)


def test_a_bar_never_passes_over_someone_it_does_not_hold() -> None:
    rng = np.random.default_rng(8)
    for _ in range(30):
        x = rng.normal(size=(6, 12)) + rng.normal(size=(6, 1))
        d = critical_difference(x, list("abcdef"))
        for clique in d.cliques:
            at = [d.labels.index(i) for i in clique]
            assert at == list(range(at[0], at[-1] + 1))
            assert (d.p[np.ix_(at, at)] > 0.05).all()
        assert not any(set(a) < set(b) for a in d.cliques for b in d.cliques)


def test_five_sources_cannot_part_anybody_and_it_says_so() -> None:
    d = critical_difference(np.arange(3.0)[:, None] + np.zeros(5), list("abc"))
    assert d.cliques == (("a", "b", "c"),)
    assert [c.code for c in d.warnings] == ["too-few"]


def test_two_infinite_losses_tie() -> None:
    x = np.full((2, 8), math.inf)
    x[0, 0] = 1.0
    d = critical_difference(x, ["a", "b"])
    assert d.labels == ("a", "b")
    assert d.p[0, 1] == 1.0


def test_wrong_number_of_labels_is_refused() -> None:
    with pytest.raises(ValueError, match="1 labels for 2"):
        critical_difference(np.zeros((2, 8)), ["a"])
