"""Make the folder of a table out of collected curves: files, header, surrogate, best values."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.testbeds.curves.files import (
    SCHEMA,
    file_sha256,
    replace_folder,
    write_configs,
    write_curves,
    write_json,
)
from hpobench_lab.testbeds.training.curves import COLUMNS, TEST_COLUMNS, Curves
from hpobench_lab.testbeds.training.data import DATASETS, load
from hpobench_lab.testbeds.training.recipes import Recipe

__all__ = ["Collected", "build", "machine"]

FloatArray = NDArray[np.float64]
CAP = 1.5
"""A surrogate is fitted to losses up to this many times chance; what is worse has diverged."""
TOLERANCE = 1.001
"""A final loss above this many times chance has diverged; a constant prediction has not."""
SEARCH_SEED = 20_260_103


@dataclass(frozen=True)
class Collected:
    """What a collection found.

    Args:
        recipe: What was trained.
        values: The configurations, shape (n, d).
        curves: Column -> shape (n, levels).
        seed: Of the Sobol sequence and of every training.
        provenance: Command and dates, as plain data.
    """

    recipe: Recipe
    values: FloatArray
    curves: Curves
    seed: int
    provenance: Mapping[str, Any]


def machine() -> dict[str, Any]:
    """Return what identifies the machine, without its name or its user."""
    cpu = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.exists():
        models = [li for li in info.read_text().splitlines() if li.startswith("model name")]
        cpu = models[0].partition(":")[2].strip() if models else cpu
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "threads_used": 1,
    }


def build(collected: Collected, target: Path) -> Path:
    """Write a table and its surrogate beside ``target``, then put it there in one step.

    Args:
        collected: What to write.
        target: Folder of the table; replaced when it is there.

    Returns:
        ``target``.

    Raises:
        MissingExtra: If xgboost, which fits the surrogate, is not installed.
    """
    recipe, data = collected.recipe, load(collected.recipe.data)
    new = target.with_name(f".{target.name}.new-{os.getpid()}")
    new.mkdir(parents=True, exist_ok=True)
    for old in new.iterdir():
        old.unlink()
    space, levels, name = recipe.space, recipe.levels, recipe.fidelity.name
    seeds = np.full(len(collected.values), collected.seed)
    write_configs(new / "configs.parquet", space, collected.values, seeds)
    seen = {c: collected.curves[c] for c in COLUMNS}
    sealed = {c: collected.curves[c] for c in TEST_COLUMNS}
    write_curves(new / "curves.parquet", seen, levels, name)
    write_curves(new / "test.parquet", sealed, levels, name)
    header = _header(collected, data.chance)
    header["table"] = _table_facts(collected, data.chance)
    header["surrogate"] = _surrogate(collected, data.chance, new / "surrogate.npz")
    header["files"] = {
        path.name: {"sha256": file_sha256(path), "bytes": path.stat().st_size}
        for path in sorted(new.iterdir())
    }
    write_json(new / "table.json", header)
    replace_folder(new, target)
    return target


def _header(collected: Collected, chance: float) -> dict[str, Any]:
    recipe, data = collected.recipe, load(collected.recipe.data)
    source = DATASETS[recipe.data]
    fidelity = recipe.fidelity
    return {
        "schema": SCHEMA,
        "name": recipe.name,
        "version": recipe.version,
        "title": recipe.title,
        "kind": "learning-curve table",
        "source": recipe.data,
        "family": recipe.family,
        "configurations": len(collected.values),
        "space": recipe.space.to_json(),
        "ranges": recipe.ranges,
        "fidelity": {"name": fidelity.name, "unit": fidelity.unit, "levels": list(recipe.levels)},
        "objectives": [
            {"name": "cross-entropy", "unit": "nats", "column": "valid_cross_entropy"},
        ],
        "secondary": ["valid_error"],
        "chance": chance,
        "chance_origin": "validation cross-entropy of predicting the training class frequencies",
        "diverged_above": TOLERANCE * chance,
        "cap": CAP * chance,
        "cost": "CPU seconds of training, measuring excluded; a population shares its seconds",
        "seeds": "one for all configurations: initial weights, data order, dropout, subsampling",
        "data": {
            "title": source.title,
            "url": source.url,
            "licence": source.licence,
            "citation": source.citation,
            "sha256": data.sha256,
            "split": dict(zip(("train", "valid", "test"), data.sizes, strict=True)),
            "preprocessing": "standardised with the mean and deviation of train, clipped to +-10",
        },
        "provenance": {
            **collected.provenance,
            "seed": collected.seed,
            "design": "scrambled Sobol, the first configurations of one sequence",
            "machine": machine(),
            "versions": {"python": platform.python_version()}
            | {package: version(package) for package in recipe.packages},
        },
    }


def _final(curves: Curves) -> FloatArray:
    """Return the losses at full fidelity, shape (n,); infinite where training broke down."""
    final = curves["valid_cross_entropy"][:, -1]
    return np.where(np.isfinite(final), final, np.inf).astype(np.float32).astype(np.float64)


def _table_facts(collected: Collected, chance: float) -> dict[str, Any]:
    final, space = _final(collected.curves), collected.recipe.space
    best = int(final.argmin())
    losses = collected.curves["valid_cross_entropy"]
    return {
        "configurations": len(final),
        "f_opt": float(final[best]),
        "f_opt_origin": "exact: the least of the listed configurations",
        "optimum_config": space.configs(collected.values[best : best + 1])[0],
        "f_ref": float(min(np.median(final), CAP * chance)),
        "f_ref_origin": "median of the listed configurations, diverged ones included",
        "diverged": int((~(final <= TOLERANCE * chance)).sum()),
        "not_finite": int((~np.isfinite(losses)).any(axis=1).sum()),
    }


def _surrogate(collected: Collected, chance: float, path: Path) -> dict[str, Any] | None:
    """Fit, measure and write the surrogate; None when there are too few configurations."""
    from hpobench_lab.testbeds.curves.fit import LEAST, Training, fit, quality
    from hpobench_lab.testbeds.curves.optimum import ORIGIN, search

    recipe, values = collected.recipe, collected.values
    if len(values) < LEAST:
        return None
    space, cap = recipe.space, CAP * chance
    losses = np.nan_to_num(collected.curves["valid_cross_entropy"], nan=cap, posinf=cap)
    x = space.encode(values)
    training = Training(
        space,
        recipe.fidelity.name,
        recipe.derived,
        np.array(recipe.levels, dtype=np.float64),
        x,
        np.clip(losses, 1e-6, cap),
        np.maximum(collected.curves["cpu_s"], 1e-6),
    )
    measured, model = quality(training), fit(training)
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **model.arrays())
    rng = np.random.Generator(np.random.Philox(SEARCH_SEED))
    start = x[np.argsort(training.losses[:, -1], kind="stable")[:16]]

    def at_full_fidelity(rows: FloatArray) -> FloatArray:
        full = np.full(len(rows), training.levels[-1])
        return model.losses(model.table(space.decode(rows), rows, full))

    best, f_opt, f_ref = search(at_full_fidelity, space, start, rng)
    return {
        "model": "XGBoost trees for the logarithm of the loss over configuration and log fidelity",
        "derived": [dict(powers) for powers in recipe.derived],
        "quality": measured,
        "quality_origin": "one fifth of the configurations held out; shipped: fitted to all",
        "f_opt": f_opt,
        "f_opt_origin": ORIGIN,
        "optimum_config": space.configs(space.decode(best[None]))[0],
        "f_ref": f_ref,
        "f_ref_origin": "median of 200,000 random configurations",
        "xgboost": version("xgboost"),
    }
