"""The volume that a set of loss vectors dominates, exact in any number of objectives.

Two objectives are a sweep, three a sweep over the third with a staircase kept sorted, more are
sliced along the last objective. Slicing costs O(n^(m - 2)) sweeps at worst, fine for the hundred
points and handful of objectives of a front.

References:
    Zitzler, Thiele (1998), PPSN V; Fonseca, Paquete, Lopez-Ibanez (2006), CEC; While, Hingston,
    Barone, Huband (2006), IEEE Trans. Evolutionary Computation 10:29-38, slicing objectives.
"""

from __future__ import annotations

import bisect
import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpobench_lab.analysis.estimate import Caution, Estimate

__all__ = ["front", "hypervolume", "hypervolume_over_time", "relative_hypervolume"]

FloatArray = NDArray[np.float64]

CITATION = "Zitzler, Thiele (1998), PPSN V; Fonseca, Paquete, Lopez-Ibanez (2006), CEC"


def front(points: ArrayLike) -> FloatArray:
    """Return the points that no other dominates, without duplicates, sorted, shape (p, m).

    Args:
        points: Losses, shape (n, m); rows with NaN or infinity are left out.

    >>> front([[2, 2], [1, 3], [3, 3], [1, 3]])
    array([[1., 3.],
           [2., 2.]])
    """
    x = np.asarray(points, dtype=np.float64)
    x = np.unique(x[np.isfinite(x).all(axis=-1)], axis=0) if x.size else x
    keep: list[FloatArray] = []
    for row in x:  # sorted: only an earlier row can dominate a later one
        if not any(bool((other <= row).all()) for other in keep):
            keep.append(row)
    return np.array(keep).reshape(len(keep), x.shape[-1])


def hypervolume(points: ArrayLike, reference: ArrayLike) -> float:
    """Return the volume that the points dominate, bounded by the reference.

    Args:
        points: Losses, shape (n, m); rows with NaN or infinity, and those not better than the
            reference in every objective, add nothing.
        reference: Worst acceptable losses, finite, shape (m,).

    Returns:
        In the product of the losses' units; 0.0 when n == 0.

    Raises:
        ValueError: If the shapes disagree or the reference is not finite.

    References:
        Fonseca, Paquete, Lopez-Ibanez (2006), CEC; While et al. (2006), IEEE TEC 10.

    >>> hypervolume([[1, 3], [2, 2], [3, 1]], [4, 4])
    6.0
    >>> hypervolume([[0.5, 0.5, 0.5]], [1, 1, 1])
    0.125
    """
    r = np.asarray(reference, dtype=np.float64)
    x = np.asarray(points, dtype=np.float64)
    if r.ndim != 1 or not r.size or not np.isfinite(r).all():
        raise ValueError(f"the reference must be one finite row of losses, got {reference!r}")
    x = x.reshape(0, r.size) if not x.size else x
    if x.ndim != 2 or x.shape[1] != r.size:
        raise ValueError(f"points of shape {x.shape} do not fit a reference of {r.size} losses")
    return _volume(x[(x < r).all(axis=1) & np.isfinite(x).all(axis=1)], r)


def _volume(x: FloatArray, r: FloatArray) -> float:
    if not len(x):
        return 0.0
    if len(r) == 1:
        return float(r[0] - x.min())
    if len(r) == 2:
        return _area(x, r)
    if len(r) == 3:
        return _three(x, r)
    return _sliced(x, r)


def _area(x: FloatArray, r: FloatArray) -> float:
    x = x[np.lexsort((x[:, 1], x[:, 0]))]
    best = np.minimum.accumulate(x[:, 1])
    widths = np.diff(np.append(x[:, 0], r[0]))
    return float((widths * (r[1] - best)).sum())


