"""Install the files of an entry: from their addresses, or from a folder that a person has.

Everything is put together in ``.parts/<name>/`` of the data folder and renamed into place as a
whole. What an interruption leaves there are ``.part`` files: downloads are continued by the next
call, the rest is made anew. Bytes are copied as they are: nothing is imported or unpickled.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from hpobench_lab.data.digests import Digest, copied, digest_of, pin, pinned, write_manifest
from hpobench_lab.data.download import Step, download
from hpobench_lab.data.entry import Download, Entry
from hpobench_lab.data.place import MANIFEST, data_folder, folder_of, folders_here, megabytes
from hpobench_lab.data.source import Found, found_in
from hpobench_lab.data.unpack import unpack
from hpobench_lab.data.verifying import same
from hpobench_lab.errors import DataError

__all__ = ["Watch", "fetch"]

Say = Callable[[str], None]


@dataclass(frozen=True)
class Watch:
    """Hold what is told while files are fetched.

    Args:
        say: Takes a sentence for a person.
        step: Takes (bytes done, bytes in all or None) of the current download.
    """

    say: Say = lambda text: None
    step: Step = lambda done, total: None


def fetch(entry: Entry, source: Path | None = None, watch: Watch | None = None) -> list[Path]:
    """Put the files of an entry into the data folder, checked; unchanged ones stay as they are.

    Args:
        entry: What to fetch.
        source: A folder that holds the downloads or the unpacked files, or the one download;
            then nothing is asked of a network.
        watch: What is told meanwhile.

    Returns:
        The folders: one, or as many as an entry of several folders got.

    Raises:
        DataError: If files cannot be had or are not those of the registry; what was there before
            is then still there.
    """
    watch = watch or Watch()
    with _locked(entry), _said(), _unstaged(entry):
        if source is not None:
            return [_from_files(entry, found, watch) for found in found_in(entry, source)]
        if not entry.downloads:
            raise DataError(
                f"{entry.name} is at no address: get the files from {entry.page}, then "
                f"hpobench-lab data fetch {entry.name} --from DIR ({entry.note})"
            )
        if folders_here(entry) and same(entry):
            watch.say(f"{entry.name} is here already, unchanged")
            return [folder_of(entry)]
        _check_replaceable(folder_of(entry))
        return [_from_addresses(entry, watch)]


def _from_addresses(entry: Entry, watch: Watch) -> Path:
    parts = _parts(entry)
    watch.say(_announced(entry))
    for one in entry.downloads:
        _downloaded(entry, one, _part(parts, one), watch)
    archives = {one.name: _part(parts, one) for one in entry.downloads}
    files = _unpacked(entry, archives, _stage(entry))
    return _install(entry, files, "the addresses of the registry", folder_of(entry))


def _from_files(entry: Entry, found: Found, watch: Watch) -> Path:
    watch.say(f"{entry.name} from {found.folder}")
    stage = _stage(entry)
    if found.archives:
        for one in entry.downloads:
            _check(one.name, digest_of(found.archives[one.name]), one.sha256, one.size)
        files = _unpacked(entry, found.archives, stage)
    else:
        files = _copied(entry, found, stage, watch)
    target = folder_of(entry) / found.folder.resolve().name if entry.several else folder_of(entry)
    return _install(entry, files, str(found.folder.resolve()), target)


def _announced(entry: Entry) -> str:
    size = "size not known yet" if entry.size is None else megabytes(entry.size)
    host = urlsplit(entry.downloads[0].address).hostname
    return f"{entry.name}: {size} from {host}, licence {entry.licence}, to {folder_of(entry)}"


def _downloaded(entry: Entry, one: Download, part: Path, watch: Watch) -> None:
    """Fetch one file and check it against its digest: the registry's, or that of the first time."""
    expected = one.sha256 or pinned(one.address)
    if not (expected and _is(part, expected)):
        cure = f"hpobench-lab data fetch {entry.name}"
        download(one.address, part, digest_known=bool(expected), step=watch.step, again=cure)
    got = digest_of(part)
    try:
        _check(one.name, got, expected, one.size)
        _check_not_a_pointer(one.name, part)
    except DataError:
        part.unlink()  # to continue it would fail for ever
        part.with_name(f"{one.name}.etag.part").unlink(missing_ok=True)
        raise
    if expected is None:
        pin(one.address, got.sha256)
        watch.say(f"{one.name} has sha256 {got.sha256}: no digest is known, so this one is kept")


