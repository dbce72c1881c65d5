"""How likely one optimizer is better, practically the same, or worse: Bayesian and resampled tests.

A region of practical equivalence (ROPE) of half-width r holds the differences that nobody would act
on. The answer is a triple of probabilities that sum to one, not a p value.

References:
    Benavoli, Corani, Demsar, Zaffalon (2017), JMLR 18:1-36, "Time for a change"; Benavoli, Mangili,
    Corani, Zaffalon, Ruggeri (2014), ICML; Nadeau, Bengio (2003), Machine Learning 52:239-281;
    Bouckaert, Frank (2004), PAKDD; Corani, Benavoli (2015), Machine Learning 100:285-304.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpobench_lab.analysis.estimate import Caution

__all__ = ["CorrectedT", "Triple", "bayesian_signed_rank", "corrected_t"]

FloatArray = NDArray[np.float64]
Random = np.random.Generator | int

CITATION = "Benavoli, Corani, Demsar, Zaffalon (2017), JMLR 18:1-36"
CORRECTED_CITATION = (
    "Nadeau, Bengio (2003), Machine Learning 52:239-281; Bouckaert, Frank (2004), PAKDD"
)
FEW = 6
POINT = Caution(
    "no-region",
    "Without a region of practical equivalence a probability above .95 for one side is wrong in 6 "
    "to 9 % of studies of 6 to 9 sources of equals; with 20 sources in 5 to 6 %.",
    level="note",
)
OVERLAP = Caution(
    "overlap",
    "The test assumes that two resamples correlate by the share of rows that they test in common. "
    "Where noise of the shared training rows dominates it rejects a true null in up to 19 % of "
    "studies instead of 5 %; sources decide, not folds, and at least 10 outer repetitions help.",
    level="note",
)


@dataclass(frozen=True)
class Triple:
    """Hold the posterior of a comparison; smaller losses are better.

    Args:
        better: Probability that a is practically better.
        same: Probability that the two are practically equivalent.
        worse: Probability that a is practically worse.
        shares: Posterior means of the three regions' own shares, which the probabilities compare.
        low: Lower ends of their 95 % credible intervals.
        high: Upper ends.
        samples: Draws of the shares (better, same, worse), shape (draws, 3), for the triangle of
            figure F9; shape (0, 3) where the posterior is known in closed form.
        rope: Half-width of the region, in the unit of the differences.
        n: Differences used.
        excluded: Differences left out because they are NaN.
        method: In words.
        citation: Of the method.
        warnings: What limits it.
        reason: Why there is no answer; "" when there is one.
    """

    better: float
    same: float
    worse: float
    shares: tuple[float, float, float]
    low: tuple[float, float, float]
    high: tuple[float, float, float]
    samples: FloatArray
    rope: float
    n: int
    excluded: int
    method: str
    citation: str = CITATION
    warnings: tuple[Caution, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class CorrectedT:
    """Hold the corrected resampled t test of differences over overlapping training sets.

    Args:
        value: Mean difference.
        low: Lower end of its 95 % interval.
        high: Upper end.
        t: Statistic with n - 1 degrees of freedom.
        p: Two-sided p.
        scale: Corrected standard error.
        n: Differences used (resamples or folds).
        excluded: Differences left out because they are NaN.
        method: In words.
        citation: Of the method.
        warnings: What limits it.
        reason: Why there is no answer; "" when there is one.
    """

    value: float
    low: float
    high: float
    t: float
    p: float
    scale: float
    n: int
    excluded: int
    method: str
    citation: str = CORRECTED_CITATION
    warnings: tuple[Caution, ...] = ()
    reason: str = ""

    def triple(self, rope: float) -> Triple:
        """Return the Bayesian correlated t test: the posterior of the mean difference.

        References:
            Corani, Benavoli (2015), Machine Learning 100:285-304.

        >>> test = corrected_t([0.02, 0.01, 0.03, -0.01, 0.02, 0, 0.01, 0.02, 0.01, 0.01], 1 / 9)
        >>> test.triple(0.03).same > 0.99
        True
        """
        _check_rope(rope)
        below, above = self._below(-rope), 1 - self._below(rope)
        probabilities = (below, max(0.0, 1 - below - above), above)
        return Triple(
            *probabilities,
            shares=probabilities,
            low=(math.nan,) * 3,
            high=(math.nan,) * 3,
            samples=np.zeros((0, 3)),
            rope=rope,
            n=self.n,
            excluded=self.excluded,
            method="Bayesian correlated t test of the mean difference",
            citation="Corani, Benavoli (2015), Machine Learning 100:285-304",
            warnings=self.warnings,
            reason=self.reason,
        )

    def _below(self, at: float) -> float:
        from scipy.special import stdtr

        if not self.scale > 0:
            return math.nan if self.reason else float((self.value < at) + 0.5 * (self.value == at))
        return float(stdtr(self.n - 1, (at - self.value) / self.scale))


def bayesian_signed_rank(
    differences: ArrayLike,
    rope: float,
    *,
    prior: float = 0.5,
    rng: Random = 0,
    draws: int = 50_000,
) -> Triple:
    """Return how likely a is better, the same or worse, from its differences to b over sources.

    The weights of the sources follow a Dirichlet distribution; a pseudo-source of weight ``prior``
    has no difference. A draw's shares are those of the weighted pairwise means below, within and
    above the region; the probabilities count which share is largest.

    Args:
        differences: Loss of a minus loss of b, one a source, shape (n,); NaN left out. Infinite
            ones are beyond any region; two of opposite sign balance.
        rope: Half-width of the region of practical equivalence, in the same unit; at 0 a pairwise
            mean of zero counts half to either side.
        prior: Weight of the pseudo-source.
        rng: Generator or seed.
        draws: Draws from the posterior.

    Raises:
        ValueError: If the rope is negative or not finite, or the prior not positive.

    References:
        Benavoli, Corani, Demsar, Zaffalon (2017), JMLR 18:1-36, section 4.2.

    >>> answer = bayesian_signed_rank([-0.3, -0.2, -0.4, -0.1, -0.2, -0.3, 0.0], 0.05)
    >>> answer.better > 0.95, answer.n
    (True, 7)
    """
    _check_rope(rope)
    if not prior > 0:
        raise ValueError(f"the prior's weight must be positive, got {prior!r}")
    whole = np.asarray(differences, dtype=np.float64)
    d = whole[~np.isnan(whole)]
    generator = np.random.default_rng(rng)
    samples = _shares(d, rope, prior, generator, draws) if len(d) else np.zeros((0, 3))
    top = samples == samples.max(axis=1, keepdims=True, initial=0.0)
    won = (top / np.maximum(top.sum(axis=1, keepdims=True), 1)).sum(axis=0) / max(1, len(samples))
    ends = np.quantile(samples, [0.025, 0.975], axis=0) if len(d) else np.full((2, 3), np.nan)
    mean = samples.mean(axis=0) if len(d) else np.full(3, np.nan)
    few = Caution("prior", f"With {len(d)} sources the prior weighs much.", level="note")
    return Triple(
        *(_three(won) if len(d) else (math.nan,) * 3),
        shares=_three(mean),
        low=_three(ends[0]),
        high=_three(ends[1]),
        samples=samples,
        rope=rope,
        n=len(d),
        excluded=len(whole) - len(d),
        method=f"Bayesian signed-rank test, region of practical equivalence ± {rope:g}, prior "
        f"weight {prior:g} at zero, {draws} draws",
        warnings=((few,) if len(d) < FEW else ()) + ((POINT,) if rope == 0 else ()),
        reason="" if len(d) else "there are no common sources",
    )


def _check_rope(rope: float) -> None:
    if not (math.isfinite(rope) and rope >= 0):
        raise ValueError(f"a rope is a finite half-width of at least 0, got {rope!r}")


def _three(values: FloatArray) -> tuple[float, float, float]:
    a, b, c = values.tolist()
    return a, b, c


def _shares(
    d: FloatArray, rope: float, prior: float, rng: np.random.Generator, draws: int
) -> FloatArray:
    z = np.concatenate([[0.0], d])
    with np.errstate(invalid="ignore"):
        sums = np.nan_to_num(z[:, None] + z[None, :], nan=0.0, posinf=np.inf, neginf=-np.inf)
    above = (sums > 2 * rope) + 0.5 * (sums == 2 * rope)
    below = (sums < -2 * rope) + 0.5 * (sums == -2 * rope)
    out = np.empty((draws, 3))
    alpha = np.concatenate([[prior], np.ones(len(d))])
    for start in range(0, draws, 5000):
        block = slice(start, min(start + 5000, draws))
        w = rng.dirichlet(alpha, size=block.stop - start)
        out[block, 0] = ((w @ below) * w).sum(axis=1)
        out[block, 2] = ((w @ above) * w).sum(axis=1)
    out[:, 1] = np.clip(1 - out[:, 0] - out[:, 2], 0.0, 1.0)
    return out if rope > 0 else out * [1, 0, 1]


def corrected_t(differences: ArrayLike, test_train: float) -> CorrectedT:
    """Test the mean of differences whose training sets overlap.

    The variance is multiplied by 1/n + test/train instead of 1/n, for resamples share data. That is
    exact when two differences correlate by test / (test + train), the share of rows that they have
    in common; where noise of the shared training rows dominates, the test rejects too often.

    Args:
        differences: Of one pair of optimizers, one a resample or fold, shape (n,); NaN left out.
        test_train: Test rows over training rows; 1/9 for ten folds.

    Raises:
        ValueError: If the ratio is not positive.

    References:
        Nadeau, Bengio (2003), Machine Learning 52:239-281; Bouckaert, Frank (2004), PAKDD.

    >>> test = corrected_t([0.02, 0.01, 0.03, -0.01, 0.02, 0, 0.01, 0.02, 0.01, 0.01], 1 / 9)
    >>> round(test.t, 6), round(test.p, 7)
    (2.300477, 0.0469627)
    """
    from scipy.special import stdtr, stdtrit

    if not (math.isfinite(test_train) and test_train > 0):
        raise ValueError(f"test rows over training rows must be positive, got {test_train!r}")
    whole = np.asarray(differences, dtype=np.float64)
    d = whole[np.isfinite(whole)]
    n = len(d)
    mean = float(d.mean()) if n else math.nan
    reason = "" if n > 1 else "two differences are needed"
    constant = n > 1 and float(np.ptp(d)) <= 1e-12 * float(np.abs(d).max())
    variance = 0.0 if constant or n < 2 else float(d.var(ddof=1)) * (1 / n + test_train)
    scale = math.sqrt(variance)
    t, p, half = math.nan, math.nan, math.nan
    if constant:
        t, p, half = (0.0, 1.0, 0.0) if mean == 0 else (math.copysign(math.inf, mean), 0.0, 0.0)
    elif n > 1:
        t, half = mean / scale, float(stdtrit(n - 1, 0.975)) * scale
        p = 2 * float(stdtr(n - 1, -abs(t)))
    same = Caution("no-variance", "All differences are equal; the test has nothing to go by.")
    return CorrectedT(
        value=mean,
        low=mean - half,
        high=mean + half,
        t=t,
        p=p,
        scale=scale,
        n=n,
        excluded=len(whole) - n,
        method=f"corrected resampled t test, test/train = {test_train:.4g}, two-sided; n counts "
        "resamples",
        warnings=(OVERLAP, *((same,) if constant else ())),
        reason=reason,
    )
