"""One batch of the lock-step engine: gather asked trials, evaluate them, scatter the outcomes."""

from __future__ import annotations

import time
import traceback
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.engine.asked import Row
from hpobench_lab.engine.live import LiveRun
from hpobench_lab.engine.log import Log
from hpobench_lab.engine.replay import replay_rows
from hpobench_lab.engine.seeds import NoiseStreams, configuration_bytes
from hpobench_lab.space import Space
from hpobench_lab.store.runrecord import RunRecord
from hpobench_lab.testbed import Testbed
from hpobench_lab.trial import Outcomes, Status, Trials

__all__ = ["Seat", "evaluate_safely", "evaluate_seats"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass
class Seat:
    """Hold one live run with what the engine keeps for it.

    Args:
        live: The run.
        steps: Its generator.
        streams: Noise streams, or None for a testbed without noise.
        replay: Rows of an interrupted execution, or None.
        position: Id -> row of ``replay``.
        seen: Bytes of a configuration -> how often it was trained so far.
        stored: Told rows that are safe on disk.
        began: Unix seconds.
    """

    live: LiveRun
    steps: Generator[None, None, None]
    streams: NoiseStreams | None
    replay: RunRecord | None
    position: dict[int, int] = field(default_factory=dict)
    seen: dict[bytes, int] = field(default_factory=dict)
    stored: int = 0
    began: float = 0.0


Span = tuple[Seat, int, int]
"""A run and the rows of its log that are fresh: first to last."""


def evaluate_seats(seats: Sequence[Seat], testbed: Testbed) -> None:
    """Evaluate the fresh trials of some runs together and fill their logs."""
    space = testbed.problem.space
    spans: list[Span] = []
    asked: list[Row] = []
    for seat in seats:
        live = seat.live
        spans.append((seat, live.evaluated, live.log.asked))
        asked += live.fresh
        live.fresh.clear()
        live.evaluated = live.log.asked
        live.log.reserve(0)
    values, x, errors = _canonical(space, asked)
    wanted = np.ones(len(asked), dtype=np.bool_)
    offset = 0
    for seat, first, last in spans:
        rows = slice(offset, offset := offset + last - first)
        seat.live.log.values[first:last] = values[rows]
        seat.live.log.x[first:last] = x[rows]
        if errors:
            _mark_invalid(seat, first, rows, errors)
        if seat.live.invalid:
            wanted[rows] &= [i not in seat.live.invalid for i in range(first, last)]
        if testbed.facts.stochastic:
            _count_replicates(seat, first, last)
        if seat.position:
            assert seat.replay is not None
            told_again = replay_rows(seat.live, first, last, seat.replay, seat.position, testbed)
            wanted[rows] &= ~told_again
    if wanted.all():
        trials = _trials(spans, testbed, values, x)
    elif wanted.any():
        trials = _trials(spans, testbed, values, x).take(np.flatnonzero(wanted))
    else:
        return
    before = time.perf_counter()
    outcomes = evaluate_safely(testbed, trials)
    _scatter(spans, wanted, outcomes, (time.perf_counter() - before) / len(trials))


def _mark_invalid(seat: Seat, first: int, rows: slice, errors: dict[int, str]) -> None:
    for row, message in errors.items():
        if rows.start <= row < rows.stop:
            id = first + row - rows.start
            seat.live.invalid.setdefault(id, f"trial {id}: {message}")


def _trials(spans: Sequence[Span], testbed: Testbed, values: FloatArray, x: FloatArray) -> Trials:
    """Return the whole batch with fidelities, replicates and noise streams."""
    n = len(values)
    logs = [(seat.live.log, first, last) for seat, first, last in spans]
    if testbed.problem.fidelities:
        fidelities = np.concatenate([log.fidelities[a:b] for log, a, b in logs])
    else:
        fidelities = np.empty((n, 0))
    replicate, seed = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.uint64)
    if testbed.facts.stochastic:
        replicate[:] = np.concatenate([log.replicate[a:b] for log, a, b in logs])
        owners = [seat.streams for seat, first, last in spans for _ in range(first, last)]
        for i, streams in enumerate(owners):
            assert streams is not None
            seed[i] = streams(values[i], int(replicate[i]))
    return Trials(testbed.problem.space, values, x, fidelities, seed, replicate)


def _canonical(space: Space, asked: Sequence[Row]) -> tuple[FloatArray, FloatArray, dict[int, str]]:
    """Return canonical values and unit rows, and what is wrong by row (such rows are zero)."""
    try:
        rows = np.array(asked, dtype=np.float64)
        values = space.decode(rows)
        if space.constraints and not space.feasible(values).all():
            raise ValueError("some row breaks a constraint")
        return values, space.encode(values), {}
    except Exception:  # whatever a plug-in puts into a row; told apart one by one
        return _canonical_one_by_one(space, asked)


def _canonical_one_by_one(
    space: Space, asked: Sequence[Row]
) -> tuple[FloatArray, FloatArray, dict[int, str]]:
    values = np.empty((len(asked), space.dimension))
    errors: dict[int, str] = {}
    blank = space.decode(np.zeros((1, space.dimension)))
    for i, wanted in enumerate(asked):
        try:
            if isinstance(wanted, dict):
                row = space.values([wanted])
            else:
                row = space.decode(np.asarray(wanted, dtype=np.float64)[None])
            if not space.feasible(row)[0]:
                raise ValueError(f"breaks a constraint of {list(space.constraints)}")
            values[i] = row
        except Exception as error:
            errors[i] = f"the configuration is outside the space: {error}"
            values[i] = blank
    return values, space.encode(values), errors


