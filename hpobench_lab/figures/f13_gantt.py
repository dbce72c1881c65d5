"""F13: what the simulated workers did, and how much of their time was used.

References:
    Li, Jamieson, Rostamizadeh, Gonina, Ben-tzur, Hardt, Recht, Talwalkar (2020), MLSys 2:230-246,
    on idle workers in synchronous halving.
"""

from __future__ import annotations

from collections.abc import Mapping
from heapq import heapify, heappush, heapreplace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpobench_lab.analysis.runs.panel import ResultsLike
from hpobench_lab.analysis.study import Analysis
from hpobench_lab.figures.curves import looks_of
from hpobench_lab.figures.plot import Plot, Rows
from hpobench_lab.figures.style import INK, Look, plain

__all__ = ["gantt", "utilisation", "workers_of"]

FloatArray = NDArray[np.float64]

BARS = 120
"""Trials drawn of a run; the others are counted in the utilisation."""

PANELS = 12
COLUMNS = ("panel", "optimizer", "trial", "worker", "start", "end", "state", "stop", "used",
           "workers")  # fmt: skip
OK, CUT = 0, 5


def gantt(analysis: Analysis, results: ResultsLike) -> Plot:
    """Return the trials of one run of each optimizer, by worker; empty with a single worker.

    The runs are those of the first finished seed on the first testbed where the trials of a run
    last differently long (otherwise on the first). Which worker had a trial is not stored: trials
    are given, in order of their start (ties: of their number), to the worker that has been free
    longest, ties to the first.

    Its rows: ``panel`` and ``optimizer`` (its label), ``trial``, ``worker`` (from 1), ``start`` and
    ``end`` (simulated seconds), ``state`` (``ok``; ``failed``: no loss; ``cut``: ended beyond the
    budget, never told), ``stop`` (end of the run), ``used`` (share of all workers' time until
    then), ``workers``.
    """
    runs = _example(analysis, results)
    lines = [line for i in runs[:PANELS] for line in _run(results, i)]
    columns = list(zip(*lines, strict=True)) if lines else [()] * len(COLUMNS)
    where = f" on {plain(results.headers[runs[0]]['testbed']['id'])}" if runs else ""
    most = max((int(line[-1]) for line in lines), default=2)
    rest = f" The first {PANELS} of {len(runs)} optimizers." if len(runs) > PANELS else ""
    return Plot(
        "f13-gantt",
        "What the workers did",
        f"One run (the first seed) of each optimizer{where}. A bar is a trial, a line of bars "
        "a simulated worker; a gap: idle. Hatched: without a loss; hollow: ended beyond the budget "
        "and never told. The share is the time in which the workers had a trial, of all their time "
        "until the end of the run, a vertical line. At most the first "
        f"{BARS} trials are drawn.{rest}",
        dict(zip(COLUMNS, columns, strict=True)),
        draw,
        looks_of(analysis),
        size=(2.9, 0.85 + 0.13 * min(most, 12)),
        legend=False,
    )


def workers_of(start: ArrayLike, end: ArrayLike, workers: int) -> NDArray[np.int64]:
    """Return a worker for each trial: in order of start, the one that has been free longest.

    Args:
        start: Shape (n,).
        end: Shape (n,).
        workers: Their number; more are added where trials overlap more than that.

    Returns:
        From 0, shape (n,).

    >>> workers_of([0, 0, 1, 2], [2, 1, 3, 4], 2)
    array([0, 1, 1, 0])
    """
    begins, ends = np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64)
    free = [(0.0, w) for w in range(workers)]
    heapify(free)
    out = np.zeros(len(begins), dtype=np.int64)
    for i in np.lexsort((np.arange(len(begins)), begins)).tolist():
        if free[0][0] > begins[i]:
            heappush(free, (-np.inf, len(free)))
        out[i] = free[0][1]
        heapreplace(free, (float(ends[i]), free[0][1]))
    return out


def utilisation(start: ArrayLike, end: ArrayLike, workers: int, stop: float) -> float:
    """Return the share of the workers' time until ``stop`` in which they had a trial.

    >>> utilisation([0.0, 0.0, 2.0], [4.0, 2.0, 6.0], 2, 4.0)
    1.0
    """
    a, b = np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64)
    busy = np.clip(np.minimum(b, stop) - np.minimum(a, stop), 0.0, None).sum()
    return float(busy / (workers * stop)) if stop > 0 else float("nan")


