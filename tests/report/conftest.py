"""Small studies that were really run, for what reads folders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hpobench_lab.runner import run_study
from hpobench_lab.studyfile import parse

STUDY = """
schema = 1
name = "{name}"
seeds = "{seeds}"
protocol = {{ budget = {{ {budget} }}{rules} }}
primary = {{ baseline = "{baseline}" }}
optimizer = [{{ use = "random" }}, {{ use = "{other}"{params} }}]
testbed = [{testbeds}]
carbon = {{ enabled = false }}
"""
BEDS = "branin hartmann6 levy5 rosenbrock5 ackley10 kernel-choice".split()

Study = Callable[..., Path]


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Return a function that runs a small study and returns its results folder."""

    def go(name: str = "small", **given: str) -> Path:
        words = {
            "seeds": "0:2",
            "budget": "evaluations = 8",
            "baseline": "random",
            "other": "sobol",
            "params": "",
            "rules": "",
            "testbeds": ", ".join(f'{{ use = "synthetic/{b}" }}' for b in BEDS),
        }
        out = tmp_path_factory.mktemp("results")
        text = STUDY.format(name=name, **(words | given))
        return run_study(parse(text), out=out, reports=None, processes=0).folder

    return go


@pytest.fixture(scope="session")
def small(run: Study) -> Path:
    """Return the results folder of a small study."""
    return run()
