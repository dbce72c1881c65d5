"""Bad results and folders: the report says what can and cannot be concluded; no exception."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpobench_lab import cli
from hpobench_lab.report import write, write_report
from hpobench_lab.runner import run_study
from hpobench_lab.studyfile import parse
from tests.analysis.test_analysis import BAD
from tests.report.bad import FORMATS, Page, Show
from tests.report.bad import show as show
from tests.synthetic_results import Made, bed, make, rows_of, steady

# ---------------------------------------------------------------- results that are bad

QUALITY = {"random": 0.5, "tpe": 1.0, "sobol": 0.5}
BEDS = [bed(f"synthetic/f{i}") for i in range(7)]
FINE = steady(QUALITY)


def one_of_everything() -> Made:
    return make(["tpe"], BEDS[:1], [0], FINE)


def one_testbed_returns_nan() -> Made:
    def losses(o: str, t: str, s: int) -> dict[str, Any]:
        return rows_of([np.nan] * 20) if t == "synthetic/f3" else FINE(o, t, s)

    return make(list(QUALITY), BEDS, range(2), losses, baseline="random")


def one_testbed_returns_nan_and_declares_nothing() -> Made:
    some = [*BEDS[:6], bed("z/nan", optimum=None, reference=None)]

    def losses(o: str, t: str, s: int) -> dict[str, Any]:
        return rows_of([np.nan] * 20) if t == "z/nan" else FINE(o, t, s)

    return make(list(QUALITY), some, range(2), losses, baseline="random")


def losses_are_infinite() -> Made:
    return make(list(QUALITY), BEDS, range(2), lambda *_: rows_of([np.inf, -np.inf, np.nan] * 4))


def one_optimizer_crashes_always() -> Made:
    def losses(o: str, t: str, s: int) -> dict[str, Any] | None:
        return None if o == "tpe" else FINE(o, t, s)

    return make(list(QUALITY), BEDS, range(2), losses, baseline="random")


def the_baseline_crashes_always() -> Made:
    def losses(o: str, t: str, s: int) -> dict[str, Any] | None:
        return None if o == "random" else FINE(o, t, s)

    return make(list(QUALITY), BEDS, range(2), losses, baseline="random")


def runs_without_a_row() -> Made:
    return make(list(QUALITY), BEDS, range(2), lambda *_: rows_of([]), baseline="random")


def budgets_differ() -> Made:
    made = make(list(QUALITY), BEDS, range(2), FINE, baseline="random")
    for h in made.headers:
        if h["seed"] == 1:
            h["protocol"] = h["protocol"] | {"budget": {"evaluations": 10.0}}
    return made


def budgets_differ_in_kind() -> Made:
    made = make(list(QUALITY), BEDS, range(2), FINE, baseline="random")
    for h in made.headers:
        if h["optimizer"]["label"] == "tpe":
            h["protocol"] = h["protocol"] | {"budget": {"simulated_seconds": 12.0}}
    return made


def only(made: Made, keep: Sequence[int]) -> Made:
    parts = [np.arange(made.offsets[i], made.offsets[i + 1]) for i in keep]
    offsets = np.concatenate([[0], np.cumsum([len(p) for p in parts])]).astype(np.int64)
    columns = {k: v[np.concatenate(parts)] for k, v in made.columns.items()}
    return Made([made.headers[i] for i in keep], offsets, columns, made.study)


def interrupted_half_way() -> Made:
    made = make(list(QUALITY), BEDS, range(4), FINE, baseline="random")
    return only(made, range(len(made.headers) // 2))


def no_seed_in_common() -> Made:
    made = make(list(QUALITY), BEDS, range(4), FINE, baseline="random")
    odd = [h["optimizer"]["label"] == "tpe" for h in made.headers]
    return only(made, [i for i, h in enumerate(made.headers) if h["seed"] % 2 == odd[i]])


def no_testbed_in_common() -> Made:
    made = make(["random", "tpe"], BEDS, range(2), FINE, baseline="random")
    half = [h["testbed"]["id"] < "synthetic/f3" for h in made.headers]
    tpe = [h["optimizer"]["label"] == "tpe" for h in made.headers]
    return only(made, [i for i in range(len(half)) if half[i] == tpe[i]])


def all_losses_are_equal() -> Made:
    return make(list(QUALITY), BEDS, range(2), lambda *_: rows_of([0.5] * 20), baseline="random")


def the_optimum_is_reached_at_once() -> Made:
    return make(list(QUALITY), BEDS, range(2), lambda *_: rows_of([0.0] * 20), baseline="random")


def losses_are_huge() -> Made:
    return make(list(QUALITY), BEDS, range(2), steady(QUALITY, scale=1e300), baseline="random")


CASES: dict[str, tuple[Callable[[], Made], str]] = {
    "one of everything": (one_of_everything, "only optimizer"),
    "one testbed returns nan": (one_testbed_returns_nan, "no finite loss"),
    "one testbed is unknown": (one_testbed_returns_nan_and_declares_nothing, "z/nan is left out"),
    "infinite losses": (losses_are_infinite, "no finite loss"),
    "one crashes always": (one_optimizer_crashes_always, "14 of 42 runs crashed"),
    "the baseline crashes always": (the_baseline_crashes_always, "14 of 42 runs crashed"),
    "runs without a row": (runs_without_a_row, "no finite loss"),
    "budgets differ": (budgets_differ, "The runs had different budgets"),
    "kinds of budget differ": (budgets_differ_in_kind, "The runs had different budgets"),
    "interrupted half-way": (interrupted_half_way, "14 of 28 planned runs are not in the results"),
    "no seed in common": (no_seed_in_common, "14 of 28 planned runs are not in the results"),
    "no testbed in common": (no_testbed_in_common, "0 sources are too few for 5 %"),
    "all equal": (all_losses_are_equal, "ties with random on every source"),
    "solved at once": (the_optimum_is_reached_at_once, "ties with random on every source"),
    "huge losses": (losses_are_huge, "tpe beats random"),
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("case", [*BAD, *CASES])
def test_bad_results_are_compared_in_every_format(case: str, form: str, show: Show) -> None:
    made, words = BAD[case] if case in BAD else (CASES[case][0](), CASES[case][1])
    text = show(made, form)
    if form == "json":
        json.loads(text, parse_constant=lambda name: pytest.fail(name))
    elif form == "csv":
        table = text.split("\n\n")[0]
        assert len(list(csv.reader(io.StringIO(table)))) >= len(made.study["labels"][:1])
    assert " ".join(words.split()) in " ".join(text.split()).replace("\\", "")


@pytest.fixture
def drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw a report's figures for the page only; their PDF and PNG show the same drawing."""
    monkeypatch.setattr(write, "save", lambda plot, _: [f"{plot.id}.csv"])


