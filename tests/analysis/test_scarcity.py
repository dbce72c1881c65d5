"""Whether a budget is so large that chance alone comes near the best row of a table."""

from pathlib import Path

import numpy as np
import pytest

from hpobench_lab.analysis.scarcity import expected_best_rank, scarce, scarce_in, trials_of
from hpobench_lab.plan import plan_of
from hpobench_lab.studyfile import parse
from tests.curves.made import made_table

FIDELITY = {"name": "epochs", "unit": "epoch", "min": 1.0, "max": 50.0}


def _bed(rows: int) -> tuple[str, dict[str, int], dict[str, object]]:
    return "curves/x(mode=table)", {"listed": rows, "dimension": 9}, dict(FIDELITY)


@pytest.mark.parametrize(("rows", "draws"), [(50, 3), (2000, 60), (10, 10), (7, 1)])
def test_the_expected_best_rank_is_the_mean_of_many_draws(rows: int, draws: int) -> None:
    rng = np.random.default_rng(0)
    best = [rng.permutation(rows)[:draws].min() + 1 for _ in range(4000)]
    error = 4 * np.std(best) / np.sqrt(4000) + 1e-12
    assert np.mean(best) == pytest.approx(expected_best_rank(rows, draws), abs=error)


def test_more_draws_than_rows_find_the_best() -> None:
    assert expected_best_rank(30, 500) == 1.0


@pytest.mark.parametrize(
    ("axis", "amount", "expected"),
    [
        ("evaluations", 100, 100),
        ("full_evaluations", 12, 12),
        ("per_dimension", 10, 90),
        ("fidelity_units", 500, 10),
        ("simulated_seconds", 500, None),
    ],
)
def test_a_budget_in_full_trainings(axis: str, amount: float, expected: float | None) -> None:
    assert trials_of(axis, amount, dimension=9, fidelity=FIDELITY) == expected


@pytest.mark.parametrize(("rows", "named"), [(1999, True), (2000, False), (2001, False)])
def test_the_line_is_at_five_percent(rows: int, named: bool) -> None:
    assert bool(scarce([_bed(rows)], {"evaluations": 100})) == named


def test_a_caution_names_the_table_its_rows_and_the_rank() -> None:
    beds = [_bed(512), ("curves/y", {}, None)]
    (caution,) = scarce(beds, {"evaluations": 100})
    assert "curves/x(mode=table) (100 of 512: rank 5.08)" in caution.text
    assert "curves/y" not in caution.text
    assert caution.banner


def test_a_budget_of_seconds_says_nothing() -> None:
    assert scarce([_bed(10)], {"simulated_seconds": 1e6}) == []
    assert scarce_in([]) == []


def test_the_plan_of_a_study_warns_before_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made_table(tmp_path / "testbeds" / "mine")
    text = """schema = 1
name = "few"
seeds = "0:2"
protocol = {{ budget = {{ evaluations = {} }} }}
primary = {{ baseline = "random" }}
optimizer = [{{ use = "random" }}, {{ use = "tpe" }}]
testbed = [{{ use = "mine/made-mlp" }}, {{ use = "synthetic/branin" }}]
"""
    warned = plan_of(parse(text.format(20))).text()
    assert "warning: The budget is more than 5% of the listed configurations" in warned
    assert "mine/made-mlp (20 of 58: rank 2.81)" in warned
    assert "branin (" not in warned
    assert "warning" not in plan_of(parse(text.format(2))).text()
