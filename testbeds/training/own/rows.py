"""A user's own rows: the name of a shipped data set, arrays, or a function that returns arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.errors import DataError, UnknownName, suggestion
from hpobench_lab.testbeds.training.data import DATASETS, Dataset, load
from hpobench_lab.testbeds.training.data.loading import Raw, arranged
from hpobench_lab.testbeds.training.data.sources import Task

__all__ = ["Given", "Rows", "checked_rows"]

Given = str | tuple[Any, ...] | Callable[[], tuple[Any, ...]]
"""A name in ``DATASETS``; ``(X, y)`` or ``(X, y, group)``; or a function without arguments."""

FEWEST = 4
"""Rows of a class: one for each outer fold."""
FEWEST_ROWS = 16


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows that can be split; a function's are loaded when they are first needed.

    Args:
        given: What the user gave.
        task: What is predicted.

    Raises:
        UnknownName: If there is no shipped data set of this name.
        DataError: If arrays are given that cannot be learnt from.
    """

    given: Given
    task: Task

    def __post_init__(self) -> None:
        if isinstance(self.given, str) and self.given not in DATASETS:
            known = f" There are: {', '.join(DATASETS)}."
            hint = suggestion(self.given, DATASETS) or known
            raise UnknownName(f"there is no data set {self.given!r}.{hint}")
        if isinstance(self.given, str) and DATASETS[self.given].task != self.task:
            raise DataError(
                f"{self.given} is a {DATASETS[self.given].task} data set, the estimator is for "
                f"{self.task}"
            )
        if not isinstance(self.given, str) and not callable(self.given):
            _ = self.raw

    @cached_property
    def raw(self) -> Raw:
        """Return the checked rows of what is no name."""
        assert not isinstance(self.given, str)
        return checked_rows(self.given() if callable(self.given) else self.given, self.task)

    def split(self, fold: int = 0, replicate: int = 0, *, refit: bool = False) -> Dataset:
        """Return the rows in one split, standardised, as ``training.data.load`` does."""
        if isinstance(self.given, str):
            return load(self.given, fold, replicate, refit)
        return self._split(fold, replicate, refit)

    @cached_property
    def _split(self) -> Callable[[int, int, bool], Dataset]:
        @lru_cache(maxsize=8)
        def one(fold: int, replicate: int, refit: bool) -> Dataset:
            return arranged("own", self.raw, self.task, fold, replicate, refit)

        return one


def checked_rows(given: Any, task: Task) -> Raw:
    """Return a user's rows: finite numbers, classes numbered from 0, two groups or none.

    Args:
        given: ``(X, y)`` or ``(X, y, group)``: shapes (n, d), (n,) and (n,).
        task: What is predicted.

    Raises:
        DataError: Saying what is wrong with them.

    >>> checked_rows((np.eye(8).repeat(2, axis=0), ["a", "b"] * 8), "classification").y[:4]
    array([0, 1, 0, 1])
    """
    if not isinstance(given, tuple) or len(given) not in (2, 3):
        got = f"{len(given)} values" if isinstance(given, tuple) else type(given).__name__
        raise DataError(f"the data must be (X, y) or (X, y, group), got {got}")
    x = _numbers("X", given[0], 2)
    if len(x) < FEWEST_ROWS:
        raise DataError(f"X must have at least {FEWEST_ROWS} rows, got {len(x)}")
    for name, array in zip(("y", "group"), given[1:], strict=False):
        if np.shape(array) != (len(x),):
            raise DataError(f"{name} must have shape ({len(x)},) as X, got {np.shape(array)}")
    y = _numbers("y", given[1], 1) if task == "regression" else _classes(given[1])
    return Raw(x, y, _groups(given[2]) if len(given) == 3 else None)


def _numbers(name: str, array: Any, dimensions: int) -> NDArray[np.float64]:
    try:
        found = np.asarray(array, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} must hold numbers: {error}") from None
    if found.ndim != dimensions:
        wanted = "(rows, features)" if dimensions == 2 else "(rows,)"
        raise DataError(f"{name} must have shape {wanted}, got {found.shape}")
    bad = np.argwhere(~np.isfinite(found))
    if len(bad):
        place = ", ".join(map(str, bad[0].tolist()))
        raise DataError(
            f"{name} must be finite, got {found[tuple(bad[0])]} at [{place}] and {len(bad)} such "
            "values in all; impute or drop them before"
        )
    return found


def _classes(y: Any) -> NDArray[np.int64]:
    missing = np.array([label is None or label != label for label in y])
    if missing.any():
        raise DataError(f"y holds no class at [{missing.argmax()}]; drop such rows before")
    names, numbers, counts = np.unique(np.asarray(y), return_inverse=True, return_counts=True)
    if len(names) < 2:
        raise DataError(f"y must hold at least 2 classes, got {len(names)}")
    if counts.min() < FEWEST:
        raise DataError(
            f"y: every class needs at least {FEWEST} rows, {names[counts.argmin()]!r} has "
            f"{counts.min()} (a regressor inherits from sklearn.base.RegressorMixin)"
        )
    return np.asarray(numbers, dtype=np.int64)


def _groups(group: Any) -> NDArray[np.int8]:
    names, numbers = np.unique(np.asarray(group), return_inverse=True)
    if len(names) != 2:
        raise DataError(f"group must hold two groups, got {len(names)}")
    return np.asarray(numbers, dtype=np.int8)
