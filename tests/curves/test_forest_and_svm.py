"""Forests measured along their trees, and support vector machines along their share of rows."""

import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesRegressor, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import SVC, SVR

from hpobench_lab.testbeds.training import forest, svm
from hpobench_lab.testbeds.training.curves import record
from hpobench_lab.testbeds.training.data import load

FOREST = {
    "max_features": 0.5,
    "max_samples": 0.6,
    "min_samples_leaf": 2,
    "max_depth": 6,
    "splitter": "best",
    "criterion": "gini",
}


def test_a_level_of_a_forest_is_scikit_learns_forest_of_that_many_trees() -> None:
    data = load("breast-cancer")
    measured = record(forest.fit([FOREST], data, (1, 4, 9), 3), data, 1, 3)
    given = {name: value for name, value in FOREST.items() if name != "splitter"}
    x, y = data.x[data.parts["train"]], data.y[data.parts["train"]]
    rows = data.parts["valid"]
    for level, trees in enumerate((1, 4, 9)):
        model = RandomForestClassifier(trees, random_state=3, **given).fit(x, y)
        # Laplace's rule: one more tree that knows nothing.
        chances = (trees * model.predict_proba(data.x[rows]) + 0.5) / (trees + 1)
        expected = -np.log(chances[np.arange(len(chances)), data.y[rows]]).mean()
        assert measured["valid_loss"][0, level] == pytest.approx(expected, rel=1e-6)


def test_a_forest_of_random_splits_is_scikit_learns_extra_trees() -> None:
    data = load("diabetes")
    config: dict[str, Any] = {k: v for k, v in FOREST.items() if k != "criterion"}
    config["splitter"] = "random"
    measured = record(forest.fit([config], data, (5,), 0), data, 1, 1)
    del config["splitter"]
    model = ExtraTreesRegressor(5, bootstrap=True, random_state=0, **config)
    model.fit(data.x[data.parts["train"]], data.y[data.parts["train"]])
    rows = data.parts["test"]
    expected = ((model.predict(data.x[rows]) - data.y[rows]) ** 2).mean()
    assert measured["test_loss"][0, 0] == pytest.approx(expected, rel=1e-6)


def test_the_errors_of_a_machine_are_scikit_learns() -> None:
    data = load("breast-cancer")
    config = {"C": 2.0, "kernel": "poly", "gamma": 0.05, "degree": 3, "coef0": 0.5}
    measured = record(svm.fit([config], data, (0.5, 1.0), 0), data, 1, 2)
    for level, share in enumerate((0.5, 1.0)):
        count = round(share * data.sizes[0])
        keep = ~svm._aside(data.y[:count])
        model = SVC(**config).fit(data.x[:count][keep].astype(np.float64), data.y[:count][keep])
        rows = data.parts["valid"]
        wrong = model.predict(data.x[rows].astype(np.float64)) != data.y[rows]
        assert measured["valid_error"][0, level] == pytest.approx(wrong.mean(), abs=1e-12)


def test_the_predictions_of_a_regressing_machine_are_scikit_learns() -> None:
    data = load("friedman")
    config = {"C": 10.0, "kernel": "rbf", "gamma": 0.1, "epsilon": 0.1}
    measured = record(svm.fit([config], data, (1.0,), 0), data, 1, 1)
    train, rows = data.parts["train"], data.parts["valid"]
    model = SVR(**config).fit(data.x[train].astype(np.float64), data.y[train])
    residual = model.predict(data.x[rows].astype(np.float64)) - data.y[rows]
    assert measured["valid_loss"][0, 0] == pytest.approx((residual**2).mean(), rel=1e-9)


def test_the_temperature_beats_raw_scores_on_rows_that_it_did_not_see() -> None:
    data = load("digits")
    config = {"C": 1.0, "kernel": "rbf", "gamma": 0.01}
    measured = record(svm.fit([config], data, (1.0,), 0), data, 1, 1)
    raw = SVC(**config)
    raw.fit(data.x[data.parts["train"]].astype(np.float64), data.y[data.parts["train"]])
    rows = data.parts["valid"]
    scores = raw.decision_function(data.x[rows].astype(np.float64))
    z = scores - scores.max(axis=1, keepdims=True)
    plain = (np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), data.y[rows]]).mean()
    assert measured["valid_loss"][0, 0] < plain


def test_a_share_with_one_row_of_a_class_is_trained_with_it() -> None:
    y = np.array([0, 0, 0, 0, 0, 0, 1])
    aside = svm._aside(y)
    assert aside.any()
    assert not aside[y == 1].any()


def test_a_machine_that_does_not_converge_says_nothing() -> None:
    data = load("diabetes")
    config = {"C": 1e3, "kernel": "poly", "gamma": 10.0, "degree": 5, "coef0": 1.0, "epsilon": 0.01}
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        measured = record(svm.fit([config], data, (1.0,), 0), data, 1, 1)
    assert measured["cpu_s"][0, 0] > 0
