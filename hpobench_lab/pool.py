"""The coordinator of the lanes: one process each, one chunk in flight, watched from outside.

A lane that dies costs its own work only: what it had not stored yet is replayed in a new lane. A
run that is in control of two lanes when they die, or whose optimizer works longer than
``ask_timeout_s`` on one turn, is recorded as failed; its neighbours are replayed. When lanes die in
a testbed, the chunk is halved until the run that does it is alone.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from hpobench_lab.data.place import data_folder
from hpobench_lab.engine.record import lost_record
from hpobench_lab.lane import Chunk, RunDone, receipt, work
from hpobench_lab.store import Store
from hpobench_lab.study import Run

__all__ = ["chunks", "run_in_lanes"]

POLL_S = 0.2
GRACE_S = 5.0
DEATHS = 2
MAX_CHUNK = 256
_THREADS = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM")


def chunks(runs: Sequence[Run], folder: Path, lanes: int) -> list[Chunk]:
    """Group runs by testbed, in pieces small enough to keep all lanes busy."""
    groups: dict[tuple[str, int], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.testbed.id, run.fold), []).append(run)
    pieces = max(1, -(-4 * lanes // max(1, len(groups)))) if lanes > 1 else 1
    found = []
    for group in groups.values():
        size = min(MAX_CHUNK, -(-len(group) // pieces))
        found += [Chunk(tuple(group[i : i + size]), folder) for i in range(0, len(group), size)]
    return found


class _Lane:
    """Hold one process with its pipe and its heartbeat."""

    def __init__(self, context: Any, memory_mb: int | None) -> None:
        self.beat = context.RawArray("d", [-1.0, 0.0])
        self.connection, theirs = context.Pipe()
        self.process = context.Process(
            target=work, args=(theirs, self.beat, memory_mb, str(data_folder())), daemon=False
        )
        self.process.start()
        theirs.close()
        self.chunk: Chunk | None = None

    def give(self, chunk: Chunk | None) -> None:
        """Send a chunk, or None to end."""
        self.beat[0], self.chunk = -1.0, chunk
        self.connection.send(chunk)

    def in_control(self) -> Run | None:
        """Return the run whose plug-in is working right now, if any."""
        index = int(self.beat[0])
        return self.chunk.runs[index] if self.chunk is not None and index >= 0 else None

    def overdue_s(self) -> float:
        """Return by how many seconds the plug-in in control has passed its limit."""
        run = self.in_control()
        if run is None:
            return -1.0
        return time.monotonic() - float(self.beat[1]) - run.protocol.ask_timeout_s

    def end(self) -> None:
        """Stop the process; what it knows is stored, unless it does not answer."""
        if self.process.is_alive():
            if self.chunk is None:
                with suppress(OSError):
                    self.give(None)
            else:
                self.process.terminate()
            self.process.join(GRACE_S)
        self.kill()

    def kill(self) -> None:
        """End the process at once."""
        if self.process.is_alive():
            self.process.kill()
        self.process.join()
        self.connection.close()


def run_in_lanes(
    todo: Sequence[Chunk], lanes: int, done: RunDone, *, memory_mb: int | None = None
) -> None:
    """Execute chunks in ``lanes`` processes; returns when all runs are stored.

    Args:
        todo: What to do; chunks are given out in order.
        lanes: How many processes.
        done: Called in this process for every finished run.
        memory_mb: Address space a lane may use, in MiB.

    Raises:
        HpoBenchError: What a lane met that only a person can mend, such as a full disk.
    """
    coordinator = _Coordinator(deque(todo), done, memory_mb)
    try:
        coordinator.run(min(lanes, max(1, len(todo))))
    finally:
        for lane in coordinator.lanes:
            lane.end()


class _Coordinator:
    """Give chunks to lanes, watch them, and clean up after one that died."""

    def __init__(self, todo: deque[Chunk], done: RunDone, memory_mb: int | None) -> None:
        self.todo, self.done, self.memory_mb = todo, done, memory_mb
        self.lanes: list[_Lane] = []
        self._deaths: Counter[str] = Counter()
        self._context = _context()

    def run(self, lanes: int) -> None:
        self.lanes += [_Lane(self._context, self.memory_mb) for _ in range(lanes)]
        while True:
            for lane in list(self.lanes):
                if lane.chunk is None and self.todo:
                    self._give(lane, self.todo.popleft())
            busy = [lane for lane in self.lanes if lane.chunk is not None]
            if not busy and not self.todo:
                return
            ready = wait([lane.connection for lane in busy], timeout=POLL_S)
            for lane in busy:
                if lane.connection in ready:
                    self._listen(lane)
                elif lane.overdue_s() > 0:
                    self._timed_out(lane)

    def _give(self, lane: _Lane, chunk: Chunk) -> None:
        try:
            lane.give(chunk)
        except OSError:  # it died while idle
            self._restart(lane, chunk)

    def _listen(self, lane: _Lane) -> None:
        try:
            what, content = lane.connection.recv()
        except (EOFError, OSError):
            self._died(lane)
            return
        if what == "run":
            self.done(content)
        elif what == "error":
            raise content
        elif what == "bug":
            raise RuntimeError(f"a lane failed:\n{content}")
        else:
            lane.chunk = None

    def _died(self, lane: _Lane) -> None:
        """Replay what a dead lane had not stored; find out whose doing it was."""
        culprit, chunk = lane.in_control(), lane.chunk
        assert chunk is not None
        rest = self._end(lane, chunk)
        suspects = [culprit] if culprit in rest else rest
        name = "+".join(run.key for run in suspects if run is not None)
        self._deaths[name] += 1
        if self._deaths[name] < DEATHS or not rest:
            self._again(chunk, rest)
        elif len(suspects) == 1:
            who = "the optimizer" if culprit is not None else f"testbed {rest[0].testbed.id}"
            code = lane.process.exitcode
            message = f"{who} ended its process {DEATHS} times (exit code {code})"
            self._give_up(chunk, rest, suspects[0], "crashed", message)
        else:  # somewhere in the testbed: halve until one run is left
            middle = len(rest) // 2
            self._again(chunk, rest[middle:])
            self._again(chunk, rest[:middle])

    def _timed_out(self, lane: _Lane) -> None:
        culprit, chunk = lane.in_control(), lane.chunk
        if culprit is None or chunk is None:
            return
        rest = self._end(lane, chunk)
        if culprit not in rest:  # it finished in this very instant
            self._again(chunk, rest)
            return
        limit = culprit.protocol.ask_timeout_s
        message = f"one turn of the optimizer took longer than ask_timeout_s = {limit:g}"
        self._give_up(chunk, rest, culprit, "timeout", message)

    def _give_up(
        self, chunk: Chunk, rest: list[Run], culprit: Run | None, reason: str, message: str
    ) -> None:
        """Record a run as failed, with the rows it had stored, and go on with its neighbours."""
        assert culprit is not None
        record = lost_record(culprit, reason, message, Store(chunk.folder).partial(culprit.key))
        with Store(chunk.folder).writer() as writer:
            writer.finished(record)
        self.done(receipt(record.header))
        self._again(chunk, [run for run in rest if run is not culprit])

    def _end(self, lane: _Lane, chunk: Chunk) -> list[Run]:
        """Kill a lane, take its last receipts, open another; return what is not stored."""
        if lane.process.is_alive():
            lane.process.kill()
        lane.process.join()
        with suppress(EOFError, OSError):
            while lane.connection.poll():
                what, content = lane.connection.recv()
                if what == "run":
                    self.done(content)
        lane.connection.close()
        self.lanes[self.lanes.index(lane)] = _Lane(self._context, self.memory_mb)
        finished = Store(chunk.folder).finished_keys()
        return [run for run in chunk.runs if run.key not in finished]

    def _again(self, chunk: Chunk, runs: Sequence[Run]) -> None:
        """Put runs back in front."""
        if runs:
            self.todo.appendleft(replace(chunk, runs=tuple(runs)))

    def _restart(self, lane: _Lane, chunk: Chunk) -> None:
        self._again(chunk, self._end(lane, chunk))


def _context() -> Any:
    """Return the forkserver context; its children inherit one thread a library and no hash seed."""
    for name in _THREADS:
        os.environ[f"{name}_NUM_THREADS"] = "1"
    os.environ["PYTHONHASHSEED"] = "0"
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["hpobench_lab.lane"])
    return context
