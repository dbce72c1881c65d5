"""The files of LCDB: which there are, and the rows of one data set with their losses."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.errors import DataError
from hpobench_lab.testbeds.public.instances import reading

__all__ = ["Metric", "Rows", "Splits", "data_files", "ids", "names", "read_rows", "served"]

Array = NDArray[Any]
FloatArray = NDArray[np.float64]
Metric = Literal["accuracy", "logloss"]
Splits = Literal["mean", "raw"]

_MEANS = "lcdb_mean.parquet"


@dataclass(frozen=True)
class Rows:
    """Hold the rows of one data set, each column of shape (rows,).

    Args:
        learner: Names.
        size: Rows trained on.
        split: Number of the split; 0 for means.
        seconds: Of one training.
        loss: Error rate or log-loss.
    """

    learner: Array
    size: Array
    split: Array
    seconds: FloatArray
    loss: FloatArray


def data_files(folder: Path) -> list[Path]:
    """Return the files of a folder that hold learning curves."""
    return [*folder.glob(_MEANS), *sorted(folder.glob("database-*.csv"))]


def served(folder: Path, metric: Metric, splits: Splits) -> Path:
    """Return the file that is read; where there are no means, the rows that make them up.

    Raises:
        DataError: If there is none.
    """
    raw = sorted(folder.glob(f"database-{metric}*.csv"))
    found = raw if splits == "raw" else [*folder.glob(_MEANS), *raw]
    if not found:
        wanted = "" if splits == "raw" else f"{_MEANS} or "
        raise DataError(f"{folder} lacks {wanted}database-{metric}.csv")
    return found[0]


def ids(path: Path) -> list[int]:
    """Return the OpenML ids in a file, ascending."""
    return [int(number) for number in np.unique(_columns(path, ["openmlid"])["openmlid"])]


def names(folder: Path) -> dict[str, str]:
    """Return OpenML id -> name, as far as ``datasets.csv`` knows it."""
    path = folder / "datasets.csv"
    if not path.is_file():
        return {}
    with reading(path), path.open(encoding="utf-8", newline="") as file:
        return {row["openmlid"]: row["Name"] for row in csv.DictReader(file)}


def read_rows(path: Path, number: int, metric: Metric, splits: Splits, part: str) -> Rows:
    """Return the rows of one data set with the losses of one part, ``valid`` or ``test``.

    Raises:
        DataError: If the file is damaged or holds a row twice.
    """
    raw = path.suffix == ".csv"
    column = f"{'score' if raw or metric == 'accuracy' else 'logloss'}_{part}"
    seeds = ["outer_seed", "inner_seed"] if raw else []
    found = _columns(path, ["learner", "size_train", "traintime", column, *seeds], number)
    with reading(path):
        size = found["size_train"].astype(np.int64)
        split = [found[seed].astype(np.int64) for seed in seeds] or [0 * size, 0 * size]
        score = found[column].astype(np.float64)
        rows = Rows(
            found["learner"].astype(str),
            size,
            1000 * split[0] + split[1],
            found["traintime"].astype(np.float64),
            1.0 - score if metric == "accuracy" else score,
        )
    keys = set(zip(rows.learner.tolist(), size.tolist(), rows.split.tolist(), strict=True))
    if not (size > 0).all():
        raise DataError(f"{path}: data set {number} has a training size of {size.min()}")
    if len(keys) != len(size):
        raise DataError(f"{path}: data set {number} has a learner twice at one size and split")
    return _means(rows) if raw and splits == "mean" else rows


def _columns(path: Path, wanted: list[str], number: int | None = None) -> dict[str, Array]:
    """Return columns of a file, of one data set where one is given."""
    import pyarrow.compute as pc
    import pyarrow.csv as pcsv
    import pyarrow.parquet as pq

    columns = list(dict.fromkeys([*wanted, "openmlid"]))
    with reading(path):
        if path.suffix == ".parquet":
            table = pq.read_table(path, columns=columns, use_threads=False)
        else:
            _check_end(path)
            options = pcsv.ConvertOptions(include_columns=columns)
            table = pcsv.read_csv(path, convert_options=options)
        missing = [name for name in columns if name not in table.column_names]
        if missing:
            raise DataError(f"{path} lacks the columns {', '.join(missing)}")
        if number is not None:
            table = table.filter(pc.equal(table["openmlid"], number))
        return {name: table[name].to_numpy(zero_copy_only=False) for name in columns}


def _check_end(path: Path) -> None:
    """Require that a text file ends with a whole line: a cut one may still parse."""
    with path.open("rb") as file:
        if not file.read(1):
            raise DataError(f"{path} cannot be read: it is empty")
        file.seek(-1, 2)
        if file.read(1) != b"\n":
            raise DataError(f"{path} cannot be read: it ends within a line; fetch it again")


def _means(rows: Rows) -> Rows:
    """Return one row a learner and size: means over the splits that there are."""
    keys = list(zip(rows.learner.tolist(), rows.size.tolist(), strict=True))
    place = {key: i for i, key in enumerate(sorted(set(keys)))}
    group = np.array([place[key] for key in keys])
    count = np.bincount(group)
    return Rows(
        np.array([learner for learner, _ in place]),
        np.array([size for _, size in place]),
        np.zeros(len(place), dtype=np.int64),
        np.bincount(group, rows.seconds) / count,
        np.bincount(group, rows.loss) / count,
    )
