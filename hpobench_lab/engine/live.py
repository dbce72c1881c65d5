"""One run as a generator: it yields when it needs trials evaluated (DESIGN 5.2, 5.7).

Virtual time alone decides what is told and when. How many asked trials lie ready, and with whom
they are evaluated, is physical and changes nothing.
"""

from __future__ import annotations

import traceback
from array import array
from collections.abc import Generator
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from hpobench_lab.engine.asked import (
    Row,
    as_trial,
    check_fidelity_names,
    level_of,
    parent_of,
    row_of,
    same_row,
)
from hpobench_lab.engine.clock import MIN_COST_S, Clock, Ledger
from hpobench_lab.engine.log import Log
from hpobench_lab.errors import ContractError
from hpobench_lab.problem import Problem
from hpobench_lab.protocol import Protocol
from hpobench_lab.study import Run
from hpobench_lab.trial import Evaluation, Status, Trial

__all__ = ["HARNESS", "Ending", "LiveRun", "Stopped"]


@dataclass(frozen=True)
class Ending:
    """Say how a run ended: ``status`` ok or failed, ``reason``, ``message``."""

    status: str
    reason: str
    message: str = ""


class Stopped(BaseException):
    """Ask a process from outside to end; no plug-in may swallow it, and what was told is kept."""


HARNESS = (Stopped, KeyboardInterrupt)
"""What is not the plug-in's doing; everything else that it raises fails its run."""


