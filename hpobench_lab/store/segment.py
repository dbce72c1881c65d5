"""A segment: up to 64 records of runs in one immutable Parquet file, named by its content.

One row an evaluation; the column ``run`` counts the file's records. All records of a segment have
the same columns and types, so nothing is filled in and every column comes back bit by bit.
Parameters are columns ``p.<name>`` of float64 codes (numbers as they are, choices by index, NaN
where inactive); the choices stand in the header's ``testbed.space``. Units are Arrow field
metadata. The file's metadata key ``hpobench_lab`` holds JSON::

    {"schema": 1, "kind": "runs", "attempt": id of the writer,
     "shared": [...],                       parts of headers that several runs have in common
     "pieces": [{"start": 0, "n": 200, "final": true, "header": {..., "testbed": {"shared": 0}}}]}

The file's name is the first 32 hex digits of the sha256 of its bytes. Readers need no more than
any Parquet library; nothing is ever pickled.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.errors import DataError
from hpobench_lab.store.durable import reading
from hpobench_lab.store.jsontext import dumps
from hpobench_lab.store.runrecord import RunRecord

__all__ = ["Damaged", "Piece", "Segment", "content_name", "encode", "open_segment"]

SCHEMA = 1
META = b"hpobench_lab"
SEGMENT_NAME = re.compile(r"[0-9a-f]{32}\.parquet")
_SHARED = (
    ("optimizer",),
    ("testbed",),
    ("protocol",),
    ("platform",),
    ("identity", "optimizer"),
    ("identity", "testbed"),
    ("identity", "protocol"),
)
_UNITS = {"cost_s": "s", "total_s": "s", "start": "s", "end": "s", "energy_j": "J"}


class Damaged(DataError):
    """A file of results is not what was written; it can be quarantined and run again."""


@dataclass(frozen=True)
class Piece:
    """Name the rows ``start`` to ``start + n`` of one run; they begin at row ``first`` of a file.

    A ``final`` piece is a whole run. ``attempt`` names the writer, hence the process, it is from.
    """

    segment: str
    index: int
    first: int
    start: int
    n: int
    final: bool
    attempt: str
    header: dict[str, Any]

    @property
    def key(self) -> str:
        """Return the run's key."""
        return str(self.header["key"])

    @property
    def stop(self) -> int:
        """Return the number of the first row of the run after this piece."""
        return self.start + self.n


@dataclass(frozen=True)
class Segment:
    """Hold one verified file: its pieces, and its columns on demand."""

    path: Path
    pieces: tuple[Piece, ...]
    _file: Any = field(repr=False)

    @property
    def rows(self) -> int:
        """Return the number of rows in the file."""
        return sum(piece.n for piece in self.pieces)

    def columns(self, names: Iterable[str] | None = None) -> dict[str, NDArray[Any]]:
        """Return columns that are there, each shape (rows,), read-only; None = all but ``run``."""
        stored = [name for name in self._file.schema_arrow.names if name != "run"]
        wanted = stored if names is None else [name for name in names if name in stored]
        try:
            table = self._file.read(columns=wanted, use_threads=False)
        except Exception as error:  # pyarrow raises OSError, ArrowInvalid and others
            raise _damaged(self.path, f"its columns cannot be read ({error})") from error
        arrays = {}
        for name, chunked in zip(table.column_names, table.columns, strict=True):
            arrays[name] = to_numpy(chunked)
        return {name: arrays[name] for name in wanted}

    def record(self, piece: Piece) -> RunRecord:
        """Return one piece as a record."""
        rows = slice(piece.first, piece.first + piece.n)
        columns = {name: array[rows] for name, array in self.columns().items()}
        return RunRecord(piece.header, columns, piece.start)


# --- writing ------------------------------------------------------------------------------------


def signature(record: RunRecord) -> tuple[Any, ...]:
    """Return what records must share to lie in one segment: columns, types and units."""
    columns = tuple((name, array.dtype.str) for name, array in record.columns.items())
    return columns, _fidelity_unit(record)


def encode(records: Sequence[RunRecord], attempt: str) -> bytes:
    """Return the bytes of a segment; all records have one ``signature``.

    Raises:
        ValueError: If a column is named ``run`` or holds anything but numbers and truth values.
    """
    names = list(records[0].columns)
    columns = {name: [record.columns[name] for record in records] for name in names}
    for name, parts in columns.items():
        if name == "run" or parts[0].dtype.kind not in "biuf":
            raise ValueError(f"column {name!r} of type {parts[0].dtype} cannot be stored")
    lengths = [len(record) for record in records]
    columns = {"run": [np.repeat(np.arange(len(records), dtype=np.int32), lengths)]} | columns
    units = {name: unit_of(name, _fidelity_unit(records[0])) for name in names}
    header: dict[str, Any] = {"schema": SCHEMA, "kind": "runs", "attempt": attempt}
    header |= _pack(records)
    return write_table(columns, units, header)


