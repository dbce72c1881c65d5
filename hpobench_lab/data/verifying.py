"""Check that installed files are still the ones that were fetched, byte for byte."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hpobench_lab.data.digests import Digest, digest_of, read_manifest
from hpobench_lab.data.entry import Entry, Piece
from hpobench_lab.data.place import folder_of, folders_here, held
from hpobench_lab.errors import DataError

__all__ = ["Checked", "same", "verify"]

State = Literal["ok", "changed", "missing", "unknown"]
"""``unknown``: put there by hand, and no digest of it is known."""


@dataclass(frozen=True)
class Checked:
    """Hold what became of one installed file."""

    path: Path
    state: State


def verify(entry: Entry) -> list[Checked]:
    """Hash every file of an entry again and compare it with its digest.

    What ``fetch`` installed is compared with the manifest that it wrote; files that were put there
    by hand with the digests of the registry, where it has them.

    Raises:
        DataError: If nothing of the entry is here, or its manifest is damaged.
    """
    folders = [f for f in _folders(entry) if f.is_dir()]
    if not folders:
        raise DataError(f"{entry.name} is not here: hpobench-lab data fetch {entry.name}")
    return [checked for folder in folders for checked in _folder(entry, folder)]


def same(entry: Entry) -> bool:
    """Return whether nothing of the entry changed; a damaged manifest is a change."""
    try:
        return all(checked.state in ("ok", "unknown") for checked in verify(entry))
    except DataError:
        return False


def _folders(entry: Entry) -> list[Path]:
    """Return the folders to look into, also when a file in them is missing by now."""
    folder = folder_of(entry)
    if not entry.several:
        return [folder]
    below = sorted(folder.iterdir()) if folder.is_dir() else []
    return [f for f in below if f.is_dir() and (f in folders_here(entry) or read_manifest(f))]


def _folder(entry: Entry, folder: Path) -> list[Checked]:
    installed = read_manifest(folder)
    if installed is not None:
        return [Checked(folder / f, _state(folder / f, d)) for f, d in installed.items()]
    known = {p.file: p for p in entry.pieces}
    found = held(entry, folder)
    if not found:
        raise DataError(f"{folder} lacks files: hpobench-lab data fetch {entry.name}")
    return [Checked(folder / file, _by_hand(folder / file, known.get(file))) for file in found]


def _by_hand(path: Path, piece: Piece | None) -> State:
    if piece is None or piece.sha256 is None or piece.size is None:
        return "unknown"
    return _state(path, Digest(piece.sha256, piece.size))


def _state(path: Path, expected: Digest) -> State:
    if not path.is_file():
        return "missing"
    return "ok" if digest_of(path) == expected else "changed"
