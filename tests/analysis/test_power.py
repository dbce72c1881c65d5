"""What a design can detect, against closed forms, statsmodels and simulated studies."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from scipy import stats

from hpobench_lab.analysis.inference.pilot import pilot_of
from hpobench_lab.analysis.inference.power import (
    Components,
    Rule,
    attainable_level,
    components,
    detectable_effect,
    detectable_errors,
    deviation_factor,
    seeds_needed,
    sources_needed,
    standard_error,
    t_power,
    useful_seeds,
)
from hpobench_lab.analysis.inference.ranktests import signed_rank, smallest_attainable_p
from tests.synthetic_results import bed, make, rows_of


def drawn(between, within, t, s, seed=0, mean=0.3):
    """Return differences of two optimizers with the given variances of one, shape (1, t, s)."""
    rng = np.random.default_rng(seed)
    tau = rng.normal(0, np.sqrt(2 * between), (t, 1))
    return (mean + tau + rng.normal(0, np.sqrt(2 * within), (t, s)))[None]


# ------------------------------------------------------------------ variance components


def test_components_are_the_textbooks_mean_squares():
    d = drawn(1.0, 0.5, 7, 4)[0]
    of_means = d.mean(axis=1)
    within = d.var(axis=1, ddof=1).mean()
    between = of_means.var(ddof=1) - within / 4
    found = components(d[None])
    assert (2 * found.between, 2 * found.within) == pytest.approx((between, within))
    assert (found.sources, found.seeds) == (7, 4)


@pytest.mark.parametrize("shape", [(9, 5), (20, 3), (12, 8)])
def test_components_equal_reml_where_the_layout_is_balanced(shape):
    sm = pytest.importorskip("statsmodels.api", reason="compares with statsmodels")
    d = drawn(1.0, 0.4, *shape)[0]
    groups = np.repeat(np.arange(shape[0]), shape[1])
    model = sm.MixedLM(d.ravel(), np.ones((d.size, 1)), groups)
    fit = model.fit(reml=True, method="lbfgs")
    found = components(d[None])
    assert 2 * found.between == pytest.approx(float(np.squeeze(fit.cov_re)), rel=2e-3)
    assert 2 * found.within == pytest.approx(float(fit.scale), rel=2e-3)


def test_components_are_unbiased_with_seeds_missing():
    rng, found = np.random.default_rng(1), []
    for seed in range(400):
        d = drawn(1.0, 0.5, 12, 6, seed)
        d[rng.random(d.shape) < 0.3] = np.nan
        of = components(d)
        found.append((of.between, of.within))
    assert np.mean(found, axis=0) == pytest.approx([1.0, 0.5], rel=0.05)


def test_comparisons_are_pooled_before_a_negative_estimate_is_cut():
    below = np.array([[1.0, -1.0], [-1.0, 1.0], [1.0, -1.0]])
    above = np.array([[3.0, 5.0], [-3.0, -5.0], [1.0, -1.0]])
    assert components(below[None]).between == 0.0
    both, alone = components(np.stack([below, above])), components(above[None])
    assert both.between < alone.between / 2
    assert both.within == pytest.approx((components(below[None]).within + alone.within) / 2)


@pytest.mark.parametrize("shape", [(1, 1, 5), (1, 5, 1), (1, 0, 0), (0, 3, 3)])
def test_without_replication_nothing_is_known(shape):
    found = components(np.zeros(shape))
    assert not found.known
    assert np.isnan(detectable_effect(found, Rule(), sources=9, seeds=5))


# ------------------------------------------------------------------ levels and power


@pytest.mark.parametrize("sources", range(2, 14))
@pytest.mark.parametrize("comparisons", [1, 3, 5])
def test_the_attainable_level_is_zero_exactly_where_no_corrected_p_is_small_enough(
    sources, comparisons
):
    level = attainable_level(sources, Rule(comparisons))
    assert (level == 0.0) == (smallest_attainable_p(sources, comparisons) > 0.05)
    assert level <= 0.05 / comparisons


def test_the_attainable_level_is_the_largest_p_of_the_exact_test_below_the_corrected_one():
    ranks = np.arange(1.0, 10.0)
    p = [signed_rank(np.where(ranks == smaller, -ranks, ranks)).p for smaller in range(10)]
    for m in (1, 2, 3, 5):
        assert attainable_level(9, Rule(m)) == max(x for x in p if x <= 0.05 / m)


@pytest.mark.parametrize("sources", [3, 9, 40])
@pytest.mark.parametrize("level", [0.05, 0.01])
def test_the_power_of_the_t_test_is_statsmodels(sources, level):
    power = pytest.importorskip("statsmodels.stats.power", reason="compares with statsmodels")
    for errors in (0.5, 1.0, 2.0, 3.0):
        size = errors / np.sqrt(sources)
        theirs = power.TTestPower().power(size, sources, level)
        assert t_power(errors, sources, level) == pytest.approx(theirs, abs=1e-5)


def test_for_many_sources_an_effect_needs_z_and_z_standard_errors():
    normal = NormalDist().inv_cdf
    for m, power in ((1, 0.8), (5, 0.9)):
        z = normal(1 - 0.05 / 2 / m) + normal(power)
        expected = z * np.sqrt(np.pi / 3)  # the signed-rank test's efficiency
        assert detectable_errors(5000, Rule(m, power=power)) == pytest.approx(expected, rel=1e-3)


def test_both_ways_agree_where_they_meet():
    few, many = (detectable_errors(n, Rule(2)) for n in (30, 31))
    assert few == pytest.approx(many, rel=0.02)


def test_the_standard_error_is_that_of_simulated_studies():
    of = Components(0.5, 2.0, 9, 5)
    means = [drawn(0.5, 2.0, 9, 4, seed).mean() for seed in range(4000)]
    assert np.std(means) == pytest.approx(standard_error(of, 9, 4), rel=0.04)


@pytest.mark.parametrize(("sources", "comparisons"), [(6, 1), (9, 3), (14, 5)])
def test_the_detectable_effect_is_found_in_four_of_five_simulated_studies(sources, comparisons):
    of, rule, n = Components(0.3, 1.0, 9, 5), Rule(comparisons), 1500
    effect = detectable_effect(of, rule, sources=sources, seeds=5)
    found = 0
    for seed in range(n):
        d = drawn(of.between, of.within, sources, 5, 10_000 + seed, mean=effect)[0]
        found += stats.wilcoxon(d.mean(axis=1), method="exact").pvalue <= 0.05 / comparisons
    assert found / n == pytest.approx(0.8, abs=0.035)  # 3.4 standard errors of the simulation


def test_a_design_that_cannot_reach_the_level_detects_nothing():
    of = Components(0.1, 0.1, 9, 5)
    assert detectable_effect(of, Rule(), sources=5, seeds=100) == np.inf
    assert detectable_effect(of, Rule(), sources=6, seeds=1) < np.inf


# ------------------------------------------------------------------ what is needed


def test_seeds_and_sources_needed_are_the_smallest_that_detect_the_effect():
    of, rule = Components(0.1, 0.4, 9, 5), Rule(3)
    for effect in (0.75, 1.0, 1.5):
        s = seeds_needed(effect, of, rule, sources=9)
        assert detectable_effect(of, rule, sources=9, seeds=s) <= effect
        assert s == 1 or detectable_effect(of, rule, sources=9, seeds=s - 1) > effect
        t = sources_needed(effect, of, rule, seeds=5)
        assert detectable_effect(of, rule, sources=t, seeds=5) <= effect
        assert detectable_effect(of, rule, sources=t - 1, seeds=5) > effect


def test_no_number_of_seeds_makes_up_for_sources():
    of, rule = Components(0.1, 0.4, 9, 5), Rule(3)
    floor = detectable_effect(Components(0.1, 0.0, 9, 5), rule, sources=9, seeds=1)
    assert detectable_effect(of, rule, sources=9, seeds=10**9) == pytest.approx(floor)
    assert seeds_needed(0.999 * floor, of, rule, sources=9) is None
    assert seeds_needed(1.5 * floor, of, rule, sources=9) is not None
    assert sources_needed(1e-4, of, rule, seeds=5) is None


def test_beyond_the_useful_seeds_no_more_of_them_gain_five_percent():
    of = Components(0.1, 0.3, 9, 5)
    n = useful_seeds(of)
    best = standard_error(of, 9, 10**12)
    assert best >= 0.95 * standard_error(of, 9, n)
    assert best < 0.95 * standard_error(of, 9, n - 1)


def test_with_equal_variances_ten_seeds_are_useful():
    assert useful_seeds(Components(0.2, 0.2, 9, 5)) == 10


def test_a_deviation_from_few_sources_lies_within_its_factors_95_times_in_100():
    low, high = deviation_factor(9)
    ratio = 1 / np.random.default_rng(0).normal(size=(4000, 9)).std(axis=1, ddof=1)
    assert np.mean((low <= ratio) & (ratio <= high)) == pytest.approx(0.95, abs=0.012)


@pytest.mark.parametrize("wrong", [{"power": 1.0}, {"power": 0.04}, {"comparisons": 0}])
def test_a_rule_needs_chances(wrong):
    with pytest.raises(ValueError, match="needs 0 < level < power < 1"):
        Rule(**wrong)


# ------------------------------------------------------------------ from results


def known(sources=8, seeds=4, beds=1, **more):
    """Return results whose regrets at the end are given: (results, regret of both, (2, t, s))."""
    rng = np.random.default_rng(2)
    final = rng.random((2, sources, beds, seeds))
    names = {f"s{j}b{i}": (j, i) for j in range(sources) for i in range(beds)}

    def losses(name, testbed, seed):
        j, i = names[testbed]
        return rows_of([1.5, final[["random", "b"].index(name), j, i, seed]])

    made = [bed(name, source=f"s{j}") for name, (j, _) in names.items()]
    rule = {"budget": ("evaluations", 2.0), "baseline": "random"} | more
    return make(["random", "b"], made, range(seeds), losses, **rule), final


@pytest.mark.parametrize("beds", [1, 2])
def test_a_pilot_takes_differences_by_source_and_seed(beds):
    results, final = known(beds=beds)
    pilot = pilot_of(results, "random")
    gap = (final[1] - final[0]).mean(axis=1)
    assert pilot.each["b"] == components(gap[None])
    assert pilot.pooled == pilot.each["b"]
    assert pilot.level == pytest.approx(final[0].mean())
    assert (pilot.sources, pilot.seeds, pilot.reason) == (8, 4, "")


def test_a_pilot_is_read_at_the_smaller_planned_budget():
    results, _ = known()
    assert pilot_of(results, "random", budget=("evaluations", 1.0)).level == pytest.approx(1.5)
    for budget in (("evaluations", 50.0), ("simulated_seconds", 1.0)):
        assert pilot_of(results, "random", budget=budget).level < 1.0


@pytest.mark.parametrize(
    ("sizes", "baseline", "reason"),
    [
        ({"sources": 5}, "random", "no optimizer of the pilot shares 6 sources"),
        ({"seeds": 1}, "random", "the pilot has one seed"),
        ({}, "tpe", "the pilot has no runs of tpe"),
    ],
)
def test_a_pilot_that_tells_nothing_says_why(sizes, baseline, reason):
    pilot = pilot_of(known(**sizes)[0], baseline)
    assert pilot.reason.startswith(reason)
    assert not pilot.pooled.known
    assert not pilot.each


def test_an_empty_pilot_says_so():
    assert pilot_of(make([], [], [], lambda *_: None), "random").reason == (
        "the pilot has no finished runs"
    )


@pytest.mark.parametrize("metric", ["log-regret", "auc"])
def test_a_pilot_serves_every_metric(metric):
    pilot = pilot_of(known()[0], "random", metric=metric)
    assert pilot.pooled.known
