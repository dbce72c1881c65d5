"""Flat trees against XGBoost itself."""

import json

import numpy as np
import pytest

from hpobench_lab.testbeds.curves.trees import Trees

xgboost = pytest.importorskip("xgboost")


@pytest.fixture(scope="module")
def fitted() -> tuple[Trees, object, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.random((4000, 5)).astype(np.float32)
    y = np.sin(9 * x[:, 0]) * x[:, 1] + (x[:, 2] > 0.5)
    params = {"max_depth": 5, "eta": 0.3, "gamma": 0.01, "nthread": 1, "subsample": 0.7}
    booster = xgboost.train(params, xgboost.DMatrix(x, y), 40)
    thresholds = Trees.from_booster(booster).thresholds
    rows = np.concatenate([rng.random((1500, 5)), x[:500], rng.choice(thresholds, (500, 5))])
    return Trees.from_booster(booster), booster, rows.astype(np.float64)


def _xgboost_leaves(booster: object, rows: np.ndarray) -> np.ndarray:
    """Return the values of the leaves that XGBoost says the rows reach, shape (n, T)."""
    matrix = xgboost.DMatrix(rows.astype(np.float32))
    nodes = booster.predict(matrix, pred_leaf=True).astype(int)  # type: ignore[attr-defined]
    model = json.loads(bytes(booster.save_raw("json")))  # type: ignore[attr-defined]
    trees = model["learner"]["gradient_booster"]["model"]["trees"]
    values = [np.array(t["split_conditions"], np.float32)[nodes[:, i]] for i, t in enumerate(trees)]
    return np.stack(values, axis=1)


def test_every_row_reaches_the_leaf_that_xgboost_reaches(fitted: tuple) -> None:  # type: ignore[type-arg]
    trees, booster, rows = fitted
    ours = trees.leaves[np.arange(len(trees.leaves)), trees.leaf(rows)]
    np.testing.assert_array_equal(ours, _xgboost_leaves(booster, rows))


def test_the_sum_is_xgboosts_prediction(fitted: tuple) -> None:  # type: ignore[type-arg]
    trees, booster, rows = fitted
    expected = booster.predict(xgboost.DMatrix(rows.astype(np.float32)))
    np.testing.assert_allclose(trees.predict(rows), expected, atol=1e-5)


def test_a_row_has_the_same_bits_in_any_batch(fitted: tuple) -> None:  # type: ignore[type-arg]
    trees, _, rows = fitted
    together = trees.predict(rows)
    for start, stop in ((0, 1), (5, 6), (3, 130), (100, 357)):
        np.testing.assert_array_equal(trees.predict(rows[start:stop]), together[start:stop])


def test_arrays_are_read_back(fitted: tuple) -> None:  # type: ignore[type-arg]
    trees, _, rows = fitted
    again = Trees.from_arrays(trees.arrays("loss_"), "loss_")
    np.testing.assert_array_equal(again.predict(rows[:10]), trees.predict(rows[:10]))
