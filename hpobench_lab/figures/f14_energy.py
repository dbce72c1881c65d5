"""F14: what optimizers and evaluations took, energy and carbon by how they were obtained.

A metered joule was counted, a modelled one is processor seconds times a constant, and a simulated
one was declared by the testbed; they are hatched differently and never added.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hpobench_lab.analysis.aggregate import median
from hpobench_lab.analysis.panel import ResultsLike
from hpobench_lab.analysis.study import Analysis
from hpobench_lab.figures.curves import linear_or_log, looks_of
from hpobench_lab.figures.plot import Plot, Rows
from hpobench_lab.figures.style import INK, Look, shortened

__all__ = ["energy"]

HATCH = {"metered": "", "modelled": "////", "simulated": "....", "measured": ""}
COLUMNS = ("panel", "optimizer", "part", "value", "unit", "method", "regret", "low", "high")


def energy(analysis: Analysis, results: ResultsLike) -> Plot:
    """Return seconds inside optimizers and evaluations, and joules and grams where known.

    Its rows: ``panel``, ``optimizer``, ``part`` (``optimizer (ask, tell)``, ``evaluations`` and
    ``whole run``, of all runs together, or ``one run``, the median over finished runs where every
    run has energy), ``value`` in ``unit`` (wall s, J, gCO2e), ``method`` (measured, metered,
    modelled, simulated), and beside the joules of one run the final ``regret`` (interquartile mean
    over sources) with ``low`` and ``high``.
    """
    rows: dict[str, list[Any]] = {k: [] for k in COLUMNS}
    for row in analysis.league:
        c = row.cost
        _add(rows, "Time", c.label, "optimizer (ask, tell)", c.ask_tell_s, "wall s", "measured")
        _add(rows, "Time", c.label, "evaluations", c.eval_s, "wall s", "measured")
    joules, method = _joules(analysis, results)
    for row in analysis.league:
        value = joules[row.label][0]
        if np.isfinite(value):
            _add(rows, f"Energy ({method})", row.label, "whole run", value, "J", method)
    _carbon(rows, analysis)
    for row in analysis.league:
        each = joules[row.label][1]
        if each > 0 and row.regret.defined:
            r = row.regret
            at = (row.label, "one run", each, "J", method, r.value, r.low, r.high)
            _add(rows, f"Regret and energy ({method})", *at)
    return Plot(
        "f14-energy",
        "Time and energy of this study",
        "All runs of an optimizer together, as measured on the machine that ran them. Plain bars "
        "are metered or measured; bars hatched with lines are modelled (energy is processor "
        "seconds times a constant, shared out by processor seconds, within a factor of two); dots "
        "are simulated (declared by the testbeds). Regret and energy: the final regret "
        "(interquartile mean over sources, 95 % interval) beside the joules of one run (median); "
        "down and to the left is better. No ranking follows from it.",
        rows,
        draw,
        looks_of(analysis),
        size=(3.0, max(1.7, 0.7 + 0.2 * len(analysis.league))),
        legend=False,
    )


def _add(rows: dict[str, list[Any]], *cell: Any) -> None:
    for key, v in zip(rows, (*cell, *[np.nan] * (len(rows) - len(cell))), strict=True):
        rows[key].append(v)


def _joules(analysis: Analysis, results: ResultsLike) -> tuple[dict[str, tuple[float, float]], str]:
    """Return joules of all runs and of one run by optimizer, and how they were obtained."""
    panel, spent = analysis.panel, analysis.panel.steps.spent.get("joules")
    declared = np.asarray(results.columns.get("energy_j", [np.nan]), dtype=np.float64)
    simulated = spent is not None and len(declared) > 0 and bool(np.isfinite(declared).all())
    out: dict[str, tuple[float, float]] = {}
    for row in analysis.league:
        i = panel.optimizers.index(row.label)
        ended = panel.run[i][panel.present[i] & ~panel.failed[i]]
        one = float(median(spent[ended])) if spent is not None and len(ended) else np.nan
        every = row.cost.energy_j if row.cost.method else np.nan
        if spent is not None and simulated:
            every = float(spent[panel.run[i][panel.present[i]]].sum())
        out[row.label] = every, one
    return out, "simulated" if simulated else analysis.session.method


def _carbon(rows: dict[str, list[Any]], analysis: Analysis) -> None:
    """Add grams of the session's energy where an intensity is known; never of simulated joules."""
    intensity = analysis.session.intensity_g_per_kwh
    if not np.isfinite(intensity):
        return
    for row in analysis.league:
        if row.cost.method and np.isfinite(row.cost.energy_j):
            grams = row.cost.energy_j / 3.6e6 * intensity
            title, method = f"Carbon ({row.cost.method}, {intensity:.0f} g/kWh)", row.cost.method
            _add(rows, title, row.label, "whole run", grams, "gCO2e", method)


