"""The growing record of one run: a struct of arrays, one row a trial, in order of ask.

Columns that a problem does not need (fidelity, energy, replicates) take no memory.
"""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.problem import Problem
from hpobench_lab.trial import Status

__all__ = ["Log"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_GROWTH = 1.25


class Log:
    """Hold what was asked, what came back and when.

    Args:
        problem: The run's problem: d parameters, k fidelities, m objectives, c constraints.
        capacity: Rows to make room for at first.

    Attributes:
        values, x: Canonical values and unit rows, shape (n, d).
        fidelities: Shape (n, k). ``parent``: id or -1. ``replicate``: earlier equal trainings.
        status: Codes of ``Status``. ``losses``: shape (n, m). ``constraints``: shape (n, c).
        total_s: Nominal seconds from scratch. ``cost_s``: charged seconds.
        units: Charged amount of the first fidelity; 1.0 each without fidelity.
        start, end: Virtual seconds, filled when the trial starts.
        asked: Rows asked so far. ``told``: ids in the order told.
    """

    def __init__(self, problem: Problem, capacity: int = 64) -> None:
        self.problem, self.space = problem, problem.space
        self.fidelity_names = tuple(f.name for f in problem.fidelities)
        d, k = problem.space.dimension, len(problem.fidelities)
        m, c = len(problem.objectives), len(problem.constraints)
        n = max(1, capacity)
        self.values, self.x = np.empty((n, d)), np.empty((n, d))
        self.fidelities, self.constraints = np.empty((n, k)), np.empty((n, c))
        self.losses = np.full((n, m), np.nan)
        self.status = np.full(n, Status.cut, dtype=np.uint8)
        self.parent = np.full(n, -1, dtype=np.int32)
        self.replicate = np.zeros(n, dtype=np.int32)
        self.total_s, self.cost_s = np.empty(n), np.empty(n)
        self.units = np.empty(n) if k else None
        self.energy_j: FloatArray | None = None
        self.eval_wall_s = np.zeros(n, dtype=np.float32)
        self.start, self.end = array("d"), array("d")
        self.ask_wall_s, self.tell_wall_s = array("f"), array("f")
        self.told = array("i")
        self.asked = 0
        self.gradients: dict[int, FloatArray] = {}
        self.curves: dict[int, FloatArray] = {}
        self.messages: dict[int, str] = {}

    _COLUMNS = (
        "values x fidelities constraints losses status parent replicate total_s cost_s units "
        "energy_j eval_wall_s"
    ).split()

    def reserve(self, rows: int) -> None:
        """Make room for ``rows`` more rows."""
        need, have = self.asked + rows, len(self.status)
        if need <= have:
            return
        n = max(need, int(have * _GROWTH) + 16)
        for name in self._COLUMNS:
            old = getattr(self, name)
            if old is not None:
                new = np.empty((n, *old.shape[1:]), dtype=old.dtype)
                new[:have] = old
                setattr(self, name, new)
        self.status[have:] = Status.cut
        self.parent[have:] = -1
        self.replicate[have:] = 0
        self.losses[have:] = np.nan
        self.eval_wall_s[have:] = 0

    def with_energy(self) -> FloatArray:
        """Return the energy column, made on first use."""
        if self.energy_j is None:
            self.energy_j = np.full(len(self.status), np.nan)
        return self.energy_j

    def columns(self, ids: IntArray) -> dict[str, NDArray[Any]]:
        """Return the stored columns of the given ids (DESIGN 6), without scores.

        The ids 0, 1, 2, ... give views, not copies: the log must not grow while they live.
        """
        n = len(ids)
        rows: Any = slice(0, n) if np.array_equal(ids, np.arange(n)) else ids
        found: dict[str, NDArray[Any]] = {
            "id": ids.astype(np.int32),
            "parent": self.parent[rows],
            "replicate": self.replicate[rows],
            "status": self.status[rows],
        }
        for j, name in enumerate(self.space.names):
            found[f"p.{name}"] = self.values[rows, j]
        for prefix, table in (("fidelity", self.fidelities), ("loss", self.losses)):
            for j in range(table.shape[1]):
                found[f"{prefix}.{j}" if j else prefix] = table[rows, j]
        for j in range(self.constraints.shape[1]):
            found[f"constraint.{j}"] = self.constraints[rows, j]
        found["cost_s"] = self.cost_s[rows]
        if self.problem.continuation != "none":
            found["total_s"] = self.total_s[rows]
        found["units"] = np.ones(n) if self.units is None else self.units[rows]
        if self.energy_j is not None:
            found["energy_j"] = self.energy_j[rows]
        found["start"] = np.frombuffer(self.start, dtype=np.float64)[rows]
        found["end"] = np.frombuffer(self.end, dtype=np.float64)[rows]
        found["ask_wall_s"] = np.frombuffer(self.ask_wall_s, dtype=np.float32)[rows]
        found["tell_wall_s"] = np.frombuffer(self.tell_wall_s, dtype=np.float32)[rows]
        found["eval_wall_s"] = self.eval_wall_s[rows]
        return found
