"""F11: several losses: fronts as attainment surfaces, and the hypervolume over time.

References:
    Fonseca, Fonseca (1996), PPSN IV; Lopez-Ibanez, Paquete, Stuetzle (2010), in Experimental
    Methods for the Analysis of Optimization Algorithms, Springer (attainment surfaces); Zitzler,
    Thiele (1998), PPSN V (hypervolume).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpobench_lab.analysis.measures.hypervolume import front, hypervolume, hypervolume_over_time
from hpobench_lab.analysis.runs.panel import ResultsLike
from hpobench_lab.analysis.study import Analysis
from hpobench_lab.figures.curves import add_band, add_steps, behind_first, log_x, looks_of
from hpobench_lab.figures.plot import Plot, Rows
from hpobench_lab.figures.style import Look, looks

__all__ = ["Points", "attainment", "fronts", "hypervolumes", "surface", "told_points", "volumes"]

FloatArray = NDArray[np.float64]

LEVELS = (0.25, 0.5, 0.75)
"""Shares of the runs that attain a surface."""

CURVE = ("panel", "optimizer", "x", "value", "low", "high")

Points = Mapping[tuple[str, str], Sequence[FloatArray]]
"""(testbed, optimizer) -> losses of each run in the order told, shape (n, m), NaN where failed."""


def surface(runs: Sequence[ArrayLike], level: float) -> FloatArray:
    """Return the corners of the surface that a share of the runs attains, in two losses.

    Args:
        runs: Losses of each run, shape (n, 2).
        level: Share in (0, 1]; the least number of runs that is at least this share.

    Returns:
        Corners, first loss rising and second falling, shape (p, 2): to the right of a corner and
        above it lies what at least so many runs dominate. Shape (0, 2) where too few runs have a
        point.

    Raises:
        ValueError: If the level is not in (0, 1].

    >>> surface([[[1, 3], [3, 1]], [[2, 2]]], 0.5)
    array([[1., 3.],
           [2., 2.],
           [3., 1.]])
    >>> surface([[[1, 3], [3, 1]], [[2, 2]]], 1.0)
    array([[2., 3.],
           [3., 2.]])
    """
    if not 0 < level <= 1:
        raise ValueError(f"a level is a share above 0 and at most 1, got {level!r}")
    kept = [front(np.asarray(r, dtype=np.float64).reshape(-1, 2)) for r in runs]
    need = max(1, math.ceil(level * len(kept) - 1e-9))
    if not kept or sum(len(f) > 0 for f in kept) < need:
        return np.zeros((0, 2))
    x = np.unique(np.concatenate([f[:, 0] for f in kept]))
    heights = np.full((len(kept), len(x)), np.inf)
    for i, f in enumerate(kept):
        step = np.searchsorted(f[:, 0], x, side="right") - 1  # a front falls from left to right
        heights[i, step >= 0] = f[step[step >= 0], 1]
    y = np.sort(heights, axis=0)[need - 1]
    return front(np.stack([x, y], axis=1))


def attainment(points: Points, *, known: Mapping[str, Look] | None = None) -> Plot:
    """Return the surfaces that a quarter, half and three quarters of the runs attain.

    Its rows: ``panel`` (the testbed), ``optimizer``, ``level``, ``x`` and ``y`` (first and second
    loss of a corner), ``right`` and ``top`` (where the surface ends on the panel). Testbeds with
    more than two losses are left out; their hypervolume is shown.
    """
    rows: dict[str, list[Any]] = {
        k: [] for k in ("panel", "optimizer", "level", "x", "y", "right", "top")
    }
    two = {k: v for k, v in points.items() if all(np.shape(r)[-1] == 2 for r in v)}
    for testbed in dict.fromkeys(t for t, _ in two):
        mine = {label: runs for (t, label), runs in two.items() if t == testbed}
        ends = _ends([r for runs in mine.values() for r in runs])
        for label, runs in mine.items():
            for level in LEVELS:
                for x, y in surface(runs, level).tolist():
                    cell = (testbed, label, level, x, y, *ends)
                    for key, v in zip(rows, cell, strict=True):
                        rows[key].append(v)
    return Plot(
        "f11-pareto",
        "Fronts of two losses",
        "Lines: what half of the runs attain, or better; dotted: a quarter (below) and three "
        "quarters (above) of them. Lower and further left is better. Empirical attainment "
        "surfaces: exact steps, no means of points.",
        rows,
        draw,
        _drawn(rows, points, known),
        size=(2.7, 2.4),
    )


def _ends(runs: Sequence[FloatArray]) -> tuple[float, float]:
    """Return the upper right corner of a panel: a twentieth beyond the worst point of a front."""
    corners = [front(np.asarray(r, dtype=np.float64)) for r in runs]
    every = np.concatenate([np.zeros((0, 2)), *(c for c in corners if len(c))])
    if not len(every):
        return math.nan, math.nan
    wide = every.max(axis=0) + 0.05 * np.maximum(np.ptp(every, axis=0), 1e-12)
    return float(wide[0]), float(wide[1])


def _drawn(rows: Rows, points: Points, known: Mapping[str, Look] | None) -> dict[str, Look]:
    every = known if known is not None else looks(list(dict.fromkeys(o for _, o in points)))
    some = set(rows["optimizer"])
    return {label: look for label, look in every.items() if label in some}


def draw(ax: Any, rows: Rows, known: Mapping[str, Look]) -> None:
    """Draw the surfaces as steps."""
    optimizer, level = np.array(rows["optimizer"]), np.array(rows["level"])
    columns = [np.array(rows[k], dtype=np.float64) for k in ("x", "y", "right", "top")]
    for j, look in behind_first(known):
        for share in LEVELS:
            x, y, right, top = (c[(optimizer == look.label) & (level == share)] for c in columns)
            if not len(x):
                continue
            x, y = np.append(x, right[0]), np.append(y, y[-1])
            x, y = np.insert(x, 0, x[0]), np.insert(y, 0, max(top[0], y[0]))
            style: dict[str, Any] = {"linewidth": 0.7, "linestyle": ":"}
            if share == 0.5:
                style = {"linestyle": look.style, "marker": look.marker}
                style["markevery"] = slice(1, -1, max(1, len(x) // 5))
            ax.plot(x, y, drawstyle="steps-post", color=look.colour, gid=f"o{j}-line", **style)
    ax.set_xlabel("first loss")
    ax.set_ylabel("second loss")


def volumes(
    points: Points,
    reference: Mapping[str, Sequence[float]],
    best: Mapping[str, ArrayLike] | None = None,
    *,
    known: Mapping[str, Look] | None = None,
) -> Plot:
    """Return the hypervolume after each evaluation.

    Its rows: ``panel`` (the testbed), ``optimizer``, ``x`` (evaluations), ``value`` (median over
    runs), ``low`` and ``high`` (quartiles). A run that ended earlier keeps its last value.

    Args:
        points: Of each testbed and optimizer.
        reference: Worst acceptable losses of each testbed, shape (m,); without one a testbed is
            left out.
        best: Stored fronts, shape (p, m) each, or their volumes; the volume is relative to theirs
            where there is one, otherwise in the product of the losses' units. Never relative to
            the runs themselves.
        known: Looks; by default in the order of the labels.
    """
    rows: dict[str, list[Any]] = {k: [] for k in CURVE}
    for testbed in dict.fromkeys(t for t, _ in points):
        mine = {label: runs for (t, label), runs in points.items() if t == testbed}
        if testbed not in reference or not any(len(r) for runs in mine.values() for r in runs):
            continue
        corner = np.asarray(reference[testbed], dtype=np.float64)
        stored = (best or {}).get(testbed)
        whole = 1.0
        if stored is not None:
            whole = hypervolume(stored, corner) if np.ndim(stored) else float(stored)  # type: ignore[arg-type]
        for label, runs in mine.items():
            for cell in _curve(runs, corner, whole) if whole > 0 else ():
                for key, v in zip(rows, (testbed, label, *cell), strict=True):
                    rows[key].append(v)
    return Plot(
        "f11-hypervolume",
        "Hypervolume over time",
        "Volume that the losses found so far dominate, bounded by the stored reference, higher is "
        "better; relative to the stored front's volume where there is one. Line: median over "
        "runs; band: quartiles. It does not depend on who else takes part.",
        rows,
        draw_volumes,
        _drawn(rows, points, known),
    )


def _curve(
    runs: Sequence[FloatArray], corner: FloatArray, whole: float
) -> list[tuple[float, float, float, float]]:
    n = max((len(r) for r in runs), default=0)
    found = np.zeros((len(runs), n))
    for i, r in enumerate(runs):
        volume = hypervolume_over_time(r, corner) / whole
        found[i] = np.append(volume, np.full(n - len(r), volume[-1] if len(r) else 0.0))
    low, value, high = np.quantile(found, [0.25, 0.5, 0.75], axis=0) if n else np.zeros((3, 0))
    return [
        (float(k + 1), float(value[k]), float(low[k]), float(high[k]))
        for k in range(n)
        if k in (0, n - 1) or not (found[:, k] == found[:, k - 1]).all()
    ]


def draw_volumes(ax: Any, rows: Rows, known: Mapping[str, Look]) -> None:
    """Draw the medians and quartiles."""
    optimizer = np.array(rows["optimizer"])
    columns = [np.array(rows[k], dtype=np.float64) for k in ("x", "value", "low", "high")]
    for j, look in behind_first(known):
        x, y, low, high = (c[optimizer == look.label] for c in columns)
        add_band(ax, j, look, x, low, high)
        add_steps(ax, j, look, x, y)
    ax.set_ylabel("hypervolume")
    log_x(ax, "evaluations")


def told_points(results: ResultsLike) -> dict[tuple[str, str], list[FloatArray]]:
    """Return the told losses of the runs of testbeds with several; failed trials are NaN rows."""
    read = getattr(results, "run", None)
    out: dict[tuple[str, str], list[FloatArray]] = {}
    for i, h in enumerate(results.headers if read is not None else ()):
        m = len(h["testbed"].get("objectives") or ())
        if m < 2 or h.get("status") != "ok" or read is None:
            continue
        columns = read(i).columns
        names = ["loss", *(f"loss.{k}" for k in range(1, m))]
        if not all(name in columns for name in names):
            continue
        losses = np.stack([np.asarray(columns[k], dtype=np.float64) for k in names], axis=1)
        told = np.asarray(columns["status"]) != 5
        losses[np.asarray(columns["status"]) != 0] = np.nan
        out.setdefault((h["testbed"]["id"], h["optimizer"]["label"]), []).append(losses[told])
    return out


def fronts(analysis: Analysis, results: ResultsLike) -> Plot:
    """Return the attainment surfaces of a study; empty without testbeds of two losses."""
    return attainment(told_points(results), known=looks_of(analysis))


def hypervolumes(analysis: Analysis, results: ResultsLike) -> Plot:
    """Return the hypervolumes of a study; empty without testbeds that store a reference point.

    A testbed stores it as the list ``reference_point`` in its facts, and the volume of its true
    front, where that is known, as the number ``hypervolume``.
    """
    facts = {h["testbed"]["id"]: h["testbed"].get("facts") or {} for h in results.headers}
    corners = {id: point for id, f in facts.items() if (point := f.get("reference_point"))}
    whole = {id: float(v) for id, f in facts.items() if (v := f.get("hypervolume"))}
    return volumes(told_points(results), corners, whole, known=looks_of(analysis))
