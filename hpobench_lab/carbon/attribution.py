"""Whose energy it was: the machine's energy shared among the runs, and what is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.carbon.samples import Samples

__all__ = ["Attribution", "RunSpan", "attribute"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class RunSpan:
    """State when a run was executed and what it used.

    Args:
        key: The run's key.
        wall_start: Unix seconds.
        wall_end: Unix seconds, not before ``wall_start``.
        cpu_s: CPU seconds, children included.
        gpu: Whether it held the graphics processors' lease.
    """

    key: str
    wall_start: float
    wall_end: float
    cpu_s: float
    gpu: bool = False


@dataclass(frozen=True)
class Attribution:
    """Hold whose energy it was; ``kwh.sum() + idle_kwh + other_kwh == total_kwh`` to rounding.

    Args:
        keys: Run keys, in the order given.
        kwh: Energy of each run, shape (n,); of the covered part of its span only.
        coverage: Fraction of each run's span that lies within the readings, shape (n,).
        idle_kwh: Energy while the processors idled.
        other_kwh: Energy of processes that are no run, the coordinator among them.
        total_kwh: All energy between the first and the last reading.
    """

    keys: tuple[str, ...]
    kwh: FloatArray
    coverage: FloatArray
    idle_kwh: float
    other_kwh: float
    total_kwh: float


def attribute(samples: Samples, runs: Sequence[RunSpan]) -> Attribution:
    """Share the energy of each interval by CPU seconds: runs, other processes, idle.

    A run's CPU seconds are spread evenly over its span. In an interval with energy E and C CPU
    seconds of capacity, a run that used r of them gets E r / C; other processes get the busy rest,
    and idle what is left. Memory is shared like the processor. Graphics processors belong to the
    runs that hold their lease. Runs under a second mean something only in aggregate.

    >>> tape = Samples.of([(0, 0, 0, 0, 0, 0), (10, 8.0, 0, 0, 15, 20)])
    >>> shares = attribute(tape, [RunSpan("a", 0, 10, 5.0), RunSpan("b", 5, 10, 5.0)])
    >>> shares.kwh.tolist(), shares.other_kwh, shares.idle_kwh
    ([2.0, 2.0], 2.0, 2.0)
    """
    keys = tuple(run.key for run in runs)
    if len(samples) < 2:
        zero = np.zeros(len(runs))
        return Attribution(keys, zero, zero.copy(), 0.0, 0.0, 0.0)
    compute = np.diff(samples.cpu_kwh + samples.ram_kwh)
    gpu = np.diff(samples.gpu_kwh)
    used, leases = np.zeros_like(compute), np.zeros_like(gpu)
    for run in runs:
        where, fraction = _overlap(samples.wall, run)
        used[where] += _cpu_s(run) * fraction
        leases[where] += run.gpu * fraction
    # clocks disagree a little, so busy time and capacity are at least what the runs used
    busy = np.maximum(np.diff(samples.busy_s), used)
    capacity = np.maximum(np.diff(samples.capacity_s), busy)
    per_cpu_s, per_lease = _ratio(compute, capacity), _ratio(gpu, leases)

    kwh, coverage = np.zeros(len(runs)), np.zeros(len(runs))
    for i, run in enumerate(runs):
        where, fraction = _overlap(samples.wall, run)
        kwh[i] = _cpu_s(run) * (fraction * per_cpu_s[where]).sum()
        kwh[i] += run.gpu * (fraction * per_lease[where]).sum()
        coverage[i] = min(1.0, fraction.sum())
    return Attribution(
        keys,
        kwh,
        coverage,
        idle_kwh=float((compute - per_cpu_s * busy).sum() + gpu[leases == 0.0].sum()),
        other_kwh=float((per_cpu_s * (busy - used)).sum()),
        total_kwh=float(compute.sum() + gpu.sum()),
    )


def _overlap(wall: FloatArray, run: RunSpan) -> tuple[slice, FloatArray]:
    """Return the intervals that a run touches, and the fraction of its span in each of them."""
    begin, end = run.wall_start, max(run.wall_end, run.wall_start + 1e-3)
    low = max(int(np.searchsorted(wall, begin, side="right")) - 1, 0)
    high = max(int(np.searchsorted(wall, end, side="left")), low)
    edges = np.clip(wall[low : high + 1], begin, end)
    return slice(low, low + len(edges) - 1), np.diff(edges) / (end - begin)


def _cpu_s(run: RunSpan) -> float:
    return run.cpu_s if run.cpu_s > 0.0 else 0.0  # NaN counts as unknown: nothing


def _ratio(energy: FloatArray, amount: FloatArray) -> FloatArray:
    return np.divide(energy, amount, out=np.zeros_like(energy), where=amount > 0.0)
