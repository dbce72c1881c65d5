"""F14: what optimizers and evaluations took, energy and carbon by how they were obtained.

A metered joule was counted, a modelled one is processor seconds times a constant, and a simulated
one was declared by the testbed; they are hatched differently and never added.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hpobench_lab.analysis.runs.aggregate import median
from hpobench_lab.analysis.runs.energy import JOULES_PER_KWH, sessions
from hpobench_lab.analysis.runs.panel import ResultsLike
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
    given = _given(results)
    simulated = _simulated(results)
    whole = {"simulated": _declared(results)} if simulated else {k: v[0] for k, v in given.items()}
    labels = [row.label for row in analysis.league]
    for method, joules in whole.items():
        for label in (x for x in labels if x in joules):
            title = f"Energy ({method})"
            _add(rows, title, label, "whole run", joules[label], "J", method)
    for method, (_, grams, words) in given.items():
        for label in (x for x in labels if np.isfinite(grams.get(x, np.nan))):
            title = f"Carbon ({method}, {words})"
            _add(rows, title, label, "whole run", grams[label], "gCO2e", method)
    for method in whole if len(whole) == 1 else ():  # kinds are never mixed within a run
        for row in analysis.league:
            each, r = _one_run(analysis, row.label), row.regret
            if each > 0 and r.defined:
                at = (row.label, "one run", each, "J", method, r.value, r.low, r.high)
                _add(rows, f"Regret and energy ({method})", *at)
    return Plot(
        "f14-energy",
        "Time and energy of this study",
        "All runs of an optimizer together, as measured on the machine that ran them. Plain bars "
        "are metered or measured; bars hatched with lines are modelled (energy is processor "
        "seconds times a constant, shared out by processor seconds, within a factor of two); dots "
        "are simulated (declared by the testbeds); each kind has a panel of its own. Carbon: every "
        "session's energy times its own intensity. Regret and energy: the final regret "
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


def _simulated(results: ResultsLike) -> bool:
    """Return whether the testbeds declared the energy of every evaluation."""
    declared = np.asarray(results.columns.get("energy_j", [np.nan]), dtype=np.float64)
    return len(declared) > 0 and bool(np.isfinite(declared).all())


def _declared(results: ResultsLike) -> dict[str, float]:
    """Return the joules that the testbeds declared, by optimizer."""
    out: dict[str, float] = {}
    for i, header in enumerate(results.headers):
        rows = slice(int(results.offsets[i]), int(results.offsets[i + 1]))
        label = header["optimizer"]["label"]
        out[label] = out.get(label, 0.0) + float(results.columns["energy_j"][rows].sum())
    return out


Given = tuple[dict[str, float], dict[str, float], str]


def _given(results: ResultsLike) -> dict[str, Given]:
    """Return method -> joules and grams by optimizer, and the intensity in words.

    Each session counts with its own intensity; grams are unknown where one of them has none.
    """
    label = {h.get("key"): h["optimizer"]["label"] for h in results.headers}
    out: dict[str, Given] = {}
    rates: dict[str, set[float]] = {}
    for record in results.carbon:
        found = sessions([record])
        for key, kwh in ((record.get("runs") or {}).get("kwh") or {}).items():
            if kwh is None or key not in label or not found.method:
                continue
            rate, name = found.intensity_g_per_kwh, label[key]
            joules, grams, _ = out.setdefault(found.method, ({}, {}, ""))
            joules[name] = joules.get(name, 0.0) + float(kwh) * JOULES_PER_KWH
            grams[name] = grams.get(name, 0.0) + float(kwh) * rate
            rates.setdefault(found.method, set()).add(rate)
    return {method: (*out[method][:2], _words(rates[method])) for method in sorted(out)}


def _words(rates: set[float]) -> str:
    """Return one intensity, or the range of several.

    >>> _words({381.0}), _words({381.0, 20.0})
    ('381 g/kWh', '20 to 381 g/kWh')
    """
    least, most = min(rates), max(rates)
    return f"{least:.0f} g/kWh" if least == most else f"{least:.0f} to {most:.0f} g/kWh"


def _one_run(analysis: Analysis, label: str) -> float:
    """Return the joules of a finished run (median); NaN unless every run has them, of one kind."""
    panel, spent = analysis.panel, analysis.panel.steps.spent.get("joules")
    i = panel.optimizers.index(label)
    ended = panel.run[i][panel.present[i] & ~panel.failed[i]]
    return float(median(spent[ended])) if spent is not None and len(ended) else np.nan


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
