"""Grids and colours that the curve figures share."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.analysis.controls import RANDOM, TWICE, twice
from hpobench_lab.analysis.league import partly
from hpobench_lab.analysis.runs.traces import AXES
from hpobench_lab.analysis.study import Analysis
from hpobench_lab.figures.style import Look, looks

__all__ = [
    "add_band",
    "add_steps",
    "axis_words",
    "behind_first",
    "changes",
    "doubled",
    "linear_or_log",
    "log_axes",
    "log_x",
    "looks_of",
    "random_label",
    "ranked_only",
    "shared_grid",
    "step_grid",
    "with_twice",
]

FloatArray = NDArray[np.float64]

POINTS = 120
CONTROLS = ("random", "median-stopping")


def looks_of(analysis: Analysis) -> dict[str, Look]:
    """Return the looks of a study's optimizers, the same in all its figures.

    The baseline and the controls (random search, median stopping) are grey; of more than eight
    others the best seven of the league have a colour.
    """
    greys = [r.label for r in analysis.league if r.id in CONTROLS]
    order = [r.label for r in analysis.league]
    return looks(analysis.panel.optimizers, [analysis.baseline, *greys], order)


def random_label(analysis: Analysis) -> str:
    """Return the label of plain random search, "" without."""
    return next((c.label for c in analysis.controls if c.name == RANDOM), "")


def with_twice(known: Mapping[str, Look], analysis: Analysis) -> dict[str, Look]:
    """Return the looks, and last that of random search at twice the budget where it is known.

    An optimizer of the study that has this very name keeps it; the control is then marked.
    """
    found = [c for c in analysis.controls if c.name == TWICE and c.regret.defined]
    if not found:
        return dict(known)
    name = TWICE if TWICE not in known else f"{TWICE} (control)"
    return {**known, name: Look(name, "#8f8f8f", "1", (1.0, 1.0), baseline=True)}


def doubled(analysis: Analysis, regret: FloatArray) -> FloatArray:
    """Return random search at twice the budget; a fold's runs are paired within the fold.

    Args:
        analysis: Whose panel names the seeds and folds.
        regret: Of random search, shape (t, s) or (t, s, g).
    """
    folds = np.array([fold for _, fold in analysis.panel.seeds], dtype=np.int64)
    out = np.full(regret.shape, np.nan)
    for fold in set(folds.tolist()):
        out[:, folds == fold] = twice(regret[:, folds == fold])
    return out


def ranked_only(analysis: Analysis) -> tuple[list[int], str]:
    """Return who is drawn over all sources, and a sentence on who is left out ("" for nobody)."""
    keep = [i for i, ranked in enumerate(analysis.panel.ranked.tolist()) if ranked]
    said = partly(analysis.league)
    return keep, f" Left out: {said}; see the testbeds one by one." if said else ""


def step_grid(analysis: Analysis, bed: int, points: int = POINTS) -> FloatArray:
    """Return where any run of a testbed steps, up to the cut; thinned evenly in log time."""
    steps, cut = analysis.panel.steps, float(analysis.cut.at[bed])
    members = analysis.panel.run[:, bed][analysis.panel.run[:, bed] >= 0]
    at = [
        steps.position[analysis.cut.axis][steps.offsets[i] : steps.offsets[i + 1]]
        for i in members.tolist()
    ]
    union = np.unique(np.concatenate([*at, np.array([cut])]))
    union = union[(union <= cut) & (union > 0)]
    if len(union) <= points:
        return union
    wanted = np.geomspace(union[0], cut, points)
    return np.unique(union[np.searchsorted(union, wanted * (1 - 1e-12)).clip(0, len(union) - 1)])


def shared_grid(analysis: Analysis) -> tuple[FloatArray, FloatArray, str]:
    """Return x for display, cuts of each testbed (t, g), and the axis in words.

    It begins where the first of those who are ranked has a value.

    Where all testbeds share one cut, x is in its units; otherwise it is a share of the cut.
    """
    cut, panel = analysis.cut, analysis.panel
    position = panel.steps.of_runs(cut.axis, panel.run[panel.ranked])
    same = bool(np.all(cut.at == cut.at[:1])) if len(cut.at) else True
    most = float(cut.at.max(initial=0.0)) or cut.amount
    top = most if same else 1.0
    inside = position[(position > 0) & (position <= most)]
    first = float(inside.min(initial=most)) / most
    x = np.geomspace(max(first, 1e-4), 1, 60) * top
    if same and first * top >= 1 and bool(np.all(inside == np.rint(inside))):
        x = np.unique(np.append(np.rint(x), top))
        x = x[x <= top]
    at = np.tile(x, (len(cut.at), 1)) if same else cut.at[:, None] * x
    return x, at, axis_words(analysis) if same else "share of the budget"


def changes(*columns: Sequence[float]) -> list[int]:
    """Return the first index, the last, and those at which any column takes another value.

    >>> changes([1.0, 1.0, 0.5, 0.5, 0.5])
    [0, 2, 4]
    """
    values = np.array(columns, dtype=np.float64)
    if not values.size:
        return []
    same = (values[:, 1:] == values[:, :-1]) | np.isnan(values[:, 1:] + values[:, :-1])
    moved = ~same.all(axis=0)
    return sorted({0, *(np.flatnonzero(moved) + 1).tolist(), values.shape[1] - 1})


def behind_first(known: Mapping[str, Look]) -> list[tuple[int, Look]]:
    """Return the looks with their numbers, those in grey first, so that they lie behind."""
    return sorted(
        enumerate(known.values()), key=lambda v: (not v[1].other, not v[1].baseline, v[0])
    )


def add_steps(ax: Any, number: int, look: Look, x: FloatArray, y: FloatArray) -> None:
    """Draw one optimizer's right-continuous steps; ``number`` is its place in the looks."""
    style: dict[str, Any] = {"linewidth": 0.7}
    if not look.other:
        style = {"linestyle": look.style, "marker": look.marker, "markevery": _sparse(x)}
    ax.plot(x, y, drawstyle="steps-post", color=look.colour, gid=f"o{number}-line", **style)


