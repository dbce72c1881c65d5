"""``collect``: train for real, and write a table of learning curves."""

from __future__ import annotations

import re
import shlex
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from hpobench_lab.cli.interrupt import INTERRUPTED, resumable
from hpobench_lab.cli.options import Debug, Json, Processes, examples
from hpobench_lab.cli.output import emit, note, say
from hpobench_lab.cli.progress import duration, shown
from hpobench_lab.errors import OutOfTime, StudyError, missing_extra

__all__ = ["register"]

TABLES = Path("testbeds/collected")
EXTRAS = {"torch": "training", "xgboost": "surrogates"}
SURROGATE_FROM = 128
"""Configurations from which on a surrogate is fitted, ``curves.fit.LEAST``."""
TRIED = 4
"""Trainings that ``--estimate`` makes."""
TIME = re.compile(r"(?:(?P<h>\d+(?:\.\d+)?)h)?(?:(?P<m>\d+(?:\.\d+)?)m)?(?:(?P<s>\d+(?:\.\d+)?)s)?")


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        "collect",
        short_help="Train for real, write a learning-curve table.",
        epilog=examples(
            "hpobench-lab collect curves/digits-mlp --configs 8",
            "hpobench-lab collect mine.py:tree --configs 200 -j 2 --time-limit 30m",
            "hpobench-lab collect mine.py:tree --configs 200 --estimate",
        ),
    )(collect)


