"""Make the folder of a table out of collected curves: files, header, surrogates, best values.

::

    python -m hpobench_lab.testbeds.curves.build FOLDER ...

fits the surrogates of finished tables again, after the fitting has changed; the curves stay. With
``--trust`` it leaves the surrogates, and stores how far they rank optimizers as the table does.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.space import Space
from hpobench_lab.testbeds.curves.exact import exact_facts
from hpobench_lab.testbeds.curves.storage.files import (
    SCHEMA,
    Curves,
    as_stored,
    read_header,
    read_table,
    replace_folder,
    stored_space,
    write_header,
    write_table,
)
from hpobench_lab.testbeds.curves.surrogates.optima import with_trained_optima
from hpobench_lab.testbeds.training.parts import Whole
from hpobench_lab.testbeds.training.recipes import RECIPES, Recipe

__all__ = ["assembled", "build", "machine", "main", "refit", "store_trust"]

FloatArray = NDArray[np.float64]
CAP = 1.5
"""A surrogate is fitted to losses up to this many times chance; what is worse has diverged."""
TOLERANCE = 1.001
"""A final loss above this many times chance has diverged; a constant prediction has not."""

GROUPS = attrgetter("columns"), attrgetter("test"), attrgetter("refit")


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


def assembled(whole: Whole) -> Curves:
    """Return the curves of all parts of a collection.

    Where a loss is not finite in single precision, training has broken down: that level and what
    follows it are NaN in every column but those of time and size.
    """
    columns: dict[str, list[FloatArray]] = {}
    test: dict[str, list[FloatArray]] = {}
    refit: dict[str, list[FloatArray]] = {}
    keys: dict[str, list[Any]] = {"configuration": [], "fold": [], "replicate": [], "message": []}
    names = [dict.fromkeys(n for _, t in whole.parts for n in of(t)) for of in GROUPS]
    for part, trained in whole.parts:
        n, shape = len(part.rows), trained.columns["valid_loss"].shape
        keys["configuration"].append(part.rows)
        keys["fold"].append(np.full(n, part.fold))
        keys["replicate"].append(np.full(n, part.replicate))
        keys["message"].append([trained.messages.get(row, "") for row in range(n)])
        seen, sealed = _until_broken(trained.columns, trained.test)
        groups = ((columns, seen, shape), (test, sealed, shape), (refit, trained.refit, shape[:1]))
        for (into, found, size), known in zip(groups, names, strict=True):
            for name in known:  # what a user's function did not say is NaN
                into.setdefault(name, []).append(found.get(name, np.full(size, np.nan)))
    joined = [{n: np.concatenate(c) for n, c in group.items()} for group in (columns, test, refit)]
    with np.errstate(over="ignore"):
        for column in joined[2].values():
            column[~np.isfinite(column.astype(np.float32))] = np.nan
    return Curves(
        values=whole.values,
        origin=np.array(whole.origin),
        **{name: np.concatenate(parts) for name, parts in keys.items()},
        columns=joined[0],
        test=joined[1] or None,
        refit=joined[2] or None,
    )


def _until_broken(
    columns: Mapping[str, FloatArray], test: Mapping[str, FloatArray]
) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """Return both with NaN from the first level on at which a loss is not finite."""
    both = dict(columns) | dict(test)
    broken = np.zeros(both["valid_loss"].shape, dtype=bool)
    with np.errstate(over="ignore"):
        for name, column in both.items():
            if name.endswith("_loss"):
                broken |= ~np.isfinite(column.astype(np.float32))
    broken = np.logical_or.accumulate(broken, axis=1)
    for name, column in both.items():
        if name.endswith(("_s", "_bytes")):
            if name in ("cpu_s", "wall_s"):
                both[name] = np.fmax.accumulate(column, axis=1)
        else:
            both[name] = np.where(broken, np.nan, column)
    return {n: both[n] for n in columns}, {n: both[n] for n in test}


def build(
    recipe: Recipe, whole: Whole, target: Path, *, seed: int, provenance: Mapping[str, Any]
) -> Path:
    """Write a table and its surrogates beside ``target``, then put it there in one step.

    Args:
        recipe: What was trained.
        whole: What came of it.
        target: Folder of the table; replaced when it is there.
        seed: Of the design.
        provenance: Command and dates, as plain data.

    Returns:
        ``target``.

    Raises:
        MissingExtra: If xgboost, which fits the surrogate, is not installed.
        DataError: If the curves break the format.
    """
    curves = as_stored(assembled(whole))
    header = _header(recipe, curves, whole, seed, provenance)
    return _written(header, curves, target, recipe)


def refit(folder: Path) -> Path:
    """Fit the surrogates of a table of the collection again, and compute its exact facts."""
    header = read_header(folder)
    curves = read_table(folder, header, sealed=True)
    for name in ("files", "table", "surrogate", "trust"):
        header.pop(name, None)
    return _written(header, curves, folder, RECIPES[header["name"]])


def _written(header: dict[str, Any], curves: Curves, target: Path, recipe: Recipe) -> Path:
    new = target.with_name(f".{target.name}.new-{os.getpid()}")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    try:
        header["table"] = exact_facts(header, curves)
        header["surrogate"] = _surrogate(header, curves, recipe.derived, new / "surrogate.npz")
        header = with_trained_optima(header, recipe)
        write_table(new, header, curves)
        replace_folder(new, target)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return target


def _header(
    recipe: Recipe, curves: Curves, whole: Whole, seed: int, provenance: Mapping[str, Any]
) -> dict[str, Any]:
    from hpobench_lab.testbeds.training.data import DATASETS
    from hpobench_lab.testbeds.training.data.metafeatures import meta_features

    described = dict(recipe.describe())
    described.pop("digest", None)
    chance = described.pop("chance", None)
    cap = _cap(chance, curves)
    fidelity, objective = recipe.fidelity, recipe.objective
    levels = [int(v) if float(v).is_integer() else float(v) for v in recipe.levels]
    versions = {package: version(package) for package in recipe.packages}
    return {
        "schema": SCHEMA,
        "name": recipe.name,
        "version": recipe.version,
        "title": recipe.title,
        "kind": "learning-curve table",
        "source": recipe.data,
        "family": recipe.family,
        "task": recipe.task,
        "configurations": len(whole.values),
        "folds": {"outer": recipe.outer, "collected": sorted(set(curves.fold.tolist()))},
        "replicates": 1 + int(curves.replicate.max()),
        "space": recipe.space.to_json(),
        "space_wide": recipe.wide.to_json() if recipe.wide else None,
        "ranges": recipe.ranges,
        "fidelity": {"name": fidelity.name, "unit": fidelity.unit, "levels": levels},
        "objectives": [{"name": objective.name, "unit": objective.unit, "column": "valid_loss"}],
        "secondary": ["valid_error"],
        "chance": chance,
        "diverged_above": TOLERANCE * chance if chance is not None else cap,
        "cap": cap,
        "cost": "CPU seconds of training, measuring excluded; a population shares its seconds",
        **described,
        "meta_features": meta_features(recipe.data) if recipe.data in DATASETS else {},
        "provenance": {
            **provenance,
            "seed": seed,
            "design": {o: int((curves.origin == o).sum()) for o in dict.fromkeys(whole.origin)},
            "machine": machine(),
            "versions": {"python": platform.python_version()} | versions,
        },
    }


def _cap(chance: float | None, curves: Curves) -> float:
    """Return the loss above which nothing is told apart."""
    if chance is not None:
        return CAP * chance
    losses = curves.columns["valid_loss"]
    return float(np.nanmax(losses)) if np.isfinite(losses).any() else 1.0


def _below_zero(curves: Curves) -> bool:
    """Return whether some loss is negative: the surrogate's scale is for losses above 0."""
    return bool((np.nan_to_num(curves.columns["valid_loss"]) < 0).any())


