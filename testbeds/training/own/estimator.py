"""An estimator with scikit-learn's interface, a space and rows: together they are a testbed."""

from __future__ import annotations

import copy
import inspect
import traceback
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.errors import suggestion
from hpobench_lab.parameters import Parameter
from hpobench_lab.problem import Fidelity, Objective, Problem
from hpobench_lab.space import Config, Space
from hpobench_lab.testbed import Facts
from hpobench_lab.testbeds.training.curves import losses_and_errors
from hpobench_lab.testbeds.training.data import DATASETS, OUTER, Dataset
from hpobench_lab.testbeds.training.data.sources import Task
from hpobench_lab.testbeds.training.own.learner import (
    LOSSES,
    SHARE,
    Learner,
    Loss,
    alone,
    seeded,
)
from hpobench_lab.testbeds.training.own.rows import Given, Rows
from hpobench_lab.trial import Outcomes, Status, Trials

__all__ = ["EstimatorTestbed", "estimator"]

FloatArray = NDArray[np.float64]
TOLERANCE = 1.001
"""A final loss above this many times chance has diverged, as in the tables."""
OWN_FACTS = ("title", "source", "citation", "licence", "version")


class EstimatorTestbed:
    """Train an estimator for every row that is asked; made by ``estimator``.

    A row is fitted alone, from scratch and on one thread, so it has the same loss in any batch. Its
    nominal cost is one second per unit of the fidelity; measured seconds are in the tables that
    ``collect`` makes of it.

    Args:
        learner: What is fitted, at which fidelities, for which loss.
        problem: What an optimizer may know.
        rows: What it is fitted to.
        folds: Outer folds that ``collect`` trains.
        declared: Facts that the user gave.
        fold: Outer fold whose rows are held out.
    """

    gains_from_batches = False

    def __init__(
        self,
        learner: Learner,
        problem: Problem,
        rows: Rows,
        folds: int,
        declared: Mapping[str, Any],
        fold: int = 0,
    ) -> None:
        self.learner, self.problem, self.rows = learner, problem, rows
        self.folds, self._declared, self._fold = folds, dict(declared), fold

    @cached_property
    def facts(self) -> Facts:
        """Return the facts; loads the rows, and fits twice at the least fidelity to see noise."""
        data, name = self.rows.split(self._fold), _named(self.learner.source)
        known: dict[str, Any] = {"source": "own", "title": f"{name} on own rows"}
        if isinstance(self.rows.given, str):
            source = DATASETS[self.rows.given]
            known = {
                "source": self.rows.given,
                "title": f"{name} on {source.title}",
                "citation": source.citation,
                "licence": source.licence,
            }
        known |= self._declared
        return Facts(
            name,
            family=name.lower(),
            kind="training",
            chance=self.chance,
            data_sha256=data.sha256,
            stochastic=self._noisy(data),
            expensive=True,
            **known,
        )

    @cached_property
    def chance(self) -> float:
        """Return the validation loss of the best constant prediction."""
        data = self.rows.split(self._fold)
        if self.learner.loss != "error":
            return data.chance
        train, valid = data.y[data.parts["train"]], data.y[data.parts["valid"]]
        return float((valid != np.bincount(train).argmax()).mean())

    def _noisy(self, data: Dataset) -> bool:
        """Return whether the seed changes what the middle of the space predicts."""
        config, least = _middle(self.problem.space), self.learner.fidelity.min
        if not seeded(self.learner.make(config, least, 0)):
            return False
        with alone():
            try:
                losses = [self._loss(config, data, least, seed) for seed in (0, 1)]
            except Exception:  # it fails for both seeds alike; a trial will say so
                return False
        return losses[0] != losses[1]

    def evaluate(self, trials: Trials) -> Outcomes:
        """Return the validation losses of fitting row by row."""
        data = self.rows.split(self._fold)
        losses, status = np.full(len(trials), np.nan), np.zeros(len(trials), np.uint8)
        messages: dict[int, str] = {}
        with alone():
            for row, config in enumerate(trials.configs()):
                level = float(trials.fidelity[row])
                seed = int(trials.seed[row]) if self.facts.stochastic else 0
                try:
                    losses[row] = self._loss(config, data, level, seed)
                except Exception:
                    status[row], messages[row] = Status.failed, traceback.format_exc()
        full = trials.fidelity == self.learner.fidelity.max
        worse = full & ~(losses <= TOLERANCE * self.chance)
        status[worse & (status == Status.ok)] = Status.diverged
        return Outcomes.of(losses, trials.fidelity, status=status, messages=messages)

    def _loss(self, config: Config, data: Dataset, level: float, seed: int) -> float:
        model = self.learner.fit(config, data, level, seed)
        valid = data.parts["valid"]
        group = None if data.group is None else data.group[valid]
        count = valid.stop - valid.start
        told = replace(data, x=data.x[valid], y=data.y[valid], group=group, sizes=(0, count, 0))
        outputs = self.learner.outputs(model, told, self.learner.rows(level, data))
        what = "valid_error" if self.learner.loss == "error" else "valid_loss"
        return losses_and_errors(outputs, told)[what]

    def score(self, trials: Trials) -> FloatArray:
        """Return NaN: a loss without noise is not known."""
        return np.full((len(trials), 1), np.nan)

    def fold(self, k: int) -> EstimatorTestbed:
        """Return the testbed whose held-out rows are those of outer fold k."""
        if not 0 <= k < self.folds:
            raise ValueError(f"fold must be 0 to {self.folds - 1}, got {k}")
        other = copy.copy(self)
        for known in ("facts", "chance"):
            other.__dict__.pop(known, None)
        other._fold = k
        return other


