"""Find an entry's files in a folder that a person gives: as downloaded, or unpacked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hpobench_lab.data.entry import Entry
from hpobench_lab.data.place import held
from hpobench_lab.errors import DataError

__all__ = ["Found", "found_in"]


@dataclass(frozen=True)
class Found:
    """Hold what was found.

    Args:
        folder: Where.
        files: Unpacked files, relative to it; empty when downloads were found.
        archives: Name of each download -> where it lies.
    """

    folder: Path
    files: tuple[str, ...] = ()
    archives: dict[str, Path] = field(default_factory=dict)


def found_in(entry: Entry, source: Path) -> list[Found]:
    """Return what to install: one finding, or several for an entry of several folders.

    Args:
        entry: What is looked for.
        source: A folder; or the one download of the entry, whatever it is called now.

    Raises:
        DataError: If the files are not there.
    """
    if source.is_file() and len(entry.downloads) == 1:
        return [Found(source.parent, archives={entry.downloads[0].name: source})]
    if not source.is_dir():
        raise DataError(f"--from {source}: there is no such folder")
    if entry.several:
        found = [f for folder in (source, *_below(source)) if (f := _held(entry, folder))]
    else:
        found = [f for folder in _places(entry, source) if (f := _in(entry, folder))][:1]
    if not found:
        raise DataError(
            f"--from {source}: not the files of {entry.name}; it needs {_wanted(entry)}"
        )
    return found


def _in(entry: Entry, folder: Path) -> Found | None:
    return _archives(entry, folder) or _held(entry, folder)


def _archives(entry: Entry, folder: Path) -> Found | None:
    """Return the downloads, if they are archives and all there."""
    archives = {one.name: folder / one.name for one in entry.downloads}
    packed = any(piece.member for one in entry.downloads for piece in one.pieces)
    if packed and all(path.is_file() for path in archives.values()):
        return Found(folder, archives=archives)
    return None


def _held(entry: Entry, folder: Path) -> Found | None:
    files = held(entry, folder)
    return Found(folder, tuple(files)) if files else None


def _places(entry: Entry, source: Path) -> Iterator[Path]:
    """Yield the folder, those below it that are called as the entry, and as an archive unpacks."""
    last = entry.name.rpartition("/")[2]
    yield from dict.fromkeys((source, source / last, source / entry.name))
    members = [piece for piece in entry.pieces if piece.member.endswith(piece.file)]
    for inside in dict.fromkeys(piece.member.removesuffix(piece.file) for piece in members):
        if inside:
            yield source / inside


def _below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] != ".")


def _wanted(entry: Entry) -> str:
    """Say what would do.

    >>> from hpobench_lab.data.registry import entry
    >>> _wanted(entry("lcbench"))
    'data_2k.zip, or data_2k.json, or data_2k_lw.json, or data_2k_lw.zip'
    """
    packed = [d.name for d in entry.downloads if any(p.member for p in d.pieces)]
    sets = [
        " and ".join(patterns[:3]) + (" ..." if patterns[3:] else "") for patterns in entry.sets
    ]
    return ", or ".join(dict.fromkeys([*packed, *sets]))
