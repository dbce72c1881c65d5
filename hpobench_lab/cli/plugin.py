"""``check``: a plug-in on its own."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hpobench_lab.cli.options import Debug, Json, examples
from hpobench_lab.cli.output import emit, say
from hpobench_lab.errors import StudyError, UnknownName

__all__ = ["register"]

FAILED = 1


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        "check",
        short_help="Check that a plug-in keeps the contract.",
        epilog=examples(
            "hpobench-lab check tpe",
            "hpobench-lab check optimizers/mine.py",
            "hpobench-lab check synthetic/branin",
        ),
    )(check)


def check(
    name: Annotated[str, typer.Argument(help="An optimizer or a testbed.", metavar="PLUGIN")],
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Run the conformance suite on an optimizer or a testbed."""
    from hpobench_lab import testing

    kind, plugin = _either(name)
    suite = testing.check_optimizer if kind == "optimizer" else testing.check_testbed
    outcome = suite(plugin.use, **plugin.params)
    if as_json:
        emit({"kind": kind, **outcome.to_json()})
    else:
        say(outcome.text())
    if not outcome.ok:
        raise typer.Exit(FAILED)


def _either(name: str) -> tuple[str, Any]:
    """Return ("optimizer" or "testbed", the plug-in)."""
    from hpobench_lab import plugins
    from hpobench_lab.errors import suggestion

    try:
        return "optimizer", plugins.optimizer(name)
    except UnknownName:
        pass
    except StudyError as first:
        try:
            return "testbed", plugins.testbed_plugin(name)
        except StudyError:
            raise first from None
    try:
        return "testbed", plugins.testbed_plugin(name)
    except UnknownName as unknown:
        if "/" in name:
            raise unknown from None  # only a testbed is called so, and its error names the nearest
        known = [*plugins.optimizer_names(), *plugins.testbed_names()]
        hint = suggestion(name, known) or " See: hpobench-lab list optimizers, or testbeds"
        raise UnknownName(f"no optimizer or testbed is called {name!r}.{hint}") from None
