"""F10: which hyperparameters matter, and where the good configurations lie.

References:
    Hutter, Hoos, Leyton-Brown (2014), ICML, PMLR 32:754-762 (functional ANOVA); Inselberg (1985),
    The Visual Computer 1:69-91 (parallel coordinates).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.analysis.measures.importance import Importance, importance
from hpobench_lab.analysis.runs.panel import ResultsLike
from hpobench_lab.analysis.study import Analysis
from hpobench_lab.figures.plot import Plot, Rows
from hpobench_lab.figures.style import INK, PALETTE, Look, plain, shortened
from hpobench_lab.parameters import Categorical, Ordinal
from hpobench_lab.space import Space

__all__ = ["Evaluated", "coordinates", "evaluated", "importances"]

FloatArray = NDArray[np.float64]

UNIFORM = ("random", "sobol")
"""Ids of the optimizers that cover the space evenly; their runs are preferred."""

FEWEST, ROWS = 40, 500
"""Rows from which on the runs of ``UNIFORM`` are enough, and the most that a forest sees."""

BEDS, DIMENSIONS = 9, 20
"""Testbeds drawn, in the order of their ids, and the most parameters that one may have."""

LINES = 150
"""Configurations drawn in a panel of parallel coordinates."""

BARS, PAIRS = 6, 2
"""Parameters and pairs with a bar of their own; the others share one."""

TREES = 24


@dataclass(frozen=True)
class Evaluated:
    """Hold what was evaluated on one testbed at full fidelity, in the order of runs and rows.

    Args:
        testbed: Its id.
        names: Of the parameters.
        unit: Configurations in the unit cube, NaN where inactive, shape (n, d).
        codes: The same, categories and ordinals by their number, shape (n, d).
        levels: Number of choices of each parameter, 0 for a continuous one.
        loss: As told, shape (n,).
        uniform: Whether only runs that cover the space evenly are used.
        found: Evaluations before they were thinned.
    """

    testbed: str
    names: tuple[str, ...]
    unit: FloatArray
    codes: FloatArray
    levels: tuple[int, ...]
    loss: FloatArray
    uniform: bool
    found: int


def evaluated(results: ResultsLike, testbed: str, *, most: int = ROWS) -> Evaluated | None:
    """Return a testbed's evaluations at full fidelity; None where there is nothing to read.

    Those of random and Sobol search where there are at least 40, otherwise those of all optimizers.
    More than ``most`` are thinned to that many, evenly in the order of runs and rows.

    Args:
        results: As ``hpobench_lab.results.load`` returns them.
        testbed: Its id.
        most: Rows.
    """
    runs = [i for i, h in enumerate(results.headers) if h["testbed"]["id"] == testbed]
    runs = [i for i in runs if results.offsets[i + 1] > results.offsets[i]]
    spaces = [results.headers[i]["testbed"].get("space") for i in runs]
    read = getattr(results, "run", None)
    if read is None or not any(spaces):
        return None
    space = Space.from_json(next(s for s in spaces if s))
    even = [i for i in runs if results.headers[i]["optimizer"]["id"] in UNIFORM]
    full = {i: _full_rows(results, i) for i in runs}
    uniform = sum(len(full[i]) for i in even) >= FEWEST
    used = [(i, row) for i in (even if uniform else runs) for row in full[i].tolist()]
    found = len(used)
    if found > most:
        used = [used[k] for k in np.linspace(0, found - 1, most).round().astype(int).tolist()]
    values, loss = _values(read, space, used)
    return Evaluated(testbed, tuple(space.names), *_coded(space, values), loss, uniform, found)


def _full_rows(results: ResultsLike, i: int) -> NDArray[np.int64]:
    """Return the rows of a run that ended well at full fidelity, counted from its first."""
    rows = slice(int(results.offsets[i]), int(results.offsets[i + 1]))
    status, level, loss = (results.columns[k][rows] for k in ("status", "fidelity", "loss"))
    fidelity = results.headers[i]["testbed"].get("fidelity") or {}
    most = float(fidelity.get("max") or math.inf)
    below = np.isfinite(level) & (level < most * (1 - 1e-12)) & math.isfinite(most)
    return np.flatnonzero((status == 0) & np.isfinite(loss) & ~below)


def _values(
    read: Any, space: Space, used: Sequence[tuple[int, int]]
) -> tuple[FloatArray, FloatArray]:
    by_run: dict[int, list[int]] = {}
    for i, row in used:
        by_run.setdefault(i, []).append(row)
    values, loss = [np.zeros((0, len(space)))], [np.zeros(0)]
    for i, rows in by_run.items():
        columns = read(i).columns
        values.append(np.stack([columns[f"p.{n}"][rows] for n in space.names], axis=1))
        loss.append(np.asarray(columns["loss"])[rows])
    return np.concatenate(values), np.concatenate(loss)


def _coded(space: Space, values: FloatArray) -> tuple[FloatArray, FloatArray, tuple[int, ...]]:
    unit = np.where(np.isnan(values), np.nan, space.encode(values)) if len(values) else values
    levels = tuple(
        len(p.choices) if isinstance(p, Categorical | Ordinal) else 0 for p in space.parameters
    )
    return unit, np.where(np.array(levels, dtype=np.int64) > 0, values, unit), levels


def importances(analysis: Analysis, results: ResultsLike) -> Plot:
    """Return how the loss's variance over the space splits over the hyperparameters.

    Its rows: ``panel`` (the testbed), ``kind`` (``main``, ``pair`` or ``rest``), ``name``,
    ``fraction`` (raw, of the forest's variance), ``low`` and ``high`` (95 %, trees drawn again; for
    mains and pairs), ``r2`` (out of bag), ``n`` (evaluations), ``runs`` (``random and Sobol`` or
    ``all``). All pairs are there; few of them are drawn.
    """
    rows: dict[str, list[Any]] = {
        k: [] for k in ("panel", "kind", "name", "fraction", "low", "high", "r2", "n", "runs")
    }
    some, said = _chosen(analysis, results)
    for bed in some:
        found = importance(
            bed.codes,
            bed.loss,
            bed.names,
            bounds=np.tile([0.0, 1.0], (len(bed.names), 1)),
            levels=bed.levels,
            trees=TREES,
        )
        if math.isnan(found.r2):
            continue
        about = (found.r2, found.n, "random and Sobol" if bed.uniform else "all")
        for cell in _fractions(found):
            for key, v in zip(rows, (bed.testbed, *cell, *about), strict=True):
                rows[key].append(v)
    return Plot(
        "f10-importance",
        "Which hyperparameters matter",
        "Raw share of the loss's variance over the whole space that a parameter explains alone, a "
        "pair beyond its two, and the rest; line: 95 %, trees drawn again. Functional ANOVA of a "
        "random forest; nothing is scaled to add up to 1. R² (out of bag) says how far the forest "
        f"can be trusted. {said}",
        rows,
        draw,
        {},
        size=(2.9, 2.25),
        legend=False,
    )


def _chosen(analysis: Analysis, results: ResultsLike) -> tuple[list[Evaluated], str]:
    """Return the testbeds that are drawn, and in words what is used of them."""
    beds = [bed.id for bed in analysis.panel.beds]
    possible = [b for b in (evaluated(results, name) for name in beds) if b and len(b.loss) > 1]
    wide = [b.testbed for b in possible if len(b.names) > DIMENSIONS]
    fit = [b for b in possible if len(b.names) <= DIMENSIONS]
    said = "Used: evaluations at full fidelity, of random and Sobol search where they are " + (
        f"{FEWEST} or more, otherwise of all optimizers."
    )
    if any(b.found > len(b.loss) for b in possible):
        said += f" More than {ROWS:,} are thinned evenly to that many."
    if wide:
        said += f" Left out, with more than {DIMENSIONS} parameters: {', '.join(map(plain, wide))}."
    if len(fit) > BEDS:
        said += f" The first {BEDS} of {len(fit)} testbeds."
    return fit[:BEDS], said


def _fractions(found: Importance) -> list[tuple[str, str, float, float, float]]:
    mains = [
        ("main", name, e.value, e.low, e.high)
        for name, e in zip(found.names, found.mains, strict=True)
    ]
    pairs = [("pair", f"{a} × {b}", e.value, e.low, e.high) for (a, b), e in found.pairs.items()]
    return [*mains, *pairs, ("rest", "the rest", found.residual, math.nan, math.nan)]


def draw(ax: Any, rows: Rows, known: Mapping[str, Look]) -> None:
    """Draw bars: the largest mains, the largest pairs, what is left."""
    bars = shown(rows)
    looks: dict[str, dict[str, Any]] = {
        "main": {"color": PALETTE[0]},
        "pair": {"color": PALETTE[5], "hatch": "////", "edgecolor": INK, "linewidth": 0.4},
        "rest": {"color": "#b9b9b9"},
    }
    for y, (kind, _, fraction, low, high) in enumerate(bars):
        ax.barh(y, fraction, height=0.72, gid=f"{kind}-bar", **looks[kind])
        if low == low:
            ax.plot([low, high], [y, y], color=INK, linewidth=0.9, gid="interval")
    ax.set_yticks(range(len(bars)), [shortened(name, 22) for _, name, *_ in bars], fontsize=7)
    ax.set_ylim(len(bars) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)
    ax.tick_params(axis="y", length=0)
    most = max([v for bar in bars for v in (bar[2], bar[4]) if v == v], default=1.0)
    ax.set_xlim(min(0.0, *(bar[2] for bar in bars)), max(1.05 * most, 0.1))
    few = "" if rows["runs"][0] != "all" else ", all runs"
    ax.set_xlabel(f"share of variance; R² {rows['r2'][0]:.2f}, n {rows['n'][0]}{few}")


def shown(rows: Rows) -> list[tuple[str, str, float, float, float]]:
    """Return the bars of a panel: kind, name, fraction, low, high; what is left out is summed.

    >>> nan = float("nan")
    >>> shown({"kind": ["main", "main", "pair", "rest"], "name": ["a", "b", "a × b", "rest"],
    ...        "fraction": [0.2, 0.5, 0.1, 0.2], "low": [0.1, 0.4, 0.1, nan],
    ...        "high": [0.3, 0.6, 0.1, nan]})[0]
    ('main', 'b', 0.5, 0.4, 0.6)
    """
    columns = (rows[k] for k in ("kind", "name", "fraction", "low", "high"))
    cells: list[Any] = list(zip(*columns, strict=True))
    out: list[tuple[str, str, float, float, float]] = []
    for kind, most, other in (("main", BARS, "others"), ("pair", PAIRS, "other pairs")):
        mine = sorted((c for c in cells if c[0] == kind), key=lambda c: -c[2])
        keep = most if len(mine) > most + 1 else len(mine)
        out += mine[:keep]
        rest = [c[2] for c in mine[keep:]]
        if rest:
            out.append((kind, f"{len(rest)} {other}", float(sum(rest)), math.nan, math.nan))
    return out + [c for c in cells if c[0] == "rest"]


def coordinates(analysis: Analysis, results: ResultsLike) -> Plot:
    """Return configurations as lines over the parameters, the best tenth in colour.

    Its rows: ``panel`` (the testbed), ``configuration`` (its number), ``parameter``, ``place`` (in
    the unit cube, NaN where inactive), ``loss``, ``best`` (1 for the best tenth).
    """
    rows: dict[str, list[Any]] = {
        k: [] for k in ("panel", "configuration", "parameter", "place", "loss", "best")
    }
    some, said = _chosen(analysis, results)
    for bed in some:
        n, d = len(bed.loss), len(bed.names)
        keep = np.linspace(0, n - 1, min(n, LINES)).round().astype(int)
        best = best_tenth(bed.loss[keep])
        columns = (
            [bed.testbed] * (len(keep) * d),
            np.repeat(np.arange(len(keep)), d).tolist(),
            list(bed.names) * len(keep),
            bed.unit[keep].ravel().tolist(),
            np.repeat(bed.loss[keep], d).tolist(),
            np.repeat(best.astype(int), d).tolist(),
        )
        for key, values in zip(rows, columns, strict=True):
            rows[key] += values
    return Plot(
        "f10-coordinates",
        "Where the good configurations lie",
        "A line is a configuration, each parameter on its scale from the lower bound (0) to the "
        "upper (1), or over its choices; a gap: inactive. In colour: the best tenth by told loss; "
        f"grey: the others. Where the coloured lines bundle, the parameter matters. At most "
        f"{LINES} are drawn, thinned evenly. {said}",
        rows,
        draw_lines,
        {},
        size=(2.9, 2.1),
        legend=False,
    )


def best_tenth(loss: FloatArray) -> NDArray[np.bool_]:
    """Return which losses are the best tenth, at least one; ties go to the earlier.

    >>> best_tenth(np.array([3.0, 1.0, 1.0])).tolist()
    [False, True, False]
    """
    out = np.zeros(len(loss), dtype=np.bool_)
    out[np.argsort(loss, kind="stable")[: -(-len(loss) // 10)]] = True
    return out


def draw_lines(ax: Any, rows: Rows, known: Mapping[str, Look]) -> None:
    """Draw the grey lines and over them those of the best tenth."""
    from matplotlib.collections import LineCollection

    names = list(dict.fromkeys(rows["parameter"]))
    y = np.array(rows["place"], dtype=np.float64).reshape(-1, len(names))
    best = np.array(rows["best"], dtype=np.bool_).reshape(-1, len(names))[:, 0]
    x = np.arange(len(names))
    styles: tuple[dict[str, Any], ...] = (
        {"colors": "#9a9a9a", "linewidths": 0.4, "alpha": 0.45},
        {"colors": PALETTE[2], "linewidths": 1.0, "alpha": 0.9},
    )
    for member, style, name in zip((~best, best), styles, ("others", "best"), strict=True):
        lines = [np.stack([x, line], axis=1) for line in y[member]]
        ax.add_collection(LineCollection(lines, gid=name, **style))
    alone = np.isnan(np.pad(y, ((0, 0), (1, 1)), constant_values=np.nan))
    dots = best[:, None] & ~np.isnan(y) & alone[:, :-2] & alone[:, 2:]
    ax.plot(x[np.nonzero(dots)[1]], y[dots], ".", color=PALETTE[2], markersize=3, gid="best")
    ax.set_xlim(-0.15, max(len(names) - 0.85, 0.15))
    ax.set_ylim(-0.03, 1.03)
    ax.set_yticks([0, 0.5, 1])
    ax.set_xticks(x, [shortened(n, 18) for n in names], rotation=40, ha="right", fontsize=6.5)
    ax.set_ylabel("place in the unit cube")
