"""``report`` and ``compare``: read results."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hpobench_lab.cli.evaluate import newest
from hpobench_lab.cli.options import Debug, Json, Out, examples
from hpobench_lab.cli.output import emit, say
from hpobench_lab.errors import DataError, suggestion

if TYPE_CHECKING:
    from hpobench_lab.results import Results

__all__ = ["register"]

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
    say(league_text(found))
    say(f"\nreport   {files.html}")


def compare(
    results: Folders = None,
    out: Out = Path("results"),
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Print the league table: rank, effect, interval, corrected p, win/tie/loss."""
    found = _load(results, out)
    if as_json:
        from hpobench_lab.report import result_json

        emit(result_json(found))
        return
    from hpobench_lab.report import league_text

    say(league_text(found))


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
