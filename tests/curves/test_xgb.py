"""XGBoost measured along its rounds."""

import numpy as np
import pytest

from hpobench_lab.testbeds.training.data import load
from hpobench_lab.testbeds.training.xgb import train

xgboost = pytest.importorskip("xgboost")


@pytest.mark.parametrize("name", ["breast-cancer", "digits"])
def test_a_level_equals_the_prediction_of_a_model_of_that_many_rounds(name: str) -> None:
    data, config = load(name), {"eta": 0.3, "max_depth": 3, "subsample": 0.7}
    measured = train([config], data, (1, 3, 6), seed=4)
    rows = data.parts["train"]
    task = (
        {"objective": "binary:logistic"}
        if data.classes == 2
        else {
            "objective": "multi:softprob",
            "num_class": data.classes,
        }
    )
    matrix = xgboost.QuantileDMatrix(data.x[rows], data.y[rows], nthread=1)
    params = config | task | {"seed": 4, "nthread": 1}
    for level, rounds in enumerate((1, 3, 6)):
        booster = xgboost.train(params, matrix, rounds)
        chances = booster.predict(xgboost.DMatrix(data.x)).astype(np.float64)
        table = chances if chances.ndim == 2 else np.stack([1 - chances, chances], axis=1)
        losses = -np.log(table[np.arange(len(data.y)), data.y])
        for part, part_rows in data.parts.items():
            expected = losses[part_rows].mean()
            assert measured[f"{part}_cross_entropy"][0, level] == pytest.approx(expected, rel=1e-5)
            wrong = (table.argmax(axis=1) != data.y)[part_rows].mean()
            assert measured[f"{part}_error"][0, level] == pytest.approx(wrong, abs=1e-12)


def test_seconds_are_cumulative() -> None:
    measured = train([{"eta": 0.3}], load("breast-cancer"), (1, 2, 4))
    assert (np.diff(measured["cpu_s"][0]) >= 0).all()
    assert (np.diff(measured["wall_s"][0]) > 0).all()
