"""The table of YAHPO's scenarios: as yahpo-gym states it, and consistent in itself."""

from __future__ import annotations

import hashlib
import json

import pytest

from hpobench_lab.errors import UnknownName
from hpobench_lab.testbeds.public.yahpo_scenarios import SCENARIOS, data_set, scenario

# sha256 of json.dumps([y_names, cat_names, cont_names, instance_names or "", fidelity_params[0],
# runtime_name or ""]) of each scenario's dictionary in the wheel yahpo_gym-1.0.2-py2.py3-none-any,
# first 16 digits; computed from the wheel, not from the table.
STATED = {
    "lcbench": "229cc333e7066af4",
    "nb301": "e2d36546c370f04f",
    "rbv2_svm": "fe4154d5ebce5940",
    "rbv2_ranger": "b09b7da9a64e2bda",
    "rbv2_rpart": "b2efe258af9b5079",
    "rbv2_glmnet": "a6c30e553cf69b9c",
    "rbv2_xgboost": "77f77f8cdb7071a2",
    "rbv2_aknn": "1b92907ddc8247c2",
    "rbv2_super": "d25d43b6e758fa8c",
    "iaml_ranger": "0bdcdd426781d3a3",
    "iaml_rpart": "a0139688246e15e2",
    "iaml_glmnet": "68e5dec4a5e13c2d",
    "iaml_xgboost": "be8d75cb070dbe2e",
    "iaml_super": "79bb4f3ba3c01e57",
    "fcnet": "c4e95c631e0b9274",
    "task_set": "edb071c6d2045ddf",
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_order_and_roles_are_those_of_yahpo_gym(name: str) -> None:
    s = SCENARIOS[name]
    columns = [list(s.outputs), list(s.categorical), list(s.continuous)]
    text = json.dumps([*columns, s.instance, s.fidelities[0], s.runtime])
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == STATED[name]


def test_every_released_scenario_is_there() -> None:
    released = {name for name, s in SCENARIOS.items() if s.released}
    assert len(released) == 14  # list_scenarios() of yahpo-gym 1.0.2
    assert {"lcbench", "nb301", "rbv2_super", "iaml_super"} <= released


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_is_consistent(name: str) -> None:
    s = SCENARIOS[name]
    assert s.name == name
    assert len(set(s.inputs)) == len(s.inputs)
    assert len(set(s.outputs)) == len(s.outputs)
    assert s.target in s.objectives
    assert s.maximised <= set(s.outputs)
    assert set(s.fidelities) <= set(s.continuous)
    assert set(s.units) <= set(s.outputs)
    assert not s.runtime or s.runtime in s.outputs
    assert s.instance in s.categorical if s.instance else s.instances
    for objective, held_out in s.test.items():
        assert objective in s.objectives
        assert held_out in s.outputs


def test_f1_of_rbv2_is_a_score_though_yahpo_gym_marks_it_as_a_loss() -> None:
    rbv2 = [s for name, s in SCENARIOS.items() if name.startswith("rbv2")]
    assert len(rbv2) == 7
    assert all(s.maximised == {"acc", "bac", "auc", "f1"} for s in rbv2)


def test_one_data_set_is_one_source_in_every_scenario() -> None:
    assert data_set(scenario("lcbench"), "189906") == data_set(scenario("rbv2_svm"), "40984")
    assert data_set(scenario("rbv2_svm"), "1489") == data_set(scenario("iaml_ranger"), "1489")
    assert data_set(scenario("rbv2_svm"), "1") != data_set(scenario("lcbench"), "1")
    assert data_set(scenario("nb301"), "CIFAR10") == "cifar10"


def test_an_unknown_scenario_is_named_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"'rbv2_xgbost'.*rbv2_xgboost"):
        scenario("rbv2_xgbost")


@pytest.mark.parametrize("name", ["fair_ranger", "pd1"])
def test_an_unreleased_scenario_says_why_it_does_not_open(name: str) -> None:
    with pytest.raises(UnknownName, match=r"not released: .*does not state the order"):
        scenario(name)