def _example(analysis: Analysis, results: ResultsLike) -> list[int]:
    """Return one run an optimizer, all on one testbed, best first."""
    panel = analysis.panel
    order = [panel.optimizers.index(r.label) for r in analysis.league]
    found: list[list[int]] = []
    for j in range(len(panel.beds)):
        runs = []
        for i in order:
            done = panel.run[i, j][panel.present[i, j] & ~panel.failed[i, j]].tolist()
            if done and _workers(results, done[0]) > 1:
                runs.append(int(done[0]))
        if any(_uneven(results, i) for i in runs):
            return runs
        found += [runs] if runs else []
    return found[0] if found else []


def _workers(results: ResultsLike, i: int) -> int:
    return int((results.headers[i].get("protocol") or {}).get("workers") or 1)


def _uneven(results: ResultsLike, i: int) -> bool:
    rows = slice(int(results.offsets[i]), int(results.offsets[i + 1]))
    length = np.asarray(results.columns["end"][rows]) - np.asarray(results.columns["start"][rows])
    known = length[np.isfinite(length)]
    return bool(len(known)) and float(known.max()) > float(known.min()) * (1 + 1e-6)


def _run(results: ResultsLike, i: int) -> list[tuple[Any, ...]]:
    rows = slice(int(results.offsets[i]), int(results.offsets[i + 1]))
    columns = (np.asarray(results.columns[k][rows]) for k in ("id", "start", "end", "status"))
    trial, start, end, status = (np.asarray(c) for c in columns)
    known = np.isfinite(start) & np.isfinite(end)
    order = np.flatnonzero(known)[np.argsort(trial[known], kind="stable")]  # rows: as told
    trial, start, end, status = (c[order] for c in (trial, start, end, status))
    if not len(start):
        return []
    budget = results.headers[i]["protocol"].get("budget") or {}
    stop = float(budget.get("simulated_seconds") or end.max())
    workers, label = _workers(results, i), str(results.headers[i]["optimizer"]["label"])
    worker = workers_of(start, end, workers) + 1
    used = utilisation(start, end, workers, stop)
    keep = np.lexsort((trial, start))[:BARS].tolist()
    return [
        (label, label, int(trial[r]), int(worker[r]), float(start[r]), float(end[r]),
         _state(int(status[r])), stop, used, workers)
        for r in keep
    ]  # fmt: skip


def _state(status: int) -> str:
    return "ok" if status == OK else "cut" if status == CUT else "failed"


def draw(ax: Any, rows: Rows, known: Mapping[str, Look]) -> None:
    """Draw a bar for each trial, worker 1 on top."""
    look = known[rows["optimizer"][0]]
    j = list(known).index(look.label)
    styles: dict[str, dict[str, Any]] = {
        "ok": {"facecolors": look.colour, "edgecolors": "#ffffff", "linewidths": 0.3},
        "failed": {"facecolors": "none", "edgecolors": look.colour, "hatch": "//////",
                   "linewidths": 0.5},
        "cut": {"facecolors": "none", "edgecolors": INK, "linewidths": 0.7, "linestyle": ":"},
    }  # fmt: skip
    for state, style in styles.items():
        for worker in range(1, max(rows["worker"]) + 1):
            columns = zip(*(rows[k] for k in ("state", "worker", "start", "end")), strict=True)
            bars = [(a, b - a) for s, w, a, b in columns if (s, w) == (state, worker)]
            if bars:
                ax.broken_barh(bars, (worker - 0.42, 0.84), gid=f"o{j}-bar", **style)
    stop, workers = rows["stop"][0], max(int(rows["workers"][0]), *rows["worker"])
    last = max(rows["start"])
    if len(rows["start"]) < BARS or stop <= last:
        ax.axvline(stop, color=INK, linewidth=0.8)
        last = max(stop, *rows["end"]) * 1.01
    ax.set_xlim(0, last)
    ax.set_ylim(workers + 0.6, 0.4)
    ax.set_yticks(range(1, workers + 1, 1 + workers // 9))
    ax.grid(axis="y", visible=False)
    ax.set_ylabel("worker")
    ax.set_xlabel(f"simulated seconds; {100 * rows['used'][0]:.0f} % used")
