"""The best known value of a surrogate, and its median over the space."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.space import Space

__all__ = ["ORIGIN", "search"]

FloatArray = NDArray[np.float64]
RANDOM, KEPT, CHILDREN, STEPS = 200_000, 64, 64, 40
ORIGIN = (
    f"best known: the least of {RANDOM:,} random configurations, then {STEPS} steps of local "
    f"search from the best {KEPT} and the best of the table, {CHILDREN} changes each"
)


def _children(
    space: Space, parents: FloatArray, width: float, rng: np.random.Generator
) -> FloatArray:
    """Return changed copies, shape (parents * CHILDREN, d): some coordinates moved or redrawn."""
    x = np.repeat(parents, CHILDREN, axis=0)
    change = rng.random(x.shape) < rng.choice([1, 2, 4], size=(len(x), 1)) / space.dimension
    moved = np.clip(x + width * rng.standard_normal(x.shape), 0.0, 1.0)
    redrawn = np.where(rng.random(x.shape) < 0.2, rng.random(x.shape), moved)
    return space.canonical(np.where(change, redrawn, x))


def search(
    loss: Callable[[FloatArray], FloatArray],
    space: Space,
    start: FloatArray,
    rng: np.random.Generator,
) -> tuple[FloatArray, float, float]:
    """Search a cheap deterministic loss for its least value.

    Args:
        loss: Unit rows (n, d) to losses (n,).
        space: d parameters.
        start: Rows to begin with besides random ones, shape (k, d).
        rng: Draws the rows.

    Returns:
        The best row (d,), its loss, and the median loss of the random rows.
    """
    random = space.uniform(rng, RANDOM)
    losses = loss(random)
    median = float(np.median(losses))
    x = np.concatenate([random[np.argsort(losses, kind="stable")[:KEPT]], start])
    f = loss(x)
    for step in range(STEPS):
        children = _children(space, x, 0.2 * 0.9**step, rng)
        family = np.concatenate([f[:, None], loss(children).reshape(len(x), CHILDREN)], axis=1)
        rows = np.concatenate([x[:, None], children.reshape(len(x), CHILDREN, -1)], axis=1)
        best = family.argmin(axis=1)
        x, f = rows[np.arange(len(x)), best], family[np.arange(len(x)), best]
    return x[f.argmin()], float(f.min()), median
