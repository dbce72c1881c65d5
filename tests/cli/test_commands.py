"""The commands: what they print, where, and with which exit code."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hpobench_lab import cli, runner
from hpobench_lab.cli.evaluate import newest
from hpobench_lab.errors import DataError
from hpobench_lab.runner import Progress, RunSummary

COMMANDS = "list plan run resume report compare export check collect doctor init".split()
HEAVY = "numpy pandas scipy matplotlib sklearn xgboost torch codecarbon pyarrow".split()
STUDY = """\
schema = 1
name   = "tiny"
seeds  = "0:2"
[protocol]
budget = { evaluations = 5 }
[primary]
baseline = "random"
[[optimizer]]
use = "random"
[[optimizer]]
use = "sobol"
[[testbed]]
use = "synthetic/branin"
[carbon]
enabled = false
"""
Runs = Callable[..., tuple[int, str, str]]


@pytest.fixture
def lab(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Runs:
    """Return a function that runs the command line in an empty folder: (code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def faked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Replace the runner by one that executes nothing; what it was given is kept."""
    given: dict[str, Any] = {}

    def run_study(study: Any, **options: Any) -> RunSummary:
        given.update(options, study=study)
        planned = len(study.runs())
        options["progress"](Progress(0, planned))
        options["progress"](Progress(planned, planned, {"label": "random", "testbed": "b"}))
        failed = given.get("fail", 0)
        return RunSummary(Path("results/tiny"), planned, planned - failed, failed)

    monkeypatch.setattr(runner, "run_study", run_study)
    return given


# ------------------------------------------------------------------ help and lists


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_ends_with_examples(lab: Runs, command: str) -> None:
    code, out, _ = lab(command, "--help")
    assert code == 0
    tail = out.partition("Examples:")[2].strip().splitlines()
    assert tail
    assert any(line.strip().startswith(f"hpobench-lab {command}") for line in tail)
    assert all(len(line) <= 100 for line in out.splitlines())


def test_the_main_help_lists_every_command_whole(lab: Runs) -> None:
    code, out, _ = lab("--help")
    assert code == 0
    assert "..." not in out.partition("Commands:")[2]
    for command in COMMANDS:
        assert f"  {command} " in out


@pytest.mark.parametrize("arguments", ["--help", "list testbeds", "list optimizers", "doctor"])
def test_help_and_list_import_nothing_heavy(arguments: str, tmp_path: Path) -> None:
    code = (
        "import sys; from hpobench_lab.cli import main\n"
        f"code = main({arguments.split()!r})\n"
        f"found = [m for m in {HEAVY!r} if m in sys.modules]\n"
        "sys.exit(f'imported {found}' if found else code)"
    )
    root = str(Path(cli.__file__).parents[2])
    environment = dict(os.environ) | {"PYTHONPATH": root}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("kind", ["optimizers", "testbeds", "protocols", "suites"])
def test_list_prints_names_and_json(lab: Runs, kind: str) -> None:
    code, out, err = lab("list", kind)
    assert (code, err) == (0, "")
    document = json.loads(lab("list", kind, "--json")[1])
    assert list(document) == [kind]
    for entry in document[kind]:
        assert f"\n{entry['name']} " in out


def test_list_takes_a_pattern(lab: Runs) -> None:
    assert lab("list", "testbeds", "*/bran*")[1].count("\n") == 2
    code, out, err = lab("list", "testbeds", "synthetic/brannin")
    assert (code, out) == (0, "")
    assert "Did you mean 'synthetic/branin'" in err


def test_list_shows_the_working_directory_without_importing_it(lab: Runs) -> None:
    assert lab("init")[0] == 0
    Path("optimizers/my_optimizer.py").write_text('"""Mine."""\nraise RuntimeError\n')
    Path("testbeds/broken.py").write_text("def (")
    table = Path("testbeds/collected/two-mlp")
    table.mkdir(parents=True)
    (table / "table.json").write_text('{"fidelity": {"name": "epochs", "levels": [1, 5]}}')
    out = lab("list", "testbeds")[1]
    for text in (
        "my-testbed",
        "broken",
        "(cannot be parsed)",
        "collected/two-mlp",
        "epochs 1 to 5",
    ):
        assert text in out
    assert "my-optimizer" in lab("list", "optimizers")[1]


def test_the_catalogue_is_current() -> None:
    from hpobench_lab import catalogue

    built = json.loads(json.dumps(catalogue.build()))
    assert catalogue.load() == built, "run: make catalogue"


# ------------------------------------------------------------------ mistakes


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ("list testbedz", "Did you mean 'testbeds'?"),
        ("rnu quick", "Did you mean 'run'?"),
        ("run quick --sedes 1", "--seeds"),
        ("run quik", "unknown suite 'quik'. Did you mean 'quick'?"),
        ("run gone.toml", "there is no study file 'gone.toml'"),
        ("run tiny.toml -o tpee -o random", "-o tpee: unknown optimizer 'tpee'."),
        ("run tiny.toml --seeds x", "--seeds x: seeds must be a range"),
        ("run tiny.toml -j 0", "-j"),
        ("check tpee", "no optimizer or testbed is called 'tpee'. Did you mean 'tpe'?"),
        ("collect curves/digit-mlp", "Did you mean 'digits-mlp'"),
        ("resume", "there are no results in results/; start with: hpobench-lab run quick"),
        ("resume results/none", "results/none is no results folder."),
        ("report", "there are no results"),
    ],
)
def test_a_mistake_is_one_message_and_exit_2(lab: Runs, arguments: str, wanted: str) -> None:
    Path("tiny.toml").write_text(STUDY)
    code, out, err = lab(*arguments.split())
    assert (code, out) == (2, "")
    assert wanted in err
    assert "Traceback" not in err


def test_a_study_file_shows_all_its_mistakes(lab: Runs) -> None:
    Path("bad.toml").write_text(STUDY.replace("sobol", "soboll").replace("0:2", "2:0"))
    code, out, err = lab("run", "bad.toml")
    assert (code, out) == (2, "")
    assert err.startswith("bad.toml:3:10: seeds '2:0' is empty")
    assert err.endswith("2 mistakes in bad.toml; nothing was run\n")
    assert not Path("results").exists()


def test_json_of_an_error_is_one_document(lab: Runs) -> None:
    code, out, _ = lab("--json", "run", "quik")
    assert code == 2
    document = json.loads(out)
    assert document["exit_code"] == 2
    assert "unknown suite" in document["error"]


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ("run --bogus --json", "No such option: --bogus"),
        ("run --json", "Missing argument 'STUDY'"),
        ("rnu quick --json", "Did you mean 'run'?"),
        ("run quick -j x --json", "-j"),
        ("compare --format xml --json", "'xml' is not one of"),
        ("compare --format csv --json", "ask for different things"),
        ("compare --at -1 --json", "--at must be a positive number"),
        ("--json", "--json"),
    ],
)
def test_json_of_wrong_usage_is_one_document(lab: Runs, arguments: str, wanted: str) -> None:
    code, out, err = lab(*arguments.split())
    document = json.loads(out)
    assert list(document) == ["error", "exit_code"]
    assert document["exit_code"] == code == 2
    assert wanted in document["error"]
    assert err


def test_debug_shows_the_traceback(lab: Runs) -> None:
    assert "Traceback" in lab("run", "quik", "--debug")[2]


@pytest.mark.parametrize(
    ("error", "code", "wanted"),
    [
        (DataError("results/x is damaged"), 5, "error: results/x is damaged"),
        (OSError(28, "No space left on device", "results/x"), 5, "results/x: No space left"),
        (PermissionError(13, "Permission denied", "results"), 5, "results: Permission denied"),
        (ZeroDivisionError("oops"), 1, "unexpected ZeroDivisionError: oops"),
        (KeyboardInterrupt(), 130, "hpobench-lab resume results/tiny-"),
    ],
)
def test_what_goes_wrong_while_running_has_its_exit_code(
    lab: Runs, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, wanted: str
) -> None:
    def run_study(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(runner, "run_study", run_study)
    Path("tiny.toml").write_text(STUDY)
    found, out, err = lab("run", "tiny.toml")
    assert (found, out) == (code, "")
    assert wanted in err
    assert "Traceback" not in err


# ------------------------------------------------------------------ run


def test_a_dry_run_prints_the_plan_and_runs_nothing(lab: Runs, faked: dict[str, Any]) -> None:
    Path("tiny.toml").write_text(STUDY)
    code, out, err = lab("run", "tiny.toml", "--dry-run")
    assert (code, out) == (0, "")
    assert err == (
        "tiny: 4 runs = 2 optimizers x 1 testbed x 2 seeds, 5 evaluations each\n"
        "1 comparison with random over 1 source: the smallest attainable p after Holm's "
        "correction is 1, so this design cannot reach 0.05 whatever the results; 6 sources "
        "would. More seeds do not help.\n"
    )
    assert not faked
    plan = json.loads(lab("run", "tiny.toml", "--dry-run", "--json")[1])["plan"]
    assert plan["runs"] == 4


def test_pairs_that_cannot_work_are_listed_with_what_is_missing(lab: Runs) -> None:
    flat = "class Flat:\n    supports = {'float'}\n    def __init__(self, problem, rng): pass\n"
    Path("flat.py").write_text(flat + "    def ask(self): pass\n    def tell(self, e): pass\n")
    Path("tiny.toml").write_text(
        STUDY.replace('"sobol"', '"flat.py"') + '[[testbed]]\nuse = "synthetic/kernel-choice"\n'
    )
    err = lab("run", "tiny.toml", "--dry-run")[2]
    assert "tiny: 6 runs = " in err
    assert "less 1 pair that cannot work:" in err
    wanted = "  flat on synthetic/kernel-choice: does not support categorical, conditional, int"
    assert f"{wanted}; random does\n" in err


def test_options_reach_the_runner(lab: Runs, faked: dict[str, Any]) -> None:
    Path("tiny.toml").write_text(STUDY)
    options = "--json --no-report --no-carbon -j 3 --out elsewhere --seeds 5:8 --budget 7".split()
    options += ["--memory-limit", "2000"]
    code, out, _ = lab("run", "tiny.toml", *options)
    assert code == 0
    assert faked["processes"] == 3
    assert faked["memory_mb"] == 2000
    assert faked["out"] == Path("elsewhere")
    assert faked["reports"] is None
    assert faked["study"].seeds == (5, 6, 7)
    assert not faked["study"].carbon.enabled
    assert json.loads(out)["planned"] == 6


def test_failed_runs_are_exit_4(lab: Runs, faked: dict[str, Any]) -> None:
    faked["fail"] = 1
    Path("tiny.toml").write_text(STUDY)
    code, _, err = lab("run", "tiny.toml", "--json")
    assert code == 4
    assert "3 of 4 runs ok, 1 failed (kept)" in err


def test_the_first_reason_of_failed_runs_is_told(
    lab: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_study(study: Any, **options: Any) -> RunSummary:
        message = "Traceback ...\nContractError: ask() returned 'x'"
        told = {"label": "sobol", "testbed": "b", "status": "failed", "message": message}
        options["progress"](Progress(1, 2, told))
        options["progress"](Progress(2, 2, told))
        return RunSummary(Path("results/tiny"), 2, 0, 2)

    monkeypatch.setattr(runner, "run_study", run_study)
    Path("tiny.toml").write_text(STUDY)
    code, _, err = lab("run", "tiny.toml", "--json")
    assert code == 4
    assert "sobol: 2 failed, the first with: ContractError: ask() returned 'x'\n" in err


def test_runs_that_asked_for_nothing_are_warned_of(
    lab: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_study(study: Any, **options: Any) -> RunSummary:
        told = {"testbed": "b", "status": "ok", "reason": "exhausted", "n_trials": 0}
        for label in ("local", "local", "once"):
            options["progress"](Progress(1, 4, told | {"label": label}))
        options["progress"](Progress(4, 4, told | {"label": "random", "n_trials": 5}))
        return RunSummary(Path("results/tiny"), 4, 4, 0)

    monkeypatch.setattr(runner, "run_study", run_study)
    Path("tiny.toml").write_text(STUDY)
    code, _, err = lab("run", "tiny.toml", "--json")
    assert code == 0
    assert "warning: local: 2 runs asked for nothing\n" in err
    assert "warning: once: 1 run asked for nothing\n" in err
    assert "random: " not in err


@pytest.mark.parametrize(("option", "taken"), [("--reports", "reports"), ("--out", "results")])
def test_a_folder_that_cannot_be_made_is_told_by_its_option_before_anything_runs(
    lab: Runs, option: str, taken: str
) -> None:
    Path("tiny.toml").write_text(STUDY)
    Path(taken).write_text("a file")
    code, out, err = lab("run", "tiny.toml")
    assert (code, out) == (5, "")
    assert f"choose another folder with {option}\n" in err
    assert not list(Path().glob("results/*/segments/*"))


def test_damaged_files_are_mended_by_running_again(lab: Runs) -> None:
    Path("tiny.toml").write_text(STUDY.replace("enabled = false", "enabled = true"))
    assert lab("run", "tiny.toml", "--no-report")[0] == 0
    (folder,) = Path("results").iterdir()
    (note,) = (folder / "carbon").iterdir()
    note.write_text("{}")
    assert lab("report", str(folder))[0] == 5
    code, _, err = lab("resume", str(folder), "--no-report")
    assert code == 0
    assert f"warning: carbon/{note.name} was damaged; it lies in quarantine/ now" in err
    assert lab("report", str(folder))[0] == 0
    (folder / "study.json").write_text("{")
    assert lab("resume", str(folder))[0] == 5
    code, _, err = lab("run", "tiny.toml", "--no-report", "--seeds", "0:1")
    assert code == 0
    assert "study.json was damaged; it lies in quarantine/ now, a new one was written" in err
    assert "1 of 1 runs ok" not in err
    assert "tored before" in err
    assert lab("report", str(folder))[0] == 0


def test_the_newest_folder_is_the_one_that_was_written_to_last(tmp_path: Path) -> None:
    for i, name in enumerate(("old", "new")):
        (tmp_path / name / "segments").mkdir(parents=True)
        for file in ("study.json", "segments/a.parquet"):
            (tmp_path / name / file).write_text("")
            os.utime(tmp_path / name / file, (100 + i, 100 + i))
    assert newest(tmp_path) == tmp_path / "new"
    os.utime(tmp_path / "old/segments/a.parquet", (200, 200))
    assert newest(tmp_path) == tmp_path / "old"


def test_compare_in_every_format_and_at_a_cut(lab: Runs) -> None:
    Path("tiny.toml").write_text(STUDY)
    assert lab("run", "tiny.toml", "--no-report")[0] == 0
    shown = {form: lab("compare", "--format", form) for form in ("rich", "md", "csv", "latex")}
    assert {code for code, _, _ in shown.values()} == {0}
    assert shown["rich"][1] == lab("compare")[1]
    assert shown["md"][1].splitlines()[1].startswith("|---|")
    rows = list(csv.reader(shown["csv"][1].splitlines()))
    assert rows[0][:2] == ["rank", "optimizer"]
    assert {row[1] for row in rows[1:]} == {"random", "sobol"}
    assert len({len(row) for row in rows}) == 1
    assert shown["latex"][1].startswith("\\begin{tabular}{ll")
    assert shown["latex"][1].count("\\\\\n") == 3
    assert lab("compare", "--format", "json")[1] == lab("compare", "--json")[1]
    document = json.loads(lab("compare", "--at", "2", "--json")[1])
    assert document["study"]["name"] == "tiny"
    assert "2 evaluations" in document["verdict"]["sentence"]


def test_collect_names_a_missing_package_at_once(
    lab: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xgboost", None)
    code, out, err = lab("collect", "curves/digits-xgb")
    assert (code, out) == (2, "")
    assert 'xgboost, which is not installed: pip install ".[surrogates]"' in err
    assert "from an index: pip install 'hpobench_lab[surrogates]'" in err
    assert not Path("testbeds").exists()


def test_run_resume_report_and_compare_on_a_real_study(lab: Runs) -> None:
    Path("tiny.toml").write_text(STUDY)
    code, out, err = lab("run", "tiny.toml")
    assert code == 0
    assert "4 of 4 runs ok" in err
    (folder,) = Path("results").iterdir()
    assert f"results  {folder}" in out
    assert "report   reports/tiny/report.html" in out
    assert Path("reports/tiny/report.html").is_file()
    code, _, err = lab("resume", "--no-report")
    assert code == 0
    assert "4 of them stored before" in err
    assert lab("report", str(folder), "-o", "mine")[0] == 0
    assert Path("mine/report.html").is_file()
    assert "random" in lab("compare", "results/tiny-*")[1]
    assert json.loads(lab("compare", "--json")[1])


def test_resuming_with_other_code_warns_and_keeps_what_is_finished(lab: Runs) -> None:
    Path("optimizers").mkdir()
    file = Path("optimizers/mine.py")
    source = "class Mine:\n    def __init__(self, problem, rng): self.p, self.r = problem, rng\n"
    source += "    def ask(self): return self.p.space.sample(self.r)\n    def tell(self, e): pass\n"
    file.write_text(source)
    Path("tiny.toml").write_text(STUDY.replace('"sobol"', '"mine"'))
    assert lab("run", "tiny.toml", "--no-report")[0] == 0
    file.write_text(source + "# another line\n")
    code, _, err = lab("resume", "--no-report")
    assert code == 0
    assert "warning: the code of mine changed since the study began" in err
    assert "4 of them stored before" in err
    assert lab("run", "tiny.toml", "--no-report")[0] == 0
    assert len(list(Path("results").iterdir())) == 2  # other code is another study


def test_a_renamed_results_folder_is_not_continued_elsewhere(lab: Runs) -> None:
    Path("tiny.toml").write_text(STUDY)
    assert lab("run", "tiny.toml", "--no-report")[0] == 0
    (folder,) = Path("results").iterdir()
    folder.rename("results/other")
    code, _, err = lab("resume", "results/other")
    assert code == 2
    assert f"it holds the study {folder.name}" in err


# ------------------------------------------------------------------ init, doctor, check


def test_init_writes_a_project_whose_study_is_valid(lab: Runs) -> None:
    assert lab("init", "mine")[0] == 0
    os.chdir("mine")
    code, _, err = lab("run", "study.toml", "--dry-run")
    assert code == 0
    assert "my-study: 120 runs" in err
    assert lab("check", "my-optimizer")[0] == 0
    assert lab("check", "my-testbed")[0] == 0


def test_init_overwrites_nothing(lab: Runs) -> None:
    Path("study.toml").write_text("mine")
    code, _, err = lab("init")
    assert code == 2
    assert "study.toml exists; nothing was written" in err
    assert Path("study.toml").read_text() == "mine"
    assert not Path("optimizers").exists()


def test_check_of_a_broken_plugin_is_exit_1(lab: Runs) -> None:
    source = "class Bad:\n    def __init__(self, problem, rng): pass\n"
    Path("bad.py").write_text(source + "    def ask(self): return 'x'\n    def tell(self, e): 0\n")
    code, out, _ = lab("check", "bad.py")
    assert code == 1
    assert "checks failed" in out


def test_doctor_finds_what_must_be_mended(lab: Runs) -> None:
    Path("results").write_text("a file, no folder")
    code, out, _ = lab("doctor", "--json")
    assert code == 5
    findings = {f["topic"]: f for f in json.loads(out)["findings"]}
    assert not findings["results/"]["ok"]
    assert findings["reports/"]["ok"]
    assert "3." in findings["python"]["text"]


def test_the_reference_page_has_every_command() -> None:
    page = cli.reference_markdown()
    for command in COMMANDS:
        assert f"\n## {command}\n" in page
        assert f"Usage: hpobench-lab {command}" in page
    assert "| 130 |" in page


def test_collect_tells_the_name_of_the_new_testbed_and_what_it_found(lab: Runs) -> None:
    pytest.importorskip("xgboost")
    arguments = ("collect", "curves/breast-cancer-xgb", "--configs", "3")
    code, out, err = lab(*arguments)
    assert (code, out) == (0, "table    testbeds/collected/breast-cancer-xgb\n")
    assert "hpobench-lab list testbeds collected/breast-cancer-xgb\n" in err
    assert "already" not in err
    assert "3 configurations" in lab("list", "testbeds", "collected/*")[1]
    assert "all 3 trainings were done already" in lab(*arguments)[2]
    document = json.loads(lab(*arguments, "--json")[1])
    assert document["name"] == "collected/breast-cancer-xgb"
    assert document["found"] == document["configurations"] == 3
    _, _, elsewhere = lab(*arguments, "--out", "tables")
    assert "It is a testbed now" not in elsewhere
    code, _, err = lab(*arguments[:3], "2")
    assert (code, err.count("\n")) == (2, 1)
    assert "holds a finished table of 3" in err


def test_hidden_folders_of_a_collection_are_no_testbeds(lab: Runs, tmp_path: Path) -> None:
    for name in (".digits-mlp.new-7", ".digits-mlp.parts-0123abcd"):
        folder = tmp_path / "testbeds" / "collected" / name
        folder.mkdir(parents=True)
        (folder / "table.json").write_text("{}")
    assert lab("list", "testbeds", "collected/*")[1] == ""


@pytest.mark.parametrize("baseline", ["random", "random (projected)"])
def test_an_optimizer_that_is_moved_onto_candidates_says_so_in_its_label(baseline: str) -> None:
    from hpobench_lab.studyfile import parse

    text = STUDY.replace('baseline = "random"', f'baseline = "{baseline}"')
    listed = '[[testbed]]\nuse = "curves/digits-xgb(mode=\\"table\\")"\n[carbon]'
    study = parse(text.replace("[carbon]", listed))
    assert [o.label for o in study.optimizers] == ["random (projected)", "sobol (projected)"]
    assert study.primary.baseline == "random (projected)"
    assert parse(text).primary.baseline == "random"
