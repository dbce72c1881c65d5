"""Train a recipe's configurations in chunks, each a file that is written once and then kept.

A chunk that is on disk is never trained again, so a killed collection loses only what was in
flight. A chunk is named by what it holds: fold, replicate and configurations.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from pathlib import Path
from threading import Thread

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.errors import DataError
from hpobench_lab.testbeds.training.curves import Trained
from hpobench_lab.testbeds.training.design import Design, plan, propose, sobol_values
from hpobench_lab.testbeds.training.recipes import Recipe

__all__ = ["MOST", "Part", "Progress", "Whole", "digest", "parts_folder", "train_parts"]

FloatArray = NDArray[np.float64]
Progress = Callable[[int, int, float], None]
"""(trainings done, trainings in all, seconds since the call)."""

MOST = 1 << 16
"""Configurations that one collection may hold."""


@dataclass(frozen=True)
class Part:
    """One chunk: some configurations on one fold with one replicate.

    Args:
        rows: Their numbers, shape (n,).
        fold: Outer fold.
        replicate: 0, or 1 for another seed.
        path: Its file.
    """

    rows: NDArray[np.int64]
    fold: int
    replicate: int
    path: Path


@dataclass(frozen=True)
class Whole:
    """A finished collection.

    Args:
        values: The configurations, shape (n, d), in the recipe's widest space.
        origin: Where each comes from, n names.
        parts: The chunks with what they hold.
        dates: When the first and the last chunk were finished (UTC).
    """

    values: FloatArray
    origin: list[str]
    parts: list[tuple[Part, Trained]]
    dates: dict[str, str]


def digest(recipe: Recipe, seed: int) -> str:
    """Return eight characters that name all on which the curves depend."""
    described = recipe.describe()
    facts = [recipe.name, recipe.version, recipe.everything.digest, recipe.levels]
    text = json.dumps([*facts, recipe.folds, seed, described["digest"]])
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def parts_folder(recipe: Recipe, out: Path, seed: int) -> Path:
    """Return where the chunks of a collection lie until they are merged."""
    return out / f".{recipe.name}.parts-{digest(recipe, seed)}"


def _parts(
    recipe: Recipe, folder: Path, values: FloatArray, rows: NDArray[np.int64], fold: int, again: int
) -> list[Part]:
    """Return the chunks of some configurations."""
    found = []
    for start in range(0, len(rows), recipe.chunk):
        some = rows[start : start + recipe.chunk]
        name = hashlib.sha256(values[some].tobytes()).hexdigest()[:16]
        found.append(Part(some, fold, again, folder / f"fold{fold}-replicate{again}-{name}.npz"))
    return found


def _read(path: Path) -> Trained | None:
    """Return what one chunk holds; None when there is none or it is damaged."""
    groups: dict[str, dict[str, FloatArray]] = {"columns": {}, "test": {}, "refit": {}}
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            for key in arrays.files:
                group, _, name = key.partition(".")
                if group in groups:
                    groups[group][name] = arrays[key]
            messages = json.loads(str(arrays["messages"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        path.unlink(missing_ok=True)
        return None
    return Trained(**groups, messages={int(row): text for row, text in messages.items()})


def _write(path: Path, trained: Trained) -> None:
    arrays = {
        f"{group}.{name}": column
        for group in ("columns", "test", "refit")
        for name, column in getattr(trained, group).items()
    }
    arrays["messages"] = np.array(json.dumps(trained.messages))
    temporary = path.with_name(f".tmp-{os.getpid()}-{path.name}")
    with temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def _train_part(recipe: Recipe, part: Part, values: FloatArray) -> int:
    """Train one chunk, write it and return how many configurations it holds."""
    configs = recipe.everything.configs(values)
    _write(part.path, recipe.train(configs, recipe.levels, part.fold, part.replicate))
    return len(configs)


def _end_with_parent() -> None:
    """Let this process end when the one that started it is killed: it would wait for ever."""
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    Thread(target=watch, daemon=True).start()


def _trained(
    recipe: Recipe, missing: Sequence[Part], values: FloatArray, processes: int
) -> Iterator[int]:
    """Train the missing chunks and yield the size of each as it becomes durable."""
    if processes == 1 or len(missing) < 2:
        for part in missing:
            yield _train_part(recipe, part, values[part.rows])
        return
    spawn = get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=spawn, initializer=_end_with_parent) as pool:
        futures = [pool.submit(_train_part, recipe, p, values[p.rows]) for p in missing]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            for future in futures:
                future.cancel()


class _Collection:
    """One call of ``train_parts``: what is done, of how much."""

    def __init__(self, recipe: Recipe, folder: Path, processes: int, progress: Progress) -> None:
        self.recipe, self.folder, self.processes = recipe, folder, processes
        self._progress, self._began = progress, time.monotonic()
        self.done = self.total = 0
        self.found: dict[Path, Trained] = {}

    def report(self) -> None:
        self._progress(self.done, self.total, time.monotonic() - self._began)

    def train(self, parts: list[Part], values: FloatArray) -> None:
        """Train what is not on disk and read all; what was read before is left alone."""
        missing = []
        for part in parts:
            if part.path in self.found:
                continue
            there = _read(part.path)
            if there is None:
                missing.append(part)
            else:
                self.found[part.path] = there
                self.done += len(part.rows)
        self.report()
        for rows in _trained(self.recipe, missing, values, self.processes):
            self.done += rows
            self.report()
        for part in missing:
            there = _read(part.path)
            if there is None:
                raise DataError(f"{part.path} was written and cannot be read; collect again")
            self.found[part.path] = there


def train_parts(
    recipe: Recipe, out: Path, *, configs: int, seed: int, processes: int, progress: Progress
) -> Whole:
    """Train what is not on disk yet, and return everything.

    First the spread on fold 0; then what the optimizers propose on what was learnt; then the
    replicates and the further folds.

    Args:
        recipe: What to train.
        out: Folder of the tables; the chunks lie in a hidden folder in it.
        configs: Configurations in all.
        seed: Seeds the Sobol sequences and the proposals; a training's seed is its replicate.
        processes: Chunks trained at the same time, each on one thread.
        progress: Called at the start and after every chunk.

    Raises:
        DataError: If ``out`` cannot be written.
    """
    folder = parts_folder(recipe, out, seed)
    design = plan(configs, wide=recipe.wide is not None, folds=len(recipe.folds))
    if not recipe.replicated:
        design = replace(design, replicate=0)
    work = _Collection(recipe, folder, processes, progress)
    others = recipe.folds[1:]
    work.total = (
        configs + design.replicate + len(others) * len(design.fold_rows()) * bool(design.fold)
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _in_order(recipe, folder, design, work, seed)
    except OSError as error:
        raise DataError(f"cannot write {error.filename or folder}: {error.strerror}") from error


def _in_order(recipe: Recipe, folder: Path, design: Design, work: _Collection, seed: int) -> Whole:
    spread = recipe.everything.values(
        recipe.space.configs(sobol_values(recipe.space, design.sobol, seed))
    )
    if design.wide:
        far = sobol_values(recipe.everything, design.wide, seed + 1)
        spread = _unlike(np.concatenate([spread, far]))
    parts = _parts(recipe, folder, spread, np.arange(len(spread)), 0, 0)
    values = spread
    if design.proposed:
        path = _proposals_path(folder, design, spread)
        asked = _read_proposals(path)
        if asked is None:
            work.train(parts, spread)
            asked = _proposals(
                recipe, path, design, spread, [work.found[p.path] for p in parts], seed
            )
        values = np.concatenate([spread, asked])
    later = _parts(recipe, folder, values, np.arange(len(spread), len(values)), 0, 0)
    later += _parts(recipe, folder, values, np.arange(design.replicate), 0, 1)
    for fold in recipe.folds[1:] if design.fold else ():
        later += _parts(recipe, folder, values, design.fold_rows(), fold, 0)
    parts += later
    work.train(parts, values)
    written = [part.path.stat().st_mtime for part in parts]
    first, last = (datetime.fromtimestamp(t, UTC) for t in (min(written), max(written)))
    dates = {
        "first_chunk": first.isoformat(timespec="seconds"),
        "last_chunk": last.isoformat(timespec="seconds"),
    }
    return Whole(values, design.origins, [(p, work.found[p.path]) for p in parts], dates)


def _unlike(values: FloatArray) -> FloatArray:
    assert len(np.unique(values, axis=0)) == len(values), "two equal rows of two Sobol sequences"
    return values


def _proposals_path(folder: Path, design: Design, values: FloatArray) -> Path:
    name = hashlib.sha256(values.tobytes()).hexdigest()[:16]
    return folder / f"proposals-{design.proposed}-{name}.npy"


def _read_proposals(path: Path) -> FloatArray | None:
    """Return what the optimizers asked before; None when there is none or it is damaged."""
    try:
        return np.asarray(np.load(path, allow_pickle=False), dtype=np.float64)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, EOFError):
        path.unlink(missing_ok=True)
        return None


def _proposals(
    recipe: Recipe,
    path: Path,
    design: Design,
    values: FloatArray,
    trained: Sequence[Trained],
    seed: int,
) -> FloatArray:
    """Return what the optimizers ask; made once, and then read, so that a resumed one agrees."""
    losses = np.concatenate([t.columns["valid_loss"] for t in trained])
    asked = propose(recipe, values, losses, design, seed)
    temporary = path.with_name(f".tmp-{os.getpid()}-{path.name}")
    with temporary.open("wb") as file:
        np.save(file, asked, allow_pickle=False)
    os.replace(temporary, path)
    return asked
