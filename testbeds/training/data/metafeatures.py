"""Meta-features: numbers that describe a data set, for transfer between data sets.

Classical ones (counts, moments, correlations, information) and landmarkers, see ``landmarkers.py``.
They are measured on outer-train of fold 0, so the test rows of that fold stay unseen.

References:
    Rivolli, Garcia, Soares, Vanschoren, de Carvalho (2022), "Meta-features for meta-learning",
    Knowledge-Based Systems 240, doi:10.1016/j.knosys.2021.108101.
    Vanschoren (2018), "Meta-learning: a survey", arXiv:1810.03548, table 1.
    Feurer, Springenberg, Hutter (2015), "Initializing Bayesian hyperparameter optimization via
    meta-learning", AAAI: the number of principal components.
    Lorena, Maciel, de Miranda, Costa, Prudencio (2018), "Data complexity meta-features for
    regression problems", Machine Learning 107, doi:10.1007/s10994-017-5681-1: C1 and C2.

Differences: information is in nats, for which features of more than ten values are cut at their
deciles; landmarkers are errors, not accuracies, and regression has its own.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.testbeds.training.data.landmarkers import landmarks
from hpobench_lab.testbeds.training.data.loading import raw
from hpobench_lab.testbeds.training.data.sources import DATASETS, Task
from hpobench_lab.testbeds.training.data.splits import generator, split

__all__ = ["MEANINGS", "describe", "meta_features"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MEANINGS = {
    "rows": "rows of outer-train",
    "features": "features",
    "classes": "classes; 1 for regression",
    "dimensionality": "features divided by rows",
    "binary_features": "share of the features that have two values",
    "zeros": "share of the feature values that are 0",
    "outliers": "share of the values beyond 1.5 interquartile ranges from the quartiles",
    "correlation": "mean absolute correlation of two features",
    "skewness": "mean skewness of the features",
    "kurtosis": "mean excess kurtosis of the features",
    "principal_components": "principal components with 95 % of the standardised features' variance",
    "principal_share": "the same, divided by the features",
    "class_entropy": "entropy of the class, nats",
    "balance": "entropy of the class divided by that of equal classes",
    "minority_share": "share of the rarest class",
    "majority_share": "share of the most frequent class",
    "mutual_information": "mean mutual information of feature (deciles) and class, nats",
    "equivalent_features": "entropy of the class divided by the mean mutual information",
    "target_skewness": "skewness of the target",
    "target_kurtosis": "excess kurtosis of the target",
    "target_correlation_max": "largest absolute rank correlation of a feature with the target (C1)",
    "target_correlation_mean": "mean absolute rank correlation of the features and target (C2)",
    "landmark_one_neighbour": "error of the nearest neighbour",
    "landmark_stump": "error of a tree with one split",
    "landmark_tree": "error of an unpruned tree",
    "landmark_naive_bayes": "error of Gaussian naive Bayes; classification only",
    "landmark_one_feature": "error of least squares on the best feature; regression only",
    "landmark_linear": "error of linear discriminants (shrunk covariance) or of least squares",
}
"""Name -> meaning, in order. Errors of landmarkers: error rate, or squared error divided by the
variance of the target, by five-fold cross-validation."""


def _ratio(above: float, below: float) -> float:
    return above / below if below > 0 else 0.0


def _entropy(codes: IntArray) -> float:
    """Return the entropy, nats, of the values of a column."""
    share = np.unique(codes, return_counts=True)[1] / len(codes)
    return float(-(share * np.log(share)).sum())


def _deciles(column: FloatArray) -> IntArray:
    """Cut a column at its deciles; up to ten values stay as they are."""
    values, codes = np.unique(column, return_inverse=True)
    if len(values) <= 10:
        return np.asarray(codes, dtype=np.int64)
    cuts = np.unique(np.quantile(column, np.arange(1, 10) / 10))
    return np.asarray(np.searchsorted(cuts, column, side="left"), dtype=np.int64)


def _mutual_information(x: FloatArray, y: IntArray) -> float:
    """Return the mean over the features of I(decile; class), nats."""
    joint = [(codes := _deciles(column), codes * (int(y.max()) + 1) + y) for column in x.T]
    return float(np.mean([_entropy(a) + _entropy(y) - _entropy(ab) for a, ab in joint]))


def _moment(standardised: FloatArray, power: int) -> float:
    return float((standardised**power).mean(axis=0).mean())


def _standardised(x: FloatArray) -> FloatArray:
    """Return the columns that vary, with mean 0 and deviation 1."""
    varies = np.ptp(x, axis=0) > 0
    return np.asarray((x[:, varies] - x[:, varies].mean(axis=0)) / x[:, varies].std(axis=0))


def _correlation(z: FloatArray) -> float:
    """Return the mean absolute correlation of two different columns; 0 for a single one."""
    d = z.shape[1]
    total = np.abs(z.T @ z / len(z)).sum() - d
    return _ratio(float(total), d * (d - 1))


def _components(z: FloatArray) -> int:
    """Return how many principal components have 95 % of the variance."""
    variance = np.linalg.svd(z, compute_uv=False) ** 2
    share = np.cumsum(variance) / variance.sum()
    return int(np.searchsorted(share, 0.95 - 1e-12)) + 1


def _outliers(x: FloatArray) -> float:
    low, high = np.quantile(x, [0.25, 0.75], axis=0)
    reach = 1.5 * (high - low)
    return float(((x < low - reach) | (x > high + reach)).mean())


def _of_classes(x: FloatArray, y: IntArray) -> dict[str, float]:
    share = np.unique(y, return_counts=True)[1] / len(y)
    entropy, information = _entropy(y), _mutual_information(x, y)
    return {
        "class_entropy": entropy,
        "balance": _ratio(entropy, float(np.log(len(share)))),
        "minority_share": float(share.min()),
        "majority_share": float(share.max()),
        "mutual_information": information,
        "equivalent_features": _ratio(entropy, information),
    }


def _of_target(x: FloatArray, y: FloatArray) -> dict[str, float]:
    from scipy.stats import rankdata

    z = _standardised(y[:, None])
    ranks = _standardised(rankdata(_standardised(x), axis=0))
    absolute = np.abs(ranks.T @ _standardised(rankdata(y)[:, None])[:, 0]) / len(y)
    return {
        "target_skewness": _moment(z, 3),
        "target_kurtosis": _moment(z, 4) - 3.0,
        "target_correlation_max": float(absolute.max()),
        "target_correlation_mean": float(absolute.mean()),
    }


def describe(x: FloatArray, y: NDArray[Any], task: Task) -> dict[str, float]:
    """Return the meta-features that need no model.

    Args:
        x: Features, shape (n, d), finite; at least one varies.
        y: Classes 0, 1, ... or real targets, shape (n,).
        task: What is predicted.

    >>> x, y = np.array([[0.0], [0.0], [1.0], [1.0]]), np.array([0, 0, 1, 1])
    >>> found = describe(x, y, "classification")
    >>> round(found["mutual_information"], 4), found["equivalent_features"], found["zeros"]
    (0.6931, 1.0, 0.5)
    """
    z, (n, d) = _standardised(x), x.shape
    components = _components(z)
    classes = task == "classification"
    return {
        "rows": float(n),
        "features": float(d),
        "classes": float(len(np.unique(y))) if classes else 1.0,
        "dimensionality": d / n,
        "binary_features": float(np.mean([len(np.unique(column)) == 2 for column in x.T])),
        "zeros": float((x == 0).mean()),
        "outliers": _outliers(x),
        "correlation": _correlation(z),
        "skewness": _moment(z, 3),
        "kurtosis": _moment(z, 4) - 3.0,
        "principal_components": float(components),
        "principal_share": components / d,
    } | (_of_classes(x, y) if classes else _of_target(x, y))


@cache
def _measured(name: str) -> tuple[tuple[str, float], ...]:
    from threadpoolctl import threadpool_limits

    rows, task = raw(name), DATASETS[name].task
    known, _, _ = split(name, rows.strata(task), fold=0, replicate=0, refit=True)
    x, y = rows.x[known], rows.y[known]
    with threadpool_limits(1):
        found = describe(x, y, task) | landmarks(x, y, task, generator("landmarks", name))
    return tuple((key, float(f"{found[key]:.6g}")) for key in MEANINGS if key in found)


def meta_features(name: str) -> dict[str, float]:
    """Return the meta-features of a data set, measured on outer-train of fold 0.

    Args:
        name: Name in ``training.data.DATASETS``.

    Returns:
        Name, a key of ``MEANINGS``, to value, to six digits; those of the other task are left out.

    Raises:
        KeyError: If there is no such data set.

    >>> found = meta_features("breast-cancer")
    >>> found["rows"], found["features"], found["classes"]
    (426.0, 30.0, 2.0)
    """
    return dict(_measured(name))
