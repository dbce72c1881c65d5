"""What an optimizer may know: ``Problem``, ``Objective``, ``Fidelity``, ``Budget``.

Not among it: the testbed's name, the seed, the optimum and what is left of the budget.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.space import Space

__all__ = ["AXES", "Budget", "Continuation", "Fidelity", "Objective", "Problem"]

FloatArray = NDArray[np.float64]
Continuation = Literal["none", "same", "any"]
"""What a trial with a parent pays: all; the difference, same configuration; the difference, any."""

AXES = (
    "evaluations",
    "per_dimension",
    "full_evaluations",
    "fidelity_units",
    "simulated_seconds",
)


@dataclass(frozen=True)
class Fidelity:
    """Declare the resource that one evaluation may spend, such as epochs.

    Args:
        name: What it counts.
        min: Smallest amount, above 0.
        max: The full fidelity, at least ``min``.
        unit: Unit for people, such as ``"epoch"``.

    Raises:
        ValueError: If the bounds are not finite, positive and ordered.

    >>> Fidelity("epochs", 1, 50).max
    50.0
    """

    name: str
    min: float
    max: float
    unit: str = ""

    def __post_init__(self) -> None:
        if not 0 < self.min <= self.max < math.inf:
            raise ValueError(
                f"Fidelity {self.name!r}: needs 0 < min <= max, got [{self.min}, {self.max}]"
            )
        object.__setattr__(self, "min", float(self.min))
        object.__setattr__(self, "max", float(self.max))


@dataclass(frozen=True)
class Objective:
    """Name one objective; inside the harness every loss is minimised.

    Args:
        name: What is measured, such as ``"cross-entropy"``.
        unit: Unit for people, such as ``"nats"``.
        direction: At the testbed's door; a maximised score is negated there.
    """

    name: str = "loss"
    unit: str = ""
    direction: Literal["minimize", "maximize"] = "minimize"


@dataclass(frozen=True)
class Budget:
    """Say how much of what a run may spend.

    Args:
        axis: One of ``AXES``.
        amount: Positive, in the axis's unit.

    Raises:
        ValueError: If the axis is unknown or the amount is not positive and finite.

    >>> Budget("evaluations", 100)
    Budget(axis='evaluations', amount=100.0)
    """

    axis: str
    amount: float

    def __post_init__(self) -> None:
        if self.axis not in AXES:
            raise ValueError(f"unknown budget axis {self.axis!r}; known: {', '.join(AXES)}")
        if isinstance(self.amount, bool) or not 0 < self.amount < math.inf:
            raise ValueError(f"budget {self.axis}: must be positive and finite, got {self.amount}")
        object.__setattr__(self, "amount", float(self.amount))


@dataclass(frozen=True)
class Problem:
    """Describe the task to an optimizer.

    Args:
        space: The search space, d parameters.
        objectives: One entry an objective (m of them).
        fidelities: Usually none or one.
        constraints: Names of the outcome constraints (c of them; feasible when <= 0).
        workers: Trials that may be pending at once.
        budget: What the run may spend; None outside a run.
        candidates: Unit rows that may be asked, shape (r, d), or None for the whole space.
        continuation: What a trial with a ``parent`` pays.
        differentiable: Whether ``Trial(gradient=True)`` is answered.
        sources: Earlier tasks, for transfer.

    >>> from hpobench_lab.parameters import Float
    >>> Problem(Space({"lr": Float(1e-5, 1, log=True)})).fidelity is None
    True
    """

    space: Space
    objectives: tuple[Objective, ...] = (Objective(),)
    fidelities: tuple[Fidelity, ...] = ()
    constraints: tuple[str, ...] = ()
    workers: int = 1
    budget: Budget | None = None
    candidates: FloatArray | None = field(default=None, repr=False, compare=False)
    continuation: Continuation = "none"
    differentiable: bool = False
    sources: tuple[Any, ...] = ()

    @property
    def fidelity(self) -> Fidelity | None:
        """Return the first fidelity, or None."""
        return self.fidelities[0] if self.fidelities else None

    @property
    def requirements(self) -> frozenset[str]:
        """Return the capabilities without which an optimizer cannot serve this problem.

        A fidelity is an offer, not a demand: an optimizer that ignores it asks at the maximum.
        """
        needed = set(self.space.capabilities)
        if len(self.objectives) > 1:
            needed.add("multiobjective")
        if self.constraints:
            needed.add("constraints")
        if self.workers > 1:
            needed.add("parallel")
        return frozenset(needed)