def add_band(
    ax: Any, number: int, look: Look, x: FloatArray, low: FloatArray, high: FloatArray
) -> None:
    """Draw the band around one optimizer's steps; those of the thin grey lines have none."""
    if look.other or not len(x):
        return
    style = {"color": look.colour, "alpha": 0.12, "linewidth": 0}
    ax.fill_between(x, low, high, step="post", gid=f"o{number}-band", **style)


def _sparse(x: FloatArray) -> list[int]:
    """Return about six indices, evenly spaced in log x, the last one included."""
    if len(x) < 2:
        return list(range(len(x)))
    near = np.searchsorted(x, np.geomspace(x[0], x[-1], 6) * (1 - 1e-12))
    return sorted({int(i) for i in near.clip(0, len(x) - 1)})


def axis_words(analysis: Analysis) -> str:
    """Return the axis in words, such as ``"evaluations"``."""
    return AXES[analysis.cut.axis]


def log_axes(ax: Any, x: str, y: str, *, both: bool = True) -> None:
    """Set log-log axes with few ticks and no minor ones (which would take most of the time).

    Args:
        ax: Of matplotlib.
        x: Label.
        y: Label.
        both: Whether y is logarithmic too, which takes positive values.
    """
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    if both:
        ax.set_yscale("log")
        low, high = ax.get_ylim() if ax.has_data() else (1.0, 1.0)
        subs = (1.0, 2.0, 5.0) if high / low < 30 else (1.0,)
        ax.yaxis.set_major_locator(LogLocator(subs=subs, numticks=6))
        ax.yaxis.set_minor_locator(NullLocator())
        ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: power(v)))
    ax.set_ylabel(y)
    log_x(ax, x)


def power(value: float) -> str:
    """Return a tick of a log axis in words of one line.

    >>> power(1e-5), power(0.01), power(0.5), power(2e5)
    ('10⁻⁵', '0.01', '0.5', '2·10⁵')
    """
    if 0.00099 < value < 10001:
        return f"{value:.5g}"
    exponent = math.floor(math.log10(value) + 1e-9)
    factor = round(value / 10.0**exponent)
    raised = str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{raised}" if factor == 1 else f"{factor}·10{raised}"


def log_x(ax: Any, label: str) -> None:
    """Set a log x axis, its ticks written out, as many of 1, 2, 5 or 1, 3 as have room."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    ax.set_xscale("log")
    low, high = ax.get_xlim() if ax.has_data() else (1.0, 1.0)
    decades = math.log10(high / low)
    room = ax.bbox.width / ax.figure.dpi / 0.29  # labels of 0.29 inches
    subs = next((s for s in ((1.0, 2.0, 5.0), (1.0, 3.0)) if decades * len(s) < room), (1.0,))
    short = low > 1e-3 and high < 1e5
    ax.xaxis.set_major_locator(LogLocator(subs=subs if short else (1.0,), numticks=7))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: power(v)))
    ax.set_xlabel(label)


def linear_or_log(ax: Any, values: Sequence[float]) -> None:
    """Set a log x axis where all values are above 0 and span more than a decade."""
    known = [v for v in values if np.isfinite(v)]
    if known and min(known) > 0 and max(known) > 10 * min(known):
        ax.set_xlim(min(known) / 1.3, max(known) * 1.3)
        log_x(ax, "")
