"""Train XGBoost one configuration at a time, on one thread, measured along its rounds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from hpobench_lab.testbeds.training.curves import COLUMNS, TEST_COLUMNS, Curves, losses_and_errors
from hpobench_lab.testbeds.training.data import Dataset

__all__ = ["import_xgboost", "train"]


def import_xgboost(feature: str) -> Any:
    """Return the module, or raise the error that names the pip line."""
    try:
        import xgboost
    except ImportError:
        from hpobench_lab.errors import missing_extra

        raise missing_extra(feature, "xgboost", "surrogates") from None
    return xgboost


def _parameters(config: dict[str, Any], data: Dataset, seed: int) -> dict[str, Any]:
    task = (
        {"objective": "binary:logistic"}
        if data.classes == 2
        else {"objective": "multi:softprob", "num_class": data.classes}
    )
    return {"nthread": 1, "seed": seed, "tree_method": "hist", "verbosity": 0, **config, **task}


def _logits(margins: np.ndarray[Any, np.dtype[np.float64]]) -> Any:
    """Return logits (rows, classes) from margins, (rows,) when there are two classes."""
    return margins if margins.ndim == 2 else np.stack([np.zeros_like(margins), margins], axis=1)


def train(
    configs: Sequence[dict[str, Any]], data: Dataset, levels: Sequence[int], seed: int = 0
) -> Curves:
    """Train every configuration for ``levels[-1]`` rounds and measure it at each level.

    CPU and wall seconds count the boosting rounds, quantisation of the features included, and not
    the measuring.

    Args:
        configs: XGBoost parameters, n configurations.
        data: What to train on.
        levels: Rounds, ascending.
        seed: Seeds the subsampling of rows and columns.

    Returns:
        Every column of ``COLUMNS`` and ``TEST_COLUMNS``, shape (n, levels).

    >>> from hpobench_lab.testbeds.training.data import load
    >>> curves = train([{"eta": 0.3, "max_depth": 3}], load("breast-cancer"), (1, 8))
    >>> bool(curves["valid_cross_entropy"][0, 1] < 0.2)
    True
    """
    result = {name: np.full((len(configs), len(levels)), np.nan) for name in COLUMNS + TEST_COLUMNS}
    for row, config in enumerate(configs):
        for level, measured in enumerate(_train_one(config, data, levels, seed)):
            for name, value in measured.items():
                result[name][row, level] = value
    return result


def _train_one(
    config: dict[str, Any], data: Dataset, levels: Sequence[int], seed: int
) -> list[dict[str, float]]:
    xgb = import_xgboost("training XGBoost")
    train_rows = data.parts["train"]
    everything = xgb.DMatrix(data.x, nthread=1)
    everything.set_base_margin(np.zeros(len(data.x) * (data.classes if data.classes > 2 else 1)))
    cpu_s = wall_s = 0.0
    cpu, wall = time.process_time(), time.perf_counter()
    quantised = xgb.QuantileDMatrix(
        data.x[train_rows], data.y[train_rows], nthread=1, max_bin=config.get("max_bin", 256)
    )
    booster = xgb.Booster(_parameters(config, data, seed), [quantised])
    margins: Any = None
    measured, done = [], 0
    for level in levels:
        for iteration in range(done, level):
            booster.update(quantised, iteration)
        cpu_s += time.process_time() - cpu
        wall_s += time.perf_counter() - wall
        if margins is None:
            margins = _intercept(booster, data)
        margins = margins + booster.predict(
            everything, output_margin=True, iteration_range=(done, level)
        )
        done = level
        losses = losses_and_errors(_logits(margins), data)
        measured.append(losses | {"cpu_s": cpu_s, "wall_s": wall_s})
        cpu, wall = time.process_time(), time.perf_counter()
    return measured


def _intercept(booster: Any, data: Dataset) -> Any:
    """Return the margin before the first tree, shape of one prediction, float64."""
    xgb = import_xgboost("training XGBoost")
    plain = xgb.DMatrix(data.x, nthread=1)
    zero = xgb.DMatrix(data.x, nthread=1)
    zero.set_base_margin(np.zeros(len(data.x) * (data.classes if data.classes > 2 else 1)))
    first = (0, 1)
    with_it = booster.predict(plain, output_margin=True, iteration_range=first).astype(np.float64)
    return with_it - booster.predict(zero, output_margin=True, iteration_range=first)
