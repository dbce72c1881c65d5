"""``list``: what there is to choose from."""

from __future__ import annotations

from typing import Annotated

import typer

from hpobench_lab.cli.listing import show
from hpobench_lab.cli.options import Debug, Json, examples

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        "list",
        short_help="What there is: optimizers, testbeds, protocols, suites.",
        epilog=examples(
            "hpobench-lab list testbeds",
            "hpobench-lab list testbeds 'curves/*' -v",
            "hpobench-lab list optimizers --json",
        ),
    )(list_plugins)


def list_plugins(
    kind: Annotated[
        str, typer.Argument(help="optimizers, testbeds, protocols or suites.", metavar="KIND")
    ],
    glob: Annotated[str, typer.Argument(help="Pattern of names, quoted.", metavar="GLOB")] = "*",
    verbose: Annotated[
        bool,
        typer.Option("-v", "--verbose", help="Tables: configurations, quality, licence, origins."),
    ] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """List optimizers, testbeds, protocols or suites, the working directory's included."""
    show(kind, glob, as_json=as_json, verbose=verbose)
