"""Incumbents as exact right-continuous steps, read at any cut on any axis.

A run's rows are in the order told. The incumbent is the smallest loss told so far (ties keep the
earliest; NaN and infinity never count); its value is the noise-free loss at full fidelity of that
configuration, so it may rise where told losses are noisy or of low fidelity. Nothing is
interpolated and nothing is filled backwards: before the first value there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "AXES",
    "INCUMBENTS",
    "MEASURED",
    "Steps",
    "log_time_auc",
    "normalised_regret",
    "simple_regret",
    "spent_regret",
    "value_at",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

AXES = {
    "evaluations": "evaluations",
    "fidelity_units": "fidelity units",
    "full_evaluations": "full-fidelity evaluations",
    "simulated_seconds": "simulated seconds",
    "wall_seconds": "wall seconds",
    "joules": "joules",
    "grams_co2e": "grams of CO2e",
}
"""Axes on which a trace can be read, with their words; a study may not know the last three."""

MEASURED = frozenset({"wall_seconds", "joules", "grams_co2e"})
"""Axes that are measured on the machine that ran the study, and differ from day to day."""

INCUMBENTS = {
    "true": "the noise-free value at full fidelity of the configuration with the least told loss",
    "any-fidelity": "the least told loss, at whatever fidelity",
    "max-fidelity-only": "the same as true, of trials at the largest fidelity only",
}
"""What a trace shows; the first is what optimizers are compared by."""

OK, CUT = 0, 5


@dataclass(frozen=True)
class Steps:
    """Hold the incumbents of n runs, m steps in all; run i owns ``offsets[i]:offsets[i + 1]``.

    Args:
        offsets: Shape (n + 1,).
        value: Value from the step on, shape (m,).
        own: Whether it is the trial's own told loss for want of a noise-free one, shape (m,).
        position: Axis -> where the step happens, shape (m,), not falling within a run.
        spent: Axis -> what the run spent in all, shape (n,).
    """

    offsets: IntArray
    value: FloatArray
    own: NDArray[np.bool_]
    position: Mapping[str, FloatArray]
    spent: Mapping[str, FloatArray]

    def of_runs(self, axis: str, runs: IntArray) -> FloatArray:
        """Return where the steps of some runs happen, in no particular order; -1 is no run."""
        member = np.zeros(len(self.offsets) - 1, dtype=np.bool_)
        member[runs[runs >= 0]] = True
        return self.position[axis][np.repeat(member, np.diff(self.offsets))]

    @classmethod
    def of(
        cls,
        columns: Mapping[str, NDArray[np.generic]],
        offsets: IntArray,
        full: ArrayLike = 1.0,
        *,
        shared: Mapping[str, FloatArray] | None = None,
        incumbent: str = "true",
    ) -> Steps:
        """Return the steps of runs that are stored one after the other.

        Args:
            columns: ``status``, ``loss``, ``score``, ``units``, ``end``, each of shape (rows,);
                with ``ask_wall_s``, ``tell_wall_s`` and ``eval_wall_s`` also the wall seconds.
            offsets: First row of each run and the end, shape (n + 1,).
            full: Fidelity units of one full evaluation, by run, shape (n,) or a number.
            shared: Axis -> what each run spent in all, shape (n,); within a run it is spread as
                its wall seconds are.
            incumbent: One of ``INCUMBENTS``.

        Raises:
            ValueError: If the kind of incumbent is unknown.

        >>> rows = {"status": [0, 0, 1, 0], "loss": [3.0, 2.0, np.nan, 2.5],
        ...         "score": [3.5, 1.5, np.nan, np.nan], "units": [1.0] * 4, "end": [1, 2, 3, 4]}
        >>> s = Steps.of({k: np.array(v) for k, v in rows.items()}, np.array([0, 4]))
        >>> s.value, s.position["evaluations"]
        (array([3.5, 1.5]), array([1., 2.]))
        """
        n = len(offsets) - 1
        status = np.asarray(columns["status"])
        loss = np.where(status == OK, np.asarray(columns["loss"], dtype=np.float64), np.inf)
        loss[~np.isfinite(loss)] = np.inf
        _check_incumbent(incumbent)
        if incumbent == "max-fidelity-only":
            loss = np.where(_below_full(columns, offsets, full), np.inf, loss)
        per_run = np.broadcast_to(np.asarray(full, dtype=np.float64), (n,))
        rows, counts = _incumbents(loss, offsets)
        axes, spent = _axes(columns, status, offsets, per_run)
        _measured(columns, offsets, shared or {}, axes, spent)
        score = np.asarray(columns["score"], dtype=np.float64)[rows]
        own = ~np.isfinite(score) | (incumbent == "any-fidelity")
        return cls(
            offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            value=np.where(own, loss[rows], score),
            own=own,
            position={axis: at[rows] for axis, at in axes.items()},
            spent=spent,
        )


def _check_incumbent(incumbent: str) -> None:
    if incumbent not in INCUMBENTS:
        raise ValueError(f"unknown incumbent {incumbent!r}; known: {', '.join(INCUMBENTS)}")


def _below_full(
    columns: Mapping[str, NDArray[np.generic]], offsets: IntArray, full: ArrayLike
) -> NDArray[np.bool_]:
    """Return which trials were evaluated below the largest fidelity; NaN stands for the largest."""
    most = np.broadcast_to(np.asarray(full, dtype=np.float64), (len(offsets) - 1,))
    at = np.asarray(columns["fidelity"], dtype=np.float64)
    return np.asarray(at < np.repeat(most, np.diff(offsets)) * (1 - 1e-12))


def _incumbents(loss: FloatArray, offsets: IntArray) -> tuple[IntArray, IntArray]:
    rows: list[IntArray] = []
    for a, b in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        best = np.minimum.accumulate(np.concatenate([[np.inf], loss[a:b]]))
        rows.append(a + np.flatnonzero(best[1:] < best[:-1]))
    counts = np.array([len(r) for r in rows], dtype=np.int64)
    return (np.concatenate(rows) if rows else np.zeros(0, np.int64)), counts


def _axes(
    columns: Mapping[str, NDArray[np.generic]],
    status: NDArray[np.generic],
    offsets: IntArray,
    full: FloatArray,
) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    told = status != CUT
    size = np.diff(offsets)
    units = np.nan_to_num(np.asarray(columns["units"], dtype=np.float64), nan=1.0)
    end = np.asarray(columns["end"], dtype=np.float64)
    count = _running(np.where(told, 1.0, 0.0), offsets)
    used = _running(np.where(told, units, 0.0), offsets)
    at = {
        "evaluations": count,
        "fidelity_units": used,
        "full_evaluations": used / np.repeat(full, size),
        "simulated_seconds": np.where(told, end, np.inf),
    }
    last = np.maximum(offsets[1:] - 1, 0)
    spent = {k: np.where(size > 0, v[last] if len(v) else 0.0, 0.0) for k, v in at.items()}
    clock = [np.nanmax(end[a:b], initial=0.0, where=told[a:b]) for a, b in _pairs(offsets)]
    return at, spent | {"simulated_seconds": np.array(clock, dtype=np.float64)}


def _measured(
    columns: Mapping[str, NDArray[np.generic]],
    offsets: IntArray,
    shared: Mapping[str, FloatArray],
    axes: dict[str, FloatArray],
    spent: dict[str, FloatArray],
) -> None:
    """Add wall seconds, one trial after the other, and what is spread along them."""
    parts = [columns.get(f"{part}_wall_s") for part in ("ask", "eval", "tell")]
    known = [np.nan_to_num(np.asarray(p, dtype=np.float64)) for p in parts if p is not None]
    if len(known) < len(parts):
        return
    wall = _running(np.sum(known, axis=0), offsets)
    size = np.diff(offsets)
    last = np.maximum(offsets[1:] - 1, 0)
    total = np.where(size > 0, wall[last] if len(wall) else 0.0, 0.0)
    axes["wall_seconds"], spent["wall_seconds"] = wall, total
    energy = columns.get("energy_j")
    nominal = np.asarray(energy, dtype=np.float64) if energy is not None else np.array([np.nan])
    if len(nominal) and bool(np.isfinite(nominal).all()):  # declared by the testbeds, row by row
        axes["joules"] = _running(nominal, offsets)
        spent["joules"] = np.where(size > 0, axes["joules"][last], 0.0)
        return
    for axis, amount in shared.items():
        rate = np.where(total > 0, amount / np.where(total > 0, total, 1.0), 0.0)
        axes[axis], spent[axis] = wall * np.repeat(rate, size), amount


def _running(amount: FloatArray, offsets: IntArray) -> FloatArray:
    parts = [np.cumsum(amount[a:b]) for a, b in _pairs(offsets)]
    return np.concatenate(parts) if parts else np.zeros(0)


def _pairs(offsets: IntArray) -> list[tuple[int, int]]:
    return list(zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True))


def value_at(
    position: FloatArray, value: FloatArray, offsets: IntArray, cuts: ArrayLike
) -> FloatArray:
    """Return each run's value at each cut; NaN before its first step.

    Args:
        position: Where the steps happen, shape (m,).
        value: Values from there on, shape (m,).
        offsets: Shape (n + 1,).
        cuts: Shape (g,), the same for all runs, or (n, g).

    Returns:
        Shape (n, g). A step exactly at the cut counts.

    >>> value_at(np.array([1.0, 10.0]), np.array([5.0, 3.0]), np.array([0, 2]), [0.5, 9.9, 10.0])
    array([[nan,  5.,  3.]])
    """
    n = len(offsets) - 1
    at = np.asarray(cuts, dtype=np.float64)
    at = np.broadcast_to(at, (n, at.shape[-1]))
    out = np.full(at.shape, np.nan)
    for i, (a, b) in enumerate(_pairs(offsets)):
        step = np.searchsorted(position[a:b], at[i], side="right") - 1
        known = step >= 0
        out[i, known] = value[a:b][step[known]]
    return out


def spent_regret(
    columns: Mapping[str, NDArray[np.generic]],
    offsets: IntArray,
    optimum: ArrayLike,
    reference: ArrayLike,
) -> FloatArray:
    """Return the cumulative regret per cost of each run: what its evaluations cost in quality.

    The mean of the normalised regrets of all told losses, at their own fidelity, weighted by their
    fidelity units. Simple regret asks what was found, this one what was tried. A trial without a
    loss counts as 1, the median of one random evaluation.

    Args:
        columns: ``status``, ``loss``, ``units``, each of shape (rows,).
        offsets: Shape (n + 1,).
        optimum: Optimum of each run's testbed, shape (n,).
        reference: Reference of each run's testbed, shape (n,).

    Returns:
        Shape (n,); NaN for a run without trials.

    References:
        Bubeck, Cesa-Bianchi (2012), Foundations and Trends in Machine Learning 5:1-122.

    >>> rows = {"status": [0, 1, 0], "loss": [3.0, np.nan, 1.0], "units": [1.0, 1.0, 2.0]}
    >>> spent_regret({k: np.array(v) for k, v in rows.items()}, np.array([0, 3]), [1.0], [3.0])
    array([0.5])
    """
    n = np.diff(offsets)
    low, top = (np.repeat(np.broadcast_to(np.asarray(x, float), n.shape), n) for x in
                (optimum, reference))  # fmt: skip
    status, loss = np.asarray(columns["status"]), np.asarray(columns["loss"], dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        regret = (loss - low) / (top - low)
    regret = np.where((status == OK) & np.isfinite(loss), regret, 1.0)
    units = np.nan_to_num(np.asarray(columns["units"], dtype=np.float64), nan=1.0)
    weight = np.where(status != CUT, units, 0.0)
    some = np.flatnonzero(n > 0)
    total, cost = np.zeros(len(n)), np.zeros(len(n))
    if len(some):
        total[some] = np.add.reduceat(weight * regret, offsets[:-1][some])
        cost[some] = np.add.reduceat(weight, offsets[:-1][some])
    return np.where(cost > 0, total / np.where(cost > 0, cost, 1.0), np.nan)


def simple_regret(
    value: ArrayLike, optimum: float, *, exact: bool = True, tolerance: float = 1e-9
) -> FloatArray:
    """Return value − optimum, never clipped.

    Raises:
        ValueError: If a value lies below an exact optimum by more than the tolerance (relative
            to the larger of 1 and the optimum's size).

    >>> simple_regret([1.5, 1.0], 1.0)
    array([0.5, 0. ])
    """
    regret = np.asarray(value, dtype=np.float64) - optimum
    if exact and bool(np.any(regret < -tolerance * max(1.0, abs(optimum)))):
        raise ValueError(
            f"a value of {optimum + float(np.nanmin(regret))!r} lies below the exact optimum "
            f"{optimum!r}: the testbed or its declared optimum is wrong"
        )
    return regret


def normalised_regret(value: ArrayLike, optimum: ArrayLike, reference: ArrayLike) -> FloatArray:
    """Return (value − f_opt) / (f_ref − f_opt): 0 at the optimum, 1 at one random evaluation.

    >>> normalised_regret([4.0, 2.0], 2.0, 6.0)
    array([0.5, 0. ])
    """
    low, top = np.asarray(optimum, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    return np.asarray((np.asarray(value, dtype=np.float64) - low) / (top - low))


def log_time_auc(
    position: ArrayLike, value: ArrayLike, start: float, stop: float, *, before: float = 1.0
) -> float:
    """Return the mean of a step function over log time, summed exactly over its steps.

    Args:
        position: Where the steps happen, shape (m,), not falling.
        value: Values from there on, shape (m,).
        start: b > 0.
        stop: B > b.
        before: Value before the first step.

    >>> round(log_time_auc([1, 10, 100], [1, 0.1, 0.01], 1, 1000), 12)
    0.37
    """
    at = np.clip(np.asarray(position, dtype=np.float64), start, stop)
    edges = np.log(np.concatenate([[start], at, [stop]]))
    heights = np.concatenate([[before], np.asarray(value, dtype=np.float64)])
    return float(np.sum(np.diff(edges) * heights) / (np.log(stop) - np.log(start)))
