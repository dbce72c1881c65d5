"""Measure loading, analysis and report at full size: ``python benchmarks/analysis.py [FOLDER]``.

Ten optimizers x fifty testbeds x twenty seeds, 200 evaluations each, written through the real
engine and store (kept in FOLDER when one is named). Loading and analysis, and then the report, run
in a process of their own, on two cores, for their peak memory. Statistics are compared with their
peers in turns in this process. Exits with 1 when a demand is missed.
"""

from __future__ import annotations

import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

os.environ |= {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}

import numpy as np

import hpobench_lab as hb
from hpobench_lab.analysis import analyse
from hpobench_lab.analysis.inference.bayes import bayesian_signed_rank
from hpobench_lab.analysis.inference.intervals import iqm_interval
from hpobench_lab.analysis.inference.stability import rank_stability
from hpobench_lab.analysis.measures.profiles import performance_profile
from hpobench_lab.engine import execute
from hpobench_lab.problem import Budget
from hpobench_lab.protocol import Protocol
from hpobench_lab.results import load
from hpobench_lab.store import Store
from hpobench_lab.study import CarbonSettings, OptimizerSpec, Primary, Study, TestbedSpec
from hpobench_lab.testbed import Facts

OPTIMIZERS, TESTBEDS, SEEDS, EVALUATIONS, DIMENSIONS = 10, 50, 20, 200, 4
DEMANDS = {"load and analyse": 30.0, "report": 60.0}
GIB = 2**30
ROUNDS = 3


