"""The lock-step engine: all runs that share a testbed are evaluated as one batch (DESIGN 5).

A run is a generator. The engine collects the trials of any subset of the live runs, evaluates
them together, scatters the outcomes into the runs' logs and resumes the runs. Which subset, in
which order and in which batches changes nothing but speed.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from hpobench_lab.engine.batch import Seat, evaluate_seats
from hpobench_lab.engine.live import HARNESS, LiveRun
from hpobench_lab.engine.record import finished_record, partial_record, stillborn_record
from hpobench_lab.engine.seeds import NoiseStreams, generator
from hpobench_lab.problem import Problem
from hpobench_lab.store.runrecord import RunRecord
from hpobench_lab.study import Run
from hpobench_lab.testbed import Testbed

__all__ = ["Company", "Sink", "everybody", "execute", "one_by_one"]

Company = Callable[[int], Sequence[Sequence[int]]]
"""How n waiting runs are evaluated next: batches of their positions, each at most once."""
Factory = Callable[[Run, Problem, np.random.Generator], Any]
PARTIAL_EVERY_S = 5.0
_OVER = object()


class Sink(Protocol):
    """Take what the engine produces; the store's writer is one."""

    def finished(self, record: RunRecord) -> None:
        """Take a whole run."""
        ...

    def partial(self, record: RunRecord) -> None:
        """Take the rows of a running run that were told since the last time."""
        ...


def one_by_one(n: int) -> Sequence[Sequence[int]]:
    """Evaluate every waiting run alone; the default company where a batch saves nothing.

    >>> one_by_one(2)
    [range(0, 1), range(1, 2)]
    """
    return [range(i, i + 1) for i in range(n)]


def everybody(n: int) -> Sequence[Sequence[int]]:
    """Evaluate all waiting runs as one batch; the default company.

    >>> everybody(3)
    [range(0, 3)]
    """
    return [range(n)]


def execute(
    runs: Sequence[Run],
    testbed: Testbed,
    factory: Factory,
    sink: Sink,
    *,
    replay: dict[str, RunRecord] | None = None,
    company: Company | None = None,
    block: int | None = None,
    watch: Callable[[Run | None], None] = lambda run: None,
) -> None:
    """Execute runs that share a testbed, in lock-step.

    Args:
        runs: All on ``testbed``.
        testbed: The live testbed.
        factory: Makes the optimizer of a run from its problem and generator.
        sink: Takes finished and partial records.
        replay: Rows of interrupted runs by key; told again instead of being evaluated.
        company: Which waiting runs share a batch; tests pass random ones. By default everybody,
            but one run at a time where the testbed says that a batch saves nothing
            (``gains_from_batches = False``), so that results are told and stored as they come.
        block: How many trials an optimizer that can ask ahead may have ready; 64 and 1.
        watch: Called with the run whose plug-in is about to work, and with None after.
    """
    gains = getattr(testbed, "gains_from_batches", True)
    company = company or (everybody if gains else one_by_one)
    block = block or (64 if gains else 1)
    waiting: list[Seat] = []
    for run in runs:
        seat = _open(run, testbed, factory, sink, (replay or {}).get(run.key), block, watch)
        if seat is not None and _advance(seat, testbed, sink, watch):
            waiting.append(seat)
    try:
        _run_all(waiting, testbed, sink, company, watch)
    except BaseException:  # stopped from outside: what was told is not lost
        _save_partial(waiting, sink)
        raise


def _run_all(
    waiting: list[Seat],
    testbed: Testbed,
    sink: Sink,
    company: Company,
    watch: Callable[[Run | None], None],
) -> None:
    """Evaluate and resume until nobody waits; ``waiting`` is kept current."""
    flushed = time.monotonic()
    while waiting:
        for batch in [[waiting[i] for i in batch] for batch in company(len(waiting))]:
            evaluate_seats(batch, testbed)
            over = {id(seat) for seat in batch if not _advance(seat, testbed, sink, watch)}
            if over:
                waiting[:] = [seat for seat in waiting if id(seat) not in over]
            if time.monotonic() - flushed > PARTIAL_EVERY_S:
                _save_partial(waiting, sink)
                flushed = time.monotonic()


def _open(
    run: Run,
    testbed: Testbed,
    factory: Factory,
    sink: Sink,
    replay: RunRecord | None,
    block: int,
    watch: Callable[[Run | None], None],
) -> Seat | None:
    """Build the optimizer and seat its run; a constructor that raises fails the run."""
    problem = _problem(run, testbed)
    rng = generator(run.seed, "optimizer", run.testbed.id, run.fold)
    began = time.time()
    watch(run)
    try:
        optimizer = factory(run, problem, rng)
    except HARNESS:
        raise
    except BaseException:
        watch(None)
        sink.finished(stillborn_record(run, testbed, problem, began, traceback.format_exc()))
        return None
    watch(None)
    live = LiveRun(run, problem, optimizer, block=block)
    streams = None
    if testbed.facts.stochastic:
        streams = NoiseStreams(run.seed, run.testbed.id, run.fold)
    seat = Seat(live, live.steps(), streams, replay, began=began)
    if replay is not None:
        seat.position = {int(i): row for row, i in enumerate(replay.columns["id"])}
        seat.stored = len(replay.columns["id"])
    return seat


def _problem(run: Run, testbed: Testbed) -> Problem:
    return replace(testbed.problem, workers=run.protocol.workers, budget=run.protocol.budget)


def _advance(seat: Seat, testbed: Testbed, sink: Sink, watch: Callable[[Run | None], None]) -> bool:
    """Resume a run; return whether it waits for evaluations again."""
    watch(seat.live.run)  # stays set when the process dies or is stopped in here
    over = next(seat.steps, _OVER) is _OVER
    watch(None)
    if over:
        sink.finished(finished_record(seat.live, testbed, seat.began))
    return not over


def _save_partial(seats: Sequence[Seat], sink: Sink) -> None:
    for seat in seats:
        told = len(seat.live.log.told)
        if told > seat.stored:
            sink.partial(partial_record(seat.live, seat.stored, told))
            seat.stored = told