class _Failure(Exception):
    """Carry the ending of a run that failed out of nested calls."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.ending = Ending("failed", reason, message)


class LiveRun:
    """Drive one optimizer through its budget.

    Args:
        run: Which run this is.
        problem: What the optimizer knows, budget and workers filled in.
        optimizer: An object with ``ask`` and ``tell``.
        block: How many trials may lie ready when the optimizer can ask ahead.

    ``fresh`` holds the asked rows that wait for evaluation; they are rows
    ``evaluated .. log.asked`` of ``log``. The engine fills those rows and resumes the generator.
    """

    def __init__(self, run: Run, problem: Problem, optimizer: Any, *, block: int = 64) -> None:
        self.run, self.problem, self.optimizer = run, problem, optimizer
        protocol: Protocol = run.protocol
        self.clock = Clock(protocol.workers)
        self.ledger = Ledger(protocol.budget, problem, protocol.max_trials)
        self.log = Log(problem, self.ledger.capacity())
        self.fresh: list[Row] = []
        self.evaluated = 0
        self.ending: Ending | None = None
        self.invalid: dict[int, str] = {}  # rows that break the contract, and how
        self.n_started = 0
        self._synchronous = protocol.synchronous
        self._block = block
        self._ahead = getattr(optimizer, "ahead", None)
        self._is_sequential = (
            protocol.workers == 1
            and self.log.units is None
            and self.ledger.axis != "simulated_seconds"
        )
        self._blocked: _Failure | None = None
        self._told = bytearray()

    def steps(self) -> Generator[None, None, None]:
        """Yield whenever ``fresh`` must be evaluated; set ``ending`` when the run is over."""
        try:
            yield from self._loop()
        except _Failure as failure:
            self._close(self.clock.now, failure.ending)

    def _loop(self) -> Generator[None, None, None]:
        clock, log, tell = self.clock, self.log, self.optimizer.tell
        stopped = False  # the budget is spent
        while True:
            waiting = False  # ask() returned None
            first = self.n_started
            if self._is_sequential:
                self._run_ready()
                first = self.n_started
            if not stopped and (not clock or not self._synchronous):
                for _ in range(clock.idle):
                    if not self.ledger.admits(clock.now):
                        stopped = True
                        break
                    if self.n_started == log.asked and not self._ask():
                        waiting = True
                        break
                    if not self._start():
                        stopped = True
                        break
            if self.n_started > self.evaluated:
                yield
                self._prove_evaluated()
            for id in range(first, self.n_started):
                self._submit(id)
            if not clock:
                self._close(clock.now, Ending("ok", "exhausted" if waiting else "budget"))
                return
            if self.ledger.axis == "simulated_seconds" and clock.next_end > self.ledger.limit:
                self._close(self.ledger.limit, Ending("ok", "budget"))
                return
            for id in clock.advance():
                log.told.append(id)
                self._told[id] = 1
                before = perf_counter()
                try:
                    tell(Evaluation(log, id))
                except HARNESS:
                    raise
                except BaseException:
                    raise _Failure("error", traceback.format_exc()) from None
                log.tell_wall_s[id] = perf_counter() - before

    def _run_ready(self) -> None:
        """Run the trials that lie ready, one after the other: one worker, no fidelity.

        The same rules as in ``_loop`` without its heap; a test compares the two.
        """
        log, tell = self.log, self.optimizer.tell
        first = self.n_started
        last = min(self.evaluated, first + self.ledger.room())
        if self.invalid:
            last = min([last, *(id for id in self.invalid if id >= first)])
        if last <= first:
            return
        self.ledger.charge_ones(last - first)
        self.n_started = last
        cost = log.cost_s[first:last] = log.total_s[first:last]
        times = np.cumsum(np.concatenate([[self.clock.now], np.maximum(cost, MIN_COST_S)]))
        log.start.frombytes(times[:-1].tobytes())
        log.end.frombytes(times[1:].tobytes())
        log.told.extend(range(first, last))
        id, walls, before = first, log.tell_wall_s, perf_counter()
        try:
            for id in range(first, last):
                tell(Evaluation(log, id))
                after = perf_counter()
                walls[id] = after - before
                before = after
        except HARNESS:
            raise
        except BaseException:
            never = last - 1 - id  # rows whose turn does not come any more
            for column in (log.start, log.end, log.told):
                del column[len(column) - never :]
            self.ledger.charge_ones(-never)
            raise _Failure("error", traceback.format_exc()) from None
        finally:
            self.clock.now = log.end[id]
            self._told[first : id + 1] = b"\x01" * (id + 1 - first)

    # --- (a) asking -------------------------------------------------------------------------

    def _ask(self) -> bool:
        """Ask for at least one trial; return False when the optimizer waits."""
        if self._blocked is not None:
            raise self._blocked
        if not self._ask_one():
            return False
        if self._ahead is not None:
            self._ask_more(min(self._count_ahead(), self._block, self.ledger.room()) - 1)
        return True

    def _ask_more(self, n: int) -> None:
        """Ask for n further trials that no pending result can change."""
        log, ask, walls, first = self.log, self.optimizer.ask, array("f"), self.log.asked
        fresh, noted = self.fresh, self.log.units is not None
        special: list[Trial] = []
        try:
            before = perf_counter()
            for id in range(first, first + n):
                asked = ask()
                after = perf_counter()
                walls.append(after - before)
                before = after
                if type(asked) is not Trial:
                    if asked is None:
                        walls.pop()
                        break
                    asked = _trial(asked)
                asked.id = id
                fresh.append(row_of(asked))
                if noted or asked.parent is not None or asked.fidelity is not None:
                    special.append(asked)
        except _Failure as failure:  # it fails at its own virtual time, not now
            self._blocked = failure
            walls.pop()
        except HARNESS:
            raise
        except BaseException:
            self._blocked = _Failure("error", traceback.format_exc())
        log.asked += len(walls)
        log.ask_wall_s += walls
        log.tell_wall_s.extend([0.0] * len(walls))
        self._told += bytes(len(walls))
        for trial in special:
            self._note(trial)

    def _count_ahead(self) -> int:
        try:
            return int(self._ahead())  # type: ignore[misc]
        except HARNESS:
            raise
        except BaseException:
            raise _Failure("error", traceback.format_exc()) from None

    def _ask_one(self) -> bool:
        log = self.log
        before = perf_counter()
        try:
            asked = self.optimizer.ask()
        except HARNESS:
            raise
        except BaseException:
            raise _Failure("error", traceback.format_exc()) from None
        spent = perf_counter() - before
        if type(asked) is not Trial:
            if asked is None:
                return False
            asked = _trial(asked)
        asked.id = log.asked
        log.asked += 1
        self.fresh.append(row_of(asked))
        self._told.append(0)
        log.ask_wall_s.append(spent)
        log.tell_wall_s.append(0.0)
        if log.units is not None or asked.parent is not None or asked.fidelity is not None:
            self._note(asked)
        return True

    def _note(self, trial: Trial) -> None:
        """Store fidelity and parent of an asked trial; what is wrong shows when it starts."""
        log, id = self.log, trial.id
        log.reserve(0)
        try:
            check_fidelity_names(trial, log.fidelity_names)
            log.fidelities[id] = [
                level_of(trial, f.name, f.min, f.max, i)
                for i, f in enumerate(self.problem.fidelities)
            ]
            if trial.parent is not None:
                log.parent[id] = parent_of(trial, log.units is not None)
        except ValueError as error:
            self.invalid[id] = str(error)

    # --- (b) starting -----------------------------------------------------------------------

    def _start(self) -> bool:
        """Start the next asked trial if the budget admits it."""
        id, log = self.n_started, self.log
        units = 1.0
        if self.invalid and id in self.invalid:
            raise _Failure("error", self.invalid[id])
        if log.units is not None:
            units = self._units(id)
        if not self.ledger.charge(units, self.clock.now):
            return False
        if log.units is not None:
            log.units[id] = units
        self.n_started += 1
        return True

    def _units(self, id: int) -> float:
        log = self.log
        parent = int(log.parent[id])
        level = float(log.fidelities[id, 0])
        if parent < 0:
            return level
        if not self._told[parent]:
            raise _Failure("error", f"trial {id}: its parent {parent} was not told yet")
        if log.status[parent] != Status.ok:
            raise _Failure("error", f"trial {id}: its parent {parent} did not end ok")
        below = float(log.fidelities[parent, 0])
        if below >= level:
            raise _Failure(
                "error",
                f"trial {id}: continues trial {parent} at fidelity {level:g}, "
                f"which is not above the parent's {below:g}",
            )
        return level if self.problem.continuation == "none" else level - below

    def _prove_evaluated(self) -> None:
        assert self.evaluated == self.log.asked, "the engine resumed a run before its trials"

    def _submit(self, id: int) -> None:
        """Put an evaluated trial on the clock."""
        log = self.log
        if self.invalid and id in self.invalid:
            raise _Failure("error", self.invalid[id])
        cost = self._cost(id) if log.units is not None else log.total_s[id]
        log.cost_s[id] = cost
        log.start.append(self.clock.now)
        log.end.append(self.clock.submit(id, float(cost)))

    def _cost(self, id: int) -> float:
        """Return the charged seconds: the difference to the parent where training continues."""
        log, parent = self.log, int(self.log.parent[id])
        total = float(log.total_s[id])
        if parent < 0 or self.problem.continuation == "none":
            return total
        if not same_row(log, id, parent):  # cloning needs a testbed that keeps checkpoints
            raise _Failure(
                "error",
                f"trial {id}: continues trial {parent} with another configuration; "
                "this testbed continues the same configuration only",
            )
        below = float(log.total_s[parent])
        log.total_s[id] = max(total, below)  # cumulative cost never falls
        return max(0.0, total - below)

    # --- the end ----------------------------------------------------------------------------

    def _close(self, now: float, ending: Ending) -> None:
        """End the run; what still runs is cut, charged up to ``now``, and its outcome forgotten."""
        log = self.log
        for id in self.clock.pending:
            log.status[id] = Status.cut
            log.losses[id] = float("nan")
            log.cost_s[id] = max(0.0, now - log.start[id])
        if self.ledger.axis == "simulated_seconds":
            self.ledger.spent = min(now, self.ledger.limit)
        self.ending = ending


def _trial(asked: object) -> Trial:
    try:
        return as_trial(asked)
    except ContractError as error:
        raise _Failure("error", f"{type(error).__name__}: {error}") from None
