"""References: every built-in plug-in has one, and it is the one that its code names."""

from __future__ import annotations

import re
import unicodedata
from importlib import import_module
from typing import Any

import pytest

from hpobench_lab import catalogue
from hpobench_lab.analysis import analyse
from hpobench_lab.plugins import testbed
from hpobench_lab.report.bibtex import bibtex
from hpobench_lab.report.prose import citations, methods
from hpobench_lab.report.references import Reference, cited, in_words, known, surnames
from tests.synthetic_results import bed, make, session, steady

OPTIMIZERS = catalogue.rosters("optimizer")
TESTBEDS = [entry["name"] for entry in catalogue.load()["testbeds"]]
WHERE = "hpobench_lab/report/references.toml"


def plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text.lower())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def named_in(reference: Reference, text: str) -> bool:
    first, year = surnames(reference)[0], reference.fields.get("year", "")
    return plain(first).strip("'") in plain(text) and year in text


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_is_cited_by_what_its_file_cites(name: str) -> None:
    mine = [r for r in known().values() if r.cites(f"optimizer:{name}")]
    assert mine, f"add the paper of {name} to {WHERE}"
    text = import_module(OPTIMIZERS[name].split(":")[0]).__doc__ or ""
    assert all(named_in(r, text) for r in mine), [r.key for r in mine]


@pytest.mark.parametrize("name", TESTBEDS)
def test_a_testbed_is_cited_by_what_its_facts_cite(name: str) -> None:
    mine = [r for r in known().values() if r.cites(f"testbed:{name}")]
    assert mine, f"add the source of {name} to {WHERE}"
    assert any(named_in(r, testbed(name).facts.citation) for r in mine)


@pytest.mark.parametrize("key", known())
def test_an_entry_is_complete(key: str) -> None:
    r = known()[key]
    assert r.author
    assert r.serves
    assert all(", " in name or name.startswith("{") for name in r.author)
    assert re.fullmatch(r"(19|20)\d\d", r.fields["year"])
    needed = {
        "article": ("journal", "volume", "pages"),
        "inproceedings": ("booktitle",),
        "incollection": ("booktitle", "publisher"),
        "book": ("publisher",),
        "techreport": ("institution",),
    }
    assert all(name in r.fields for name in needed.get(r.kind, ()))


def test_every_entry_is_ascii_with_matching_braces_and_a_field_a_line() -> None:
    text = bibtex(list(known().values()))
    assert text.isascii()
    assert text.count("{") == text.count("}")
    for entry in text.strip().split("\n\n"):
        head, *fields, end = entry.split("\n")
        assert re.fullmatch(r"@[a-z]+\{[\w-]+,", head)
        assert all(re.fullmatch(r"  [a-z]+ = \{.*\},", line) for line in fields)
        assert end == "}"


def study(**facts: Any) -> Any:
    beds = [bed(f"mine/f{i}", **facts) for i in range(6)] + [bed("synthetic/branin")]
    made = make(
        ["random", "x.py:local"], beds, range(2), steady({"random": 0.5, "x.py:local": 1.0})
    )
    made.carbon.append(session(made))
    return made


def test_a_plug_in_without_a_reference_is_cited_by_name_and_version() -> None:
    found = {r.fields["title"]: r for r in cited(analyse(study(citation="Me (2026), a note")))}
    assert found["x.py:local"].fields["note"] == "Version 1"
    assert found["mine/f0"].fields["note"] == "Me (2026), a note. Version 1"
    assert found["x.py:local"].kind == "misc"


def test_two_names_that_differ_in_signs_only_keep_two_entries() -> None:
    made = make(["a{", "a}"], [bed("t")], [0, 1], steady({"a{": 0.5, "a}": 1.0}))
    titles = {r.fields["title"] for r in cited(analyse(made))}
    assert {"a{", "a}"} <= titles


def test_only_what_was_used_is_cited() -> None:
    keys = {r.key for r in cited(analyse(study()))}
    assert {"bergstra2012random", "branin1972", "wilcoxon1945", "codecarbon"} <= keys
    assert not {"akiba2019optuna", "hansen2021coco", "golovin2017vizier"} & keys
    assert "hansen2021coco" in {r.key for r in cited(analyse(study()), ["f4-ecdf"])}


def test_nothing_is_tested_and_no_test_is_cited_at_an_exploratory_cut() -> None:
    a = analyse(study(), at=5)
    assert not {"wilcoxon1945", "friedman1937"} & {r.key for r in cited(a)}
    assert "nothing is tested" in " ".join(methods(a))


def test_methods_are_written_from_the_settings() -> None:
    text = " ".join(methods(analyse(study())))
    assert "2 optimizers (" in text
    assert "7 testbeds" in text
    assert "2 seeds (0:2)" in text
    assert "20 evaluations a run" in text
    assert "(Bergstra, Bengio 2012)" in text
    assert "[@" not in text


def test_the_list_of_references_names_all_of_them() -> None:
    a = analyse(study())
    assert citations(a) == sorted(in_words(r) for r in cited(a))


def test_a_crossed_design_is_said_and_cited() -> None:
    beds = [
        bed(f"c/{data}-{learner}", source=f"d{data}", family=f"l{learner}")
        for data in range(6)
        for learner in range(5)
    ]
    quality = {"random": 0.5, "tpe": 1.0}
    a = analyse(make(list(quality), beds, range(2), steady(quality)))
    assert "owen2007" in {r.key for r in cited(a)}
    assert "(Owen 2007)" in " ".join(methods(a))
    assert "owen2007" not in {r.key for r in cited(analyse(study()))}
