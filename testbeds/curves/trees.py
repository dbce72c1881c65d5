"""Boosted trees as flat arrays, evaluated in NumPy: the same leaves as XGBoost, without it.

Every tree is stored as a perfect binary tree of one depth. A node holds the number of its feature
and the rank of its threshold among the thresholds of that feature, so a row is first turned into
ranks and then descends by comparing small integers. A row's result has the same bits in any batch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Trees"]

FloatArray = NDArray[np.float64]
_BLOCK = 128
_NEVER = np.iinfo(np.uint16).max
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

    def ranks(self, features: FloatArray) -> NDArray[np.uint16]:
        """Return how many thresholds of each feature are <= its value, shape (n, F)."""
        single = features.astype(np.float32)
        ranks = np.empty(single.shape, dtype=np.uint16)
        for j in range(single.shape[1]):
            own = self.thresholds[self.starts[j] : self.starts[j + 1]]
            ranks[:, j] = np.searchsorted(own, single[:, j], side="right")
        return ranks

    def leaf(self, features: FloatArray) -> NDArray[np.int64]:
        """Return the leaf that each row reaches in each tree, shape (n, T), in [0, 2**D)."""
        ranks = self.ranks(features)
        trees, nodes = self.feature.shape
        first = np.arange(trees) * nodes
        row = (np.arange(len(ranks)) * ranks.shape[1])[:, None]
        flat_feature, flat_rank, flat_row = self.feature.ravel(), self.rank.ravel(), ranks.ravel()
        node = np.zeros((len(ranks), trees), dtype=np.int64)
        for _ in range(self.depth):
            at = first + node
            right = flat_row.take(row + flat_feature.take(at)) >= flat_rank.take(at)
            node = 2 * node + 1 + right
        return np.asarray(node - nodes)

    def predict(self, features: FloatArray) -> FloatArray:
        """Return the sums, shape (n, F) to (n,); trees are added in order, in float64."""
        out = np.empty(len(features))
        tree = np.arange(len(self.leaves))
        for start in range(0, len(features), _BLOCK):
            leaf = self.leaf(features[start : start + _BLOCK])
            values = self.leaves[tree, leaf].astype(np.float64)
            out[start : start + _BLOCK] = np.add.accumulate(values, axis=1)[:, -1]
        return out + self.base

    def arrays(self, prefix: str) -> dict[str, NDArray[Any]]:
        """Return what ``from_arrays`` reads, each name after ``prefix``."""
        return {f"{prefix}{name}": np.asarray(value) for name, value in vars(self).items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], prefix: str) -> Trees:
        """Return the trees that ``arrays`` wrote.

        Raises:
            KeyError: If an array is missing.
        """
        names = ("thresholds", "starts", "feature", "rank", "leaves")
        return cls(**{n: arrays[prefix + n] for n in names}, base=float(arrays[prefix + "base"]))

    @classmethod
    def from_booster(cls, booster: Any) -> Trees:
        """Return the trees of an ``xgboost.Booster`` with numeric features and one output."""
        model = json.loads(bytes(booster.save_raw("json")))["learner"]
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
    rank = np.full(inner, _NEVER, dtype=np.uint16)
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
