"""Which hyperparameters matter: functional ANOVA of a random forest, exact over its leaves.

Every tree splits the space into boxes, so the mean of its prediction over all other columns can be
integrated exactly over the cells of a grid. The fractions are raw: mains, pairs and the rest of the
forest's own variance, never scaled to add up; the out-of-bag R2 says how far the forest, and with
it every fraction, can be trusted.

Differences: the forest's mean prediction is split, not each tree's, whose own noise would end up in
the residual (of the Ishigami function's 0.4424, 1,000 points give 0.42 so and 0.35 by tree); the
total variance is taken over 2^13 Sobol points; scikit-learn's forest; categories are integer codes,
split between neighbours, with the same measure each; a column that is absent in a row (conditional)
is filled with its median.

References:
    Hutter, Hoos, Leyton-Brown (2014), ICML, https://proceedings.mlr.press/v32/hutter14.html
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpobench_lab.analysis.estimate import Caution, Estimate

__all__ = ["Importance", "importance"]

FloatArray = NDArray[np.float64]

HUGE = 1e100
CITATION = "Hutter, Hoos, Leyton-Brown (2014), ICML, PMLR 32:754-762"
METHOD = "functional ANOVA by random forest, raw fraction of the forest's variance"
TRUSTED_R2 = 0.5
FEWEST_ROWS = 10
CELLS, FINER = 32, 8
"""Cells of a continuous column in a pair, and how much finer it is cut alone."""
POINTS, DRAWS = 2**13, 100


@dataclass(frozen=True)
class Importance:
    """Hold how a forest's variance splits over hyperparameters.

    Args:
        names: Of the columns.
        mains: Fraction of each column alone; the intervals are those of the forest's randomness
            (which bootstraps the rows), from resampled trees.
        pairs: Fraction of each pair beyond its two mains, by the columns' names.
        residual: What is left for three and more columns together.
        r2: Out-of-bag R2 of the forest; NaN where there is none.
        n: Rows used.
        excluded: Rows left out because their loss is not finite.
        method: In words.
        citation: Of the method.
        warnings: What limits it.
    """

    names: tuple[str, ...]
    mains: tuple[Estimate, ...]
    pairs: dict[tuple[str, str], Estimate]
    residual: float
    r2: float
    n: int
    excluded: int
    method: str = METHOD
    citation: str = CITATION
    warnings: tuple[Caution, ...] = ()


def importance(
    configurations: ArrayLike,
    losses: ArrayLike,
    names: Sequence[str],
    *,
    bounds: ArrayLike | None = None,
    levels: Sequence[int] | None = None,
    seed: int = 0,
    trees: int = 64,
) -> Importance:
    """Return the share of the loss's variance over the space that each hyperparameter explains.

    Args:
        configurations: Shape (n, d), continuous columns on the scale that counts as uniform (the
            logarithm for logarithmic ones); NaN where a column is inactive.
        losses: Shape (n,).
        names: Of the d columns.
        bounds: Ends of the continuous columns, shape (d, 2); those of the data by default.
        levels: Number of categories of each column, coded from 0; 0 for a continuous column.
        seed: Of the forest.
        trees: Number of trees.

    Raises:
        ValueError: If the shapes disagree or a value lies outside its bounds.

    References:
        Hutter, Hoos, Leyton-Brown (2014), ICML.

    >>> x = np.random.default_rng(0).random((200, 2))
    >>> found = importance(x, x[:, 0] ** 2, ["lr", "momentum"], trees=16)
    >>> found.mains[0].value > 0.95, found.mains[1].value < 0.02, found.r2 > 0.9
    (True, True, True)
    """
    x, y = np.asarray(configurations, dtype=np.float64), np.asarray(losses, dtype=np.float64)
    if x.ndim != 2 or x.shape != (len(y), len(names)):
        raise ValueError(f"{x.shape} configurations, {len(y)} losses and {len(names)} names")
    kept = np.isfinite(y)
    x, y, excluded = x[kept], y[kept], int((~kept).sum())
    x, cautions = _fill(x, names)
    box = _box(x, bounds, levels)
    _check(x, box, names)
    active = [j for j in range(len(names)) if box[j, 1] > box[j, 0]]
    if len(y) < FEWEST_ROWS or float(np.ptp(y)) == 0 or not active:
        return _nothing(names, len(y), excluded, cautions)
    unit = (x[:, active] - box[active, 0]) / (box[active, 1] - box[active, 0])
    forest = _forest(unit, y, seed, trees)
    codes = [int(levels[j]) if levels is not None else 0 for j in active]
    mains, pairs = _fractions(forest, codes, seed)
    r2 = float(forest.oob_score_)
    if r2 < TRUSTED_R2:
        text = f"The forest explains little (out-of-bag R² {r2:.2f}); importances are unsure."
        cautions = (*cautions, Caution("poor-fit", text))
    return _assemble(names, active, mains, pairs, r2, len(y), excluded, cautions)


def _fill(x: FloatArray, names: Sequence[str]) -> tuple[FloatArray, tuple[Caution, ...]]:
    absent = np.isnan(x)
    if not absent.any():
        return x, ()
    out, said = x.copy(), list[str]()
    for j in np.flatnonzero(absent.any(axis=0)).tolist():
        known = x[~absent[:, j], j]
        # the lower median of the data is a value that the column can take
        out[absent[:, j], j] = np.sort(known)[(len(known) - 1) // 2] if len(known) else 0.0
        said.append(f"{names[j]} ({absent[:, j].mean():.0%})")
    text = f"Inactive in some rows and filled with the median: {', '.join(said)}."
    return out, (Caution("imputed", text, level="note"),)


def _box(x: FloatArray, bounds: ArrayLike | None, levels: Sequence[int] | None) -> FloatArray:
    d = x.shape[1]
    if bounds is not None:
        box = np.array(bounds, dtype=np.float64)
        if box.shape != (d, 2):
            raise ValueError(f"bounds of shape {box.shape} for {d} columns")
    elif len(x):
        box = np.stack([x.min(axis=0), x.max(axis=0)], axis=1)
    else:
        box = np.zeros((d, 2))
    for j, count in enumerate(levels or ()):
        if count:
            box[j] = -0.5, count - 0.5  # codes sit in the middle of intervals of equal measure
    return box


def _check(x: FloatArray, box: FloatArray, names: Sequence[str]) -> None:
    outside = ((x < box[:, 0] - 1e-9) | (x > box[:, 1] + 1e-9)).any(axis=0) & (
        box[:, 1] > box[:, 0]
    )
    if outside.any():
        bad = [names[j] for j in np.flatnonzero(outside).tolist()]
        raise ValueError(f"values outside their bounds: {', '.join(bad)}")


def _nothing(
    names: Sequence[str], n: int, excluded: int, cautions: tuple[Caution, ...]
) -> Importance:
    why = f"{n} rows are too few" if n < FEWEST_ROWS else "nothing varies"
    none = Estimate(math.nan, n=n, method=METHOD, citation=CITATION, reason=why)
    pairs = dict.fromkeys(itertools.combinations(names, 2), none)
    said = (*cautions, Caution("no-importance", f"No importances: {why}.", level="info"))
    nan = math.nan
    return Importance(
        tuple(names), (none,) * len(names), pairs, nan, nan, n, excluded, warnings=said
    )


def _forest(unit: FloatArray, y: FloatArray, seed: int, trees: int) -> Any:
    import warnings

    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(
        n_estimators=trees, min_samples_leaf=2, oob_score=True, random_state=seed, n_jobs=1
    )
    largest = float(np.abs(y).max(initial=0.0))
    if largest > HUGE:  # fractions do not change, and squares do not overflow
        y = y / largest
    with warnings.catch_warnings():  # few trees may leave a row in every bag; R2 then lacks it
        warnings.filterwarnings("ignore", message="Some inputs do not have OOB scores")
        forest.fit(unit, y)
    return forest


def _fractions(forest: Any, codes: Sequence[int], seed: int) -> tuple[FloatArray, FloatArray]:
    """Return fractions of the forest, then of forests of resampled trees, one a row.

    Returns:
        Mains, shape (1 + DRAWS, d), and pairs, shape (1 + DRAWS, d (d - 1) / 2).
    """
    d, count = len(codes), len(forest.estimators_)
    rng = np.random.default_rng(seed)
    weights = np.vstack([np.ones(count), rng.multinomial(count, np.full(count, 1 / count), DRAWS)])
    mean, main, joint = _marginals([_leaves(t.tree_, d) for t in forest.estimators_], codes)
    total = (weights / count @ _predictions(forest, d, seed)).var(axis=1)
    total = np.where(total > 0, total, np.nan)
    level = weights / count @ mean
    effect = [weights / count @ m - level[:, None] for m in main]
    mains = np.stack([(e**2).mean(axis=1) for e in effect], axis=1) / total[:, None]
    coarse = [
        e.reshape(len(e), n, -1).mean(axis=2) for e, n in zip(effect, _sizes(codes), strict=True)
    ]
    pairs = np.zeros((len(weights), len(joint)))
    for column, ((i, j), values) in enumerate(joint.items()):
        both = (weights / count @ values.reshape(count, -1)).reshape(-1, *values.shape[1:])
        pure = both - level[:, None, None] - coarse[i][:, :, None] - coarse[j][:, None, :]
        pairs[:, column] = (pure**2).mean(axis=(1, 2)) / total
    return mains, pairs


def _predictions(forest: Any, d: int, seed: int) -> FloatArray:
    from scipy.stats import qmc

    points = qmc.Sobol(d, seed=seed).random(POINTS)
    return np.stack([np.asarray(t.predict(points)) for t in forest.estimators_])


def _sizes(codes: Sequence[int]) -> list[int]:
    return [c or CELLS for c in codes]


Leaves = tuple[FloatArray, FloatArray, FloatArray]


def _marginals(
    trees: Sequence[Leaves], codes: Sequence[int]
) -> tuple[FloatArray, list[FloatArray], dict[tuple[int, int], FloatArray]]:
    """Return each tree's mean, and its means over cells of one and of two columns.

    Returns:
        Shapes (B,), d times (B, cells), and by pair (B, cells, cells).
    """
    sizes, every = _sizes(codes), list(itertools.combinations(range(len(codes)), 2))
    mean = np.zeros(len(trees))
    main = [np.zeros((len(trees), c or CELLS * FINER)) for c in codes]
    joint: dict[tuple[int, int], FloatArray] = {
        (i, j): np.zeros((len(trees), sizes[i], sizes[j])) for i, j in every
    }
    for b, (low, high, value) in enumerate(trees):
        sides = high - low
        weight = value * sides.prod(axis=1)
        mean[b] = weight.sum()
        safe = np.where(sides > 0, sides, 1.0)  # a leaf without a side has no volume either
        for j, alone in enumerate(main):
            share = _overlap(low[:, j], high[:, j], alone.shape[1])
            alone[b] = (weight / safe[:, j]) @ share  # Hutter et al., eq. (3)
        shares = [_overlap(low[:, j], high[:, j], n) for j, n in enumerate(sizes)]
        for (i, j), marginal in joint.items():
            scaled = shares[i] * (weight / safe[:, i] / safe[:, j])[:, None]
            marginal[b] = scaled.T @ shares[j]
    return mean, main, joint


def _overlap(low: FloatArray, high: FloatArray, cells: int) -> FloatArray:
    """Return the part of each of n equal cells of [0, 1] that each leaf covers, shape (L, n)."""
    edges = np.linspace(0, 1, cells + 1)
    inner = np.minimum(high[:, None], edges[1:]) - np.maximum(low[:, None], edges[:-1])
    return np.asarray(np.clip(inner, 0.0, None) * cells)


def _leaves(tree: Any, d: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the leaves' lower and upper corners, shape (L, d), and predictions, shape (L,)."""
    low, high, value = list[FloatArray](), list[FloatArray](), list[float]()
    stack = [(0, np.zeros(d), np.ones(d))]
    while stack:
        node, a, b = stack.pop()
        left, right = int(tree.children_left[node]), int(tree.children_right[node])
        if left < 0:
            low.append(a)
            high.append(b)
            value.append(float(tree.value[node].ravel()[0]))
            continue
        j, at = int(tree.feature[node]), float(tree.threshold[node])
        inner_b, inner_a = b.copy(), a.copy()
        inner_b[j] = inner_a[j] = min(max(at, a[j]), b[j])
        stack += [(left, a, inner_b), (right, inner_a, b)]
    return np.array(low), np.array(high), np.array(value)


