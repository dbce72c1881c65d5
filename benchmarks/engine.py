"""Measure the harness itself: ``python benchmarks/engine.py``.

Every figure is a ratio of two things measured in turns in this one process (except the start-up
of the command line, which is a process of its own), in CPU seconds. Nothing here is a promise
about another machine.
"""

from __future__ import annotations

import gc
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
from hpobench_lab import plugins
from hpobench_lab.engine import execute
from hpobench_lab.factory import OptimizerBuilder
from hpobench_lab.problem import Budget
from hpobench_lab.protocol import Protocol
from hpobench_lab.store import Store
from hpobench_lab.study import CarbonSettings, OptimizerSpec, Primary, Run, Study, TestbedSpec
from hpobench_lab.testbed import Facts

RUNS, EVALUATIONS, ROUNDS = 30, 1_000, 5
RANDOM = OptimizerSpec("random", "random", "random", "1", supports=("float",))


class Nowhere:
    """Take records and keep nothing."""

    def finished(self, record: Any) -> None:
        """Drop the record."""

    def partial(self, record: Any) -> None:
        """Drop the record."""


def cpu_s(work: Callable[[], Any]) -> float:
    """Return the CPU seconds of one call."""
    gc.collect()
    before = time.process_time()
    work()
    return time.process_time() - before


def in_turns(**works: Callable[[], Any]) -> dict[str, float]:
    """Return the median CPU seconds of each, measured in turns after one warm-up."""
    for work in works.values():
        work()
    rounds = [{name: cpu_s(work) for name, work in works.items()} for _ in range(ROUNDS)]
    return {name: float(np.median([r[name] for r in rounds])) for name in works}


def study_of(testbed: Any, runs: int, evaluations: int) -> Study:
    """Return a study of random search on one live testbed."""
    spec = TestbedSpec(testbed.facts.name, testbed.facts.name, "1", facts=asdict(testbed.facts))
    return Study(
        "bench",
        (RANDOM,),
        (spec,),
        Protocol(Budget("evaluations", evaluations)),
        tuple(range(runs)),
        Primary("random"),
        CarbonSettings(False),
    )


def whole_stack(testbed: Any, runs: int, evaluations: int) -> None:
    """Run random search through engine and durable store."""
    study = study_of(testbed, runs, evaluations)
    with tempfile.TemporaryDirectory() as folder:
        store = Store.create_or_open(Path(folder), study)
        with store.writer() as writer:
            execute(study.runs(), testbed, OptimizerBuilder(), writer)


def bare_loop(evaluations: int) -> float:
    """Minimise scalar Branin by random search, as few lines as Python takes."""
    uniform, best = __import__("random").Random(0).random, math.inf
    for _ in range(evaluations):
        x, y = 15 * uniform() - 5, 15 * uniform()
        a = y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6
        loss = a * a + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10
        if loss < best:
            best = loss
    return best


