"""The conformance suite over everything that is built in."""

from __future__ import annotations

import pytest

from hpobench_lab.optimizers.roster import ROSTER as OPTIMIZERS
from hpobench_lab.testbeds.curves.opening import MODES, built_in
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


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", built_in())
def test_collected_curves_conform_and_declare_everything(name, mode):
    report = check_testbed(f"curves/{name}", mode=mode)
    assert report.ok, report.text()
    assert report["declares its facts"].detail == ""
    assert report["scores what it evaluates"].status == "passed"
