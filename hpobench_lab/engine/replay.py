"""Resuming a run (DESIGN 5.9): stored outcomes are told again, and asks are compared bit by bit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.engine.live import LiveRun
from hpobench_lab.engine.log import Log
from hpobench_lab.store.runrecord import RunRecord
from hpobench_lab.testbed import Testbed

__all__ = ["replay_rows"]


def replay_rows(
    live: LiveRun,
    first: int,
    last: int,
    stored: RunRecord,
    position: dict[int, int],
    testbed: Testbed,
) -> NDArray[np.bool_]:
    """Fill rows of a log from an interrupted run's record.

    Cheap testbeds are evaluated again all the same, and only the asked fields are compared.

    Args:
        live: The run; ``invalid`` names rows that were asked differently before.
        first, last: The fresh rows.
        stored: What an earlier execution was told.
        position: Id -> row of ``stored``.
        testbed: Says whether it is expensive.

    Returns:
        Which of the rows are filled and need no evaluation, shape (last - first,).
    """
    log, columns = live.log, stored.columns
    known = np.array([id in position for id in range(first, last)], dtype=np.bool_)
    asked = first + np.flatnonzero(known)
    rows = [position[int(id)] for id in asked]
    for id, row in zip(asked.tolist(), rows, strict=True):
        difference = _difference(log, id, columns, row)
        if difference:
            live.invalid[id] = (
                "the optimizer is not deterministic: on resuming, it asked trial "
                f"{id} with another {difference} than before"
            )
    if not testbed.facts.expensive or stored.header.get("extras"):
        return np.zeros(last - first, dtype=np.bool_)
    for j in range(log.losses.shape[1]):
        log.losses[asked, j] = columns[f"loss.{j}" if j else "loss"][rows]
    for j in range(log.constraints.shape[1]):
        log.constraints[asked, j] = columns[f"constraint.{j}"][rows]
    log.status[asked] = columns["status"][rows]
    log.total_s[asked] = columns["total_s" if "total_s" in columns else "cost_s"][rows]
    log.eval_wall_s[asked] = columns["eval_wall_s"][rows]
    for failure in stored.header.get("failures", []):
        if first <= failure["id"] < last:
            log.messages[failure["id"]] = failure["message"]
    if "energy_j" in columns:
        log.with_energy()[asked] = columns["energy_j"][rows]
    return known


def _difference(log: Log, id: int, columns: dict[str, NDArray[Any]], row: int) -> str:
    """Return the name of the first asked field that differs from the stored one, or ""."""
    for j, name in enumerate(log.space.names):
        now, then = log.values[id, j], columns[f"p.{name}"][row]
        if now != then and not (np.isnan(now) and np.isnan(then)):
            return f"value of {name!r}"
    for j, name in enumerate(log.fidelity_names):
        if log.fidelities[id, j] != columns[f"fidelity.{j}" if j else "fidelity"][row]:
            return f"fidelity {name!r}"
    return "parent" if log.parent[id] != columns["parent"][row] else ""