class Valley:
    """Hide a narrow valley with ripples somewhere in the unit cube."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.problem = hb.Problem(hb.Space({f"x{j}": hb.Float(0, 1) for j in range(DIMENSIONS)}))
        self.best = rng.uniform(0.2, 0.8, DIMENSIONS)
        self.steep = 10.0 ** rng.uniform(0, 2, DIMENSIONS)
        name = f"bench/valley{seed:02d}"
        reference = float(np.median(self.loss(rng.random((4096, DIMENSIONS)))))
        self.facts = Facts(
            name,
            source=name,
            family=f"steepness {seed % 5}",
            kind="function",
            optimum=0.0,
            optimum_origin="exact",
            reference=reference,
            reference_origin="median of 4096 random evaluations",
        )

    def loss(self, x: Any) -> Any:
        """Return the losses of rows, shape (n,)."""
        gap = x - self.best
        return (self.steep * gap**2 + 0.1 * (1 - np.cos(20 * gap))).sum(axis=1)

    def evaluate(self, trials: Any) -> Any:
        """Return the losses of a batch."""
        return hb.Outcomes.of(self.loss(trials.values))

    def score(self, trials: Any) -> Any:
        """Return the same; nothing is noisy."""
        return self.loss(trials.values)[:, None]


class Walk:
    """Step from the best point so far, or anywhere when the step is infinite."""

    def __init__(self, problem: Any, rng: np.random.Generator, step: float) -> None:
        self.far = math.isinf(step)
        n = (EVALUATIONS, problem.space.dimension)
        self.moves = rng.random(n) if self.far else step * rng.normal(size=n)
        self.best, self.x, self.asked = math.inf, rng.random(n[1]), 0

    def ask(self) -> Any:
        """Return the next point."""
        move = self.moves[self.asked]
        self.asked += 1
        return hb.Trial(x=move if self.far else np.clip(self.x + move, 0, 1))

    def tell(self, evaluation: Any) -> None:
        """Keep the best."""
        if evaluation.loss < self.best:
            self.best, self.x = evaluation.loss, evaluation.x


def build(folder: Path) -> Path:
    """Run the study and return its results folder."""
    steps = [math.inf, *np.geomspace(0.02, 0.6, OPTIMIZERS - 1).tolist()]
    names = ["random", *(f"walk-{s:.3f}" for s in steps[1:])]
    kinds = [OptimizerSpec(n, n, n, "1", supports=("float",)) for n in names]
    beds = [Valley(i) for i in range(TESTBEDS)]
    specs = [TestbedSpec(b.facts.name, b.facts.name, "1", facts=asdict(b.facts)) for b in beds]
    rules = Protocol(Budget("evaluations", EVALUATIONS))
    seeds = tuple(range(SEEDS))
    study = Study(
        "bench", tuple(kinds), tuple(specs), rules, seeds, Primary("random"), CarbonSettings(False)
    )
    step = dict(zip(names, steps, strict=True))
    store = Store.create_or_open(folder, study)
    with store.writer() as writer:
        for bed, spec in zip(beds, specs, strict=True):
            runs = [run for run in study.runs() if run.testbed is spec]
            execute(runs, bed, lambda r, p, rng: Walk(p, rng, step[r.optimizer.label]), writer)
    return Path(store.folder)


def measured(folder: Path, report: bool) -> dict[str, float]:
    """Return wall seconds and peak memory of this process; runs in a process of its own."""
    start = time.perf_counter()
    found: dict[str, float] = {}
    if report:
        from hpobench_lab.report import write_report

        with tempfile.TemporaryDirectory() as out:
            found["page"] = write_report(load(folder), Path(out)).html.stat().st_size
    else:
        results = load(folder)
        found["load"] = time.perf_counter() - start
        analyse(results)
    found["seconds"] = time.perf_counter() - start
    found["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return found


def at_full_size(folder: Path) -> bool:
    """Print what loading, analysis and report take; return whether the demands are met."""
    met = True
    for name, limit in DEMANDS.items():
        command = [sys.executable, __file__, "--measure", name, str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found = json.loads(done.stdout.splitlines()[-1])
        ok = found["seconds"] < limit and found["peak"] < 2 * GIB
        met &= ok
        more = f", loading {found['load']:.1f} s of it" if "load" in found else ""
        more += f", page {found['page'] / 1e6:.1f} MB" if "page" in found else ""
        print(
            f"{name}: {found['seconds']:.1f} s (< {limit:g}), peak {found['peak'] / GIB:.2f} GiB "
            f"(< 2){more}: {'ok' if ok else 'MISSED'}",
            flush=True,
        )
    return met


def in_turns(*works: Callable[[], Any]) -> list[float]:
    """Return the median CPU seconds of each, measured in turns after one warm-up."""
    for work in works:
        work()
    rounds = []
    for _ in range(ROUNDS):
        row = []
        for work in works:
            before = time.process_time()
            work()
            row.append(time.process_time() - before)
        rounds.append(row)
    return [float(x) for x in np.median(rounds, axis=0)]


def loop_intervals(scores: dict[str, Any], statistic: Callable[[Any], Any], draws: int) -> Any:
    """Bootstrap as rliable does: by algorithm and draw, runs resampled within each task."""
    rng, out = np.random.default_rng(0), {}
    for name, runs in scores.items():
        n, tasks = runs.shape
        drawn = [
            statistic(runs[rng.integers(0, n, (n, tasks)), np.arange(tasks)]) for _ in range(draws)
        ]
        out[name] = np.quantile(drawn, [0.025, 0.975], axis=0)
    return out


def beside_peers() -> bool:
    """Print how many times faster than their peers the statistics are, and whether 10 is met."""
    from scipy.stats import trim_mean

    rng = np.random.default_rng(0)
    shape = OPTIMIZERS, TESTBEDS, SEEDS
    regret = rng.lognormal(-2, 1, shape) * rng.lognormal(0, 1, (1, TESTBEDS, 1))
    runs = {f"o{i}": regret[i].T for i in range(OPTIMIZERS)}
    at, source, scores = np.geomspace(1e-3, 1, 51), np.arange(TESTBEDS), np.median(regret, axis=2)
    labels = [str(i) for i in range(OPTIMIZERS)]
    beds = [str(i) for i in source]

    def iqm_of(x: Any) -> Any:
        return trim_mean(x, 0.25, axis=None)

    def profile_of(x: Any) -> Any:
        return [np.mean(x <= tau) for tau in at]

    def places() -> Any:
        fresh = np.random.default_rng(0)
        for _ in range(2000):
            pick = scores[:, fresh.integers(0, TESTBEDS, TESTBEDS)]
            np.argsort([trim_mean(row, 0.25) for row in pick])

    def autorank_bayes() -> Any:
        import baycomp

        return baycomp.SignedRankTest.sample(scores[0, :20], scores[1, :20], 0.01, nsamples=50_000)

    works: dict[str, tuple[Callable[[], Any], Callable[[], Any], str]] = {
        "intervals of ten interquartile means": (
            lambda: iqm_interval(scores),
            lambda: loop_intervals(runs, iqm_of, 2000),
            "rliable's loop of 2,000 draws",
        ),
        "bands of ten performance profiles, 2,000 draws": (
            lambda: performance_profile(regret, source, at, draws=2000),
            lambda: loop_intervals(runs, profile_of, 2000),
            "rliable's loop",
        ),
        "places in 2,000 bootstrap studies": (
            lambda: rank_stability(scores, labels, beds, draws=2000),
            places,
            "a loop of scipy's trim_mean",
        ),
        "Bayesian signed-rank, 50,000 draws": (
            lambda: bayesian_signed_rank(scores[0, :20] - scores[1, :20], 0.01, draws=50_000),
            autorank_bayes,
            "baycomp, which autorank calls",
        ),
    }
    met = True
    for name, (ours, theirs, who) in works.items():
        try:
            mine, other = in_turns(ours, theirs)
        except ImportError as missing:
            print(f"{name}: skipped, {missing}")
            continue
        ok = other / mine >= 10
        met &= ok
        print(
            f"{name}: {1e3 * mine:.1f} ms, {other / mine:.0f} times {who} (>= 10): "
            f"{'ok' if ok else 'MISSED'}",
            flush=True,
        )
    return met


def main() -> int:
    """Run all, or one measurement for ``at_full_size``."""
    if "--measure" in sys.argv:
        print(json.dumps(measured(Path(sys.argv[-1]), sys.argv[-2] == "report")))
        return 0
    if len(sys.argv) > 1 and (found := sorted(Path(sys.argv[1]).glob("bench-*"))):
        met = at_full_size(found[0])
    else:
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            made = build(Path(sys.argv[1] if len(sys.argv) > 1 else folder))
            n = OPTIMIZERS * TESTBEDS * SEEDS
            took = time.perf_counter() - start
            print(f"{n:,} runs x {EVALUATIONS} evaluations written in {took:.0f} s", flush=True)
            met = at_full_size(made)
    return 0 if beside_peers() & met else 1


if __name__ == "__main__":
    raise SystemExit(main())