def _is(part: Path, sha256: str) -> bool:
    return part.is_file() and digest_of(part).sha256 == sha256


def _unpacked(entry: Entry, archives: dict[str, Path], stage: Path) -> dict[str, Digest]:
    files: dict[str, Digest] = {}
    for one in entry.downloads:
        files |= unpack(archives[one.name], one.name, one.pieces, stage)
        for piece in one.pieces:
            _check(piece.file, files[piece.file], piece.sha256, piece.size)
    return files


def _copied(entry: Entry, found: Found, stage: Path, watch: Watch) -> dict[str, Digest]:
    files = {}
    pieces = [piece.file for one in entry.downloads for piece in one.pieces]
    strict = {file for file in pieces if not file.startswith("LICENSE")}
    known = {piece.file: piece for piece in entry.pieces}
    for file in found.files:
        with (found.folder / file).open("rb") as stream:
            files[file] = copied(stream, stage / file)
        piece = known.get(file)
        if file in strict and piece is not None:
            _check(file, files[file], piece.sha256, piece.size)
        elif piece is not None and piece.sha256 != files[file].sha256:
            watch.say(f"{file} differs from the file on which the loader was verified")
    return files


def _check(name: str, got: Digest, sha256: str | None, size: int | None) -> None:
    if size is not None and got.size != size:
        raise DataError(f"{name} has {got.size} bytes, expected {size}: it was cut or changed")
    if sha256 is not None and got.sha256 != sha256:
        raise DataError(
            f"{name} has sha256 {got.sha256}, expected {sha256}: the file was changed on the way "
            "or at its source; nothing was installed"
        )


def _check_not_a_pointer(name: str, part: Path) -> None:
    """Refuse what git's large-file storage serves in place of a file."""
    with part.open("rb") as stream:
        if stream.read(40).startswith(b"version https://git-lfs"):
            raise DataError(f"{name} is only a pointer to a file in git's large-file storage")


def _check_replaceable(target: Path) -> None:
    """Refuse to replace a folder that ``fetch`` did not make."""
    if target.is_dir() and any(target.iterdir()) and not (target / MANIFEST).is_file():
        raise DataError(f"{target} was put there by hand; move it away to have it replaced")


def _install(entry: Entry, files: dict[str, Digest], origin: str, target: Path) -> Path:
    """Rename what was put together into place; what was there goes only then."""
    stage, parts = _stage(entry, fresh=False), _parts(entry)
    _check_replaceable(target)
    write_manifest(stage, entry.name, origin, files)
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        old = parts / "replaced.part"
        shutil.rmtree(old, ignore_errors=True)
        os.replace(target, old)
    os.replace(stage, target)
    shutil.rmtree(parts)
    return target


def _parts(entry: Entry) -> Path:
    folder = data_folder() / ".parts" / entry.name.replace("/", "-")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _part(parts: Path, one: Download) -> Path:
    return parts / f"{one.name}.part"


def _stage(entry: Entry, fresh: bool = True) -> Path:
    stage = _parts(entry) / "unpacked.part"
    if fresh:
        shutil.rmtree(stage, ignore_errors=True)
        stage.mkdir()
    return stage


@contextmanager
def _unstaged(entry: Entry) -> Iterator[None]:
    """Leave nothing half unpacked behind; what was downloaded stays, to be continued."""
    try:
        yield
    finally:
        parts = _parts(entry)
        shutil.rmtree(_stage(entry, fresh=False), ignore_errors=True)
        with suppress(OSError):  # not empty: downloads
            parts.rmdir()


@contextmanager
def _locked(entry: Entry) -> Iterator[None]:
    """Let one process at a time fetch an entry, where the system can tell."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    path = data_folder() / ".parts" / f"{entry.name.replace('/', '-')}.lock"
    with _said():
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("w")
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DataError(f"another process is fetching {entry.name}; wait for it") from None
        yield


@contextmanager
def _said() -> Iterator[None]:
    """Turn what the system says of the data folder into one line for a person."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f"cannot write {error.filename or data_folder()}: {error.strerror or error}; free some "
            "space or choose another folder with HPOBENCH_LAB_DATA"
        ) from error
