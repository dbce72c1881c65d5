"""LCBench: 2,000 funnel-shaped MLPs on each of 35 OpenML data sets, 50 epochs, with test curves.

Names: ``lcbench/<data>``, such as ``lcbench/Fashion-MNIST``, opened from the benchmark's own JSON
(``data_2k.json`` or the light ``data_2k_lw.json``, or the zip file of one). Reading was tested
against files in the documented form, not against the original, which is about a gigabyte.

- A log has 52 entries. The first is the untrained net and the last is odd; entries 1 to 50 are
  served as epochs 1 to 50 (so does Syne Tune, pull request 318).
- ``num_layers`` is ``true`` where 1 is meant. README says up to 5 layers, the data stop at 4
  (LCBench issue 4).
- ``time`` counts from before the untrained net was measured and sometimes falls: its running
  maximum is served.
- Told: validation cross-entropy, or accuracy. Test curves lie in a file of their own.
- No loss of a guess is declared (cross-entropy may end above ln(classes) without having diverged),
  so a training is ``diverged`` only where it is not finite.

The first use reads the JSON once, one training at a time, and writes what is served beside it as
columns: ``*.columns.npz``, and sealed ``*.sealed.npz``. Both appear whole or not at all, and are
made anew when the JSON's size or date changes.

References:
    Zimmer, Lindauer, Hutter (2021). Auto-PyTorch Tabular: Multi-Fidelity MetaLearning for Efficient
    and Robust AutoDL. IEEE TPAMI 43(9). https://arxiv.org/abs/2006.13799
    Format and ranges: https://github.com/automl/LCBench, README.md, api.py and
    notebooks/API Example.ipynb.
"""

from __future__ import annotations

import os
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.errors import DataError
from hpobench_lab.parameters import Float, Int
from hpobench_lab.problem import Objective
from hpobench_lab.space import Space
from hpobench_lab.testbed import Facts
from hpobench_lab.testbeds.public.arrays import ArrayTable, Levels
from hpobench_lab.testbeds.public.instances import chosen, digest, reading
from hpobench_lab.testbeds.public.json_stream import entries
from hpobench_lab.testbeds.public.places import places, source

__all__ = ["SPACE", "instances", "open_instance"]

Array = NDArray[Any]
FloatArray = NDArray[np.float64]
Measure = Literal["cross_entropy", "accuracy"]

SPACE = Space(
    {
        "batch_size": Int(16, 512, log=True),
        "learning_rate": Float(1e-4, 1e-1, log=True),
        "momentum": Float(0.1, 0.99),
        "weight_decay": Float(1e-5, 1e-1),
        "num_layers": Int(1, 5),
        "max_units": Int(64, 1024, log=True),
        "max_dropout": Float(0.0, 1.0),
    }
)
"""The ranges of README.md, in which the 2,000 configurations were drawn at random."""

_EPOCHS = 50
_FILES = ("data_2k.json", "data_2k.zip", "data_2k_lw.json", "data_2k_lw.zip")
_TOLD = {
    "cross_entropy": "Train/val_cross_entropy",
    "accuracy": "Train/val_accuracy",
    "time": "time",
}
_SEALED = {"cross_entropy": "Train/test_cross_entropy", "accuracy": "Train/test_result"}
_OBJECTIVES = {
    "cross_entropy": Objective("val_cross_entropy", "nats"),
    "accuracy": Objective("val_accuracy", "%", "maximize"),
}


def instances(folder: Path) -> list[str]:
    """Return the data sets in a folder's JSON, in its order; the first time it is read through.

    Raises:
        DataError: If the file is damaged, or the columns cannot be written beside it.
    """
    path = _find(folder)
    return [] if path is None else _datasets(_columns(path))


def open_instance(folder: Path, instance: str, *, measure: Measure = "cross_entropy") -> ArrayTable:
    """Open one data set as a table of the listed configurations.

    Args:
        folder: With the JSON or zip file, or a folder that has it.
        instance: Name of the data set, such as ``"Fashion-MNIST"``.
        measure: What is told of the validation data; ``accuracy`` is negated.

    Raises:
        UnknownName: If the file has no such data set.
        DataError: If the file is missing or damaged, or the columns cannot be written beside it.
    """
    path = _find(folder)
    if path is None:
        raise DataError(f"lcbench: none of {', '.join(_FILES)} in {folder}")
    columns = _columns(path)
    names = _datasets(columns)
    number = names.index(chosen("lcbench", instance, names))
    epochs = np.arange(1, _EPOCHS + 1, dtype=np.float64)
    sign = -1.0 if measure == "accuracy" else 1.0
    return ArrayTable(
        _facts(instance, str(_array(columns, "sha256"))),
        SPACE,
        sign * _array(columns, f"{number}.{measure}")[:, None],
        _array(columns, f"{number}.time")[:, None],
        values=_array(columns, f"{number}.values"),
        levels=Levels("epochs", epochs, "epoch"),
        objectives=(_OBJECTIVES[measure],),
        held_out=partial(_held_out, path, f"{number}.{measure}", sign),
    )


