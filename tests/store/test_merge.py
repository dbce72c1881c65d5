"""How pieces of one run become one run."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpobench_lab.store import Store
from hpobench_lab.store.runrecord import RunRecord, same

KEY = f"{0:032x}"


def _write(folder: Path, *records: RunRecord) -> None:
    """Write records as one attempt, each into a file of its own."""
    writer = Store(folder).writer()
    for record in records:
        (writer.finished if record.final else writer.partial)(record)
        writer.flush()


def _ids(folder: Path) -> list[int] | None:
    record = Store(folder).partial(KEY)
    return None if record is None else record.columns["id"].tolist()


def test_pieces_of_one_attempt_are_joined(tmp_path: Path, make_record: Any) -> None:
    _write(tmp_path, *(make_record(start=s, n=3, final=False) for s in (0, 3, 6)))
    assert _ids(tmp_path) == list(range(9))


def test_rows_after_a_gap_are_left_out(tmp_path: Path, make_record: Any) -> None:
    _write(tmp_path, *(make_record(start=s, n=3, final=False) for s in (0, 6)))
    assert _ids(tmp_path) == [0, 1, 2]


def test_without_the_first_rows_there_is_nothing_to_resume(
    tmp_path: Path, make_record: Any
) -> None:
    _write(tmp_path, make_record(start=3, n=3, final=False))
    assert _ids(tmp_path) is None


def test_overlapping_pieces_give_each_row_once(tmp_path: Path, make_record: Any) -> None:
    _write(tmp_path, *(make_record(start=s, n=4, final=False) for s in (0, 2, 3, 0)))
    assert _ids(tmp_path) == list(range(7))


def test_a_resumed_attempt_continues_the_one_before(tmp_path: Path, make_record: Any) -> None:
    _write(tmp_path, make_record(start=0, n=3, final=False))
    _write(tmp_path, make_record(start=3, n=3, final=False))
    assert _ids(tmp_path) == list(range(6))


def test_attempts_that_ran_side_by_side_are_not_mixed(tmp_path: Path, make_record: Any) -> None:
    _write(tmp_path, make_record(start=0, n=4, final=False))
    _write(tmp_path, *(make_record(start=s, n=3, final=False) for s in (0, 3)))
    _write(tmp_path, make_record(start=5, n=9, final=False))
    assert _ids(tmp_path) == list(range(6))


def test_a_column_that_came_later_is_nan_before(tmp_path: Path, make_record: Any) -> None:
    late = make_record(start=2, n=2, final=False)
    late.columns["energy_j"] = np.ones(2)
    _write(tmp_path, make_record(start=0, n=2, final=False), late)
    record = Store(tmp_path).partial(KEY)
    assert record is not None
    np.testing.assert_array_equal(record.columns["energy_j"], [np.nan, np.nan, 1, 1])


def test_a_finished_run_has_no_partial_rows(tmp_path: Path, make_record: Any) -> None:
    _write(tmp_path, make_record(start=0, n=2, final=False), make_record(n=5))
    store = Store(tmp_path)
    assert store.finished_keys() == {KEY}
    assert store.partial(KEY) is None


def test_a_final_record_is_the_run_whatever_partial_rows_say(
    tmp_path: Path, make_record: Any
) -> None:
    final = make_record(n=2, status="failed")
    _write(tmp_path, make_record(start=0, n=9, final=False), final)
    back = Store(tmp_path).record(KEY)
    assert back is not None
    assert same(back, final)


def test_a_run_written_twice_counts_once(tmp_path: Path, make_record: Any) -> None:
    _write(tmp_path, make_record())
    _write(tmp_path, make_record())
    store = Store(tmp_path)
    assert len(store.segment_names()) == 2
    assert store.finished_keys() == {KEY}


@pytest.mark.parametrize("order", [("failed", "ok"), ("ok", "failed")])
def test_a_run_that_once_ended_well_is_ok(
    tmp_path: Path, make_record: Any, order: tuple[str, str]
) -> None:
    for status in order:
        _write(tmp_path, make_record(status=status))
    back = Store(tmp_path).record(KEY)
    assert back is not None
    assert back.header["status"] == "ok"


def test_a_run_without_rows_is_finished(tmp_path: Path, make_record: Any) -> None:
    _write(tmp_path, RunRecord(make_record(status="failed").header, {}))
    assert Store(tmp_path).finished_keys() == {KEY}
