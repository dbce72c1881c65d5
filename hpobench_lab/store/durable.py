"""Write files so that a reader sees all of one or nothing, whatever happens in between.

Bytes go to ``.tmp-<uuid>`` in the same folder, are synced, and are renamed into place; then the
folder is synced. A process that dies leaves at most a ``.tmp-`` file, which readers pass over.
"""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hpobench_lab.errors import DataError

__all__ = ["check_writable", "reading", "write", "writing"]

TMP = ".tmp-"
_FULL = {errno.ENOSPC, errno.EDQUOT}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def writing(path: Path, option: str = "--out") -> Iterator[None]:
    """Turn what the system says while ``path`` is written into one line for a person.

    Args:
        path: What is written.
        option: The option of the command line that chooses another folder.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            cure = "the disk is full; free some space, then resume: nothing written is lost"
        elif error.errno in _DENIED:
            cure = f"no permission to write there; mend it or choose another folder with {option}"
        else:
            cure = f"{error.strerror or error}; mend it or choose another folder with {option}"
        raise DataError(f"cannot write {path}: {cure}") from error


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what the system says while ``path`` is read into one line for a person."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f"cannot read {path}: {error.strerror or error}; check that it exists and that you "
            "may read it"
        ) from error


def write(path: Path, data: bytes) -> None:
    """Write a file as a whole, durably; an existing one is replaced.

    Raises:
        DataError: If the disk is full, permission is missing or the system refuses otherwise;
            ``path`` is then as it was.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.parent / f"{TMP}{uuid.uuid4().hex}"
        try:
            _write_synced(temporary, data)
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
        _sync_folder(path.parent)


def check_writable(folder: Path, option: str = "--out") -> None:
    """Raise ``DataError`` now if files could not be written to the folder later."""
    with writing(folder, option):
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f"{TMP}{uuid.uuid4().hex}"
        try:
            _write_synced(probe, b"probe")
        finally:
            with suppress(OSError):
                os.unlink(probe)


def _write_synced(path: Path, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, 0o666)
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows cannot open a folder; its rename is journalled
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems refuse
            raise
    finally:
        os.close(descriptor)
