"""Train support vector machines with scikit-learn on growing shares of the training rows.

For classes, every fifth row of a share is set aside to fit one temperature that turns decision
values into probabilities (Platt 1999, with his smoothed targets; Guo et al. 2017, ICML,
https://arxiv.org/abs/1706.04599): scikit-learn's own calibration would fit five machines more.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.testbeds.training.curves import Measured
from hpobench_lab.testbeds.training.data import Dataset

__all__ = ["fit"]

FloatArray = NDArray[np.float64]
MOST_STEPS = 20_000
"""Steps of the solver for one pair of classes; where it stops is what is measured."""
SET_ASIDE = 5


def fit(
    configs: Sequence[dict[str, Any]], data: Dataset, levels: Sequence[float], seed: int
) -> Iterator[Measured]:
    """Train every configuration from scratch on each share of the training rows.

    Args:
        configs: ``C``, ``kernel``, ``gamma``, ``degree``, ``coef0`` and, for regression,
            ``epsilon``; n configurations.
        data: What to train on; its rows are in random order, a share is the first of them.
        levels: Shares, ascending to 1.
        seed: Seeds nothing: the machine is deterministic.
    """
    for row, config in enumerate(configs):
        for level, share in enumerate(levels):
            yield _fit_one(row, level, config, data, share)


def _fit_one(row: int, level: int, config: dict[str, Any], data: Dataset, share: float) -> Measured:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import SVC, SVR

    count = max(round(share * data.sizes[0]), 2)
    x, y = data.x[:count].astype(np.float64), data.y[:count]
    regression = data.task == "regression"
    machine = (SVR if regression else SVC)(cache_size=50, max_iter=MOST_STEPS, **config)
    cpu, wall = time.process_time(), time.perf_counter()
    aside = np.zeros(count, dtype=bool) if regression else _aside(y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        machine.fit(x[~aside], y[~aside])
    slope = 1.0 if regression else _slope(_scores(machine, x[aside], data), y[aside])
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    begin = time.perf_counter()
    outputs = slope * _scores(machine, data.x.astype(np.float64), data)
    predict_s = (time.perf_counter() - begin) * 1000 / len(data.x)
    size = 8.0 * (machine.support_vectors_.size + machine.dual_coef_.size)
    peak = 8.0 * (x.size + machine.support_vectors_.size) + 50e6
    return Measured(row, level, outputs, cpu, wall, predict_s, size, peak)


def _aside(y: NDArray[Any]) -> NDArray[np.bool_]:
    """Return every fifth row of each class, never a class's only row."""
    aside = np.zeros(len(y), dtype=bool)
    for k in np.unique(y):
        aside[np.flatnonzero(y == k)[SET_ASIDE - 1 :: SET_ASIDE]] = True
    if not aside.any():
        several = [np.flatnonzero(y == k) for k in np.unique(y)]
        aside[max(several, key=len)[-1]] = len(y) > len(several)
    return aside


def _scores(machine: Any, x: FloatArray, data: Dataset) -> FloatArray:
    """Return predictions (rows, 1) or decision values (rows, classes); unseen classes lowest."""
    if data.task == "regression":
        return np.asarray(machine.predict(x))[:, None]
    if len(x) == 0:
        return np.zeros((0, data.classes))
    values = np.asarray(machine.decision_function(x), dtype=np.float64)
    if values.ndim == 1:
        values = np.stack([-values, values], axis=1) / 2.0
    scores = np.repeat(values.min(axis=1, keepdims=True), data.classes, axis=1)
    scores[:, machine.classes_] = values
    return scores


def _slope(scores: FloatArray, y: NDArray[np.int64]) -> float:
    """Return the factor on decision values with the least smoothed cross-entropy."""
    from scipy.optimize import minimize_scalar

    if len(y) == 0:
        return 1.0
    n, classes = scores.shape
    target = np.full((n, classes), 1.0 / (n + classes) if classes > 1 else 1.0)
    target[np.arange(n), y] = (n + 1.0) / (n + classes)

    def loss(log_slope: float) -> float:
        z = np.exp(log_slope) * scores
        z = z - z.max(axis=1, keepdims=True)
        return float((target * (np.log(np.exp(z).sum(axis=1, keepdims=True)) - z)).sum())

    found = minimize_scalar(loss, bounds=(-7.0, 7.0), method="bounded", options={"xatol": 1e-3})
    return float(np.exp(found.x))
