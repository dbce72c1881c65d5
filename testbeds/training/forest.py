"""Train random forests with scikit-learn, measured along their trees.

A forest of t trees is the first t trees of a larger one (scikit-learn seeds them in turn), so one
fit gives the whole curve. Probabilities are the trees' mean after one pseudo-tree that knows
nothing (Laplace's rule), because a mean of few trees holds zeros, whose cross-entropy is infinite.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.testbeds.training.curves import Measured
from hpobench_lab.testbeds.training.data import Dataset

__all__ = ["fit"]

FloatArray = NDArray[np.float64]
NODE_BYTES = 24
"""A node of a tree: two children, a feature, a threshold; a leaf adds 8 bytes a class."""


def fit(
    configs: Sequence[dict[str, Any]], data: Dataset, levels: Sequence[float], seed: int
) -> Iterator[Measured]:
    """Train a forest of ``levels[-1]`` trees for every configuration.

    The seconds of a smaller forest are the whole forest's, times its share of the nodes.

    Args:
        configs: ``max_features``, ``max_samples``, ``min_samples_leaf``, ``max_depth``,
            ``splitter`` and, for classes, ``criterion``; n configurations.
        data: What to train on.
        levels: Trees, ascending.
        seed: Seeds the bootstrap, the features and the thresholds.
    """
    for row, config in enumerate(configs):
        yield from _fit_one(row, config, data, levels, seed)


def _forest(config: dict[str, Any], data: Dataset, trees: int, seed: int) -> Any:
    from sklearn import ensemble

    kind = "ExtraTrees" if config["splitter"] == "random" else "RandomForest"
    task = "Regressor" if data.task == "regression" else "Classifier"
    given = {name: value for name, value in config.items() if name != "splitter"}
    maker = getattr(ensemble, kind + task)
    return maker(trees, bootstrap=True, n_jobs=1, random_state=seed, **given)


def _fit_one(
    row: int, config: dict[str, Any], data: Dataset, levels: Sequence[float], seed: int
) -> Iterator[Measured]:
    train = data.parts["train"]
    forest = _forest(config, data, int(levels[-1]), seed)
    cpu, wall = time.process_time(), time.perf_counter()
    forest.fit(data.x[train], data.y[train])
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    nodes = np.array([tree.tree_.node_count for tree in forest.estimators_], dtype=np.float64)
    share = np.cumsum(nodes) / nodes.sum()
    size = np.cumsum(nodes) * (NODE_BYTES + 8 * data.classes)
    begin = time.perf_counter()
    answers = np.cumsum([_answers(tree, data) for tree in forest.estimators_], axis=0)
    predict_s = (time.perf_counter() - begin) * 1000 / len(data.x) / len(nodes)
    for level, at in enumerate(levels):
        trees, last = int(at), int(at) - 1
        yield Measured(
            row,
            level,
            _outputs(answers[last], trees, data),
            cpu * share[last],
            wall * share[last],
            predict_s * trees,
            size[last],
            data.x[train].size * 4.0 + 8.0 * len(data.y) + size[last],
        )


def _answers(tree: Any, data: Dataset) -> FloatArray:
    """Return one tree's probabilities (rows, classes) or predictions (rows, 1)."""
    found = np.asarray(tree.tree_.predict(data.x), dtype=np.float64).reshape(len(data.x), -1)
    return found if data.task == "regression" else found / found.sum(axis=1, keepdims=True)


def _outputs(total: FloatArray, trees: int, data: Dataset) -> FloatArray:
    if data.task == "regression":
        return total / trees
    return np.log((total + 1.0 / data.classes) / (trees + 1.0))
