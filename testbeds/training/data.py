"""The data sets that are trained on, with one fixed split each.

Both come with scikit-learn, so nothing is downloaded. Rows are shuffled by a fixed permutation and
split by class (stratified); features are standardised with the training part's mean and deviation.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["DATASETS", "Dataset", "Source", "load"]

SPLIT_SEED = 20_260_101


@dataclass(frozen=True)
class Source:
    """Where a data set comes from and how it is split; sizes are rows (train, valid, test)."""

    loader: str
    title: str
    sizes: tuple[int, int, int]
    licence: str
    citation: str
    url: str


DATASETS = {
    "digits": Source(
        loader="load_digits",
        title="Optical recognition of handwritten digits (1,797 of 5,620 images, 8x8)",
        sizes=(896, 451, 450),
        licence="CC BY 4.0",
        citation="Alpaydin, Kaynak (1998), UCI Machine Learning Repository, doi:10.24432/C50P49",
        url="https://archive.ics.uci.edu/dataset/80",
    ),
    "breast-cancer": Source(
        loader="load_breast_cancer",
        title="Breast cancer Wisconsin (diagnostic)",
        sizes=(256, 157, 156),
        licence="CC BY 4.0",
        citation="Wolberg, Mangasarian, Street, Street (1993), UCI Machine Learning Repository, "
        "doi:10.24432/C5DW2B",
        url="https://archive.ics.uci.edu/dataset/17",
    ),
}


@dataclass(frozen=True)
class Dataset:
    """A classification data set in one fixed split.

    Args:
        x: Standardised features, shape (rows, features), float32; train, valid, test in this order.
        y: Class of each row, shape (rows,), int64.
        sizes: Rows of train, valid, test.
        classes: Number of classes.
    """

    name: str
    x: NDArray[np.float32]
    y: NDArray[np.int64]
    sizes: tuple[int, int, int]
    classes: int

    @property
    def parts(self) -> dict[str, slice]:
        """The rows of each part, by name."""
        a, b = self.sizes[0], self.sizes[0] + self.sizes[1]
        return {"train": slice(0, a), "valid": slice(a, b), "test": slice(b, b + self.sizes[2])}

    @property
    def sha256(self) -> str:
        """Digest of the arrays, so that a table names the exact numbers it was trained on."""
        digest = hashlib.sha256(repr((self.x.shape, self.sizes)).encode())
        digest.update(np.ascontiguousarray(self.x, "<f4").tobytes())
        digest.update(np.ascontiguousarray(self.y, "<i8").tobytes())
        return digest.hexdigest()

    @property
    def chance(self) -> float:
        """Validation cross-entropy, in nats, of predicting the training class frequencies."""
        train, valid = self.y[self.parts["train"]], self.y[self.parts["valid"]]
        prior = np.bincount(train, minlength=self.classes) / len(train)
        return float(-np.log(prior[valid]).mean())


def _stratified_order(y: NDArray[np.int64], sizes: tuple[int, int, int]) -> NDArray[np.int64]:
    """Return rows in the order train, valid, test, every class spread evenly over the parts."""
    rng = np.random.Generator(np.random.Philox(SPLIT_SEED))
    shuffled = rng.permutation(len(y))
    rank = np.empty(len(y))
    for k in np.unique(y):
        rows = shuffled[y[shuffled] == k]
        rank[rows] = (np.arange(len(rows)) + rng.random()) / len(rows)
    order = np.argsort(rank, kind="stable")
    bounds = np.cumsum(sizes)[:-1]
    return np.concatenate([rng.permutation(part) for part in np.split(order, bounds)])


@cache
def load(name: str) -> Dataset:
    """Load a data set in its fixed split.

    >>> digits = load("digits")
    >>> digits.x.shape, digits.sizes, digits.classes
    ((1797, 64), (896, 451, 450), 10)
    """
    import sklearn.datasets

    source = DATASETS[name]
    bunch: Any = getattr(sklearn.datasets, source.loader)()
    order = _stratified_order(bunch.target, source.sizes)
    raw, y = np.asarray(bunch.data, np.float64)[order], np.asarray(bunch.target, np.int64)[order]
    train = raw[: source.sizes[0]]
    deviation = train.std(axis=0)
    x = (raw - train.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
    x, y = np.clip(x, -10.0, 10.0).astype(np.float32), y
    x.setflags(write=False)
    y.setflags(write=False)
    return Dataset(name, x, y, source.sizes, int(y.max()) + 1)
