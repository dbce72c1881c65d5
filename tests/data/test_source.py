"""``--from DIR``: files that a person has, on a machine without network."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpobench_lab.data.entry import Download, Entry, Piece
from hpobench_lab.data.fetching import Watch, fetch
from hpobench_lab.errors import DataError
from tests.data.served import entry_of, sha256, zipped

NOWHERE = "https://example.invalid"
CSV = b"1,2\n"
ZIP = zipped({"pkg/data/a.csv": CSV, "pkg/LICENSE": b"MIT"})


@pytest.fixture
def packed() -> Entry:
    """Return an entry whose one download is an archive."""
    pieces = (
        Piece("a.csv", "pkg/data/a.csv", len(CSV), sha256(CSV)),
        Piece("LICENSE", "pkg/LICENSE", 3, sha256(b"MIT")),
    )
    return entry_of(Download("a.zip", f"{NOWHERE}/a.zip", pieces, len(ZIP), sha256(ZIP)))


def put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_an_archive_in_the_folder_is_unpacked(folder: Path, tmp_path: Path, packed: Entry) -> None:
    put(tmp_path / "given" / "a.zip", ZIP)
    assert fetch(packed, tmp_path / "given") == [folder / "tiny"]
    assert (folder / "tiny" / "a.csv").read_bytes() == CSV


def test_the_archive_itself_may_be_given_under_any_name(
    folder: Path, tmp_path: Path, packed: Entry
) -> None:
    fetch(packed, put(tmp_path / "given" / "12345", ZIP))
    assert (folder / "tiny" / "a.csv").read_bytes() == CSV


@pytest.mark.parametrize("place", ["", "tiny", "pkg/data"])
def test_unpacked_files_are_found_where_they_usually_lie(
    folder: Path, tmp_path: Path, packed: Entry, place: str
) -> None:
    put(tmp_path / "given" / place / "a.csv", CSV)
    fetch(packed, tmp_path / "given")
    assert (folder / "tiny" / "a.csv").read_bytes() == CSV


def test_an_unpacked_file_that_is_another_one_is_refused(
    folder: Path, tmp_path: Path, packed: Entry
) -> None:
    put(tmp_path / "given" / "a.csv", b"1,3\n")
    with pytest.raises(DataError, match=r"a\.csv has sha256"):
        fetch(packed, tmp_path / "given")
    assert [p for p in folder.rglob("*") if p.suffix != ".lock"] == [folder / ".parts"]


def test_a_cut_archive_is_refused(folder: Path, tmp_path: Path, packed: Entry) -> None:
    put(tmp_path / "given" / "a.zip", ZIP[:-1])
    with pytest.raises(DataError, match=rf"a\.zip has {len(ZIP) - 1} bytes, expected {len(ZIP)}"):
        fetch(packed, tmp_path / "given")
    assert not (folder / "tiny").exists()


def test_a_folder_without_the_files_says_what_is_needed(tmp_path: Path, packed: Entry) -> None:
    (tmp_path / "given").mkdir()
    with pytest.raises(DataError, match=r"not the files of tiny; it needs a\.zip, or a\.csv$"):
        fetch(packed, tmp_path / "given")


def test_a_folder_that_is_not_there_says_so(tmp_path: Path, packed: Entry) -> None:
    with pytest.raises(DataError, match="there is no such folder"):
        fetch(packed, tmp_path / "given")


def test_files_at_no_address_need_a_folder() -> None:
    entry = entry_of(accepted=(("*.npz",),), note="take the npz")
    with pytest.raises(DataError, match=r"at no address: get the files from https://example\.org"):
        fetch(entry)


def test_a_file_unlike_the_verified_one_is_taken_and_said(folder: Path, tmp_path: Path) -> None:
    known = (Piece("a.npz", size=3, sha256=sha256(b"old")),)
    entry = entry_of(accepted=(("*.npz",),), known=known)
    put(tmp_path / "given" / "a.npz", b"new")
    heard: list[str] = []
    fetch(entry, tmp_path / "given", Watch(say=heard.append))
    assert heard[-1] == "a.npz differs from the file on which the loader was verified"
    assert (folder / "tiny" / "a.npz").read_bytes() == b"new"


@pytest.mark.parametrize("given", ["given", "given/one"])
def test_each_of_several_folders_keeps_its_name(folder: Path, tmp_path: Path, given: str) -> None:
    entry = entry_of(accepted=(("space.json",),), several=True)
    for name in ("one", "two"):
        put(tmp_path / "given" / name / "space.json", name.encode())
    put(tmp_path / "given" / "other" / "x.txt", b"")
    found = fetch(entry, tmp_path / given)
    names = ["one", "two"] if given == "given" else ["one"]
    assert found == [folder / "tiny" / name for name in names]
    assert sorted(p.name for p in (folder / "tiny").iterdir()) == names
