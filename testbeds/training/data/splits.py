"""Which rows are train, validation and test: nested cross-validation, fixed for all time.

The outer folds are the test parts: every row is a test row of exactly one of them. The rows that
are left, outer-train, are split once more, two thirds to train and one third to validation: half,
a quarter and a quarter of all rows. A replicate is another such inner split of the same rows.

Rows are dealt like cards, sorted by stratum and shuffled within it, so that every part has every
stratum in its share to within one row.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

__all__ = ["OUTER", "dealt", "generator", "outer_fold", "split"]

OUTER = 4
"""Outer folds."""

SEED = 20_260_101
INNER_DECK = np.array([0, 1, 0])
"""Who gets the next card: train, validation, train."""

Rows = NDArray[np.int64]


def generator(*names: str | int) -> np.random.Generator:
    """Return the stream of this name; streams of different names are independent.

    >>> bool(generator("digits", 0).random() == generator("digits", 0).random())
    True
    """
    words = [zlib.crc32(n.encode()) if isinstance(n, str) else n for n in names]
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(SEED, spawn_key=words)))


def dealt(strata: Rows, deck: Rows, rng: np.random.Generator) -> Rows:
    """Deal the rows, stratum after stratum; return which pile each row comes to, shape (n,)."""
    shuffled = rng.permutation(len(strata))
    order = shuffled[np.argsort(strata[shuffled], kind="stable")]
    piles = np.empty(len(strata), dtype=np.int64)
    piles[order] = np.resize(deck, len(strata))
    return piles


def _mixed(rows: Rows, strata: Rows, rng: np.random.Generator) -> Rows:
    """Return the rows in a random order of which every beginning is stratified too."""
    rank = np.empty(len(rows))
    for stratum in np.unique(strata):
        at = rng.permutation(np.flatnonzero(strata == stratum))
        rank[at] = (np.arange(len(at)) + rng.random()) / len(at)
    return rows[np.argsort(rank, kind="stable")]


def outer_fold(name: str, strata: Rows) -> Rows:
    """Return the outer fold, 0 to ``OUTER`` - 1, in which each row is a test row, shape (n,)."""
    return dealt(strata, np.arange(OUTER), generator("outer", name))


def split(
    name: str, strata: Rows, *, fold: int, replicate: int, refit: bool
) -> tuple[Rows, Rows, Rows]:
    """Return the rows of train, validation and test.

    Args:
        name: Of the data set; names the streams of random numbers.
        strata: Stratum of each row, shape (n,).
        fold: Outer fold whose rows are the test part.
        replicate: Which inner split.
        refit: Train on all of outer-train; the validation part is empty.

    >>> train, valid, test = split("x", np.zeros(8, int), fold=0, replicate=0, refit=False)
    >>> len(train), len(valid), len(test)
    (4, 2, 2)
    """
    outside = outer_fold(name, strata)
    rng = generator("inner", name, fold, replicate)
    rest, test = np.flatnonzero(outside != fold), np.flatnonzero(outside == fold)
    piles = dealt(strata[rest], np.zeros(1, np.int64) if refit else INNER_DECK, rng)
    train, valid = rest[piles == 0], rest[piles == 1]
    return _mixed(train, strata[train], rng), _mixed(valid, strata[valid], rng), test
