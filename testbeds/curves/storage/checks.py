"""What must hold in a table, whoever wrote it; each breach is one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.errors import DataError
from hpobench_lab.space import Space

__all__ = ["check_configs", "check_curves", "check_levels", "check_trainings"]

Array = NDArray[Any]
FloatArray = NDArray[np.float64]


def check_levels(path: Path, levels: Any) -> FloatArray:
    """Return the levels of the fidelity, shape (L,); they must be positive and rise.

    Raises:
        DataError: If they do not.
    """
    try:
        found = np.array(levels, dtype=np.float64)
    except (TypeError, ValueError):
        found = np.zeros(0)
    if found.ndim != 1 or not len(found) or not np.isfinite(found).all() or not found[0] > 0:
        raise DataError(f"{path}: the levels of the fidelity are positive numbers, got {levels!r}")
    if not (np.diff(found) > 0).all():
        raise DataError(f"{path}: the levels of the fidelity do not rise, got {levels!r}")
    return found


def check_configs(path: Path, space: Space, values: FloatArray) -> None:
    """Check configurations, shape (n, d): active parameters are set, others are not, no twins.

    Raises:
        DataError: At the first breach.
    """
    active, given = space.active(values), ~np.isnan(values)
    for i, j in np.argwhere(active != given)[:1]:
        what = "lacks the active" if active[i, j] else "sets the inactive"
        raise DataError(f"{path}: configuration {i} {what} parameter {space.names[j]!r}")
    seen: dict[bytes, int] = {}
    for i, row in enumerate(values):
        first = seen.setdefault(row.tobytes(), i)
        if first != i:
            raise DataError(f"{path} holds a configuration twice: rows {first} and {i}")


def check_trainings(path: Path, columns: Mapping[str, Array], configurations: int) -> None:
    """Check the trainings, shape (T,) each: of listed configurations, none twice.

    Raises:
        DataError: At the first breach.
    """
    rows = np.stack([columns[c] for c in ("fold", "replicate", "configuration")], axis=1)
    if len(rows) and (rows.min() < 0 or rows[:, 2].max() >= configurations):
        raise DataError(
            f"{path}: row counts disagree: a training is of configuration {rows[:, 2].max()}, but "
            f"there are {configurations} configurations"
        )
    order = np.lexsort(rows.T)
    twice = (np.diff(rows[order], axis=0) == 0).all(axis=1)
    if twice.any():
        at = int(order[np.flatnonzero(twice)[0]])
        fold, replicate, configuration = rows[at].tolist()
        raise DataError(
            f"{path} holds a training twice: configuration {configuration}, fold {fold}, "
            f"replicate {replicate}"
        )


def check_rows(path: Path, training: Array, fidelity: Array, count: int, levels: Array) -> None:
    """Check that rows are every training at every level, in order.

    Args:
        path: Named in messages.
        training: Number of the training of each row, shape (rows,).
        fidelity: Its fidelity, shape (rows,).
        count: T, how many trainings there are.
        levels: Shape (L,).

    Raises:
        DataError: If rows are missing, too many, or in another order.
    """
    if len(training) != count * len(levels):
        raise DataError(
            f"{path}: row counts disagree: {len(training)} rows, but {count} trainings at "
            f"{len(levels)} levels are {count * len(levels)}"
        )
    if not np.array_equal(training, np.repeat(np.arange(count), len(levels))):
        raise DataError(f"{path}: rows are not training after training, in order")
    wrong = np.flatnonzero(fidelity != np.tile(levels, count))
    if len(wrong):
        t = int(wrong[0]) // len(levels)
        own = fidelity[t * len(levels) : (t + 1) * len(levels)]
        what = "are not those of table.json" if (np.diff(own) > 0).all() else "are not sorted"
        raise DataError(f"{path}: the fidelities of training {t} {what}: {own.tolist()}")


def check_curves(path: Path, columns: Mapping[str, FloatArray], levels: Array) -> None:
    """Check curves, shape (T, L) each: after the first NaN of a curve everything is NaN.

    Raises:
        DataError: Naming the first column, training and level with a NaN inside a curve.
    """
    for name, table in columns.items():
        missing = np.isnan(table)
        if not missing.any():
            continue
        inside = missing[:, :-1] & ~missing[:, 1:]
        for t, k in np.argwhere(inside)[:1]:
            raise DataError(
                f"{path}: {name} of training {t} is NaN at {levels[k]:g} and a number at "
                f"{levels[k + 1]:g}: a curve may end in NaN, but not hold one inside"
            )
