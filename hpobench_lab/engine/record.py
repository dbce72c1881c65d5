"""From a live run to what is stored: header, columns, scores of the incumbents, fingerprint."""

from __future__ import annotations

import platform
import socket
import time
from functools import cache
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.engine.live import Ending, LiveRun
from hpobench_lab.engine.log import Log
from hpobench_lab.problem import Problem
from hpobench_lab.store.runrecord import RunRecord
from hpobench_lab.study import SCHEMA, Run
from hpobench_lab.testbed import Testbed
from hpobench_lab.trial import Status, Trials

__all__ = ["finished_record", "incumbents", "lost_record", "partial_record", "stillborn_record"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_SHOWN_FAILURES = 5


def finished_record(live: LiveRun, testbed: Testbed, began: float) -> RunRecord:
    """Return the record of a run that is over: told rows in order, then those that were cut."""
    log = live.log
    told = np.array(log.told, dtype=np.int64)
    cut = np.ones(len(log.start), dtype=np.bool_)
    cut[told] = False
    columns = log.columns(np.concatenate([told, np.flatnonzero(cut)]))
    columns["score"] = _scores(log, testbed, told, len(columns["id"]))
    assert live.ending is not None
    header = _header(live.run, live.problem, began) | {
        "status": live.ending.status,
        "reason": live.ending.reason,
        "message": live.ending.message,
        "spent": live.ledger.spent,
        "n_trials": len(columns["id"]),
        "n_told": len(told),
        "counts": _counts(columns["status"]),
        "failures": _failures(log),
        "extras": bool(log.gradients or log.curves),
        "fingerprint": _fingerprint(log, told),
    }
    header["measured"] |= {
        name: float(columns[name].sum(dtype=np.float64))
        for name in ("ask_wall_s", "tell_wall_s", "eval_wall_s")
    }
    header["measured"]["cpu_s"] = sum(
        header["measured"][name] for name in ("ask_wall_s", "tell_wall_s", "eval_wall_s")
    )
    return RunRecord(header, columns)


def partial_record(live: LiveRun, first: int, last: int) -> RunRecord:
    """Return the rows told from ``first`` to ``last`` of a run that goes on."""
    log = live.log
    rows = log.columns(np.array(log.told[first:last], dtype=np.int64))
    columns = {name: column.copy() for name, column in rows.items()}  # the log grows on
    columns["score"] = np.full(last - first, np.nan)
    header = _header(live.run, live.problem, time.time())
    header |= {"extras": bool(log.gradients or log.curves), "failures": _failures(log)}
    return RunRecord(header, columns, first)


def stillborn_record(
    run: Run, testbed: Testbed, problem: Problem, began: float, message: str
) -> RunRecord:
    """Return the record of a run whose optimizer could not even be built."""
    live = LiveRun(run, problem, _Silent())
    live.ending = Ending("failed", "error", message)
    return finished_record(live, testbed, began)


def lost_record(run: Run, reason: str, message: str, stored: RunRecord | None) -> RunRecord:
    """Return the record of a run that took its process with it, with the rows stored before."""
    columns = dict(stored.columns) if stored else {}
    n = len(columns["id"]) if columns else 0
    header = _header(run, None, time.time()) | {
        "status": "failed",
        "reason": reason,
        "message": message,
        "spent": 0.0,
        "n_trials": n,
        "n_told": n,
        "counts": _counts(columns["status"]) if n else {},
        "failures": stored.header.get("failures", []) if stored else [],
        "extras": False,
        "fingerprint": "",
    }
    if stored:
        header["testbed"]["space"] = stored.header["testbed"]["space"]
    return RunRecord(header, columns)


class _Silent:
    """Stand in for an optimizer that never came to life."""

    def ask(self) -> None:
        """Return None: nothing to ask."""

    def tell(self, evaluation: object) -> None:
        """Ignore the evaluation."""


def incumbents(losses: FloatArray, status: NDArray[np.uint8]) -> IntArray:
    """Return the rows that were the best told ``ok`` loss so far; ties keep the earliest.

    Args:
        losses: In the order told, shape (n,).
        status: Codes of ``Status``, shape (n,).

    >>> incumbents(np.array([3.0, 1.0, np.nan, 1.0, 0.5]), np.zeros(5, np.uint8))
    array([0, 1, 4])
    """
    usable = np.where((status == Status.ok) & np.isfinite(losses), losses, np.inf)
    best_before = np.concatenate([[np.inf], np.minimum.accumulate(usable)[:-1]])
    return np.flatnonzero(usable < best_before)


def _scores(log: Log, testbed: Testbed, told: IntArray, n: int) -> FloatArray:
    """Return noise-free losses at full fidelity for rows that were incumbents, NaN elsewhere."""
    scores = np.full(n, np.nan)
    if not len(told):
        return scores
    rows = incumbents(log.losses[told, 0], log.status[told])
    ids = told[rows]
    top = np.array([f.max for f in testbed.problem.fidelities])
    exact = (log.fidelities[ids] == top).all(axis=1) & (not testbed.facts.stochastic)
    scores[rows[exact]] = log.losses[ids[exact], 0]
    if not exact.all():
        trials = Trials.full(log.space, log.values[ids[~exact]], top.tolist())
        scores[rows[~exact]] = _score_safely(testbed, trials)
    return scores


def _score_safely(testbed: Testbed, trials: Trials) -> FloatArray:
    """Return noise-free first losses, shape (n,); NaN where the testbed cannot tell."""
    try:
        found = np.asarray(testbed.score(trials), dtype=np.float64)
        return found.reshape(len(trials), -1)[:, 0]
    except Exception:  # a testbed's fault must not cost the run; reports mark such scores
        return np.full(len(trials), np.nan)


def _header(run: Run, problem: Problem | None, began: float) -> dict[str, Any]:
    bed, optimizer = run.testbed, run.optimizer
    return {
        "schema": SCHEMA,
        "key": run.key,
        "identity": run.identity,
        "optimizer": {
            "label": optimizer.label,
            "id": optimizer.id,
            "version": optimizer.version,
            "params": dict(optimizer.params),
            "supports": sorted(optimizer.supports),
        },
        "testbed": {
            "id": bed.id,
            "version": bed.version,
            "params": dict(bed.params),
            "wrap": [dict(w) for w in bed.wrap],
            "fidelity": dict(bed.fidelity) if bed.fidelity else None,
            "objectives": list(bed.objectives),
            "space": problem.space.to_json() if problem else None,
            "facts": dict(bed.facts),
        },
        "protocol": run.protocol.to_json(),
        "seed": run.seed,
        "fold": run.fold,
        "device": run.device,
        "platform": platform_facts(),
        "measured": {"wall_start": began, "wall_end": time.time(), "host": socket.gethostname()},
    }


def _counts(status: NDArray[np.uint8]) -> dict[str, int]:
    found = np.bincount(status, minlength=len(Status))
    return {s.name: int(found[s]) for s in Status if found[s]}


def _failures(log: Log) -> list[dict[str, Any]]:
    """Return the last line of the first few failed trials' messages."""
    told = [i for i in log.told if i in log.messages][:_SHOWN_FAILURES] if log.messages else []
    return [{"id": i, "message": log.messages[i].strip().split("\n")[-1]} for i in told]


def _fingerprint(log: Log, told: IntArray) -> str:
    """Return the digest of what was asked and told, in the order told."""
    digest = blake2b(digest_size=16)
    values = np.where(np.isnan(log.values[told]), np.nan, log.values[told] + 0.0)
    losses = np.where(np.isnan(log.losses[told]), np.nan, log.losses[told] + 0.0)
    for part in (told, values, log.fidelities[told], log.parent[told], losses):
        digest.update(np.ascontiguousarray(part).tobytes())
    digest.update(log.status[told].tobytes())
    if len(log.end):
        digest.update(np.frombuffer(log.end, dtype=np.float64)[told].tobytes())
    return digest.hexdigest()


@cache
def platform_facts() -> dict[str, str]:
    """Return what bit-equality depends on: versions, BLAS core type and SIMD set."""
    from importlib.metadata import version

    import threadpoolctl

    blas = [p for p in threadpoolctl.threadpool_info() if p.get("user_api") == "blas"]
    features = np._core._multiarray_umath.__cpu_features__  # type: ignore[attr-defined]
    return {
        "python": platform.python_version().rsplit(".", 1)[0],
        "numpy": np.__version__.rsplit(".", 1)[0],
        "scipy": version("scipy").rsplit(".", 1)[0],
        "blas": "+".join(sorted({str(p.get("architecture", "?")) for p in blas})) or "none",
        "simd": "+".join(n for n in ("AVX2", "AVX512_SKX", "NEON", "SVE") if features.get(n)),
        "machine": platform.machine(),
    }
