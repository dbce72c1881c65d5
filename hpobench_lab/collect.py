"""Collect a learning-curve table by really training models; the table is itself a testbed."""

from __future__ import annotations

import math
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

from hpobench_lab.errors import DataError, OutOfTime, StudyError, UnknownName, suggestion
from hpobench_lab.parameters import Float
from hpobench_lab.testbeds.curves.build import build
from hpobench_lab.testbeds.curves.storage.files import verify
from hpobench_lab.testbeds.training.data import DATASETS
from hpobench_lab.testbeds.training.design import sobol_values
from hpobench_lab.testbeds.training.families import FAMILIES
from hpobench_lab.testbeds.training.parts import (
    MOST,
    Progress,
    Whole,
    digest,
    parts_folder,
    train_parts,
)
from hpobench_lab.testbeds.training.recipes import RECIPES, Recipe

__all__ = ["collect", "recipe_named", "trainings"]


def _silent(done: int, total: int, seconds: float) -> None:
    """Show nothing."""


def recipe_named(testbed: str) -> Recipe:
    """Return what a name such as ``curves/digits-mlp``, or a selector, stands for.

    Args:
        testbed: ``curves/<data>-<family>``, with or without ``curves/``; or a testbed of the
            user's: ``path/file.py:name``, ``package.module:name``, or its name.

    Raises:
        UnknownName: If nothing that can be collected has this name.
        StudyError: If a user's testbed cannot be loaded, or a table cannot hold what it is.
        DataError: If its data cannot be learnt from.
    """
    name = testbed.removeprefix("curves/")
    if name in RECIPES:
        return RECIPES[name]
    _check_known(testbed, name)
    from hpobench_lab.testbeds.training.own.recipe import own_recipe

    return own_recipe(testbed)


def _check_known(testbed: str, name: str) -> None:
    from hpobench_lab import plugins
    from hpobench_lab.plugins.local import testbed_files
    from hpobench_lab.plugins.selectors import parse

    if parse(testbed).form != "name":
        return
    try:
        plugins.testbed_plugin(testbed)
    except UnknownName:
        raise UnknownName(
            f"cannot collect {testbed!r}.{suggestion(name, [*RECIPES, *testbed_files()])} What can "
            f"be collected: curves/<data>-<family> of {', '.join(DATASETS)} and "
            f"{', '.join(FAMILIES)}; or a testbed of your own, path/file.py:name"
        ) from None


class _Limits:
    """Hand progress on, and stop between two chunks when there is enough."""

    def __init__(self, progress: Progress, time_limit_s: float | None, stop_after: int | None):
        self._progress, self._began = progress, time.monotonic()
        self._time_limit_s = math.inf if time_limit_s is None else time_limit_s
        self._stop_after = math.inf if stop_after is None else stop_after
        self._seen: list[tuple[int, float]] = []

    def __call__(self, done: int, total: int, seconds: float) -> None:
        self._progress(done, total, seconds)
        self._seen.append((done, seconds))
        new = done - self._seen[0][0]
        late = time.monotonic() - self._began >= self._time_limit_s
        if new and done < total and (late or new >= self._stop_after):
            raise OutOfTime(done, total, self._pace())

    def _pace(self) -> float:
        """Return seconds per training; the first chunk, which starts processes, left out."""
        first = self._seen[1] if len(self._seen) > 2 else self._seen[0]
        last = self._seen[-1]
        return (last[1] - first[1]) / (last[0] - first[0])


def collect(
    testbed: str,
    *,
    configs: int,
    out: Path,
    seed: int = 0,
    processes: int = 1,
    progress: Progress = _silent,
    time_limit_s: float | None = None,
    stop_after: int | None = None,
) -> Path:
    """Train configurations for real and write their learning curves as a table.

    A larger collection begins with the spread of a smaller one; what optimizers propose, from 128
    configurations on, is new, and all is trained again. A second call with the same
    arguments continues after a kill, and does nothing when the table is finished. A finished table
    gives way only to a larger one of the same seed, or when it is damaged.

    Args:
        testbed: As in ``recipe_named``.
        configs: How many configurations to train.
        out: Folder in which the table's folder is made.
        seed: Seeds the choice of configurations and every training.
        processes: Trainings at the same time, each on one thread.
        progress: Called with (trainings done, in all, seconds).
        time_limit_s: Stop training after the chunk in which so many seconds have passed; at least
            one chunk is trained.
        stop_after: Stop after the chunk with this many new trainings.

    Returns:
        The table's folder: ``out/<data>-<family>``, or ``out/<file>-<name>`` of a user's testbed.

    Raises:
        UnknownName: If the name cannot be collected.
        StudyError: If a number is out of range, or another collection lies in the folder.
        MissingExtra: If torch or xgboost is needed and not installed.
        DataError: If ``out`` cannot be written, or a user's data cannot be learnt from.
        OutOfTime: If it was stopped before the end; what finished is kept.
    """
    recipe = recipe_named(testbed)
    _check(configs, seed, processes)
    if not any(isinstance(p, Float) for p in recipe.space.parameters):
        sobol_values(recipe.space, configs, seed)  # are there as many?
    target = out / recipe.name
    if _finished(target, recipe, configs, seed):
        known = trainings(target)
        progress(known, known, 0.0)
        return target
    limits = _Limits(progress, time_limit_s, stop_after)
    whole = train_parts(
        recipe, out, configs=configs, seed=seed, processes=processes, progress=limits
    )
    command = f"hpobench-lab collect {_spelled(testbed, recipe)} --configs {configs} --seed {seed}"
    _put(recipe, whole, target, seed, f"{command} -j {processes}")
    shutil.rmtree(parts_folder(recipe, out, seed), ignore_errors=True)
    return target


def _spelled(testbed: str, recipe: Recipe) -> str:
    """Return the name by which anybody can collect it again."""
    return f"curves/{recipe.name}" if recipe.name in RECIPES else testbed


def _put(recipe: Recipe, whole: Whole, target: Path, seed: int, command: str) -> None:
    """Build the table of a finished collection."""
    provenance = {
        "command": command,
        "digest": digest(recipe, seed),
        **whole.dates,
        "merged": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    try:
        build(recipe, whole, target, seed=seed, provenance=provenance)
    except OSError as error:
        raise DataError(f"cannot write {target}: {error.strerror}") from error


def trainings(folder: Path) -> int:
    """Return how many trainings a finished table holds."""
    import pyarrow.parquet as pq

    return int(pq.read_metadata(folder / "trainings.parquet").num_rows)


def _check(configs: int, seed: int, processes: int) -> None:
    if configs > MOST:
        raise StudyError(f"configs must be at most {MOST}, got {configs}")
    for name, number, least in (
        ("configs", configs, 1),
        ("seed", seed, 0),
        ("processes", processes, 1),
    ):
        if number < least:
            raise StudyError(f"{name} must be at least {least}, got {number}")


def _finished(target: Path, recipe: Recipe, configs: int, seed: int) -> bool:
    """Return whether the table is there, undamaged, of these very arguments.

    Raises:
        StudyError: If an undamaged table is there that must not be replaced.
    """
    if not (target / "table.json").exists():
        return False
    try:
        header = verify(target)
    except DataError:
        return False
    held = int(header["configurations"])
    if header["provenance"].get("digest") == digest(recipe, seed) and held <= configs:
        return held == configs
    made = header["provenance"].get("command", "another collection")
    raise StudyError(
        f"{target} holds a finished table of {held} configurations ({made}), which this collection "
        "would destroy; move it away or choose another --out"
    )