def _surrogate(
    header: Mapping[str, Any],
    curves: Curves,
    derived: Sequence[Mapping[str, float]],
    path: Path,
) -> dict[str, Any] | None:
    """Fit, measure and write the surrogates; None when there are too few configurations."""
    from hpobench_lab.testbeds.curves.surrogates.fit import LEAST
    from hpobench_lab.testbeds.curves.surrogates.fitted import fit_all

    if len(curves.values) < LEAST or _below_zero(curves):
        return None
    fidelity = header["fidelity"]
    fitted = fit_all(
        stored_space(header),
        Space.from_json(header["space"]),
        fidelity["name"],
        derived,
        fidelity["levels"],
        curves,
        header["cap"],
    )
    if fitted is None:
        return None
    arrays, facts = fitted
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    facts["derived"] = [dict(powers) for powers in derived]
    facts["xgboost"] = version("xgboost")
    return facts


def store_trust(folder: Path) -> None:
    """Enter into the header of a table how far its surrogates rank optimizers as it does."""
    from hpobench_lab.testbeds.curves.surrogates.trust import trust

    found = trust(folder)
    write_header(folder, read_header(folder) | {"trust": found})


def main(arguments: Sequence[str]) -> None:
    """Fit the surrogates of tables again; with ``--trust`` first, judge them."""
    judge = list(arguments[:1]) == ["--trust"]
    for given in arguments[judge:]:
        if judge:
            store_trust(Path(given))
        else:
            refit(Path(given))


if __name__ == "__main__":
    main(sys.argv[1:])
