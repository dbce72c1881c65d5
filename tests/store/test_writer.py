"""When records become files, and what happens when they cannot."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hpobench_lab.errors import DataError
from hpobench_lab.store import Store, Writer
from hpobench_lab.store.runrecord import RunRecord, same


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def _files(folder: Path) -> list[str]:
    return sorted(os.listdir(folder / "segments")) if (folder / "segments").exists() else []


def _failing(code: int) -> Callable[..., Any]:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise OSError(code, os.strerror(code))

    return fail


def _write_and_raise(writer: Writer, record: RunRecord, error: BaseException) -> None:
    with writer:
        writer.finished(record)
        raise error


def test_records_wait_in_the_buffer(tmp_path: Path, make_record: Any) -> None:
    writer = Writer(tmp_path, clock=Clock())
    writer.finished(make_record())
    assert (len(writer), _files(tmp_path)) == (1, [])


def test_a_buffer_of_five_seconds_is_written(tmp_path: Path, make_record: Any) -> None:
    clock = Clock()
    writer = Writer(tmp_path, clock=clock)
    writer.finished(make_record(0))
    clock.now = 4.9
    writer.poll()
    assert len(writer) == 1
    clock.now = 5.0
    writer.poll()
    assert (len(writer), len(_files(tmp_path))) == (0, 1)


def test_sixty_four_records_make_one_file(tmp_path: Path, make_record: Any) -> None:
    writer = Writer(tmp_path, clock=Clock())
    for i in range(65):
        writer.finished(make_record(i))
    assert (len(writer), len(_files(tmp_path))) == (1, 1)


def test_many_rows_are_written_at_once(tmp_path: Path, make_record: Any) -> None:
    writer = Writer(tmp_path, clock=Clock())
    writer.finished(make_record(0, n=1 << 18))
    assert len(writer) == 0


def test_a_long_run_is_written_at_once(tmp_path: Path, make_record: Any) -> None:
    writer = Writer(tmp_path, clock=Clock())
    writer.finished(make_record(0, wall_s=1.5))
    assert len(writer) == 0


def test_leaving_the_context_writes(tmp_path: Path, make_record: Any) -> None:
    with pytest.raises(KeyboardInterrupt):
        _write_and_raise(Store(tmp_path).writer(), make_record(0), KeyboardInterrupt())
    assert Store(tmp_path).finished_keys() == {make_record(0).key}


def test_nothing_is_written_of_nothing(tmp_path: Path) -> None:
    with Store(tmp_path).writer():
        pass
    assert _files(tmp_path) == []


@pytest.mark.parametrize("call", ["open", "write", "fsync", "replace"])
@pytest.mark.parametrize(
    ("code", "told"), [(errno.ENOSPC, "the disk is full"), (errno.EACCES, "no permission")]
)
def test_a_failed_write_is_one_line_and_loses_nothing(
    tmp_path: Path,
    make_record: Any,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    code: int,
    told: str,
) -> None:
    writer = Writer(tmp_path, clock=Clock())
    (tmp_path / "segments").mkdir()
    records = [make_record(0), make_record(1, names=("depth",))]
    for record in records:
        writer.finished(record)
    with monkeypatch.context() as patch:
        patch.setattr(f"hpobench_lab.store.durable.os.{call}", _failing(code))
        with pytest.raises(DataError, match=told) as caught:
            writer.flush()
    assert "\n" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert _files(tmp_path) == []
    writer.flush()
    for record in records:
        back = Store(tmp_path).record(record.key)
        assert back is not None
        assert same(back, record)


def test_a_disk_that_fills_between_two_files_keeps_the_rest(
    tmp_path: Path, make_record: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Writer(tmp_path, clock=Clock())
    writer.finished(make_record(0))
    writer.finished(make_record(1, names=("depth",)))
    real, calls = os.write, []

    def second_fails(descriptor: int, data: memoryview) -> int:
        calls.append(descriptor)
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, "full")
        return real(descriptor, data)

    with monkeypatch.context() as patch:
        patch.setattr("hpobench_lab.store.durable.os.write", second_fails)
        with pytest.raises(DataError, match="full"):
            writer.flush()
    assert (len(writer), len(_files(tmp_path))) == (1, 1)
    writer.flush()
    assert len(Store(tmp_path).finished_keys()) == 2


def test_short_writes_are_continued(
    tmp_path: Path, make_record: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write
    monkeypatch.setattr("hpobench_lab.store.durable.os.write", lambda d, data: real(d, data[:100]))
    with Store(tmp_path).writer() as writer:
        writer.finished(make_record(0))
    assert Store(tmp_path).finished_keys() == {make_record(0).key}


def test_an_error_under_way_is_not_hidden_by_a_full_disk(
    tmp_path: Path, make_record: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hpobench_lab.store.durable.os.write", _failing(errno.ENOSPC))
    with pytest.raises(KeyError) as caught:
        _write_and_raise(Writer(tmp_path, clock=Clock()), make_record(0), KeyError("first"))
    assert "the disk is full" in caught.value.__notes__[0]


def test_a_partial_record_must_say_where_it_starts(tmp_path: Path, make_record: Any) -> None:
    with pytest.raises(ValueError, match="start"):
        Writer(tmp_path).partial(make_record(0, final=False))


def test_a_finished_record_must_be_whole(tmp_path: Path, make_record: Any) -> None:
    with pytest.raises(ValueError, match="starts at 0"):
        Writer(tmp_path).finished(make_record(0, start=3))