def collect(
    testbed: Annotated[
        str,
        typer.Argument(
            help="curves/<data>-<family>, or your own: path/file.py:name.", metavar="TESTBED"
        ),
    ],
    configs: Annotated[
        int, typer.Option(min=1, help="Configurations to train.", metavar="N")
    ] = 256,
    out: Annotated[Path, typer.Option(help="Folder of tables.", metavar="DIR")] = TABLES,
    seed: Annotated[int, typer.Option(min=0, help="Seeds configurations and trainings.")] = 0,
    processes: Processes = 1,
    time_limit: Annotated[
        str, typer.Option(help="Stop training after 90s, 30m, 2h; exit code 130.", metavar="TIME")
    ] = "",
    estimate: Annotated[
        bool, typer.Option("--estimate", help=f"Train {TRIED}, say how long all would take.")
    ] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Train for real and write a table of learning curves, which is itself a testbed.

    A second call with the same arguments continues where a killed or stopped one ended; one with
    more configurations takes the place of a finished table and trains all of its own.
    """
    limit_s = _seconds(time_limit) if time_limit else None
    _check_extras(testbed, configs)
    from hpobench_lab.collect import collect as collect_table

    seen: list[tuple[int, int]] = []  # trainings done, in all
    again = _command(testbed, configs, out, seed, processes)
    with resumable(again), shown(testbed, quiet=as_json) as step:

        def progress(done: int, total: int, seconds: float) -> None:
            seen.append((done, total))
            if len(seen) == 1 and done and not as_json:
                note(_found(done, total))
            if len(seen) > 1 or done < total:
                step(done, total, f"{seconds:.0f} s")

        try:
            folder = collect_table(
                testbed,
                configs=configs,
                out=out,
                seed=seed,
                processes=1 if estimate else processes,
                progress=progress,
                time_limit_s=limit_s,
                stop_after=TRIED if estimate else None,
            )
        except OutOfTime as stopped:
            end = stopped
        else:
            return _finished(folder, configs, seen, as_json)
    if estimate:
        return _estimated(end, processes, again, as_json)
    _stopped(end, again, as_json)
    raise typer.Exit(INTERRUPTED)


def _seconds(text: str) -> float:
    """Return the seconds of ``90s``, ``30m``, ``2h`` or ``1h30m``.

    >>> _seconds("1h30m")
    5400.0
    """
    match = TIME.fullmatch(text.strip())
    given = {k: float(v) for k, v in match.groupdict().items() if v} if match else {}
    total = sum({"h": 3600.0, "m": 60.0, "s": 1.0}[unit] * n for unit, n in given.items())
    if not total > 0:
        raise StudyError(f"--time-limit must be like 90s, 30m, 2h or 1h30m, got {text!r}")
    return total


def _command(testbed: str, configs: int, out: Path, seed: int, processes: int) -> str:
    """Return the line that continues this collection."""
    place = "" if out == TABLES else f" --out {shlex.quote(str(out))}"
    workers = "" if processes == 1 else f" -j {processes}"
    name = shlex.quote(testbed)
    return f"hpobench-lab collect {name} --configs {configs} --seed {seed}{place}{workers}"


def _check_extras(testbed: str, configs: int) -> None:
    """Raise MissingExtra now if what will be needed is not installed."""
    from hpobench_lab.collect import recipe_named

    fitting = ("xgboost",) if configs >= SURROGATE_FROM else ()
    for package in (*recipe_named(testbed).packages, *fitting):
        if package in EXTRAS and _is_missing(package):
            raise missing_extra(f"collect {testbed}", package, EXTRAS[package])


def _is_missing(package: str) -> bool:
    try:
        return find_spec(package) is None
    except ValueError:  # how it says that it was set to None
        return True


def _found(done: int, total: int) -> str:
    if done == total:
        return f"all {total} trainings were done already"
    return f"{done} of {total} trainings were done already; going on with the others"


def _stopped(end: OutOfTime, again: str, as_json: bool) -> None:
    left = duration(end.rest_s)
    if as_json:
        emit({"finished": False, "done": end.done, "trainings": end.total, "rest_s": end.rest_s})
    note(f"{end}; the others take about {left}. Continue with:\n  {again}")


def _estimated(end: OutOfTime, processes: int, again: str, as_json: bool) -> None:
    """Say how long all trainings take, here and with more processes."""
    counts = sorted({1, 2, 4, processes})
    if as_json:
        rest = {str(n): end.rest_s / n for n in counts}
        emit({"trainings": end.total, "done": end.done, "each_s": end.each_s, "rest_s": rest})
        return
    say(f"{end.total} trainings of {end.each_s:.2g} s each; {end.done} are done and kept")
    for n in counts:
        say(f"  -j {n}  about {duration(end.rest_s / n)}")
    note(f"Train the others with:\n  {again}")


def _finished(folder: Path, configs: int, seen: list[tuple[int, int]], as_json: bool) -> None:
    name, quality = _table_name(folder), _quality(folder)
    if as_json:
        counts = {"configurations": configs, "trainings": seen[0][1], "found": seen[0][0]}
        document: dict[str, Any] = {"table": str(folder), "name": name, **counts}
        emit(document | {"finished": True, "surrogate_quality": quality})
        return
    say(f"table    {folder}")
    if quality:
        held_out = quality.pop("held_out_configurations", None)
        say("surrogate" + (f", {held_out:g} configurations held out:" if held_out else ":"))
        say("\n".join(f"  {_label(what):22} {value:.4g}" for what, value in quality.items()))
    note(_what_now(folder, name))


def _label(measure: str) -> str:
    """Return the words for a measure of quality.

    >>> _label("noise_coverage_90")
    'noise coverage 90'
    """
    from hpobench_lab.cli.collected import MEASURES

    return MEASURES.get(measure, measure.replace("_", " "))


def _table_name(folder: Path) -> str | None:
    """Return the name of a table that studies may use; None where it does not go by name."""
    from hpobench_lab.plugins import local

    tables = local.tables().items()
    return next((name for name, path in tables if path.resolve() == folder.resolve()), None)


def _quality(folder: Path) -> dict[str, float]:
    """Return how well the surrogate predicts what it was not fitted to; empty without one."""
    from hpobench_lab.plugins import local

    found = (local.table_header(folder).get("surrogate") or {}).get("quality", {})
    return {k: v for k, v in found.items() if isinstance(v, (int, float))}


def _what_now(folder: Path, name: str | None) -> str:
    from hpobench_lab.plugins import local

    if name is None:
        return "To use it by name, move it to testbeds/<collection>/ of your working directory."
    header = local.table_header(folder)
    lines = [f"It is a testbed now: hpobench-lab list testbeds {name}"]
    if "surrogate.npz" in header.get("files", {}):
        return "\n".join(lines)
    if int(header.get("configurations", 0)) >= SURROGATE_FROM:
        lines.append("It is an exact table: a surrogate is fitted to losses above 0 only.")
    else:
        lines.append(
            f"It is an exact table; from {SURROGATE_FROM} configurations on, a surrogate is fitted "
            "too."
        )
    return "\n".join(lines)
