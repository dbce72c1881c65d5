"""A large JSON object of objects is read entry by entry, wherever the pieces of the file end."""

import io
import json
from typing import Any

import pytest

from hpobench_lab.errors import DataError
from hpobench_lab.testbeds.public import json_stream
from hpobench_lab.testbeds.public.json_stream import entries

DATA: dict[str, dict[str, Any]] = {
    'a "quoted" \\ name': {"0": {"x": [1.5, None, True]}, "1": [], "2": "text, } and ]"},
    "empty": {},
    "größer": {"7": {"deep": {"deeper": [[1], {"a": -2e-9}]}}},
}
FLAT = [(outer, inner, value) for outer, row in DATA.items() for inner, value in row.items()]


def _read(text: bytes) -> list[tuple[str, str, Any]]:
    return list(entries(io.BytesIO(text), "a.json"))


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 64, 1 << 20])
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_the_entries_do_not_depend_on_the_pieces(
    monkeypatch: pytest.MonkeyPatch, chunk: int, indent: int | None, ascii_only: bool
) -> None:
    monkeypatch.setattr(json_stream, "_CHUNK", chunk)
    text = json.dumps(DATA, indent=indent, ensure_ascii=ascii_only)
    assert _read(text.encode()) == FLAT


def test_it_holds_one_entry_and_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "_CHUNK", 16)
    file = io.BytesIO(json.dumps({"a": {str(i): [i] for i in range(1000)}}).encode())
    first = next(entries(file, "a.json"))
    assert first == ("a", "0", [0])
    assert file.tell() < 64


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"[1, 2]",
        b'{"a": [1]}',
        b'{"a": {"0": {"x": 1}',
        b'{"a": {"0": {"x": 1}}',
        b'{"a": {"0": {"x": [1, 2',
        b'{"a": {"0" {"x": 1}}}',
        b'{"a": {"0": nonsense}}',
        b'{"a": {"0": {"x": 1} "1": {}}}',
        b'{"a": {"0": "\xff"}}',
    ],
)
def test_damage_is_one_message(text: bytes) -> None:
    with pytest.raises(DataError, match=r"^a\.json is no JSON of the expected form, or cut short"):
        _read(text)


def test_a_value_without_end_is_not_read_to_the_end_of_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(json_stream, "_CHUNK", 16)
    monkeypatch.setattr(json_stream, "_LARGEST", 64)
    file = io.BytesIO(b'{"a": {"0": "' + b"x" * 10_000)
    with pytest.raises(DataError, match="does not end"):
        list(entries(file, "a.json"))
    assert file.tell() < 200
