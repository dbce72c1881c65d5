"""The checks of an optimizer; every run goes through the real engine."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from hpobench_lab.conformance.report import Skipped, require
from hpobench_lab.conformance.tasks import Task, tasks
from hpobench_lab.problem import Budget, Problem
from hpobench_lab.protocol import Protocol
from hpobench_lab.study import OptimizerSpec, Run, TestbedSpec
from hpobench_lab.testbed import Testbed
from hpobench_lab.trial import Trials

__all__ = ["Make", "OptimizerSuite"]

Make = Callable[[Problem, np.random.Generator], Any]
EVALUATIONS = 40


class _Kept:
    """Be a sink that keeps finished records."""

    def __init__(self) -> None:
        self.records: list[Any] = []

    def finished(self, record: Any) -> None:
        """Keep a record."""
        self.records.append(record)

    def partial(self, record: Any) -> None:
        """Let unfinished rows pass."""


class _Disturbed:
    """Shake the global generators before every call of an optimizer."""

    def __init__(self, inner: Any, root: int) -> None:
        self._inner, self._lot = inner, random.Random(root)
        if callable(getattr(inner, "ahead", None)):
            self.ahead = inner.ahead

    def ask(self) -> Any:
        """Shake, then ask."""
        self._shake()
        return self._inner.ask()

    def tell(self, evaluation: Any) -> None:
        """Shake, then tell."""
        self._shake()
        self._inner.tell(evaluation)

    def _shake(self) -> None:
        seed = self._lot.getrandbits(32)
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002 - the global generator is what is shaken


class OptimizerSuite:
    """Hold the checks of one optimizer."""

    def __init__(self, make: Make, supports: frozenset[str]) -> None:
        self._make, self._supports = make, supports

    def run(
        self,
        task: Testbed,
        *,
        workers: int = 1,
        shaken: int | None = None,
        block: int = 64,
        replay: Any = None,
        seed: int = 1,
    ) -> Any:
        """Return the record of one run through the engine."""
        from hpobench_lab.engine import execute

        def factory(run: Run, problem: Problem, rng: np.random.Generator) -> Any:
            made = self._make(problem, rng)
            return made if shaken is None else _Disturbed(made, shaken)

        missing = task.problem.requirements - self._supports
        missing |= {"parallel"} - self._supports if workers > 1 else set()
        if missing:
            raise Skipped(f"declares no {', '.join(sorted(missing))}")
        run = _run(task, workers, seed)
        sink = _Kept()
        with _globals_restored():
            execute([run], task, factory, sink, block=block, replay=replay or {})
        return sink.records[0]

    def good(self, task: Testbed, **how: Any) -> Any:
        """Return the record of a run that must end ok."""
        record = self.run(task, **how)
        message = str(record.header["message"]).strip().split("\n")[-1]
        require(record.header["status"] == "ok", f"{task.facts.name}: {message}")
        return record

    def stays_inside(self, name: str) -> str | None:
        """Run on one kind of space."""
        self.good(tasks()[name])
        return None

    def same_seed(self) -> str | None:
        """Run twice with the global generators shaken differently."""
        for name, task in self._served():
            first, second = (self.good(task, shaken=root) for root in (1, 2))
            require(
                _same(first, second),
                f"{name}: two runs with one seed differ; all randomness must come from rng",
            )
        return None

    def pending(self) -> str | None:
        """Run with four simulated workers."""
        for name, task in self._served():
            record = self.good(task, workers=4)
            require(len(record) > 0, f"{name}: asked nothing")
        return None

    def replays(self) -> str | None:
        """Tell the first half of a run again; the asks must be those of the run."""
        from hpobench_lab.results import RunRecord

        for name, task in self._served():
            workers = 4 if "parallel" in self._supports else 1
            whole = self.good(task, workers=workers)
            half = {column: rows[: len(whole) // 2] for column, rows in whole.columns.items()}
            stored = RunRecord(dict(whole.header), half)
            again = self.good(task, workers=workers, replay={whole.header["key"]: stored})
            require(_same(whole, again), f"{name}: goes on differently after a replay")
        return None

    def asks_ahead(self) -> str | None:
        """Compare runs with and without asking ahead."""
        for name, task in self._served():
            problem = replace(task.problem, budget=Budget("evaluations", EVALUATIONS))
            made = self._make(problem, np.random.default_rng(0))
            if not callable(getattr(made, "ahead", None)):
                raise Skipped("has no ahead()")
            for workers in (1, 4) if "parallel" in self._supports else (1,):
                alone = self.good(task, workers=workers, block=1)
                ahead = self.good(task, workers=workers, block=64)
                require(
                    _same(alone, ahead),
                    f"{name}, {workers} workers: asking ahead changes the trajectory",
                )
        return None

    def survives_failures(self) -> str | None:
        """Run where a third of the evaluations fail, and where all do."""
        for fails in (3, 1):
            for _, task in self._served():
                self.good(replace(task, fails=fails))
        return None

    def survives_ties(self) -> str | None:
        """Run where all losses are equal."""
        for _, task in self._served():
            self.good(replace(task, flat=True))
        return None

    def leaves_alone(self) -> str | None:
        """Compare what is recorded with what the testbed says of the recorded rows."""
        for name, task in self._served():
            digest, problem = task.problem.space.digest, task.problem
            record = self.good(task)
            space = problem.space
            values = np.column_stack([record.columns[f"p.{n}"] for n in space.names])
            levels = record.columns["fidelity"] if problem.fidelities else np.zeros(len(values))
            trials = replace(
                Trials.full(space, values),
                fidelities=levels[:, None] if problem.fidelities else np.zeros((len(values), 0)),
            )
            honest = task.evaluate(trials).losses[:, 0]
            require(
                np.array_equal(honest, record.columns["loss"], equal_nan=True)
                and digest == space.digest,
                f"{name}: changed an evaluation or the problem",
            )
        return None

    def uses_budget(self) -> str | None:
        """Count the evaluations of a run; an exhausted search space is no fault."""
        ended = []
        for name, task in self._served():
            record = self.good(task)
            require(len(record) > 0, f"{name}: asked nothing and was told nothing")
            if record.header["reason"] == "exhausted":
                ended.append(f"{name}: stopped by itself after {len(record)}")
        return "; ".join(ended)

    def _served(self) -> Iterator[tuple[str, Task]]:
        for name, task in tasks().items():
            if not task.problem.requirements - self._supports:
                yield name, task


def _run(task: Testbed, workers: int, seed: int) -> Run:
    budget = Budget("evaluations", EVALUATIONS)
    return Run(
        OptimizerSpec("check", "check", "check", "1"),
        TestbedSpec(task.facts.name, task.facts.name, "1"),
        Protocol(budget, workers=workers),
        seed,
    )


@contextmanager
def _globals_restored() -> Iterator[None]:
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002


def _same(a: Any, b: Any) -> bool:
    """Return whether two records hold the same trials and losses, bit for bit."""
    asked = [n for n in a.columns if n.startswith(("p.", "fidelity", "loss"))]
    return all(
        np.array_equal(a.columns[n], b.columns[n], equal_nan=a.columns[n].dtype.kind == "f")
        for n in ["id", "parent", "end", *asked]
    )
