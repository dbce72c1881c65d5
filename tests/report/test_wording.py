"""What the report says of the budget, the metric, the bounds and the controls of a study."""

from __future__ import annotations

import math
from typing import Any

import pytest

from hpobench_lab.analysis import analyse
from hpobench_lab.analysis.sensitivity import METRICS
from hpobench_lab.report import league_text
from hpobench_lab.report.document import document
from hpobench_lab.report.html import html_page
from hpobench_lab.report.markdown import markdown
from hpobench_lab.report.paper import paper_files
from hpobench_lab.report.prose import methods
from hpobench_lab.report.provenance import provenance
from tests.synthetic_results import Made, bed, make, steady

BEDS = [bed(f"synthetic/f{i}") for i in range(6)]


def study(beds: Any = BEDS, **primary: Any) -> Made:
    quality = {"random": 0.5, "tpe": 1.0}
    made = make(list(quality), beds, range(2), steady(quality), baseline="random")
    made.study["primary"] |= primary
    return made


def page(made: Made) -> str:
    a = analyse(made)
    return html_page(a, [], provenance(a, made))


def test_a_declared_cut_is_not_called_the_budget_of_a_run() -> None:
    made = study(budget={"evaluations": 10})
    a = analyse(made)
    text = " ".join(methods(a))
    assert "the budget was 20 evaluations a run; runs are read at 10 evaluations." in text
    found = document(a, [], {})
    assert found["budget"] == {"axis": "evaluations", "amount": 20.0}
    assert found["cut"]["amount"] == 10.0
    assert "<b>10 evaluations</b>runs are read at</li>" in page(made)


def test_without_a_stored_protocol_the_declared_cut_stands_in() -> None:
    made = study()
    del made.study["settings"]["protocol"]
    assert document(analyse(made), [], {})["budget"]["amount"] == 20.0


def test_of_runs_with_different_budgets_the_one_they_are_read_at_is_given() -> None:
    made = study()
    for header in made.headers[::2]:
        header["protocol"]["budget"] = {"evaluations": 12.0}
    assert document(analyse(made), [], {})["budget"]["amount"] == 12.0


@pytest.mark.parametrize("key", ["optimum", "reference"])
def test_bounds_from_the_study_itself_are_named_and_depend_on_the_pool(key: str) -> None:
    text = " ".join(methods(analyse(study([*BEDS, bed("mine/x", **{key: math.nan})]))))
    assert "does not depend on who takes part, except on mine/x: f_opt or f_ref is taken" in text
    assert "regret there depends on the pool" in text


def test_stored_bounds_do_not_depend_on_the_pool() -> None:
    text = " ".join(methods(analyse(study())))
    assert "so it does not depend on who takes part. " in text
    assert "pool" not in text


@pytest.mark.parametrize("metric", METRICS)
def test_the_difference_is_one_of_the_declared_metric(metric: str) -> None:
    made = study(metric=metric)
    a = analyse(made)
    said = f"of the {METRICS[metric]} minus that of random"
    assert f"difference: median over sources {said}" in league_text(a)
    assert said in markdown(a, [], provenance(a, made))
    assert said in paper_files(a)["tables/league.tex"]
    assert said in page(made)


def test_controls_are_said_to_be_corrected_for_the_number_of_optimizers() -> None:
    text = paper_files(analyse(study()))["tables/controls.tex"]
    assert "after correction for the number of optimizers" in text
