"""Take named members out of an archive, as bytes: no links, no paths of the archive's choosing.

Nothing is imported, executed or unpickled, and where a member is written is decided by the
registry. An archive that names a path outside itself is refused as a whole.
"""

from __future__ import annotations

import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from hpobench_lab.data.digests import Digest, copied
from hpobench_lab.data.entry import Piece
from hpobench_lab.data.place import megabytes
from hpobench_lab.errors import DataError

__all__ = ["unpack"]

_BROKEN = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError),
    *(NotImplementedError, RuntimeError),  # methods and passwords that zipfile cannot do
)


def unpack(archive: Path, name: str, pieces: Sequence[Piece], target: Path) -> dict[str, Digest]:
    """Write the pieces of a download below ``target``.

    Args:
        archive: The download on this machine.
        name: Its proper name, whose suffix says what it is.
        pieces: What is taken out; all else is left in the archive.
        target: A folder that holds none of them yet.

    Returns:
        Digest and size of each file written.

    Raises:
        DataError: If the archive is damaged, unsafe, or lacks a piece.
    """
    try:
        if name.endswith((".zip", ".whl")):
            return _zip(archive, name, pieces, target)
        if name.endswith((".tar.gz", ".tgz", ".tar")):
            return _tar(archive, name, pieces, target)
        with archive.open("rb") as stream:
            return {pieces[0].file: copied(stream, target / pieces[0].file)}
    except _BROKEN as error:
        raise DataError(f"{name} cannot be unpacked: {error}") from error


def _zip(archive: Path, name: str, pieces: Sequence[Piece], target: Path) -> dict[str, Digest]:
    found = {}
    with zipfile.ZipFile(archive) as opened:
        infos = {info.filename: info for info in opened.infolist()}
        for info in infos.values():
            _check_name(name, info.filename)
            if stat.S_ISLNK(info.external_attr >> 16):
                raise DataError(f"{name} holds a link, {info.filename!r}; nothing was unpacked")
        for piece in pieces:
            info = infos[_wanted(name, piece, infos)]
            limit = _limit(name, piece, info.file_size, target)
            with opened.open(info) as stream:
                found[piece.file] = copied(stream, target / piece.file, limit)
    return found


def _tar(archive: Path, name: str, pieces: Sequence[Piece], target: Path) -> dict[str, Digest]:
    found: dict[str, Digest] = {}
    wanted = {piece.member: piece for piece in pieces}
    with tarfile.open(archive, "r:*") as opened:
        for member in opened:
            _check_name(name, member.name)
            piece = wanted.get(member.name)
            if piece is None or piece.file in found:
                continue
            stream = opened.extractfile(member) if member.isreg() else None
            if stream is None:
                raise DataError(f"{name}: {member.name!r} is no plain file; nothing was unpacked")
            with stream:
                limit = _limit(name, piece, member.size, target)
                found[piece.file] = copied(stream, target / piece.file, limit)
    for piece in pieces:
        if piece.file not in found:
            raise _lacks(name, piece)
    return found


def _wanted(name: str, piece: Piece, infos: Mapping[str, object]) -> str:
    """Return the member: the one so called, or the only one of that name in some folder."""
    if piece.member in infos:
        return piece.member
    below = [n for n in infos if n.endswith(f"/{piece.member}")]
    if piece.sha256 is None and len(below) == 1:
        return below[0]
    raise _lacks(name, piece)


def _lacks(name: str, piece: Piece) -> DataError:
    return DataError(f"{name} does not hold {piece.member}; it is another version or was cut")


def _check_name(name: str, member: str) -> None:
    """Refuse absolute paths, drives, backslashes and steps upwards."""
    parts = member.split("/")
    if member.startswith("/") or "\\" in member or ".." in parts or ":" in parts[0]:
        raise DataError(
            f"{name} is unsafe: it names a path outside itself, {member!r}; nothing was unpacked"
        )


def _limit(name: str, piece: Piece, declared: int, target: Path) -> int:
    """Return how many bytes a member may have: as pinned, else as declared where they fit."""
    if piece.size is not None:
        return piece.size
    target.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(target).free
    if declared > free:
        raise DataError(
            f"{name}: {piece.file} needs {megabytes(declared)}, {megabytes(free)} are free"
        )
    return declared
