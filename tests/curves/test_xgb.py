"""XGBoost measured along its rounds."""

import json

import numpy as np
import pytest

from hpobench_lab.testbeds.training.curves import record
from hpobench_lab.testbeds.training.data import load
from hpobench_lab.testbeds.training.xgb import NODE_BYTES, fit

xgboost = pytest.importorskip("xgboost")
LEVELS = (1, 3, 6)
CONFIG = {"eta": 0.3, "max_depth": 3, "subsample": 0.7}
OBJECTIVES = {
    "breast-cancer": {"objective": "binary:logistic"},
    "digits": {"objective": "multi:softprob", "num_class": 10},
    "diabetes": {"objective": "reg:squarederror"},
}


def _losses(name: str, answers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """Return loss and error of each row from what ``Booster.predict`` answers."""
    data, answers = load(name), answers.astype(np.float64)
    if data.task == "regression":
        return (answers - data.y) ** 2, np.abs(answers - data.y)
    table = answers if answers.ndim == 2 else np.stack([1 - answers, answers], axis=1)
    return -np.log(table[np.arange(len(data.y)), data.y]), table.argmax(axis=1) != data.y


@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_level_equals_the_prediction_of_a_model_of_that_many_rounds(name: str) -> None:
    data = load(name)
    measured = record(fit([CONFIG], data, LEVELS, 4), data, 1, 3)
    rows = data.parts["train"]
    matrix = xgboost.QuantileDMatrix(data.x[rows], data.y[rows], nthread=1)
    params = CONFIG | OBJECTIVES[name] | {"seed": 4, "nthread": 1}
    for level, rounds in enumerate(LEVELS):
        booster = xgboost.train(params, matrix, rounds)
        losses, wrong = _losses(name, booster.predict(xgboost.DMatrix(data.x)))
        trees = json.loads(bytes(booster.save_raw("json")))["learner"]["gradient_booster"]["model"]
        nodes = sum(len(tree["left_children"]) for tree in trees["trees"])
        assert measured["model_bytes"][0, level] == NODE_BYTES * nodes
        for part, part_rows in data.parts.items():
            expected = losses[part_rows].mean()
            assert measured[f"{part}_loss"][0, level] == pytest.approx(expected, rel=1e-5)
            expected = wrong[part_rows].mean()
            assert measured[f"{part}_error"][0, level] == pytest.approx(expected, rel=1e-6)


def test_seconds_are_cumulative() -> None:
    data = load("breast-cancer")
    measured = record(fit([{"eta": 0.3}], data, LEVELS, 0), data, 1, 3)
    assert (np.diff(measured["cpu_s"][0]) >= 0).all()
    assert (np.diff(measured["wall_s"][0]) > 0).all()
