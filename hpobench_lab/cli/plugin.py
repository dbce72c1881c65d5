"""``check`` and ``collect``: plug-ins on their own."""

from __future__ import annotations

import shlex
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from hpobench_lab.cli.interrupt import resumable
from hpobench_lab.cli.options import Debug, Json, Processes, examples
from hpobench_lab.cli.output import emit, note, say
from hpobench_lab.cli.progress import shown
from hpobench_lab.errors import StudyError, UnknownName, missing_extra

__all__ = ["register"]

FAILED = 1
TABLES = Path("testbeds/collected")
EXTRAS = {"torch": "training", "xgboost": "surrogates"}


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
    out: Annotated[Path, typer.Option(help="Folder of tables.", metavar="DIR")] = TABLES,
    seed: Annotated[int, typer.Option(min=0, help="Seeds configurations and trainings.")] = 0,
    processes: Processes = 1,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Train for real and write a table of learning curves, which is itself a testbed.

    A second call with the same arguments continues where a killed one stopped; one with more
    configurations makes a larger table of the same ones and more.
    """
    _check_extra(testbed)
    from hpobench_lab.collect import collect as collect_table

    found: list[int] = []  # configurations that were there when the call began

    place = "" if out == TABLES else f" --out {shlex.quote(str(out))}"
    again = f"hpobench-lab collect {testbed} --configs {configs} --seed {seed}{place}"
    with resumable(again), shown(testbed, quiet=as_json) as step:

        def progress(done: int, total: int, seconds: float) -> None:
            first = not found
            found.append(done)
            if first and done and not as_json:
                note(_found(done, total))
            if not first or done < total:
                step(done, total, f"{seconds:.0f} s")

        folder = collect_table(
            testbed, configs=configs, out=out, seed=seed, processes=processes, progress=progress
        )
    name, quality = _table_name(folder), _quality(folder)
    if as_json:
        counts = {"configurations": configs, "found": found[0]}
        emit({"table": str(folder), "name": name, **counts, "surrogate_quality": quality})
        return
    say(f"table    {folder}")
    if quality:
        say(f"surrogate, {quality.pop('held_out_configurations'):g} configurations held out:")
        say("\n".join(f"  {what:22} {value:.4g}" for what, value in quality.items()))
    note(_what_now(folder, name))


def _check_extra(testbed: str) -> None:
    """Raise MissingExtra now if what trains the testbed's models is not installed."""
    from hpobench_lab.collect import recipe_named

    for package in recipe_named(testbed).packages:
        if package in EXTRAS and find_spec(package) is None:
            raise missing_extra(f"collect {testbed}", package, EXTRAS[package])


def _found(done: int, total: int) -> str:
    if done == total:
        return f"all {total} configurations were trained already"
    return f"{done} of {total} configurations were trained already; going on with the others"


def _table_name(folder: Path) -> str | None:
    """Return the name of a table that studies may use; None where it does not go by name."""
    from hpobench_lab.plugins import local

    tables = local.tables().items()
    return next((name for name, path in tables if path.resolve() == folder.resolve()), None)


def _quality(folder: Path) -> dict[str, float]:
    """Return how well the surrogate predicts what it was not fitted to; empty without one."""
    from hpobench_lab.plugins import local

    return dict((local.table_header(folder).get("surrogate") or {}).get("quality", {}))


def _what_now(folder: Path, name: str | None) -> str:
    from hpobench_lab.plugins import local

    if name is None:
        return "To use it by name, move it to testbeds/<collection>/ of your working directory."
    header = local.table_header(folder)
    lines = [f"It is a testbed now: hpobench-lab list testbeds {name}"]
    if "surrogate.npz" not in header.get("files", {}):
        lines.append("It is an exact table; from 128 configurations on, a surrogate is fitted too.")
    return "\n".join(lines)
