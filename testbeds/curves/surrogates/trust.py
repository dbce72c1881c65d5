"""Do surrogates rank optimizers as the exact table does?

::

    python -m hpobench_lab.testbeds.curves.surrogates.trust FOLDER

runs the optimizers that come with the harness on the exact table and on both of its surrogates, and
compares their rankings by Kendall's tau. The table is ranked a second time with other seeds: no
surrogate can agree with the table better than the table agrees with itself.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.optimizers.roster import ROSTER
from hpobench_lab.problem import Budget
from hpobench_lab.store.runrecord import RunRecord
from hpobench_lab.testbed import Testbed

__all__ = ["OPTIMIZERS", "regrets", "trust"]

FloatArray = NDArray[np.float64]
OPTIMIZERS = tuple(ROSTER)
SEEDS, BUDGET = 10, 60.0
"""Runs of each optimizer, and full evaluations that each may spend."""


class _Kept:
    """Keep the records of finished runs."""

    def __init__(self) -> None:
        self.records: list[RunRecord] = []

    def finished(self, record: RunRecord) -> None:
        """Keep the record."""
        self.records.append(record)

    def partial(self, record: RunRecord) -> None:
        """Drop it: the whole run comes later."""


def regrets(
    testbed: Testbed,
    optimizers: Sequence[str] = OPTIMIZERS,
    seeds: Sequence[int] = range(SEEDS),
    budget: Budget | None = None,
) -> dict[str, float]:
    """Run optimizers on a testbed, in this process, and return how they ended.

    Args:
        testbed: With a known optimum and reference.
        optimizers: Names; those that cannot serve the testbed are left out.
        seeds: One run each.
        budget: Of every run; default 60 full evaluations.

    Returns:
        Optimizer -> mean over the seeds of the final normalised regret: 0 is the optimum, 1 the
        median of random configurations; a run that found nothing counts 1.
    """
    from threadpoolctl import threadpool_limits

    from hpobench_lab import plugins
    from hpobench_lab.engine import execute
    from hpobench_lab.factory import OptimizerBuilder
    from hpobench_lab.protocol import Protocol
    from hpobench_lab.study import OptimizerSpec, Primary, Study, TestbedSpec

    facts, problem = testbed.facts, testbed.problem
    spec = TestbedSpec(
        facts.name,
        f"curves/{facts.source}-{facts.family}",  # one name a table: modes share random numbers
        facts.version,
        facts=asdict(facts),
        requires=tuple(sorted(problem.requirements)),
        fidelity=asdict(problem.fidelities[0]),
    )
    found = [plugins.optimizer(name) for name in optimizers]
    specs = tuple(
        OptimizerSpec(p.use, p.name, p.name, p.version, {}, tuple(p.supports), tuple(p.requires))
        for p in found
    )
    rules = Protocol(budget or Budget("full_evaluations", BUDGET))
    study = Study("trust", specs, (spec,), rules, tuple(seeds), Primary(specs[0].label))
    kept = _Kept()
    with threadpool_limits(1):
        execute(study.runs(), testbed, OptimizerBuilder(), kept)
    ended: dict[str, list[float]] = {}
    for record in kept.records:
        ended.setdefault(record.header["optimizer"]["id"], []).append(_final(record, testbed))
    return {name: float(np.mean(ended[name])) for name in optimizers if name in ended}


def _final(record: RunRecord, testbed: Testbed) -> float:
    """Return the normalised regret of the last incumbent."""
    optimum, reference = testbed.facts.optimum, testbed.facts.reference
    assert optimum is not None
    assert reference is not None
    score = record.columns["score"]
    known = score[np.isfinite(score)]
    if record.header["status"] != "ok" or not len(known):
        return 1.0
    return float((known[-1] - optimum) / max(reference - optimum, 1e-12))


def trust(
    folder: Path, *, seeds: int = SEEDS, budget: float = BUDGET, optimizers: Any = OPTIMIZERS
) -> dict[str, Any] | None:
    """Return how alike the table and its surrogates rank optimizers.

    Args:
        folder: Of a table.
        seeds: Runs of each optimizer and mode.
        budget: Full evaluations of a run.
        optimizers: Their names.

    Returns:
        ``kendall_tau``: tau-b of the optimizers' mean final regrets between ``table``, ``again``
        (the table with other seeds), ``xgboost`` and ``mlp``, by ``"a/b"``; ``decided``: of the
        ``pairs`` of optimizers that differ on both by more than the surrogate's error near the
        optimum, those that ``agree``; ``mean_regret``: mode -> optimizer -> regret; and how it was
        measured. None for a table without surrogates.

    Raises:
        DataError: If a file of the table is missing or damaged.

    References:
        Kendall (1945), The treatment of ties in ranking problems, Biometrika 33.
    """
    from hpobench_lab.testbeds.curves.opening import open_table
    from hpobench_lab.testbeds.curves.storage.folder import read_header

    if not read_header(folder).get("surrogate"):
        return None
    begun, rules = time.process_time(), Budget("full_evaluations", budget)
    errors: dict[str, float] = {}
    ways: dict[str, tuple[dict[str, Any], range]] = {
        "table": ({"mode": "table"}, range(seeds)),
        "again": ({"mode": "table"}, range(seeds, 2 * seeds)),
        "xgboost": ({}, range(seeds)),
        "mlp": ({"surrogate": "mlp"}, range(seeds)),
    }
    found = {}
    for way, (how, numbers) in ways.items():
        testbed = open_table(folder, **how)
        errors[way] = _normalised_error(testbed)
        found[way] = regrets(testbed, optimizers, numbers, rules)
    return {
        "kendall_tau": {f"{a}/{b}": _tau(found[a], found[b]) for a, b in combinations(ways, 2)},
        "decided": {
            f"table/{way}": _decided(found["table"], found[way], errors[way])
            for way in ("xgboost", "mlp")
        },
        "mean_regret": {
            way: {name: round(value, 5) for name, value in each.items()}
            for way, each in found.items()
        },
        "seeds": seeds,
        "full_evaluations": budget,
        "origin": "tau-b of the optimizers' mean final normalised regrets; again: the table with "
        "other seeds, the most that a surrogate can reach",
        "cpu_s": round(time.process_time() - begun, 1),
    }


def _normalised_error(testbed: Testbed) -> float:
    """Return the error near the optimum in units of the normalised regret; 0 for a table."""
    optimum, reference = testbed.facts.optimum or 0.0, testbed.facts.reference or 0.0
    error = testbed.facts.quality.get("mae_near_optimum", 0.0)
    return error / max(reference - optimum, 1e-12)


def _decided(a: dict[str, float], b: dict[str, float], error: float) -> dict[str, int]:
    """Return how many pairs differ on both by more than ``error``, and how many of them agree."""
    differences = [(a[i] - a[j], b[i] - b[j]) for i, j in combinations(a, 2) if i in b and j in b]
    sure = [(p, q) for p, q in differences if min(abs(p), abs(q)) > error]
    return {"pairs": len(sure), "agree": sum((p > 0) == (q > 0) for p, q in sure)}


def _tau(a: dict[str, float], b: dict[str, float]) -> float:
    """Return tau-b over the optimizers in both; 0 where one ranking is all ties."""
    from scipy.stats import kendalltau

    names = [name for name in a if name in b]
    tau = kendalltau([a[n] for n in names], [b[n] for n in names]).statistic
    return round(float(tau), 4) if np.isfinite(tau) else 0.0


def main(folders: Sequence[str]) -> None:
    """Print what ``trust`` finds, one JSON object a folder."""
    for folder in folders:
        sys.stdout.write(json.dumps({folder: trust(Path(folder))}, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
