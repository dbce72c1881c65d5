"""Collect a learning-curve table by really training models; the table is itself a testbed."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from hpobench_lab.errors import DataError, StudyError, UnknownName, suggestion
from hpobench_lab.testbeds.curves.build import Collected, build
from hpobench_lab.testbeds.curves.files import verify
from hpobench_lab.testbeds.training.parts import (
    MOST,
    Progress,
    dates,
    digest,
    parts_folder,
    read_parts,
    sobol_values,
    train_parts,
)
from hpobench_lab.testbeds.training.recipes import RECIPES, Recipe

__all__ = ["collect", "recipe_named"]


def _silent(done: int, total: int, seconds: float) -> None:
    """Show nothing."""


def recipe_named(testbed: str) -> Recipe:
    """Return what a name such as ``curves/digits-mlp`` or ``digits-mlp`` stands for.

    Raises:
        UnknownName: If nothing that can be collected has this name.
    """
    name = testbed.removeprefix("curves/")
    if name not in RECIPES:
        known = ", ".join(f"curves/{k}" for k in RECIPES)
        raise UnknownName(
            f"cannot collect {testbed!r}.{suggestion(name, RECIPES)} What can be collected: {known}"
        )
    return RECIPES[name]


def collect(
    testbed: str,
    *,
    configs: int,
    out: Path,
    seed: int = 0,
    processes: int = 1,
    progress: Progress = _silent,
) -> Path:
    """Train configurations for real and write their learning curves as a table.

    The first n configurations are the same whatever ``configs`` is. A second call with the same
    arguments continues after a kill, and does nothing when the table is finished. A finished table
    gives way only to a larger one of the same seed, or when it is damaged.

    Args:
        testbed: ``curves/<data>-<family>``, with or without ``curves/``.
        configs: How many configurations to train.
        out: Folder in which the table's folder is made.
        seed: Seeds the choice of configurations and every training.
        processes: Trainings at the same time, each on one thread.
        progress: Called with (configurations done, in all, seconds).

    Returns:
        The table's folder, ``out/<data>-<family>``.

    Raises:
        UnknownName: If the name cannot be collected.
        StudyError: If a number is out of range, or another collection lies in the folder.
        MissingExtra: If torch or xgboost is needed and not installed.
        DataError: If ``out`` cannot be written.
    """
    recipe = recipe_named(testbed)
    _check(configs, seed, processes)
    target = out / recipe.name
    if _finished(target, recipe, configs, seed):
        progress(configs, configs, 0.0)
        return target
    train_parts(recipe, out, configs=configs, seed=seed, processes=processes, progress=progress)
    curves = read_parts(recipe, out, configs=configs, seed=seed)
    command = f"hpobench-lab collect curves/{recipe.name} --configs {configs} --seed {seed}"
    provenance = {
        "command": f"{command} -j {processes}",
        "digest": digest(recipe, seed),
        **dates(recipe, out, configs=configs, seed=seed),
        "merged": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    values = sobol_values(recipe, configs, seed)
    try:
        build(Collected(recipe, values, curves, seed, provenance), target)
    except OSError as error:
        raise DataError(f"cannot write {target}: {error.strerror}") from error
    shutil.rmtree(parts_folder(recipe, out, seed), ignore_errors=True)
    return target


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
