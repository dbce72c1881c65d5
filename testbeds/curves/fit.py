"""Fit a surrogate to a collected table with XGBoost, and measure how good it is.

Four fifths of the configurations are fitted first and the rest predicted, which gives the quality;
what is shipped is fitted to all of them. xgboost is needed here and never at evaluation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.space import Space
from hpobench_lab.testbeds.curves.features import Derived, config_columns, features
from hpobench_lab.testbeds.curves.surrogate import Model
from hpobench_lab.testbeds.curves.trees import Trees
from hpobench_lab.testbeds.training.xgb import import_xgboost

__all__ = ["LEAST", "Training", "fit", "quality"]

FloatArray = NDArray[np.float64]
LEAST = 128
"""Configurations below which no surrogate is fitted."""
SPLIT_SEED = 20_260_102
FLOOR = 0.8
"""The model's floor, as a share of the least loss."""
LOSS_TREES, COST_TREES = 300, 80
LOSS = {"max_depth": 7, "eta": 0.05, "max_bin": 128}
COST = {"max_depth": 4, "eta": 0.12, "max_bin": 64}
COMMON = {
    "tree_method": "hist",
    "subsample": 0.6,
    "min_child_weight": 10,
    "nthread": 1,
    "seed": 0,
}


@dataclass(frozen=True)
class Training:
    """What a surrogate is fitted to.

    Args:
        space: d parameters.
        fidelity: Name of the fidelity.
        derived: Products among the features.
        levels: Ascending, shape (L,).
        x: Unit rows, shape (n, d).
        losses: Shape (n, L), finite and positive (``cap`` in the place of what is not).
        cpu_s: Cumulative CPU seconds, shape (n, L), positive.
    """

    space: Space
    fidelity: str
    derived: Derived
    levels: FloatArray
    x: FloatArray
    losses: FloatArray
    cpu_s: FloatArray

    def take(self, rows: NDArray[np.intp]) -> Training:
        """Return the given configurations."""
        x, losses, cpu_s = self.x[rows], self.losses[rows], self.cpu_s[rows]
        return Training(self.space, self.fidelity, self.derived, self.levels, x, losses, cpu_s)


def _trees(table: FloatArray, target: FloatArray, params: dict[str, Any], count: int) -> Trees:
    xgb = import_xgboost("fitting a surrogate")
    data = xgb.DMatrix(table.astype(np.float32), target, nthread=1)
    return Trees.from_booster(xgb.train(COMMON | params, data, count))


def fit(training: Training) -> Model:
    """Fit the loss and the cost of a table.

    Args:
        training: n configurations at L levels.

    Returns:
        The model, in flat trees.

    Raises:
        MissingExtra: If xgboost is not installed.
    """
    n, count = len(training.x), len(training.levels)
    rows = np.repeat(training.x, count, axis=0)
    fidelity = np.tile(training.levels, n)
    space, name, derived = training.space, training.fidelity, training.derived
    table = features(space, space.decode(rows), rows, fidelity, name, derived)
    alone = table[::count, config_columns(space, name, derived)]
    total = training.cpu_s[:, -1]
    share = np.maximum.accumulate(np.median(training.cpu_s / total[:, None], axis=0))
    floor = FLOOR * float(training.losses.min())
    target = np.log(training.losses - floor).ravel()
    return Model(
        space,
        name,
        derived,
        floor,
        loss=_trees(table, target, LOSS, LOSS_TREES),
        cost=_trees(alone, np.log(total), COST, COST_TREES),
        levels=training.levels,
        share=share / share[-1],
    )


def quality(training: Training) -> dict[str, float]:
    """Return how well a fit to four fifths predicts the other configurations at full fidelity.

    ``r2`` and ``r2_all_levels`` are of the loss's logarithm; ``spearman`` and
    ``spearman_best_quarter`` rank losses; ``mae_near_optimum`` is the mean absolute error of the
    loss over the best tenth; ``cost_relative_error`` is the median over all levels.
    """
    from scipy.stats import spearmanr

    order = np.random.Generator(np.random.Philox(SPLIT_SEED)).permutation(len(training.x))
    held = order[: len(order) // 5]
    model = fit(training.take(np.sort(order[len(order) // 5 :])))
    x, truth = training.x[held], training.losses[held]
    count = len(training.levels)
    rows, fidelity = np.repeat(x, count, axis=0), np.tile(training.levels, len(x))
    table = model.table(model.space.decode(rows), rows, fidelity)
    predicted = model.losses(table).reshape(truth.shape)
    cost = model.cost_s(table, fidelity).reshape(truth.shape)
    final, guess = truth[:, -1], predicted[:, -1]
    rank = np.argsort(final, kind="stable")
    best, near = rank[: len(rank) // 4], rank[: len(rank) // 10]
    measured = {
        "r2": _r2(np.log(final), np.log(guess)),
        "r2_all_levels": _r2(np.log(truth), np.log(predicted)),
        "spearman": spearmanr(final, guess).statistic,
        "spearman_best_quarter": spearmanr(final[best], guess[best]).statistic,
        "mae_near_optimum": np.abs(final - guess)[near].mean(),
        "cost_relative_error": np.median(np.abs(cost / training.cpu_s[held] - 1.0)),
        "held_out_configurations": len(held),
    }
    return {name: round(float(value), 5) for name, value in measured.items()}


def _r2(truth: FloatArray, predicted: FloatArray) -> float:
    return float(1.0 - ((truth - predicted) ** 2).sum() / ((truth - truth.mean()) ** 2).sum())