def _three(x: FloatArray, r: FloatArray) -> float:
    """Sweep the third objective; the staircase of the first two grows, as does its area."""
    left, top = float(r[0]), float(r[1])
    a, b = [-math.inf, left], [top, -math.inf]  # staircase between two sentinels
    area = volume = 0.0
    rows = x[np.argsort(x[:, 2], kind="stable")].tolist()
    ends = [*(row[2] for row in rows[1:]), float(r[2])]
    for (u, v, w), end in zip(rows, ends, strict=True):
        area += _insert(a, b, u, v)
        volume += area * (end - w)
    return volume


def _insert(a: list[float], b: list[float], u: float, v: float) -> float:
    """Add a step to a staircase that falls from left to right; return the area that it adds."""
    i = bisect.bisect_right(a, u)
    if b[i - 1] <= v:
        return 0.0
    i -= a[i - 1] == u  # the same first loss: the new step replaces it
    j, gained, at, height = i, 0.0, u, b[i - 1]
    if a[i] == u:
        height = b[i]
        j += 1
    while b[j] > v or (b[j] == v and j < len(b) - 1):
        gained += (a[j] - at) * (height - v)
        at, height, j = a[j], b[j], j + 1
    gained += (a[j] - at) * (height - v)
    a[i:j], b[i:j] = [u], [v]
    return gained


def _sliced(x: FloatArray, r: FloatArray) -> float:
    x = x[np.argsort(x[:, -1], kind="stable")]
    depths = np.diff(np.append(x[:, -1], r[-1]))
    held, volume, base = np.zeros((0, x.shape[1] - 1)), 0.0, 0.0
    for row, depth in zip(x[:, :-1], depths.tolist(), strict=True):
        if not (held <= row).all(axis=1).any():
            held = np.vstack([held[~(row <= held).all(axis=1)], row])
            base = math.nan  # stale until a slice has depth
        if depth > 0:
            base = _volume(held, r[:-1]) if math.isnan(base) else base
            volume += base * depth
    return volume


def relative_hypervolume(points: ArrayLike, reference: ArrayLike, best: ArrayLike) -> Estimate:
    """Return the share of a stored front's hypervolume that the points reach.

    Args:
        points: Losses of one run, shape (n, m).
        reference: Stored reference, shape (m,).
        best: Stored front, shape (p, m).

    Returns:
        The estimate counts points; it exceeds 1 when the stored front was incomplete, with a
        warning.

    >>> relative_hypervolume([[2, 2]], [4, 4], [[1, 3], [2, 2], [3, 1]]).value
    0.6666666666666666
    """
    x = np.asarray(points, dtype=np.float64)
    whole, reached = hypervolume(best, reference), hypervolume(points, reference)
    used = int(np.isfinite(x).all(axis=-1).sum()) if x.size else 0
    share = reached / whole if whole > 0 else math.nan
    over = Caution("front-improved", "These points reach beyond the stored front: update it.")
    return Estimate(
        share,
        n=used,
        excluded=len(x) - used,
        method="hypervolume relative to the stored front; n counts points",
        citation=CITATION,
        warnings=(over,) if share > 1 + 1e-9 else (),
        reason="" if whole > 0 else "the stored front dominates nothing",
    )


def hypervolume_over_time(points: ArrayLike, reference: ArrayLike) -> FloatArray:
    """Return the hypervolume after each point, in the order given, shape (n,); never falls.

    >>> hypervolume_over_time([[1, 3], [3, 3], [2, 2]], [4, 4])
    array([3., 3., 5.])
    """
    r = np.asarray(reference, dtype=np.float64)
    x = np.asarray(points, dtype=np.float64).reshape(-1, len(r))
    out, held, volume = np.zeros(len(x)), np.zeros((0, len(r))), 0.0
    for i, row in enumerate(x):
        within = bool(np.isfinite(row).all() and (row < r).all())
        if within and not (held <= row).all(axis=1).any():
            held = np.vstack([held[~(row <= held).all(axis=1)], row])
            volume = hypervolume(held, r)
        out[i] = volume
    return out
