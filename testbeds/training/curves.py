"""What is measured along one training: losses and errors of three parts, and time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.testbeds.training.data import Dataset

__all__ = ["COLUMNS", "TEST_COLUMNS", "Curves", "levels", "losses_and_errors"]

COLUMNS = (
    "train_cross_entropy",
    "train_error",
    "valid_cross_entropy",
    "valid_error",
    "cpu_s",
    "wall_s",
)
TEST_COLUMNS = ("test_cross_entropy", "test_error")

Curves = dict[str, NDArray[np.float64]]
"""Column -> shape (configurations, levels); seconds are cumulative."""


def levels(last: int, most: int) -> tuple[int, ...]:
    """Return at most ``most`` whole numbers from 1 to ``last``, evenly spaced in their logarithm.

    >>> levels(50, 12)
    (1, 2, 3, 4, 6, 8, 12, 17, 25, 35, 50)
    """
    return tuple(int(v) for v in np.unique(np.rint(np.geomspace(1, last, most)).astype(int)))


def losses_and_errors(logits: NDArray[np.float64], data: Dataset) -> dict[str, float]:
    """Return the mean cross-entropy (nats) and error rate of each part.

    Args:
        logits: Shape (rows, classes); non-finite where training broke down.
        data: Whose classes they predict.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        shifted = logits - logits.max(axis=1, keepdims=True)
        losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(data.y)), data.y]
    wrong = np.where(np.isfinite(losses), logits.argmax(axis=1) != data.y, np.nan)
    result = {}
    for part, rows in data.parts.items():
        result[f"{part}_cross_entropy"] = float(losses[rows].mean())
        result[f"{part}_error"] = float(wrong[rows].mean())
    return result
