"""Retrain eight random rows of each committed table and compare the losses.

``python benchmarks/retrain.py [names...]`` prints, for each table, the largest difference of any
training, validation or test cross-entropy at any level, and exits 1 when one is out of tolerance.

Tolerance: a difference d of losses a and b is accepted when d <= 0.02 + 0.05 * max(a, b). On the
platform that collected the table the differences are 0. Elsewhere, another BLAS or instruction set
rounds differently, which training amplifies: most where it is close to divergence, so rows that
ended worse than chance, or broke down, only have to end so again.
"""

from __future__ import annotations

import sys

import numpy as np

from hpobench_lab.testbeds.curves.files import read_configs, read_curves, verify
from hpobench_lab.testbeds.curves.opening import built_in
from hpobench_lab.testbeds.training.data import load
from hpobench_lab.testbeds.training.recipes import RECIPES

ROWS = 8
ABSOLUTE, RELATIVE = 0.02, 0.05
LOSSES = ("train_cross_entropy", "valid_cross_entropy", "test_cross_entropy")


def retrain(name: str) -> bool:
    """Retrain rows of one table, print what differs, and return whether all is within tolerance."""
    folder, recipe = built_in()[name], RECIPES[name]
    header = verify(folder)
    data = load(recipe.data)
    if data.sha256 != header["data"]["sha256"]:
        print(f"{name}: the data set differs from the one of the table")
        return False
    values, seeds = read_configs(folder, header)
    stored = read_curves(folder, header) | read_curves(folder, header, "test.parquet")
    rows = np.sort(np.random.default_rng().choice(len(values), ROWS, replace=False))
    configs = recipe.space.configs(values[rows])
    again = recipe.train(configs, data, recipe.levels, int(seeds[0]))
    bound = header["diverged_above"]
    good = True
    for i, row in enumerate(rows):
        before = np.stack([stored[c][row] for c in LOSSES])
        after = np.stack([again[c][i] for c in LOSSES]).astype(np.float32).astype(np.float64)
        difference = np.abs(before - after)
        worst = float(np.nanmax(difference))
        if before[1, -1] <= bound:
            same = bool((difference <= ABSOLUTE + RELATIVE * np.maximum(before, after)).all())
        else:
            same = bool(not after[1, -1] <= bound)
        good &= same
        print(
            f"{name:18s} row {row:4d}  final validation {before[1, -1]:10.5g} stored "
            f"{after[1, -1]:10.5g} retrained  largest difference {worst:.2e}  "
            f"{'ok' if same else 'OUT OF TOLERANCE'}"
        )
    return good


if __name__ == "__main__":
    np.seterr(over="ignore")
    results = [retrain(name) for name in (sys.argv[1:] or built_in())]
    sys.exit(0 if all(results) else 1)
