"""F14: what optimizers and evaluations took, and energy hatched by its method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hpobench_lab.analysis.study import Analysis
from hpobench_lab.figures.curves import looks_of
from hpobench_lab.figures.plot import Plot, Rows
from hpobench_lab.figures.style import INK, Look, plain

__all__ = ["energy"]

HATCH = {"metered": "", "modelled": "////", "": ""}


def energy(analysis: Analysis) -> Plot:
    """Return seconds inside optimizers and evaluations, and joules where they are known."""
    rows: dict[str, list[Any]] = {
        k: [] for k in ("panel", "optimizer", "part", "value", "unit", "method")
    }
    for row in analysis.league:
        c = row.cost
        _add(rows, "Time", c.label, "optimizer (ask, tell)", c.ask_tell_s, "wall s", "measured")
        _add(rows, "Time", c.label, "evaluations", c.eval_s, "wall s", "measured")
    for row in analysis.league:
        if row.cost.method and row.cost.energy_j == row.cost.energy_j:
            title = f"Energy ({row.cost.method})"
            _add(rows, title, row.label, "whole run", row.cost.energy_j, "J", row.cost.method)
    return Plot(
        "f14-energy",
        "Time and energy of this study",
        "All runs of an optimizer together, as measured on the machine that ran them. Energy is "
        "shared out by processor seconds; hatched bars are modelled (processor seconds times a "
        "constant, within a factor of two), plain bars metered. No ranking follows from it.",
        rows,
        draw,
        looks_of(analysis),
        size=(4.4, max(1.7, 0.9 + 0.27 * len(analysis.league))),
        legend=False,
    )


def _add(rows: dict[str, list[Any]], *cell: Any) -> None:
    for key, v in zip(rows, cell, strict=True):
        rows[key].append(v)


def draw(ax: Any, rows: Rows, known: Mapping[str, Look]) -> None:
    """Draw stacked bars; the optimizer's own part is solid, evaluations are light."""
    names = list(dict.fromkeys(rows["optimizer"]))
    left = np.zeros(len(names))
    for part in dict.fromkeys(rows["part"]):
        for name, value, own, method in zip(
            *(rows[k] for k in ("optimizer", "value", "part", "method")), strict=True
        ):
            if own != part:
                continue
            y = names.index(name)
            ax.barh(
                y,
                value,
                left=left[y],
                color=known[name].colour,
                height=0.62,
                alpha=0.35 if part == "evaluations" else 0.9,
                edgecolor=INK,
                linewidth=0.4,
                hatch=HATCH.get(str(method), ""),
            )
            left[y] += value
    ax.set_yticks(range(len(names)), [plain(n) for n in names])
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)
    unit = rows["unit"][0] if len(rows["unit"]) else ""
    time = unit != "J"
    ax.set_xlabel("wall seconds: solid ask and tell, light evaluations" if time else "joules")