def optuna_random(evaluations: int) -> None:
    """Do the same with Optuna's RandomSampler and its in-memory storage."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(evaluations):
        trial = study.ask()
        x, y = trial.suggest_float("x", -5, 10), trial.suggest_float("y", 0, 15)
        study.tell(trial, (y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6) ** 2)


def throughput() -> None:
    """Print the rate of the whole stack beside a bare loop and Optuna."""
    branin, n = plugins.testbed("synthetic/branin"), RUNS * EVALUATIONS
    works = {
        "ours": lambda: whole_stack(branin, RUNS, EVALUATIONS),
        "bare": lambda: bare_loop(n),
    }
    try:
        import optuna  # noqa: F401

        works["optuna"] = lambda: optuna_random(n // 20)
    except ImportError:
        print("  (Optuna is not installed: pip install 'hpobench_lab[peers]')")
    seconds = in_turns(**works)
    ours, bare = n / seconds["ours"], n / seconds["bare"]
    print(f"random search on Branin, {RUNS} runs x {EVALUATIONS}, engine and durable store:")
    print(f"  {ours:>11,.0f} evaluations per CPU second")
    print(f"  {bare:>11,.0f} in a bare loop of scalar Branin    ratio {ours / bare:.3f} (>= 0.1)")
    if "optuna" in seconds:
        peer = n / 20 / seconds["optuna"]
        print(f"  {peer:>11,.0f} with Optuna's RandomSampler        ratio {ours / peer:.1f}")


def memory() -> None:
    """Print by how many bytes an evaluation raises the peak memory."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import engine, resource;"
        "bed = engine.plugins.testbed('synthetic/branin');"
        "engine.whole_stack(bed, 30, 200);"
        "engine.whole_stack(bed, 30, int(sys.argv[2]));"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)"
    )
    here = str(Path(__file__).parent)
    peak = {}
    for n in (2_000, 20_000):
        command = [sys.executable, "-c", program, here, str(n)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peak[n] = int(done.stdout)
    grown = (peak[20_000] - peak[2_000]) / (30 * 18_000)
    print(f"peak memory grows by {grown:.0f} bytes per evaluation (< 200)")


class Boosted:
    """Answer with an XGBoost model through ``Booster.inplace_predict``, one thread."""

    def __init__(self) -> None:
        import xgboost

        rng = np.random.default_rng(0)
        x = rng.random((4_000, 20)).astype(np.float32)
        data = xgboost.DMatrix(x, ((x - 0.4) ** 2).sum(axis=1))
        settings = {"max_depth": 8, "eta": 0.05, "nthread": 1, "tree_method": "hist"}
        self.model = xgboost.train(settings, data, 500)
        space = hb.Space({f"x{i}": hb.Float(0, 1) for i in range(20)})
        self.problem = hb.Problem(space)
        self.facts = Facts("boosted", source="boosted", family="boosted", kind="surrogate")

    def evaluate(self, trials: Any) -> Any:
        """Return the model's predictions."""
        return hb.Outcomes.of(self.model.inplace_predict(trials.x.astype(np.float32)))

    def score(self, trials: Any) -> Any:
        """Return the same; the model has no noise."""
        return self.evaluate(trials).losses


class OneByOne:
    """Ask for one trial at a time, as a model-based optimizer does."""

    def __init__(self, problem: Any, rng: np.random.Generator) -> None:
        self.problem, self.rng = problem, rng

    def ask(self) -> Any:
        """Return a random row."""
        return hb.Trial(x=self.rng.random(self.problem.space.dimension))

    def tell(self, evaluation: Any) -> None:
        """Learn nothing."""


def lock_step() -> None:
    """Print what asking a surrogate for 30 rows at once gains over one at a time."""
    try:
        boosted = Boosted()
    except ImportError:
        print("lock-step: skipped, pip install 'hpobench_lab[surrogates]'")
        return
    backends = {"Booster.inplace_predict": boosted}
    names = plugins.testbed_names("curves/*")
    if names:
        backends[f"{names[0]} (flat trees in NumPy)"] = plugins.testbed(names[0])
    for name, bed in backends.items():
        runs, n = study_of(bed, RUNS, 60).runs(), 60

        def together(runs: list[Run] = runs, bed: Any = bed) -> None:
            execute(runs, bed, lambda run, problem, rng: OneByOne(problem, rng), Nowhere())

        def alone(runs: list[Run] = runs, bed: Any = bed) -> None:
            execute(runs[:1], bed, lambda run, problem, rng: OneByOne(problem, rng), Nowhere())

        seconds = in_turns(together=together, alone=alone)
        rate = RUNS * n / seconds["together"], n / seconds["alone"]
        print(
            f"lock-step on {name}: {rate[0]:,.0f} evaluations/s for {RUNS} runs together, "
            f"{rate[1]:,.0f} for one alone: ratio {rate[0] / rate[1]:.1f}"
        )


def decoding() -> None:
    """Print the time of decoding a large mixed space beside that of drawing its unit rows."""
    kinds: list[Any] = [
        hb.Float(0, 1), hb.Float(1e-6, 1, log=True), hb.Int(0, 9), hb.Int(1, 999, log=True),
        hb.Categorical(("a", "b", "c")), hb.Ordinal((1, 2, 4)), hb.Float(-5, 5),
    ]  # fmt: skip
    named = {f"p{i}": kind for i, kind in enumerate(kinds)}
    named |= {f"q{i}": hb.Float(0, 1, when={"p4": "a"}) for i in range(3)}
    space, rng = hb.Space(named), np.random.default_rng(0)
    x = rng.random((100_000, 10))
    seconds = in_turns(decode=lambda: space.decode(x), draw=lambda: rng.random((100_000, 10)))
    print(
        f"decoding 100,000 rows of 10 mixed parameters: {seconds['decode']:.3f} CPU s, "
        f"{seconds['decode'] / seconds['draw']:.0f} times drawing them"
    )


def start_up() -> None:
    """Print how long the command line takes to say anything, beside a bare interpreter."""
    commands = {
        "bare": [sys.executable, "-c", "pass"],
        "--help": [sys.executable, "-m", "hpobench_lab", "--help"],
        "list": [sys.executable, "-m", "hpobench_lab", "list", "optimizers"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(2 * ROUNDS):
        for name, command in commands.items():
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(command, capture_output=True, check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            seconds[name].append(used)
    bare = float(np.median(seconds.pop("bare")))
    for name, times in seconds.items():
        print(f"hpobench-lab {name}: {np.median(times) / bare:.1f} times a bare interpreter (< 15)")


if __name__ == "__main__":
    throughput()
    memory()
    lock_step()
    decoding()
    start_up()
