"""The one way that records of runs reach the disk."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from hpobench_lab.errors import DataError
from hpobench_lab.store.durable import write
from hpobench_lab.store.runrecord import RunRecord
from hpobench_lab.store.segment import content_name, encode, signature

__all__ = ["Writer"]

MAX_AGE_S, MAX_RECORDS, MAX_ROWS, LONG_RUN_S = 5.0, 64, 1 << 18, 1.0


class Writer:
    """Buffer records and write them as segments; nothing is lost when a write fails.

    A record is safe once ``flush`` has returned. That happens by itself when the buffer is 5 s
    old, holds 64 records or 262,144 rows, or a run arrives that took more than 1 s of work. After
    a ``DataError`` everything that is not on disk is still buffered; flush again.

    Args:
        folder: The results folder.
        clock: Monotonic seconds.
    """

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.folder, self.attempt = folder, uuid.uuid4().hex
        self._clock = clock
        self._buffer: list[RunRecord] = []
        self._oldest = 0.0

    def __len__(self) -> int:
        return len(self._buffer)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Flush; an error that is on its way is not replaced by one about the disk."""
        try:
            self.flush()
        except DataError as failure:
            if error is None:
                raise
            if str(failure) != str(error):
                error.add_note(str(failure))

    def finished(self, record: RunRecord) -> None:
        """Take a whole run."""
        if not record.final or record.start:
            raise ValueError(f"run {record.key}: a finished record has a status and starts at 0")
        self._take(record, urgent=_work_s(record) > LONG_RUN_S)

    def partial(self, record: RunRecord) -> None:
        """Take rows ``record.start`` and following of a run that goes on."""
        if record.final or record.start is None:
            raise ValueError(f"run {record.key}: a partial record has a start and no status")
        self._take(record, urgent=False)

    def poll(self) -> None:
        """Flush if the buffer is old enough; cheap."""
        if self._buffer and self._clock() - self._oldest >= MAX_AGE_S:
            self.flush()

    def flush(self) -> None:
        """Write what is buffered; it is durable when this returns.

        Raises:
            DataError: If a file could not be written; its records stay buffered.
        """
        groups: dict[Any, list[RunRecord]] = {}
        for record in self._buffer:
            groups.setdefault(signature(record), []).append(record)
        for group in groups.values():
            data = encode(group, self.attempt)
            write(self.folder / "segments" / content_name(data, ".parquet"), data)
            written = {id(record) for record in group}
            self._buffer = [record for record in self._buffer if id(record) not in written]

    def _take(self, record: RunRecord, *, urgent: bool) -> None:
        if not self._buffer:
            self._oldest = self._clock()
        self._buffer.append(record)
        full = len(self._buffer) >= MAX_RECORDS or sum(map(len, self._buffer)) >= MAX_ROWS
        if urgent or full:
            self.flush()
        else:
            self.poll()


def _work_s(record: RunRecord) -> float:
    """Return the seconds that the run itself took, its company's left out."""
    spent = record.header.get("measured") or {}
    parts = (spent.get(f"{what}_wall_s") for what in ("ask", "tell", "eval"))
    return sum(part for part in parts if isinstance(part, int | float))
