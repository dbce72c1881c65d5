"""``report`` and ``compare``: read results."""

from __future__ import annotations

import glob
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from hpobench_lab.cli.evaluate import newest
from hpobench_lab.cli.formats import WRITERS
from hpobench_lab.cli.options import Debug, Json, Out, examples
from hpobench_lab.cli.output import emit, say, terminal_width
from hpobench_lab.errors import DataError, StudyError, suggestion

if TYPE_CHECKING:
    from hpobench_lab.results import Results

__all__ = ["register"]

At = Annotated[
    float | None,
    typer.Option("--at", help="Cut on the budget's axis; default the budget.", metavar="AMOUNT"),
]
Form = Annotated[
    Literal["rich", "md", "csv", "json", "latex"],
    typer.Option("--format", help="Of the table.", metavar="rich|md|csv|json|latex"),
]
Folders = Annotated[
    list[str] | None,
    typer.Argument(help="Results folders; default the newest.", metavar="RESULT..."),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command(
        "report",
        short_help="Write the report of results again.",
        epilog=examples(
            "hpobench-lab report                        the newest folder in results/",
            "hpobench-lab report results/quick-3f2a91 -o my-report",
        ),
    )(report)
    app.command(
        "compare",
        short_help="Print the league table of results.",
        epilog=examples(
            "hpobench-lab compare results/quick-3f2a91",
            "hpobench-lab compare --at 50 --format md   where half the budget is spent, for a page",
            "hpobench-lab compare --json | python -m json.tool",
        ),
    )(compare)


def report(
    results: Folders = None,
    target: Annotated[
        Path | None, typer.Option("-o", help="Folder; default reports/<name>.", metavar="DIR")
    ] = None,
    out: Out = Path("results"),
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write report.html, report.md, result.json and the figures of results."""
    from hpobench_lab.report import league_text, write_report

    found = _load(results, out)
    folder = target or Path("reports") / str(found.study["name"])
    files = write_report(found, folder)
    if as_json:
        emit({"report": str(files.html), "folder": str(folder)})
        return
    say(league_text(found, table_width=terminal_width()))
    say(f"\nreport   {files.html}")


def compare(
    results: Folders = None,
    at: At = None,
    form: Form = "rich",
    out: Out = Path("results"),
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Print the league table: rank, effect, interval, corrected p, win/tie/loss."""
    if as_json and form not in ("rich", "json"):
        raise StudyError(f"--json and --format {form} ask for different things; give one of them")
    if at is not None and not 0 < at < math.inf:
        raise StudyError(f"--at must be a positive number, got {at:g}")
    found = _load(results, out)
    from hpobench_lab import report as reports
    from hpobench_lab.analysis import analyse

    analysis = analyse(found, at=at)
    if as_json or form == "json":
        from hpobench_lab.report.provenance import provenance

        emit(reports.document(analysis, [], provenance(analysis, found)))
    elif form == "rich":
        say(reports.league_text(analysis, table_width=terminal_width()))
    else:
        say(WRITERS[form](reports.LEAGUE_COLUMNS, reports.league_rows(analysis)))


def _load(patterns: list[str] | None, out: Path) -> Results:
    from hpobench_lab.results import load

    return load(*(_folders(patterns) if patterns else [newest(out)]))


def _folders(patterns: list[str]) -> list[Path]:
    """Return the folders, patterns expanded as a shell does."""
    found: list[Path] = []
    for pattern in patterns:
        names = sorted(glob.glob(pattern)) if glob.has_magic(pattern) else [pattern]
        folders = [Path(n) for n in names if (Path(n) / "study.json").is_file()]
        if not folders:
            known = [str(p.parent) for p in Path("results").glob("*/study.json")]
            raise DataError(f"{pattern} is no results folder.{suggestion(pattern, known)}")
        found += folders
    return found
