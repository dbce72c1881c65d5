"""Digests of files, the manifest of an installation, and digests that are pinned by first use."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from hpobench_lab.data.place import MANIFEST, data_folder
from hpobench_lab.errors import DataError

__all__ = [
    "Digest",
    "copied",
    "digest_of",
    "pin",
    "pinned",
    "read_manifest",
    "sha256_of",
    "write_manifest",
]

CHUNK = 1 << 20


@dataclass(frozen=True)
class Digest:
    """Hold what identifies a file's bytes."""

    sha256: str
    size: int


def sha256_of(path: Path) -> str:
    """Return the hexadecimal digest of a file."""
    return digest_of(path).sha256


def digest_of(path: Path) -> Digest:
    """Return digest and size of a file, read once."""
    found, size = hashlib.sha256(), 0
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            found.update(chunk)
            size += len(chunk)
    return Digest(found.hexdigest(), size)


def copied(source: IO[bytes], target: Path, limit: int | None = None) -> Digest:
    """Write what a stream holds to a new file, bytes as they are, and return their digest.

    Raises:
        DataError: If the stream holds more than ``limit`` bytes.
    """
    found, size = hashlib.sha256(), 0
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as stream:
        while chunk := source.read(CHUNK):
            size += len(chunk)
            if limit is not None and size > limit:
                raise DataError(f"{target.name} holds more than the {limit} bytes it should")
            found.update(chunk)
            stream.write(chunk)
        stream.flush()
        os.fsync(stream.fileno())
    return Digest(found.hexdigest(), size)


def write_manifest(folder: Path, name: str, origin: str, files: Mapping[str, Digest]) -> None:
    """Write what was installed beside the files."""
    listed = {f: {"sha256": d.sha256, "bytes": d.size} for f, d in sorted(files.items())}
    _write(folder / MANIFEST, {"schema": 1, "name": name, "from": origin, "files": listed})


def read_manifest(folder: Path) -> dict[str, Digest] | None:
    """Return the digests of what ``fetch`` installed; None in a folder made by hand.

    Raises:
        DataError: If the manifest is damaged.
    """
    if not (folder / MANIFEST).is_file():
        return None
    try:
        files = _read(folder / MANIFEST)["files"]
        return {str(f): Digest(str(d["sha256"]), int(d["bytes"])) for f, d in files.items()}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise DataError(f"{folder / MANIFEST} is damaged; fetch the files again") from error


def pinned(address: str) -> str | None:
    """Return the digest that the first fetch from an address found on this machine."""
    found = _pins().get(address)
    return str(found) if found else None


def pin(address: str, sha256: str) -> None:
    """Keep the digest that the first fetch from an address found."""
    _write(data_folder() / "pins.json", {**_pins(), address: sha256})


def _pins() -> dict[str, Any]:
    path = data_folder() / "pins.json"
    return _read(path) if path.is_file() else {}


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path} is damaged: {error}; remove it") from error
    if not isinstance(found, dict):
        raise DataError(f"{path} is damaged: it holds no table; remove it")
    return found


def _write(path: Path, document: Mapping[str, Any]) -> None:
    """Write JSON so that a reader sees all of it or what was there before."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with part.open("w", encoding="utf-8") as stream:
        stream.write(json.dumps(document, indent=1, sort_keys=True) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(part, path)
