"""The options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "Debug",
    "Json",
    "MemoryLimit",
    "NoCarbon",
    "NoReport",
    "Out",
    "Processes",
    "Reports",
    "examples",
]

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]
NoCarbon = Annotated[bool, typer.Option("--no-carbon", help="Do not track energy.")]
Out = Annotated[Path, typer.Option("--out", help="Folder of results folders.", metavar="DIR")]
Processes = Annotated[
    int, typer.Option("-j", "--processes", min=1, help="Processes to use.", metavar="N")
]
MemoryLimit = Annotated[
    int | None,
    typer.Option(
        "--memory-limit", min=1, help="MiB of address space a process may use.", metavar="MB"
    ),
]
NoReport = Annotated[bool, typer.Option("--no-report", help="Write no report.")]
Reports = Annotated[Path, typer.Option("--reports", help="Folder of reports.", metavar="DIR")]


def examples(*lines: str) -> str:
    """Return an epilog of examples, kept line by line."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
