"""Columns of the parquet files of a table: how a number is rounded, written and read.

Clocks and sizes keep 11 bits of mantissa (1 part in 4,096), losses and gaps 16 (relative 8e-6),
error rates all of float32: they are counts over rows. What is cut off compresses to nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.errors import DataError
from hpobench_lab.parameters import Categorical, Int, Ordinal, Parameter

__all__ = ["codes", "column", "read_parquet", "rounded", "write_parquet"]

Array = NDArray[Any]
FloatArray = NDArray[np.float64]
_FLOATS = {"halffloat": "float16", "float": "float32", "double": "float64"}
"""Arrow's name of a type -> NumPy's."""
MANTISSA = 23
"""Stored bits of a float32's mantissa."""


def bits(name: str) -> int:
    """Return how many bits of mantissa a column keeps.

    >>> bits("cpu_s"), bits("valid_loss"), bits("valid_error")
    (11, 16, 23)
    """
    if name.endswith(("_s", "_bytes")):
        return 11
    return MANTISSA if name.endswith("_error") else 16


def rounded(name: str, numbers: Array) -> NDArray[np.float32]:
    """Return a column as it is stored; what is not finite stays as it is.

    >>> float(rounded("cpu_s", np.array([1.0001]))[0])
    1.0
    """
    with np.errstate(over="ignore"):
        single = np.ascontiguousarray(numbers, dtype=np.float32)
    cut = MANTISSA - bits(name)
    if not cut:
        return single
    half, mask = np.uint32(1 << (cut - 1)), np.uint32(0xFFFFFFFF ^ ((1 << cut) - 1))
    with np.errstate(over="ignore"):
        near = ((single.view(np.uint32) + half) & mask).view(np.float32)
    return np.where(np.isfinite(single) & np.isfinite(near), near, single)


def unit(name: str) -> str:
    """Return the unit of a column, for people."""
    ends = {"_s": "s", "_bytes": "byte", "_loss": "nat or squared deviation"}
    return next((text for end, text in ends.items() if name.endswith(end)), "1")


def write_parquet(path: Path, columns: Mapping[str, Any]) -> None:
    """Write columns: byte by byte where they have a fraction, otherwise by dictionary.

    Args:
        path: Where to.
        columns: Name -> array, or list with None.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays = {name: pa.array(c, from_pandas=True) for name, c in columns.items()}
    fields = [pa.field(n, a.type, metadata={"unit": unit(n)}) for n, a in arrays.items()]
    split = [n for n, a in arrays.items() if pa.types.is_floating(a.type) and not _few(n, a)]
    pq.write_table(
        pa.table(list(arrays.values()), schema=pa.schema(fields)),
        path,
        compression="zstd",
        compression_level=19,
        use_dictionary=[n for n in arrays if n not in split],
        use_byte_stream_split=split,
        write_statistics=False,
    )


def _few(name: str, array: Any) -> bool:
    """Return whether a dictionary pays: error rates are counts over rows."""
    return name.endswith("_error") and len(array.unique()) <= len(array) // 8


def read_parquet(path: Path, wanted: Sequence[str]) -> dict[str, Any]:
    """Return every column of a file: numbers as arrays, NaN for null; others as lists.

    Args:
        path: The file.
        wanted: Columns that it must have.

    Raises:
        DataError: If the file is damaged or lacks a column.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            table = file.read(use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path} cannot be read: {error}") from None
    missing = [name for name in wanted if name not in table.column_names]
    if missing:
        raise DataError(f"{path} lacks the column {missing[0]!r}; collect the table again")
    return {name: _plain(table[name]) for name in table.column_names}


def _plain(stored: Any) -> Any:
    """Return a column as an array, or as a list; Arrow's ``to_numpy`` would import pandas."""
    import pyarrow as pa

    if not (pa.types.is_floating(stored.type) or pa.types.is_integer(stored.type)):
        return stored.to_pylist()
    parts = [_numbers(chunk) for chunk in stored.chunks]
    return np.concatenate(parts) if parts else np.zeros(0)


def _numbers(chunk: Any) -> Array:
    """Return an Arrow array of numbers as it lies in memory; NaN for null."""
    name, whole = str(chunk.type), slice(chunk.offset, chunk.offset + len(chunk))
    valid, numbers = chunk.buffers()
    found = np.frombuffer(numbers or b"", dtype=_FLOATS.get(name, name))[whole]
    if not chunk.null_count:
        return found
    given = np.unpackbits(np.frombuffer(valid, np.uint8), bitorder="little")[whole]
    return np.where(given, found, np.nan)


def _labels(parameter: Categorical | Ordinal) -> list[Any]:
    """Return how each choice is stored: as it is, or as JSON where choices are of unlike types."""
    kinds = {
        bool if isinstance(c, bool) else str if isinstance(c, str) else float
        for c in parameter.choices
    }
    return (
        list(parameter.choices) if len(kinds) == 1 else [json.dumps(c) for c in parameter.choices]
    )


def column(parameter: Parameter, values: FloatArray) -> Any:
    """Return a parameter's codes, shape (n,), as people read them; null where inactive."""
    if isinstance(parameter, (Categorical, Ordinal)):
        labels = _labels(parameter)
        return [None if v != v else labels[int(v)] for v in values.tolist()]
    if isinstance(parameter, Int):
        return [None if v != v else int(v) for v in values.tolist()]
    return values


def codes(parameter: Parameter, stored: Any) -> FloatArray:
    """Return the codes of what ``column`` made, shape (n,); NaN where inactive.

    Raises:
        ValueError: If a value is not one of the parameter.
    """
    found = np.full(len(stored), np.nan)
    rows = [i for i, v in enumerate(stored) if v is not None and v == v]
    if isinstance(parameter, (Categorical, Ordinal)):
        index = {label: float(i) for i, label in enumerate(_labels(parameter))}
        for i in rows:
            if stored[i] not in index:
                raise ValueError(f"must be one of {parameter.choices!r}, got {stored[i]!r}")
            found[i] = index[stored[i]]
    else:
        found[rows] = [parameter.code(stored[i]) for i in rows]
    return found
