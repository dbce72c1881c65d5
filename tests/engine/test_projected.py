"""Optimizers that know no candidate list, on a problem that has one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hpobench_lab as hb
from hpobench_lab import plugins
from hpobench_lab.engine.projected import Projected, gower
from tests.conftest import execute

SPACE = hb.Space(
    {
        "lr": hb.Float(1e-4, 1.0, log=True),
        "depth": hb.Int(1, 9),
        "act": hb.Categorical(("relu", "tanh", "gelu")),
        "width": hb.Int(8, 64, when={"act": ("relu", "tanh")}),
    }
)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_gower_distance_equals_the_definition_row_by_row(seed: int) -> None:
    values = SPACE.decode(np.random.default_rng(seed).random((12, 4)))
    row, rows = values[0], values[1:]
    expected = []
    for other in rows:
        parts = []
        for j, parameter in enumerate(SPACE.parameters):
            a, b = row[j], other[j]
            if np.isnan(a) or np.isnan(b):
                parts.append(float(np.isnan(a) != np.isnan(b)))
            elif isinstance(parameter, hb.Categorical):
                parts.append(float(a != b))
            else:
                parts.append(abs(parameter.to_unit(a) - parameter.to_unit(b)))
        expected.append(np.mean(parts))
    np.testing.assert_allclose(gower(SPACE, row, rows), expected, atol=1e-15)


class Listed:
    """Serve only the listed rows; the loss is the row's number."""

    def __init__(self, n: int, fidelity: bool) -> None:
        rows = SPACE.uniform(np.random.default_rng(5), n)
        levels = (hb.Fidelity("epochs", 1, 9),) if fidelity else ()
        self.rows = rows
        self.problem = hb.Problem(
            SPACE, candidates=rows, fidelities=levels, continuation="same" if fidelity else "none"
        )
        self.facts = hb.Facts("listed", source="listed", family="listed", kind="table")

    def evaluate(self, trials: Any) -> Any:
        found = (trials.x[:, None, :] == self.rows[None]).all(axis=2)
        assert found.any(axis=1).all(), "asked for a row that is not listed"
        return hb.Outcomes.of(found.argmax(axis=1).astype(float))

    def score(self, trials: Any) -> Any:
        return self.evaluate(trials).losses


def projected(name: str) -> Any:
    factory = plugins.optimizer(name).factory
    return lambda problem, rng: Projected(lambda seen: factory(seen, rng), problem)


@pytest.mark.parametrize("name", ["random", "tpe", "evolution-strategy", "sobol"])
@pytest.mark.parametrize("workers", [1, 3])
def test_every_row_is_asked_once_before_any_is_asked_twice(name: str, workers: int) -> None:
    bed = Listed(15, fidelity=False)
    record = execute({name: projected(name)}, bed, workers=workers).only
    assert record.header["status"] == "ok"
    losses = record.columns["loss"][np.argsort(record.columns["id"])]
    assert sorted(losses[:15]) == list(range(15))


@pytest.mark.parametrize("name", ["successive-halving", "asha"])
def test_promotions_stay_on_their_row(name: str) -> None:
    record = execute(
        {name: projected(name)},
        Listed(40, fidelity=True),
        budget=hb.Budget("full_evaluations", 12),
        workers=4,
    ).only
    assert record.header["status"] == "ok", record.header["message"]
    by_id = dict(zip(record.columns["id"], record.columns["loss"], strict=True))
    children = record.columns["parent"] >= 0
    assert children.any()
    for parent, loss in zip(
        record.columns["parent"][children], record.columns["loss"][children], strict=True
    ):
        assert by_id[parent] == loss


def test_the_inner_optimizer_sees_no_candidates() -> None:
    seen: list[Any] = []

    def make(problem: Any) -> Any:
        seen.append(problem)
        return plugins.optimizer("random").factory(problem, np.random.default_rng(0))

    problem = replace(Listed(5, fidelity=False).problem, workers=2)
    Projected(make, problem)
    assert seen[0].candidates is None
    assert seen[0].workers == 2
