"""Would another choice of testbeds crown another winner: leave one source, or one family, out.

References:
    Dehghani et al. (2021), "The benchmark lottery", https://arxiv.org/abs/2107.07002; Efron,
    Tibshirani (1993), An Introduction to the Bootstrap, on intervals of ranks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpobench_lab.analysis.applicability import listed
from hpobench_lab.analysis.estimate import Caution
from hpobench_lab.analysis.inference.ranktests import decimals, midranks
from hpobench_lab.analysis.runs.aggregate import iqm
from hpobench_lab.analysis.runs.panel import Panel

__all__ = ["Flip", "Stability", "rank_stability", "stability_of_panel"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Random = np.random.Generator | int

CITATION = "Dehghani et al. (2021), arXiv:2107.07002"


@dataclass(frozen=True)
class Flip:
    """Say what happens to the winner when a group of sources is left out.

    Args:
        left_out: Name of the source or family.
        winner: Who comes first without it.
    """

    left_out: str
    winner: str


@dataclass(frozen=True)
class Stability:
    """Hold the places of k optimizers when groups of sources are left out.

    Args:
        by: ``source`` or ``family``.
        labels: Optimizers in the order given.
        place: By the interquartile mean over all sources, 1 is best, ties averaged, shape (k,).
        least: Best place with one group left out, shape (k,).
        most: Worst place with one group left out, shape (k,).
        low: Lower ends of the 95 % intervals of the places, from groups drawn again, shape (k,).
        high: Upper ends, shape (k,).
        first: Share of those draws in which each comes first, ties shared, shape (k,).
        winner: Who comes first with all sources; "" when there are none.
        flips: Groups without which somebody else comes first.
        n: Groups.
        excluded: Sources left out because not every optimizer has a score there.
        method: In words.
        citation: Of the method.
        warnings: A banner when the winner flips.
    """

    by: str
    labels: tuple[str, ...]
    place: FloatArray
    least: FloatArray
    most: FloatArray
    low: FloatArray
    high: FloatArray
    first: FloatArray
    winner: str
    flips: tuple[Flip, ...]
    n: int
    excluded: int
    method: str
    citation: str = CITATION
    warnings: tuple[Caution, ...] = ()


def rank_stability(
    scores: ArrayLike,
    labels: Sequence[str],
    groups: Sequence[str],
    *,
    by: str = "source",
    rng: Random = 0,
    draws: int = 2000,
) -> Stability:
    """Return how places move when each group of sources is left out in turn.

    Args:
        scores: One number an optimizer and source, smaller is better, shape (k, n).
        labels: Of the optimizers.
        groups: Name of each source's group; the sources' own names, or their families.
        by: What a group is, for the words.
        rng: Generator or seed of the bootstrap.
        draws: Number of bootstrap draws.

    Raises:
        ValueError: If labels, groups and scores disagree in number.

    >>> s = rank_stability([[0.1, 0.1, 0.9], [0.2, 0.2, 0.2]], ["a", "b"], ["x", "x", "y"])
    >>> s.winner, s.flips
    ('b', (Flip(left_out='y', winner='a'),))
    """
    whole = np.asarray(scores, dtype=np.float64)
    if whole.ndim != 2 or len(whole) != len(labels) or whole.shape[1] != len(groups):
        raise ValueError(f"{len(labels)} labels and {len(groups)} groups for {whole.shape} scores")
    common = np.asarray((~np.isnan(whole)).sum(axis=0) == max(1, len(whole)))
    x, kept = whole[:, common], [g for g, c in zip(groups, common.tolist(), strict=True) if c]
    names = sorted(set(kept))
    member = np.array([names.index(g) for g in kept], dtype=np.int64)
    place = _places(x)
    out = [_places(x[:, member != g]) for g in range(len(names))] if len(names) > 1 else [place]
    drawn = _drawn(x, member, len(names), np.random.default_rng(rng), draws)
    winner = _winner(place, labels)
    flips = tuple(
        Flip(name, _winner(p, labels))
        for name, p in zip(names, out, strict=False)
        if len(names) > 1 and _winner(p, labels) != winner
    )
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0, method="inverted_cdf")
    return Stability(
        by=by,
        labels=tuple(labels),
        place=place,
        least=np.min(out, axis=0),
        most=np.max(out, axis=0),
        low=low,
        high=high,
        first=_first(drawn),
        winner=winner,
        flips=flips,
        n=len(names),
        excluded=int((~common).sum()),
        method=f"places by the interquartile mean over sources, each {by} left out in turn; "
        f"intervals from {draws} draws of the same number of groups",
        warnings=_cautions(by, winner, flips, len(names)),
    )


def stability_of_panel(
    panel: Panel,
    scores: FloatArray,
    *,
    by: str = "source",
    rng: Random = 0,
    draws: int = 2000,
) -> Stability:
    """Return the same for the ranked optimizers of a panel.

    Args:
        panel: The runs.
        scores: Per source, shape (k, sources), such as ``Analysis.scores``.
        by: ``source`` or ``family``.
        rng: Generator or seed.
        draws: Number of bootstrap draws.

    Raises:
        ValueError: If ``by`` is neither.
    """
    if by not in ("source", "family"):
        raise ValueError(f"leave out a source or a family, not a {by!r}")
    family = {bed.source: bed.family or bed.source for bed in panel.beds}
    groups = [s if by == "source" else family[s] for s in panel.sources]
    labels = [x for x, r in zip(panel.optimizers, panel.ranked.tolist(), strict=True) if r]
    served = scores[panel.ranked]
    keep = np.asarray((~np.isnan(served)).any(axis=0))
    groups = [g for g, k in zip(groups, keep.tolist(), strict=True) if k]
    return rank_stability(served[:, keep], labels, groups, by=by, rng=rng, draws=draws)


def _places(x: FloatArray) -> FloatArray:
    """Return places by the interquartile mean along the last axis, shape (..., k)."""
    if not x.shape[-1]:
        return np.full(x.shape[:-1], math.nan)
    finite = np.where(np.isposinf(x), 1e100, x)  # the IQM leaves infinity out
    return midranks(decimals(iqm(finite)))


def _drawn(
    x: FloatArray, member: IntArray, n: int, rng: np.random.Generator, draws: int
) -> FloatArray:
    """Return places when groups are drawn with replacement, each with all its sources."""
    if not n:
        return np.full((1, len(x)), math.nan)
    weight = rng.multinomial(n, np.full(n, 1 / n), size=draws)[:, member]
    finite = np.where(np.isposinf(x), 1e100, x)
    return midranks(decimals(_weighted_iqm(finite, weight)))


def _weighted_iqm(x: FloatArray, weight: IntArray) -> FloatArray:
    """Return interquartile means of repeated columns.

    Args:
        x: Finite, shape (k, n).
        weight: How often each column is there, shape (draws, n).

    Returns:
        Shape (draws, k).
    """
    total = weight.sum(axis=1, keepdims=True)
    out = np.empty((len(weight), len(x)))
    for i, row in enumerate(x):
        order = np.argsort(row, kind="stable")
        upto = np.cumsum(weight[:, order], axis=1) / total
        before = upto - weight[:, order] / total
        share = np.clip(np.minimum(upto, 0.75) - np.maximum(before, 0.25), 0.0, None)
        out[:, i] = (share * row[order]).sum(axis=1) / 0.5
    return out


def _winner(place: FloatArray, labels: Sequence[str]) -> str:
    if not len(place) or bool(np.isnan(place).any()):
        return ""
    best = np.flatnonzero(place == place.min()).tolist()
    return listed([labels[i] for i in best])


def _first(drawn: FloatArray) -> FloatArray:
    if not drawn.shape[1]:
        return np.zeros(0)
    best = drawn == drawn.min(axis=1, keepdims=True)
    shares = best / np.maximum(best.sum(axis=1, keepdims=True), 1)
    return np.where(np.isnan(drawn).any(axis=0), math.nan, shares.mean(axis=0))


def _cautions(by: str, winner: str, flips: tuple[Flip, ...], n: int) -> tuple[Caution, ...]:
    if n < 2:
        text = f"There is only one {by}: nothing can be left out." if n else "There are no sources."
        return (Caution("one-group", text, level="info"),)
    if not flips:
        return ()
    said = "; ".join(f"first without {f.left_out}: {f.winner}" for f in flips[:3])
    more = f"; and so on for {len(flips)} of {n}" if len(flips) > 3 else ""
    return (
        Caution(
            "flip", f"{winner} is placed first only as long as no {by} is left out: {said}{more}."
        ),
    )