def _facts(instance: str, sha256: str) -> Facts:
    return Facts(
        f"lcbench/{instance}",
        source=source(instance),
        family="mlp",
        citation="Zimmer, Lindauer, Hutter (2021), Auto-PyTorch Tabular, IEEE TPAMI, "
        "https://arxiv.org/abs/2006.13799",
        licence="see https://figshare.com/projects/LCBench/74151",
        data_sha256=sha256,
        title=f"LCBench: funnel-shaped MLPs on {instance}, listed configurations",
    )


def _held_out(path: Path, name: str, sign: float) -> Array:
    return np.asarray(sign * _array(_sealed_file(path), name)[:, None])


# ------------------------------------------------------------------------------- the columns


def _find(folder: Path) -> Path | None:
    files = (place / name for place in places(folder) for name in _FILES)
    return next((file for file in files if file.is_file()), None)


def _datasets(columns: Path) -> list[str]:
    return [str(name) for name in _array(columns, "datasets")]


def _columns_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.columns.npz")


def _sealed_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.sealed.npz")


def _columns(path: Path) -> Path:
    """Return the file of what is told, made from the JSON when that is not done yet."""
    told = _columns_file(path)
    made = told.is_file() and _sealed_file(path).is_file()
    if not made or str(_array(told, "stamp")) != _stamp(path):
        _convert(path)
    return told


def _stamp(path: Path) -> str:
    with reading(path):
        state = path.stat()
    return f"{state.st_size} {state.st_mtime_ns}"


def _array(path: Path, name: str) -> Array:
    """Return one array of an npz file; the others are not read."""
    try:
        with reading(path), path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return np.asarray(stored[name])
    except DataError as error:
        why = str(error).removesuffix("; fetch it again")
        raise DataError(f"{why}; delete it, and it is made again from the JSON") from None


def _convert(path: Path) -> None:
    """Read the JSON through and write both files; the sealed one first, each in one step."""
    told: dict[str, Array] = {"stamp": np.array(_stamp(path)), "sha256": np.array(digest(path))}
    sealed: dict[str, Array] = {}
    runs: dict[str, list[tuple[int, FloatArray, dict[str, FloatArray]]]] = defaultdict(list)
    with reading(path), _opened(path) as file:
        for dataset, number, run in entries(file, str(path)):
            runs[dataset].append((int(number), *_run(path, dataset, number, run)))
    if not runs:
        raise DataError(f"{path} holds no data set")
    told["datasets"] = np.array(list(runs))
    for k, found in enumerate(runs.values()):
        found.sort(key=lambda one: one[0])
        told[f"{k}.values"] = np.array([values for _, values, _ in found])
        for name, tag in _TOLD.items():
            told[f"{k}.{name}"] = _smallest(np.array([curves[tag] for _, _, curves in found]))
        for name, tag in _SEALED.items():
            sealed[f"{k}.{name}"] = _smallest(np.array([curves[tag] for _, _, curves in found]))
    _write(_sealed_file(path), sealed)
    _write(_columns_file(path), told)


def _write(path: Path, arrays: Mapping[str, Array]) -> None:
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with new.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
        new.replace(path)
    except OSError as error:
        raise DataError(
            f"lcbench: the columns cannot be written to {path}: {error}; "
            "move the JSON to a folder that is writable"
        ) from None
    finally:
        new.unlink(missing_ok=True)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    if path.suffix != ".zip":
        with path.open("rb") as file:
            yield file
        return
    with zipfile.ZipFile(path) as archive:
        inside = [name for name in archive.namelist() if name.endswith(".json")]
        if len(inside) != 1:
            raise DataError(f"{path} must hold one JSON file, got {inside}")
        with archive.open(inside[0]) as member:
            yield member


def _run(
    path: Path, dataset: str, number: str, run: Any
) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Return the configuration, shape (d,), and tag -> the served entries, shape (50,)."""
    config, log = run["config"], run["log"]
    values = [_number(config[name]) for name in SPACE.names]
    tags = {*_TOLD.values(), *_SEALED.values()}
    lengths = {len(log[tag]) for tag in tags}
    if len(lengths) > 1 or max(lengths) > _EPOCHS + 2:
        raise DataError(
            f"{path}: training {number} of {dataset} has logs of {sorted(lengths)} entries, "
            f"expected {_EPOCHS + 2}"
        )
    return np.array(values), {tag: _served(log[tag]) for tag in tags}


def _number(value: Any) -> float:
    """Return a hyperparameter; ``num_layers`` says True for 1, in some copies as text."""
    return 1.0 if value == "True" else float(value)


def _served(log: list[float | None]) -> FloatArray:
    """Return entries 1 to 50; NaN behind the end of a training that broke off."""
    out = np.full(_EPOCHS, np.nan)
    entries_ = np.array(log, dtype=np.float64)[1 : _EPOCHS + 1]
    out[: len(entries_)] = entries_
    return out


def _smallest(array: FloatArray) -> Array:
    """Return the numbers as float32 where that loses nothing."""
    with np.errstate(over="ignore"):
        short = array.astype(np.float32)
    return short if np.array_equal(short, array, equal_nan=True) else array
