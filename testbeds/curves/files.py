"""The folder of one table: what lies in it, how it is written at once, read and verified.

====================  ============================================================================
``table.json``        what it is, where it comes from, sha256 of every other file
``configs.parquet``   one row a configuration: its hyperparameters and training seed
``curves.parquet``    one row a configuration and level: train and validation losses, seconds
``test.parquet``      the same rows: held-out losses. Sealed: what serves evaluations never opens it
``surrogate.npz``     trees fitted to the curves (absent when there are too few configurations)
====================  ============================================================================
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.errors import DataError
from hpobench_lab.parameters import Categorical, Int, Ordinal, Parameter
from hpobench_lab.space import Space

__all__ = [
    "SCHEMA",
    "file_sha256",
    "read_configs",
    "read_curves",
    "read_header",
    "replace_folder",
    "verify",
    "write_configs",
    "write_curves",
    "write_json",
]

SCHEMA = 1
Array = NDArray[Any]
FloatArray = NDArray[np.float64]


def file_sha256(path: Path) -> str:
    """Return the digest of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write plain data, indented; not-a-number is not allowed."""
    path.write_text(json.dumps(data, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _write_parquet(path: Path, columns: Mapping[str, Array], units: Mapping[str, str]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays = {name: pa.array(column) for name, column in columns.items()}
    fields = [pa.field(n, a.type, metadata={"unit": units.get(n, "")}) for n, a in arrays.items()]
    split = [n for n, a in arrays.items() if pa.types.is_floating(a.type)]
    pq.write_table(
        pa.table(list(arrays.values()), schema=pa.schema(fields)),
        path,
        compression="zstd",
        compression_level=19,
        use_dictionary=[n for n in arrays if n not in split],
        use_byte_stream_split=split,
        write_statistics=False,
    )


def write_configs(path: Path, space: Space, values: FloatArray, seed: Array) -> None:
    """Write one row a configuration, as people read it.

    Args:
        path: Where to.
        space: d parameters.
        values: Shape (n, d).
        seed: Training seed of each configuration, shape (n,).
    """
    columns: dict[str, Array] = {}
    for (name, parameter), codes in zip(space.items(), values.T, strict=True):
        columns[name] = _column(parameter, codes)
    _write_parquet(path, columns | {"training_seed": seed.astype(np.int64)}, {})


def _column(parameter: Parameter, codes: FloatArray) -> Array:
    if isinstance(parameter, (Categorical, Ordinal)):
        return np.asarray(np.array(parameter.choices)[codes.astype(int)])
    return codes.astype(np.int64) if isinstance(parameter, Int) else codes


def _codes(parameter: Parameter, column: Array) -> FloatArray:
    if isinstance(parameter, (Categorical, Ordinal)):
        index = {choice: float(i) for i, choice in enumerate(parameter.choices)}
        return np.array([index[v] for v in column.tolist()])
    return column.astype(np.float64)


def write_curves(
    path: Path, curves: Mapping[str, Array], levels: tuple[int, ...], fidelity: str
) -> None:
    """Write one row a configuration and level, float32; seconds to 3 digits.

    Args:
        path: Where to.
        curves: Column -> shape (n, levels).
        levels: The fidelity of each level.
        fidelity: Its name, the second column.
    """
    n = len(next(iter(curves.values())))
    columns: dict[str, Array] = {
        "configuration": np.repeat(np.arange(n, dtype=np.int32), len(levels)),
        fidelity: np.tile(np.array(levels, dtype=np.int32), n),
    }
    units = {fidelity: fidelity}
    for name, table in curves.items():
        with np.errstate(over="ignore"):
            flat = np.ascontiguousarray(table, dtype=np.float32).ravel()
        columns[name] = _short(flat) if name.endswith("_s") else flat
        units[name] = "s" if name.endswith("_s") else "nat" if name.endswith("entropy") else "1"
    _write_parquet(path, columns, units)


def _short(seconds: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round to 11 bits of mantissa (1 part in 4,096): clocks are no better, and zeros compress."""
    bits = seconds.view(np.uint32)
    return ((bits + np.uint32(1 << 11)) & np.uint32(0xFFFFF000)).view(np.float32)


