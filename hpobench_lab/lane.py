"""One lane: a process that executes chunks of runs, stores them and reports who is in control.

``run_chunk`` is the seam to other executors: it needs no lane, only a results folder.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import threadpoolctl

from hpobench_lab.data.place import VARIABLE
from hpobench_lab.engine import execute
from hpobench_lab.engine.live import Stopped
from hpobench_lab.errors import HpoBenchError
from hpobench_lab.factory import OptimizerBuilder, open_testbed
from hpobench_lab.store import Store
from hpobench_lab.store.runrecord import RunRecord
from hpobench_lab.study import Run

__all__ = ["Chunk", "RunDone", "receipt", "run_chunk", "work"]

RunDone = Callable[[dict[str, Any]], None]
"""Called with the header of every run that finished."""


@dataclass(frozen=True)
class Chunk:
    """Hold runs that share a testbed, executed together.

    Args:
        runs: At least one.
        folder: The results folder.
    """

    runs: tuple[Run, ...]
    folder: Path


def run_chunk(
    chunk: Chunk,
    store: Store,
    done: RunDone,
    watch: Callable[[Run | None], None] = lambda run: None,
) -> None:
    """Execute one chunk in this process and store its runs; what is stored is not done again.

    Args:
        chunk: What to do.
        store: The chunk's folder; one a process, because it remembers what it has verified.
        done: Called for every run that finished.
        watch: See ``engine.execute``.
    """
    finished = store.finished_keys()
    runs = [run for run in chunk.runs if run.key not in finished]
    if not runs:
        return
    partial = {run.key: store.partial(run.key) for run in runs}
    first = runs[0]
    testbed = open_testbed(first.testbed, first.fold)
    with store.writer() as writer:
        execute(
            runs,
            testbed,
            OptimizerBuilder(),
            _Reporting(writer, done),
            replay={key: record for key, record in partial.items() if record is not None},
            watch=watch,
        )


class _Reporting:
    """Pass records to a writer and tell the coordinator of finished runs."""

    def __init__(self, writer: Any, done: RunDone) -> None:
        self._writer, self._done = writer, done

    def finished(self, record: RunRecord) -> None:
        self._writer.finished(record)
        self._done(record.header)

    def partial(self, record: RunRecord) -> None:
        self._writer.partial(record)


def work(connection: Connection, beat: Any, memory_mb: int | None, data: str) -> None:
    """Be a lane: the main function of its process.

    Its public data lie in the folder ``data``, because what its parent's environment says now may
    be newer than the server that forks lanes.

    SIGTERM ends it, at once while it starts, later by one ``Stopped`` that lets what was told be
    stored; a second one changes nothing.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ[VARIABLE] = data
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _limit(memory_mb)
    armed = [True]

    def stop(number: int, frame: object) -> None:
        if armed:
            armed.clear()
            raise Stopped

    with suppress(Stopped):  # one that comes while the inner block is left
        with suppress(Stopped, EOFError, BrokenPipeError):
            signal.signal(signal.SIGTERM, stop)
            stores: dict[Path, Store] = {}
            while (chunk := connection.recv()) is not None:
                store = stores.setdefault(chunk.folder, Store(chunk.folder))
                connection.send(_work_off(chunk, store, connection, beat))
        armed.clear()


def _work_off(chunk: Chunk, store: Store, connection: Connection, beat: Any) -> tuple[str, Any]:
    """Execute one chunk, reporting who is in control; return the message that ends it."""
    numbers = {id(run): i for i, run in enumerate(chunk.runs)}

    def watch(run: Run | None) -> None:
        beat[1] = time.monotonic()
        beat[0] = -1 if run is None else numbers[id(run)]

    try:
        run_chunk(chunk, store, lambda header: connection.send(("run", receipt(header))), watch)
    except HpoBenchError as error:
        return "error", error
    except Exception:
        return "bug", traceback.format_exc()
    return "done", None


def receipt(header: dict[str, Any]) -> dict[str, Any]:
    """Return what the coordinator needs to know of a finished run."""
    measured = header["measured"]
    return {
        "key": header["key"],
        "label": header["optimizer"]["label"],
        "testbed": header["testbed"]["id"],
        "seed": header["seed"],
        "status": header["status"],
        "reason": header["reason"],
        "message": header["message"],
        "n_trials": header["n_trials"],
        "wall_start": measured["wall_start"],
        "wall_end": measured["wall_end"],
        "cpu_s": measured.get("cpu_s", 0.0),
    }


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _limit(memory_mb: int | None) -> None:
    """Use one thread for numerics and, on request, at most so much address space."""
    threadpoolctl.threadpool_limits(1)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    if memory_mb is not None:
        import resource

        limit = memory_mb * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
