"""What a design can detect: variance components, smallest effects, seeds and sources needed.

Two optimizers are compared by their difference, averaged over S seeds on each of T sources. With
the variance of one optimizer's score between sources s_to² (that of the interaction of optimizer
and source) and between seeds s_e²,

    SE = sqrt(2 (s_to² + s_e² / S) / T),    smallest effect = c SE.

Seeds lower the second part only: however many, SE stays above sqrt(2 s_to² / T). For many sources
c = z_{1 - a / 2m} + z_power, here with t in the place of z and for the signed-rank test, which is
a little weaker with normal differences. For at most 30 sources c is that of the exact signed-rank
test, found by simulation: it attains a few p values only, so that it is stricter than asked.

Differences: scores are means here, while the tests compare medians over seeds. With normal noise
a median has up to pi / 2 times the variance of a mean, with heavy tails it has less.

References:
    Searle, Casella, McCulloch (1992), "Variance components", Wiley (moment estimators); Hodges,
    Lehmann (1956), Ann. Math. Statist. 27:324-335 (efficiency of the signed-rank test); Demsar
    (2006), JMLR 7:1-30 (comparisons with one baseline); Holm (1979), Scand. J. Statist. 6:65-70
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Components",
    "Rule",
    "attainable_level",
    "components",
    "detectable_effect",
    "detectable_errors",
    "deviation_factor",
    "seeds_needed",
    "sources_needed",
    "standard_error",
    "t_power",
    "useful_seeds",
]

FloatArray = NDArray[np.float64]

FEW = 30
"""Above so many sources the p values of the signed-rank test are as good as continuous."""
DRAWS = 8000
"""Simulated studies; the power is known to 0.5 points, c to half a percent."""
EFFICIENCY = 3 / math.pi
"""Of the signed-rank test against the t test with normal differences (Hodges, Lehmann 1956)."""
MANY = 10_000
"""More seeds or sources than anybody has: what needs more is out of reach."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(200)
_CHANCE, _WEIGHT = (1 + _NODES) / 2, _WEIGHTS / 2


@dataclass(frozen=True)
class Components:
    """Hold variance components of one optimizer's score, from differences of two.

    Args:
        between: s_to², between sources; at least 0.
        within: s_e², between the seeds of a source.
        sources: Sources that the estimate rests on.
        seeds: Seeds on each of them, averaged.
    """

    between: float
    within: float
    sources: int
    seeds: float

    @property
    def known(self) -> bool:
        """Return whether there is an estimate."""
        return math.isfinite(self.between) and math.isfinite(self.within)


@dataclass(frozen=True)
class Rule:
    """State what counts as found: two-sided, by Holm's first and strictest step.

    Args:
        comparisons: Size m of the Holm family.
        level: Of the family; one comparison has level / m.
        power: Wanted chance to find an effect, in (0, 1).

    Raises:
        ValueError: If the level or the power is no chance.
    """

    comparisons: int = 1
    level: float = 0.05
    power: float = 0.8

    def __post_init__(self) -> None:
        if not (0 < self.level < self.power < 1 and self.comparisons >= 1):
            raise ValueError(
                "needs 0 < level < power < 1 and at least one comparison, got "
                f"{self.level:g}, {self.power:g} and {self.comparisons}"
            )


def components(differences: FloatArray) -> Components:
    """Return the components of variance of paired differences, by the method of moments.

    One-way layout in each row: mean squares within and between sources, equated to their
    expectations; equal to REML where the layout is balanced and the estimate not negative. Several
    rows (comparisons) are pooled: their mean squares are averaged before a negative estimate is
    set to 0. A difference of two optimizers has twice the variance of one.

    Args:
        differences: Optimizer minus baseline, by comparison, source and seed, shape (k, t, s);
            NaN where there is none.

    Returns:
        NaN where no row has two sources and a source with two seeds.

    References:
        Searle, Casella, McCulloch (1992), chapter 3.

    >>> d = np.array([[[1.0, 3.0], [5.0, 7.0], [9.0, 11.0]]])
    >>> components(d)
    Components(between=7.5, within=1.0, sources=3, seeds=2.0)
    """
    found = [row for row in map(_moments, differences) if row is not None]
    if not found:
        return Components(math.nan, math.nan, 0, math.nan)
    between, within, sources, seeds = np.mean(np.array(found), axis=0).tolist()
    return Components(max(0.0, between) / 2, within / 2, round(sources), seeds)


