"""Boosted trees as flat arrays, evaluated in NumPy: the same leaves as XGBoost, without it.

Every tree is stored as a perfect binary tree of one depth. A node holds the number of its feature
and the rank of its threshold among the thresholds of that feature. A batch is first compared with
every distinct threshold once, and then descends by looking up those answers. A row's result has
the same bits in any batch; ``compiled`` computes the same bits faster where numba is installed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["NEVER", "Trees"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_BLOCK = 64
_FEW = 8
"""Rows up to which one gather of the thresholds' features beats a comparison a feature."""
NEVER = np.iinfo(np.uint16).max
"""Rank that no row reaches: the node always sends left."""


@dataclass(frozen=True)
class Trees:
    """A sum of T regression trees of depth D over F features.

    Args:
        thresholds: Ascending thresholds of all features, one after the other, float32.
        starts: Where each feature's thresholds begin, shape (F + 1,).
        feature: Feature of each node, level by level, shape (T, 2**D - 1).
        rank: A row goes right when at least this many thresholds are <= its value; same shape.
        leaves: Value of each leaf, shape (T, 2**D).
        base: What is added to the sum.
    """

    thresholds: NDArray[np.float32]
    starts: NDArray[np.int64]
    feature: NDArray[np.uint8]
    rank: NDArray[np.uint16]
    leaves: NDArray[np.float32]
    base: float

    @property
    def depth(self) -> int:
        """Return D."""
        return int(self.leaves.shape[1]).bit_length() - 1

    @cached_property
    def asked(self) -> IntArray:
        """Return which threshold each node asks about, shape (T, 2**D - 1).

        The number after the last threshold stands for "never".
        """
        number = self.starts[self.feature] + self.rank.astype(np.int64) - 1
        return np.where(self.rank == NEVER, len(self.thresholds), number)

    @cached_property
    def _questions(self) -> list[IntArray]:
        """Return ``asked`` level by level, trees one after the other."""
        return [
            np.ascontiguousarray(self.asked[:, 2**level - 1 : 2 ** (level + 1) - 1]).ravel()
            for level in range(self.depth)
        ]

    @cached_property
    def _owner(self) -> IntArray:
        """Return the feature of each threshold; that of "never" is the first."""
        return np.append(np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts)), 0)

    def _answers(self, features: FloatArray) -> NDArray[np.bool_]:
        """Return whether each value reaches each threshold, shape (n, K + 1), flat."""
        single = features.astype(np.float32)
        n, last = len(single), len(self.thresholds)
        if n <= _FEW:
            limits = np.append(self.thresholds, np.float32(np.inf))
            answers = single.take(self._owner, axis=1) >= limits
        else:
            answers = np.empty((n, last + 1), dtype=np.bool_)
            for j in range(single.shape[1]):
                own = slice(self.starts[j], self.starts[j + 1])
                np.greater_equal(single[:, j, None], self.thresholds[own], out=answers[:, own])
        answers[:, last] = False
        return answers.ravel()

    def _reached(self, features: FloatArray) -> IntArray:
        """Return the leaf of each row in each tree, counted through all trees, shape (n, T)."""
        answers = self._answers(features)
        row = (np.arange(len(features)) * (len(self.thresholds) + 1))[:, None]
        node = np.arange(len(self.leaves))[None]
        for asked in self._questions:
            node = 2 * node + answers.take(asked.take(node) + row)
        return node if self.depth else np.repeat(node, len(features), axis=0)

    def leaf(self, features: FloatArray) -> IntArray:
        """Return the leaf that each row reaches in each tree, shape (n, T), in [0, 2**D)."""
        first = np.arange(len(self.leaves)) * 2**self.depth
        return np.asarray(self._reached(features) - first)

    def predict(self, features: FloatArray) -> FloatArray:
        """Return the sums, shape (n, F) to (n,); trees are added in order, in float64."""
        out = np.empty(len(features))
        leaves = self.leaves.ravel()
        for start in range(0, len(features), _BLOCK):
            values = leaves.take(self._reached(features[start : start + _BLOCK]))
            total = np.add.accumulate(values, axis=1, dtype=np.float64)
            out[start : start + _BLOCK] = total[:, -1]
        return out + self.base

    def arrays(self, prefix: str) -> dict[str, NDArray[Any]]:
        """Return what ``from_arrays`` reads, each name after ``prefix``."""
        return {f"{prefix}{f.name}": np.asarray(getattr(self, f.name)) for f in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], prefix: str) -> Trees:
        """Return the trees that ``arrays`` wrote.

        Raises:
            KeyError: If an array is missing.
            ValueError: If their shapes do not belong together.
        """
        names = ("thresholds", "starts", "feature", "rank", "leaves")
        found = cls(**{n: arrays[prefix + n] for n in names}, base=float(arrays[prefix + "base"]))
        found._check()
        return found

    def _check(self) -> None:
        inner = (len(self.leaves), 2**self.depth - 1)
        if self.leaves.shape[1] != 2**self.depth or self.feature.shape != inner:
            raise ValueError(f"trees: leaves {self.leaves.shape}, nodes {self.feature.shape}")
        if self.rank.shape != inner or self.starts[-1] != len(self.thresholds):
            raise ValueError(f"trees: ranks {self.rank.shape}, thresholds {self.thresholds.shape}")
        if self.feature.size and self.feature.max() >= len(self.starts) - 1:
            raise ValueError(f"trees: feature {self.feature.max()} is none of {len(self.starts)}")
        rank = np.where(self.rank == NEVER, 1, self.rank)
        if ((rank < 1) | (rank > np.diff(self.starts)[self.feature]) & (self.rank != NEVER)).any():
            raise ValueError("trees: a rank is not one of its feature's thresholds")

    @classmethod
    def from_booster(cls, booster: Any) -> Trees:
        """Return the trees of an ``xgboost.Booster`` with numeric features and one output."""
        return cls.from_model(json.loads(bytes(booster.save_raw("json"))))

    @classmethod
    def from_model(cls, document: Mapping[str, Any]) -> Trees:
        """Return the trees of XGBoost's JSON document."""
        model = document["learner"]
        trees = model["gradient_booster"]["model"]["trees"]
        features = int(model["learner_model_param"]["num_feature"])
        base = float(model["learner_model_param"]["base_score"].strip("[]"))
        own = _thresholds(trees, features)
        depth = max(_depth(tree) for tree in trees)
        nodes = [_perfect(tree, depth, own) for tree in trees]
        return cls(
            thresholds=np.concatenate(own),
            starts=np.cumsum([0, *map(len, own)]),
            feature=np.stack([n[0] for n in nodes]),
            rank=np.stack([n[1] for n in nodes]),
            leaves=np.stack([n[2] for n in nodes]),
            base=base,
        )


