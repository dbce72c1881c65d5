"""Speed and quality of the surrogates: ``python benchmarks/surrogates.py [TABLE]``.

Speed: the trees are fitted to one table as they are shipped; then ``Booster.inplace_predict``,
our NumPy path, our compiled path (with numba) and the networks predict the same rows in turns, on
one thread, in CPU seconds. Before that, the leaves and the values are compared. Quality: what the
header of every committed table says of its surrogates, measured on held-out configurations.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ |= {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.testbeds.curves.opening import built_in
from hpobench_lab.testbeds.curves.storage.files import read_header, read_table, stored_space
from hpobench_lab.testbeds.curves.surrogate import read_model
from hpobench_lab.testbeds.curves.surrogates.compiled import compiled, installed
from hpobench_lab.testbeds.curves.surrogates.fit import Training, boosted
from hpobench_lab.testbeds.curves.surrogates.trees import Trees

BATCHES = {1: (200, 15), 16: (40, 15), 1024: (3, 15)}
"""Rows of a call -> calls a measurement, measurements."""
SHOWN = {
    "r2": "R2",
    "spearman": "rank",
    "spearman_best_quarter": "best 1/4",
    "mae_near_optimum": "near opt.",
    "calibration_slope": "slope",
    "coverage_90": "in 90 %",
    "cost_relative_error": "cost err.",
}


def training_of(folder: Path) -> Training:
    """Return what the surrogate of a committed table was fitted to."""
    header = read_header(folder)
    derived = header["surrogate"]["derived"]
    levels, name = np.array(header["fidelity"]["levels"], float), header["fidelity"]["name"]
    curves = read_table(folder, header)
    return Training.of(stored_space(header), name, derived, levels, curves, header["cap"])


def in_turns(works: dict[str, Callable[[], Any]], calls: int, rounds: int) -> dict[str, float]:
    """Return the median CPU seconds of one call of each, measured in turns after a warm-up."""
    spent: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(rounds + 1):
        for name, work in works.items():
            before = time.process_time()
            for _ in range(calls):
                work()
            if turn:
                spent[name].append((time.process_time() - before) / calls)
    return {name: float(np.median(each)) for name, each in spent.items()}


def same_leaves(trees: Trees, booster: Any, rows: NDArray[np.float64]) -> int:
    """Return how many of the leaves are not those that XGBoost reports."""
    import json

    import xgboost

    document = json.loads(bytes(booster.save_raw("json")))
    nodes = booster.predict(xgboost.DMatrix(rows.astype(np.float32)), pred_leaf=True)
    for tree in document["learner"]["gradient_booster"]["model"]["trees"]:
        for node, left in enumerate(tree["left_children"]):
            if left == -1:
                tree["split_conditions"][node] = node  # a leaf's value becomes its number
    numbered = Trees.from_model(document)
    reached = numbered.leaves[np.arange(len(trees.leaves)), trees.leaf(rows)]
    return int((reached != nodes).sum())


def speed(name: str, folder: Path) -> None:
    """Print how much faster than XGBoost the shipped trees are evaluated."""
    training = training_of(folder)
    table = training.table()
    booster = boosted(table, training.logits.ravel())
    booster.set_param({"nthread": 1})
    trees = Trees.from_booster(booster)
    networks = read_model(folder, read_header(folder), "mlp").loss
    rows = np.random.default_rng(0).choice(table, 4096, replace=False)
    expected = booster.inplace_predict(rows.astype(np.float32))
    print(f"{name}: {len(trees.leaves)} trees of depth {trees.depth}, {rows.shape[1]} features")
    print(f"  wrong leaves among {rows.shape[0] * len(trees.leaves):,}: ", end="")
    print(f"{same_leaves(trees, booster, rows)}; largest difference of the values: ", end="")
    print(f"{np.abs(trees.predict(rows) - expected).max():.1e}")
    works: dict[str, Callable[[Any], Any]] = {"NumPy": trees.predict, "networks": networks.predict}
    if installed():
        fast = works["numba"] = compiled(trees)
        print(f"  NumPy and numba agree bit by bit: {(fast(rows) == trees.predict(rows)).all()}")
    print("  times faster than Booster.inplace_predict, one thread (CPU microseconds a row)")
    for many, (calls, rounds) in BATCHES.items():
        some = np.ascontiguousarray(rows[:many])
        single = some.astype(np.float32)
        turns: dict[str, Callable[[], Any]] = {
            key: (lambda work=work, some=some: work(some))  # type: ignore[misc]
            for key, work in works.items()
        }
        turns["xgboost"] = lambda single=single: booster.inplace_predict(single)  # type: ignore[misc]
        took = in_turns(turns, calls, rounds)
        cells = [
            f"{key} {took['xgboost'] / took[key]:.1f} ({1e6 * took[key] / many:.1f})"
            for key in works
        ]
        alone = f"xgboost ({1e6 * took['xgboost'] / many:.1f})"
        print(f"  {many:5} rows: {', '.join([*cells, alone])}")


def quality() -> None:
    """Print the stored quality of every committed table."""
    print("\nquality on held-out configurations, at full fidelity; tau: Kendall's, of the")
    print("rankings of optimizers, against the exact table (the table with other seeds)")
    print(f"{'table':26}{'kind':9}" + "".join(f"{t:>10}" for t in SHOWN.values()) + f"{'tau':>16}")
    for name, folder in built_in().items():
        header = read_header(folder)
        facts = header.get("surrogate")
        if not facts:
            continue
        tau = (header.get("trust") or {}).get("kendall_tau", {})
        for kind, found in (("xgboost", facts), ("mlp", facts["second"])):
            cells = "".join(f"{found['quality'][key]:10.3f}" for key in SHOWN)
            own = f"{tau[f'table/{kind}']:.2f} ({tau['table/again']:.2f})" if tau else "-"
            print(f"{name:26}{kind:9}{cells}{own:>16}")


def main(table: str = "digits-mlp") -> None:
    """Print both."""
    speed(table, built_in()[table])
    quality()


if __name__ == "__main__":
    main(*sys.argv[1:])
