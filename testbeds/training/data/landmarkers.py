"""Landmarkers: the errors of small models, each quick because it is simple in one way.

References:
    Pfahringer, Bensusan, Giraud-Carrier (2000), "Meta-learning by landmarking various learning
    algorithms", ICML: nearest neighbour, decision node, naive Bayes, linear discriminant.

Differences: errors, not accuracies; for regression a linear model of the best feature stands in
place of naive Bayes, and errors are squared errors divided by the variance of the target.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.testbeds.training.data.sources import Task
from hpobench_lab.testbeds.training.data.splits import dealt

__all__ = ["FOLDS", "landmarks"]

FOLDS = 5

Model = Callable[[], Any]
"""Make a new model that has ``fit`` and ``predict``."""


def _classifiers() -> dict[str, Model]:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.tree import DecisionTreeClassifier

    return {
        "one_neighbour": lambda: KNeighborsClassifier(1),
        "stump": lambda: DecisionTreeClassifier(max_depth=1, random_state=0),
        "tree": lambda: DecisionTreeClassifier(random_state=0),
        "naive_bayes": GaussianNB,
        "linear": lambda: LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
    }


def _regressors() -> dict[str, Model]:
    from sklearn.feature_selection import SelectKBest, f_regression
    from sklearn.linear_model import LinearRegression
    from sklearn.neighbors import KNeighborsRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.tree import DecisionTreeRegressor

    return {
        "one_neighbour": lambda: KNeighborsRegressor(1),
        "stump": lambda: DecisionTreeRegressor(max_depth=1, random_state=0),
        "tree": lambda: DecisionTreeRegressor(random_state=0),
        "one_feature": lambda: make_pipeline(SelectKBest(f_regression, k=1), LinearRegression()),
        "linear": LinearRegression,
    }


def landmarks(
    x: NDArray[np.float64], y: NDArray[Any], task: Task, rng: np.random.Generator
) -> dict[str, float]:
    """Return the error of each small model by stratified five-fold cross-validation.

    Args:
        x: Features, shape (n, d), finite; every model scales them by the rows that it learns from.
        y: Classes or real targets, shape (n,).
        task: What is predicted; an error is an error rate, or a squared error over y's variance.
        rng: Deals the rows to the folds.

    >>> rng = np.random.Generator(np.random.Philox(0))
    >>> x = rng.random((50, 1))
    >>> landmarks(x, (x[:, 0] > 0.5).astype(int), "classification", rng)["landmark_stump"] < 0.1
    True
    """
    classes = task == "classification"
    fold = dealt(y if classes else np.zeros(len(y), np.int64), np.arange(FOLDS), rng)
    models = _classifiers() if classes else _regressors()
    predicted = {name: _predictions(new, x, y, fold) for name, new in models.items()}
    return {
        f"landmark_{name}": float(
            (found != y).mean() if classes else np.square(found - y).mean() / y.var()
        )
        for name, found in predicted.items()
    }


def _predictions(
    new: Model, x: NDArray[np.float64], y: NDArray[Any], fold: NDArray[np.int64]
) -> NDArray[Any]:
    """Predict every row by a model that was fitted to the other folds."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    predicted = np.empty_like(y)
    for k in range(FOLDS):
        model = make_pipeline(StandardScaler(), new()).fit(x[fold != k], y[fold != k])
        predicted[fold == k] = model.predict(x[fold == k])
    return predicted
