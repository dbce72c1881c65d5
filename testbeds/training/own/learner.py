"""How an estimator is made of a configuration, fitted at one fidelity, and what it predicts."""

from __future__ import annotations

import inspect
import pickle
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.problem import Fidelity
from hpobench_lab.testbeds.training.curves import Measured
from hpobench_lab.testbeds.training.data import Dataset

__all__ = ["LOSSES", "SHARE", "Learner", "Loss", "alone", "whole"]

FloatArray = NDArray[np.float64]
Loss = Literal["cross-entropy", "error", "squared error"]
LOSSES = {"cross-entropy": "nats", "error": "of the rows", "squared error": "of the variance"}
"""Loss -> unit."""
SHARE = Fidelity("share", 0.0625, 1.0, unit="of the training rows")


def whole(fidelity: Fidelity) -> bool:
    """Return whether a fidelity counts whole things: both its ends are whole numbers.

    >>> whole(Fidelity("trees", 1, 64)), whole(SHARE)
    (True, False)
    """
    ends = fidelity.min, fidelity.max
    return fidelity.name != SHARE.name and all(end.is_integer() for end in ends)


@contextmanager
def alone() -> Iterator[None]:
    """Compute on one thread, and let a solver stop before it has converged."""
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


@dataclass(frozen=True)
class Learner:
    """An estimator whose arguments are tuned.

    Args:
        source: A class, a function that returns an estimator, or an estimator that is cloned.
        fidelity: ``share`` of the training rows, or an argument of the estimator.
        loss: What is minimised.
    """

    source: Any
    fidelity: Fidelity
    loss: Loss

    def make(self, config: dict[str, Any], level: float, seed: int) -> Any:
        """Return an estimator that is not fitted yet; ``seed`` is its ``random_state``."""
        given = dict(config)
        if self.fidelity.name != SHARE.name:
            given[self.fidelity.name] = self.amount(level)
        if hasattr(self.source, "set_params") and not inspect.isclass(self.source):
            from sklearn.base import clone

            model = clone(self.source).set_params(**given)
        else:
            model = self.source(**given)
        if seeds := seeded(model):
            model.set_params(**dict.fromkeys(seeds, seed % 2**32))
        return model

    def amount(self, level: float) -> float | int:
        """Return a fidelity as the estimator takes it."""
        return max(round(level), int(self.fidelity.min)) if whole(self.fidelity) else level

    def rows(self, level: float, data: Dataset) -> int:
        """Return on how many training rows is fitted."""
        if self.fidelity.name != SHARE.name:
            return data.sizes[0]
        return max(round(level * data.sizes[0]), 2)

    def fit(self, config: dict[str, Any], data: Dataset, level: float, seed: int) -> Any:
        """Return an estimator fitted to the first training rows, which are in random order."""
        rows = self.rows(level, data)
        model, y = self.make(config, level, seed), data.y[:rows]
        return model.fit(_double(data.x[:rows]), _double(y) if data.task == "regression" else y)

    def outputs(self, model: Any, data: Dataset, rows: int) -> FloatArray:
        """Return what ``curves.losses_and_errors`` reads: logits (rows, classes) or predictions.

        Probabilities are mixed with one row's worth of even ones (Laplace's rule): an estimator
        that was fitted to n rows has not seen a probability below 1 / n.

        Args:
            model: Fitted.
            data: What is predicted, train, validation and test.
            rows: n, to how many it was fitted.
        """
        x = _double(data.x)
        if self.loss == "squared error":
            return np.asarray(model.predict(x), dtype=np.float64).reshape(len(x), 1)
        seen = np.zeros((len(x), data.classes))
        if self.loss == "error":
            seen[np.arange(len(seen)), np.asarray(model.predict(x), dtype=np.int64)] = 1.0
            return seen
        if not hasattr(model, "predict_proba"):
            raise TypeError(f"{model} has no predict_proba; loss='error' needs none")
        seen[:, model.classes_] = model.predict_proba(x)
        return np.log((rows * seen + 1.0 / data.classes) / (rows + 1.0))

    def measured(
        self, config: dict[str, Any], data: Dataset, levels: Any, seed: int
    ) -> Iterator[Measured]:
        """Fit one configuration from scratch at each level."""
        for number, level in enumerate(levels):
            cpu, wall = time.process_time(), time.perf_counter()
            try:
                model = self.fit(config, data, level, seed)
                cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
                begin, rows = time.perf_counter(), self.rows(level, data)
                outputs = self.outputs(model, data, rows)
            except Exception as error:
                error.add_note(f"at {self.fidelity.name} {level:g}")
                raise
            predict_s = (time.perf_counter() - begin) * 1000 / len(data.x)
            size = _pickled(model)
            peak = 8.0 * rows * (data.x.shape[1] + 1) + size
            yield Measured(0, number, outputs, cpu, wall, predict_s, size, peak)


def _double(array: NDArray[Any]) -> FloatArray:
    return array.astype(np.float64)


def _pickled(model: Any) -> float:
    """Return the bytes of an estimator; NaN where it cannot be pickled, as a local class cannot."""
    try:
        return float(len(pickle.dumps(model)))
    except Exception:
        return float("nan")


def seeded(model: Any) -> list[str]:
    """Return the names of an estimator's seeds, those of its steps included."""
    if not hasattr(model, "get_params"):
        return []
    return [n for n in model.get_params() if n == "random_state" or n.endswith("__random_state")]
