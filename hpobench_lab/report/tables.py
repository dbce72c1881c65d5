"""The league table and its neighbours as rows of text, for every kind of output."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from hpobench_lab.analysis.applicability import listed
from hpobench_lab.analysis.estimate import Estimate
from hpobench_lab.analysis.inference.comparisons import Comparison
from hpobench_lab.analysis.league import LeagueRow
from hpobench_lab.analysis.runs.energy import Cost
from hpobench_lab.analysis.study import Analysis
from hpobench_lab.analysis.verdict import p_words, short

__all__ = [
    "CONTROL_COLUMNS",
    "LEAGUE_COLUMNS",
    "brief",
    "control_rows",
    "energy_rows",
    "league_rows",
    "quality",
    "served",
    "span",
    "testbed_rows",
    "whole",
    "worth_cell",
]

LEAGUE_COLUMNS = (
    "#",
    "optimizer",
    "regret [95 %]",
    "mean rank",
    "difference [95 %]",
    "p (Holm)",
    "n",
    "win/tie/loss",
    "A12",
    "worth [95 %]",
    "runs ok",
    "ask+tell s",
)
CONTROL_COLUMNS = ("control", "regret [95 %]", "n", "not beaten by")
ENERGY_COLUMNS = ("optimizer", "runs", "ask+tell s", "evaluation s", "cpu s", "energy J", "method")


def span(value: float, low: float, high: float) -> str:
    """Return an estimate with its interval; what differs by rounding only is written alike.

    >>> span(0.5, 0.25, 0.75), span(0.5, float("nan"), float("nan"))
    ('0.500 [0.250, 0.750]', '0.500')
    >>> span(1.0, 0.9999999999999998, 1.0)
    '1.00 [1.00, 1.00]'
    """
    value, low, high = (float(f"{v:.12g}") for v in (value, low, high))
    return short(value) + (f" [{short(low)}, {short(high)}]" if low == low else "")


def whole(amount: float) -> str:
    """Return an amount in digits, a whole one without a point.

    >>> whole(60.0), whole(1234.0), whole(0.123456)
    ('60', '1,234', '0.123')
    """
    return f"{amount:,.0f}" if float(amount).is_integer() else short(amount)


def league_rows(analysis: Analysis) -> list[tuple[str, ...]]:
    """Return the league table's cells, best first, in the order of ``LEAGUE_COLUMNS``.

    Those who served some sources only come last, with a dash for a rank.
    """
    return [_league_row(analysis, row) for row in analysis.league]


def served(row: LeagueRow, sources: int) -> str:
    """Return ``"3 of 9 sources"`` for those who are not ranked, "" for the others."""
    return f"{row.regret.n} of {sources} sources" if row.place is None else ""


def _league_row(analysis: Analysis, row: LeagueRow) -> tuple[str, ...]:
    c, done = row.comparison, row.completion
    against = ("baseline" if row.label == analysis.baseline else "", "", "", "", "")
    if c is not None:
        p = p_words(c.p_holm).removeprefix("p ").removeprefix("= ") if not c.reason else _why(c)
        counts = str(c.n), f"{c.win}/{c.tie}/{c.loss}"
        against = (span(c.effect, c.low, c.high), p, *counts, short(c.a12))
    part = served(row, len(analysis.panel.sources))
    return (
        "–" if row.place is None else str(row.place),
        row.label + (f" ({part})" if part else ""),
        span(row.regret.value, row.regret.low, row.regret.high),
        short(row.mean_rank),
        *against,
        worth_cell(analysis.worth.get(row.label)),
        f"{done.ok}/{done.planned}",
        short(_per_run(row.cost)),
    )


def _why(c: Comparison) -> str:
    """Return why there is no p, in two words."""
    return "too few" if c.reason.startswith("too few") else "not tested"


def worth_cell(worth: Estimate | None) -> str:
    """Return how many random evaluations one is worth, with its interval; "" when unknown.

    >>> worth_cell(Estimate(3.1, 1.5, 6.0)), worth_cell(Estimate(math.inf, 3.2, math.inf))
    ('3.10 [1.50, 6.00]', '∞ [3.20, ∞]')
    >>> worth_cell(Estimate(math.inf, math.inf, math.inf)), worth_cell(None)
    ('∞', '')
    """
    if worth is None or math.isnan(worth.value):
        return ""
    if worth.low == worth.value:
        return short(worth.value)
    return span(worth.value, worth.low, worth.high)


def _per_run(cost: Cost) -> float:
    return cost.ask_tell_s / cost.runs if cost.runs else float("nan")


QUALITIES = {
    "r2": "R²",
    "spearman": "Spearman",
    "spearman_best_quarter": "best quarter",
    "mae_near_optimum": "error near the optimum",
    "kendall_tau": "tau of optimizer rankings",
}
"""What the page shows of a surrogate's held-out quality, where the testbed uses these names."""


