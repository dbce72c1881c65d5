"""What ``report.html`` shows beside the figures: the league at any budget, controls, testbeds."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hpobench_lab.analysis.study import Analysis
from hpobench_lab.analysis.verdict import short
from hpobench_lab.report import tables

__all__ = [
    "LIVE",
    "anytime_json",
    "blocks",
    "columns",
    "control_rows",
    "filters",
    "testbed_words",
]

REGRET, DIFFERENCE, RATIO = "regret [95 %]", "difference [95 %]", "(× best)"
LIVE = ("#", REGRET, RATIO, DIFFERENCE)
"""Columns of the league table that the slider recomputes."""

STILL = ("optimizer", "n", "runs ok")
"""Columns that do not depend on the budget; the others are shown at the study's budget only."""

ELSEWHERE = ("ask+tell s",)
"""Columns of ``tables.LEAGUE_COLUMNS`` that the page shows in its table of time and energy."""


def columns() -> list[dict[str, str]]:
    """Return the league table's columns in the page: name, and ``live``, ``still`` or ``final``."""
    names = [c for c in tables.LEAGUE_COLUMNS if c not in ELSEWHERE]
    names.insert(names.index(REGRET) + 1, RATIO)
    return [
        {"name": c, "kind": "live" if c in LIVE else "still" if c in STILL else "final"}
        for c in names
    ]


def blocks(analysis: Analysis) -> list[list[dict[str, Any]]]:
    """Return the league table's rows: those with a rank, then those without, if any."""
    a, ratio = analysis, _final_ratio(analysis)
    rows = []
    for row, cells in zip(a.league, tables.league_rows(a), strict=True):
        known = dict(zip(tables.LEAGUE_COLUMNS, cells, strict=True))
        known |= {RATIO: ratio[row.label]}
        rows.append(
            {
                "label": row.label,
                "index": a.panel.optimizers.index(row.label),
                "part": tables.served(row, len(a.panel.sources)),
                "cells": [known[c["name"]] for c in columns()],
            }
        )
    ranked, others = [r for r in rows if not r["part"]], [r for r in rows if r["part"]]
    return [block for block in (ranked, others) if block]


def _final_ratio(analysis: Analysis) -> dict[str, str]:
    """Return each ranked optimizer's regret over the best, as the league table has them."""
    ranked = [r.regret.value for r in analysis.league if r.place is not None]
    best = min((v for v in ranked if v == v), default=math.nan)
    return {
        r.label: times(_over(r.regret.value, best)) if r.place is not None else ""
        for r in analysis.league
    }


def _over(value: float, best: float) -> float:
    if value == best:
        return 1.0
    return value / best if best else math.nan


def times(ratio: float) -> str:
    """Return a ratio to the best in brackets.

    >>> times(1.0), times(4.2521), times(float("nan"))
    ('(×1)', '(×4.25)', '')
    """
    return "" if math.isnan(ratio) else f"(×{'1' if ratio == 1 else short(ratio)})"


def control_rows(analysis: Analysis) -> list[list[str]]:
    """Return the control lines as rows of the league table; only regret and ratio are known.

    One that takes part in the study as an optimizer of its own has its row already.
    """
    listed = {r.label for r in analysis.league}
    ranked = [r.regret.value for r in analysis.league if r.place is not None]
    best = min((v for v in ranked if v == v), default=math.nan)
    rows = []
    for control in analysis.controls:
        if control.name in listed:
            continue
        r = control.regret
        known = {
            "optimizer": control.name,
            REGRET: tables.span(r.value, r.low, r.high),
            RATIO: times(_over(r.value, best)) if r.n == len(analysis.panel.sources) else "",
            "n": str(r.n),
        }
        rows.append([known.get(c["name"], "") for c in columns()])
    return rows


def anytime_json(analysis: Analysis) -> str:
    """Return the league at many budgets as JSON for the page's script, "" when there is none.

    ``at``: budgets in words. ``rows``: by index of the optimizer, then budget, the cells of
    ``LIVE``. ``order``: by budget, the optimizers' indices, best first. The last budget is the
    study's own and says what the league table says.
    """
    a = analysis.anytime
    steps, n = len(a.at), len(a.labels)
    if steps < 2 or not np.isfinite(a.regret[:, -1]).any():
        return ""
    orders = [_order(analysis, g) for g in range(steps)]
    rows = [[_cells(analysis, i, g) for g in range(steps)] for i in range(n)]
    labels = [r.label for r in analysis.league]
    orders[-1] = [a.labels.index(x) for x in labels]
    for row, label in ((r, r["label"]) for block in blocks(analysis) for r in block):
        named = dict(zip((c["name"] for c in columns()), row["cells"], strict=True))
        rows[a.labels.index(label)][-1] = [named[c] for c in LIVE]
    words = [_budget(a.words, float(v)) for v in a.at[:-1]] + [analysis.cut.words]
    body = {"at": words, "rows": rows, "order": orders}
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _order(analysis: Analysis, g: int) -> list[int]:
    a = analysis.anytime
    value = a.regret[:, g]
    return sorted(
        range(len(a.labels)),
        key=lambda i: (not a.ranked[i], bool(np.isnan(value[i])), float(value[i]), i),
    )


def _cells(analysis: Analysis, i: int, g: int) -> list[str]:
    a = analysis.anytime
    value = a.regret[:, g]
    place = 1 + int((value[a.ranked] < value[i]).sum()) if a.ranked[i] else None
    difference = tables.span(a.effect[i, g], a.effect_low[i, g], a.effect_high[i, g])
    if not analysis.baseline:
        difference = ""
    return [
        "–" if place is None else str(place),
        tables.span(value[i], a.low[i, g], a.high[i, g]),
        times(float(a.ratio[i, g])),
        "baseline" if a.labels[i] == analysis.baseline else difference,
    ]


def _budget(words: str, amount: float) -> str:
    if words == "share of the budget":
        return f"{100 * amount:.3g} % of the budget"
    return f"{tables.whole(amount)} {words.removesuffix('s') if amount == 1 else words}"


def testbed_words(analysis: Analysis) -> dict[str, dict[str, str]]:
    """Return, by testbed, the words that the page's filter looks through, and its family."""
    return {
        b.id: {"words": f"{b.id} {b.source} {b.kind} {b.family}".lower(), "family": b.family}
        for b in analysis.panel.beds
    }


def filters(words: Mapping[str, Mapping[str, str]]) -> Sequence[str]:
    """Return the families to choose from, none when there is one only."""
    families = sorted({w["family"] for w in words.values() if w["family"]})
    return families if len(families) > 1 else []