@pytest.mark.parametrize("case", CASES)
@pytest.mark.usefixtures("drawn_once")
def test_bad_results_have_a_report_that_says_so(case: str, tmp_path: Path) -> None:
    made, words = CASES[case][0](), CASES[case][1]
    files = write_report(made, tmp_path)
    page = Page(files.html)
    assert words in page.words
    assert words in files.markdown.read_text(encoding="utf-8").replace("\\", "")
    json.loads(files.json.read_text(encoding="utf-8"), parse_constant=lambda x: pytest.fail(x))
    assert not re.search(r"\b(nan|NaN|None|inf)\b", page.words.replace("z/nan", ""))


# ---------------------------------------------------------------- folders that are bad

STUDY = """
schema = 1
name = "bad"
seeds = "0:2"
protocol = {{ budget = {{ evaluations = {budget} }}{protocol} }}
primary = {{ baseline = "<script>alert(1)</script>" }}
optimizer = [
    {{ use = "random", label = "<script>alert(1)</script>" }},
    {{ use = "{other}", label = "other" }},
]
testbed = [{{ use = "synthetic/branin" }}, {{ use = "synthetic/hartmann6" }}]
carbon = {{ enabled = false }}
"""


def ran(out: Path, *, budget: int = 4, other: str = "sobol", protocol: str = "") -> Path:
    """Return the folder of a small study that ran."""
    study = parse(STUDY.format(budget=budget, other=other, protocol=protocol))
    return run_study(study, out=out, reports=None, processes=0).folder


