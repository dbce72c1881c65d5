"""A header that was edited by hand: what is wrong in it is said in one sentence."""

import json
from pathlib import Path
from typing import Any

import pytest

from hpobench_lab.errors import DataError
from hpobench_lab.testbeds.curves.opening import open_table
from tests.curves.made import made_table


def _changed(folder: Path, **parts: Any) -> None:
    header = json.loads((folder / "table.json").read_text())
    (folder / "table.json").write_text(json.dumps(header | parts))


@pytest.mark.parametrize("wrong", [None, "x", [], {}])
@pytest.mark.parametrize(
    "key", ["fidelity", "objectives", "space", "files", "table", "diverged_above", "version"]
)
def test_a_header_with_a_wrong_or_missing_part_is_one_sentence(
    tmp_path: Path, key: str, wrong: Any
) -> None:
    folder = made_table(tmp_path)
    if (key, wrong) not in (("files", {}), ("version", "x")):
        _changed(folder, **{key: wrong})
        _refused(folder)
    header = json.loads((folder / "table.json").read_text())
    header.pop(key)
    (folder / "table.json").write_text(json.dumps(header))
    assert f"lacks {key}" in _refused(folder)


@pytest.mark.parametrize(
    ("part", "key"), [("table", "f_opt"), ("fidelity", "unit"), ("fidelity", "levels")]
)
def test_what_a_part_of_the_header_lacks_is_named(tmp_path: Path, part: str, key: str) -> None:
    folder = made_table(tmp_path)
    header = json.loads((folder / "table.json").read_text())
    header[part].pop(key)
    (folder / "table.json").write_text(json.dumps(header))
    assert key in _refused(folder)


def _refused(folder: Path) -> str:
    with pytest.raises(DataError, match=r"table\.json") as caught:
        open_table(folder, mode="table")
    assert "\n" not in str(caught.value)
    return str(caught.value)
