"""What every test shares: small studies made of live objects, and a sink that keeps records."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pytest

from hpobench_lab import engine
from hpobench_lab.problem import Budget
from hpobench_lab.protocol import Protocol
from hpobench_lab.store.runrecord import RunRecord
from hpobench_lab.study import OptimizerSpec, Run, TestbedSpec

TWENTY = Budget("evaluations", 20)


@dataclass
class Kept:
    """Keep what the engine hands over."""

    records: dict[tuple[str, int], RunRecord] = field(default_factory=dict)
    parts: dict[str, list[RunRecord]] = field(default_factory=dict)

    def finished(self, record: RunRecord) -> None:
        self.records[record.header["optimizer"]["label"], record.header["seed"]] = record

    def partial(self, record: RunRecord) -> None:
        self.parts.setdefault(record.header["key"], []).append(record)

    @property
    def only(self) -> RunRecord:
        (record,) = self.records.values()
        return record


def spec_of(testbed: Any) -> TestbedSpec:
    """Return the spec of a live testbed."""
    fidelity = testbed.problem.fidelity
    return TestbedSpec(
        testbed.facts.name,
        testbed.facts.name,
        testbed.facts.version,
        facts=asdict(testbed.facts),
        fidelity=asdict(fidelity) if fidelity else None,
        objectives=tuple(o.name for o in testbed.problem.objectives),
    )


def execute(
    optimizers: dict[str, Any],
    testbed: Any,
    *,
    budget: Budget = TWENTY,
    seeds: Any = (0,),
    company: Any = None,
    block: int | None = None,
    replay: Any = None,
    order: Any = None,
    **protocol: Any,
) -> Kept:
    """Execute live optimizers (label -> factory) on a live testbed in the engine."""
    rules = Protocol(budget, **protocol)
    runs = [
        Run(OptimizerSpec(label, label, label, "1"), spec_of(testbed), rules, seed)
        for label in optimizers
        for seed in seeds
    ]
    if order is not None:
        runs = [runs[i] for i in order.permutation(len(runs))]
    kept = Kept()
    engine.execute(
        runs,
        testbed,
        lambda run, problem, rng: optimizers[run.optimizer.label](problem, rng),
        kept,
        company=company,
        block=block,
        replay=replay,
    )
    return kept


def random_company(rng: np.random.Generator) -> Any:
    """Return a company of random subsets in random order, split into random batches."""

    def company(n: int) -> list[list[int]]:
        chosen = rng.permutation(n)[: rng.integers(1, n + 1)]
        cuts = np.sort(rng.integers(0, len(chosen) + 1, size=rng.integers(0, 4)))
        return [part.tolist() for part in np.split(chosen, cuts) if len(part)]

    return company


def assert_same_run(a: RunRecord, b: RunRecord) -> None:
    """Assert that two records agree bit by bit in all but what was measured."""
    assert a.columns.keys() == b.columns.keys()
    for name in a.columns:
        if not name.endswith(("_wall_s", "_cpu_s")):
            np.testing.assert_array_equal(a.columns[name], b.columns[name], err_msg=name)
    for name in ("status", "reason", "spent", "n_told", "fingerprint", "counts"):
        assert a.header[name] == b.header[name], name


@pytest.fixture(autouse=True)
def _global_generators_are_nobodys_business() -> None:
    np.random.seed()  # noqa: NPY002 -- whoever relied on it would now differ from run to run
