"""The folder of one table: what lies in it, how it is written at once, read and verified.

=====================  ===========================================================================
``table.json``         what it is, where it comes from, sha256 of every other file
``configs.parquet``    one row a configuration: hyperparameters (null where inactive), ``origin``
``trainings.parquet``  one row a training on inner-train: configuration, fold, replicate, message
``curves.parquet``     one row a training and level: train and validation losses, seconds, sizes
``test.parquet``       the same rows: held-out losses. Sealed: serving evaluations needs it not
``refit.parquet``      sealed: one row a configuration and fold, fitted to all of outer-train
``surrogate.npz``      trees fitted to the curves (absent when there are too few configurations)
=====================  ===========================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.errors import DataError
from hpobench_lab.space import Space
from hpobench_lab.testbeds.curves.storage.checks import (
    check_configs,
    check_curves,
    check_levels,
    check_rows,
    check_trainings,
)
from hpobench_lab.testbeds.curves.storage.columns import (
    codes,
    column,
    read_parquet,
    rounded,
    write_parquet,
)
from hpobench_lab.testbeds.curves.storage.folder import (
    SCHEMA,
    checked,
    file_sha256,
    read_header,
    replace_folder,
    write_header,
    write_json,
)
from hpobench_lab.testbeds.curves.storage.spaces import stored_space

__all__ = [
    "SCHEMA",
    "Curves",
    "as_stored",
    "checked",
    "file_sha256",
    "read_header",
    "read_sealed",
    "read_table",
    "replace_folder",
    "stored_space",
    "verify",
    "write_header",
    "write_json",
    "write_table",
]

Array = NDArray[Any]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Curves:
    """Hold what a table knows: n configurations, T trainings at L levels.

    Args:
        values: Canonical values in the wide space, shape (n, d); NaN where inactive.
        origin: ``sobol``, ``wide`` or the optimizer that proposed the configuration, shape (n,).
        configuration: Row of ``values`` of each training, shape (T,).
        fold: Outer fold of each training, shape (T,).
        replicate: 0, or another training seed and inner split, shape (T,).
        message: What a training raised, or "", shape (T,).
        columns: Column -> shape (T, L); seconds are cumulative.
        test: Column -> shape (T, L), or None where it is sealed or there is none.
        refit: Column -> shape (T,), NaN where there is none; or None, as ``test``.
    """

    values: FloatArray
    origin: Array
    configuration: Array
    fold: Array
    replicate: Array
    message: Array
    columns: Mapping[str, FloatArray]
    test: Mapping[str, FloatArray] | None = None
    refit: Mapping[str, FloatArray] | None = None

    def take(self, trainings: Array) -> Curves:
        """Return the curves of the given trainings; configurations stay."""

        def part(columns: Mapping[str, FloatArray] | None) -> dict[str, FloatArray] | None:
            return None if columns is None else {k: v[trainings] for k, v in columns.items()}

        return replace(
            self,
            configuration=self.configuration[trainings],
            fold=self.fold[trainings],
            replicate=self.replicate[trainings],
            message=self.message[trainings],
            columns=part(self.columns) or {},
            test=part(self.test),
            refit=part(self.refit),
        )


def as_stored(curves: Curves) -> Curves:
    """Return what ``read_table`` will read: sorted by fold, replicate, configuration; rounded."""
    order = np.lexsort((curves.configuration, curves.replicate, curves.fold))
    ordered = curves.take(order)

    def short(columns: Mapping[str, FloatArray] | None) -> dict[str, FloatArray] | None:
        if columns is None:
            return None
        return {k: rounded(k, v).astype(np.float64) for k, v in columns.items()}

    refit = short(ordered.refit)
    for name in refit or ():
        refit[name] = np.where(ordered.replicate == 0, refit[name], np.nan)  # type: ignore[index]
    return replace(
        ordered, columns=short(ordered.columns) or {}, test=short(ordered.test), refit=refit
    )


def write_table(folder: Path, header: Mapping[str, Any], curves: Curves) -> None:
    """Write the parquet files of a table and its ``table.json``, with the digest of every file.

    Args:
        folder: Where to; made when it is not there. A file that lies there besides, such as
            ``surrogate.npz``, is entered in ``table.json``.
        header: ``table.json`` without ``files``.
        curves: In any order; sorted and rounded here (``as_stored``).

    Raises:
        DataError: If the curves break what ``read_table`` demands; then nothing is written.
    """
    space, fidelity = stored_space(header), header["fidelity"]["name"]
    levels = check_levels(folder / "table.json", header["fidelity"]["levels"])
    if "origin" in space:
        raise DataError(f"{folder}: no parameter can be called 'origin', a column of every table")
    curves = as_stored(curves)
    keys = {k: getattr(curves, k) for k in ("configuration", "fold", "replicate")}
    check_configs(folder / "configs.parquet", space, curves.values)
    check_trainings(folder / "trainings.parquet", keys, len(curves.values))
    check_curves(folder / "curves.parquet", curves.columns, levels)
    check_curves(folder / "test.parquet", curves.test or {}, levels)
    folder.mkdir(parents=True, exist_ok=True)
    hyperparameters = {
        name: column(parameter, codes_)
        for (name, parameter), codes_ in zip(space.items(), curves.values.T, strict=True)
    }
    write_parquet(
        folder / "configs.parquet", hyperparameters | {"origin": list(map(str, curves.origin))}
    )
    kinds = {"configuration": np.int32, "fold": np.int16, "replicate": np.int16}
    trainings: dict[str, Any] = {k: keys[k].astype(kind) for k, kind in kinds.items()}
    write_parquet(
        folder / "trainings.parquet", trainings | {"message": list(map(str, curves.message))}
    )
    _write_rows(folder / "curves.parquet", curves.columns, fidelity, levels)
    if curves.test is not None:
        _write_rows(folder / "test.parquet", curves.test, fidelity, levels)
    if curves.refit is not None:
        rows = np.flatnonzero(curves.replicate == 0)
        refit = {k: v[rows].astype(np.float32) for k, v in curves.refit.items()}
        pair = {k: trainings[k][rows] for k in ("configuration", "fold")}
        write_parquet(folder / "refit.parquet", pair | refit)
    write_header(folder, header)


def _write_rows(
    path: Path, columns: Mapping[str, FloatArray], fidelity: str, levels: FloatArray
) -> None:
    count = len(next(iter(columns.values())))
    whole = (levels == np.rint(levels)).all()
    rows: dict[str, Any] = {
        "training": np.repeat(np.arange(count, dtype=np.int32), len(levels)),
        fidelity: np.tile(levels.astype(np.int32) if whole else levels, count),
    }
    write_parquet(path, rows | {k: v.ravel().astype(np.float32) for k, v in columns.items()})


def read_table(folder: Path, header: Mapping[str, Any], sealed: bool = False) -> Curves:
    """Return what a table knows; held-out values only when they are asked for.

    Args:
        folder: Of the table.
        header: What ``read_header`` returned.
        sealed: Whether ``test.parquet`` and ``refit.parquet`` are opened.

    Raises:
        DataError: At the first file that is missing or damaged, or whose rows break what a table
            promises: no twins, sorted fidelities, no NaN inside a curve, counts that agree.
    """
    space, levels = stored_space(header), np.array(header["fidelity"]["levels"], dtype=np.float64)
    values, origin = _read_configs(checked(folder, "configs.parquet", header), space, header)
    path = checked(folder, "trainings.parquet", header)
    trainings = read_parquet(path, ("configuration", "fold", "replicate", "message"))
    check_trainings(path, trainings, len(values))
    path = checked(folder, "curves.parquet", header)
    needed = ("cpu_s", *(o["column"] for o in header["objectives"]))
    columns = _read_rows(path, header, len(trainings["configuration"]), levels, needed)
    curves = Curves(
        values,
        origin,
        configuration=np.asarray(trainings["configuration"], np.int64),
        fold=np.asarray(trainings["fold"], np.int64),
        replicate=np.asarray(trainings["replicate"], np.int64),
        message=np.array(trainings["message"], dtype=np.str_),
        columns=columns,
    )
    return read_sealed(folder, header, curves) if sealed else curves


def read_sealed(folder: Path, header: Mapping[str, Any], curves: Curves) -> Curves:
    """Return the curves with their held-out values, as far as the table has some.

    Raises:
        DataError: As ``read_table``.
    """
    levels, count = np.array(header["fidelity"]["levels"], np.float64), len(curves.configuration)
    test = refit = None
    if "test.parquet" in header["files"]:
        path = checked(folder, "test.parquet", header)
        test = _read_rows(path, header, count, levels, ())
    if "refit.parquet" in header["files"]:
        refit = _read_refit(checked(folder, "refit.parquet", header), curves)
    return replace(curves, test=test, refit=refit)


def _read_configs(path: Path, space: Space, header: Mapping[str, Any]) -> tuple[FloatArray, Array]:
    stored = read_parquet(path, (*space.names, "origin"))
    counted = header.get("configurations", len(stored["origin"]))
    if len(stored["origin"]) != counted:
        raise DataError(
            f"{path}: row counts disagree: {len(stored['origin'])} configurations, but table.json "
            f"says {counted}"
        )
    rows = []
    for name, parameter in space.items():
        try:
            rows.append(codes(parameter, stored[name]))
        except (TypeError, ValueError) as error:
            raise DataError(f"{path}: a value of {name!r} {error}") from None
    values = np.ascontiguousarray(np.stack(rows, axis=1))
    check_configs(path, space, values)
    return values, np.array(stored["origin"], dtype=np.str_)


def _read_rows(
    path: Path, header: Mapping[str, Any], count: int, levels: FloatArray, needed: tuple[str, ...]
) -> dict[str, FloatArray]:
    fidelity = header["fidelity"]["name"]
    stored = read_parquet(path, ("training", fidelity, *needed))
    check_rows(path, stored.pop("training"), stored.pop(fidelity), count, levels)
    shape = (count, len(levels))
    columns = {k: np.asarray(v, np.float64).reshape(shape) for k, v in stored.items()}
    check_curves(path, columns, levels)
    return columns


def _read_refit(path: Path, curves: Curves) -> dict[str, FloatArray]:
    """Return the columns of the refits, shape (T,); those of replicates are NaN."""
    stored = read_parquet(path, ("configuration", "fold"))
    rows = np.flatnonzero(curves.replicate == 0)
    pairs = stored.pop("configuration"), stored.pop("fold")
    wanted = curves.configuration[rows], curves.fold[rows]
    if not all(np.array_equal(a, b) for a, b in zip(pairs, wanted, strict=True)):
        raise DataError(
            f"{path}: row counts disagree: {len(pairs[0])} refits, but {len(rows)} pairs of "
            "configuration and fold in trainings.parquet, or in another order"
        )
    found = {}
    for name, column_ in stored.items():
        found[name] = np.full(len(curves.configuration), np.nan)
        found[name][rows] = column_
    return found


def verify(folder: Path) -> dict[str, Any]:
    """Check every file of a table, the sealed ones included, and return the header.

    Raises:
        DataError: At the first file that is missing or damaged, or breaks what a table promises.
    """
    header = read_header(folder)
    for name in header["files"]:
        checked(folder, name, header)
    read_table(folder, header, sealed=True)
    return header
