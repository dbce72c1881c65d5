"""Whether k optimizers differ at all: Friedman's test and Iman and Davenport's correction.

The chi-squared and F approximations are poor for few sources or optimizers, where a permutation p
decides.

References:
    Friedman (1937), JASA 32:675-701; Iman, Davenport (1980), Communications in Statistics
    A9:571-595; Demsar (2006), JMLR 7:1-30.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpobench_lab.analysis.estimate import Caution
from hpobench_lab.analysis.inference.ranktests import midranks

__all__ = ["Friedman", "friedman", "friedman_of_ranks", "permutation_p"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Random = np.random.Generator | int

FEW_SOURCES, FEW_OPTIMIZERS = 10, 5
EXACT_STATES = 1_000_000
CITATION = "Friedman (1937), JASA 32:675-701; Iman, Davenport (1980), Comm. Statist. A9:571-595"


@dataclass(frozen=True)
class Friedman:
    """Hold a test of the hypothesis that k optimizers are ranked alike.

    Args:
        w: Kendall's coefficient of concordance, from 0 (no agreement between sources) to 1; the
            effect size.
        chi2: Tie-corrected statistic with k - 1 degrees of freedom.
        chi2_uncorrected: Without the correction for ties.
        f: Iman and Davenport's F of ``chi2`` with k - 1 and (k - 1)(n - 1) degrees of freedom.
        f_uncorrected: The same of ``chi2_uncorrected``, as Demsar (2006) prints it.
        p_chi2: Of ``chi2``.
        p_f: Of ``f``.
        p_permutation: Of all, or many, rearrangements within the sources; NaN where not asked for.
        mean_ranks: Shape (k,).
        n: Sources used.
        excluded: Sources left out, because not every optimizer has a value there.
        method: Which p decides, in words.
        citation: Of the method.
        warnings: What limits it.
    """

    w: float
    chi2: float
    chi2_uncorrected: float
    f: float
    f_uncorrected: float
    p_chi2: float
    p_f: float
    p_permutation: float
    mean_ranks: FloatArray
    n: int
    excluded: int
    method: str
    citation: str = CITATION
    warnings: tuple[Caution, ...] = ()

    @property
    def p(self) -> float:
        """Return the p that decides: the permutation's where there is one, else the F's."""
        return self.p_f if math.isnan(self.p_permutation) else self.p_permutation


def friedman(losses: ArrayLike, *, rng: Random = 0, draws: int = 20_000) -> Friedman:
    """Test whether k optimizers are ranked alike over n sources.

    Args:
        losses: Smaller is better, shape (k, n); a source with a NaN is left out.
        rng: Generator or seed of the permutations, needed when they are too many to count.
        draws: Number of random permutations.

    References:
        Friedman (1937), JASA 32; Iman, Davenport (1980), Communications in Statistics A9.

    >>> test = friedman([[1, 2, 3, 4, 5, 6], [2, 3, 4, 5, 6, 7], [3, 4, 5, 6, 7, 8]])
    >>> test.chi2, round(test.p_permutation * 6**5, 9), test.mean_ranks
    (12.0, 1.0, array([1., 2., 3.]))
    """
    x = np.asarray(losses, dtype=np.float64)
    return friedman_of_ranks(midranks(x.T).T, rng=rng, draws=draws)


def friedman_of_ranks(ranks: ArrayLike, *, rng: Random = 0, draws: int = 20_000) -> Friedman:
    """Return the same test from ranks within sources, shape (k, n), as tables print them.

    Raises:
        ValueError: If the ranks of a complete source do not sum to k (k + 1) / 2.
    """
    whole = np.asarray(ranks, dtype=np.float64)
    r = whole[:, ~np.isnan(whole).any(axis=0)]
    (k, n), excluded = r.shape, whole.shape[1] - r.shape[1]
    if n and not np.allclose(r.sum(axis=0), k * (k + 1) / 2):
        raise ValueError(f"the ranks of each source must sum to {k * (k + 1) / 2:g}")
    if k < 2 or not n:
        why = "two optimizers and one common source are needed"
        return _nothing(r, n, excluded, Caution("no-omnibus", f"No omnibus test: {why}."))
    spread = float((n * (r.mean(axis=1) - (k + 1) / 2) ** 2).sum())
    plain = 12 * spread / (k * (k + 1))
    variance = float(((r - (k + 1) / 2) ** 2).sum()) / (n * (k - 1))  # k (k + 1) / 12 without ties
    chi2 = spread / variance if variance > 0 else 0.0
    few = n < FEW_SOURCES or k < FEW_OPTIMIZERS
    p, how = permutation_p(r, rng=rng, draws=draws) if few else (math.nan, "")
    return Friedman(
        w=chi2 / (n * (k - 1)),
        chi2=chi2,
        chi2_uncorrected=plain,
        f=_iman_davenport(chi2, k, n),
        f_uncorrected=_iman_davenport(plain, k, n),
        p_chi2=_chi2_p(chi2, k),
        p_f=_f_p(_iman_davenport(chi2, k, n), k, n),
        p_permutation=p,
        mean_ranks=r.mean(axis=1),
        n=n,
        excluded=excluded,
        method="Friedman, tie-corrected; "
        + (f"permutation within sources ({how})" if few else "Iman-Davenport F"),
        warnings=left_out(excluded),
    )


def left_out(excluded: int) -> tuple[Caution, ...]:
    """Return the caution that names how many sources a missing value left out."""
    text = f"{excluded} sources are left out of the omnibus test: not every optimizer is there."
    return (Caution("common-sources", text, level="note"),) if excluded else ()


def _nothing(r: FloatArray, n: int, excluded: int, why: Caution) -> Friedman:
    nan = math.nan
    ranks = r.mean(axis=1) if n else np.full(len(r), nan)
    return Friedman(
        nan, nan, nan, nan, nan, nan, nan, nan, ranks, n, excluded, "", CITATION, (why,)
    )


def _iman_davenport(chi2: float, k: int, n: int) -> float:
    rest = n * (k - 1) - chi2
    return (n - 1) * chi2 / rest if rest > 1e-9 * n else math.inf


def _chi2_p(chi2: float, k: int) -> float:
    from scipy.special import chdtrc

    return float(chdtrc(k - 1, chi2))


def _f_p(f: float, k: int, n: int) -> float:
    from scipy.special import fdtrc

    if n < 2:
        return math.nan
    return 0.0 if math.isinf(f) else float(fdtrc(k - 1, (k - 1) * (n - 1), f))


def permutation_p(ranks: ArrayLike, *, rng: Random = 0, draws: int = 20_000) -> tuple[float, str]:
    """Return the chance of rank sums at least so far apart when each source is rearranged.

    Args:
        ranks: Complete, shape (k, n).
        rng: Generator or seed.
        draws: Random permutations when there are too many to count; then p is (1 + b) / (1 + B)
            (Phipson, Smyth 2010, Statistical Applications in Genetics and Molecular Biology 9).

    Returns:
        The p value and ``exact`` or ``B random permutations``.
    """
    twice = np.rint(2 * np.asarray(ranks, dtype=np.float64)).astype(np.int64)
    exact = _exact_p(twice)
    if exact is not None:
        return exact, "exact"
    generator = np.random.default_rng(rng)
    seen, reached = int((twice.sum(axis=1) ** 2).sum()), 0
    for block in range(0, draws, 2000):
        size = min(2000, draws - block)
        tiled = np.broadcast_to(twice.T, (size, twice.shape[1], twice.shape[0]))
        sums = generator.permuted(tiled, axis=2).sum(axis=1)
        reached += int(((sums**2).sum(axis=1) >= seen).sum())
    return (1 + reached) / (1 + draws), f"{draws} random permutations"


def _exact_p(twice: IntArray) -> float | None:
    """Count the rank sums of all rearrangements, source by source; None when they are too many.

    Optimizers are exchangeable under the null, so sorted sums stand for all their orders.
    """
    k, n = twice.shape
    if k > 7:
        return None
    orders = np.array(list(itertools.permutations(range(k))))
    base = (int(twice.sum()) + 1) ** np.arange(k, dtype=np.int64)
    if math.log2(int(twice.sum()) + 1) * k > 62:
        return None
    sums: IntArray = np.sort(twice[:, 0])[None, :]
    chance: FloatArray = np.ones(1)
    for j in range(1, n):  # the first source stays as it is
        if len(sums) * len(orders) > EXACT_STATES:
            return None
        wider = np.sort(sums[:, None, :] + twice[orders, j][None, :, :], axis=2).reshape(-1, k)
        weight = np.repeat(chance / len(orders), len(orders))
        _, first, where = np.unique(wider @ base, return_index=True, return_inverse=True)
        sums = wider[first]
        chance = np.bincount(where.ravel(), weights=weight).astype(np.float64)
    seen = int((twice.sum(axis=1) ** 2).sum())
    return min(1.0, round(float(chance[(sums**2).sum(axis=1) >= seen].sum()), 14))
