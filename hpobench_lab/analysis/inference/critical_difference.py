"""The critical-difference diagram: mean ranks and the groups that are not shown to differ.

Mean ranks depend on who else took part: adding optimizers can turn a difference between two
others into a significant one or hide it. The bars therefore come from pairwise signed-rank tests;
Nemenyi's critical difference is an option.

Differences: the bars are the maximal runs of neighbours in the order of the mean ranks among which
no pair differs, so that a bar never passes over an optimizer that it does not hold.

References:
    Nemenyi (1963), Princeton; Demsar (2006), JMLR 7:1-30; Benavoli, Corani, Mangili (2016), JMLR
    17:1-10, on the pool's influence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpobench_lab.analysis.estimate import Caution
from hpobench_lab.analysis.inference.comparisons import ENOUGH
from hpobench_lab.analysis.inference.intervals import rank_interval
from hpobench_lab.analysis.inference.omnibus import left_out
from hpobench_lab.analysis.inference.ranktests import holm, midranks, signed_rank

__all__ = ["CriticalDifference", "critical_difference", "nemenyi_cd"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

CD_CITATION = "Demsar (2006), JMLR 7:1-30; Benavoli, Corani, Mangili (2016), JMLR 17:1-10"


@dataclass(frozen=True)
class CriticalDifference:
    """Hold what a critical-difference diagram draws.

    Args:
        labels: Optimizers, lowest mean rank first.
        mean_ranks: In that order, shape (k,).
        low: Lower ends of their 95 % intervals, see ``rank_interval``, shape (k,).
        high: Upper ends, shape (k,).
        cliques: Groups of neighbours that are not shown to differ, at least two each.
        p: Corrected p of each pair in that order, shape (k, k), 1 on the diagonal.
        cd: Critical difference of Nemenyi's test; drawn only when it made the cliques.
        n: Sources used.
        excluded: Sources left out.
        method: In words.
        citation: Of the method.
        warnings: What limits it.
    """

    labels: tuple[str, ...]
    mean_ranks: FloatArray
    low: FloatArray
    high: FloatArray
    cliques: tuple[tuple[str, ...], ...]
    p: FloatArray
    cd: float
    n: int
    excluded: int
    method: str
    citation: str = CD_CITATION
    warnings: tuple[Caution, ...] = ()


def nemenyi_cd(k: int, n: int, *, alpha: float = 0.05) -> float:
    """Return how far apart two of k mean ranks over n sources must be.

    References:
        Nemenyi (1963), Princeton; Demsar (2006), JMLR 7, section 3.2.2.

    >>> round(nemenyi_cd(4, 14), 5), round(nemenyi_cd(4, 14, alpha=0.1), 5)
    (1.25356, 1.11806)
    """
    return _critical_range(k, alpha) / math.sqrt(2) * math.sqrt(k * (k + 1) / (6 * n))


@lru_cache(maxsize=64)
def _critical_range(k: int, alpha: float) -> float:
    low, high = 0.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        exceeded = float(_range_tail(np.array([middle]), k)[0]) > alpha
        low, high = (middle, high) if exceeded else (low, middle)
    return (low + high) / 2


def _range_tail(q: FloatArray, k: int) -> FloatArray:
    """Return the chance that k standard normal values span more than q, shape (m,).

    By quadrature over the largest of them; scipy.stats has it too, at a second's import.
    """
    from scipy.special import ndtr

    x = np.linspace(-9.0, 9.0, 1801)
    density = np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
    inside = (ndtr(x) - ndtr(x - q[:, None])) ** (k - 1)
    return np.asarray(1 - k * (density * inside).sum(axis=1) * (x[1] - x[0]))


def critical_difference(
    losses: ArrayLike,
    labels: Sequence[str],
    *,
    bars: Literal["wilcoxon", "nemenyi"] = "wilcoxon",
    alpha: float = 0.05,
) -> CriticalDifference:
    """Return mean ranks with the groups that are not shown to differ.

    Args:
        losses: Smaller is better, shape (k, n); a source with a NaN is left out.
        labels: Of the optimizers.
        bars: ``wilcoxon``: all pairs of signed-rank tests, Holm-corrected; ``nemenyi``.
        alpha: Level.

    Raises:
        ValueError: If labels and losses disagree in number.

    >>> x = np.arange(8.0)
    >>> d = critical_difference([x + 5, x, x + [1, -1, 1, -1, 1, -1, 1, -1]], ["c", "a", "b"])
    >>> d.labels, d.cliques
    (('a', 'b', 'c'), (('a', 'b'),))
    """
    whole = np.asarray(losses, dtype=np.float64)
    if len(whole) != len(labels):
        raise ValueError(f"{len(labels)} labels for {len(whole)} optimizers")
    x = whole[:, ~np.isnan(whole).any(axis=0)]
    k, n = x.shape
    ranks = midranks(x.T).T
    mean = ranks.mean(axis=1) if n else np.full(k, math.nan)
    order = np.argsort(mean, kind="stable")
    cd = nemenyi_cd(k, n, alpha=alpha) if n and k > 1 else math.nan
    p = _pairs(x[order]) if bars == "wilcoxon" else _nemenyi_p(mean[order], n)
    low, high = rank_interval(ranks[order], k)
    excluded = whole.shape[1] - n
    names = tuple(labels[i] for i in order.tolist())
    return CriticalDifference(
        labels=names,
        mean_ranks=mean[order],
        low=low,
        high=high,
        cliques=tuple(tuple(names[a : b + 1]) for a, b in _runs(p > alpha)),
        p=p,
        cd=cd,
        n=n,
        excluded=excluded,
        method="two-sided Wilcoxon signed-rank of all pairs (zeros as Pratt), Holm"
        if bars == "wilcoxon"
        else "Nemenyi",
        warnings=left_out(excluded) + _too_few(n, k, alpha, bars),
    )


def _pairs(x: FloatArray) -> FloatArray:
    """Return Holm-corrected signed-rank p values; 1 where there are too few sources for 5 %."""
    k, n = x.shape
    p = np.ones((k, k))
    above = np.triu_indices(k, 1)
    if n >= ENOUGH:
        pairs = zip(*(i.tolist() for i in above), strict=True)
        raw = [signed_rank(_gap(x[a], x[b])).p for a, b in pairs]
        p[above] = holm(raw)
        p.T[above] = p[above]
    return p


def _gap(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return a - b; two infinite losses tie, one counts more than any finite difference."""
    with np.errstate(invalid="ignore"):
        gap = np.where(a == b, 0.0, a - b)
    largest = float(np.abs(gap[np.isfinite(gap)]).max(initial=0.0)) + 1.0
    return np.clip(gap, -largest, largest)


