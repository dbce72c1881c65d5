"""Runs give the same bits alone, together, in any batches, in any order and in other processes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpobench_lab import engine, plugins
from hpobench_lab.factory import OptimizerBuilder
from hpobench_lab.problem import Budget
from hpobench_lab.runner import run_study
from hpobench_lab.store import Store
from hpobench_lab.studyfile import parse
from tests.conftest import Kept, assert_same_run, random_company

OPTIMIZERS = plugins.optimizer_names()
TESTBEDS = [name for name in plugins.testbed_names() if not name.startswith("collected/")]
SEEDS = range(2)


def study_of(testbed: str, workers: int) -> Any:
    """Return the study of every optimizer that can serve a testbed, with two seeds."""
    fits = plugins.testbed(testbed).problem.fidelity is not None
    names = [n for n in OPTIMIZERS if fits or not plugins.optimizer(n).requires]
    rows = "".join(f'[[optimizer]]\nuse = "{name}"\n' for name in names)
    text = (
        f'schema = 1\nname = "all"\nseeds = "0:{len(SEEDS)}"\n[carbon]\nenabled = false\n'
        f'[primary]\nbaseline = "random"\n[protocol]\nbudget = {{ full_evaluations = 12 }}\n'
        f'workers = {workers}\n{rows}[[testbed]]\nuse = "{testbed}"\n'
    )
    return parse(text, "all.toml")


def records(runs: Any, bed: Any, **options: Any) -> dict[str, Any]:
    kept = Kept()
    engine.execute(runs, bed, OptimizerBuilder(), kept, **options)
    return {record.header["key"]: record for record in kept.records.values()}


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("testbed", TESTBEDS)
def test_company_batches_and_order_change_nothing(testbed: str, workers: int) -> None:
    bed, runs = plugins.testbed(testbed), study_of(testbed, workers).runs()
    together = records(runs, bed)
    assert len(together) == len(runs)
    assert all(r.header["status"] == "ok" for r in together.values())
    rng = np.random.default_rng(len(testbed) + workers)
    disturbed = records(
        [runs[i] for i in rng.permutation(len(runs))],
        bed,
        company=random_company(rng),
        block=int(rng.integers(1, 10)),
    )
    for key, record in together.items():
        assert_same_run(record, disturbed[key])
    for run in runs[:: max(1, len(runs) // 3)]:
        assert_same_run(together[run.key], records([run], bed)[run.key])


@pytest.fixture(scope="module")
def study() -> Any:
    return study_of("synthetic/currin-mf", 4)


@pytest.mark.parametrize("processes", [1, 2])
def test_other_processes_change_nothing(study: Any, processes: int, tmp_path: Path) -> None:
    here = records(study.runs(), plugins.testbed("synthetic/currin-mf"))
    summary = run_study(study, out=tmp_path, reports=None, processes=processes)
    store = Store(summary.folder)
    for key, record in here.items():
        there = store.record(key)
        assert there is not None
        assert_same_run(record, there)


def test_every_axis_is_spent_exactly() -> None:
    bed = plugins.testbed("synthetic/currin-mf")
    for axis, amount in (
        ("evaluations", 17),
        ("per_dimension", 7),
        ("full_evaluations", 9),
        ("fidelity_units", 200),
        ("simulated_seconds", 200),
    ):
        text_runs = study_of("synthetic/currin-mf", 3)
        protocol = type(text_runs.protocol)(Budget(axis, amount), workers=3)
        runs = [type(r)(r.optimizer, r.testbed, protocol, r.seed) for r in text_runs.runs()]
        limit = amount * (bed.problem.space.dimension if axis == "per_dimension" else 1)
        for record in records(runs, bed).values():
            columns = record.columns
            spent = {
                "evaluations": len(columns["id"]),
                "per_dimension": len(columns["id"]),
                "full_evaluations": columns["units"].sum() / bed.problem.fidelity.max,
                "fidelity_units": columns["units"].sum(),
                "simulated_seconds": max(columns["end"][: record.header["n_told"]].max(), limit),
            }[axis]
            assert spent <= limit * (1 + 1e-9)
            assert record.header["spent"] == pytest.approx(spent)