def replace_folder(new: Path, target: Path) -> None:
    """Put a finished folder in the place of ``target``; at every moment one of them is whole."""
    for path in sorted(new.iterdir()):
        with path.open("rb+") as file:
            os.fsync(file.fileno())
    old = target.with_name(f".{target.name}.old-{os.getpid()}")
    if target.exists():
        os.replace(target, old)
    os.replace(new, target)
    shutil.rmtree(old, ignore_errors=True)


def read_header(folder: Path) -> dict[str, Any]:
    """Return ``table.json``; its space, levels and the digests of the other files.

    Raises:
        DataError: If it is missing, unreadable or of another schema.
    """
    path = folder / "table.json"
    try:
        header: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{folder} is no table: it has no table.json") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}") from None
    if not isinstance(header, dict) or header.get("schema") != SCHEMA:
        found = header.get("schema") if isinstance(header, dict) else header
        raise DataError(f"{path}: expected schema {SCHEMA}, got {found!r}")
    missing = {"name", "space", "fidelity", "files", "table"} - set(header)
    if missing:
        raise DataError(f"{path} lacks {', '.join(sorted(missing))}")
    return header


def checked(folder: Path, name: str, header: Mapping[str, Any]) -> Path:
    """Return the path of a file whose bytes are those that the header names.

    Raises:
        DataError: If the file is missing or its sha256 is another.
    """
    path = folder / name
    wanted = header["files"].get(name)
    if wanted is None:
        raise DataError(f"{folder / 'table.json'} lists no file {name!r}")
    try:
        found = file_sha256(path)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    if found != wanted["sha256"]:
        raise DataError(
            f"{path} is damaged: its sha256 is {found[:12]}..., table.json says "
            f"{wanted['sha256'][:12]}...; restore the file or collect the table again"
        )
    return path


def _read_parquet(path: Path, wanted: list[str] | None = None) -> dict[str, Array]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, columns=wanted, use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path} cannot be read: {error}") from None
    return {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}


def read_configs(folder: Path, header: Mapping[str, Any]) -> tuple[FloatArray, Array]:
    """Return the values, shape (n, d), and training seeds, shape (n,), of the configurations."""
    space = Space.from_json(header["space"])
    columns = _read_parquet(checked(folder, "configs.parquet", header))
    try:
        codes = [_codes(space[name], columns[name]) for name in space.names]
    except KeyError as error:
        raise DataError(f"{folder / 'configs.parquet'}: {error} is not in the space") from None
    values = np.ascontiguousarray(np.stack(codes, axis=1))
    if len(np.unique(values, axis=0)) != len(values):
        raise DataError(f"{folder / 'configs.parquet'} holds a configuration twice")
    return values, columns["training_seed"]


def read_curves(
    folder: Path, header: Mapping[str, Any], file: str = "curves.parquet"
) -> dict[str, FloatArray]:
    """Return column -> shape (n, levels), float64.

    Raises:
        DataError: If the file is damaged, or its rows are not every configuration at every level.
    """
    columns = _read_parquet(checked(folder, file, header))
    levels = header["fidelity"]["levels"]
    rows = columns.pop("configuration"), columns.pop(header["fidelity"]["name"])
    n = len(rows[0]) // len(levels)
    if not (
        np.array_equal(rows[0], np.repeat(np.arange(n), len(levels)))
        and np.array_equal(rows[1], np.tile(levels, n))
    ):
        raise DataError(
            f"{folder / file}: rows are not every configuration at every level, in order"
        )
    return {k: np.asarray(v, np.float64).reshape(n, len(levels)) for k, v in columns.items()}


def verify(folder: Path) -> dict[str, Any]:
    """Check every file of a table, the sealed one included, and return the header.

    Raises:
        DataError: At the first file that is missing or damaged.
    """
    header = read_header(folder)
    for name in header["files"]:
        checked(folder, name, header)
    return header
