"""One data set of a YAHPO scenario as a testbed: what is asked, predicted and charged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.parameters import Int
from hpobench_lab.problem import Fidelity, Objective, Problem
from hpobench_lab.space import Space
from hpobench_lab.testbed import Facts
from hpobench_lab.testbeds.public.yahpo_model import BLOCK, Network
from hpobench_lab.testbeds.public.yahpo_scenarios import GYM, Scenario, data_set
from hpobench_lab.testbeds.public.yahpo_space import Columns, Constant, Declared
from hpobench_lab.trial import Outcomes, Status, Trials

__all__ = ["Resource", "Yahpo"]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
SIZES = 17
"""Training sizes at which the seconds of a configuration are predicted."""
RANDOM = 500
"""Random configurations behind ``facts.reference``."""


@dataclass(frozen=True)
class Resource:
    """Describe one fidelity column.

    Args:
        name: The column.
        low: Smallest served level, in the file's numbers.
        high: Largest.
        shift: Served amount minus the file's number.
        whole: Whether only whole numbers count.
    """

    name: str
    low: float
    high: float
    shift: float = 0.0
    whole: bool = False

    @property
    def fidelity(self) -> Fidelity:
        """Return what an optimizer sees of it."""
        unit = "epoch" if self.name == "epoch" else ""
        return Fidelity(self.name, self.low + self.shift, self.high + self.shift, unit)

    def inside(self, amounts: FloatArray) -> FloatArray:
        """Return the file's numbers of served amounts, shape (n,) to (n,)."""
        level = np.clip(amounts - self.shift, self.low, self.high)
        return np.asarray(np.floor(level) if self.whole else level)

    def grid(self) -> FloatArray:
        """Return the levels at which seconds are predicted, ascending, the last one the largest."""
        if self.whole:
            return np.arange(self.low, self.high + 1)
        return np.linspace(self.low, self.high, SIZES)


class Yahpo:
    """The testbed ``yahpo/<scenario>/<instance>``.

    Args:
        network: The scenario's network.
        instance: The data set.
        objectives: Outputs that are told, m of them.
        several: Whether every fidelity column is served rather than the first alone.
    """

    def __init__(
        self, network: Network, instance: str, objectives: Sequence[str], *, several: bool = False
    ) -> None:
        facts, declared = network.scenario, network.declared
        self.network = network
        self._names = tuple(objectives)
        self._sign = np.array([-1.0 if n in facts.maximised else 1.0 for n in objectives])
        resources = [_resource(facts, declared, name) for name in facts.fidelities]
        self._served = resources if several else resources[:1]
        varying = {r.name: np.nan for r in self._served}
        self._fixed = {r.name: r.high for r in resources} | _instance_code(network, instance)
        space = Space(declared.searched(self._fixed | varying))
        self.problem = Problem(
            space,
            objectives=tuple(_objective(facts, name) for name in objectives),
            fidelities=tuple(r.fidelity for r in self._served),
            continuation="same" if facts.cumulative else "none",
        )
        self.facts = _facts(network, instance)
        self.facts = replace(self.facts, reference=self._median())

    def evaluate(self, trials: Trials) -> Outcomes:
        """Return the predicted losses at the asked fidelities, and the seconds up to them."""
        asked = self._levels(trials.fidelities)
        curve = _Curve.up_to(asked, self._grid(), whole=self._served[0].whole)
        seconds, runtime = trials.fidelity.copy(), self.network.scenario.runtime
        if runtime:
            columns = self._columns(trials.take(curve.row), curve.levels)
            seconds = curve.cumulative(self.network.outputs(columns)[runtime])
        columns = self._columns(trials, asked)
        status = np.where(self._forbidden(columns), Status.infeasible, Status.ok)
        return Outcomes.of(self._losses(self._told(columns)), seconds, status=status)

    def score(self, trials: Trials) -> FloatArray:
        """Return the predicted losses at full fidelity, shape (n, m); NaN where forbidden."""
        return self._final(trials, block=1)

    def _final(self, trials: Trials, *, block: int) -> FloatArray:
        top = np.tile([r.high for r in self._served], (len(trials), 1))
        columns = self._columns(trials, top)
        losses = self._losses(self.network.outputs(columns, block=block))
        return np.asarray(np.where(self._forbidden(columns)[:, None], np.nan, losses))

    def held_out(self, trials: Trials) -> FloatArray:
        """Return the predicted test losses at the asked fidelities, shape (n, m); NaN = none.

        Nothing that optimizers are told goes through here.
        """
        facts = self.network.scenario
        out = self._told(self._columns(trials, self._levels(trials.fidelities)))
        unknown = np.full(len(trials), np.nan)
        tests = [out[facts.test[n]] if n in facts.test else unknown for n in self._names]
        return np.asarray(np.column_stack(tests) * self._sign)

    def _told(self, columns: Columns) -> Columns:
        """Return the outputs of rows that go through alone, as yahpo-gym sends them: its bits."""
        return self.network.outputs(columns, block=1)

    def _losses(self, out: Columns) -> FloatArray:
        return np.asarray(np.column_stack([out[name] for name in self._names]) * self._sign)

    def _levels(self, fidelities: FloatArray) -> FloatArray:
        """Return the file's numbers of asked fidelities, shape (n, k)."""
        return np.column_stack([r.inside(fidelities[:, j]) for j, r in enumerate(self._served)])

    def _columns(self, trials: Trials, levels: FloatArray) -> Columns:
        """Return the file's columns of n rows at levels of shape (n, k)."""
        n = len(trials)
        columns: Columns = {}
        for name, parameter in self.network.declared.parameters.items():
            code = 0.0 if isinstance(parameter, Constant) else self._fixed.get(name, np.nan)
            columns[name] = np.full(n, code)
        for name in trials.space.names:
            columns[name] = trials.column(name)
        for j, resource in enumerate(self._served):
            columns[resource.name] = np.ascontiguousarray(levels[:, j])
        return columns

    def _grid(self) -> FloatArray:
        """Return the levels at which seconds are needed; none where none are predicted."""
        return self._served[0].grid() if self.network.scenario.runtime else np.zeros(0)

    def _forbidden(self, columns: Columns) -> BoolArray:
        declared = self.network.declared
        return declared.is_forbidden(declared.deactivate(columns))

    def _median(self) -> float | None:
        """Return the median loss of random configurations at full fidelity, in quick blocks."""
        space = self.problem.space
        values = space.decode(space.uniform(np.random.default_rng(0), RANDOM))
        top = [f.max for f in self.problem.fidelities]
        found = self._final(Trials.full(space, values, top), block=BLOCK)[:, 0]
        finite = found[np.isfinite(found)]
        return float(np.median(finite)) if len(finite) else None


