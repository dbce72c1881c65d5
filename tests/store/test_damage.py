"""Damaged, foreign and unreadable files."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hpobench_lab.errors import DataError
from hpobench_lab.results import load
from hpobench_lab.store import Store, segment
from hpobench_lab.store.segment import content_name


@pytest.fixture
def folder(tmp_path: Path, make_study: Any, make_record: Any) -> Path:
    """A results folder of two segments."""
    store = Store.create_or_open(tmp_path, make_study())
    for number in (0, 1):
        with store.writer() as writer:
            writer.finished(make_record(number))
    return store.folder


def _first(folder: Path) -> Path:
    return min((folder / "segments").iterdir())


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(bytes(data))


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _foreign(path: Path) -> None:
    pq.write_table(pa.table({"a": np.ones(2)}), path)
    path.rename(path.with_name(content_name(path.read_bytes(), ".parquet")))


def _rename(path: Path) -> None:
    path.rename(path.with_name("notes.txt"))


DAMAGES = [_truncate, _flip, _empty, _foreign, _rename]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_named_with_what_to_do(folder: Path, damage: Any) -> None:
    before = {p.name for p in (folder / "segments").iterdir()}
    damage(_first(folder))
    after = {p.name for p in (folder / "segments").iterdir()}
    with pytest.raises(DataError, match=r"is damaged: .*hpobench-lab resume") as caught:
        load(folder)
    assert any(name in str(caught.value) for name in (after - before) or before)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("damage", DAMAGES)
def test_quarantine_moves_the_damaged_file_and_keeps_the_rest(folder: Path, damage: Any) -> None:
    damage(_first(folder))
    store = Store(folder)
    (moved,) = store.quarantine()
    assert (folder / "quarantine" / moved).exists()
    assert len(store.finished_keys()) == 1
    assert store.quarantine() == []
    assert len(load(folder)) == 1


def test_a_file_that_is_damaged_twice_is_kept_twice(folder: Path, make_record: Any) -> None:
    path = _first(folder)
    whole = path.read_bytes()
    for _ in range(2):
        path.write_bytes(whole[:50])
        assert Store(folder).quarantine() == [path.name]
    assert len(list((folder / "quarantine").iterdir())) == 2


def test_a_newer_format_is_neither_read_nor_moved(
    folder: Path, make_record: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment, "SCHEMA", 2)
    with Store(folder).writer() as writer:
        writer.finished(make_record(7))
    monkeypatch.undo()
    for read in (lambda: load(folder), Store(folder).quarantine):
        with pytest.raises(DataError, match="written in format 2, this hpobench_lab reads"):
            read()
    assert not (folder / "quarantine").exists()


def test_unfinished_files_are_passed_over(folder: Path) -> None:
    (folder / "segments" / ".tmp-0123").write_bytes(b"half a segm")
    assert len(load(folder)) == 2
    assert Store(folder).quarantine() == []


def test_a_header_that_lacks_its_parts_is_damaged(tmp_path: Path) -> None:
    header = {"schema": 1, "shared": [], "attempt": "a", "pieces": [{"start": 0}]}
    data = segment.write_table({"run": [np.zeros(1, np.int32)]}, {}, header)
    path = tmp_path / "segments" / content_name(data, ".parquet")
    path.parent.mkdir()
    path.write_bytes(data)
    with pytest.raises(segment.Damaged, match="its header is incomplete"):
        Store(tmp_path).finished_keys()


def test_a_file_that_may_not_be_read_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    store = Store(folder)
    monkeypatch.setattr(Path, "read_bytes", denied)
    with pytest.raises(DataError, match=r"cannot read .*: Permission denied"):
        store.quarantine()


@pytest.mark.parametrize(
    ("prepare", "told"),
    [
        (lambda folder: None, "no such results folder"),
        (lambda folder: folder.mkdir(), r"it has no study\.json"),
        (lambda folder: _study(folder, b"{"), r"study\.json is damaged"),
        (lambda folder: _study(folder, b"[]"), r"study\.json is damaged"),
        (lambda folder: _study(folder, b'{"schema": 1}'), "lacks settings, seeds, labels"),
        (lambda folder: _study(folder, b'{"schema": 9}'), "written in format 9"),
    ],
)
def test_a_folder_without_a_readable_study_is_an_error(
    tmp_path: Path, prepare: Any, told: str
) -> None:
    folder = tmp_path / "there"
    prepare(folder)
    for read in (load, Store.open):
        with pytest.raises(DataError, match=told):
            read(folder)


def _study(folder: Path, text: bytes) -> None:
    folder.mkdir()
    (folder / "study.json").write_bytes(text)


def test_a_damaged_energy_record_is_named(folder: Path) -> None:
    name = Store(folder).add_carbon({"kwh": 0.5})
    (folder / "carbon" / name).write_text("{}")
    with pytest.raises(DataError, match="holds carbon notes"):
        load(folder)


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b'{"schema": 1}', b'{"schema": 1, "settings": 3}', None]
)
def test_a_damaged_study_is_set_aside_and_written_anew_with_the_seeds_of_its_runs(
    folder: Path, make_study: Any, text: bytes | None
) -> None:
    path = folder / "study.json"
    damaged = path.read_bytes()[:-9] if text is None else text
    path.write_bytes(damaged)
    store = Store.create_or_open(folder.parent, make_study(seeds=(5,)))
    assert store.quarantine() == ["study.json"]
    assert store.quarantine() == []
    assert (folder / "quarantine" / "study.json").read_bytes() == damaged
    assert store.study().seeds == (0, 1, 5)
    assert len(load(folder)) == 2


def test_a_damaged_study_beside_a_damaged_segment(folder: Path, make_study: Any) -> None:
    (folder / "study.json").write_bytes(b"")
    first = _first(folder)
    first.write_bytes(b"")
    store = Store.create_or_open(folder.parent, make_study(seeds=(5,)))
    assert store.quarantine() == ["study.json", first.name]
    assert len(store.study().seeds) == 2


def test_a_study_of_a_newer_format_is_not_replaced(folder: Path, make_study: Any) -> None:
    path = folder / "study.json"
    path.write_bytes(b'{"schema": 9}')
    with pytest.raises(DataError, match="written in format 9"):
        Store.create_or_open(folder.parent, make_study())
    assert path.read_bytes() == b'{"schema": 9}'


@pytest.mark.parametrize("kind", ["carbon", "environment"])
def test_damaged_notes_are_set_aside(folder: Path, kind: str) -> None:
    store = Store(folder)
    add = store.add_carbon if kind == "carbon" else store.add_environment
    kept, lost = add({"kwh": 0.5}), add({"kwh": 1.5})
    (folder / kind / lost).write_text("{}")
    assert store.quarantine() == [f"{kind}/{lost}"]
    assert (folder / "quarantine" / lost).read_text() == "{}"
    assert [path.name for path in (folder / kind).iterdir()] == [kept]
    assert len(load(folder)) == 2
