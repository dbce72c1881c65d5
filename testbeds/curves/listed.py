"""The configurations that a fold of a table lists, and which trainings each of them has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.errors import DataError, StudyError
from hpobench_lab.testbeds.curves.storage.files import Curves
from hpobench_lab.testbeds.curves.storage.spaces import asked_space, stored_space, translated

__all__ = ["Listed", "listed"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Listed:
    """Hold r configurations with at most R trainings each.

    Args:
        values: Canonical values of the served space, shape (r, d).
        trainings: Rows of ``Curves``, ascending replicates first, shape (r, R); a configuration
            with fewer repeats its own.
        count: How many trainings of each configuration count, shape (r,), at least 1 and the same
            for all: replicates of some inform the noise of the surrogate only.
    """

    values: FloatArray
    trainings: IntArray
    count: IntArray

    @property
    def replicated(self) -> bool:
        """Return whether every configuration was trained more than once."""
        return bool((self.count > 1).any())

    def first(self) -> Listed:
        """Return the same configurations with their first training alone."""
        return Listed(self.values, self.trainings[:, :1], np.ones_like(self.count))

    def mean(self, numbers: FloatArray) -> FloatArray:
        """Return means over the replicates of each configuration, shape (T, ...) to (r, ...)."""
        replicate = np.arange(self.trainings.shape[1])
        own = replicate < self.count[:, None]
        own = own.reshape(own.shape + (1,) * (numbers.ndim - 1))
        total = np.where(own, numbers[self.trainings], 0.0).sum(axis=1)
        return np.asarray(total / self.count.reshape((-1,) + (1,) * (numbers.ndim - 1)))


def listed(
    header: Mapping[str, Any], curves: Curves, *, wide: bool = False, fold: int = 0
) -> Listed:
    """Return what a fold lists inside the asked space, in the order of the file.

    Args:
        header: ``table.json``.
        curves: Of the table.
        wide: Whether configurations of the wide space are listed, too.
        fold: Outer fold.

    Raises:
        StudyError: If the wide space is asked and there is none, or the fold was not collected.
        DataError: If nothing of the fold lies in the space.
    """
    space = asked_space(header, wide=wide)
    values, inside = translated(curves.values, stored_space(header), space)
    rows = np.flatnonzero(curves.fold == fold)
    if not len(rows):
        known = ", ".join(map(str, sorted(set(curves.fold.tolist()))))
        raise StudyError(f"{header['name']} has no fold {fold}; its folds are {known}")
    rows = rows[inside[curves.configuration[rows]]]
    if not len(rows):
        raise DataError(f"{header['name']}: no configuration of fold {fold} lies in its space")
    rows = rows[np.lexsort((curves.replicate[rows], curves.configuration[rows]))]
    own, first, count = np.unique(curves.configuration[rows], return_index=True, return_counts=True)
    # Where only some were trained again, a mean would set them apart: what another split makes
    # easier for all would be told of them alone. So replicates count where every one has them.
    count = np.minimum(count, count.min())
    at = np.arange(int(count.max())) % count[:, None]
    # canonical in the served space: what ``decode`` makes of its own unit rows
    return Listed(space.decode(space.encode(values[own])), rows[first[:, None] + at], count)