def _moments(row: FloatArray) -> tuple[float, float, float, float] | None:
    """Return both variances of the differences, the number of sources and the mean of seeds."""
    n = np.isfinite(row).sum(axis=1)
    row, n = row[n > 0], n[n > 0]
    total, t = int(n.sum()), len(n)
    if t < 2 or total == t:
        return None
    mean = np.nansum(row, axis=1) / n
    within = float(np.nansum((row - mean[:, None]) ** 2)) / (total - t)
    grand = float((n * mean).sum()) / total
    spread = float((n * (mean - grand) ** 2).sum()) / (t - 1)
    each = (total - float((n**2).sum()) / total) / (t - 1)
    return (spread - within) / each, within, float(t), total / t


def standard_error(of: Components, sources: int, seeds: float) -> float:
    """Return the standard error of a mean difference, sqrt(2 (s_to² + s_e² / S) / T).

    >>> standard_error(Components(0.5, 2.0, 9, 5), sources=9, seeds=4)
    0.4714045207910317
    """
    return math.sqrt(2 * (of.between + of.within / seeds) / sources)


def attainable_level(sources: int, rule: Rule) -> float:
    """Return the largest p of the exact signed-rank test at or below the corrected level.

    The corrected level is that of Holm's first step, level / m. The p values of T sources are
    multiples of 2^(1 - T), so the test is stricter than the level asks.

    Returns:
        0.0 when even the smallest p lies above it.

    >>> [attainable_level(n, Rule(comparisons=5)) for n in (6, 8, 9)]
    [0.0, 0.0078125, 0.0078125]
    """
    asked = rule.level / rule.comparisons
    if sources > FEW:
        return asked
    p = _tails(sources)
    return float(p[p <= asked * (1 + 1e-12)].max(initial=0.0))


def _tails(n: int) -> FloatArray:
    """Return the two-sided p of each smaller rank sum of n pairs, from 0."""
    chance = np.ones(1)
    for rank in range(1, n + 1):
        wider = np.zeros(len(chance) + rank)
        wider[: len(chance)] += chance / 2
        wider[rank:] += chance / 2
        chance = wider
    return 2 * np.cumsum(chance)


@lru_cache(maxsize=1024)
def detectable_errors(sources: int, rule: Rule) -> float:
    """Return how many standard errors an effect must measure to be found with the rule's power.

    Args:
        sources: T.
        rule: Family, level and power.

    Returns:
        c of the module's formula; infinite where the design cannot reach the level whatever the
        results.

    >>> [round(detectable_errors(n, Rule()), 2) for n in (5, 9, 2000)]
    [inf, 3.45, 2.87]
    """
    own = attainable_level(sources, rule)
    if own == 0.0 or sources < 2:
        return math.inf
    if sources > FEW:
        least = _bisect(lambda c: t_power(c, sources, own) >= rule.power)
        return least / math.sqrt(EFFICIENCY)
    draws = np.random.default_rng(0).standard_normal((DRAWS, sources))
    last = int(np.flatnonzero(_tails(sources) <= own)[-1])

    def found(c: float) -> bool:
        return _share_found(draws + c / sources**0.5, last) >= rule.power

    return _bisect(found)