def write_table(
    columns: Mapping[str, Sequence[NDArray[Any]]], units: Mapping[str, str], header: dict[str, Any]
) -> bytes:
    """Return a Parquet file of columns, each in parts that are not copied."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays = [pa.chunked_array([_arrow(part) for part in parts]) for parts in columns.values()]
    fields = []
    for name, array in zip(columns, arrays, strict=True):
        metadata = {"unit": units[name]} if units.get(name) else None
        fields.append(pa.field(name, array.type, nullable=False, metadata=metadata))
    table = pa.Table.from_arrays(arrays, schema=pa.schema(fields))
    floats = [f.name for f in fields if pa.types.is_float32(f.type) or pa.types.is_float64(f.type)]
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(
        sink,
        table.schema,
        compression="zstd",
        compression_level=1,
        use_dictionary=False,
        write_statistics=False,
        column_encoding=dict.fromkeys(floats, "BYTE_STREAM_SPLIT") or None,
    ) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({META: dumps(header)})
    return bytes(sink.getvalue())


def _arrow(array: NDArray[Any]) -> Any:
    """Return an Arrow view of an array; ``pa.array`` would import pandas for 0.3 s."""
    import pyarrow as pa

    bits = np.packbits(array, bitorder="little") if array.dtype == bool else array
    buffer = pa.py_buffer(np.ascontiguousarray(bits))
    return pa.Array.from_buffers(pa.from_numpy_dtype(array.dtype), len(array), [None, buffer])


def content_name(data: bytes, suffix: str) -> str:
    """Return the name of a file by its content.

    >>> content_name(b"", ".json")
    'e3b0c44298fc1c149afbf4c8996fb924.json'
    """
    return hashlib.sha256(data).hexdigest()[:32] + suffix


def unit_of(name: str, fidelity_unit: str = "") -> str:
    """Return the unit of a column, or ""."""
    if name in ("fidelity", "units"):
        return fidelity_unit
    return "s" if name.endswith(("_wall_s", "_cpu_s")) else _UNITS.get(name, "")


def _fidelity_unit(record: RunRecord) -> str:
    fidelity = (record.header.get("testbed") or {}).get("fidelity")
    return str(fidelity.get("unit") or "") if isinstance(fidelity, dict) else ""


def _pack(records: Sequence[RunRecord]) -> dict[str, Any]:
    """Return shared parts and pieces; each part that runs have in common is stored once."""
    shared: dict[bytes, int] = {}
    pieces = []
    for record in records:
        header = dict(record.header)
        for *outer, last in _SHARED:
            holder = header
            for name in outer:
                if isinstance(holder.get(name), dict):
                    holder[name] = dict(holder[name])
                holder = holder.get(name)  # type: ignore[assignment]
            if isinstance(holder, dict) and isinstance(holder.get(last), dict):
                holder[last] = {"shared": shared.setdefault(dumps(holder[last]), len(shared))}
        pieces.append(
            {"start": record.start or 0, "n": len(record), "final": record.final, "header": header}
        )
    return {"shared": [json.loads(text) for text in shared], "pieces": pieces}


# --- reading ------------------------------------------------------------------------------------


def open_segment(path: Path) -> Segment:
    """Read and verify a segment.

    Raises:
        Damaged: If its bytes are not those that its name promises, or it is no segment.
        DataError: If it cannot be read, or a newer version of the harness wrote it.
    """
    if not SEGMENT_NAME.fullmatch(path.name):
        raise _damaged(path, "a segment's name is 32 hex digits and .parquet: not from here")
    file, header = read_table(path, path.stem)
    try:
        return Segment(path, tuple(_unpack(path.name, header)), file)
    except (KeyError, TypeError, IndexError, ValueError, AttributeError) as error:
        raise _damaged(path, f"its header is incomplete ({error!r})") from error


def read_table(path: Path, digest: str) -> tuple[Any, dict[str, Any]]:
    """Return the open Parquet file and its header, after comparing the bytes with ``digest``."""
    with reading(path):
        data = path.read_bytes()
    found = content_name(data, "")
    if found != digest:
        raise _damaged(path, f"its {len(data)} bytes have sha256 {found}..., not {digest}...")
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        header = json.loads((file.metadata.metadata or {})[META])
        schema = header["schema"]
    except Exception as error:  # pyarrow raises many kinds
        raise _damaged(path, f"it holds no results of hpobench_lab ({error!r})") from error
    if schema != SCHEMA:
        raise DataError(
            f"{path}: written in format {schema!r}, this hpobench_lab reads format {SCHEMA}; "
            "install the version that wrote it, or a newer one"
        )
    return file, header


def to_numpy(column: Any) -> NDArray[Any]:
    """Return an Arrow column as a read-only array; its own ``to_numpy`` would import pandas."""
    parts = []
    for chunk in column.chunks:
        data, first, n = chunk.buffers()[1], chunk.offset, len(chunk)
        if str(chunk.type) == "bool":
            bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
            parts.append(bits[first : first + n].astype(np.bool_))
        else:
            dtype = np.dtype(chunk.type.to_pandas_dtype())
            parts.append(np.frombuffer(data, dtype, n, first * dtype.itemsize))
    if not parts:
        return np.empty(0, np.dtype(column.type.to_pandas_dtype()))
    array = parts[0] if len(parts) == 1 else np.concatenate(parts)
    array.flags.writeable = False
    return array


def _unpack(segment: str, header: dict[str, Any]) -> Iterable[Piece]:
    shared, first = header["shared"], 0
    for index, piece in enumerate(header["pieces"]):
        run = piece["header"]
        for *outer, last in _SHARED:
            holder = run
            for name in outer:
                holder = holder.get(name) or {}
            if isinstance(holder.get(last), dict):
                holder[last] = shared[holder[last]["shared"]]
        n, final = int(piece["n"]), bool(piece["final"])
        yield Piece(segment, index, first, int(piece["start"]), n, final, header["attempt"], run)
        first += n


def _damaged(path: Path, found: str) -> Damaged:
    if path.parent.name == "sealed":
        cure = "Move it away; the run's held-out values are lost unless it is run again"
    else:
        cure = (
            f"Run `hpobench-lab resume {path.parent.parent}`: it moves the file to quarantine/ "
            "and runs again what it held"
        )
    return Damaged(f"{path} is damaged: {found}. {cure}")