@dataclass(frozen=True)
class _Curve:
    """Lay out the levels of all trials as rows: those where seconds are needed, the asked one last.

    Args:
        row: Trial of each row, shape (N,).
        levels: Of each row, shape (N, k).
        asked: First level of each trial, shape (n,).
        last: Row of each trial's asked level, shape (n,).
        grid: Levels before it, ascending.
        whole: Whether a trial has those below its own level (epochs), or all of them.
    """

    row: IntArray
    levels: FloatArray
    asked: FloatArray
    last: IntArray
    grid: FloatArray
    whole: bool

    @classmethod
    def up_to(cls, asked: FloatArray, grid: FloatArray, *, whole: bool) -> _Curve:
        """Return the layout for asked levels of shape (n, k)."""
        before = np.full(len(asked), len(grid))
        if whole:
            before = np.searchsorted(grid, asked[:, 0])
        last = np.cumsum(before + 1) - 1
        row = np.repeat(np.arange(len(asked)), before + 1)
        step = np.arange(len(row)) - (last - before)[row]
        levels = asked[row]
        earlier = step < before[row]
        levels[earlier, 0] = grid[step[earlier]]
        return cls(row, levels, asked[:, 0], last, grid, whole)

    def cumulative(self, seconds: FloatArray) -> FloatArray:
        """Return the seconds up to each asked level, shape (N,) to (n,), rising with the level."""
        spent = np.maximum(seconds, 0.0)
        if self.whole:
            first = np.concatenate([[0], self.last[:-1] + 1])
            return np.maximum.reduceat(spent, first)
        earlier = np.ones(len(spent), dtype=np.bool_)
        earlier[self.last] = False
        curves = spent[earlier].reshape(len(self.last), len(self.grid))
        return _between(self.grid, np.maximum.accumulate(curves, axis=1), self.asked)


def _between(grid: FloatArray, curve: FloatArray, level: FloatArray) -> FloatArray:
    """Return rising curves of shape (n, L) between the points of their grid, shape (n,)."""
    right = np.clip(np.searchsorted(grid, level, "left"), 1, len(grid) - 1)
    row = np.arange(len(level))
    low, high = curve[row, right - 1], curve[row, right]
    share = (level - grid[right - 1]) / (grid[right] - grid[right - 1])
    return np.asarray(np.minimum(low + share * (high - low), high))


def _resource(facts: Scenario, declared: Declared, name: str) -> Resource:
    parameter = declared.parameters[name]
    if isinstance(parameter, Constant):
        return Resource(name, parameter.sole, parameter.sole)
    low, high = float(parameter.low), float(parameter.high)  # type: ignore[union-attr]
    whole = isinstance(parameter, Int)
    if facts.served and name == facts.fidelities[0]:
        low, high = max(low, facts.served[0]), min(high, facts.served[1])
        return Resource(name, low, high, 1.0 - low, whole)
    return Resource(name, low, high, 0.0, whole)


def _objective(facts: Scenario, name: str) -> Objective:
    direction: Literal["minimize", "maximize"] = "minimize"
    if name in facts.maximised:
        direction = "maximize"
    return Objective(name, facts.units.get(name, ""), direction)


def _instance_code(network: Network, instance: str) -> dict[str, float]:
    name = network.scenario.instance
    return {name: network.declared.parameters[name].code(instance)} if name else {}


def _facts(network: Network, instance: str) -> Facts:
    facts = network.scenario
    return Facts(
        f"yahpo/{facts.name}/{instance}",
        source=data_set(facts, instance),
        family=facts.family,
        kind="surrogate",
        optimum_origin="unknown: the stored best values come from random search",
        reference_origin=f"median of {RANDOM} random configurations at full fidelity, seed 0",
        citation="; ".join(filter(None, (GYM, f"data: {facts.source}" if facts.source else ""))),
        licence="Apache-2.0",
        data_sha256=network.sha256,
        needs="public",
        title=f"YAHPO Gym's surrogate of {facts.name} on {data_set(facts, instance)}; "
        "no published quality",
    )
