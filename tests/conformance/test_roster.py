"""The conformance suite over everything that is built in."""

from __future__ import annotations

import pytest

from hpobench_lab.catalogue import load
from hpobench_lab.optimizers.roster import ROSTER as OPTIMIZERS
from hpobench_lab.testbeds.curves.opening import built_in
from hpobench_lab.testbeds.curves.storage.files import read_header
from hpobench_lab.testbeds.synthetic.roster import ROSTER as SYNTHETIC
from hpobench_lab.testing import check_optimizer, check_testbed


@pytest.mark.parametrize("name", [*OPTIMIZERS, "tpe(multivariate=false)"])
def test_built_in_optimizers_conform(name):
    report = check_optimizer(name)
    assert report.ok, report.text()


@pytest.mark.parametrize("name", SYNTHETIC)
def test_synthetic_testbeds_conform_and_declare_everything(name):
    report = check_testbed(f"synthetic/{name}")
    assert report.ok, report.text()
    assert report["declares its facts"].detail == ""


MODES = ({"mode": "table"}, {}, {"noise": False}, {"wide": True}, {"surrogate": "mlp"})
CASH = [entry["name"] for entry in load()["testbeds"] if entry["name"].endswith("-cash")]


@pytest.mark.parametrize("options", MODES, ids=str)
@pytest.mark.parametrize("name", built_in())
def test_collected_curves_conform_and_declare_everything(name, options):
    if "wide" in options and not read_header(built_in()[name]).get("space_wide"):
        pytest.skip("collected in one space only")
    report = check_testbed(f"curves/{name}", **options)
    assert report.ok, report.text()
    assert report["declares its facts"].detail == ""
    if options == {"noise": False}:
        assert report["scores what it evaluates"].status == "passed"


@pytest.mark.parametrize("options", MODES, ids=str)
@pytest.mark.parametrize("name", CASH)
def test_the_choice_of_an_algorithm_conforms_and_declares_everything(name, options):
    report = check_testbed(name, **options)
    assert report.ok, report.text()
    assert report["declares its facts"].detail == ""
