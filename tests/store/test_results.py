"""Loading results for the analysis."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpobench_lab.errors import StudyError
from hpobench_lab.merged import merged
from hpobench_lab.results import COMMON, difference, load, same
from hpobench_lab.store import Store
from hpobench_lab.store.runrecord import RunRecord
from hpobench_lab.store.studyjson import describe


@pytest.fixture
def folder(tmp_path: Path, make_study: Any, make_record: Any) -> Path:
    """A folder of eight runs on two testbeds, written out of order."""
    store = Store.create_or_open(tmp_path, make_study())
    with store.writer() as writer:
        for number in (5, 0, 7, 2, 1, 6, 3, 4):
            writer.finished(
                make_record(
                    number,
                    n=number + 1,
                    testbed=f"synthetic/{'ba'[number % 2]}",
                    label=("asha", "random")[number // 2 % 2],
                    names=("lr", "depth")[: 1 + number % 2],
                )
            )
            if number % 3 == 0:
                writer.flush()
    return store.folder


def test_runs_are_sorted_by_testbed_label_and_seed(folder: Path) -> None:
    got = [(h["testbed"]["id"], h["optimizer"]["label"], h["seed"]) for h in load(folder).headers]
    assert got == [
        ("synthetic/a", "random", 3),
        ("synthetic/a", "random", 7),
        ("synthetic/a", "asha", 1),
        ("synthetic/a", "asha", 5),
        ("synthetic/b", "random", 2),
        ("synthetic/b", "random", 6),
        ("synthetic/b", "asha", 0),
        ("synthetic/b", "asha", 4),
    ]


def test_columns_are_those_of_the_runs_one_after_the_other(folder: Path) -> None:
    results = load(folder)
    for i, run in enumerate(results.runs()):
        rows = slice(results.offsets[i], results.offsets[i + 1])
        for name in ("id", "loss", "status", "ask_wall_s"):
            np.testing.assert_array_equal(results.columns[name][rows], run.columns[name])
    assert results.offsets[-1] == sum(range(1, 9))


def test_common_columns_are_always_there_with_their_types(folder: Path) -> None:
    columns = load(folder).columns
    assert {name: array.dtype.type for name, array in columns.items()} == dict(COMMON)
    assert np.isnan(columns["fidelity"]).all()


def test_run_has_all_columns(folder: Path) -> None:
    assert {"p.lr", "p.depth"} <= set(load(folder).run(0).columns)


def test_loading_twice_gives_the_same(folder: Path) -> None:
    assert same(load(folder), load(folder))


def test_results_that_differ_name_run_and_row(
    folder: Path, tmp_path: Path, make_study: Any, make_record: Any
) -> None:
    store = Store.create_or_open(tmp_path / "other", make_study())
    changed = make_record(0, n=1, testbed="synthetic/b", label="asha")
    changed.columns["loss"][0] = 0.0
    with store.writer() as writer:
        writer.finished(changed)
    other = load(store.folder)
    assert difference(load(folder), other).endswith("only in the first")
    found = difference(other, load_without(other, folder))
    assert found == f"run {0:032x}: column loss, row 0: 0.0 != 1.0"


def load_without(keep: Any, folder: Path) -> Any:
    """Return the results of ``folder`` with only the runs that ``keep`` has."""
    results = load(folder)
    keys = {header["key"] for header in keep.headers}
    kept = [i for i, header in enumerate(results.headers) if header["key"] in keys]
    return replace(
        results,
        headers=[results.headers[i] for i in kept],
        _places=[results._places[i] for i in kept],
    )


def test_an_empty_study_loads(tmp_path: Path, make_study: Any) -> None:
    results = load(Store.create_or_open(tmp_path, make_study()).folder)
    assert (len(results), results.offsets.tolist(), len(results.frame)) == (0, [0], 0)


def test_runs_without_rows_have_a_header(tmp_path: Path, make_study: Any, make_record: Any) -> None:
    store = Store.create_or_open(tmp_path, make_study())
    with store.writer() as writer:
        writer.finished(RunRecord(make_record(0, status="failed").header, {}))
        writer.finished(make_record(1))
    results = load(store.folder)
    assert results.offsets.tolist() == [0, 0, 4]
    assert len(results.run(0)) == 0


def test_partial_records_are_not_results(tmp_path: Path, make_study: Any, make_record: Any) -> None:
    store = Store.create_or_open(tmp_path, make_study())
    with store.writer() as writer:
        writer.partial(make_record(0, start=0, final=False))
        writer.finished(make_record(1))
    assert [header["seed"] for header in load(store.folder).headers] == [1]


def test_the_frame_is_tidy(folder: Path) -> None:
    frame = load(folder).frame
    assert len(frame) == 36
    assert list(frame.columns[:5]) == ["run", "testbed", "optimizer", "seed", "fold"]
    assert set(frame["status"]) == {"ok"}
    best = frame.groupby(["testbed", "optimizer"], observed=True)["loss"].min()
    assert best["synthetic/a", "random"] == 1 / 15


def test_energy_sessions_come_along(folder: Path) -> None:
    Store(folder).add_carbon({"kwh": 0.25})
    assert load(folder).carbon == [{"kwh": 0.25}]


def test_folders_are_joined_and_shared_runs_counted_once(
    folder: Path, tmp_path: Path, make_study: Any, make_record: Any
) -> None:
    store = Store.create_or_open(tmp_path / "more", make_study(beds=2, seeds=(4,)))
    with store.writer() as writer:
        for number in (0, 9):
            writer.finished(make_record(number, testbed="synthetic/b", label="asha"))
    results = load(folder, store.folder, folder)
    assert len(results) == 9
    assert (results.study["labels"], results.study["seeds"]) == (["random", "asha"], [0, 1, 4])
    assert [len(s["seeds"]) for s in results.study["studies"]] == [2, 1]
    assert "put together after the fact" in results.study["merged_note"]


def test_folders_of_the_same_parts_carry_no_note(
    folder: Path, tmp_path: Path, make_study: Any
) -> None:
    again = Store.create_or_open(tmp_path / "again", make_study()).folder
    assert "merged_note" not in load(folder).study
    assert "merged_note" not in load(folder, again).study


@pytest.mark.parametrize(
    ("label", "beds", "told"),
    [
        ("mine", [1, 2], "a and b call the same optimizer 'random' and 'mine'. Rename one label."),
        ("mine", [1, 1], "a and b call the same optimizer 'random' and 'mine'. Rename one label."),
        ("random (projected)", [0, 1], "'random (projected)'. Read them apart."),
        ("random (projected)", [1, 2], ""),
    ],
)
def test_one_optimizer_under_two_labels_is_refused(
    make_study: Any, label: str, beds: list[int], told: str
) -> None:
    study = make_study(beds=3)
    other = replace(
        study,
        optimizers=(replace(study.optimizers[0], label=label), study.optimizers[1]),
        testbeds=study.testbeds[beds[0] : beds[1] + 1],
    )
    studies = [describe(replace(study, testbeds=study.testbeds[:1])), describe(other)]
    folders = [Path("a"), Path("b")]
    if not told:
        assert merged(folders, studies)["labels"] == ["random", "asha", label]
        return
    with pytest.raises(StudyError, match=re.escape(told)):
        merged(folders, studies)


def test_results_print_as_their_shape(folder: Path, tmp_path: Path, make_study: Any) -> None:
    assert repr(load(folder)) == "Results(8 runs of 'small': 2 optimizers x 2 testbeds x 8 seeds)"
    empty = load(Store.create_or_open(tmp_path / "empty", make_study()).folder)
    assert repr(empty) == "Results(0 runs of 'small': 0 optimizers x 0 testbeds x 0 seeds)"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"workers": 4}, r"protocols differ:\n  protocol.workers: 1 -> 4"),
        ({"eta": 4}, r"label 'random' for different optimizers:\n  params.eta: 3 -> 4"),
    ],
)
def test_folders_that_do_not_belong_together_are_refused(
    folder: Path, tmp_path: Path, make_study: Any, change: dict[str, int], told: str
) -> None:
    other = Store.create_or_open(tmp_path, make_study(**change)).folder
    with pytest.raises(StudyError, match=told):
        load(folder, other)
