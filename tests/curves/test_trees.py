"""Flat trees against XGBoost itself, in NumPy and compiled."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hpobench_lab.testbeds.curves.surrogates.compiled import Predictor, _kernel, compiled, installed
from hpobench_lab.testbeds.curves.surrogates.trees import Trees

xgboost = pytest.importorskip("xgboost")
needs_numba = pytest.mark.skipif(not installed(), reason="numba is not installed")


@pytest.fixture(scope="module", params=[40, 43], ids=["quads", "and-a-rest"])
def fitted(request: pytest.FixtureRequest) -> tuple[Trees, Any, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.random((4000, 5)).astype(np.float32)
    y = np.sin(9 * x[:, 0]) * x[:, 1] + (x[:, 2] > 0.5)
    params = {"max_depth": 5, "eta": 0.3, "gamma": 0.01, "nthread": 1, "subsample": 0.7}
    booster = xgboost.train(params, xgboost.DMatrix(x, y), request.param)
    thresholds = Trees.from_booster(booster).thresholds
    rows = np.concatenate([rng.random((1500, 5)), x[:500], rng.choice(thresholds, (500, 5))])
    return Trees.from_booster(booster), booster, rows.astype(np.float64)


def _numbered(booster: Any) -> Trees:
    """Return trees whose leaves hold XGBoost's number of the leaf."""
    document = json.loads(bytes(booster.save_raw("json")))
    for tree in document["learner"]["gradient_booster"]["model"]["trees"]:
        for node, left in enumerate(tree["left_children"]):
            if left == -1:
                tree["split_conditions"][node] = node
    return Trees.from_model(document)


def test_every_row_reaches_the_leaf_that_xgboost_reaches(fitted: Any) -> None:
    trees, booster, rows = fitted
    matrix = xgboost.DMatrix(rows.astype(np.float32))
    ours = _numbered(booster).leaves[np.arange(len(trees.leaves)), trees.leaf(rows)]
    np.testing.assert_array_equal(ours, booster.predict(matrix, pred_leaf=True))


def test_the_sum_is_xgboosts_prediction(fitted: Any) -> None:
    trees, booster, rows = fitted
    expected = booster.predict(xgboost.DMatrix(rows.astype(np.float32)))
    np.testing.assert_allclose(trees.predict(rows), expected, atol=1e-5)


def _ways(trees: Trees) -> list[Callable[[np.ndarray], np.ndarray]]:
    return [trees.predict, *([compiled(trees)] if installed() else [])]


def test_a_row_has_the_same_bits_in_any_batch(fitted: Any) -> None:
    trees, _, rows = fitted
    for predict in _ways(trees):
        together = predict(rows)
        for start, stop in ((0, 1), (5, 6), (3, 11), (3, 12), (3, 130), (100, 357)):
            np.testing.assert_array_equal(predict(rows[start:stop]), together[start:stop])


@needs_numba
def test_machine_code_gives_the_bits_of_numpy(fitted: Any) -> None:
    trees, _, rows = fitted
    np.testing.assert_array_equal(compiled(trees)(rows), trees.predict(rows))
    np.testing.assert_array_equal(compiled(trees)(np.asfortranarray(rows)), trees.predict(rows))


@needs_numba
def test_the_switch_to_machine_code_changes_no_bit(
    fitted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hpobench_lab.testbeds.curves.surrogates.compiled.SWITCH", 1500)
    trees, _, rows = fitted
    predictor = Predictor(trees)
    calls = [predictor.predict(rows[i : i + 500]) for i in range(0, len(rows), 500)]
    assert predictor._predict != trees.predict
    np.testing.assert_array_equal(np.concatenate(calls), trees.predict(rows))


@needs_numba
def test_machine_code_is_made_where_no_folder_can_keep_it(
    fitted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import numba

    plain, asked = numba.njit, []

    def njit(cache: bool = False, **options: Any) -> Any:
        asked.append(cache)
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return plain(**options)

    monkeypatch.setattr(numba, "njit", njit)
    _kernel.cache_clear()
    trees, _, rows = fitted
    found = compiled(trees)(rows[:3])
    _kernel.cache_clear()
    assert asked == [True, False]
    np.testing.assert_array_equal(found, trees.predict(rows[:3]))


def test_a_little_work_imports_no_numba() -> None:
    script = """
import sys, numpy as np
from hpobench_lab.testbeds.curves.surrogates.compiled import Predictor
from hpobench_lab.testbeds.curves.surrogates.trees import Trees
one = np.zeros((1, 1))
trees = Trees(np.zeros(1, "f4"), np.array([0, 1]), one.astype("u1"), one.astype("u2") + 1,
              np.array([[1.0, 2.0]], "f4"), 0.5)
assert Predictor(trees).predict(np.array([[-1.0], [0.0]])).tolist() == [1.5, 2.5]
assert "numba" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_no_rows_give_no_sums(fitted: Any) -> None:
    trees, _, rows = fitted
    for predict in _ways(trees):
        assert predict(rows[:0]).shape == (0,)


def test_arrays_are_read_back(fitted: Any) -> None:
    trees, _, rows = fitted
    again = Trees.from_arrays(trees.arrays("loss_"), "loss_")
    np.testing.assert_array_equal(again.predict(rows[:10]), trees.predict(rows[:10]))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("feature", lambda a: a + 7),
        ("rank", lambda a: a[:, :-1]),
        ("rank", lambda a: np.where(a == a.max(), a, 60_000).astype(a.dtype)),
        ("leaves", lambda a: a[:, :-1]),
        ("starts", lambda a: a[:-1]),
    ],
)
def test_arrays_that_do_not_belong_together_are_refused(
    fitted: Any, name: str, change: Callable[[np.ndarray], np.ndarray]
) -> None:
    arrays = fitted[0].arrays("loss_")
    arrays[f"loss_{name}"] = change(arrays[f"loss_{name}"])
    with pytest.raises(ValueError, match="trees"):
        Trees.from_arrays(arrays, "loss_")
