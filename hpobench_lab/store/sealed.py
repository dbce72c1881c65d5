"""Held-out values, in files that the process running plug-ins does not open.

``sealed/<key>-<sha256>.parquet`` holds them; every reading leaves ``sealed/opened/<sha256>.json``
first. That guards against mistakes, not against intent.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.errors import DataError
from hpobench_lab.store.durable import reading, write
from hpobench_lab.store.jsontext import dumps
from hpobench_lab.store.segment import (
    SCHEMA,
    content_name,
    read_table,
    to_numpy,
    unit_of,
    write_table,
)

__all__ = ["open_seal", "openings", "seal"]


def seal(folder: Path, key: str, columns: Mapping[str, NDArray[Any]]) -> str:
    """Write the held-out values of a run; return the file's name.

    Args:
        folder: The results folder.
        key: The run's key.
        columns: Equal lengths n, for example ``id`` and ``test_loss``.
    """
    header = {"schema": SCHEMA, "kind": "sealed", "key": key}
    units = {name: unit_of(name) for name in columns}
    data = write_table({name: [np.asarray(a)] for name, a in columns.items()}, units, header)
    name = f"{key}-{content_name(data, '.parquet')}"
    write(folder / "sealed" / name, data)
    return name


def open_seal(folder: Path, key: str) -> dict[str, NDArray[Any]]:
    """Log the opening durably, then return the values; of several, those sealed last.

    Raises:
        DataError: If nothing was sealed for the key, or the file is damaged.
    """
    found = sorted((folder / "sealed").glob(f"{key}-*.parquet"), key=_written)
    if not found:
        raise DataError(f"{folder}: no held-out values are sealed for run {key}")
    path = found[-1]
    entry = {
        "key": key,
        "file": path.name,
        "at": time.time(),
        "host": socket.gethostname(),
        "process": os.getpid(),
        "command": sys.argv[:1],
        "id": uuid.uuid4().hex,
    }
    text = dumps(entry, indent=1)
    write(folder / "sealed" / "opened" / content_name(text, ".json"), text)
    table = read_table(path, path.stem.rpartition("-")[2])[0].read(use_threads=False)
    return {name: to_numpy(table[name]) for name in table.column_names}


def openings(folder: Path) -> list[dict[str, Any]]:
    """Return the log of openings, oldest first."""
    entries = []
    for path in (folder / "sealed" / "opened").glob("*.json"):
        with reading(path):
            entries.append(json.loads(path.read_bytes()))
    return sorted(entries, key=lambda entry: (entry["at"], entry["id"]))


def _written(path: Path) -> tuple[int, str]:
    return path.stat().st_mtime_ns, path.name