def draw(ax: Any, rows: Rows, known: Mapping[str, Look]) -> None:
    """Draw one panel: bars, or regret beside joules."""
    if rows["part"][0] == "one run":
        _scatter(ax, rows, known)
    else:
        _bars(ax, rows, known)


def _bars(ax: Any, rows: Rows, known: Mapping[str, Look]) -> None:
    """Draw stacked bars; the optimizer's own part is solid, evaluations are light."""
    names, order = list(dict.fromkeys(rows["optimizer"])), list(known)
    left = dict.fromkeys(names, 0.0)
    columns = ("optimizer", "value", "part", "method")
    for name, value, part, method in zip(*(rows[k] for k in columns), strict=True):
        ax.barh(
            names.index(name),
            value,
            left=left[name],
            color=known[name].colour,
            height=0.62,
            alpha=0.35 if part == "evaluations" else 0.9,
            edgecolor=INK,
            linewidth=0.4,
            hatch=HATCH.get(str(method), ""),
            gid=f"o{order.index(name)}-band",
        )
        left[name] += value
    ax.set_yticks(range(len(names)), [shortened(n, 24) for n in names])
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)
    ax.tick_params(axis="y", length=0)
    ax.locator_params(axis="x", nbins=3)
    ax.xaxis.set_major_formatter(lambda v, _: f"{v:.3g}")
    unit = str(rows["unit"][0])
    words = {"wall s": "wall s (solid: ask and tell; light: evaluations)", "J": "joules"}
    ax.set_xlabel(words.get(unit, unit.replace("CO2", "CO₂")))


def _scatter(ax: Any, rows: Rows, known: Mapping[str, Look]) -> None:
    """Draw the final regret beside the joules of one run."""
    order = list(known)
    columns = ("optimizer", "value", "regret", "low", "high")
    for name, x, y, low, high in zip(*(rows[k] for k in columns), strict=True):
        look, j = known[name], order.index(name)
        ax.plot([x, x], [low, high], color=look.colour, linewidth=1, alpha=0.6, gid=f"o{j}-band")
        face = look.colour if rows["method"][0] == "metered" else "none"
        mark = {"marker": look.marker, "markersize": 5.5, "markerfacecolor": face}
        ax.plot([x], [y], color=look.colour, linestyle="none", gid=f"o{j}-mark", **mark)
    ax.margins(x=0.25)
    linear_or_log(ax, rows["value"])
    if len(set(rows["value"])) > 1 and ax.get_xscale() == "linear":
        ax.locator_params(axis="x", nbins=4)
    if min(v for k in ("regret", "low") for v in rows[k] if v == v) > 0:
        ax.set_yscale("log")
        _log_y(ax)
    ax.set_xlabel(f"joules of one run ({rows['method'][0]})")
    ax.set_ylabel("normalised regret")
    _names(ax, rows, known)


def _names(ax: Any, rows: Rows, known: Mapping[str, Look]) -> None:
    """Write the name beside a mark where no name stands already."""
    taken: list[Any] = []
    for name, *at in zip(*(rows[k] for k in ("optimizer", "value", "regret")), strict=True):
        x, y = ax.transData.transform(at) * 72 / ax.figure.dpi
        if known[name].other or any(abs(x - a) < 48 and abs(y - b) < 8 for a, b in taken):
            continue
        taken.append((x, y))
        left = x < (ax.bbox.x0 + ax.bbox.x1) / 2 * 72 / ax.figure.dpi
        text = {"fontsize": 6, "xytext": (4 if left else -4, 2), "textcoords": "offset points"}
        ax.annotate(shortened(name, 16), at, ha="left" if left else "right", **text)


def _log_y(ax: Any) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    from hpobench_lab.figures.curves import power

    low, high = ax.get_ylim()
    subs = (1.0, 2.0, 5.0) if high / low < 30 else (1.0,)
    ax.yaxis.set_major_locator(LogLocator(subs=subs, numticks=6))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: power(v)))
