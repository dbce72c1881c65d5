"""Where public files lie on this machine, and whether they are all there.

The data folder is ``$HPOBENCH_LAB_DATA``, else a folder in the user's cache. An entry has the
folder of its name in it, which appears there by one rename, so that what is there is complete.
Folders that a person put there by hand are as good as fetched ones.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hpobench_lab.data.entry import Entry
from hpobench_lab.errors import DataError

__all__ = [
    "MANIFEST",
    "VARIABLE",
    "data_folder",
    "folder_of",
    "folders_here",
    "held",
    "is_here",
    "megabytes",
    "need",
]

VARIABLE = "HPOBENCH_LAB_DATA"
MANIFEST = "MANIFEST"
"""Written by ``fetch`` beside the files: JSON, without a suffix that a loader looks for."""


def data_folder() -> Path:
    """Return the data folder, which need not exist."""
    given = os.environ.get(VARIABLE)
    if given:
        return Path(given).expanduser().absolute()
    return _cache() / "hpobench-lab" / "data"


def _cache() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    given = os.environ.get("XDG_CACHE_HOME", "")
    return Path(given) if os.path.isabs(given) else Path.home() / ".cache"


def folder_of(entry: Entry) -> Path:
    """Return where the files of an entry lie, or would lie."""
    return data_folder() / entry.name


def held(entry: Entry, folder: Path) -> list[str]:
    """Return the files of the entry that a folder holds, sorted; empty unless they are complete."""
    for patterns in entry.sets:
        found = [_matches(folder, pattern) for pattern in patterns]
        if all(found):
            extras = [_matches(folder, pattern) for pattern in entry.extras]
            return sorted({file for files in (*found, *extras) for file in files})
    return []


def _matches(folder: Path, pattern: str) -> list[str]:
    """Return the files that match, as relative names with ``/``; links to files count."""
    if not any(c in pattern for c in "*?["):
        return [pattern] if (folder / pattern).is_file() else []
    return [p.relative_to(folder).as_posix() for p in folder.glob(pattern) if p.is_file()]


def folders_here(entry: Entry) -> list[Path]:
    """Return the complete folders of the entry: one or none, or several for such an entry."""
    folder = folder_of(entry)
    if not entry.several:
        return [folder] if held(entry, folder) else []
    below = sorted(folder.iterdir()) if folder.is_dir() else []
    return [path for path in below if path.name[0] != "." and held(entry, path)]


def is_here(entry: Entry) -> bool:
    """Return whether all files of the entry are on this machine."""
    return bool(folders_here(entry))


def need(entry: Entry) -> Path:
    """Return the folder of an entry whose files are here.

    Raises:
        DataError: If they are not, with the line that fetches them.
    """
    if is_here(entry):
        return folder_of(entry)
    line = f"hpobench-lab data fetch {entry.name}"
    if entry.downloads:
        size = "size unknown" if entry.size is None else megabytes(entry.size)
        raise DataError(f"needs the files of {entry.name}: {line} ({size})")
    raise DataError(
        f"needs the files of {entry.name}: get them from {entry.page}, then {line} --from DIR"
    )


def megabytes(size: float) -> str:
    """Return a size for people.

    >>> megabytes(36524413), megabytes(2155782), megabytes(507)
    ('36.5 MB', '2.2 MB', '0.5 kB')
    """
    for unit, amount in (("GB", 1e9), ("MB", 1e6)):
        if size >= amount:
            return f"{size / amount:.1f} {unit}"
    return f"{size / 1e3:.1f} kB"
