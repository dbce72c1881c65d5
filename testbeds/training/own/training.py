"""Train what a user brought: an estimator on its rows, or a function at every level."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.space import Config
from hpobench_lab.testbed import FunctionTestbed, Testbed
from hpobench_lab.testbeds.training.curves import REFIT, TEST, Trained, record
from hpobench_lab.testbeds.training.data import Dataset
from hpobench_lab.testbeds.training.own.estimator import EstimatorTestbed
from hpobench_lab.testbeds.training.own.learner import Learner, alone
from hpobench_lab.trial import Outcomes, Status, Trials

__all__ = ["train_estimator", "train_function"]

FloatArray = NDArray[np.float64]


def train_estimator(
    bed: EstimatorTestbed,
    configs: Sequence[Config],
    levels: Sequence[float],
    fold: int,
    replicate: int,
) -> Trained:
    """Fit configurations from scratch at every level; replicate 0 also to all but the test rows.

    Where the second fit alone raises, its values are NaN and the training is none that failed.

    Args:
        bed: What is fitted, to which rows.
        configs: n configurations.
        levels: Ascending.
        fold: Outer fold.
        replicate: The seed, and the inner split.
    """
    inner, outer = bed.rows.split(fold, replicate), bed.rows.split(fold, refit=True)
    gap = ("test_gap",) if inner.group is not None else ()
    rows, messages = [], {}
    with alone():
        for row, config in enumerate(configs):
            table, message = _recorded(bed.learner, config, inner, levels, replicate)
            again: Mapping[str, FloatArray] = {}
            if replicate == 0:
                again, _ = _recorded(bed.learner, config, outer, levels[-1:], replicate)
            rows.append((table, again))
            if message:
                messages[row] = message
    columns = {n: np.concatenate([t[n] for t, _ in rows]) for n in rows[0][0]}
    test = {name: columns.pop(name) for name in (*TEST, *gap)}
    none = np.full((1, 1), np.nan)
    refit = {
        name: np.concatenate([again.get(name, none)[:, 0] for _, again in rows])
        for name in (*REFIT, *gap)
    }
    return Trained(columns, test, refit, messages)


def _recorded(
    learner: Learner, config: Config, data: Dataset, levels: Sequence[float], seed: int
) -> tuple[dict[str, FloatArray], str]:
    """Return the columns of one configuration, NaN with a message where something raised."""
    try:
        table, message = (
            record(learner.measured(config, data, levels, seed), data, 1, len(levels)),
            "",
        )
    except Exception as error:
        where = " ".join(getattr(error, "__notes__", ()))
        message = " ".join(f"{type(error).__name__} {where}: {error}".split())
        table = record((), data, 1, len(levels))
    if learner.loss == "error":
        for part in ("train", "valid", "test"):
            table[f"{part}_loss"] = table[f"{part}_error"]
    return table, message


@dataclass(frozen=True)
class _Call:
    """What one call of a function said, and how long it took."""

    outcomes: Outcomes
    answer: Any
    cpu_s: float
    wall_s: float

    def said(self, key: str) -> Any:
        """Return what the function gave by this name, or None."""
        return self.answer.get(key) if isinstance(self.answer, Mapping) else None

    @property
    def message(self) -> str:
        """Return why there is no loss; empty for what is ok or diverged."""
        status = Status(int(self.outcomes.status[0]))
        if status in (Status.ok, Status.diverged):
            return ""
        text = self.outcomes.messages.get(0, f"status {status.name}").strip()
        return text.split("\n")[-1]


def train_function(
    bed: Testbed, configs: Sequence[Config], levels: Sequence[float], replicate: int
) -> Trained:
    """Evaluate configurations at every level, or once where the returned curve has every level.

    A returned ``test_loss`` is held out; beside a curve it must be a list along it, otherwise the
    function is called for every level. Seconds are ``cost_s`` where it is returned, otherwise
    measured.

    Args:
        bed: One objective, at most one fidelity.
        configs: n configurations.
        levels: Ascending.
        replicate: The function's ``seed``.
    """
    call = _caller(bed, replicate)
    rows, messages = [], {}
    for row, config in enumerate(configs):
        columns, messages[row] = _at_levels(call, config, levels)
        rows.append(columns)
    names = dict.fromkeys(name for columns in rows for name in columns)
    none = np.full(len(levels), np.nan)
    table = {name: np.stack([columns.get(name, none) for columns in rows]) for name in names}
    test = {name: table.pop(name) for name in ("test_loss",) if name in table}
    return Trained(table, test, {}, {row: text for row, text in messages.items() if text})


def _caller(bed: Testbed, replicate: int) -> Callable[[Config, float], _Call]:
    answers: list[Any] = [None]
    if isinstance(bed, FunctionTestbed):
        bed = _recording(bed, answers)
    space, with_level = bed.problem.space, bool(bed.problem.fidelities)

    def call(config: Config, level: float) -> _Call:
        trials = Trials.full(space, space.values([config]), [level] if with_level else [])
        if bed.facts.stochastic:
            trials = replace(trials, seed=np.full(1, replicate, np.uint64))
        cpu, wall = time.process_time(), time.perf_counter()
        outcomes = bed.evaluate(trials)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        return _Call(outcomes, answers[0], cpu, wall)

    return call


def _recording(bed: FunctionTestbed, answers: list[Any]) -> FunctionTestbed:
    """Return the testbed of the same function, keeping its last answer, without a chance."""

    def recorded(*given: Any) -> Any:
        answers[0] = None
        answers[0] = bed.function(*given)
        return answers[0]

    facts = replace(bed.facts, chance=None)  # worse than chance at a low fidelity is no divergence
    return FunctionTestbed(recorded, bed.problem, facts, bed.arguments)


def _at_levels(
    call: Callable[[Config, float], _Call], config: Config, levels: Sequence[float]
) -> tuple[dict[str, FloatArray], str]:
    """Return the columns of one configuration, shape (L,), and why there are none."""
    none = np.full(len(levels), np.nan)
    last = call(config, levels[-1])
    if last.message:
        return {"valid_loss": none, "cpu_s": none, "wall_s": none}, last.message
    along = _along(last, levels)
    if along is not None:
        return along, ""
    calls = []
    for level in levels[:-1]:
        calls.append(call(config, level))
        if calls[-1].message:
            text = f"at {level:g}: {calls[-1].message}"
            return {"valid_loss": none, "cpu_s": none, "wall_s": none}, text
    calls.append(last)
    return _joined(calls), ""


def _joined(calls: Sequence[_Call]) -> dict[str, FloatArray]:
    """Return the columns of one call a level."""
    seconds = [c.cpu_s if c.said("cost_s") is None else float(c.said("cost_s")) for c in calls]
    columns = {
        "valid_loss": np.array([c.outcomes.losses[0, 0] for c in calls]),
        "cpu_s": np.array(seconds),
        "wall_s": np.array([c.wall_s for c in calls]),
    }
    held_out = [c.said("test_loss") for c in calls]
    if all(value is not None for value in held_out):
        finals = [np.asarray(value, np.float64).ravel()[-1] for value in held_out]
        columns["test_loss"] = np.array(finals)
    return columns


def _along(last: _Call, levels: Sequence[float]) -> dict[str, FloatArray] | None:
    """Return the columns of a curve that has every level, or None."""
    curve = last.outcomes.curves[0] if last.outcomes.curves is not None else np.zeros((0, 3))
    if len(levels) == 1 or not len(curve) or int(last.outcomes.status[0]) != Status.ok:
        return None
    at = [np.flatnonzero(np.isclose(curve[:, 0], level, rtol=1e-9)) for level in levels]
    if not all(len(rows) for rows in at):
        return None
    rows = np.array([found[-1] for found in at])
    seconds = curve[rows, 2]
    columns = {
        "valid_loss": curve[rows, 1].copy(),
        "cpu_s": seconds.copy(),
        "wall_s": last.wall_s * seconds / seconds[-1] if seconds[-1] > 0 else seconds.copy(),
    }
    columns["valid_loss"][-1] = last.outcomes.losses[0, 0]
    held_out = last.said("test_loss")
    if held_out is None:
        return columns
    if np.shape(held_out) != (len(curve),):
        return None
    columns["test_loss"] = np.asarray(held_out, np.float64)[rows]
    return columns