def _share_found(differences: FloatArray, last: int) -> float:
    """Return the share of rows whose smaller rank sum is at most ``last``."""
    ranks = np.abs(differences).argsort(axis=1).argsort(axis=1) + 1
    plus = np.where(differences > 0, ranks, 0).sum(axis=1)
    n = differences.shape[1]
    return float((np.minimum(plus, n * (n + 1) // 2 - plus) <= last).mean())


def _bisect(enough: Callable[[float], bool]) -> float:
    low, high = 0.0, 4.0
    while not enough(high):
        low, high = high, 2 * high
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def t_power(errors: float, sources: int, level: float) -> float:
    """Return the power of the two-sided t test over T normal differences.

    Args:
        errors: The effect in standard errors.
        sources: T, at least 2.
        level: Of the test.

    >>> round(t_power(3.0, 9, 0.05), 4)
    0.748
    """
    from scipy.special import chdtri, ndtr, stdtrit

    spread = np.sqrt(chdtri(sources - 1, _CHANCE) / (sources - 1))  # of the estimated error
    bar = -float(stdtrit(sources - 1, level / 2)) * spread
    return float(_WEIGHT @ (ndtr(errors - bar) + ndtr(-errors - bar)))


def detectable_effect(of: Components, rule: Rule, *, sources: int, seeds: float) -> float:
    """Return the smallest mean difference that is found with the rule's power.

    Args:
        of: Variances of a pilot.
        rule: Family, level and power.
        sources: T.
        seeds: S.

    Returns:
        Infinite where the design cannot reach the level whatever the results; NaN without a pilot.

    >>> round(detectable_effect(Components(0.5, 2.0, 9, 5), Rule(), sources=2000, seeds=4), 4)
    0.0907
    """
    if not of.known:
        return math.nan
    return detectable_errors(sources, rule) * standard_error(of, sources, seeds)


def sources_needed(effect: float, of: Components, rule: Rule, *, seeds: float) -> int | None:
    """Return how many sources find an effect with the rule's power; None for more than 10,000.

    >>> sources_needed(1.0, Components(0.5, 0.0, 9, 5), Rule(comparisons=3), seeds=5)
    14
    """

    def enough(n: int) -> bool:
        return detectable_effect(of, rule, sources=n, seeds=seeds) <= abs(effect)

    low, high = 1, 8
    while not enough(high):
        if high > MANY:
            return None
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def seeds_needed(effect: float, of: Components, rule: Rule, *, sources: int) -> int | None:
    """Return how many seeds find an effect with the rule's power; None where no number does.

    >>> of, rule = Components(0.1, 0.4, 9, 5), Rule(comparisons=3)
    >>> [seeds_needed(x, of, rule, sources=9) for x in (0.5, 0.7, 1.0)]
    [None, 35, 4]
    """
    error = abs(effect) / detectable_errors(sources, rule)  # what SE may be
    room = sources * error**2 / 2 - of.between  # for s_e² / S
    if not room > 0:
        return None
    wanted = max(1.0, math.ceil(of.within / room - 1e-9))
    return int(wanted) if wanted <= MANY else None


def useful_seeds(of: Components, *, gain: float = 0.05) -> int | None:
    """Return the number of seeds beyond which no more of them lower the standard error by a share.

    The smallest S with sqrt(s_to² / (s_to² + s_e² / S)) >= 1 - gain. At 5 % that is 9.3 times
    s_e² / s_to²: about 10 where both are equal.

    Returns:
        None where the pilot shows no variance between sources: seeds always help there.

    >>> useful_seeds(Components(1.0, 1.0, 9, 5)), useful_seeds(Components(0.0, 1.0, 9, 5))
    (10, None)
    """
    if not of.between > 0:
        return None
    left = (1 - gain) ** 2
    return max(1, math.ceil(of.within / of.between * left / (1 - left)))


def deviation_factor(sources: int) -> tuple[float, float]:
    """Return how far off a standard deviation from so few sources may be: a 95 % interval.

    True over estimated, from the chi-square distribution with T - 1 degrees of freedom, which
    holds for normal scores.

    >>> tuple(round(factor, 2) for factor in deviation_factor(9))
    (0.68, 1.92)
    """
    from scipy.special import chdtri

    df = sources - 1
    low, high = (math.sqrt(df / float(chdtri(df, p))) for p in (0.025, 0.975))
    return low, high