def _count_replicates(seat: Seat, first: int, last: int) -> None:
    log = seat.live.log
    for id in range(first, last):
        parent = int(log.parent[id])
        if parent >= 0:
            log.replicate[id] = log.replicate[parent]
            continue
        key = configuration_bytes(log.values[id])
        log.replicate[id] = seat.seen.get(key, 0)
        seat.seen[key] = int(log.replicate[id]) + 1


def evaluate_safely(testbed: Testbed, trials: Trials) -> Outcomes:
    """Return the outcomes of a batch; rows on which ``evaluate`` raises are ``failed``."""
    n, problem = len(trials), testbed.problem
    try:
        return _checked(testbed.evaluate(trials), testbed, n)
    except Exception:
        if n > 1:
            return _join([evaluate_safely(testbed, trials.take([i])) for i in range(n)])
        levels = trials.fidelities[:, 0] if problem.fidelities else np.ones(1)
        return Outcomes.of(
            np.full((1, len(problem.objectives)), np.nan),
            levels,
            status=[Status.failed],
            constraints=np.full((1, len(problem.constraints)), np.nan),
            messages={0: traceback.format_exc()},
        )


def _checked(outcomes: Outcomes, testbed: Testbed, n: int) -> Outcomes:
    """Return outcomes of the promised shapes and values; raise ``ValueError`` otherwise."""
    name, problem = testbed.facts.name, testbed.problem
    expected: dict[str, tuple[int, ...]] = {
        "losses": (n, len(problem.objectives)),
        "cost_s": (n,),
        "status": (n,),
        "constraints": (n, len(problem.constraints)),
    }
    if outcomes.energy_j is not None:
        expected["energy_j"] = (n,)
    if outcomes.gradient is not None:
        expected["gradient"] = (n, problem.space.dimension)
    for field_name, shape in expected.items():
        got = np.shape(getattr(outcomes, field_name))
        if got != shape:
            raise ValueError(f"{name}: {field_name} must have shape {shape}, got {got}")
    if outcomes.curves is not None and len(outcomes.curves) != n:
        raise ValueError(f"{name}: curves must have {n} entries, got {len(outcomes.curves)}")
    if not (np.isfinite(outcomes.cost_s) & (np.asarray(outcomes.cost_s) >= 0)).all():
        raise ValueError(f"{name}: cost_s must be finite and at least 0")
    status = np.asarray(outcomes.status)
    if status.max(initial=0) >= Status.cut:
        raise ValueError(f"{name}: status must be one of ok ... infeasible, got {status.max()}")
    if np.isfinite(np.asarray(outcomes.losses)[status == Status.ok]).all():
        return outcomes
    more = {k: getattr(outcomes, k) for k in ("energy_j", "gradient", "curves", "messages")}
    return Outcomes.of(
        outcomes.losses, outcomes.cost_s, status=status, constraints=outcomes.constraints, **more
    )


def _join(parts: list[Outcomes]) -> Outcomes:
    """Return single-row outcomes as one batch."""
    d = next((p.gradient.shape[1] for p in parts if p.gradient is not None), 0)
    energies = [np.full(1, np.nan) if p.energy_j is None else p.energy_j for p in parts]
    return Outcomes(
        np.concatenate([p.losses for p in parts]),
        np.concatenate([p.cost_s for p in parts]),
        np.concatenate([p.status for p in parts]),
        np.concatenate([p.constraints for p in parts]),
        np.concatenate(energies) if any(p.energy_j is not None for p in parts) else None,
        np.concatenate(
            [np.full((1, d), np.nan) if p.gradient is None else p.gradient for p in parts]
        )
        if d
        else None,
        [np.zeros((0, 3)) if p.curves is None else p.curves[0] for p in parts]
        if any(p.curves is not None for p in parts)
        else None,
        {i: p.messages[0] for i, p in enumerate(parts) if 0 in p.messages},
    )


def _scatter(spans: Sequence[Span], wanted: BoolArray, outcomes: Outcomes, wall_s: float) -> None:
    """Write the outcomes of the wanted rows into the runs' logs."""
    whole = len(outcomes.losses) == len(wanted)
    extras = outcomes.gradient is not None or outcomes.curves is not None or bool(outcomes.messages)
    row = offset = 0
    for seat, first, last in spans:
        ids: slice | IntArray = slice(first, last)
        n = last - first
        if not whole:
            ids = first + np.flatnonzero(wanted[row : row + n])
            row += n
            n = len(ids)
        log, rows = seat.live.log, slice(offset, offset + n)
        log.losses[ids] = outcomes.losses[rows]
        log.status[ids] = outcomes.status[rows]
        log.total_s[ids] = outcomes.cost_s[rows]
        log.eval_wall_s[ids] = wall_s
        if log.constraints.shape[1]:
            log.constraints[ids] = outcomes.constraints[rows]
        if outcomes.energy_j is not None:
            log.with_energy()[ids] = outcomes.energy_j[rows]
        if extras:
            numbers = range(first, last) if isinstance(ids, slice) else ids.tolist()
            _scatter_extras(log, numbers, outcomes, offset)
        offset += n


def _scatter_extras(log: Log, ids: Iterable[int], outcomes: Outcomes, offset: int) -> None:
    for row, id in enumerate(ids, start=offset):
        if outcomes.gradient is not None and not np.isnan(outcomes.gradient[row]).any():
            log.gradients[id] = outcomes.gradient[row]
        if outcomes.curves is not None and len(outcomes.curves[row]):
            log.curves[id] = outcomes.curves[row]
        if row in outcomes.messages:
            log.messages[id] = outcomes.messages[row]
