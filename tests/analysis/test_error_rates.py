"""A short version of ``benchmarks/null_studies.py``: error rates and coverage on real runs."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from hpobench_lab.analysis.runs.aggregate import interval, iqm, median

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "null_studies.py"
BEDS = ("branin", "hartmann6", "ackley10", "levy5", "rosenbrock5", "currin-mf")
STUDIES = 300
NOT_BOUND = ("Bayesian P(better) > .95, no rope",)  # its result carries a caution


def loaded() -> ModuleType:
    if not SCRIPT.is_file():
        pytest.skip("benchmarks/ is not beside the tests")
    spec = importlib.util.spec_from_file_location("null_studies", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def null() -> ModuleType:
    return loaded()


@pytest.fixture(scope="module")
def runs(null: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return real runs of three optimizers, 30 seeds each."""
    return null.pool(
        tmp_path_factory.mktemp("null"),
        seeds=30,
        budget=40,
        optimizers=("random", "sobol", "evolution-strategy"),
        testbeds=tuple(f"synthetic/{name}" for name in BEDS),
        processes=0,
    )


def room(rate: float, n: int) -> float:
    """Return how far a share of n may lie from its expectation."""
    return 3 * math.sqrt(rate * (1 - rate) / n)


@pytest.mark.parametrize("kind", ["same", "dealt"])
def test_no_test_rejects_true_nulls_more_often_than_it_says(
    null: ModuleType, runs: Any, kind: str
) -> None:
    rates = null.type_one(runs, "near", kind, 9, 5, 7, count=STUDIES)
    bound = 0.06 + room(0.06, STUDIES)
    assert {k: v for k, v in rates.items() if v > bound and k not in NOT_BOUND} == {}
    assert rates["signed-rank, one pair"] > 0


@pytest.mark.parametrize("n", [6, 12])
def test_intervals_cover_what_they_say(null: ModuleType, runs: Any, n: int) -> None:
    found = null.covered(runs, "near", n, 5, 8, count=1500, truth=40_000)
    for name, held in found.items():
        assert min(held) >= 0.93 - room(0.05, 1500), name
        assert max(held) <= 0.97 + room(0.05, 1500), name


def test_the_gate_rarely_decides_at_the_edge_of_its_margin(null: ModuleType, runs: Any) -> None:
    rates = null.gate_at_the_edge(runs, 9, 5, 9, count=1500)
    assert max(rates.values()) <= 0.06 + room(0.05, 1500)


def test_the_check_catches_a_percentile_bootstrap() -> None:
    """What the intervals replaced covers too little at six sources, and the check sees it."""
    rng = np.random.default_rng(0)
    pick = rng.integers(0, 6, size=(500, 6))
    held = []
    for _ in range(1500):
        low, high = interval(iqm(rng.lognormal(0, 1.5, 6)[pick]))
        held.append(low <= TRUE_IQM <= high)
    assert np.mean(held) < 0.93 - room(0.05, 1500)


TRUE_IQM = float(iqm(np.random.default_rng(1).lognormal(0, 1.5, 1_000_001)))


def test_pools_are_real_and_a_null_study_has_no_favourite(null: ModuleType, runs: Any) -> None:
    values = null.drawn(runs, np.random.default_rng(0), "near", "dealt", 40, 3, 200)
    scores = median(median(values))
    assert values.shape == (200, 3, 40, 3, 3)
    share = (scores[:, 0] < scores[:, 1]).mean() + 0.5 * (scores[:, 0] == scores[:, 1]).mean()
    assert share == pytest.approx(0.5, abs=0.03)
