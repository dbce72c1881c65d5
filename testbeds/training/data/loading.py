"""Load a data set in one of its splits, standardised with what its training part knows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.errors import UnknownName, suggestion
from hpobench_lab.testbeds.training.data import breiman, friedman, loans, mnist1d
from hpobench_lab.testbeds.training.data.sources import DATASETS, Task
from hpobench_lab.testbeds.training.data.splits import OUTER, generator, split

__all__ = ["CLIP", "Dataset", "Raw", "arranged", "load", "raw"]

CLIP = 10.0
"""Standardised features beyond it are set to it: a single far row must not rule a linear model."""


@dataclass(frozen=True)
class Dataset:
    """A data set in one split; the arrays are read-only.

    Args:
        name: Name in ``DATASETS``.
        task: What is predicted.
        x: Standardised features, shape (rows, features), float32; train, valid, test in this order.
        y: Class of each row, int64, or its standardised target, float32; shape (rows,).
        sizes: Rows of train, valid, test.
        classes: Number of classes; 1 for regression.
        group: Group of each row, 0 or 1, int8, shape (rows,); None where there are no groups.
    """

    name: str
    task: Task
    x: NDArray[np.float32]
    y: NDArray[Any]
    sizes: tuple[int, int, int]
    classes: int
    group: NDArray[np.int8] | None = None

    @property
    def parts(self) -> dict[str, slice]:
        """The rows of each part, by name."""
        a, b = self.sizes[0], self.sizes[0] + self.sizes[1]
        return {"train": slice(0, a), "valid": slice(a, b), "test": slice(b, b + self.sizes[2])}

    @property
    def sha256(self) -> str:
        """Digest of the arrays, so that a table names the exact numbers it was trained on."""
        digest = hashlib.sha256(repr((self.x.shape, self.sizes, self.classes)).encode())
        for array in (self.x, self.y, self.group):
            if array is not None:
                little = array.dtype.newbyteorder("<")
                digest.update(np.ascontiguousarray(array, little).tobytes())
        return digest.hexdigest()

    @property
    def chance(self) -> float:
        """Validation loss of the best constant prediction, learnt on train; NaN after a refit.

        The class frequencies, scored by cross-entropy in nats, or the mean of the target, scored by
        squared error.
        """
        train, valid = self.y[self.parts["train"]], self.y[self.parts["valid"]]
        if len(valid) == 0:
            return float("nan")
        if self.task == "regression":
            return float(np.square(valid - train.mean(dtype=np.float64)).mean(dtype=np.float64))
        prior = np.bincount(train, minlength=self.classes) / len(train)
        return float(-np.log(prior[valid]).mean())


@dataclass(frozen=True)
class Raw:
    """All rows of a data set as they come: features (n, d), targets (n,) and groups (n,)."""

    x: NDArray[np.float64]
    y: NDArray[Any]
    group: NDArray[np.int8] | None = None

    def strata(self, task: Task) -> NDArray[np.int64]:
        """Return what the split keeps in proportion: class and group, shape (n,)."""
        classes = self.y if task == "classification" else np.zeros(len(self.y), np.int64)
        return np.asarray(2 * classes + (0 if self.group is None else self.group), np.int64)


def _shipped(name: str) -> Raw:
    """Read a data set that comes with scikit-learn."""
    import sklearn.datasets

    if name == "diabetes":
        bunch = sklearn.datasets.load_diabetes(scaled=False)
        sex = bunch.feature_names.index("sex")
        group = (bunch.data[:, sex] == bunch.data[:, sex].max()).astype(np.int8)
        return Raw(np.asarray(bunch.data, np.float64), bunch.target, group)
    loader = getattr(sklearn.datasets, f"load_{name.replace('-', '_')}")
    bunch = loader()
    return Raw(np.asarray(bunch.data, np.float64), np.asarray(bunch.target, np.int64))


@cache
def raw(name: str) -> Raw:
    """Return all rows of a data set, before any split."""
    rng = generator("draw", name)
    if name == "mnist1d":
        return Raw(*mnist1d.draw(rng, 2_000))
    if name == "ringnorm":
        return Raw(*breiman.draw_ringnorm(rng, 800))
    if name == "waveform":
        return Raw(*breiman.draw_waveform(rng, 800))
    if name == "friedman":
        return Raw(*friedman.draw(rng, 1_200))
    if name == "loans":
        x, y, group, _ = loans.draw(rng, 1_600)
        return Raw(x, y, group.astype(np.int8))
    return _shipped(name)


def _standardised(values: NDArray[np.float64], train: int) -> NDArray[np.float64]:
    """Scale columns to mean 0 and deviation 1 over the first ``train`` rows; constants to 0."""
    known = values[:train]
    deviation = known.std(axis=0)
    return np.asarray((values - known.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0))


def load(name: str, fold: int = 0, replicate: int = 0, refit: bool = False) -> Dataset:
    """Load a data set in one split.

    Args:
        name: Name in ``DATASETS``.
        fold: Outer fold, 0 to 3: a quarter of the rows, which are the test part.
        replicate: Inner split of the other rows, two thirds train and one third validation.
        refit: Train on all of these other rows; there is no validation part then.

    Raises:
        UnknownName: If there is no such data set.
        ValueError: If there is no such fold or replicate.

    >>> digits = load("digits")
    >>> digits.x.shape, digits.sizes, digits.classes
    ((1797, 64), (898, 449, 450), 10)
    >>> load("diabetes", fold=2, refit=True).sizes
    (332, 0, 110)
    """
    if name not in DATASETS:
        raise UnknownName(f"there is no data set {name!r}.{suggestion(name, DATASETS)}")
    if not (0 <= fold < OUTER and replicate >= 0):
        raise ValueError(
            f"fold must be 0 to {OUTER - 1} and replicate at least 0, got {fold} and {replicate}"
        )
    return _load(name, int(fold), int(replicate), bool(refit))


@cache
def _load(name: str, fold: int, replicate: int, refit: bool) -> Dataset:
    return arranged(name, raw(name), DATASETS[name].task, fold, replicate, refit)


def arranged(name: str, rows: Raw, task: Task, fold: int, replicate: int, refit: bool) -> Dataset:
    """Return rows in one split, standardised; ``name`` names the streams of random numbers."""
    parts = split(name, rows.strata(task), fold=fold, replicate=replicate, refit=refit)
    order, train = np.concatenate(parts), len(parts[0])
    x = np.clip(_standardised(rows.x[order], train), -CLIP, CLIP).astype(np.float32)
    y = rows.y[order]
    if task == "regression":
        y = _standardised(y, train).astype(np.float32)
    group = None if rows.group is None else rows.group[order]
    for array in (x, y, *([] if group is None else [group])):
        array.setflags(write=False)
    classes = 1 if task == "regression" else int(y.max()) + 1
    sizes = (len(parts[0]), len(parts[1]), len(parts[2]))
    return Dataset(name, task, x, y, sizes, classes, group)
