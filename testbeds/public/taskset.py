"""TaskSet: 1,000 configurations of Adam8p on tasks of deep learning, with test losses.

Two forms are read from a folder: ``*.npz`` with the arrays ``tasks``, ``hp_names``, ``hp`` (1,000,
8) and ``curves`` (tasks, 1,000, 51, 3 = train, valid, test), and ``<task>.json``, a list of
``{"hp": {...}, "train": {"loss": [51]}, "valid": ..., "test": ...}``. A task that lies in both is
taken from the npz.

- The stored losses are means of five trainings, evaluated every 200 of 10,000 steps. Point 0 is the
  untrained net: it is not served, points 1 to 50 are steps 200 to 10,000.
- Two betas are served as ``one_minus_beta1`` and ``one_minus_beta2``, log-uniform: so they were
  drawn.
- There is no run time: a step costs one nominal second.
- Losses are heavy-tailed, to 4.9e34. What is finite is told as it is below full fidelity; at full
  fidelity a training is ``diverged``, and scored as chance, when it ends worse than the worst of
  the task's 1,000 untrained nets (the largest point 0 of the validation loss).
- A training that overflowed ends in NaN. The mean of five is NaN from where one of them is.
- The losses are of mini-batches (50 an evaluation), so the winner on validation need not be the
  winner on test: in 5 of the 12 text tasks it is not.

References:
    Metz, Maheswaranathan, Sun, Freeman, Poole, Sohl-Dickstein (2020). Using a thousand optimization
    tasks to learn hyperparameter search strategies. https://arxiv.org/abs/2002.11887
    Ranges: google-research/task_set/optimizers/adam8p.py, ``sample_adam8p_wide_grid``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.errors import DataError
from hpobench_lab.parameters import Float
from hpobench_lab.problem import Objective
from hpobench_lab.space import Space
from hpobench_lab.testbed import Facts, Testbed
from hpobench_lab.testbeds.public.arrays import ArrayTable, Levels
from hpobench_lab.testbeds.public.instances import chosen, digest, reading

__all__ = ["SPACE", "instances", "open_instance"]

Array = NDArray[Any]
FloatArray = NDArray[np.float64]

SPACE = Space(
    {
        "learning_rate": Float(1e-8, 1e1, log=True),
        "one_minus_beta1": Float(1e-4, 1e0, log=True),
        "one_minus_beta2": Float(1e-6, 1e0, log=True),
        "epsilon": Float(1e-10, 1e3, log=True),
        "l1": Float(1e-8, 1e1, log=True),
        "l2": Float(1e-8, 1e1, log=True),
        "linear_decay": Float(1e-7, 1e-4, log=True),
        "exponential_decay": Float(1e-6, 1e-3, log=True),
    }
)
"""Adam8p's ranges, in which the 1,000 configurations were drawn."""

_STORED = tuple(name.removeprefix("one_minus_") for name in SPACE.names)
_POINTS, _EVERY = 51, 200
_SPLITS = ("train", "valid", "test")


def instances(folder: Path) -> list[str]:
    """Return the tasks that a folder holds, sorted; curves are not read.

    Raises:
        DataError: If an npz file in it is damaged.
    """
    return sorted({*_archived(folder), *_listed(folder)})


def open_instance(folder: Path, instance: str) -> Testbed:
    """Open one task as a table of 1,000 listed configurations.

    Args:
        folder: Where the files lie.
        instance: Name of the task, such as
            ``"FixedTextRNNClassification_imdb_patch32_GRU128_bs128"``.

    Raises:
        UnknownName: If the folder has no such task.
        DataError: If the file is damaged.
    """
    chosen("taskset", instance, instances(folder))
    archive = _archived(folder).get(instance)
    path = archive or folder / f"{instance}.json"
    read = partial(_from_npz, path, instance) if archive else partial(_from_json, path)
    with reading(path):
        hp, valid = read("valid")
    values = _values(path, hp)
    return ArrayTable(
        _facts(instance, path, valid),
        SPACE,
        valid[:, None, 1:],
        np.arange(1, _POINTS) * float(_EVERY),
        values=values,
        levels=Levels("steps", np.arange(1, _POINTS) * float(_EVERY), "step"),
        objectives=(Objective("validation loss"),),
        held_out=partial(_test, path, read),
    )


def _test(path: Path, read: Any) -> Array:
    with reading(path):
        return np.asarray(read("test")[1][:, None, 1:])


def _archived(folder: Path) -> dict[str, Path]:
    """Return task -> npz file."""
    found: dict[str, Path] = {}
    for path in sorted(folder.glob("*.npz")):
        with reading(path), path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            found |= {str(task): path for task in stored["tasks"]}
    return found


def _listed(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in folder.glob("*.json")}


def _from_npz(path: Path, task: str, split: str) -> tuple[Mapping[str, FloatArray], Array]:
    """Return the hyperparameters by name and one split's losses, shape (n, 51)."""
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        names = [str(name) for name in stored["hp_names"]]
        hp, row = stored["hp"].astype(np.float64), stored["tasks"].tolist().index(task)
        curves = stored["curves"]
    if curves.ndim != 4 or curves.shape[1:] != (len(hp), _POINTS, 3) or hp.shape[1] != len(names):
        raise DataError(
            f"{path}: curves must have shape (tasks, {len(hp)}, {_POINTS}, 3), got {curves.shape}"
        )
    return dict(zip(names, hp.T, strict=True)), curves[row, :, :, _SPLITS.index(split)].copy()


def _from_json(path: Path, split: str) -> tuple[Mapping[str, FloatArray], Array]:
    """Return the same from the JSON form; None and NaN are missing losses."""
    rows: Sequence[Mapping[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(rows, list) or not rows:
        raise DataError(f"{path} must be a list of trainings, got {type(rows).__name__}")
    hp = {name: np.array([float(row["hp"][name]) for row in rows]) for name in rows[0]["hp"]}
    losses = [row[split]["loss"] for row in rows]
    lengths = sorted({len(curve) for curve in losses})
    if lengths != [_POINTS]:
        raise DataError(f"{path}: every curve must have {_POINTS} points, got {lengths}")
    return hp, np.array(losses, dtype=np.float64)


def _values(path: Path, hp: Mapping[str, FloatArray]) -> FloatArray:
    if sorted(hp) != sorted(_STORED):
        raise DataError(
            f"{path}: these are not the configurations of Adam8p: expected "
            f"{', '.join(_STORED)}, got {', '.join(hp)}"
        )
    columns = [1.0 - hp[name] if name.startswith("beta") else hp[name] for name in _STORED]
    return np.ascontiguousarray(np.stack(columns, axis=1))


def _facts(task: str, path: Path, valid: Array) -> Facts:
    untrained = valid[:, 0][np.isfinite(valid[:, 0])]
    if not len(untrained):
        raise DataError(f"{path}: no training of {task} has a finite loss before its first step")
    kind, _, rest = task.partition("_")
    fixed = kind.startswith("Fixed") and bool(rest)
    return Facts(
        f"taskset/{task}",
        source=rest.split("_")[0] if fixed else task,
        family=kind.removeprefix("Fixed") if fixed else task.partition("_family")[0],
        chance=float(untrained.max()),
        citation=(
            "Metz et al. (2020), Using a thousand optimization tasks to learn hyperparameter "
            "search strategies, https://arxiv.org/abs/2002.11887"
        ),
        licence="Apache-2.0 (code), CC BY 4.0 (data)",
        data_sha256=digest(path),
        title=f"TaskSet: Adam with 8 hyperparameters on {task}, means of 5 trainings",
    )
