"""From runs to sources to one number: medians, IQM and the clustered bootstrap.

Arrays are (optimizers k, testbeds t, seeds s) with NaN where there is no run. A source is a data
set or a function; testbeds of one source are one unit of replication.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["bootstrap_sources", "interval", "iqm", "median", "per_source"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def median(values: ArrayLike) -> FloatArray:
    """Return the median along the last axis, NaN left out; NaN where nothing is left.

    >>> median([[1.0, np.nan, 3.0], [np.nan, np.nan, np.nan]])
    array([ 2., nan])
    """
    x = np.sort(np.asarray(values, dtype=np.float64), axis=-1)
    n = np.asarray(np.isfinite(x).sum(axis=-1))
    low = np.take_along_axis(x, np.maximum(n - 1, 0)[..., None] // 2, axis=-1)[..., 0]
    high = np.take_along_axis(x, (n // 2)[..., None].clip(0, x.shape[-1] - 1), axis=-1)[..., 0]
    return np.where(n > 0, (low + high) / 2, np.nan)


def iqm(values: ArrayLike) -> FloatArray:
    """Return the interquartile mean along the last axis, border values weighted by their part.

    References:
        Agarwal et al. (2021), NeurIPS, https://arxiv.org/abs/2108.13264

    >>> float(iqm(np.arange(80) ** 2 / 100)), round(float(iqm([0, 1, 10])), 5)
    (16.935, 2.33333)
    """
    x = np.sort(np.asarray(values, dtype=np.float64), axis=-1)
    known = np.isfinite(x)
    n = np.maximum(known.sum(axis=-1, keepdims=True), 1)
    i = np.arange(x.shape[-1])
    weight = np.clip(np.minimum((i + 1) / n, 0.75) - np.maximum(i / n, 0.25), 0.0, None) * known
    total = (weight * np.where(known, x, 0.0)).sum(axis=-1)
    return np.where(known.any(axis=-1), total / 0.5, np.nan)


def per_source(values: FloatArray, source: IntArray) -> FloatArray:
    """Return medians over seeds, then over the testbeds of a source.

    Args:
        values: Shape (k, t, s).
        source: Index of each testbed's source, shape (t,); -1 leaves the testbed out.

    Returns:
        Shape (k, number of sources).

    >>> per_source(np.array([[[1.0, 3.0], [5.0, 5.0]]]), np.array([0, 0]))
    array([[3.5]])
    """
    middle = median(values)
    n = int(source.max(initial=-1)) + 1
    columns = [median(middle[:, source == j]) for j in range(n)]
    return np.stack(columns, axis=1) if columns else np.zeros((len(values), 0))


def bootstrap_sources(
    values: FloatArray, source: IntArray, *, draws: int = 2000, seed: int = 0
) -> FloatArray:
    """Return per-source medians of resampled studies: sources drawn first, then their seeds.

    The same sources and seeds are drawn for all optimizers, so differences keep their pairing.

    Args:
        values: Shape (k, t, s).
        source: Shape (t,); -1 leaves the testbed out.
        draws: Number of resampled studies, B.
        seed: Seed of the draws.

    Returns:
        Shape (B, k, number of sources).
    """
    rng = np.random.default_rng(seed)
    n = int(source.max(initial=-1)) + 1
    k, _, s = values.shape
    out = np.full((draws, k, n), np.nan)
    if not n:
        return out
    padded = _by_source(values, source, n)
    packed, count = _present_first(padded)
    drawn = rng.integers(0, n, size=(draws, n))
    for slot in range(n):
        pick = drawn[:, slot]
        u = rng.random((draws, packed.shape[2], s))
        seeds = (u * count[pick][:, :, None]).astype(np.int64)
        again = np.take_along_axis(packed[:, pick], seeds[None], axis=-1)
        known = np.arange(s) < count[pick][:, :, None]
        out[:, :, slot] = median(median(np.where(known[None], again, np.nan))).T
    return out


def _by_source(values: FloatArray, source: IntArray, n: int) -> FloatArray:
    beds = [np.flatnonzero(source == j) for j in range(n)]
    padded = np.full((len(values), n, max(len(b) for b in beds), values.shape[2]), np.nan)
    for j, bed in enumerate(beds):
        padded[:, j, : len(bed)] = values[:, bed]
    return padded


def _present_first(padded: FloatArray) -> tuple[FloatArray, IntArray]:
    """Move seeds that no optimizer ran to the end; count the others by source and testbed."""
    present = np.isfinite(padded).any(axis=0)
    order = np.argsort(~present, axis=-1, kind="stable")
    packed = np.take_along_axis(padded, np.broadcast_to(order[None], padded.shape), axis=-1)
    return packed, present.sum(axis=-1)


def interval(draws: FloatArray, *, level: float = 0.95) -> tuple[float, float]:
    """Return the percentile interval of bootstrap draws, NaN draws left out.

    >>> interval(np.arange(41.0), level=0.5)
    (10.0, 30.0)
    """
    known = draws[np.isfinite(draws)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
