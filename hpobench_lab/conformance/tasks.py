"""The small testbeds on which optimizers are checked, one for each kind of space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.parameters import Categorical, Float, Int, Ordinal
from hpobench_lab.problem import Fidelity, Problem
from hpobench_lab.space import Space
from hpobench_lab.testbed import Facts
from hpobench_lab.trial import Outcomes, Status, Trials

__all__ = ["Task", "tasks"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """Score the distance to a hidden point: the testbed of the optimizer checks.

    ``fails``: every so many rows by content fail or diverge (0 = never, 1 = always).
    ``flat``: all losses are equal.
    """

    problem: Problem
    facts: Facts
    fails: int = 0
    flat: bool = False

    def evaluate(self, trials: Trials) -> Outcomes:
        """Return distances in the unit cube, dearer at a higher fidelity."""
        loss = np.zeros(len(trials))
        for j in range(trials.x.shape[1]):
            gap = trials.x[:, j] - 0.3
            loss += 0.0 if self.flat else gap * gap
        cost = 1.0 + trials.x[:, 0]
        status = np.zeros(len(trials), dtype=np.uint8)
        if self.fails:
            lot = np.floor(trials.x[:, 0] * 997.0).astype(np.int64)
            status[lot % self.fails == 0] = Status.failed
            status[lot % (2 * self.fails) == 0] = Status.diverged
        if self.problem.fidelities:
            cost = cost * trials.fidelity
            loss = loss + (0.0 if self.flat else 0.1) / trials.fidelity
        return Outcomes.of(loss, cost, status=status)

    def score(self, trials: Trials) -> FloatArray:
        """Return NaN: nobody reads scores here."""
        return np.full((len(trials), 1), np.nan)


def tasks() -> dict[str, Task]:
    """Return the testbeds of the checks by the kind of their space."""
    continuous = Space({"a": Float(0.0, 1.0), "b": Float(1e-5, 1.0, log=True)})
    mixed = Space(
        {
            "kind": Categorical(("p", "q", "r")),
            "size": Int(1, 64, log=True),
            "rate": Float(1e-3, 1.0, log=True, when={"kind": ("p", "q")}),
            "depth": Int(1, 5, when={"kind": "p"}),
            "batch": Ordinal((8, 16, 32)),
        }
    )
    integers = Space({"i": Int(0, 3), "j": Int(-2, 2)})
    spaces = {"continuous": continuous, "mixed and conditional": mixed, "integers": integers}
    found = {name: _task(name, Problem(space)) for name, space in spaces.items()}
    fidelities = (Fidelity("epochs", 1, 27),)
    found["with a fidelity"] = _task(
        "with a fidelity", Problem(continuous, fidelities=fidelities, continuation="same")
    )
    return found


def _task(name: str, problem: Problem, **more: Any) -> Task:
    return Task(problem, Facts(f"check/{name}", source=name, family="check"), **more)
