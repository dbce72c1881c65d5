"""The league table as numbers: for pandas, for CSV and for a notebook."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hpobench_lab.analysis.league import LeagueRow
from hpobench_lab.analysis.runs.loaded import ResultsLike
from hpobench_lab.analysis.runs.traces import AXES, INCUMBENTS
from hpobench_lab.analysis.study import Analysis, analyse
from hpobench_lab.errors import StudyError, UnknownName, suggestion
from hpobench_lab.report.tables import LEAGUE_COLUMNS, league_rows
from hpobench_lab.report.text import MARKS, league_text

__all__ = ["Compared", "check_cut", "compare", "records", "table_html"]

Cell = str | int | float | None


@dataclass(frozen=True, eq=False)
class Compared:
    """Show a comparison: as a table in a notebook, as text elsewhere, as numbers in ``frame``.

    Args:
        analysis: What was computed.
    """

    analysis: Analysis

    @property
    def frame(self) -> Any:
        """Return a pandas DataFrame, one row an optimizer, best first; NaN where not known."""
        import pandas as pd

        rows = records(self.analysis)
        frame = pd.DataFrame(rows, columns=list(rows[0]) if rows else None)
        return frame.astype({"rank": "Int64"}) if rows else frame

    @property
    def verdict(self) -> str:
        """Return the verdict in a sentence."""
        return self.analysis.verdict.sentence

    def __repr__(self) -> str:
        return league_text(self.analysis).rstrip("\n")

    def _repr_html_(self) -> str:
        return table_html(self.analysis)


def records(analysis: Analysis) -> list[dict[str, Cell]]:
    """Return the league table's numbers, one dict an optimizer, all with the same keys."""
    return [_record(analysis, row) for row in analysis.league]


def _record(a: Analysis, row: LeagueRow) -> dict[str, Cell]:
    c, done, worth = row.comparison, row.completion, a.worth.get(row.label)
    nan = math.nan
    numbers = ("effect", "low", "high", "p", "p_holm", "win", "tie", "loss", "a12", "n")
    known: Mapping[str, Any] = {k: getattr(c, k) for k in numbers} if c is not None else {}
    return {
        "rank": row.place,
        "optimizer": row.label,
        "regret": row.regret.value,
        "regret_low": row.regret.low,
        "regret_high": row.regret.high,
        "sources": row.regret.n,
        "mean_rank": row.mean_rank,
        "baseline": a.baseline,
        "difference": known.get("effect", nan),
        "difference_low": known.get("low", nan),
        "difference_high": known.get("high", nan),
        "p": known.get("p", nan),
        "p_holm": known.get("p_holm", nan),
        "outcome": "" if c is None else c.outcome,
        "n": known.get("n"),
        "win": known.get("win"),
        "tie": known.get("tie"),
        "loss": known.get("loss"),
        "a12": known.get("a12", nan),
        "worth": nan if worth is None else worth.value,
        "worth_low": nan if worth is None else worth.low,
        "worth_high": nan if worth is None else worth.high,
        "runs_ok": done.ok,
        "runs_planned": done.planned,
        "ask_tell_s": row.cost.ask_tell_s / row.cost.runs if row.cost.runs else nan,
    }


def table_html(analysis: Analysis) -> str:
    """Return the verdict, the banners and the league table as HTML, everything escaped."""
    said = [f"<p><strong>{html.escape(analysis.verdict.sentence)}</strong></p>"]
    said += [
        f"<p>{html.escape(MARKS[c.level].strip() + ' ' + c.text).strip()}</p>"
        for c in analysis.cautions
        if c.banner
    ]
    if not analysis.league:
        return "".join(said)
    head = "".join(f"<th>{html.escape(c)}</th>" for c in LEAGUE_COLUMNS)
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>"
        for row in league_rows(analysis)
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return "".join(said) + table


def compare(
    results: ResultsLike,
    *,
    at: float | None = None,
    axis: str | None = None,
    baseline: str | None = None,
    incumbent: str = "true",
) -> Compared:
    """Compare the optimizers of loaded results; only the declared endpoint is tested.

    Args:
        results: As ``hpobench_lab.load`` returns them.
        at: Cut on the axis; by default the budget.
        axis: One of ``analysis.traces.AXES``; by default the budget's.
        baseline: Label; by default the declared one.
        incumbent: One of ``analysis.traces.INCUMBENTS``.

    Raises:
        UnknownName: If nothing has the name of the axis, the baseline or the kind of incumbent.
        StudyError: If the cut is no positive number, or the runs do not tell the axis.
    """
    check_cut(at, axis, incumbent)
    labels = dict.fromkeys(h["optimizer"]["label"] for h in results.headers)
    _check("baseline", baseline, labels)
    try:
        found = analyse(results, baseline=baseline, axis=axis, at=at, incumbent=incumbent)
    except ValueError as error:
        raise StudyError(str(error)) from error
    return Compared(found)


def check_cut(at: float | None, axis: str | None, incumbent: str = "true") -> None:
    """Refuse a cut that no study can have; ``compare`` says what else may be wrong with it.

    Raises:
        UnknownName: If nothing has the name of the axis or of the kind of incumbent.
        StudyError: If the cut is no positive number.
    """
    if at is not None and not 0 < at < math.inf:
        raise StudyError(f"--at must be a positive number, got {at:g}")
    _check("axis", axis, AXES)
    _check("incumbent", incumbent, INCUMBENTS)


def _check(what: str, name: str | None, known: Iterable[str]) -> None:
    if name is not None and name not in known:
        near = suggestion(name, known)
        raise UnknownName(f"unknown {what} {name!r}.{near} Known: {', '.join(known) or 'none'}")