def estimator(
    model: Any,
    *,
    space: Space | Mapping[str, Parameter],
    data: Given,
    fidelity: Fidelity = SHARE,
    loss: str = "auto",
    folds: int = 3,
    **facts: str,
) -> EstimatorTestbed:
    """Make a testbed of an estimator, a space and rows; ``collect`` makes a table of it.

    Half of the rows are for training, a quarter for validation, a quarter is held out; features,
    and the target of a regression, are standardised with what the training rows know.

    Args:
        model: A class with scikit-learn's interface, a function that takes a configuration and
            returns an estimator, or an estimator such as a pipeline, that is cloned.
        space: The space of its arguments; those of a pipeline's steps are ``step__argument``.
        data: Name of a shipped data set; ``(X, y)`` or ``(X, y, group)``, arrays of shapes (n, d),
            (n,) and (n,); or a function that returns such, called where it is needed.
        fidelity: ``share`` of the training rows, or an argument such as
            ``Fidelity("n_estimators", 1, 64)``; every level is fitted from scratch.
        loss: ``cross-entropy`` in nats, for what has ``predict_proba``; ``error``, the share of
            rows predicted wrongly; or ``auto``, the first of them that is possible. A regression's
            is the squared error, 1 being that of the mean.
        folds: Outer folds that ``collect`` trains, 1 to 4.
        **facts: ``title``, ``source``, ``citation``, ``licence`` or ``version``.

    Returns:
        The testbed. Where ``random_state`` matters, the trial's seed is put there.

    Raises:
        ValueError: If an argument is wrong, or the estimator does not take what the space names.
        UnknownName: If there is no such data set.
        DataError: If the arrays cannot be learnt from.

    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from hpobench_lab.parameters import Int
    >>> bed = estimator(KNeighborsClassifier, space={"n_neighbors": Int(1, 9)}, data="digits")
    >>> trials = Trials.full(bed.problem.space, np.array([[3.0]]), [1.0])
    >>> bool(bed.evaluate(trials).losses[0, 0] < 0.2 < bed.facts.chance)
    True
    """
    if not 1 <= folds <= OUTER:
        raise ValueError(f"estimator: folds must be 1 to {OUTER}, got {folds}")
    for key in facts:
        if key not in OWN_FACTS:
            raise ValueError(f"estimator: unknown fact {key!r}.{suggestion(key, OWN_FACTS)}")
    whole_space = space if isinstance(space, Space) else Space(space)
    made = _made(model, whole_space, fidelity)
    judged = _judged(made, loss)
    task: Task = "regression" if judged == "squared error" else "classification"
    problem = Problem(
        whole_space, objectives=(Objective(judged, LOSSES[judged]),), fidelities=(fidelity,)
    )
    return EstimatorTestbed(
        Learner(model, fidelity, judged), problem, Rows(data, task), folds, facts
    )


def _middle(space: Space) -> Config:
    return space.configs(space.decode(np.full((1, space.dimension), 0.5)))[0]


def _named(model: Any) -> str:
    return str(getattr(model, "__name__", type(model).__name__)).strip("<>")


def _made(model: Any, space: Space, fidelity: Fidelity) -> Any:
    """Return an estimator from the middle of the space.

    Raises:
        ValueError: If the estimator cannot be made, or is none.
    """
    what = f"estimator {_named(model)}"
    own = [] if fidelity.name == SHARE.name else [fidelity.name]
    if fidelity.name in space:
        raise ValueError(f"{what}: {fidelity.name!r} is the fidelity and in the space")
    if fidelity.name == SHARE.name and fidelity.max > 1.0:
        raise ValueError(f"{what}: a share of the training rows is at most 1, got {fidelity.max}")
    known = _arguments(model)
    for name in (*space.names, *own) if known else ():
        if name not in known:
            raise ValueError(f"{what} takes no argument {name!r}.{suggestion(name, known)}")
    try:
        made = Learner(model, fidelity, "error").make(_middle(space), fidelity.max, 0)
    except Exception as error:
        last = traceback.format_exception_only(error)[-1].strip()
        raise ValueError(f"{what} cannot be made of {_middle(space)}: {last}") from error
    if not (callable(getattr(made, "fit", None)) and callable(getattr(made, "predict", None))):
        raise ValueError(
            f"estimator needs a class, a function that returns an estimator, or an estimator with "
            f"fit and predict, got {made!r:.80}"
        )
    return made


def _arguments(model: Any) -> list[str]:
    """Return what an estimator can be made of; empty when it takes anything."""
    if hasattr(model, "set_params") and not inspect.isclass(model):
        return list(model.get_params())
    try:
        parameters = inspect.signature(model).parameters
    except (TypeError, ValueError):
        return []
    anything = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())
    return [] if anything else list(parameters)


def _judged(made: Any, loss: str) -> Loss:
    from sklearn.base import is_regressor

    if loss not in ("auto", *LOSSES):
        raise ValueError(
            f"estimator: loss must be auto or one of {', '.join(LOSSES)}, got {loss!r}"
        )
    regressor = is_regressor(made)
    if regressor != (loss == "squared error") and loss != "auto":
        kind = "a regressor" if regressor else "a classifier"
        raise ValueError(f"estimator: {type(made).__name__} is {kind}, its loss cannot be {loss!r}")
    if regressor:
        return "squared error"
    if loss == "error" or (loss == "auto" and not hasattr(made, "predict_proba")):
        return "error"
    return "cross-entropy"
