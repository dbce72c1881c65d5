"""What the registry says is complete, and true where the files are at hand."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from hpobench_lab import data
from hpobench_lab.data import place
from hpobench_lab.data.digests import digest_of
from hpobench_lab.data.entry import Entry
from hpobench_lab.errors import UnknownName
from hpobench_lab.testbeds.public.collections import COLLECTIONS
from tests.public.shared import needs, shared

HEAVY = "numpy pandas scipy matplotlib sklearn xgboost torch codecarbon pyarrow onnxruntime".split()
ENTRIES = list(data.ENTRIES.values())


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.name)
def test_an_entry_says_what_a_user_must_know(entry: Entry) -> None:
    for text in (entry.title, entry.licence, entry.citation, entry.opens):
        assert text
    assert entry.page.startswith("https://")
    assert entry.downloads or entry.accepted
    assert entry.downloads or entry.note
    assert re.search(r"arXiv:\d|doi:|NeurIPS|AutoML", entry.citation)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.name)
def test_digests_are_whole_and_addresses_are_encrypted(entry: Entry) -> None:
    for one in entry.downloads:
        assert one.address.startswith("https://")
        assert (one.size is None) == (one.sha256 is None)
    for digest in [d.sha256 for d in (*entry.downloads, *entry.pieces)]:
        assert digest is None or re.fullmatch("[0-9a-f]{64}", digest)


def test_every_collection_has_files_and_all_files_open_a_collection() -> None:
    opened = {pattern.partition("/")[0] for entry in ENTRIES for pattern in entry.opens}
    assert opened == set(COLLECTIONS)
    for collection in COLLECTIONS.values():
        of_it = [n for n in data.ENTRIES if n.partition("/")[0] == collection.folder]
        assert of_it
        assert collection.parts == ("/" in of_it[0])


@pytest.mark.parametrize("name", ["yahpo/lcbench", "yahpo/rbv2_xgboost", "taskset", "lcdb"])
@needs("yahpo")
def test_known_digests_are_those_of_the_real_files(name: str) -> None:
    pieces = {p.file: p for p in data.entry(name).pieces}
    compared = [file for file in pieces if (shared(name) / file).is_file()]
    assert compared
    for file in compared:
        found = digest_of(shared(name) / file)
        assert (found.sha256, found.size) == (pieces[file].sha256, pieces[file].size)


def test_an_unknown_name_exits_2_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'yahpo/lcbench'"):
        data.entry("yahpo/lcbnech")


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"HPOBENCH_LAB_DATA": "/mine"}, "/mine"),
        ({"XDG_CACHE_HOME": "/cache"}, "/cache/hpobench-lab/data"),
        ({"XDG_CACHE_HOME": "relative"}, "/home/x/.cache/hpobench-lab/data"),
        ({"HPOBENCH_LAB_DATA": "~/mine"}, "/home/x/mine"),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other cache folders")
def test_the_data_folder_is_where_the_user_or_the_system_says(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: str
) -> None:
    for name in ("HPOBENCH_LAB_DATA", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": "/home/x", **variables}.items():
        monkeypatch.setenv(name, value)
    assert str(place.data_folder()) == expected


@pytest.mark.parametrize("arguments", ["data list", "data path", "data verify", "list testbeds"])
def test_looking_around_imports_nothing_heavy(arguments: str) -> None:
    code = (
        f"import sys; from hpobench_lab import cli; cli.main({arguments.split()!r}); "
        f"print([m for m in {HEAVY} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
