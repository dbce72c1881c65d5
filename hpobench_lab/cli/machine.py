"""``doctor`` and ``init``: the machine, and a first project on it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from hpobench_lab.cli.options import Debug, Json, Out, Reports, examples
from hpobench_lab.cli.output import emit, say

__all__ = ["register"]

NOT_WELL = 5


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command(
        "doctor",
        short_help="Report on this machine and installation.",
        epilog=examples("hpobench-lab doctor", "hpobench-lab doctor --json > machine.json"),
    )(doctor)
    app.command(
        "init",
        short_help="Write a small project of your own.",
        epilog=examples("hpobench-lab init my-study", "cd my-study && hpobench-lab run study.toml"),
    )(init)


def doctor(
    out: Out = Path("results"),
    reports: Reports = Path("reports"),
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Report machine, versions, extras, threads, energy method and write permission."""
    from hpobench_lab.doctor import examine

    found = examine(out, reports)
    if as_json:
        emit({"ok": all(f.ok for f in found), "findings": [asdict(f) for f in found]})
    else:
        width = max(len(f.topic) for f in found)
        for one in found:
            say(f"{'    ' if one.ok else 'BAD '}{one.topic.ljust(width)}  {one.text}")
    if not all(f.ok for f in found):
        raise typer.Exit(NOT_WELL)


def init(
    folder: Annotated[
        Path, typer.Argument(help="Where to; made if it is not there.", metavar="DIR")
    ] = Path(),
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a small project: a study, an optimizer and a testbed of your own."""
    from hpobench_lab.project import write_project

    written = write_project(folder)
    if as_json:
        emit({"folder": str(folder), "files": [str(p) for p in written]})
        return
    for path in written:
        say(f"wrote    {path}")
    where = "" if folder == Path() else f"cd {folder} && "
    say(f"\nNow:     {where}hpobench-lab run study.toml")
