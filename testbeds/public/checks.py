"""What the arrays of a table must satisfy; ``DataError`` names the first place that does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpobench_lab.errors import DataError
from hpobench_lab.space import Space
from hpobench_lab.testbeds.public.grid import grid_size

__all__ = [
    "broken",
    "check_rows",
    "counts",
    "cumulative",
    "few",
    "four",
    "index",
    "listed",
]

Array = NDArray[Any]
BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]


def four(name: str, losses: Array, m: int) -> Array:
    """Return losses as (n, R, L, m)."""
    array = np.asarray(losses)
    array = array[..., None] if array.ndim == 3 else array
    if array.ndim != 4 or array.shape[3] != m or 0 in array.shape or array.dtype.kind != "f":
        raise DataError(
            f"{name}: losses must be floats of shape (configurations, replicates, levels"
            f"{f', {m}' if m > 1 else ''}), got {array.dtype} of shape {np.shape(losses)}"
        )
    return array


def counts(name: str, stored: ArrayLike | None, n: int, r: int) -> IntArray:
    """Return how many replicates each configuration has, shape (n,)."""
    found = np.full(n, r) if stored is None else np.asarray(stored, dtype=np.intp)
    if found.shape != (n,) or not ((found >= 1) & (found <= r)).all():
        raise DataError(f"{name}: every configuration needs 1 to {r} stored replicates")
    return found.astype(np.intp)


def broken(name: str, losses: Array, stored: IntArray) -> BoolArray:
    """Return from where on each training is lost, (n, R, L, m) to (n, R, L).

    An infinite loss ends a training; NaN may only stand at the end of a curve.
    """
    there = np.arange(losses.shape[1]) < stored[:, None]
    lost = np.asarray(np.isnan(losses).any(axis=3))
    inside = np.asarray((np.logical_or.accumulate(lost, axis=2) & ~lost).any(axis=2)) & there
    if inside.any():
        i, k = np.argwhere(inside)[0]
        where = int(np.argmax(lost[i, k]))
        raise DataError(
            f"{name}: NaN inside a curve: configuration {i}, replicate {k}, level {where} is "
            "missing and a later one is not; a training that broke down may only end in NaN"
        )
    bad = ~np.isfinite(losses).all(axis=3)
    return np.asarray(np.logical_or.accumulate(bad, axis=2))


def cumulative(name: str, cost_s: ArrayLike, broken: BoolArray, stored: IntArray) -> Array:
    """Return monotone seconds, broadcast to (n, R, L)."""
    cost = np.asarray(cost_s)
    cost = cost.astype(np.float64) if cost.dtype.kind != "f" else cost
    try:
        full = np.broadcast_to(cost, broken.shape)
    except ValueError:
        raise DataError(
            f"{name}: seconds of shape {cost.shape} do not fit losses of shape {broken.shape}"
        ) from None
    alive = ~broken & (np.arange(broken.shape[1]) < stored[:, None])[:, :, None]
    wrong = (alive & ~np.isfinite(full)) | (full < 0) | np.isinf(full)
    if wrong.any():
        i, k, j = np.argwhere(wrong)[0]
        raise DataError(
            f"{name}: configuration {i}, replicate {k}, level {j} took {full[i, k, j]} seconds"
        )
    if cost.ndim == 0:
        return full
    rising = np.nan_to_num(np.fmax.accumulate(cost, axis=-1), nan=0.0)
    return np.broadcast_to(rising, broken.shape)


def listed(name: str, space: Space, values: FloatArray) -> FloatArray:
    """Return canonical values; all of them must lie in the space."""
    try:
        canonical = space.decode(space.encode(values))
    except ValueError as error:
        raise DataError(f"{name}: the configurations do not fit the space: {error}") from None
    outside = ~np.isclose(canonical, values, rtol=1e-9, atol=1e-12, equal_nan=True)
    if outside.any():
        i, j = np.argwhere(outside)[0]
        raise DataError(
            f"{name}: configuration {i} lies outside the space: {space.names[j]} = "
            f"{np.asarray(values)[i, j]}"
        )
    return canonical


def index(name: str, canonical: FloatArray) -> dict[bytes, int]:
    """Return the number of each row by its bytes; no two rows may be equal."""
    found: dict[bytes, int] = {}
    for i, row in enumerate(canonical):
        first = found.setdefault(row.tobytes(), i)
        if first != i:
            raise DataError(f"{name}: configurations {first} and {i} are the same")
    return found


def check_rows(name: str, space: Space, n: int, canonical: FloatArray | None) -> None:
    """Require one row of losses a configuration."""
    size = grid_size(space) if canonical is None else len(canonical)
    if size != n:
        what = "the full grid of the space has" if canonical is None else "there are"
        raise DataError(f"{name}: {what} {size:,} configurations, but {n:,} rows of losses")


def few(amounts: Sequence[float] | Array) -> str:
    """Return the first eight amounts as text."""
    row = [f"{a:g}" for a in amounts[:8]]
    return ", ".join(row) + (", ..." if len(amounts) > 8 else "")
