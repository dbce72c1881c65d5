"""Read results: all finished runs of one or several folders as arrays.

>>> from hpobench_lab.results import load
>>> load("no/such-folder")
Traceback (most recent call last):
    ...
hpobench_lab.errors.DataError: no/such-folder: no such results folder; ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.errors import StudyError
from hpobench_lab.merged import merged
from hpobench_lab.store import Store, runrecord
from hpobench_lab.store.merge import choose_finals
from hpobench_lab.store.runrecord import RunRecord as RunRecord
from hpobench_lab.store.runrecord import measured as measured
from hpobench_lab.store.segment import Piece, open_segment
from hpobench_lab.store.studyjson import read_study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hpobench_lab.report import Compared, ReportFiles

__all__ = ["Results", "RunRecord", "difference", "load", "measured", "same"]

Arrays = dict[str, NDArray[Any]]
COMMON: Mapping[str, type[np.generic]] = {
    "id": np.int32,
    "parent": np.int32,
    "replicate": np.int32,
    "status": np.uint8,
    "fidelity": np.float64,
    "loss": np.float64,
    "score": np.float64,
    "cost_s": np.float64,
    "units": np.float64,
    "energy_j": np.float64,
    "start": np.float64,
    "end": np.float64,
    "ask_wall_s": np.float32,
    "tell_wall_s": np.float32,
    "eval_wall_s": np.float32,
}
"""The columns that ``Results.columns`` has, whatever the testbeds; others come with ``run(i)``."""


@dataclass(frozen=True, eq=False)
class Results:
    """Hold the finished runs of a study, sorted by testbed, optimizer (study order), seed, fold.

    Args:
        headers: One a run.
        offsets: Rows ``offsets[i]`` to ``offsets[i + 1]`` are run i, shape (n_runs + 1,).
        columns: The ``COMMON`` columns, shape (n_rows,); NaN where a run has none.
        study: ``study.json``; of several folders, the settings of the first and the union of
            labels and seeds, with all of them under ``studies``; and a ``merged_note`` where they
            differ in seeds, optimizers or testbeds.
        paths: The folders.
        carbon: Energy of the sessions; may be empty.

    Headers share parts with each other; do not change them.

    >>> from tempfile import TemporaryDirectory
    >>> from hpobench_lab.runner import run_study
    >>> from hpobench_lab.studyfile import parse
    >>> study = parse('''
    ... schema = 1
    ... name = "tiny"
    ... seeds = "0:2"
    ... protocol = { budget = { evaluations = 5 } }
    ... primary = { baseline = "random" }
    ... optimizer = [{ use = "random" }, { use = "sobol" }]
    ... testbed = [{ use = "synthetic/branin" }]
    ... carbon = { enabled = false }
    ... ''')
    >>> with TemporaryDirectory() as out:
    ...     results = load(run_study(study, out=Path(out), reports=None, processes=0).folder)
    >>> results
    Results(4 runs of 'tiny': 2 optimizers x 1 testbed x 2 seeds)
    >>> len(results), results.columns["loss"].shape, results.offsets.tolist()
    (4, (20,), [0, 5, 10, 15, 20])
    >>> results.headers[3]["optimizer"]["label"]
    'sobol'
    >>> results.compare(at=3).frame["optimizer"].tolist()
    ['sobol', 'random']
    """

    headers: list[dict[str, Any]]
    offsets: NDArray[np.int64]
    columns: Arrays
    study: dict[str, Any]
    paths: list[Path]
    carbon: list[dict[str, Any]]
    _places: list[tuple[Path, Piece]] = field(repr=False)
    _read: Callable[[Path], Arrays] = field(repr=False)

    def __len__(self) -> int:
        return len(self.headers)

    def __repr__(self) -> str:
        names = [(h["optimizer"]["label"], h["testbed"]["id"], h["seed"]) for h in self.headers]
        counts = [len(set(part)) for part in zip(*names, strict=True)] or [0, 0, 0]
        nouns = ("optimizer", "testbed", "seed")
        shape = " x ".join(_counted(n, noun) for n, noun in zip(counts, nouns, strict=True))
        name = self.study.get("name", "")
        return f"Results({_counted(len(self), 'run')} of {name!r}: {shape})"

    def run(self, i: int) -> RunRecord:
        """Return one run with all its columns, parameters included; read from disk again."""
        path, piece = self._places[i]
        rows = slice(piece.first, piece.first + piece.n)
        columns = {name: array[rows] for name, array in self._read(path).items()}
        return RunRecord(self.headers[i], columns, 0)

    def runs(self) -> Iterator[RunRecord]:
        """Yield all runs with all their columns."""
        return (self.run(i) for i in range(len(self)))

    @property
    def frame(self) -> Any:
        """Return a tidy pandas DataFrame: one row an evaluation, with run, testbed, optimizer,
        seed and fold beside the columns; ``status`` as text.
        """
        import pandas as pd

        from hpobench_lab.trial import Status

        n = np.diff(self.offsets)
        testbeds = [header["testbed"]["id"] for header in self.headers]
        optimizers = [header["optimizer"]["label"] for header in self.headers]
        seeds = np.array([header["seed"] for header in self.headers], dtype=np.int64)
        folds = np.array([header.get("fold", 0) for header in self.headers], dtype=np.int64)
        data: dict[str, Any] = {
            "run": np.repeat(np.arange(len(self)), n),
            "testbed": _categories(testbeds, n),
            "optimizer": _categories(optimizers, n),
            "seed": np.repeat(seeds, n),
            "fold": np.repeat(folds, n),
        }
        names = pd.Index([s.name for s in Status])
        status = pd.Categorical.from_codes(self.columns["status"], names)
        return pd.DataFrame(data | self.columns | {"status": status}, copy=False)

    def compare(
        self, *, at: float | None = None, axis: str | None = None, baseline: str | None = None
    ) -> Compared:
        """Return the league table; a notebook shows it, ``.frame`` has its numbers.

        Anything but the declared budget and baseline is exploratory: effects without tests.

        Args:
            at: Where the runs are read on the axis; by default the declared budget.
            axis: Such as ``simulated_seconds``; by default the budget's.
            baseline: Label; by default the declared one.

        Raises:
            StudyError: If a name is unknown, or the runs do not tell the axis.
        """
        from hpobench_lab.report import compare

        return compare(self, at=at, axis=axis, baseline=baseline)

    def plot(self, name: str = "regret") -> Figure:
        """Return a figure of the report as matplotlib's ``Figure``.

        Args:
            name: The figure's id, with or without its number: ``"regret"`` is ``"f1-regret"``.

        Raises:
            StudyError: If there is no such figure, or it has nothing to show here.
        """
        from hpobench_lab.report.drawing import figure

        drawn: Figure = figure(self, name)
        return drawn

    def report(self, path: str | PathLike[str]) -> ReportFiles:
        """Write the report into a folder and return what was written.

        Raises:
            DataError: If the folder cannot be written.
        """
        from hpobench_lab.report import write_report

        return write_report(self, Path(path))

    def _repr_html_(self) -> str:
        return self.compare()._repr_html_()


def load(*paths: str | PathLike[str]) -> Results:
    """Read results folders; every file is verified against its name.

    Args:
        *paths: One or more folders written by ``run``. A run that several hold is taken once.

    Raises:
        DataError: If a folder is no results folder, or a file is damaged, of a newer format or
            not readable.
        StudyError: If folders do not belong together: other protocols, one label for different
            optimizers, or two labels for one.

    >>> load()
    Traceback (most recent call last):
        ...
    hpobench_lab.errors.StudyError: load: name at least one results folder
    """
    if not paths:
        raise StudyError("load: name at least one results folder")
    folders = list(dict.fromkeys(Path(path) for path in paths))
    study = merged(folders, [read_study(folder) for folder in folders])
    stores = [Store(folder) for folder in folders]
    files = [s.folder / "segments" / name for s in stores for name in s.segment_names()]
    with ThreadPoolExecutor(max_workers=4) as pool:  # hashing and decoding release the lock
        read = list(pool.map(_read_common, files))
    pieces = {path: found for path, (found, _) in zip(files, read, strict=True)}
    tables = {path: c for path, (_, c) in zip(files, read, strict=True) if c is not None}
    del read
    places = sorted(_chosen(pieces), key=lambda place: _rank(place[1].header, study["labels"]))
    n = np.array([piece.n for _, piece in places], dtype=np.int64)
    offsets = np.concatenate([[0], np.cumsum(n)]).astype(np.int64)
    rows = {path: sum(piece.n for piece in pieces[path]) for path in tables}
    order = np.repeat(_first_rows(places, rows) - offsets[:-1], n) + np.arange(offsets[-1])
    columns = _gather([(table, rows[path]) for path, table in tables.items()], order)
    return Results(
        [piece.header for _, piece in places],
        offsets,
        columns,
        study,
        folders,
        [session for store in stores for session in store.carbon()],
        places,
        lru_cache(maxsize=16)(lambda path: open_segment(path).columns()),
    )


def same(a: RunRecord | Results, b: RunRecord | Results) -> bool:
    """Return whether two runs, or all runs of two results, are equal in all but measured parts."""
    return not difference(a, b)


def difference(a: RunRecord | Results, b: RunRecord | Results) -> str:
    """Return the first difference in what is not measured, as text; empty when there is none."""
    if isinstance(a, RunRecord) and isinstance(b, RunRecord):
        return runrecord.difference(a, b)
    if not (isinstance(a, Results) and isinstance(b, Results)):
        raise TypeError(f"cannot compare {type(a).__name__} with {type(b).__name__}")
    keys = [[header["key"] for header in results.headers] for results in (a, b)]
    for key in sorted({*keys[0]} ^ {*keys[1]}):
        return f"run {key}: only in the {'first' if key in keys[0] else 'second'}"
    positions = {key: i for i, key in enumerate(keys[1])}
    for i, key in enumerate(keys[0]):
        found = runrecord.difference(a.run(i), b.run(positions[key]))
        if found:
            return f"run {key}: {found}"
    return ""


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _read_common(path: Path) -> tuple[tuple[Piece, ...], Arrays | None]:
    """Return the pieces of a segment, and its common columns if it holds rows of finished runs."""
    segment = open_segment(path)
    needed = any(piece.final and piece.n for piece in segment.pieces)
    return segment.pieces, segment.columns(COMMON) if needed else None


def _chosen(pieces: Mapping[Path, tuple[Piece, ...]]) -> list[tuple[Path, Piece]]:
    """Return one final piece a run; where several folders have it, that of the first."""
    chosen: dict[str, tuple[Path, Piece]] = {}
    for folder in dict.fromkeys(path.parent for path in pieces):
        here = [piece for path in pieces if path.parent == folder for piece in pieces[path]]
        for key, piece in choose_finals(here).items():
            chosen.setdefault(key, (folder / piece.segment, piece))
    return list(chosen.values())


def _first_rows(
    places: Sequence[tuple[Path, Piece]], rows: Mapping[Path, int]
) -> NDArray[np.int64]:
    """Return where each run begins among the rows of all files, one file after the other."""
    base = dict(zip(rows, np.cumsum([0, *rows.values()])[:-1].tolist(), strict=True))
    return np.array([base.get(path, 0) + piece.first for path, piece in places], dtype=np.int64)


def _rank(header: Mapping[str, Any], labels: Sequence[str]) -> tuple[Any, ...]:
    label = header["optimizer"]["label"]
    place = labels.index(label) if label in labels else len(labels)
    return header["testbed"]["id"], place, label, header["seed"], header.get("fold", 0)


def _gather(tables: Sequence[tuple[Arrays, int]], order: NDArray[np.int64]) -> Arrays:
    """Return the common columns in the given order of rows; the tables are used up on the way.

    Args:
        tables: Columns of a file and how many rows it has.
        order: Rows of all files one after the other, shape (n,).
    """
    gathered: Arrays = {}
    for name, dtype in COMMON.items():
        fill = np.nan if np.issubdtype(dtype, np.floating) else -1 if name == "parent" else 0
        parts = [
            columns.pop(name) if name in columns else np.full(rows, fill, dtype)
            for columns, rows in tables
        ]
        joined = np.concatenate(parts) if parts else np.empty(0, dtype)
        gathered[name] = joined[order].astype(dtype, copy=False)
    return gathered


def _categories(names: Sequence[str], n: NDArray[np.int64]) -> Any:
    import pandas as pd

    codes, categories = pd.factorize(np.array(names, dtype=object))
    return pd.Categorical.from_codes(np.repeat(codes, n), pd.Index(categories))
