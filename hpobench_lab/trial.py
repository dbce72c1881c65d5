"""What is asked and what comes back: ``Trial`` and ``Evaluation``, and their batches.

``Trials`` and ``Outcomes`` are what a testbed sees: structs of arrays, one row a trial.
``Evaluation`` is what an optimizer is told: a light, read-only view of one row of the run's log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpobench_lab.space import Config, Space

if TYPE_CHECKING:
    from hpobench_lab.engine.log import Log

__all__ = ["Evaluation", "Outcomes", "Status", "Trial", "Trials"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class Status(IntEnum):
    """Say how a trial ended; ``cut`` trials ended beyond the budget and are never told."""

    ok = 0
    failed = 1
    timeout = 2
    diverged = 3
    infeasible = 4
    cut = 5


class Trial:
    """Ask for one evaluation.

    Args:
        config: The configuration as a dictionary, or
        x: the same as a unit row, shape (d,); exactly one of the two.
        fidelity: Amount of the fidelity (a dict by name when there are several); None = maximum.
        parent: Id of a told ``ok`` evaluation of this run whose checkpoint is continued.
        gradient: Whether the gradient of the loss is wanted (differentiable testbeds).

    The engine fills ``id`` before the next call of the optimizer.

    >>> Trial({"lr": 0.1}, fidelity=3).fidelity
    3
    """

    __slots__ = ("config", "fidelity", "gradient", "id", "parent", "x")

    def __init__(
        self,
        config: Config | None = None,
        *,
        x: ArrayLike | None = None,
        fidelity: float | Mapping[str, float] | None = None,
        parent: int | None = None,
        gradient: bool = False,
    ) -> None:
        if (config is None) == (x is None):
            raise ValueError("Trial: give exactly one of config and x")
        self.config = config
        self.x = x
        self.fidelity = fidelity
        self.parent = parent
        self.gradient = gradient
        self.id = -1

    def __repr__(self) -> str:
        what = f"x={self.x!r}" if self.config is None else repr(self.config)
        return f"Trial({what}, fidelity={self.fidelity!r}, parent={self.parent!r}, id={self.id})"


@dataclass(frozen=True)
class Trials:
    """Hold a batch that a testbed evaluates; n rows, C-contiguous.

    Args:
        space: The search space, d parameters.
        values: Canonical values, shape (n, d); NaN where inactive.
        x: Canonical unit rows, shape (n, d); 0.5 where inactive.
        fidelities: Amount of each fidelity, shape (n, k); k = 0 without fidelity.
        seed: The replicate's 63-bit noise stream, shape (n,), the same at every fidelity of one
            training; all zero for testbeds that declare ``stochastic = False``.
        replicate: How many earlier trials of the run had this configuration, shape (n,).

    >>> from hpobench_lab.parameters import Float
    >>> space = Space({"lr": Float(0, 1)})
    >>> batch = Trials.full(space, space.values([{"lr": 0.1}, {"lr": 0.2}]))
    >>> len(batch), batch.column("lr")
    (2, array([0.1, 0.2]))
    """

    space: Space
    values: FloatArray
    x: FloatArray
    fidelities: FloatArray
    seed: NDArray[np.uint64]
    replicate: IntArray

    def __len__(self) -> int:
        return len(self.values)

    @property
    def fidelity(self) -> FloatArray:
        """Return the first fidelity, shape (n,)."""
        return np.asarray(self.fidelities[:, 0])

    def column(self, name: str) -> FloatArray:
        """Return the codes of one parameter, shape (n,); NaN where inactive."""
        return np.asarray(self.values[:, self.space.names.index(name)])

    def configs(self) -> list[Config]:
        """Return the rows as dictionaries."""
        return self.space.configs(self.values)

    def take(self, rows: ArrayLike) -> Trials:
        """Return the batch of the given rows."""
        i = np.asarray(rows, dtype=np.intp)
        return Trials(
            self.space,
            self.values[i],
            self.x[i],
            self.fidelities[i],
            self.seed[i],
            self.replicate[i],
        )

    @classmethod
    def full(cls, space: Space, values: FloatArray, fidelities: Sequence[float] = ()) -> Trials:
        """Return a noise-free batch of the given values, all at the given fidelities."""
        n = len(values)
        levels = np.tile(np.asarray(fidelities, dtype=np.float64), (n, 1))
        zero = np.zeros(n, dtype=np.int64)
        return cls(space, values, space.encode(values), levels, zero.astype(np.uint64), zero)


@dataclass(frozen=True)
class Outcomes:
    """Hold what a testbed answers; n rows in the order of the batch.

    Args:
        losses: Shape (n, m); minimised; ignored where the status is not ``ok``.
        cost_s: Nominal seconds of this evaluation run alone and from scratch, shape (n,), >= 0.
        status: Codes of ``Status``, shape (n,); default ``ok``, non-finite losses ``diverged``.
        constraints: Shape (n, c); feasible when <= 0.
        energy_j: Nominal joules from scratch, shape (n,), or None.
        gradient: Shape (n, d) in unit-cube coordinates, or None.
        curves: One (k, 3) array a row of fidelity, loss, cumulative cost_s, or None.
        messages: Row -> text, for rows that failed.
    """

    losses: FloatArray
    cost_s: FloatArray
    status: NDArray[np.uint8]
    constraints: FloatArray
    energy_j: FloatArray | None = None
    gradient: FloatArray | None = None
    curves: Sequence[FloatArray] | None = None
    messages: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        losses: ArrayLike,
        cost_s: ArrayLike = 1.0,
        *,
        status: ArrayLike | None = None,
        constraints: ArrayLike | None = None,
        **more: Any,
    ) -> Outcomes:
        """Return outcomes from losses of shape (n,) or (n, m), everything else by default.

        >>> Outcomes.of(np.array([1.0, np.nan])).status
        array([0, 3], dtype=uint8)
        """
        loss = np.asarray(losses, dtype=np.float64)
        loss = loss[:, None] if loss.ndim == 1 else loss
        n = len(loss)
        codes = np.zeros(n, np.uint8) if status is None else np.asarray(status, np.uint8).copy()
        codes[(codes == Status.ok) & ~np.isfinite(loss).all(axis=1)] = Status.diverged
        c = np.zeros((n, 0)) if constraints is None else np.asarray(constraints, np.float64)
        cost = np.broadcast_to(np.asarray(cost_s, dtype=np.float64), (n,))
        return cls(np.where((codes == Status.ok)[:, None], loss, np.nan), cost, codes, c, **more)


class Evaluation:
    """Read one finished trial; immutable. Losses are NaN unless ``status`` is ``"ok"``.

    ``tell`` of an optimizer gets one; the engine makes them.

    >>> class Best:
    ...     def __init__(self, problem, rng):
    ...         self.best = None
    ...     def tell(self, evaluation):
    ...         if evaluation.ok and (self.best is None or evaluation.loss < self.best.loss):
    ...             self.best = evaluation
    """

    __slots__ = ("_id", "_log")

    def __init__(self, log: Log, id: int) -> None:
        self._log = log
        self._id = id

    def __repr__(self) -> str:
        return f"Evaluation(id={self._id}, {self.config}, loss={self.loss}, {self.status!r})"

    @property
    def id(self) -> int:
        """Return the number of the trial within its run, from 0, in order of ask."""
        return self._id

    @property
    def config(self) -> Config:
        """Return the configuration as a dictionary."""
        return self._log.space.configs(self._log.values[self._id : self._id + 1])[0]

    @property
    def x(self) -> FloatArray:
        """Return the canonical unit row, shape (d,)."""
        return np.array(self._log.x[self._id])

    @property
    def fidelity(self) -> float | dict[str, float] | None:
        """Return the fidelity of the evaluation; a dict by name when there are several."""
        row, names = self._log.fidelities[self._id].tolist(), self._log.fidelity_names
        return dict(zip(names, row, strict=True)) if len(row) > 1 else row[0] if row else None

    @property
    def parent(self) -> int | None:
        """Return the id of the trial that was continued, or None."""
        parent = int(self._log.parent[self._id])
        return parent if parent >= 0 else None

    @property
    def status(self) -> str:
        """Return ``ok``, ``failed``, ``timeout``, ``diverged`` or ``infeasible``."""
        return Status(self._log.status[self._id]).name

    @property
    def ok(self) -> bool:
        """Return whether the loss may be used."""
        return bool(self._log.status[self._id] == 0)

    @property
    def loss(self) -> float:
        """Return the first loss; NaN unless ``ok``."""
        return float(self._log.losses[self._id, 0])

    @property
    def losses(self) -> FloatArray:
        """Return all losses, shape (m,)."""
        return np.array(self._log.losses[self._id])

    @property
    def constraints(self) -> FloatArray:
        """Return the outcome constraints, shape (c,); feasible when <= 0."""
        return np.array(self._log.constraints[self._id])

    @property
    def cost_s(self) -> float:
        """Return the nominal seconds that this trial was charged."""
        return float(self._log.cost_s[self._id])

    @property
    def energy_j(self) -> float:
        """Return the nominal joules of this trial; NaN when the testbed states none."""
        energy = self._log.energy_j
        return float("nan") if energy is None else float(energy[self._id])

    @property
    def gradient(self) -> FloatArray | None:
        """Return the gradient in unit-cube coordinates, shape (d,), or None."""
        return self._log.gradients.get(self._id)

    @property
    def curve(self) -> FloatArray:
        """Return the learning curve, shape (k, 3): fidelity, loss, cumulative cost_s."""
        return self._log.curves.get(self._id, np.zeros((0, 3)))

    @property
    def start(self) -> float:
        """Return when the trial started, in virtual seconds."""
        return float(self._log.start[self._id])

    @property
    def end(self) -> float:
        """Return when the trial ended, in virtual seconds."""
        return float(self._log.end[self._id])
