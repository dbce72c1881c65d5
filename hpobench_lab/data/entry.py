"""What the registry says of one set of public files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Download", "Entry", "Piece", "Status"]

Status = Literal["verified", "format-tested"]
"""Whether the loader was run on these files, or on fixtures written from their documentation."""


@dataclass(frozen=True)
class Piece:
    """Name one file that an installation holds.

    Args:
        file: Its place below the entry's folder, with ``/``.
        member: The name in the archive that it comes from; "" when it is downloaded as it is.
        size: Bytes, or None when nobody here has seen the file.
        sha256: Hexadecimal digest, or None likewise; never a guess.
    """

    file: str
    member: str = ""
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Download:
    """Name one file at an address, and what it holds.

    Args:
        name: The file's name, as a browser would save it.
        address: Where it is.
        pieces: What it becomes: itself, or members of the archive.
        size: Bytes, or None when it is not known before the server says so.
        sha256: Digest of the download, or None: it is then pinned by the first fetch.
    """

    name: str
    address: str
    pieces: tuple[Piece, ...]
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Entry:
    """Name a set of public files that testbeds are opened from.

    Args:
        name: What ``data fetch`` is given.
        title: One line for people.
        licence: As the source states it.
        citation: What to cite, with a link.
        page: Where a person finds the files and their description.
        opens: Patterns of the testbeds that the files open.
        status: Whether the loader was verified on these very files.
        downloads: What is fetched; empty when the files are at no address that could be pinned.
        accepted: Sets of patterns: a folder that holds files for all patterns of one set is
            taken as these files, by ``--from`` and where they lie already.
        extras: Patterns of files that are taken along where they are there.
        known: Files without an address whose digests are known nevertheless.
        several: Whether the folder holds any number of such folders, each under its own name.
        note: What a user should know before using the files.
    """

    name: str
    title: str
    licence: str
    citation: str
    page: str
    opens: tuple[str, ...]
    status: Status
    downloads: tuple[Download, ...] = ()
    accepted: tuple[tuple[str, ...], ...] = ()
    extras: tuple[str, ...] = ("LICENSE*",)
    known: tuple[Piece, ...] = ()
    several: bool = False
    note: str = ""

    @property
    def size(self) -> int | None:
        """Return how many bytes are downloaded, or None when that is not known.

        >>> Entry("x", "", "", "", "", (), "verified").size is None
        True
        """
        sizes = [d.size for d in self.downloads]
        known = [size for size in sizes if size is not None]
        return sum(known) if sizes and len(known) == len(sizes) else None

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """Return every file that an installation by download holds, and other known ones."""
        return (*(piece for d in self.downloads for piece in d.pieces), *self.known)

    @property
    def sets(self) -> tuple[tuple[str, ...], ...]:
        """Return the sets of patterns by which a folder is recognised."""
        files = [piece.file for d in self.downloads for piece in d.pieces]
        downloaded = tuple(file for file in files if not file.startswith("LICENSE"))
        return (*((downloaded,) if downloaded else ()), *self.accepted)
