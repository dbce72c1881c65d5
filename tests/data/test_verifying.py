"""A changed byte is found and named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hpobench_lab import cli
from hpobench_lab.data import registry
from hpobench_lab.data.entry import Entry, Piece
from hpobench_lab.data.fetching import fetch
from hpobench_lab.data.verifying import verify
from hpobench_lab.errors import DataError
from tests.data.served import Site, entry_of, plain, sha256


@pytest.fixture
def installed(site: Site, monkeypatch: pytest.MonkeyPatch) -> Entry:
    """Return an entry of two files, in the registry and installed."""
    entry = entry_of(plain(site, "a.bin", b"first"), plain(site, "b.bin", b"second", known=False))
    monkeypatch.setitem(registry.ENTRIES, "tiny", entry)  # type: ignore[arg-type]
    fetch(entry)
    return entry


def test_what_was_fetched_is_ok(installed: Entry) -> None:
    assert [c.state for c in verify(installed)] == ["ok", "ok"]


@pytest.mark.parametrize("name", ["a.bin", "b.bin"])
def test_a_changed_byte_exits_5_and_names_the_file(
    installed: Entry, folder: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "tiny" / name
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)
    for arguments in (("data", "verify"), ("data", "verify", "tiny")):
        assert cli.main(arguments) == 5
        said = capsys.readouterr().err
        assert said == f"{path} is changed\nmend with: hpobench-lab data fetch tiny\n"


def test_a_missing_file_exits_5_and_is_named(
    installed: Entry, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "tiny" / "a.bin").unlink()
    assert cli.main(("data", "verify", "--json")) == 5
    told = json.loads(capsys.readouterr().out)
    assert told["exit_code"] == 5
    assert f"{folder / 'tiny' / 'a.bin'} is missing" in told["error"]


def test_a_damaged_manifest_is_one_line(installed: Entry, folder: Path) -> None:
    (folder / "tiny" / "MANIFEST").write_text("{")
    with pytest.raises(DataError, match="MANIFEST is damaged"):
        verify(installed)


def test_what_is_not_here_cannot_be_verified() -> None:
    with pytest.raises(DataError, match="tiny is not here: hpobench-lab data fetch tiny"):
        verify(entry_of())


def test_files_put_there_by_hand_are_compared_with_known_digests(folder: Path) -> None:
    known = (Piece("a.npz", size=3, sha256=sha256(b"old")),)
    entry = entry_of(accepted=(("*.npz",),), known=known)
    (folder / "tiny").mkdir(parents=True)
    for name, content in {"a.npz": b"old", "b.npz": b"any"}.items():
        (folder / "tiny" / name).write_bytes(content)
    assert {c.path.name: c.state for c in verify(entry)} == {"a.npz": "ok", "b.npz": "unknown"}
    (folder / "tiny" / "a.npz").write_bytes(b"new")
    assert {c.path.name: c.state for c in verify(entry)} == {"a.npz": "changed", "b.npz": "unknown"}


def test_nothing_to_verify_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(("data", "verify")) == 0
    assert "nothing to verify" in capsys.readouterr().err
