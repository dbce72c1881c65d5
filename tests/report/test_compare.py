"""``compare``: any cut after the fact, several folders, the same numbers as the report."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import pytest

import hpobench_lab as hb
from hpobench_lab import cli
from hpobench_lab.errors import StudyError
from hpobench_lab.report import compare, write_report
from tests.report.conftest import Study
from tests.report.test_report import study

Out = tuple[int, str, str]


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Any:
    monkeypatch.chdir(tmp_path)

    def call(*arguments: Any) -> Out:
        code = cli.main([str(a) for a in arguments])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return call


def test_compare_says_what_the_report_says(lab: Any, small: Path, tmp_path: Path) -> None:
    written = write_report(hb.load(small), tmp_path / "report")
    report = json.loads(written.json.read_text(encoding="utf-8"))
    code, out, _ = lab("compare", small, "--json")
    compared = json.loads(out)
    assert code == 0
    for part in report.keys() - {"figures", "references"}:
        assert compared[part] == report[part], part


def test_the_declared_cut_given_by_hand_is_still_the_tested_one(lab: Any, small: Path) -> None:
    plain = lab("compare", small, "--json")[1]
    assert lab("compare", small, "--json", "--at", "8", "--axis", "evaluations")[1] == plain


@pytest.mark.parametrize(
    "options",
    [("--at", "4"), ("--axis", "simulated_seconds", "--at", "3"), ("--incumbent", "any-fidelity")],
    ids=" ".join,
)
def test_another_cut_shows_effects_and_no_p(lab: Any, small: Path, options: Any) -> None:
    body = json.loads(lab("compare", small, "--json", *options)[1])
    assert body["cut"]["exploratory"]
    assert all(c["p_holm"] is None and c["effect"] is not None for c in body["comparisons"])
    assert "xploratory" in body["verdict"]["sentence"]
    for form in ("rich", "md", "latex"):
        assert "not tested" in lab("compare", small, "--format", form, *options)[1]


def test_a_cut_that_nobody_reached_says_so(lab: Any, small: Path) -> None:
    code, out, err = lab("compare", small, "--at", "1000", "--format", "csv")
    assert code == 0
    assert "read at their end" in err
    assert "read at their end" not in out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--axis", "evaluation"), "Did you mean 'evaluations'"),
        (("--baseline", "randon"), "Did you mean 'random'"),
        (("--incumbent", "tru"), "Did you mean 'true'"),
        (("--at", "0"), "must be a positive number"),
        (("--at", "nan"), "must be a positive number"),
        (("--axis", "joules"), "cannot be read on the axis"),
    ],
    ids=str,
)
def test_a_wrong_cut_is_refused_with_a_hint(lab: Any, small: Path, options: Any, said: str) -> None:
    code, out, err = lab("compare", small, *options)
    assert (code, out) == (2, "")
    assert said in err


def test_csv_has_the_numbers_of_the_document_in_full(lab: Any, small: Path) -> None:
    body = json.loads(lab("compare", small, "--json")[1])
    rows = list(csv.DictReader(io.StringIO(lab("compare", small, "--format", "csv")[1])))
    assert [r["optimizer"] for r in rows] == [o["label"] for o in body["optimizers"]]
    assert [float(r["regret"]) for r in rows] == [
        o["regret"]["estimate"] for o in body["optimizers"]
    ]
    (c,) = body["comparisons"]
    mine = next(r for r in rows if r["optimizer"] == c["a"])
    assert (float(mine["difference"]), float(mine["p_holm"])) == (c["effect"], c["p_holm"])
    assert (mine["win"], mine["n"]) == (str(c["win"]), str(c["n"]))


def test_folders_are_merged_into_one_study(lab: Any, run: Study, small: Path) -> None:
    other = run("other", other="evolution-strategy")
    more = run("more", seeds="2:4")
    body = json.loads(lab("compare", small, other, more, "--json")[1])
    assert {o["label"] for o in body["optimizers"]} == {"random", "sobol", "evolution-strategy"}
    assert body["study"]["name"] == "small+other+more"
    assert body["study"]["seeds"] == [0, 1, 2, 3]
    assert {o["label"]: o["runs"]["ok"] for o in body["optimizers"]}["random"] == 24
    again = body["provenance"]["study_toml"]
    assert 'use = "sobol"' in again
    assert 'use = "evolution-strategy"' in again


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"budget": "evaluations = 9"}, "protocol.budget.evaluations: 8.0 -> 9.0"),
        ({"budget": "simulated_seconds = 8"}, "protocol.budget.simulated_seconds: absent -> 8.0"),
        ({"rules": ", workers = 2"}, "protocol.workers: 1 -> 2"),
    ],
    ids=str,
)
def test_folders_with_other_rules_are_refused_with_the_difference(
    lab: Any, run: Study, small: Path, given: dict[str, str], said: str
) -> None:
    code, _, err = lab("compare", small, run("other", **given))
    assert code == 2
    assert "cannot be compared, their protocols differ" in err
    assert said in err


def test_one_label_for_two_optimizers_is_refused_with_the_difference(lab: Any, run: Study) -> None:
    labels = [f', label = "es", params = {{ mu = {mu} }}' for mu in (2, 3)]
    folders = [run("es", other="evolution-strategy", params=words) for words in labels]
    code, _, err = lab("compare", *folders)
    assert code == 2
    assert "use the label 'es' for different optimizers" in err
    assert "params.mu: 2 -> 3" in err


def test_studies_with_other_endpoints_are_merged_and_nothing_is_tested(
    lab: Any, run: Study, small: Path
) -> None:
    other = run("other", baseline="sobol")
    results = hb.load(small, other)
    assert results.study["primary"] is None
    assert "baseline" in results.study["primary_reason"]
    body = json.loads(lab("compare", small, other, "--json")[1])
    assert body["baseline"] is None
    assert not body["verdict"]["decided"]
    assert "baseline" not in lab("compare", small, other, "--format", "md")[1]


def test_compare_leaves_no_value_error_to_the_reader() -> None:
    made = study()
    made.carbon.clear()
    with pytest.raises(StudyError, match="cannot be read on the axis 'grams_co2e'"):
        compare(made, axis="grams_co2e")


def test_the_frame_has_a_row_an_optimizer_and_its_numbers() -> None:
    shown = compare(study())
    frame = shown.frame
    assert frame["optimizer"].tolist() == [r.label for r in shown.analysis.league]
    assert frame["rank"].tolist() == [r.place for r in shown.analysis.league]
    baseline = frame[frame["optimizer"] == "random"].iloc[0]
    assert math.isnan(baseline["difference"])
    assert shown.verdict == shown.analysis.verdict.sentence
