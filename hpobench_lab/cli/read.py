"""``report``, ``compare`` and ``export``: read results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from hpobench_lab.cli import export
from hpobench_lab.cli.folders import Folders, chosen
from hpobench_lab.cli.formats import csv_text, markdown
from hpobench_lab.cli.options import Debug, Json, Out, examples
from hpobench_lab.cli.output import emit, note, say, terminal_width
from hpobench_lab.errors import StudyError

if TYPE_CHECKING:
    from hpobench_lab.analysis import Analysis
    from hpobench_lab.results import Results

__all__ = ["register"]

At = Annotated[
    float | None,
    typer.Option("--at", help="Read the runs there; default the budget.", metavar="AMOUNT"),
]
Axis = Annotated[
    str | None,
    typer.Option(
        "--axis",
        help="What --at counts; default the budget's axis. One of evaluations, fidelity_units, "
        "full_evaluations, simulated_seconds, wall_seconds, joules, grams_co2e.",
        metavar="AXIS",
    ),
]
Baseline = Annotated[
    str | None,
    typer.Option("--baseline", help="Compare with this label instead.", metavar="LABEL"),
]
Incumbent = Annotated[
    str,
    typer.Option(
        "--incumbent", help="What is read: true, any-fidelity or max-fidelity-only.", metavar="KIND"
    ),
]
Form = Annotated[
    Literal["rich", "md", "csv", "json", "latex"],
    typer.Option("--format", help="Of the table.", metavar="rich|md|csv|json|latex"),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command(
        "report",
        short_help="Write the report of results again.",
        epilog=examples(
            "hpobench-lab report                        the newest folder in results/",
            "hpobench-lab report results/quick-3f2a91 -o my-report",
            "hpobench-lab report results/quick-*        several folders as one study",
        ),
    )(report)
    app.command(
        "compare",
        short_help="Print the league table of results, at any budget.",
        epilog=examples(
            "hpobench-lab compare results/quick-3f2a91",
            "hpobench-lab compare --at 50 --format latex  where half the budget is spent",
            "hpobench-lab compare --axis simulated_seconds --at 600",
            "hpobench-lab compare --baseline sobol      against another one",
            "hpobench-lab compare --json | python -m json.tool",
        ),
    )(compare)
    export.register(app)


def report(
    results: Folders = None,
    target: Annotated[
        Path | None, typer.Option("-o", help="Folder; default reports/<name>.", metavar="DIR")
    ] = None,
    out: Out = Path("results"),
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write the report of results: page, summary, result.json, figures, tables, references."""
    from hpobench_lab.report import league_text, write_report

    found = chosen(results, out)
    folder = target or Path("reports") / str(found.study["name"])
    files = write_report(found, folder)
    if as_json:
        emit({"report": str(files.html), "folder": str(folder)})
        return
    say(league_text(files.analysis, table_width=terminal_width()))
    say(f"\nreport   {files.html}")


def compare(
    results: Folders = None,
    at: At = None,
    axis: Axis = None,
    baseline: Baseline = None,
    incumbent: Incumbent = "true",
    form: Form = "rich",
    out: Out = Path("results"),
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Print the league table: rank, effect, interval, corrected p, win/tie/loss.

    Several folders are read as one study. At the declared budget the numbers are those of the
    report; any other cut is exploratory: effects and intervals, nothing is tested.
    """
    if as_json and form not in ("rich", "json"):
        raise StudyError(f"--json and --format {form} ask for different things; give one of them")
    from hpobench_lab.report.compared import check_cut
    from hpobench_lab.report.compared import compare as compared

    check_cut(at, axis, incumbent)
    found = chosen(results, out)
    asked = compared(found, at=at, axis=axis, baseline=baseline, incumbent=incumbent)
    _show(found, asked.analysis, "json" if as_json else form)


def _show(results: Results, analysis: Analysis, form: str) -> None:
    """Print the comparison; what limits it goes to stderr where the format has no room for it."""
    from hpobench_lab import report as reports

    if form == "json":
        from hpobench_lab.report.provenance import provenance

        emit(reports.document(analysis, [], provenance(analysis, results)))
    elif form == "rich":
        say(reports.league_text(analysis, table_width=terminal_width()))
    else:
        head, rows = reports.LEAGUE_COLUMNS, reports.league_rows(analysis)
        say(_written(analysis, form, head, rows))
        note(analysis.verdict.sentence)
        for caution in analysis.cautions:
            if caution.banner:
                note(f"warning: {caution.text}")


def _written(
    analysis: Analysis, form: str, head: Sequence[str], rows: Sequence[Sequence[str]]
) -> str:
    if form == "csv":
        from hpobench_lab.report.compared import records

        return csv_text(records(analysis))
    if form == "latex":
        from hpobench_lab.report.latex import booktabs
        from hpobench_lab.report.paper import league_columns

        return booktabs(*league_columns(analysis))
    return markdown(head, rows)
