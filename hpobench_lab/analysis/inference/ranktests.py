"""Rank tests for few paired values: exact whatever the zeros and ties."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "SignedRank",
    "a12",
    "decimals",
    "holm",
    "midranks",
    "sign_test",
    "signed_rank",
    "smallest_attainable_p",
]

FloatArray = NDArray[np.float64]

EXACT_UP_TO = 200
"""Above so many non-zero differences the normal approximation takes over."""


@dataclass(frozen=True)
class SignedRank:
    """Hold a two-sided Wilcoxon signed-rank test.

    Args:
        statistic: T, the smaller of the two rank sums.
        p: Two-sided p value.
        n: Pairs, zeros included.
        zeros: Pairs without a difference.
        method: ``exact`` or ``normal``.
    """

    statistic: float
    p: float
    n: int
    zeros: int
    method: str


def midranks(values: ArrayLike) -> FloatArray:
    """Return ranks from 1, ties averaged, along the last axis; NaN keeps NaN.

    >>> midranks([3.0, 1.0, 1.0])
    array([3. , 1.5, 1.5])
    """
    x = np.asarray(values, dtype=np.float64)
    less = (x[..., None, :] < x[..., :, None]).sum(axis=-1)
    same = (x[..., None, :] == x[..., :, None]).sum(axis=-1)
    return np.where(np.isnan(x), np.nan, less + (same + 1) / 2)


def signed_rank(differences: ArrayLike, *, digits: int = 12) -> SignedRank:
    """Test whether paired differences are symmetric about zero (Wilcoxon, zeros as Pratt).

    Zeros are ranked and then dropped. The p value is that of all sign flips of the ranks at hand,
    counted exactly by convolution, hence right with zeros and ties.

    Args:
        differences: Shape (n,), finite.
        digits: Differences are rounded to so many decimals first, so that ties are ties.

    References:
        Wilcoxon (1945), Biometrics Bulletin 1; Pratt (1959), JASA 54.

    >>> signed_rank([1, 2, 3, 4, 5, 6]).p
    0.03125
    """
    d = decimals(differences, digits)
    ranks = midranks(np.abs(d))
    kept, zeros = ranks[d != 0], int((d == 0).sum())
    plus, minus = float(ranks[d > 0].sum()), float(ranks[d < 0].sum())
    low = min(plus, minus)
    if len(kept) > EXACT_UP_TO:
        return SignedRank(low, _normal_p(low, kept), len(d), zeros, "normal")
    return SignedRank(low, _exact_p(low, kept), len(d), zeros, "exact")


def decimals(values: ArrayLike, digits: int = 12) -> FloatArray:
    """Return values rounded to decimals, so that ties are ties; huge ones stay as they are.

    >>> decimals([0.1 + 0.2 - 0.3, 1e300])
    array([0.e+000, 1.e+300])
    """
    x = np.asarray(values, dtype=np.float64)
    small = np.abs(x) < 1e200
    return np.where(small, np.round(np.where(small, x, 0.0), digits), x)


def _exact_p(low: float, ranks: FloatArray) -> float:
    chance = np.ones(1)
    for twice in np.rint(2 * ranks).astype(int).tolist():
        wider = np.zeros(len(chance) + twice)
        wider[: len(chance)] += chance / 2
        wider[twice:] += chance / 2
        chance = wider
    return min(1.0, 2.0 * float(chance[: round(2 * low) + 1].sum()))


def _normal_p(low: float, ranks: FloatArray) -> float:
    spread = math.sqrt(float((ranks**2).sum()) / 4)
    return min(1.0, math.erfc((float(ranks.sum()) / 2 - low) / spread / math.sqrt(2)))


def sign_test(wins: int, losses: int) -> float:
    """Return the two-sided exact p of a fair coin showing such a split; ties are left out.

    >>> sign_test(9, 0)
    0.00390625
    """
    n = wins + losses
    tail = sum(math.comb(n, i) for i in range(min(wins, losses) + 1))
    return min(1.0, float(2 * tail / 2**n))


def holm(p: ArrayLike) -> FloatArray:
    """Return p values corrected for their number by Holm's step-down; NaN stays NaN, uncounted.

    References:
        Holm (1979), Scandinavian Journal of Statistics 6.

    >>> holm([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])
    """
    raw = np.asarray(p, dtype=np.float64)
    out = np.full(raw.shape, np.nan)
    known = np.flatnonzero(np.isfinite(raw))
    order = known[np.argsort(raw[known], kind="stable")]
    steps = raw[order] * np.arange(len(order), 0, -1)
    out[order] = np.minimum(1.0, np.maximum.accumulate(steps)) if len(order) else steps
    return out


def smallest_attainable_p(n_sources: int, comparisons: int = 1) -> float:
    """Return the smallest Holm-corrected p that n sources can yield, all differences one way.

    >>> [smallest_attainable_p(n) for n in (3, 4, 5, 6)]
    [0.25, 0.125, 0.0625, 0.03125]
    >>> smallest_attainable_p(9, 5)
    0.01953125
    """
    return float(min(1.0, 2.0 ** (1 - n_sources) * max(1, comparisons)))


def a12(a: ArrayLike, b: ArrayLike) -> float:
    """Return the chance that a value of ``a`` lies below one of ``b``, ties counted half.

    References:
        Vargha, Delaney (2000), Journal of Educational and Behavioral Statistics 25.

    >>> round(a12([1, 2, 3], [2, 3, 4]), 12) == round(7 / 9, 12)
    True
    """
    x, y = np.asarray(a, dtype=np.float64)[:, None], np.asarray(b, dtype=np.float64)[None, :]
    return float(((x < y) + 0.5 * (x == y)).mean()) if x.size and y.size else math.nan