def quality(found: Mapping[str, float]) -> str:
    """Return held-out quality in words; names of its own where none is known.

    >>> quality({"r2": 0.96662, "r2_all_levels": 0.9, "mae_near_optimum": 0.00983})
    'R² 0.97, error near the optimum 0.0098'
    >>> quality({"rank_error": 0.1})
    'rank error 0.1'
    """
    known = {words: found[k] for k, words in QUALITIES.items() if k in found}
    shown = known or {k.replace("_", " "): v for k, v in found.items()}
    return ", ".join(f"{words} {v:.2g}" for words, v in shown.items())


def brief(origin: str) -> str:
    """Return the first clause of an origin; ``result.json`` has all of it.

    >>> brief("best known: the least of 200,000 random configurations, then a search")
    'best known'
    >>> brief("median of 200,000 random configurations, stored")
    'median of 200,000 random configurations'
    """
    return re.split(r"[:;(]|,\s", origin)[0].strip() or "origin not stated"


def testbed_rows(analysis: Analysis) -> list[tuple[str, ...]]:
    """Return what the report says of each testbed, in the order of ``TESTBED_COLUMNS``."""
    panel = analysis.panel
    rows: list[tuple[str, ...]] = []
    for j, bed in enumerate(panel.beds):
        failed, runs = int(panel.failed[:, j].sum()), int(panel.present[:, j].sum())
        rows.append(
            (
                bed.id,
                bed.source,
                bed.kind,
                f"{short(bed.f_opt)} ({brief(bed.f_opt_origin)})",
                f"{short(bed.f_ref)} ({brief(bed.f_ref_origin)})",
                quality(bed.quality or {}),
                f"{runs - failed}/{runs}",
                whole(float(analysis.cut.at[j])),
                bed.excluded and f"left out: {bed.excluded}",
            )
        )
    return rows


TESTBED_COLUMNS = (
    "testbed",
    "source",
    "kind",
    "f_opt (origin)",
    "f_ref (origin)",
    "surrogate quality",
    "runs ok",
    "cut",
    "note",
)


def filled(
    head: tuple[str, ...], rows: Sequence[tuple[str, ...]]
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return a table without the columns in which nothing stands.

    >>> filled(("a", "b"), [("1", ""), ("2", "")])
    (('a',), [('1',), ('2',)])
    """
    keep = [i for i in range(len(head)) if any(row[i] for row in rows)]
    return tuple(head[i] for i in keep), [tuple(row[i] for i in keep) for row in rows]


def energy_rows(analysis: Analysis) -> list[tuple[str, ...]]:
    """Return what the runs of each optimizer took."""
    return [
        (c.label, str(c.runs), *map(short, (c.ask_tell_s, c.eval_s, c.cpu_s, c.energy_j)), c.method)
        for c in (row.cost for row in analysis.league)
    ]


def control_rows(analysis: Analysis) -> list[tuple[str, ...]]:
    """Return the control lines, and who is not shown to beat them, in ``CONTROL_COLUMNS``."""
    lines = {c.label for c in analysis.controls}
    return [
        (
            c.name,
            span(c.regret.value, c.regret.low, c.regret.high),
            str(c.regret.n),
            listed([x for x in c.unbeaten if x not in lines]) if c.regret.defined else "unknown",
        )
        for c in analysis.controls
    ]
