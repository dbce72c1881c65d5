"""The folder of a table: its header, the digests of its files, its replacement in one step."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hpobench_lab.errors import DataError
from hpobench_lab.testbeds.curves.storage.headers import check_header

__all__ = [
    "SCHEMA",
    "checked",
    "file_sha256",
    "read_header",
    "replace_folder",
    "write_header",
    "write_json",
]

SCHEMA = 2


def file_sha256(path: Path) -> str:
    """Return the digest of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write plain data, indented; not-a-number is not allowed."""
    path.write_text(json.dumps(data, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def write_header(folder: Path, header: Mapping[str, Any]) -> dict[str, Any]:
    """Write ``table.json`` with the size and digest of every file in the folder, and return it."""
    paths = sorted(p for p in folder.iterdir() if p.is_file() and p.name != "table.json")
    files = {p.name: {"sha256": file_sha256(p), "bytes": p.stat().st_size} for p in paths}
    whole = {**header, "files": files}
    write_json(folder / "table.json", whole)
    return whole


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
    found = header.get("schema") if isinstance(header, dict) else header
    if isinstance(found, int) and 0 < found < SCHEMA:
        raise DataError(
            f"{path}: collected by an older version (schema {found}, this one reads {SCHEMA}): "
            "collect again"
        )
    if found != SCHEMA:
        raise DataError(f"{path}: expected schema {SCHEMA}, got {found!r}")
    check_header(path, header)
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
