"""``export``: results in the formats of others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hpobench_lab.cli.folders import Folders, chosen
from hpobench_lab.cli.options import Debug, Json, Out, examples
from hpobench_lab.cli.output import emit, say

__all__ = ["register"]

To = Annotated[str, typer.Option("--to", help="parquet, csv, latex or mlflow.", metavar="FORMAT")]
Target = Annotated[
    Path | None, typer.Option("-o", help="Folder; default exports/<name>.", metavar="DIR")
]


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        "export",
        short_help="Write results as parquet, csv, latex or mlflow.",
        epilog=examples(
            "hpobench-lab export --to parquet           the newest folder, into exports/<name>",
            "hpobench-lab export results/quick-3f2a91 --to csv -o tables",
            "hpobench-lab export results/a-* --to latex -o paper",
            "hpobench-lab export --to mlflow -o .       then: mlflow ui",
        ),
    )(export)


def export(
    to: To,
    results: Folders = None,
    target: Target = None,
    out: Out = Path("results"),
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write results in the format of other programs.

    parquet and csv: evaluations with their parameters, and runs. latex: booktabs tables, a methods
    paragraph and references.bib. mlflow: one run each in a local folder mlruns/, nothing is sent.
    """
    from hpobench_lab.export import export as write

    found = chosen(results, out)
    folder = target or Path("exports") / str(found.study["name"])
    files = [str(file) for file in write(found, to, folder)]
    if as_json:
        emit({"folder": str(folder), "files": files})
        return
    for file in files:
        say(file)
