"""Random search with median stopping: ours, Optuna's rule and no rule, at the same budget.

    python benchmarks/median_stopping.py [SEEDS] [FULL_EVALUATIONS]

All get the same configurations in the same order, ten equal steps a trial, one trial at a time,
and pay for the epochs that they train. The regret is that of the configuration with the smallest
loss seen at any step, read at full fidelity. Optuna's rule compares with the median of the others'
losses AT the step; the paper's, and ours, with the median of their running averages UP TO it.
An average over a falling curve lies above its last value, so the paper's rule stops a little less.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna

from hpobench_lab import plugins
from hpobench_lab.engine.log import Log
from hpobench_lab.optimizers.model_free.random_search import RandomSearch
from hpobench_lab.optimizers.multifidelity.median_stopping import MedianStopping, reports
from hpobench_lab.testbed import Testbed
from hpobench_lab.trial import Evaluation, Status, Trials

BEDS = "curves/digits-mlp curves/digits-xgb curves/breast-cancer-mlp curves/breast-cancer-xgb"
STEPS = 10


@dataclass
class Tally:
    """Hold what a run has spent and found."""

    bed: Testbed
    left: float
    configurations: int = 0
    best: tuple[float, Any] = (np.inf, None)

    def evaluate(self, values: Any, level: float, below: float) -> float | None:
        """Return the loss; None when the step does not fit into the budget."""
        if level - below > self.left:
            return None
        self.left -= level - below
        self.configurations += below == 0.0
        outcome = self.bed.evaluate(_row(self.bed, values, level))
        loss = float(outcome.losses[0, 0]) if outcome.status[0] == Status.ok else np.inf
        self.best = min(self.best, (loss, values), key=lambda found: found[0])
        return loss

    @property
    def regret(self) -> float:
        """Return the normalised regret of the best configuration at full fidelity."""
        facts, fidelity = self.bed.facts, self.bed.problem.fidelity
        assert fidelity is not None
        assert facts.optimum is not None
        assert facts.reference is not None
        score = self.bed.score(_row(self.bed, self.best[1], fidelity.max))
        return (float(score[0, 0]) - facts.optimum) / (facts.reference - facts.optimum)


def _row(bed: Testbed, values: Any, level: float) -> Trials:
    return Trials.full(bed.problem.space, values, [level])


def ours(tally: Tally, seed: int) -> None:
    """Spend the budget with our optimizer."""
    problem = tally.bed.problem
    log = Log(problem, 100_000)
    optimizer = MedianStopping(problem, np.random.default_rng(seed), steps=STEPS)
    levels: list[float] = []
    for id in range(100_000):
        trial = optimizer.ask()
        trial.id, log.asked = id, id + 1
        assert isinstance(trial.fidelity, float)
        level = trial.fidelity
        values = problem.space.decode(np.asarray(trial.x)[None])
        below = 0.0 if trial.parent is None else levels[trial.parent]
        levels.append(level)
        loss = tally.evaluate(values, level, below)
        if loss is None:
            return
        log.losses[id], log.status[id] = loss, Status.ok if loss < np.inf else Status.diverged
        optimizer.tell(Evaluation(log, id))


def theirs(tally: Tally, seed: int, pruner: Any) -> None:
    """Spend the budget with a pruner of Optuna on the configurations of our random search."""
    problem = tally.bed.problem
    search = RandomSearch(problem, np.random.default_rng(seed))
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0), pruner=pruner)
    levels = reports(problem, STEPS)
    while True:
        trial, below = study.ask(), 0.0
        values = problem.space.decode(np.asarray(search.ask().x)[None])
        for s, level in enumerate(levels):
            assert level is not None
            loss = tally.evaluate(values, level, below)
            if loss is None:
                return
            trial.report(loss, s)
            below = level
            if loss == np.inf:
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
                break
            if trial.should_prune():
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                break
        else:
            study.tell(trial, loss)


WAYS: dict[str, Callable[[Tally, int], None]] = {
    "random": lambda tally, seed: theirs(tally, seed, optuna.pruners.NopPruner()),
    "ours": ours,
    "optuna": lambda tally, seed: theirs(tally, seed, optuna.pruners.MedianPruner()),
}


def main(seeds: int = 30, full: float = 60.0) -> None:
    """Print one line a testbed."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    print(f"{full:g} full evaluations, {seeds} seeds: median normalised regret, configurations")
    print(f"{'testbed':26}" + "".join(f"{name:>18}" for name in WAYS) + "   ours / optuna")
    for name in BEDS.split():
        bed, cells, regrets = plugins.testbed(name), [], {}
        assert bed.problem.fidelity is not None
        amount = full * bed.problem.fidelity.max
        for way, spend in WAYS.items():
            tallies = [Tally(bed, amount) for _ in range(seeds)]
            for seed, tally in enumerate(tallies):
                spend(tally, seed)
            regrets[way] = np.array([tally.regret for tally in tallies])
            tried = np.median([tally.configurations for tally in tallies])
            cells.append(f"{np.median(regrets[way]):10.3g} · {tried:5.0f}")
        ratio = np.median(regrets["ours"] / regrets["optuna"])
        print(f"{name:26}" + "".join(f"{c:>18}" for c in cells) + f"{ratio:12.2f}", flush=True)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
