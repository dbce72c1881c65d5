"""Our TPE against Optuna's: final regret and CPU milliseconds of ask + tell, by turns.

    python benchmarks/tpe.py [SEEDS] [EVALUATIONS]

Both get the same testbeds, budget and seeds, one evaluation at a time, defaults everywhere
(Optuna 5: multivariate, constant liar). The ratio in the last column is ours / Optuna's, median
over seeds of the paired ratio of final regrets; below 1 is better for ours. The bandwidth floor of
ours was chosen on Branin, Hartmann 6 and Ackley 10, so these are development functions; Levy 5,
Rosenbrock 5 and kernel-choice were not used for it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import optuna

from hpobench_lab.engine.log import Log
from hpobench_lab.optimizers.bayesian.tpe import TPE
from hpobench_lab.parameters import Categorical, Float, Int
from hpobench_lab.testbed import Testbed
from hpobench_lab.testbeds.synthetic.ackley import ackley10
from hpobench_lab.testbeds.synthetic.branin import branin
from hpobench_lab.testbeds.synthetic.hartmann6 import hartmann6
from hpobench_lab.testbeds.synthetic.kernel_choice import kernel_choice
from hpobench_lab.testbeds.synthetic.levy import levy5
from hpobench_lab.testbeds.synthetic.rosenbrock import rosenbrock5
from hpobench_lab.trial import Evaluation, Trials

Result = tuple[float, list[float]]
"""Final regret, and CPU seconds of each ask + tell."""


def ours(bed: Testbed, seed: int, n: int) -> Result:
    """Run our TPE."""
    space, log = bed.problem.space, Log(bed.problem, n)
    optimizer = TPE(bed.problem, np.random.default_rng(seed))
    spent = []
    for id in range(n):
        began = time.process_time()
        trial = optimizer.ask()
        asked = time.process_time() - began
        trial.id, log.asked = id, id + 1
        log.values[id] = space.decode(np.asarray(trial.x)[None])[0]
        log.x[id] = space.encode(log.values[id : id + 1])[0]
        log.losses[id], log.status[id] = _loss(bed, log.values[id : id + 1]), 0
        began = time.process_time()
        optimizer.tell(Evaluation(log, id))
        spent.append(asked + time.process_time() - began)
    return float(log.losses[:n].min()) - _optimum(bed), spent


def theirs(bed: Testbed, seed: int, n: int) -> Result:
    """Run Optuna's TPE through its ask-and-tell interface."""
    space, spent, best = bed.problem.space, [], np.inf
    began = time.process_time()
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    for _ in range(n):
        trial = study.ask()
        config: dict[str, Any] = {}
        for name in space.names:
            when = space[name].when
            if all(config.get(p) in np.atleast_1d(v) for p, v in when.items()):
                config[name] = _suggest(trial, name, space[name])
        asked = time.process_time() - began
        loss = _loss(bed, space.values([config]))
        best = min(best, loss)
        began = time.process_time()
        study.tell(trial, loss)
        spent.append(asked + time.process_time() - began)
        began = time.process_time()
    return best - _optimum(bed), spent


def _suggest(trial: Any, name: str, parameter: Any) -> Any:
    if isinstance(parameter, Float):
        return trial.suggest_float(name, parameter.low, parameter.high, log=parameter.log)
    if isinstance(parameter, Int):
        return trial.suggest_int(name, parameter.low, parameter.high, log=parameter.log)
    if isinstance(parameter, Categorical):
        return trial.suggest_categorical(name, parameter.choices)
    return parameter.choices[trial.suggest_int(name, 0, len(parameter.choices) - 1)]


def _loss(bed: Testbed, values: Any) -> float:
    return float(bed.evaluate(Trials.full(bed.problem.space, values)).losses[0, 0])


def _optimum(bed: Testbed) -> float:
    assert bed.facts.optimum is not None
    return bed.facts.optimum


def _ms(runs: list[Result], n: int, at: int) -> float:
    near = slice(max(0, min(at, n) - 5), min(at, n))
    return 1e3 * float(np.median([spent[near] for _, spent in runs]))


def main(seeds: int = 10, n: int = 100) -> None:
    """Print one line a testbed."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    makers: list[Callable[[], Testbed]] = [
        branin,
        hartmann6,
        ackley10,
        levy5,
        rosenbrock5,
        kernel_choice,
    ]
    print(f"{n} evaluations, {seeds} seeds; median final regret; ms at n = 20 / 50 / {n}")
    print(f"{'testbed':24} {'ours':>9} {'optuna':>9} {'wins':>6}  ratio  ms ours · optuna")
    for make in makers:
        bed = make()
        pairs = [(ours(bed, s, n), theirs(bed, s, n)) for s in range(seeds)]
        mine, other = [a for a, _ in pairs], [b for _, b in pairs]
        a, b = np.array([r for r, _ in mine]), np.array([r for r, _ in other])
        cost = " · ".join(
            " / ".join(f"{_ms(runs, n, at):.1f}" for at in (20, 50, n)) for runs in (mine, other)
        )
        print(
            f"{bed.facts.name:24} {np.median(a):9.3g} {np.median(b):9.3g} "
            f"{int((a < b).sum()):3}/{seeds:<3} {np.median(a / b):5.2f}  {cost}",
            flush=True,
        )


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
