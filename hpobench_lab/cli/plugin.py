"""``check`` and ``collect``: plug-ins on their own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hpobench_lab.cli.options import Debug, Json, Processes, examples
from hpobench_lab.cli.output import emit, note, say
from hpobench_lab.cli.progress import shown
from hpobench_lab.errors import StudyError, UnknownName

__all__ = ["register"]

FAILED = 1


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command(
        "check",
        short_help="Check that a plug-in keeps the contract.",
        epilog=examples(
            "hpobench-lab check tpe",
            "hpobench-lab check optimizers/mine.py",
            "hpobench-lab check synthetic/branin",
        ),
    )(check)
    app.command(
        "collect",
        short_help="Train for real, write a learning-curve table.",
        epilog=examples(
            "hpobench-lab collect curves/digits-mlp --configs 8",
            "hpobench-lab collect curves/digits-mlp --configs 2048 -j 4 --out testbeds/collected",
        ),
    )(collect)


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
    except UnknownName:
        known = [*plugins.optimizer_names(), *plugins.testbed_names()]
        hint = suggestion(name, known) or " See: hpobench-lab list optimizers, or testbeds"
        raise UnknownName(f"no optimizer or testbed is called {name!r}.{hint}") from None


def collect(
    testbed: Annotated[str, typer.Argument(help="curves/<data>-<family>.", metavar="TESTBED")],
    configs: Annotated[
        int, typer.Option(min=1, help="Configurations to train.", metavar="N")
    ] = 256,
    out: Annotated[Path, typer.Option(help="Folder of tables.", metavar="DIR")] = Path(
        "testbeds/collected"
    ),
    seed: Annotated[int, typer.Option(min=0, help="Seeds configurations and trainings.")] = 0,
    processes: Processes = 1,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Train for real and write a table of learning curves, which is itself a testbed.

    A second call with the same arguments continues where a killed one stopped.
    """
    from hpobench_lab.collect import collect as collect_table

    with shown(testbed, quiet=as_json) as step:
        folder = collect_table(
            testbed,
            configs=configs,
            out=out,
            seed=seed,
            processes=processes,
            progress=lambda done, total, seconds: step(done, total, f"{seconds:.0f} s"),
        )
    if as_json:
        emit({"table": str(folder)})
        return
    say(f"table    {folder}")
    note(f"It is a testbed now: hpobench-lab list testbeds '*{folder.name}'")
