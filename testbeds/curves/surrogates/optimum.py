"""The best known value of a surrogate, and its median over the space."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.space import Space
from hpobench_lab.testbeds.curves.storage.spaces import translated

__all__ = ["ORIGIN", "best_known", "search"]

FloatArray = NDArray[np.float64]
RANDOM, KEPT, LISTED, CHILDREN, STEPS = 200_000, 64, 16, 64, 40
WIDTH, LEAST_WIDTH, MOVES = 0.02, 1e-9, 800
MARGIN = 2e-10
"""Share by which a smooth f_opt is stated lower: rounding must not beat a flat bottom."""
SEARCH_SEED = 20_260_103
ORIGIN = (
    f"best known: the least of {RANDOM:,} random configurations, then {STEPS} steps of local "
    f"search from the best {KEPT} and the best {LISTED} of the table, {CHILDREN} changes each, "
    "and a pattern search from the best; on the noise-free mean"
)
REFERENCE_ORIGIN = f"median of {RANDOM:,} random configurations, on the noise-free mean"


def _children(
    space: Space, parents: FloatArray, width: float, rng: np.random.Generator
) -> FloatArray:
    """Return changed copies, shape (parents * CHILDREN, d): some coordinates moved or redrawn."""
    x = np.repeat(parents, CHILDREN, axis=0)
    change = rng.random(x.shape) < rng.choice([1, 2, 4], size=(len(x), 1)) / space.dimension
    moved = np.clip(x + width * rng.standard_normal(x.shape), 0.0, 1.0)
    redrawn = np.where(rng.random(x.shape) < 0.2, rng.random(x.shape), moved)
    return space.canonical(np.where(change, redrawn, x))


def _polished(
    loss: Callable[[FloatArray], FloatArray],
    space: Space,
    x: FloatArray,
    f: float,
    rng: np.random.Generator,
) -> tuple[FloatArray, float]:
    """Return the end of a pattern search along the axes and random directions, and its loss."""
    width = WIDTH
    for _ in range(MOVES):
        if width < LEAST_WIDTH:
            break
        axes = np.eye(space.dimension)
        directions = np.concatenate([axes, -axes, rng.standard_normal((2 * len(axes), len(axes)))])
        rows = space.canonical(np.clip(x + width * directions, 0.0, 1.0))
        found = loss(rows)
        best = int(found.argmin())
        if found[best] < f:
            x, f, width = rows[best], float(found[best]), min(WIDTH, 1.5 * width)
        else:
            width /= 2.0
    return x, f


def search(
    loss: Callable[[FloatArray], FloatArray],
    space: Space,
    start: FloatArray,
    rng: np.random.Generator,
) -> tuple[FloatArray, float, float]:
    """Search a cheap deterministic loss for its least value.

    Args:
        loss: Values (n, d) to losses (n,).
        space: d parameters.
        start: Unit rows to begin with besides random ones, shape (k, d).
        rng: Draws the rows.

    Returns:
        The best unit row (d,), its loss, and the median loss of the random rows.
    """

    def judged(rows: FloatArray) -> FloatArray:
        values = space.decode(rows)
        return np.where(space.feasible(values), loss(values), np.inf)

    random = space.uniform(rng, RANDOM)
    losses = judged(random)
    median = float(np.median(losses))
    x = np.concatenate([random[np.argsort(losses, kind="stable")[:KEPT]], start])
    f = judged(x)
    for step in range(STEPS):
        children = _children(space, x, 0.2 * 0.9**step, rng)
        family = np.concatenate([f[:, None], judged(children).reshape(len(x), CHILDREN)], axis=1)
        rows = np.concatenate([x[:, None], children.reshape(len(x), CHILDREN, -1)], axis=1)
        best = family.argmin(axis=1)
        x, f = rows[np.arange(len(x)), best], family[np.arange(len(x)), best]
    least, best_loss = _polished(judged, space, x[f.argmin()], float(f.min()), rng)
    return least, best_loss, median


def best_known(
    loss: Callable[[FloatArray], FloatArray],
    stored: Space,
    space: Space,
    listed: FloatArray,
    *,
    margin: float = 0.0,
) -> dict[str, Any]:
    """Search a surrogate in one of its spaces.

    Args:
        loss: Values of the stored space (n, d) to losses at full fidelity (n,).
        stored: The space that the surrogate was fitted in.
        space: The space to search; the same or a narrower one.
        listed: Configurations of the table, values of ``stored``, the best first.
        margin: Share by which the loss found is stated lower.

    Returns:
        ``f_opt``, ``optimum_config`` and ``f_ref``, with their origins.
    """
    values, inside = translated(listed, stored, space)
    start = space.encode(values[inside][:LISTED])
    rng = np.random.Generator(np.random.Philox(SEARCH_SEED))

    def in_stored(rows: FloatArray) -> FloatArray:
        return loss(translated(rows, space, stored)[0])

    x, least, median = search(in_stored, space, start, rng)
    return {
        "f_opt": least - margin * abs(least),
        "f_opt_origin": ORIGIN,
        "optimum_config": space.configs(space.decode(x[None]))[0],
        "f_ref": median,
        "f_ref_origin": REFERENCE_ORIGIN,
    }
