"""Reports: the same bytes, the drawn data, nothing unescaped, no request, never an exception."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpobench_lab.errors import DataError
from hpobench_lab.report import ReportFiles, league_text, write_report
from tests.analysis.test_analysis import BAD
from tests.synthetic_results import Made, bed, make, rows_of, session, steady

EVIL = '<script>alert("x")</script>|*`\x1b[31m'
ROOT = Path(__file__).resolve().parents[2]


def study() -> Made:
    """Return results with a crash, a fidelity, an evil name, energy and a best-known optimum."""
    quality = {"random": 0.5, "tpe": 1.0, EVIL: 0.6}
    fidelity = {"name": "epochs", "unit": "epoch", "min": 1.0, "max": 9.0}
    beds = [bed(f"synthetic/f{i}", title="<b>") for i in range(6)]
    beds += [
        bed(
            "curves/m",
            kind="surrogate",
            quality={"r2": 0.97},
            fidelity=fidelity,
            citation="<i>Somebody</i> (2021) http",
        )
    ]
    fine = steady(quality)

    def losses(o: str, t: str, s: int) -> dict[str, Any] | None:
        if o == EVIL and t == "synthetic/f3" and s == 1:
            return None
        run = fine(o, t, s)
        if t == "curves/m" and o == "tpe":
            rungs = np.tile([1.0, 3.0, 9.0, 1.0], 5)
            run |= {"fidelity": rungs, "units": rungs}
            run["parent"] = np.where(rungs > 1, run["id"] - 1, -1)
        elif t == "curves/m":
            run |= {"fidelity": np.full(20, 9.0), "units": np.full(20, 9.0)}
        return run

    made = make(list(quality), beds, range(2), losses, baseline="random")
    made.carbon.append(session(made))
    return made


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> ReportFiles:
    return write_report(study(), tmp_path_factory.mktemp("report"))


def digests(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def test_the_same_results_give_the_same_bytes_in_another_process(
    report: ReportFiles, tmp_path: Path
) -> None:
    code = (
        "import sys, pathlib; from tests.report.test_report import study;"
        "from hpobench_lab.report import write_report;"
        "write_report(study(), pathlib.Path(sys.argv[1]))"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=ROOT,
        check=True,
        env=os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": str(ROOT)},
    )
    assert digests(tmp_path) == digests(report.folder)


def table(report: ReportFiles, stem: str) -> list[dict[str, str]]:
    text = (report.folder / "figures" / f"{stem}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))


def test_every_figure_comes_in_four_formats(report: ReportFiles) -> None:
    listed = json.loads(report.json.read_text(encoding="utf-8"))["figures"]
    stems = {
        "f1-regret",
        "f1-regret-by-testbed",
        "f2-ranks",
        "f6-heatmap",
        "f12-rungs",
        "f14-energy",
        "f15-forest",
    }
    assert stems <= {f["id"] for f in listed}
    for figure in listed:
        assert [Path(f).suffix for f in figure["files"]] == [".svg", ".pdf", ".png", ".csv"]
        assert all((report.folder / f).stat().st_size > 50 for f in figure["files"])


def test_seed_curves_in_the_csv_are_the_running_minima_of_the_results(report: ReportFiles) -> None:
    made = study()
    rows = table(report, "f1-regret-by-testbed")
    i = next(
        i
        for i, h in enumerate(made.headers)
        if h["optimizer"]["label"] == "tpe"
        and h["testbed"]["id"] == "synthetic/f2"
        and h["seed"] == 1
    )
    loss = made.columns["loss"][made.offsets[i] : made.offsets[i + 1]].tolist()
    expected, best = [], math.inf
    for k, value in enumerate(loss, 1):
        if value < best:
            best = value
            expected.append((float(k), value))
    expected.append((20.0, best))
    got = [
        (float(r["x"]), float(r["value"]))
        for r in rows
        if (r["panel"], r["optimizer"], r["series"]) == ("synthetic/f2", "tpe", "seed 1")
    ]
    assert got == expected


def test_median_curve_in_the_csv_counts_the_failed_run_as_one(report: ReportFiles) -> None:
    made = study()
    i = next(
        i
        for i, h in enumerate(made.headers)
        if h["optimizer"]["label"] == EVIL
        and h["testbed"]["id"] == "synthetic/f3"
        and h["seed"] == 0
    )
    best = np.minimum.accumulate(made.columns["loss"][made.offsets[i] : made.offsets[i + 1]])
    last = [
        r
        for r in table(report, "f1-regret-by-testbed")
        if (r["panel"], r["optimizer"], r["series"]) == ("synthetic/f3", EVIL, "median")
    ][-1]
    assert float(last["value"]) == pytest.approx((best[-1] + 1.0) / 2)


def test_figures_draw_what_the_csv_holds() -> None:
    import matplotlib.pyplot as plt

    from hpobench_lab.analysis import analyse
    from hpobench_lab.figures import plots

    made = study()
    every = {p.id: p for p in plots(analyse(made), made)}
    plot = every["f1-regret"]
    figure, ax = plt.subplots()
    plot.draw(ax, plot.of(""), plot.looks)
    drawn = {line.get_color(): line.get_xydata() for line in ax.lines}
    for label, look in plot.looks.items():
        who = zip(plot.rows["optimizer"], plot.rows["series"], strict=True)
        mine = [i for i, found in enumerate(who) if found == (label, "median")]
        want = np.array([[plot.rows["x"][i], plot.rows["value"][i]] for i in mine])
        np.testing.assert_allclose(drawn[look.colour], want)
    plt.close(figure)


class Reader(HTMLParser):
    """Collect tags, attributes and visible text; check that tags are balanced."""

    VOID = frozenset({"meta", "br", "link", "img", "path", "use", "rect"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.urls: list[str] = []
        self.styles: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        found = dict(attrs)
        self.ids += [found["id"]] if "id" in found else []
        self.styles += [found["style"]] if "style" in found else []
        self.urls += [v for k, v in attrs if k in ("src", "href", "xlink:href") and v]
        assert not any(k.startswith("on") for k in found)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def page(report: ReportFiles) -> Reader:
    reader = Reader()
    reader.feed(report.html.read_text(encoding="utf-8"))
    return reader


def test_page_parses_and_ids_are_unique(page: Reader) -> None:
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    known = set(page.ids)
    assert all(u[1:] in known for u in page.urls if u.startswith("#"))


def test_page_makes_no_request(page: Reader, report: ReportFiles) -> None:
    paper = {p.relative_to(report.folder).as_posix() for p in report.paper}
    own = ("#", "figures/", "data:text/csv;")
    assert {u for u in page.urls if not u.startswith(own)} == paper
    assert not {"link", "img", "iframe", "object"} & set(page.tags)
    text = report.html.read_text(encoding="utf-8")
    assert not re.search(r"(?:url\(|src=|@import)\s*[\"']?https?:", text)


def test_page_has_a_strict_policy_that_fits_its_own_parts(
    page: Reader, report: ReportFiles
) -> None:
    import base64

    text = report.html.read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    assert "unsafe" not in policy.group(1)
    assert page.styles == []
    assert page.tags.count("script") == page.tags.count("style") == 1
    for tag in ("style", "script"):
        body = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.S)
        assert body is not None
        digest = base64.b64encode(hashlib.sha256(body.group(1).encode()).digest()).decode()
        assert f"sha256-{digest}".replace("+", "&#43;") in policy.group(1).replace("+", "&#43;")


def test_names_from_outside_are_escaped(page: Reader, report: ReportFiles) -> None:
    assert "alert" not in "".join(
        re.findall(r"<script>(.*?)</script>", report.html.read_text(encoding="utf-8"), re.S)
    )
    assert any('<script>alert("x")</script>' in t for t in page.text)  # as text, visible
    assert (
        "<script"
        not in report.markdown.read_text(encoding="utf-8").replace("```", "").split("study.toml")[0]
    )
    assert "\x1b" not in league_text(study())


def test_verdict_comes_first_everywhere(report: ReportFiles, page: Reader) -> None:
    sentence = report.analysis.verdict.sentence
    text = " ".join(page.text)
    assert text.index(sentence) < text.index("League table")
    assert " ".join(league_text(study()).split()).startswith(sentence.replace("\x1b", "�"))


def test_result_json_is_strict_and_says_why_a_number_is_missing(report: ReportFiles) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(name)

    body = json.loads(report.json.read_text(encoding="utf-8"), parse_constant=refuse)
    assert body["schema"] == 1
    assert {
        "study",
        "verdict",
        "budget",
        "optimizers",
        "testbeds",
        "comparisons",
        "warnings",
        "figures",
        "provenance",
    } <= body.keys()
    missing = json.loads(json.dumps(body))

    def check(value: Any) -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                if item is None and key in {"p", "p_holm", "low", "high", "estimate", "kwh"}:
                    assert value[f"{key}_reason"]
                check(item)
        elif isinstance(value, list):
            for item in value:
                check(item)

    check(missing)


def test_study_file_in_the_provenance_is_valid_toml(report: ReportFiles) -> None:
    import tomllib

    body = json.loads(report.json.read_text(encoding="utf-8"))
    again = tomllib.loads(body["provenance"]["study_toml"])
    assert again["primary"] == {"baseline": "random"}
    assert [o.get("label", o["use"]) for o in again["optimizer"]] == ["random", "tpe", EVIL]
    assert len(again["testbed"]) == 7
    assert again["protocol"]["budget"] == {"evaluations": 20}


def test_losses_that_no_logarithm_takes_are_drawn_on_a_plain_axis(tmp_path: Path) -> None:
    made = study()
    made.columns["loss"] = made.columns["loss"] - 5.0  # all told losses negative
    assert write_report(made, tmp_path).figures  # a warning would be an error


def test_the_testbed_table_is_readable_and_the_json_complete(report: ReportFiles) -> None:
    text = report.html.read_text(encoding="utf-8")
    assert "R² 0.97" in text
    assert "median of 10001 random evaluations" in text
    bed = json.loads(report.json.read_text(encoding="utf-8"))["testbeds"][0]
    assert bed["surrogate_quality"] == {"r2": 0.97}


SHOWN = ("one optimizer", "one testbed", "all crashed", "nan, nothing declared", "no runs")


@pytest.mark.parametrize("case", SHOWN)
def test_bad_input_gives_a_report_and_no_exception(case: str, tmp_path: Path) -> None:
    made, words = BAD[case]
    files = write_report(made, tmp_path)
    assert words in files.html.read_text(encoding="utf-8")
    assert words in league_text(made).replace("\n", " ")
    json.loads(files.json.read_text(encoding="utf-8"))


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot write the report"):
        write_report(make(["a"], [bed("t")], [0], lambda *_: rows_of([1.0])), tmp_path / "file")


def test_drawing_leaves_no_heavy_import_behind_for_others() -> None:
    code = (
        "import sys, hpobench_lab.report, hpobench_lab.figures;"
        "heavy = {'matplotlib', 'pandas', 'scipy', 'jinja2'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_a_narrow_terminal_gets_fewer_columns_and_the_same_verdict() -> None:
    results = study()
    whole = league_text(results)
    narrow = league_text(results, table_width=105)
    assert narrow.split("\n\n")[0] == whole.split("\n\n")[0]
    table = narrow.split("\n\n")[1].split("\n")
    assert max(len(line) for line in table if line[:1] in "#123456789") <= 105
    assert "difference" in table[0]
    assert "ask+tell s" not in table[0]
