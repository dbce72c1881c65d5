"""Results on disk: append-only, immutable, content-addressed files in one folder a study.

::

    results/<name>-<hash6>/
      study.json                 what the folder belongs to; replaced when seeds are added
      segments/<sha256>.parquet  records of runs (``segment``)
      environment/<sha256>.json  where sessions ran       carbon/<sha256>.json   their energy
      sealed/                    held-out values (``sealed``)
      quarantine/                damaged files, moved here by ``run`` and ``resume``

There are no locks, no appends and no index: any number of processes write segments at once, each
file appears whole or not at all, and readers merge what they find by run key. A run is finished
when one *final* record of it exists; that record is the whole run. Partial records are rows
``start`` to ``start + n`` of a run that goes on; they serve only to resume it. Nothing is deleted.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.errors import DataError, StudyError
from hpobench_lab.store import sealed
from hpobench_lab.store.durable import check_writable, reading, write, writing
from hpobench_lab.store.jsontext import dumps
from hpobench_lab.store.merge import choose_finals, join
from hpobench_lab.store.runrecord import RunRecord
from hpobench_lab.store.segment import Damaged, Piece, Segment, content_name, open_segment
from hpobench_lab.store.studyjson import FILE, changes, describe, extended, read_study, restore
from hpobench_lab.store.writer import Writer as Writer
from hpobench_lab.study import Study

__all__ = ["Store", "Writer"]

NOTES = ("carbon", "environment")


class Store:
    """Read and extend one results folder.

    Args:
        folder: The folder; ``open`` and ``create_or_open`` check what it is.

    Verified segments are remembered: they never change, so each is read once an object.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._pieces: dict[str, tuple[Piece, ...]] = {}
        self._aside: list[str] = []

    @classmethod
    def open(cls, folder: Path) -> Store:
        """Open an existing results folder; raise ``DataError`` when it is none."""
        read_study(folder)
        return cls(folder)

    @classmethod
    def create_or_open(cls, out: Path, study: Study) -> Store:
        """Open ``out/<name>-<hash6>``, which is created or extended by the study's seeds.

        Args:
            out: Folder of results folders.
            study: The study; with equal settings its seeds are added to those there.

        Raises:
            StudyError: If the folder holds another study; it names what changed.
            DataError: If the folder cannot be written.
        """
        store = cls(out / study.folder)
        store.extend(study)
        return store

    def extend(self, study: Study) -> None:
        """Add the study's seeds to the folder; refuse when other settings differ.

        A damaged ``study.json`` is moved to ``quarantine/`` and written anew, with the seeds of
        the runs that are stored.
        """
        check_writable(self.folder / "segments")
        history: list[Any] = []
        before = self._readable_study()
        if before is None:
            study = extended(study, [p.header["seed"] for p in self._sound_pieces().values()])
        else:
            changed = changes(before["settings"], study.settings())
            if changed:
                raise StudyError(
                    f"{self.folder} holds a study with other settings. Changed since:\n  "
                    + "\n  ".join(changed)
                    + "\nUndo that, or run the changed study into a folder of its own."
                )
            study, history = extended(study, before["seeds"]), before.get("history", [])
        after = describe(study)
        if before is None or after != {k: v for k, v in before.items() if k != "history"}:
            entry = {"at": time.time(), "seeds": after["seeds"], "carbon": after["carbon"]}
            text = dumps(after | {"history": [*history, entry]}, indent=1)
            write(self.folder / FILE, text + b"\n")

    def _readable_study(self) -> dict[str, Any] | None:
        """Return ``study.json``; None without one, and where it is damaged, which sets it aside."""
        if not (self.folder / FILE).exists():
            return None
        try:
            return read_study(self.folder)
        except Damaged:
            self._set_aside(FILE)
            return None

    def study(self) -> Study:
        """Return the study that the folder belongs to, with all its seeds."""
        data = read_study(self.folder)
        try:
            return restore(data)
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{self.folder / FILE} names no study: {error!r}") from error

    def writer(self, *, clock: Callable[[], float] = time.monotonic) -> Writer:
        """Return a writer; one a process, used as a context manager."""
        return Writer(self.folder, clock=clock)

    # --- reading --------------------------------------------------------------------------------

    def pieces(self) -> list[Piece]:
        """Return all pieces, in order of file name; verifies files not seen before.

        Raises:
            Damaged: If a file is not what its name promises (a ``DataError``).
        """
        names = self.segment_names()
        for name in names:
            if name not in self._pieces:
                self._pieces[name] = self.segment(name).pieces
        return [piece for name in names for piece in self._pieces[name]]

    def segment_names(self) -> list[str]:
        """Return the names of all segments, sorted; unfinished ``.tmp-`` files are none."""
        return _names(self.folder / "segments")

    def segment(self, name: str) -> Segment:
        """Read and verify one segment."""
        return open_segment(self.folder / "segments" / name)

    def finished(self) -> dict[str, Piece]:
        """Return one final piece a finished run, by key."""
        return choose_finals(self.pieces())

    def finished_keys(self) -> set[str]:
        """Return the keys of the runs that are over, failed ones included."""
        return set(self.finished())

    def record(self, key: str) -> RunRecord | None:
        """Return a finished run, or None."""
        piece = self.finished().get(key)
        return self.segment(piece.segment).record(piece) if piece else None

    def partial(self, key: str) -> RunRecord | None:
        """Return the rows told so far of a run that is not finished, or None without any."""
        pieces = [piece for piece in self.pieces() if piece.key == key]
        if any(piece.final for piece in pieces):
            return None
        chain = join(pieces)
        if not chain:
            return None
        parts = [self.segment(piece.segment).record(piece) for piece, _, _ in chain]
        rows = [slice(low, high) for _, low, high in chain]
        names = dict.fromkeys(name for part in parts for name in part.columns)
        columns = {
            name: np.concatenate([_column(p, name)[r] for p, r in zip(parts, rows, strict=True)])
            for name in names
        }
        return RunRecord(parts[-1].header, columns, 0)

    def quarantine(self) -> list[str]:
        """Move damaged files to ``quarantine/``; return where they lay, to warn of.

        Segments go by their names alone, other files by ``carbon/<name>``, ``environment/<name>``
        and ``study.json``, which ``extend`` has set aside before.

        Raises:
            DataError: If a newer version wrote a segment (it is left where it is), or a file
                cannot be read or moved.
        """
        self._sound_pieces()
        for kind in NOTES:
            for name in _names(self.folder / kind):
                try:
                    self._note(kind, name)
                except Damaged:
                    self._set_aside(f"{kind}/{name}")
        moved, self._aside = self._aside, []
        return [name.removeprefix("segments/") for name in moved]

    def _sound_pieces(self) -> dict[str, Piece]:
        """Set damaged segments aside; return one final piece a finished run, by key."""
        for name in self.segment_names():
            if name not in self._pieces:
                try:
                    self._pieces[name] = self.segment(name).pieces
                except Damaged:
                    self._set_aside(f"segments/{name}")
        return self.finished()

    def _set_aside(self, name: str) -> None:
        """Move a file of the folder to ``quarantine/`` and remember it."""
        path = self.folder / name
        target = self.folder / "quarantine" / path.name
        with writing(target):
            target.parent.mkdir(exist_ok=True)
            if target.exists():
                target = target.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}")
            os.replace(path, target)
        self._aside.append(name)

    # --- what else is kept ----------------------------------------------------------------------

    def add_environment(self, environment: Mapping[str, Any]) -> str:
        """Store where a session runs; return the file's name."""
        return self._add("environment", environment)

    def add_carbon(self, session: Mapping[str, Any]) -> str:
        """Store the energy of a session; return the file's name."""
        return self._add("carbon", session)

    def environments(self) -> list[dict[str, Any]]:
        """Return all environments, verified, in order of file name."""
        return self._all("environment")

    def carbon(self) -> list[dict[str, Any]]:
        """Return the energy of all sessions, verified, in order of file name."""
        return self._all("carbon")

    def _add(self, kind: str, data: Mapping[str, Any]) -> str:
        text = dumps(dict(data), indent=1)
        name = content_name(text, ".json")
        write(self.folder / kind / name, text)
        return name

    def _all(self, kind: str) -> list[dict[str, Any]]:
        return [self._note(kind, name) for name in _names(self.folder / kind)]

    def _note(self, kind: str, name: str) -> dict[str, Any]:
        path = self.folder / kind / name
        with reading(path):
            text = path.read_bytes()
        if content_name(text, ".json") != name:
            raise Damaged(
                f"{path} is damaged: its {len(text)} bytes are not those that its name promises. "
                f"Run `hpobench-lab resume {self.folder}`: it moves the file to quarantine/; it "
                f"holds {kind} notes, no results"
            )
        note: dict[str, Any] = json.loads(text)
        return note

    def seal(self, key: str, columns: Mapping[str, NDArray[Any]]) -> str:
        """Store held-out values of a run out of reach of what runs plug-ins; return the name."""
        return sealed.seal(self.folder, key, columns)

    def open_seal(self, key: str) -> dict[str, NDArray[Any]]:
        """Log the opening, then return the held-out values of a run."""
        return sealed.open_seal(self.folder, key)

    def seal_openings(self) -> list[dict[str, Any]]:
        """Return the log of openings, oldest first."""
        return sealed.openings(self.folder)


def _column(record: RunRecord, name: str) -> NDArray[Any]:
    """Return a column; NaN where the record was written before the column was first needed."""
    return record.columns.get(name, np.full(len(record), np.nan))


def _names(folder: Path) -> list[str]:
    if not folder.exists():
        return []
    with reading(folder):
        return sorted(name for name in os.listdir(folder) if not name.startswith("."))
