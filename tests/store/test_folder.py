"""``study.json``, notes beside the runs, and sealed values."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpobench_lab.errors import DataError, StudyError
from hpobench_lab.store import Store
from hpobench_lab.store.segment import Damaged


def _study_json(store: Store) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((store.folder / "study.json").read_text())
    return data


def test_a_new_folder_says_what_it_belongs_to(tmp_path: Path, make_study: Any) -> None:
    study = make_study(workers=4)
    data = _study_json(Store.create_or_open(tmp_path, study))
    assert (data["name"], data["hash6"], data["seeds"]) == ("small", study.hash6, [0, 1])
    assert data["labels"] == ["random", "asha"]
    assert data["planned"] == 2
    (pair,) = data["not_applicable"]
    assert pair == {
        "optimizer": "random",
        "testbed": "synthetic/a0",
        "missing": ["parallel"],
        "instead": "asha",
    }


def test_the_study_comes_back(tmp_path: Path, make_study: Any) -> None:
    study = make_study(beds=3)
    back = Store.create_or_open(tmp_path, study).study()
    assert back.settings() == study.settings()
    assert [run.key for run in back.runs()] == [run.key for run in study.runs()]


def test_more_seeds_extend_the_folder(tmp_path: Path, make_study: Any) -> None:
    Store.create_or_open(tmp_path, make_study(seeds=(0, 1)))
    store = Store.create_or_open(tmp_path, make_study(seeds=(1, 5)))
    data = _study_json(store)
    assert (data["seeds"], data["planned"]) == ([0, 1, 5], 6)
    assert [entry["seeds"] for entry in data["history"]] == [[0, 1], [0, 1, 5]]


def test_opening_again_changes_nothing(tmp_path: Path, make_study: Any) -> None:
    store = Store.create_or_open(tmp_path, make_study())
    before = (store.folder / "study.json").read_bytes()
    Store.create_or_open(tmp_path, make_study(seeds=(1,)))
    assert (store.folder / "study.json").read_bytes() == before


def test_other_settings_are_refused_by_name(tmp_path: Path, make_study: Any) -> None:
    store = Store.create_or_open(tmp_path, make_study())
    before = (store.folder / "study.json").read_bytes()
    with pytest.raises(StudyError) as caught:
        store.extend(make_study(workers=2, eta=4, beds=2))
    told = str(caught.value).splitlines()
    assert "  optimizers.'random'.params.eta: 3 -> 4" in told
    assert "  testbeds.'synthetic/a1': absent -> present" in told
    assert "  protocol.workers: 1 -> 2" in told
    assert (store.folder / "study.json").read_bytes() == before


@pytest.mark.parametrize("call", ["open", "write", "fsync", "replace"])
def test_a_folder_that_cannot_be_written_is_told_before_anything_runs(
    tmp_path: Path, make_study: Any, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(f"hpobench_lab.store.durable.os.{call}", fail)
    with pytest.raises(DataError, match="no permission to write there"):
        Store.create_or_open(tmp_path, make_study())


def test_an_output_folder_that_is_a_file_is_an_error(tmp_path: Path, make_study: Any) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(DataError, match="cannot write"):
        Store.create_or_open(tmp_path / "out", make_study())


def test_equal_notes_are_one_file(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.add_environment({"python": "3.11"}) == store.add_environment({"python": "3.11"})
    assert store.environments() == [{"python": "3.11"}]


def test_sealed_values_come_back_and_the_opening_is_logged(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.seal("k", {"id": np.arange(2, dtype=np.int32), "test_loss": np.array([0.5, np.nan])})
    assert store.seal_openings() == []
    back = store.open_seal("k")
    np.testing.assert_array_equal(back["test_loss"], [0.5, np.nan])
    assert back["id"].dtype == np.int32
    assert [entry["key"] for entry in store.seal_openings()] == ["k"]


def test_no_value_is_shown_when_the_opening_cannot_be_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    store.seal("k", {"test_loss": np.ones(1)})

    def fail(*args: Any, **kwargs: Any) -> Any:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr("hpobench_lab.store.durable.os.write", fail)
    with pytest.raises(DataError, match="the disk is full"):
        store.open_seal("k")


def test_sealing_twice_gives_the_last(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for age, value in ((2, 1.0), (1, 2.0)):
        path = tmp_path / "sealed" / store.seal("k", {"test_loss": np.full(1, value)})
        os.utime(path, ns=(10**18 - age, 10**18 - age))
    assert store.open_seal("k")["test_loss"].tolist() == [2.0]


def test_nothing_sealed_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no held-out values are sealed for run k"):
        Store(tmp_path).open_seal("k")


def test_damaged_sealed_values_are_named(tmp_path: Path) -> None:
    store = Store(tmp_path)
    path = tmp_path / "sealed" / store.seal("k", {"test_loss": np.ones(1)})
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(Damaged, match="is damaged"):
        store.open_seal("k")
