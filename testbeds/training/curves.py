"""What is measured along one training: losses and errors, time, size, and the gap of two groups."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.testbeds.training.data import Dataset

__all__ = [
    "COLUMNS",
    "REFIT",
    "TEST",
    "Fit",
    "Measured",
    "Trained",
    "columns_of",
    "levels",
    "losses_and_errors",
    "record",
]

FloatArray = NDArray[np.float64]

COLUMNS = (
    "train_loss",
    "train_error",
    "valid_loss",
    "valid_error",
    "cpu_s",
    "wall_s",
    "predict_s",
    "model_bytes",
    "peak_bytes",
)
TEST = ("test_loss", "test_error")
REFIT = (*TEST, "cpu_s", "wall_s", "predict_s", "model_bytes")


@dataclass(frozen=True)
class Measured:
    """What a training shows at one level.

    Args:
        row: Number of the configuration in the batch.
        level: Number of the level.
        outputs: Logits (rows, classes), or predictions (rows, 1), of every row of the data.
        cpu_s: CPU seconds of training from scratch to this level, measuring excluded.
        wall_s: The same on the clock.
        predict_s: Seconds for 1,000 rows.
        model_bytes: What must be stored to predict.
        peak_bytes: Modelled memory of the training.
    """

    row: int
    level: int
    outputs: NDArray[Any]
    cpu_s: float
    wall_s: float
    predict_s: float
    model_bytes: float
    peak_bytes: float


Fit = Callable[[Sequence[dict[str, Any]], Dataset, Sequence[float], int], Iterable[Measured]]
"""(configurations, data, levels, seed) -> what was measured, in any order."""


@dataclass(frozen=True)
class Trained:
    """The curves of n configurations.

    Args:
        columns: Each of ``COLUMNS`` (and ``valid_gap`` where there are groups), shape (n, levels).
        test: The same of the held-out part: each of ``TEST`` (and ``test_gap``).
        refit: Each of ``REFIT`` (and ``test_gap``), shape (n,): a fit on train and validation rows
            at the last level. NaN where none was made.
        messages: Row -> text, for trainings that raised.
    """

    columns: dict[str, FloatArray]
    test: dict[str, FloatArray]
    refit: dict[str, FloatArray]
    messages: dict[int, str] = field(default_factory=dict)


def levels(last: int, most: int) -> tuple[int, ...]:
    """Return at most ``most`` whole numbers from 1 to ``last``, evenly spaced in their logarithm.

    >>> levels(50, 12)
    (1, 2, 3, 4, 6, 8, 12, 17, 25, 35, 50)
    """
    return tuple(int(v) for v in np.unique(np.rint(np.geomspace(1, last, most)).astype(int)))


def _rowwise(outputs: FloatArray, data: Dataset) -> tuple[FloatArray, FloatArray]:
    """Return the loss and the error of each row; not finite where training broke down."""
    if data.task == "regression":
        residual = outputs[:, 0] - data.y
        return residual**2, np.abs(residual)
    with np.errstate(over="ignore", invalid="ignore"):
        shifted = outputs - outputs.max(axis=1, keepdims=True)
        losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(data.y)), data.y]
    wrong = np.where(np.isfinite(losses), outputs.argmax(axis=1) != data.y, np.nan)
    return losses, wrong


def losses_and_errors(outputs: NDArray[Any], data: Dataset) -> dict[str, float]:
    """Return loss and error of each part that has rows, and the gap between groups.

    The loss is the cross-entropy in nats or the squared error of the standardised target, the error
    the error rate or the absolute error. The gap is the absolute difference between two groups of
    the share predicted to be of class 1, or of the squared error.

    Args:
        outputs: Logits (rows, classes) or predictions (rows, 1).
        data: What they are compared with.
    """
    outputs = np.asarray(outputs, dtype=np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        losses, wrong = _rowwise(outputs, data)
        result: dict[str, float] = {}
        for part, rows in data.parts.items():
            if rows.stop == rows.start:
                continue
            result[f"{part}_loss"] = float(losses[rows].mean())
            result[f"{part}_error"] = float(wrong[rows].mean())
            if data.group is not None and part != "train":
                result[f"{part}_gap"] = _gap(outputs[rows], losses[rows], data, rows)
    return result


def _gap(outputs: FloatArray, losses: FloatArray, data: Dataset, rows: slice) -> float:
    assert data.group is not None
    group = data.group[rows]
    if not np.isfinite(losses).all():
        return float("nan")
    judged = losses if data.task == "regression" else outputs.argmax(axis=1) == 1
    return float(abs(judged[group == 0].mean() - judged[group == 1].mean()))


def columns_of(data: Dataset) -> tuple[str, ...]:
    """Return the columns that are measured at every level on this data, sealed ones last."""
    gaps = ("valid_gap", "test_gap") if data.group is not None else ()
    return (*COLUMNS, *gaps[:1], *TEST, *gaps[1:])


def record(steps: Iterable[Measured], data: Dataset, n: int, count: int) -> dict[str, FloatArray]:
    """Return column -> shape (n, count) of what a fit measured; NaN where it did not.

    Args:
        steps: What was measured.
        data: On what.
        n: Configurations.
        count: Levels.
    """
    table = {name: np.full((n, count), np.nan) for name in columns_of(data)}
    for step in steps:
        values = losses_and_errors(step.outputs, data)
        for name in ("cpu_s", "wall_s", "predict_s", "model_bytes", "peak_bytes"):
            values[name] = getattr(step, name)
        for name, value in values.items():
            table[name][step.row, step.level] = value
    return table
