"""Blackbox folders of Syne Tune: FCNet, NAS-Bench-201, LCBench, PD1, HPO-B, TabRepo and others.

Names: ``blackbox/<folder>/<task>``, or ``blackbox/<task>`` when the folder itself is a blackbox.
Two layouts are read, one where all tasks share their configurations and one where each has its own:

===============================  ====================================  =========================
shared                           a task's own                          holds
===============================  ====================================  =========================
hyperparameters.parquet          <task>-hyperparameters.parquet        listed configurations
objectives_evaluations.npy       <task>-objectives_evaluations.npy     ([task,] configuration,
                                                                       seed, fidelity, objective)
fidelities_values.npy            <task>-fidelity_values.npy            levels
fidelityspace.json               <task>-fidelity_space.json            name of the fidelity
configspace.json, metadata.json  the same                              ranges, names
===============================  ====================================  =========================

- ``metadata.json`` says what the default objective is and which column is the elapsed time, but not
  which objectives are to be maximised: that is read off their names (accuracy, auc, f1, r2; error,
  loss, entropy, ...), and has to be said where the name leaves it open.
- Columns with test values, or the test error under a plainer name beside ``..._val``, are never an
  objective: they are the held-out values of their validation counterpart.
- Elapsed time is cumulative in every published blackbox; a column of seconds per level is summed
  with ``elapsed="per-step"``. Without a time a unit of fidelity costs one nominal second.
- NaN at the end of a curve is a training that broke off; seeds that are NaN throughout were not
  run. Where the listed configurations are all combinations, the space is served as a full grid.
- nasbench201: upstream fills ``valid_error`` from ``ori-test``, which for CIFAR-10 is the test
  split, and missing seeds with the mean of the others. TabRepo: seeds are folds. HPO-B: all times
  are 1. Titles say so.

The array stays on disk and only the columns that are served are read.

References:
    Salinas, Seeger, Klein, Perrone, Wistuba, Archambeau (2022). Syne Tune: A Library for Large
    Scale Hyperparameter Tuning and Reproducible Research. AutoML.
    https://proceedings.mlr.press/v188/salinas22a.html
    Format: syne-tune 0.16.0 (Apache-2.0), ``blackbox_repository/serialize.py``,
    ``blackbox_tabular.py`` and ``conversion_scripts/scripts/``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.errors import DataError
from hpobench_lab.parameters import Float
from hpobench_lab.space import Space
from hpobench_lab.testbed import Facts
from hpobench_lab.testbeds.public.arrays import ArrayTable, Levels
from hpobench_lab.testbeds.public.grid import grid_numbers, grid_size
from hpobench_lab.testbeds.public.instances import chosen, reading
from hpobench_lab.testbeds.public.places import places, source
from hpobench_lab.testbeds.public.syne_tune_objectives import held_out_of, told
from hpobench_lab.testbeds.public.syne_tune_space import read_space

__all__ = ["instances", "open_instance"]

Array = NDArray[Any]
FloatArray = NDArray[np.float64]
Elapsed = Literal["cumulative", "per-step"]

_REMARKS = {
    "nasbench201": "validation is the published test split, missing seeds are means of the others",
    "tabrepo": "seeds are folds",
    "hpob": "times are not known",
}


@dataclass(frozen=True)
class _Task:
    """Where one task lies."""

    folder: Path
    name: str
    row: int
    metadata: Mapping[str, Any]

    @property
    def shared(self) -> bool:
        return (self.folder / "hyperparameters.parquet").is_file()

    def file(self, shared: str, own: str) -> Path:
        return self.folder / (shared if self.shared else f"{self.name}-{own}")


def instances(folder: Path) -> list[str]:
    """Return the tasks of the blackboxes in a folder, which may be one itself; arrays stay shut.

    Raises:
        DataError: If a ``metadata.json`` is damaged.
    """
    return list(_tasks(folder))


def open_instance(
    folder: Path,
    instance: str,
    *,
    objectives: list[str] | None = None,
    maximize: list[str] | None = None,
    elapsed: Elapsed = "cumulative",
) -> ArrayTable:
    """Open one task as an exact table.

    Args:
        folder: A blackbox, or a folder of blackboxes.
        instance: ``"<folder>/<task>"``, or ``"<task>"`` when the folder is a blackbox.
        objectives: Columns to tell, in order; default that of ``metadata.json``, else the first
            that is neither a time nor held out.
        maximize: Those of them that are to be maximised; default by their names.
        elapsed: Whether the time column counts from the start of a training or of each level.

    Raises:
        UnknownName: If there is no such task.
        StudyError: If an objective is unknown or held out, or its direction cannot be told.
        DataError: If a file is missing or damaged.
    """
    tasks = _tasks(folder)
    task = tasks[chosen("blackbox", instance, tasks)]
    names = _names(task, "objectives_names")
    default = task.metadata.get("metric_default")
    wanted = told(instance, names, default=default, objectives=objectives, maximize=maximize)
    levels, amounts = _levels(task)
    space, values = _configurations(task)
    signs = np.array([-1.0 if o.direction == "maximize" else 1.0 for o in wanted], dtype=np.float32)
    shape = (len(values), len(amounts), len(names))
    losses = _columns(task, shape, [names.index(o.name) for o in wanted])
    cost_s = _cost(task, shape, names, amounts, elapsed)
    grid = _grid(space, values)
    order = np.argsort(grid) if grid is not None else np.arange(len(values))
    seeds, stored = _seeds(losses)
    pick = (order[:, None], seeds[order])
    facts = _facts(instance, task, losses, cost_s, values)
    sealed = [held_out_of(o.name, names) for o in wanted]
    return ArrayTable(
        facts,
        space,
        losses[pick] * signs,
        np.broadcast_to(cost_s, losses.shape[:3])[pick],
        values=None if grid is not None else values,
        levels=levels,
        objectives=wanted,
        stored=stored[order],
        held_out=partial(_held_out, task, shape, names, sealed, signs, pick)
        if any(sealed)
        else None,
    )


# ---------------------------------------------------------------------------- files and names


def _tasks(folder: Path) -> dict[str, _Task]:
    found: dict[str, _Task] = {}
    for place in places(folder):
        path = place / "metadata.json"
        if not (path.is_file() and (place / "configspace.json").is_file()):
            continue
        metadata = _json(path)
        prefix = "" if place == folder else f"{place.name}/"
        for row, name in enumerate(_strings(path, metadata, "task_names")):
            task = _Task(place, name, row, metadata)
            if task.file("hyperparameters.parquet", "hyperparameters.parquet").is_file():
                found[prefix + name] = task
    return found


def _json(path: Path) -> Mapping[str, Any]:
    with reading(path):
        data = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(data, dict):
        raise DataError(f"{path} must hold an object, got {type(data).__name__}")
    return data


def _strings(path: Path, metadata: Mapping[str, Any], key: str) -> list[str]:
    names = metadata.get(key)
    if not isinstance(names, list) or not all(isinstance(n, str) for n in names) or not names:
        raise DataError(f"{path}: {key} must be a list of names, got {names!r}")
    return names


def _names(task: _Task, key: str) -> list[str]:
    return _strings(task.folder / "metadata.json", task.metadata, key)


def _facts(instance: str, task: _Task, losses: Array, cost_s: Array, values: FloatArray) -> Facts:
    blackbox = task.folder.name
    remark = next((r for key, r in _REMARKS.items() if blackbox.startswith(key)), "")
    served = hashlib.sha256()
    for array in (losses, cost_s, values):
        served.update(np.ascontiguousarray(array).tobytes())
    return Facts(
        f"blackbox/{instance}",
        source=source(task.name),
        family=blackbox,
        citation="Syne Tune blackbox repository, Salinas et al. (2022), AutoML, "
        "https://proceedings.mlr.press/v188/salinas22a.html",
        licence="that of the original data: see the blackbox's recipe in Syne Tune",
        data_sha256=served.hexdigest(),
        title=f"Syne Tune blackbox {blackbox}, task {task.name}"
        + (f"; {remark}" if remark else ""),
    )


# ------------------------------------------------------------------------------------- arrays


def _levels(task: _Task) -> tuple[Levels | None, FloatArray]:
    """Return the fidelity, None when there is one level only, and its levels, shape (L,)."""
    path = task.file("fidelities_values.npy", "fidelity_values.npy")
    with reading(path):
        amounts = np.atleast_1d(np.load(path, allow_pickle=False)).astype(np.float64)
    if len(amounts) == 1:
        return None, np.ones(1)
    space = _json(task.file("fidelityspace.json", "fidelity_space.json"))
    name = str(task.metadata.get("time_attr") or next(iter(space), "fidelity"))
    return Levels(name, amounts), amounts


def _configurations(task: _Task) -> tuple[Space, FloatArray]:
    import pyarrow.parquet as pq

    path = task.file("hyperparameters.parquet", "hyperparameters.parquet")
    with reading(path):
        columns = {str(k): v for k, v in pq.read_table(path).to_pydict().items()}
    declared = _json(task.folder / "configspace.json")
    try:
        return read_space(declared, columns)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


def _columns(task: _Task, shape: tuple[int, int, int], columns: Sequence[int]) -> Array:
    """Return some columns, shape (n, R, L, len(columns)); the rest of the array stays on disk."""
    path = task.file("objectives_evaluations.npy", "objectives_evaluations.npy")
    with reading(path):
        whole = np.load(path, mmap_mode="r", allow_pickle=False)
    tasks = _names(task, "task_names")
    if task.shared and (whole.ndim != 5 or len(whole) != len(tasks)):
        raise DataError(
            f"{path}: expected (tasks, configurations, seeds, levels, objectives) with "
            f"{len(tasks)} tasks, got shape {whole.shape}"
        )
    own = whole[task.row] if task.shared else whole
    n, length, m = shape
    if own.ndim != 4 or own.shape != (n, own.shape[1], length, m) or own.dtype.kind != "f":
        raise DataError(
            f"{path}: expected floats for {n} configurations, some seeds, {length} levels and "
            f"{m} objectives, got {own.dtype} of shape {own.shape}"
        )
    with reading(path):
        return np.ascontiguousarray(np.stack([own[..., k] for k in columns], axis=-1))


def _cost(
    task: _Task,
    shape: tuple[int, int, int],
    names: Sequence[str],
    amounts: FloatArray,
    elapsed: Elapsed,
) -> Array:
    """Return seconds, shape (n, R, L), or a nominal second a unit of fidelity, shape (L,)."""
    name = task.metadata.get("metric_elapsed_time")
    if name not in names:
        return amounts
    seconds = _columns(task, shape, [names.index(name)])[..., 0]
    if elapsed == "per-step":
        seconds = np.add.accumulate(seconds.astype(np.float64), axis=2)
    return seconds


def _seeds(losses: Array) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the order of each configuration's seeds, those that were run first, and their number.

    A configuration of which nothing was run keeps one seed, which then counts as diverged.
    """
    missing = np.isnan(losses).all(axis=(2, 3))
    order = np.argsort(missing, axis=1, kind="stable")
    return order, np.maximum((~missing).sum(axis=1), 1)


def _grid(space: Space, values: FloatArray) -> NDArray[np.intp] | None:
    """Return each row's number in the full grid, or None when the list is not the full grid."""
    if any(isinstance(p, Float) for p in space.parameters) or grid_size(space) != len(values):
        return None
    numbers = grid_numbers(space, values)
    return numbers if len(np.unique(numbers)) == len(numbers) else None


def _held_out(
    task: _Task,
    shape: tuple[int, int, int],
    names: Sequence[str],
    sealed: Sequence[str],
    signs: Array,
    pick: Any,
) -> Array:
    """Return the held-out values in the order of the losses; NaN where an objective has none."""
    columns = _columns(task, shape, [names.index(s) if s else 0 for s in sealed])
    columns = np.where([bool(s) for s in sealed], columns, np.nan).astype(columns.dtype)
    return np.asarray(columns[pick] * signs)