def _assemble(
    names: Sequence[str],
    active: Sequence[int],
    mains: FloatArray,
    pairs: FloatArray,
    r2: float,
    n: int,
    excluded: int,
    cautions: tuple[Caution, ...],
) -> Importance:
    def estimate(fractions: FloatArray) -> Estimate:
        value, half = float(fractions[0]), 1.96 * float(np.nanstd(fractions[1:]))
        ends = max(0.0, value - half), value + half
        method = METHOD + "; interval over resampled trees; n counts evaluations"
        return Estimate(value, *ends, n, excluded, method, CITATION)

    none = Estimate(0.0, 0.0, 0.0, n, excluded, METHOD, CITATION, reason="the column is constant")
    main = {j: estimate(mains[:, i]) for i, j in enumerate(active)}
    both = {
        (active[a], active[b]): estimate(pairs[:, i])
        for i, (a, b) in enumerate(itertools.combinations(range(len(active)), 2))
    }
    columns = range(len(names))
    return Importance(
        tuple(names),
        tuple(main.get(j, none) for j in columns),
        {
            (names[a], names[b]): both.get((a, b), none)
            for a, b in itertools.combinations(columns, 2)
        },
        float(1 - mains[0].sum() - pairs[0].sum()),
        r2,
        n,
        excluded,
        warnings=cautions,
    )
