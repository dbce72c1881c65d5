"""Train a recipe's configurations in chunks, each a file that is written once and then kept.

A chunk that is on disk is never trained again, so a killed collection loses only what was in
flight. Which configurations a chunk holds depends on the recipe and the seed alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.errors import DataError
from hpobench_lab.testbeds.training.curves import COLUMNS, TEST_COLUMNS, Curves
from hpobench_lab.testbeds.training.data import load
from hpobench_lab.testbeds.training.recipes import Recipe

__all__ = [
    "MOST",
    "Progress",
    "dates",
    "digest",
    "parts_folder",
    "read_parts",
    "sobol_values",
    "train_parts",
]

Progress = Callable[[int, int, float], None]
"""(configurations done, configurations in all, seconds since the call)."""

MOST = 1 << 16
"""Configurations that one collection may hold."""


def sobol_values(recipe: Recipe, n: int, seed: int) -> NDArray[np.float64]:
    """Return the first n rows of a scrambled Sobol sequence over the space, as values (n, d).

    >>> from hpobench_lab.testbeds.training.recipes import RECIPES
    >>> recipe = RECIPES["digits-mlp"]
    >>> bool((sobol_values(recipe, 8, 0) == sobol_values(recipe, 100, 0)[:8]).all())
    True
    """
    from scipy.stats import qmc

    sequence = qmc.Sobol(recipe.space.dimension, scramble=True, rng=np.random.default_rng(seed))
    points = sequence.random_base2(max(n - 1, 1).bit_length())[:n]
    return recipe.space.decode(recipe.space.canonical(points))


def digest(recipe: Recipe, seed: int) -> str:
    """Return eight characters that name all on which the curves depend."""
    facts = [recipe.name, recipe.version, recipe.space.digest, recipe.levels, recipe.chunk]
    text = json.dumps([*facts, seed, load(recipe.data).sha256])
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def parts_folder(recipe: Recipe, out: Path, seed: int) -> Path:
    """Return where the chunks of a collection lie until they are merged."""
    return out / f".{recipe.name}.parts-{digest(recipe, seed)}"


def _bounds(recipe: Recipe, n: int) -> list[tuple[int, int]]:
    return [(start, min(start + recipe.chunk, n)) for start in range(0, n, recipe.chunk)]


def _path(folder: Path, bounds: tuple[int, int]) -> Path:
    return folder / f"rows-{bounds[0]:05d}-{bounds[1]:05d}.npz"


def _read(path: Path) -> Curves | None:
    """Return the curves of one chunk; None when there is none or it is damaged."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in COLUMNS + TEST_COLUMNS}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        path.unlink(missing_ok=True)
        return None


def _write(path: Path, curves: Curves) -> None:
    temporary = path.with_name(f".tmp-{os.getpid()}-{path.name}")
    with temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **curves)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def _train_chunk(recipe: Recipe, folder: Path, bounds: tuple[int, int], seed: int) -> int:
    """Train one chunk, write it and return how many configurations it holds."""
    start, stop = bounds
    values = sobol_values(recipe, stop, seed)[start:]
    curves = recipe.train(recipe.space.configs(values), load(recipe.data), recipe.levels, seed)
    _write(_path(folder, bounds), curves)
    return stop - start


def _trained(
    recipe: Recipe, folder: Path, missing: list[tuple[int, int]], seed: int, processes: int
) -> Iterator[int]:
    """Train the missing chunks and yield the size of each as it becomes durable."""
    if processes == 1 or len(missing) < 2:
        for bounds in missing:
            yield _train_chunk(recipe, folder, bounds, seed)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(_train_chunk, recipe, folder, b, seed) for b in missing]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            for future in futures:
                future.cancel()


def train_parts(
    recipe: Recipe, out: Path, *, configs: int, seed: int, processes: int, progress: Progress
) -> None:
    """Train what is not on disk yet.

    Args:
        recipe: What to train.
        out: Folder of the tables; the chunks lie in a hidden folder in it.
        configs: Configurations in all.
        seed: Seeds the Sobol sequence and every training.
        processes: Chunks trained at the same time, each on one thread.
        progress: Called at the start and after every chunk.

    Raises:
        DataError: If ``out`` cannot be written.
    """
    began, folder = time.monotonic(), parts_folder(recipe, out, seed)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        chunks = _bounds(recipe, configs)
        missing = [b for b in chunks if _read(_path(folder, b)) is None]
        done = configs - sum(stop - start for start, stop in missing)
        progress(done, configs, 0.0)
        for rows in _trained(recipe, folder, missing, seed, processes):
            done += rows
            progress(done, configs, time.monotonic() - began)
    except OSError as error:
        raise DataError(f"cannot write {error.filename or folder}: {error.strerror}") from error


def dates(recipe: Recipe, out: Path, *, configs: int, seed: int) -> dict[str, str]:
    """Return when the first and the last chunk were finished, as their files say (UTC)."""
    folder = parts_folder(recipe, out, seed)
    written = [_path(folder, bounds).stat().st_mtime for bounds in _bounds(recipe, configs)]
    first, last = (datetime.fromtimestamp(t, UTC) for t in (min(written), max(written)))
    return {
        "first_chunk": first.isoformat(timespec="seconds"),
        "last_chunk": last.isoformat(timespec="seconds"),
    }


def read_parts(recipe: Recipe, out: Path, *, configs: int, seed: int) -> Curves:
    """Return the curves of all chunks, in order of configuration, column -> (n, levels)."""
    folder = parts_folder(recipe, out, seed)
    parts = [_read(_path(folder, b)) for b in _bounds(recipe, configs)]
    whole = [part for part in parts if part is not None]
    if len(whole) < len(parts):
        raise DataError(f"{len(parts) - len(whole)} chunks in {folder} are missing; collect again")
    return {name: np.concatenate([part[name] for part in whole]) for name in COLUMNS + TEST_COLUMNS}
