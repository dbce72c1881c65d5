"""``result.json`` keeps its contract, whatever the study."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from pydantic import ValidationError

from hpobench_lab.analysis import analyse
from hpobench_lab.report import document, league_text, result_json
from hpobench_lab.report.markdown import markdown
from hpobench_lab.report.provenance import provenance
from hpobench_lab.report.schema import Document, json_schema, page, schema_text
from hpobench_lab.report.schema.publish import FILE
from tests.analysis.test_analysis import BAD
from tests.analysis.test_gates import study as study_with_a_margin
from tests.report.test_report import study
from tests.synthetic_results import Made, bed, make, steady


def several_fidelities() -> Made:
    """Return a study in which one optimizer could serve some testbeds only."""
    quality = {"random": 0.5, "median-stopping": 0.7, "asha": 1.0}
    beds = [bed(f"synthetic/f{i}", family=f"g{i % 2}") for i in range(7)]
    pairs = [{"optimizer": "asha", "testbed": b["id"], "missing": ["fidelity"]} for b in beds[:3]]
    made = make(list(quality), beds, range(3), steady(quality), not_applicable=pairs)
    skipped = {p["testbed"] for p in pairs}
    keep = [
        h["optimizer"]["label"] != "asha" or h["testbed"]["id"] not in skipped for h in made.headers
    ]
    rows = [k for k, h in zip(keep, made.headers, strict=True) for _ in range(h["n_trials"])]
    made.columns = {name: values[rows] for name, values in made.columns.items()}
    made.headers = [h for k, h in zip(keep, made.headers, strict=True) if k]
    made.offsets = made.offsets[: len(made.headers) + 1]
    return made


STUDIES = {name: made for name, (made, _) in BAD.items()}
GATED = study_with_a_margin({"regret": 0.1})
STUDIES |= {
    "a margin": GATED,
    "a crash, energy, a fidelity": study(),
    "partly served": several_fidelities(),
}


@pytest.mark.parametrize("name", STUDIES)
def test_a_document_keeps_the_contract(name: str) -> None:
    body = result_json(STUDIES[name])
    Document.model_validate(body)
    assert json.loads(json.dumps(body, allow_nan=False)) == body


def test_documents_keep_the_published_schema() -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    jsonschema.Draft202012Validator.check_schema(json_schema())
    judge = jsonschema.Draft202012Validator(json_schema())
    for name, made in STUDIES.items():
        assert [e.message for e in judge.iter_errors(result_json(made))] == [], name


@pytest.mark.parametrize("cut", [{"at": 5}, {"axis": "simulated_seconds"}], ids=str)
def test_an_exploratory_document_keeps_the_contract_and_has_no_p(cut: dict[str, Any]) -> None:
    made = study()
    a = analyse(made, **cut)
    body = document(a, [], provenance(a, made))
    Document.model_validate(body)
    assert body["cut"]["exploratory"]
    assert body["comparisons"]
    for c in body["comparisons"]:
        assert c["p"] is c["p_holm"] is c["p_sign"] is None
        assert "exploratory" in c["p_reason"]
        assert c["outcome"] == "open"
    assert body["omnibus"] is None
    assert body["ranks"]["cliques"] == []


def test_every_part_of_the_analysis_is_there() -> None:
    body = result_json(several_fidelities())
    assert [c["name"] for c in body["controls"]][:2] == ["random", "random ×2"]
    assert {s["by"] for s in body["stability"]} == {"source", "family"}
    assert len(body["anytime"]["at"]) == len(body["anytime"]["optimizers"][0]["regret"]) > 1
    assert {o["label"]: o["worth"] is None for o in body["optimizers"]}["random"]
    assert body["omnibus"]["n"] == body["ranks"]["n"] > 0
    assert all(w["level"] in ("banner", "info", "note") for w in body["warnings"])
    assert {r["key"] for r in body["references"]} >= {"li2020system", "golovin2017vizier"}


def test_the_gate_is_in_the_document_and_in_the_texts() -> None:
    body = result_json(GATED)
    said = {g["optimizer"]: g["verdict"] for g in body["gates"]}
    assert said == {"better": "SUPERIOR", "much worse": "INFERIOR"}
    a = analyse(GATED)
    assert "better: SUPERIOR" in league_text(a)
    assert "## Gate" in markdown(a, [], provenance(a, GATED))
    assert "piaggio2012" in {r["key"] for r in body["references"]}


def test_the_anytime_league_ends_with_the_numbers_of_the_table() -> None:
    body = result_json(study())
    last = {o["label"]: o["regret"][-1] for o in body["anytime"]["optimizers"]}
    for row in body["optimizers"]:
        assert last[row["label"]] == pytest.approx(row["regret"]["estimate"], rel=1e-12)


@pytest.mark.parametrize(
    ("where", "key", "value", "wrong"),
    [
        ("study", "extra", 1, "Extra inputs"),
        ("runs", "ok", "many", "valid integer"),
        ("energy", "kwh", None, "kwh_reason does not say why"),
        ("cut", "exploratory", "yes", "valid boolean"),
    ],
)
def test_the_models_refuse_what_is_not_documented(
    where: str, key: str, value: Any, wrong: str
) -> None:
    body = copy.deepcopy(result_json(STUDIES["one seed"]))
    body[where][key] = value
    body["energy"].pop("kwh_reason", None)
    with pytest.raises(ValidationError, match=wrong):
        Document.model_validate(body)


def test_the_committed_schema_is_the_current_one() -> None:
    assert FILE.read_text(encoding="utf-8") == schema_text(), (
        "run: python -m hpobench_lab.report.schema"
    )


def test_the_page_explains_every_key() -> None:
    rows = [line for line in page().split("\n") if line.startswith("| `")]
    assert len(rows) > 100
    assert [row for row in rows if row.endswith("|  |")] == []


def test_a_missing_number_asks_for_its_reason_in_the_schema_too() -> None:
    part = json_schema()["$defs"]["ComparisonPart"]
    assert part["properties"]["p_reason"]["type"] == "string"
    assert {"required": ["p_reason"]} in [rule["then"] for rule in part["allOf"]]
    assert "additionalProperties" not in part
