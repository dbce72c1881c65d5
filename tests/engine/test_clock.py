"""The engine's virtual time against a slow simulator that is obviously right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpobench_lab.parameters import Int
from hpobench_lab.problem import Budget, Fidelity, Problem
from hpobench_lab.space import Space
from hpobench_lab.testbed import Facts
from hpobench_lab.trial import Outcomes, Trial
from tests.conftest import execute


class Tape:
    """Ask for the rows 0, 1, 2, ... of a tape; wait now and then; remember what was told."""

    def __init__(self, n: int, waits: set[int]) -> None:
        self.n, self.waits, self.asked, self.told = n, set(waits), 0, []

    def ask(self) -> Trial | None:
        if self.asked == self.n:
            return None
        if self.asked in self.waits:
            self.waits.discard(self.asked)
            return None
        self.asked += 1
        return Trial({"row": self.asked - 1})

    def tell(self, evaluation: Any) -> None:
        self.told.append((evaluation.id, evaluation.start, evaluation.end))


class Costs:
    """Answer with the cost that the tape holds for a row."""

    def __init__(self, costs: list[float]) -> None:
        self.costs = np.array(costs)
        self.problem = Problem(Space({"row": Int(0, max(1, len(costs) - 1))}))
        self.facts = Facts("tape", source="tape", family="tape")

    def evaluate(self, trials: Any) -> Outcomes:
        rows = trials.values[:, 0].astype(int)
        return Outcomes.of(rows.astype(float), self.costs[rows])

    def score(self, trials: Any) -> Any:
        return self.evaluate(trials).losses


def simulate(
    costs: list[float], waits: set[int], workers: int, synchronous: bool, budget: Budget
) -> tuple[list[tuple[int, float, float]], list[int]]:
    """Return (id, start, end) as told and the ids that were cut, step by step over a plain list."""
    now, running, told, asked, waits = 0.0, [], [], 0, set(waits)
    while True:
        may_ask = not synchronous or not running
        while may_ask and len(running) < workers:
            if budget.axis == "evaluations" and asked >= budget.amount:
                break
            if budget.axis == "simulated_seconds" and now >= budget.amount:
                break
            if asked == len(costs):
                break
            if asked in waits:
                waits.discard(asked)
                break
            running.append((asked, now, now + max(costs[asked], 1e-6)))
            asked += 1
        if not running:
            return told, []
        end = min(e for _, _, e in running)
        if budget.axis == "simulated_seconds" and end > budget.amount:
            return told, sorted(i for i, _, _ in running)
        now = end
        for trial in sorted(t for t in running if t[2] == end):
            told.append(trial)
            running.remove(trial)


@settings(max_examples=200, deadline=None)
@given(
    costs=st.lists(st.sampled_from([0.0, 0.5, 1.0, 1.0, 2.5, 1e-9, 7.0]), min_size=1, max_size=40),
    waits=st.sets(st.integers(0, 39), max_size=6),
    workers=st.integers(1, 7),
    synchronous=st.booleans(),
    axis=st.sampled_from(["evaluations", "simulated_seconds"]),
    amount=st.integers(1, 30),
)
def test_the_engine_tells_what_the_slow_simulator_tells(
    costs: list[float], waits: set[int], workers: int, synchronous: bool, axis: str, amount: int
) -> None:
    budget = Budget(axis, amount)
    tapes: list[Tape] = []

    def make(problem: Any, rng: Any) -> Tape:
        tapes.append(Tape(len(costs), waits))
        return tapes[-1]

    kept = execute(
        {"tape": make}, Costs(costs), budget=budget, workers=workers, synchronous=synchronous
    )
    told, cut = simulate(costs, waits, workers, synchronous, budget)
    assert tapes[0].told == told
    columns = kept.only.columns
    assert columns["id"].tolist() == [i for i, _, _ in told] + cut
    assert (columns["status"][len(told) :] == 5).all()
    assert np.isnan(columns["loss"][len(told) :]).all()


def test_trials_with_the_same_end_are_told_together_in_order_of_id() -> None:
    seen: list[list[int]] = []

    class Watcher(Tape):
        def ask(self) -> Trial | None:
            seen.append([i for i, _, _ in self.told])
            return super().ask()

    execute({"w": lambda p, r: Watcher(6, set())}, Costs([1.0] * 6), workers=3)
    assert [] in seen
    assert [0, 1, 2] in seen
    assert [0] not in seen


@pytest.mark.parametrize(
    ("axis", "amount", "trials"),
    [
        ("evaluations", 7, 7),
        ("evaluations", 7.9, 7),
        ("per_dimension", 5, 5),
        ("full_evaluations", 2.5, 5),
        ("fidelity_units", 25, 5),
        ("fidelity_units", 24.9, 4),
    ],
)
def test_the_first_trial_that_does_not_fit_ends_asking(
    axis: str, amount: float, trials: int
) -> None:
    class Half(Costs):
        def __init__(self) -> None:
            super().__init__([1.0] * 50)
            self.problem = Problem(self.problem.space, fidelities=(Fidelity("epochs", 1, 10),))

    class AtFive(Tape):
        def ask(self) -> Trial | None:
            trial = super().ask()
            assert trial is not None
            return Trial(trial.config, fidelity=5)

    budget = Budget(axis, amount)
    record = execute({"five": lambda p, r: AtFive(50, set())}, Half(), budget=budget).only
    assert record.header["n_trials"] == trials
    assert record.header["spent"] <= amount
    if axis in ("fidelity_units", "full_evaluations"):
        scale = 10 if axis == "full_evaluations" else 1
        assert record.columns["units"].sum() == pytest.approx(record.header["spent"] * scale)


def test_a_trial_that_ends_beyond_the_seconds_is_charged_up_to_them() -> None:
    record = execute(
        {"t": lambda p, r: Tape(5, set())},
        Costs([2.0, 2.0, 2.0, 2.0, 2.0]),
        budget=Budget("simulated_seconds", 5),
    ).only
    assert record.columns["cost_s"].tolist() == [2.0, 2.0, 1.0]
    assert record.header["spent"] == 5.0
    assert record.header["counts"] == {"ok": 2, "cut": 1}


def test_max_trials_caps_every_axis() -> None:
    record = execute(
        {"t": lambda p, r: Tape(50, set())},
        Costs([0.0] * 50),
        budget=Budget("simulated_seconds", 1e9),
        max_trials=12,
    ).only
    assert record.header["n_trials"] == 12


def test_an_optimizer_that_runs_dry_ends_well() -> None:
    record = execute({"t": lambda p, r: Tape(3, set())}, Costs([1.0] * 5)).only
    assert (record.header["status"], record.header["reason"]) == ("ok", "exhausted")