def command(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str]:
    code = cli.main(tuple(map(str, arguments)))
    printed = capsys.readouterr()
    assert "Traceback" not in printed.out + printed.err
    assert "should not happen" not in printed.err
    return code, printed.out + printed.err


def both(capsys: pytest.CaptureFixture[str], folder: Path, *results: Path) -> str:
    """Return what all formats of ``compare`` and the report say of folders."""
    said = ""
    for form in FORMATS:
        code, text = command(capsys, "compare", *results, "--format", form)
        assert code == 0
        said += text
    code, text = command(capsys, "report", *results, "-o", folder / "report")
    assert code == 0
    page = Page(folder / "report" / "report.html")
    assert page.elements["script"] == 1
    return f"{said} {text} {page.words}"


@pytest.mark.usefixtures("drawn_once")
def test_a_folder_without_runs_says_that_there_are_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = ran(tmp_path / "results")
    for file in (folder / "segments").iterdir():
        file.unlink()
    assert both(capsys, tmp_path, folder).count("no finished runs") >= len(FORMATS)


@pytest.mark.usefixtures("drawn_once")
def test_a_study_that_stopped_half_way_says_how_many_runs_are_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = ran(tmp_path / "results")
    segments = sorted((folder / "segments").iterdir())
    runs = {file: load_one(folder, file) for file in segments}
    assert len(segments) > 1
    segments[0].unlink()
    lost = runs[segments[0]]
    said = both(capsys, tmp_path, folder)
    for label, n in lost.items():
        assert f"{label}: {n} of 4 planned runs are not in the results" in said


def load_one(folder: Path, segment: Path) -> Counter[str]:
    """Return how many runs of each optimizer a file holds."""
    from hpobench_lab.store.segment import open_segment

    return Counter(p.header["optimizer"]["label"] for p in open_segment(segment).pieces if p.final)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"protocol": ", workers = 2"}, "workers"),
        ({"budget": 6}, "evaluations"),
        ({"other": "tpe"}, "different optimizers"),
    ],
)
def test_folders_that_do_not_belong_together_are_refused_in_words(
    change: dict[str, Any], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = ran(tmp_path / "a"), ran(tmp_path / "b", **change)
    for arguments in (("compare", *folders), ("report", *folders, "-o", tmp_path / "report")):
        code, said = command(capsys, *arguments)
        assert code == 2
        assert words in said
    assert not (tmp_path / "report").exists()


def test_folders_whose_testbeds_of_one_name_differ_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = STUDY.format(budget=4, other="sobol", protocol="")
    text = re.sub(r"testbed = .*", 'testbed = [{ use = "mine.py:mine" }]', text)
    folders = []
    for out, shift in (("a", 0), ("b", 5)):
        Path("mine.py").write_text(TESTBED.format(shift=shift), encoding="utf-8")
        Path("study.toml").write_text(text, encoding="utf-8")
        code, said = command(capsys, "run", "study.toml", "--out", out, "--no-report")
        assert code == 0, said
        folders += list(Path(out).iterdir())
    code, said = command(capsys, "compare", *folders)
    assert code == 2
    assert "mine" in said


TESTBED = """
import hpobench_lab as hb

@hb.testbed(space={{"x": hb.Float(0, 1)}}, optimum=0.0)
def mine(config, fidelity, seed):
    return config["x"] + {shift}
"""
