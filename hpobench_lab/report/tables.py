"""The league table and its neighbours as rows of text, for every kind of output."""

from __future__ import annotations

from hpobench_lab.analysis.energy import Cost
from hpobench_lab.analysis.league import Analysis, LeagueRow
from hpobench_lab.analysis.verdict import p_words, short

__all__ = ["LEAGUE_COLUMNS", "energy_rows", "league_rows", "span", "testbed_rows"]

LEAGUE_COLUMNS = (
    "#",
    "optimizer",
    "regret [95 %]",
    "mean rank",
    "difference [95 %]",
    "p (Holm)",
    "win/tie/loss",
    "A12",
    "runs ok",
    "ask+tell s/run",
)
ENERGY_COLUMNS = ("optimizer", "runs", "ask+tell s", "evaluation s", "cpu s", "energy J", "method")


def span(value: float, low: float, high: float) -> str:
    """Return an estimate with its interval.

    >>> span(0.5, 0.25, 0.75), span(0.5, float("nan"), float("nan"))
    ('0.500 [0.250, 0.750]', '0.500')
    """
    return short(value) + (f" [{short(low)}, {short(high)}]" if low == low else "")


def league_rows(analysis: Analysis) -> list[tuple[str, ...]]:
    """Return the league table's cells, best first, in the order of ``LEAGUE_COLUMNS``."""
    return [_league_row(row) for row in analysis.league]


def _league_row(row: LeagueRow) -> tuple[str, ...]:
    c, done = row.comparison, row.completion
    against = ("baseline", "", "", "")
    if c is not None:
        p = p_words(c.p_holm).removeprefix("p ").removeprefix("= ") if not c.reason else "too few"
        against = (span(c.effect, c.low, c.high), p, f"{c.win}/{c.tie}/{c.loss}", short(c.a12))
    return (
        str(row.place),
        row.label,
        span(row.regret.value, row.regret.low, row.regret.high),
        short(row.mean_rank),
        *against,
        f"{done.ok}/{done.planned}",
        short(_per_run(row.cost)),
    )


def _per_run(cost: Cost) -> float:
    return cost.ask_tell_s / cost.runs if cost.runs else float("nan")


def testbed_rows(analysis: Analysis) -> list[tuple[str, ...]]:
    """Return what the report says of each testbed, in the order of ``TESTBED_COLUMNS``."""
    panel = analysis.panel
    rows: list[tuple[str, ...]] = []
    for j, bed in enumerate(panel.beds):
        quality = ", ".join(f"{k} {short(v)}" for k, v in (bed.quality or {}).items())
        failed, runs = int(panel.failed[:, j].sum()), int(panel.present[:, j].sum())
        rows.append(
            (
                bed.id,
                bed.source,
                bed.kind,
                f"{short(bed.f_opt)} ({bed.f_opt_origin or 'origin not stated'})",
                f"{short(bed.f_ref)} ({bed.f_ref_origin or 'origin not stated'})",
                quality,
                f"{runs - failed}/{runs}",
                short(float(analysis.cut.at[j])),
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
    head: tuple[str, ...], rows: list[tuple[str, ...]]
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