def _thresholds(trees: list[dict[str, Any]], features: int) -> list[NDArray[np.float32]]:
    """Return the distinct thresholds of each feature, ascending."""
    used: list[list[float]] = [[] for _ in range(features)]
    for tree in trees:
        for left, j, threshold in zip(
            tree["left_children"], tree["split_indices"], tree["split_conditions"], strict=True
        ):
            if left != -1:
                used[j].append(threshold)
    return [np.unique(np.array(u, dtype=np.float32)) for u in used]


def _depth(tree: dict[str, Any], node: int = 0) -> int:
    left, right = tree["left_children"][node], tree["right_children"][node]
    return 0 if left == -1 else 1 + max(_depth(tree, left), _depth(tree, right))


def _perfect(
    tree: dict[str, Any], depth: int, thresholds: list[NDArray[np.float32]]
) -> tuple[NDArray[np.uint8], NDArray[np.uint16], NDArray[np.float32]]:
    """Return features, ranks and leaves of one tree, filled up to ``depth``."""
    inner = 2**depth - 1
    feature = np.zeros(inner, dtype=np.uint8)
    rank = np.full(inner, NEVER, dtype=np.uint16)
    leaves = np.zeros(inner + 1, dtype=np.float32)

    def place(node: int, at: int, level: int) -> None:
        left = tree["left_children"][node]
        if left == -1:
            span = 2 ** (depth - level)
            begin = (at + 1) * span - 1 - inner
            leaves[begin : begin + span] = tree["split_conditions"][node]
            return
        j, threshold = tree["split_indices"][node], np.float32(tree["split_conditions"][node])
        feature[at] = j
        rank[at] = np.searchsorted(thresholds[j], threshold) + 1
        place(left, 2 * at + 1, level + 1)
        place(tree["right_children"][node], 2 * at + 2, level + 1)

    place(0, 0, 0)
    return feature, rank, leaves
