"""Grids and colours that the curve figures share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.analysis.league import partly
from hpobench_lab.analysis.study import Analysis
from hpobench_lab.analysis.traces import AXES
from hpobench_lab.figures.style import Look, looks

__all__ = ["axis_words", "log_axes", "log_x", "looks_of", "ranked_only", "shared_grid", "step_grid"]

FloatArray = NDArray[np.float64]

POINTS = 120


def looks_of(analysis: Analysis) -> dict[str, Look]:
    """Return the looks of a study's optimizers: the baseline and plain random search are grey."""
    random = [r.label for r in analysis.league if r.id == "random"]
    return looks(analysis.panel.optimizers, [analysis.baseline, *random])


def ranked_only(analysis: Analysis) -> tuple[list[int], str]:
    """Return who is drawn over all sources, and a sentence on who is left out ("" for nobody)."""
    keep = [i for i, ranked in enumerate(analysis.panel.ranked.tolist()) if ranked]
    said = partly(analysis.league)
    return keep, f" Left out: {said}; see the testbeds one by one." if said else ""


def step_grid(analysis: Analysis, bed: int) -> FloatArray:
    """Return where any run of a testbed steps, up to the cut; thinned evenly in log time."""
    steps, cut = analysis.panel.steps, float(analysis.cut.at[bed])
    members = analysis.panel.run[:, bed][analysis.panel.run[:, bed] >= 0]
    at = [
        steps.position[analysis.cut.axis][steps.offsets[i] : steps.offsets[i + 1]]
        for i in members.tolist()
    ]
    union = np.unique(np.concatenate([*at, np.array([cut])]))
    union = union[(union <= cut) & (union > 0)]
    if len(union) <= POINTS:
        return union
    wanted = np.geomspace(union[0], cut, POINTS)
    return np.unique(union[np.searchsorted(union, wanted * (1 - 1e-12)).clip(0, len(union) - 1)])


def shared_grid(analysis: Analysis) -> tuple[FloatArray, FloatArray, str]:
    """Return x for display, cuts of each testbed (t, g), and the axis in words.

    It begins where the first of those who are ranked has a value.

    Where all testbeds share one cut, x is in its units; otherwise it is a share of the cut.
    """
    cut, panel = analysis.cut, analysis.panel
    position = panel.steps.of_runs(cut.axis, panel.run[panel.ranked])
    same = bool(np.all(cut.at == cut.at[:1])) if len(cut.at) else True
    top = cut.amount if same else 1.0
    inside = position[(position > 0) & (position <= cut.amount)]
    first = float(inside.min(initial=cut.amount)) / cut.amount
    x = np.geomspace(max(first, 1e-4), 1, 60) * top
    if same and first * top >= 1 and bool(np.all(inside == np.rint(inside))):
        x = np.unique(np.append(np.rint(x), top))
        x = x[x <= top]
    at = np.tile(x, (len(cut.at), 1)) if same else cut.at[:, None] * x
    return x, at, axis_words(analysis) if same else "share of the budget"


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
        ax.yaxis.set_major_locator(LogLocator(numticks=6))
        ax.yaxis.set_minor_locator(NullLocator())
        ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: power(v)))
    ax.set_ylabel(y)
    log_x(ax, x)


def power(value: float) -> str:
    """Return a power of ten in words of one line.

    >>> power(0.001), power(1.0)
    ('10⁻³', '1')
    """
    exponent = round(np.log10(value))
    raised = str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return "1" if exponent == 0 else f"10{raised}"


def log_x(ax: Any, label: str) -> None:
    """Set a log x axis, its ticks at 1, 2, 5 and their multiples, written out."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    ax.set_xscale("log")
    low, high = ax.get_xlim() if ax.has_data() else (1.0, 1.0)
    few = high / low < 2000
    ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if few else (1.0,), numticks=9))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
    ax.set_xlabel(label)
