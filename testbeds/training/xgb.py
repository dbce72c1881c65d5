"""Train XGBoost one configuration at a time, on one thread, measured along its rounds."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from hpobench_lab.testbeds.training.curves import Measured
from hpobench_lab.testbeds.training.data import Dataset

__all__ = ["fit", "import_xgboost"]

NODE_BYTES = 16
"""A node of a tree: two children, a feature, a threshold or a value."""
_NODES = re.compile(rb"num_nodesSL.{8}(\d+)", re.DOTALL)
"""Where XGBoost's binary JSON says how many nodes a tree has."""


def import_xgboost(feature: str) -> Any:
    """Return the module, or raise the error that names the pip line."""
    try:
        import xgboost
    except ImportError:
        from hpobench_lab.errors import missing_extra

        raise missing_extra(feature, "xgboost", "surrogates") from None
    return xgboost


def _parameters(config: dict[str, Any], data: Dataset, seed: int) -> dict[str, Any]:
    task: dict[str, Any] = {"objective": "multi:softprob", "num_class": data.classes}
    if data.task == "regression":
        task = {"objective": "reg:squarederror"}
    elif data.classes == 2:
        task = {"objective": "binary:logistic"}
    return {"nthread": 1, "seed": seed, "tree_method": "hist", "verbosity": 0, **config, **task}


def _outputs(margins: np.ndarray[Any, np.dtype[np.float64]], data: Dataset) -> Any:
    """Return logits (rows, classes) or predictions (rows, 1)."""
    if margins.ndim == 2:
        return margins
    if data.task == "regression":
        return margins[:, None]
    return np.stack([np.zeros_like(margins), margins], axis=1)


def fit(
    configs: Sequence[dict[str, Any]], data: Dataset, levels: Sequence[float], seed: int
) -> Iterator[Measured]:
    """Train every configuration for ``levels[-1]`` rounds and measure it at each level.

    Seconds count the boosting rounds, quantisation of the features included, and not the measuring.

    Args:
        configs: XGBoost parameters, n configurations.
        data: What to train on.
        levels: Rounds, ascending.
        seed: Seeds the subsampling of rows and columns.

    >>> from hpobench_lab.testbeds.training.curves import record
    >>> from hpobench_lab.testbeds.training.data import load
    >>> data = load("breast-cancer")
    >>> curves = record(fit([{"eta": 0.3, "max_depth": 3}], data, (1, 8), 0), data, 1, 2)
    >>> bool(curves["valid_loss"][0, 1] < 0.2)
    True
    """
    for row, config in enumerate(configs):
        yield from _fit_one(row, config, data, levels, seed)


def _fit_one(
    row: int, config: dict[str, Any], data: Dataset, levels: Sequence[float], seed: int
) -> Iterator[Measured]:
    xgb = import_xgboost("training XGBoost")
    train = data.parts["train"]
    everything = _unbiased(data)
    cpu, wall = time.process_time(), time.perf_counter()
    bins = config.get("max_bin", 256)
    quantised = xgb.QuantileDMatrix(data.x[train], data.y[train], nthread=1, max_bin=bins)
    booster = xgb.Booster(_parameters(config, data, seed), [quantised])
    cpu_s = wall_s = predict_s = 0.0
    margins: Any = None
    found, done = [], 0
    for at in levels:
        for iteration in range(done, int(at)):
            booster.update(quantised, iteration)
        cpu_s += time.process_time() - cpu
        wall_s += time.perf_counter() - wall
        if margins is None:
            margins = _intercept(booster, data, everything)
        begin = time.perf_counter()
        margins = margins + booster.predict(
            everything, output_margin=True, iteration_range=(done, int(at))
        )
        predict_s += (time.perf_counter() - begin) * 1000 / len(data.x)
        done = int(at)
        found.append((_outputs(margins, data), cpu_s, wall_s, predict_s))
        cpu, wall = time.process_time(), time.perf_counter()
    sizes = _bytes(booster, levels)
    peak = data.x[train].size * (1.0 + bins / 256) + 16.0 * len(data.y)
    for level, (measured, size) in enumerate(zip(found, sizes, strict=True)):
        yield Measured(row, level, *measured, size, peak + size)


def _bytes(booster: Any, levels: Sequence[float]) -> list[float]:
    """Return the bytes of the trees up to each level."""
    nodes = np.array([int(n) for n in _NODES.findall(bytes(booster.save_raw("ubj")))])
    a_round = len(nodes) // int(levels[-1])
    total = NODE_BYTES * np.cumsum(nodes)
    return [float(total[int(at) * a_round - 1]) for at in levels]


def _unbiased(data: Dataset) -> Any:
    """Return every row, with a margin of zero in the place of the intercept."""
    xgb = import_xgboost("training XGBoost")
    matrix = xgb.DMatrix(data.x, nthread=1)
    matrix.set_base_margin(np.zeros(len(data.x) * (data.classes if data.classes > 2 else 1)))
    return matrix


def _intercept(booster: Any, data: Dataset, unbiased: Any) -> Any:
    """Return the margin before the first tree, shape of one prediction, float64."""
    xgb = import_xgboost("training XGBoost")
    first = {"output_margin": True, "iteration_range": (0, 1)}
    with_it = booster.predict(xgb.DMatrix(data.x, nthread=1), **first).astype(np.float64)
    return with_it - booster.predict(unbiased, **first)
