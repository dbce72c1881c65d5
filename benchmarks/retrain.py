"""Retrain eight random trainings of each committed table and compare the losses.

``python benchmarks/retrain.py [names...]`` prints, for each table, the largest difference of any
training, validation or test loss at any level, and exits 1 when one is out of tolerance.

Tolerance: a difference d of losses a and b is accepted when d <= 0.02 + 0.05 * max(a, b). On the
platform that collected the table the differences are those of rounding to 16 bits of mantissa.
Elsewhere, another BLAS or instruction set rounds differently, which training amplifies: most where
it is close to divergence, so rows that ended worse than chance, or broke down, only have to end so
again.
"""

from __future__ import annotations

import sys

import numpy as np

from hpobench_lab.testbeds.curves.opening import built_in
from hpobench_lab.testbeds.curves.storage.files import Curves, read_table, verify
from hpobench_lab.testbeds.training.data import load
from hpobench_lab.testbeds.training.recipes import RECIPES, Recipe

ROWS = 8
ABSOLUTE, RELATIVE = 0.02, 0.05
LOSSES = ("train_loss", "valid_loss", "test_loss")


def retrain(name: str) -> bool:
    """Retrain rows of one table, print what differs, and return whether all is within tolerance."""
    folder, recipe = built_in()[name], RECIPES[name]
    header = verify(folder)
    if load(recipe.data).sha256 != header["data"]["sha256"]:
        print(f"{name}: the data set differs from the one of the table")
        return False
    stored = read_table(folder, header, sealed=True)
    rows = np.random.default_rng().choice(len(stored.configuration), ROWS, replace=False)
    bound = header["diverged_above"]
    same = [_same(recipe, stored, int(row), bound) for row in np.sort(rows)]
    return all(same)


def _same(recipe: Recipe, stored: Curves, row: int, bound: float) -> bool:
    configuration, fold = int(stored.configuration[row]), int(stored.fold[row])
    replicate = int(stored.replicate[row])
    configs = recipe.everything.configs(stored.values[configuration : configuration + 1])
    trained = recipe.train(configs, recipe.levels, fold, replicate)
    assert stored.test is not None
    columns, again = dict(stored.columns) | dict(stored.test), trained.columns | trained.test
    before = np.stack([columns[c][row] for c in LOSSES])
    after = np.stack([again[c][0] for c in LOSSES]).astype(np.float32).astype(np.float64)
    difference = np.abs(before - after)
    if before[1, -1] <= bound:
        same = bool((difference <= ABSOLUTE + RELATIVE * np.maximum(before, after)).all())
    else:
        same = not after[1, -1] <= bound
    worst = np.nanmax(difference) if np.isfinite(difference).any() else float("nan")
    print(
        f"{recipe.name:20s} configuration {configuration:4d} fold {fold} replicate {replicate}  "
        f"final validation {before[1, -1]:10.5g} stored {after[1, -1]:10.5g} retrained  "
        f"largest difference {worst:.2e}  {'ok' if same else 'OUT OF TOLERANCE'}"
    )
    return same


if __name__ == "__main__":
    np.seterr(over="ignore", invalid="ignore")
    results = [retrain(name) for name in (sys.argv[1:] or built_in())]
    sys.exit(0 if all(results) else 1)
