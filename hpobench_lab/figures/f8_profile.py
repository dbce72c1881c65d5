"""F8: performance profile: which share of the runs ends at or below each regret.

References:
    Agarwal, Schwarzer, Castro, Courville, Bellemare (2021), NeurIPS; Dolan, More (2002),
    Mathematical Programming 91:201-213.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hpobench_lab.analysis.measures.profiles import performance_profile
from hpobench_lab.analysis.study import Analysis
from hpobench_lab.figures.curves import (
    add_band,
    add_steps,
    behind_first,
    log_x,
    looks_of,
    ranked_only,
)
from hpobench_lab.figures.plot import Plot, Rows
from hpobench_lab.figures.style import Look

__all__ = ["profile"]

LEAST, POINTS = 1e-4, 49
"""Smallest regret shown, and how many are, evenly spaced in the logarithm up to 1."""

DRAWS = 2000


def profile(analysis: Analysis) -> Plot:
    """Return the share of runs whose final regret lies at or below each regret.

    Its rows: ``panel`` (one), ``optimizer``, ``x`` (normalised regret, from 10⁻⁴ to 1), ``value``
    (share of runs, mean over sources), ``low`` and ``high`` (95 %, sources drawn again).
    """
    panel = analysis.panel
    ranked, left_out = ranked_only(analysis)
    at = np.geomspace(LEAST, 1.0, POINTS)
    found = performance_profile(analysis.regret[ranked], panel.source, at, draws=DRAWS)
    rows: dict[str, list[Any]] = {
        k: [] for k in ("panel", "optimizer", "x", "value", "low", "high")
    }
    for i, label in enumerate(panel.optimizers[i] for i in ranked):
        if np.isnan(found.share[i]).any():
            continue
        for x, *three in zip(at, found.share[i], found.low[i], found.high[i], strict=True):
            for key, v in zip(rows, ("", label, float(x), *map(float, three)), strict=True):
                rows[key].append(v)
    known = looks_of(analysis)
    return Plot(
        "f8-profile",
        "Performance profile",
        "Share of the runs that end at or below a normalised regret (0 = optimum, 1 = the median "
        f"of one random evaluation), higher is better. The {found.n} sources weigh the same; band: "
        "95 % by resampling sources. A failed run counts as 1. A curve does not depend on who "
        f"else takes part.{left_out}",
        rows,
        draw,
        {label: known[label] for label in dict.fromkeys(rows["optimizer"])},
        size=(4.2, 2.8),
    )


def draw(ax: Any, rows: Rows, known: Mapping[str, Look]) -> None:
    """Draw the shares over the regret."""
    optimizer = np.array(rows["optimizer"])
    for j, look in behind_first(known):
        at = optimizer == look.label
        x, y, low, high = (
            np.array(rows[k], dtype=np.float64)[at] for k in ("x", "value", "low", "high")
        )
        add_band(ax, j, look, x, low, high)
        add_steps(ax, j, look, x, y)
    ax.set_ylim(-0.02, 1.02)
    ax.set_ylabel("share of runs")
    log_x(ax, "normalised regret")