def _nemenyi_p(mean: FloatArray, n: int) -> FloatArray:
    k = len(mean)
    if not n or k < 2:
        return np.ones((k, k))
    q = np.abs(mean[:, None] - mean[None, :]) / math.sqrt(k * (k + 1) / (6 * n)) * math.sqrt(2)
    p = np.clip(_range_tail(q.ravel(), k), 0.0, 1.0).reshape(k, k)
    return np.where(np.eye(k) > 0, 1.0, p)


def _runs(alike: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the maximal runs a..b of at least two neighbours in which all pairs are alike."""
    k, found = len(alike), list[tuple[int, int]]()
    for a in range(k):
        b = a
        while b + 1 < k and bool(alike[a : b + 2, a : b + 2].all()):
            b += 1
        if b > a and (not found or b > found[-1][1]):
            found.append((a, b))
    return found


def _too_few(n: int, k: int, alpha: float, bars: str) -> tuple[Caution, ...]:
    if bars == "nemenyi":
        text = "Nemenyi's test depends on which other optimizers took part."
        return (Caution("pool", text, level="note"),)
    if n < ENOUGH:
        text = f"{n} sources are too few for 5 %, which takes {ENOUGH}: no pair can differ."
        return (Caution("too-few", text),)
    floor = 2.0 ** (1 - n) * k * (k - 1) / 2
    if floor > alpha:
        text = f"With {n} sources and {k} optimizers the smallest corrected p is {floor:.3g}."
        return (Caution("too-few", text),)
    return ()
