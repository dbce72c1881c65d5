"""Rankings of optimizers on a table and on its surrogates."""

import json
from typing import Any

import numpy as np
import pytest

from hpobench_lab.problem import Budget
from hpobench_lab.testbeds.curves.opening import open_table
from hpobench_lab.testbeds.curves.surrogates.trust import _decided, _tau, main, regrets, trust
from tests.curves.made import made_table

FEW = ("random", "successive-halving", "tpe")


def test_optimizers_are_ranked_on_the_table_and_on_both_surrogates(fitted_tables: Any) -> None:
    folder = fitted_tables["mlp"][0]
    found = trust(folder, seeds=2, budget=12, optimizers=FEW)
    assert found is not None
    assert set(found["kendall_tau"]) == {
        "table/again", "table/xgboost", "table/mlp", "again/xgboost", "again/mlp", "xgboost/mlp"
    }  # fmt: skip
    assert all(-1 <= tau <= 1 for tau in found["kendall_tau"].values())
    for regret in found["mean_regret"].values():
        assert set(regret) == set(FEW)
        assert all(0 <= value < 1 for value in regret.values())
    assert found["mean_regret"]["table"] != found["mean_regret"]["again"]
    json.dumps(found, allow_nan=False)


def test_the_regret_is_that_of_the_best_that_a_run_found(fitted_tables: Any) -> None:
    testbed = open_table(fitted_tables["mlp"][0], mode="table")
    facts = testbed.facts
    assert testbed.problem.candidates is not None
    assert facts.optimum is not None
    assert facts.reference is not None
    many = len(testbed.problem.candidates)
    found = regrets(testbed, ("random",), (0,), Budget("evaluations", 40 * many))
    assert found == {"random": 0.0}
    few = regrets(testbed, ("random",), (0, 1), Budget("evaluations", 3))
    assert few["random"] > 0


def test_conditional_spaces_are_served(fitted_tables: Any) -> None:
    found = trust(fitted_tables["svm"][0], seeds=1, budget=8, optimizers=("random", "tpe"))
    assert found is not None
    assert set(found["mean_regret"]["table"]) == {"random", "tpe"}


def test_tau_counts_ties() -> None:
    a = {"a": 0.1, "b": 0.2, "c": 0.3}
    assert _tau(a, a) == 1.0
    assert _tau(a, {"a": 0.3, "b": 0.2, "c": 0.1}) == -1.0
    assert _tau(a, {"a": 0.1, "b": 0.1, "c": 0.3}) == pytest.approx(2 / np.sqrt(6), abs=1e-4)
    assert _tau(a, dict.fromkeys(a, 0.5)) == 0.0


def test_differences_below_the_error_decide_nothing() -> None:
    a = {"a": 0.1, "b": 0.2, "c": 0.3}
    b = {"a": 0.5, "b": 0.1, "c": 0.9}
    assert _decided(a, b, 0.05) == {"pairs": 3, "agree": 2}
    assert _decided(a, b, 0.15) == {"pairs": 1, "agree": 1}
    assert _decided(a, b, 0.5) == {"pairs": 0, "agree": 0}


def test_a_table_without_surrogates_has_no_trust(
    tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = made_table(tmp_path)
    assert trust(folder) is None
    main([str(folder)])
    assert json.loads(capsys.readouterr().out) == {str(folder): None}
