"""The contract of a testbed, its declared facts, and the decorator that makes one of a function."""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.errors import suggestion
from hpobench_lab.parameters import Parameter
from hpobench_lab.problem import Fidelity, Objective, Problem
from hpobench_lab.space import Config, Space
from hpobench_lab.trial import Outcomes, Status, Trials

__all__ = ["Facts", "FunctionTestbed", "Testbed", "testbed"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Facts:
    """Declare what analysis and reports know of a testbed, and optimizers do not.

    Args:
        name: Selector-style name, such as ``"synthetic/branin"``.
        source: Data set or function; testbeds with one source are one unit of replication.
        family: Kind of task, such as ``"mlp"``; used to leave whole families out.
        kind: ``function``, ``table``, ``surrogate`` or ``training``.
        optimum: f_opt, the smallest noise-free loss at full fidelity, or None.
        optimum_origin: How it is known: ``exact``, or the search behind a best-known value.
        optimum_config: A configuration that attains it, or None.
        reference: f_ref, the median loss of one random evaluation at full fidelity, or None.
        reference_origin: How f_ref was measured.
        chance: Loss of a guess; a worse final loss counts as diverged. None for functions.
        stochastic: Whether ``Trials.seed`` matters.
        version: Changes when results change.
        citation: Source of the function or the data, with a link.
        licence: Licence of the data; empty for functions.
        data_sha256: Digest of the data files; empty for functions.
        quality: Held-out quality of a surrogate, by name of the measure.
        needs: Extra that must be installed, or "".
        expensive: Whether resuming tells stored outcomes again instead of evaluating anew.
        title: One line for people.
        reference_point: Worst acceptable losses of several objectives, shape (m,); bounds their
            hypervolume. Empty when there is none.
        hypervolume: That of the true front, bounded by the reference point, or None.

    >>> Facts("mine", source="my data", family="mlp", optimum=0.0, optimum_origin="exact").kind
    'function'
    """

    name: str
    source: str
    family: str
    kind: Literal["function", "table", "surrogate", "training"] = "function"
    optimum: float | None = None
    optimum_origin: str = ""
    optimum_config: Config | None = None
    reference: float | None = None
    reference_origin: str = ""
    chance: float | None = None
    stochastic: bool = False
    version: str = "1"
    citation: str = ""
    licence: str = ""
    data_sha256: str = ""
    quality: Mapping[str, float] = field(default_factory=dict)
    needs: str = ""
    expensive: bool = False
    title: str = ""
    reference_point: tuple[float, ...] = ()
    hypervolume: float | None = None


@runtime_checkable
class Testbed(Protocol):
    """Evaluate batches; the same row gives the same bits in any batch (DESIGN 5.8)."""

    @property
    def problem(self) -> Problem:
        """Return what an optimizer may know."""
        ...

    @property
    def facts(self) -> Facts:
        """Return what it may not know."""
        ...

    def evaluate(self, trials: Trials) -> Outcomes:
        """Return the outcomes of a batch of n rows, each as if run alone and from scratch."""
        ...

    def score(self, trials: Trials) -> FloatArray:
        """Return the noise-free losses at full fidelity, shape (n, m); NaN where unknown."""
        ...


_KEYS = (
    "loss",
    "test_loss",
    "constraints",
    "cost_s",
    "energy_j",
    "curve",
    "gradient",
    "status",
)


class FunctionTestbed:
    """Wrap a function of one configuration as a testbed; made by ``@testbed``.

    The function takes the arguments that it names among ``config``, ``fidelity``, ``seed`` (by
    position, in this order) and returns a float, or a dict with ``loss`` and optional keys. An
    exception is recorded as ``failed``; a loss that is not finite as ``diverged``.
    """

    gains_from_batches = False

    def __init__(
        self, function: Callable[..., Any], problem: Problem, facts: Facts, arguments: int
    ) -> None:
        self.function, self.problem, self.facts = function, problem, facts
        self.arguments = arguments

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the wrapped function."""
        return self.function(*args, **kwargs)

    def evaluate(self, trials: Trials) -> Outcomes:
        """Return the outcomes of calling the function row by row."""
        rows = [self._one(trials, i, c) for i, c in enumerate(trials.configs())]
        energy = np.array([r["energy_j"] for r in rows], dtype=np.float64)
        constraints = np.array([r["constraints"] for r in rows], dtype=np.float64)
        return Outcomes.of(
            np.array([r["loss"] for r in rows], dtype=np.float64).reshape(len(rows), -1),
            np.array([r["cost_s"] for r in rows], dtype=np.float64),
            status=[r["status"] for r in rows],
            constraints=constraints.reshape(len(rows), len(self.problem.constraints)),
            energy_j=None if np.isnan(energy).all() else energy,
            gradient=_stack([r["gradient"] for r in rows], trials.space.dimension),
            curves=[r["curve"] for r in rows] if any(len(r["curve"]) for r in rows) else None,
            messages={i: r["message"] for i, r in enumerate(rows) if r["message"]},
        )

    def score(self, trials: Trials) -> FloatArray:
        """Return the loss at full fidelity; NaN when the function is stochastic."""
        m = len(self.problem.objectives)
        if self.facts.stochastic or self.facts.kind == "training":
            return np.full((len(trials), m), np.nan)
        top = [f.max for f in self.problem.fidelities]
        return self.evaluate(Trials.full(trials.space, trials.values, top)).losses

    def _one(self, trials: Trials, i: int, config: Config) -> dict[str, Any]:
        names = [f.name for f in self.problem.fidelities]
        levels = trials.fidelities[i].tolist()
        fidelity = dict(zip(names, levels, strict=True)) if len(levels) > 1 else None
        given = (config, fidelity or (levels[0] if levels else None), int(trials.seed[i]))
        nominal = levels[0] if levels else 1.0
        try:
            answer = self.function(*given[: self.arguments])
        except Exception:
            return self._row(nominal, Status.failed, message=traceback.format_exc())
        try:
            return self._read(answer, nominal)
        except (TypeError, ValueError) as error:
            return self._row(nominal, Status.failed, message=f"{self.facts.name}: {error}")

    def _row(self, cost_s: float, status: Status, message: str = "") -> dict[str, Any]:
        return {
            "loss": [math.nan] * len(self.problem.objectives),
            "constraints": [math.nan] * len(self.problem.constraints),
            "cost_s": cost_s,
            "energy_j": math.nan,
            "gradient": None,
            "curve": np.zeros((0, 3)),
            "status": int(status),
            "message": message,
        }

    def _read(self, answer: Any, nominal: float) -> dict[str, Any]:
        row = self._row(nominal, Status.ok)
        fields = answer if isinstance(answer, Mapping) else {"loss": answer}
        for key in fields:
            if key not in _KEYS:
                raise ValueError(f"returned the unknown key {key!r}.{suggestion(str(key), _KEYS)}")
        loss = fields.get("loss", math.nan)
        if isinstance(loss, Mapping):
            loss = [loss[o.name] for o in self.problem.objectives]
        row["loss"] = np.asarray(loss, dtype=np.float64).reshape(len(self.problem.objectives))
        for key in ("cost_s", "energy_j"):
            if fields.get(key) is not None:
                row[key] = float(fields[key])
        if not row["cost_s"] >= 0 or math.isinf(row["cost_s"]):
            raise ValueError(f"cost_s must be finite and at least 0, got {row['cost_s']}")
        if self.problem.constraints:
            row["constraints"] = np.asarray(fields["constraints"], dtype=np.float64)
        if fields.get("gradient") is not None:
            row["gradient"] = np.asarray(fields["gradient"], dtype=np.float64)
        if fields.get("curve") is not None:
            row["curve"] = np.asarray(fields["curve"], dtype=np.float64).reshape(-1, 3)
        if "status" in fields:
            row["status"] = int(Status[str(fields["status"])])
        return self._worse_than_chance(row)

    def _worse_than_chance(self, row: dict[str, Any]) -> dict[str, Any]:
        chance = self.facts.chance
        if chance is not None and row["status"] == Status.ok and not row["loss"][0] <= chance:
            row["status"] = int(Status.diverged)
        return row


def _stack(rows: list[FloatArray | None], dimension: int) -> FloatArray | None:
    if all(row is None for row in rows):
        return None
    blank = np.full(dimension, np.nan)
    return np.array([blank if row is None else row for row in rows])


def testbed(
    *,
    space: Space | Mapping[str, Parameter],
    fidelity: Fidelity | tuple[Fidelity, ...] | None = None,
    objectives: tuple[Objective, ...] = (Objective(),),
    constraints: tuple[str, ...] = (),
    continuation: Literal["none", "same", "any"] = "none",
    **facts: Any,
) -> Callable[[Callable[..., Any]], FunctionTestbed]:
    """Make a testbed of a function ``f(config, fidelity, seed)`` (or of fewer arguments).

    Args:
        space: The search space, or its parameters by name.
        fidelity: One fidelity, a tuple of several, or None.
        objectives: One entry an objective.
        constraints: Names of outcome constraints.
        continuation: What a trial with a parent pays.
        **facts: Fields of ``Facts``: ``optimum=``, ``reference=``, ``source=``, ``chance=``, ...

    Raises:
        ValueError: If a fact is unknown or the function takes no or too many arguments.

    >>> from hpobench_lab.parameters import Float
    >>> @testbed(space={"lr": Float(1e-5, 1, log=True)}, optimum=0.0)
    ... def mine(config):
    ...     return (config["lr"] - 0.1) ** 2
    >>> mine.facts.optimum
    0.0
    """
    if continuation == "any":
        raise ValueError(
            "testbed: a function keeps no checkpoint that another configuration could continue; "
            "continuation is 'none' or 'same'"
        )
    known = [f for f in Facts.__dataclass_fields__ if f != "name"]
    for key in facts:
        if key not in known:
            raise ValueError(f"testbed: unknown fact {key!r}.{suggestion(key, known)}")
    fidelities = fidelity if isinstance(fidelity, tuple) else (fidelity,) if fidelity else ()
    problem = Problem(
        space if isinstance(space, Space) else Space(space),
        objectives=objectives,
        fidelities=fidelities,
        constraints=constraints,
        continuation=continuation,
    )

    def wrap(function: Callable[..., Any]) -> FunctionTestbed:
        code = function.__code__
        takes = code.co_argcount
        if not 1 <= takes <= 3:
            raise ValueError(
                f"testbed {function.__name__!r} must take (config), (config, fidelity) or "
                f"(config, fidelity, seed), got {code.co_varnames[:takes]}"
            )
        declared = Facts(function.__name__, source=function.__name__, family="user")
        doc = (function.__doc__ or "").strip().split("\n")[0]
        changes: dict[str, Any] = {"stochastic": takes == 3, "title": doc, "expensive": True}
        declared = replace(declared, **(changes | facts))
        return FunctionTestbed(function, problem, declared, takes)

    return wrap
