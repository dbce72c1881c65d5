"""Random search with the median stopping rule: stop what is worse than half of the others were.

A trial is stopped at step s if its best loss up to s is strictly worse than the median, over all
completed trials, of the running average of their losses up to s.

References:
    Golovin, Solnik, Moitra, Kochanski, Karro, Sculley (2017), "Google Vizier: A service for
    black-box optimization", KDD, https://doi.org/10.1145/3097983.3098043 (section 3.2.2)

Differences:
    The paper stops trials of any optimizer; here they are random, which makes a control of it. A
    trial is completed when it was evaluated in full; those that were stopped do not count, which
    is the stricter reading of the paper and the stronger control (benchmarks/median_stopping.py).
    A trial that did not end ok is given up; one that breaks an outcome constraint reports an
    infinite loss. The paper names no number of completed trials before the rule applies; ours, 5,
    is the default of Syne Tune and of Optuna. Steps are equal where training continues. Where
    every step is paid from scratch, each is three times the one before, so that all steps of a
    trial cost at most half as much again as its last. Without a fidelity there is one step, which
    makes this random search.
"""

from __future__ import annotations

import math
from bisect import insort

import numpy as np

from hpobench_lab.optimizers.model_free.random_search import RandomSearch
from hpobench_lab.optimizers.multifidelity.rungs import rungs
from hpobench_lab.optimizers.ranking import rank
from hpobench_lab.problem import Problem
from hpobench_lab.trial import Evaluation, Trial

__all__ = ["MedianStopping", "reports"]


def reports(problem: Problem, steps: int) -> list[float | None]:
    """Return the fidelities at which a trial reports; the last one is the full fidelity.

    Raises:
        ValueError: If there is not a step.

    >>> from hpobench_lab.parameters import Float
    >>> from hpobench_lab.problem import Fidelity
    >>> from hpobench_lab.space import Space
    >>> space, epochs = Space({"lr": Float(0, 1)}), (Fidelity("epochs", 1, 50),)
    >>> reports(Problem(space, fidelities=epochs, continuation="same"), 5)
    [10.0, 20.0, 30.0, 40.0, 50.0]
    >>> [round(level, 2) for level in reports(Problem(space, fidelities=epochs), 5)]
    [1.85, 5.56, 16.67, 50.0]
    """
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")
    fidelity = problem.fidelity
    if fidelity is None or problem.continuation == "none":
        return rungs(fidelity, 3)[-steps:]
    levels: list[float | None] = [fidelity.max]
    below = (fidelity.max * i / steps for i in range(1, steps))
    return [level for level in below if level >= fidelity.min] + levels


class MedianStopping:
    """Evaluate random configurations step by step; stop those worse than the median so far.

    Args:
        problem: What is known of the task.
        rng: The source of all randomness.
        steps: Reports of a trial that is not stopped, the last at full fidelity. Ours.
        grace: The first report at which a trial may be stopped, from 1.
        min_trials: Completed trials before the rule applies.

    A trial that goes on comes before a new one, so that with W workers W trials are on their way.
    Each step names the one that it continues as ``parent``.
    """

    supports = frozenset(
        "float int categorical conditional constraints fidelity continue parallel".split()
    )
    requires = frozenset({"fidelity"})
    version = "1"

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        *,
        steps: int = 10,
        grace: int = 1,
        min_trials: int = 5,
    ) -> None:
        if min(grace, min_trials) < 1:
            raise ValueError(f"grace and min_trials must be at least 1, got {grace}, {min_trials}")
        self._levels = reports(problem, steps)
        self._grace, self._min_trials = grace, min_trials
        self._random = RandomSearch(problem, rng)
        self._averages: list[list[float]] = [[] for _ in self._levels]
        self._going: list[_Curve] = []
        self._running: list[_Curve] = []

    def ask(self) -> Trial:
        """Return the next step of the trial that waits longest, else a new configuration."""
        curve = self._going.pop(0) if self._going else _Curve(self._random.ask())
        level = self._levels[len(curve.losses)]
        if curve.losses:
            curve.trial = Trial(x=curve.trial.x, fidelity=level, parent=curve.trial.id)
        else:
            curve.trial.fidelity = level
        self._running.append(curve)
        return curve.trial

    def tell(self, evaluation: Evaluation) -> None:
        """Let the trial go on, complete it, stop it, or give it up."""
        for i, curve in enumerate(self._running):
            if curve.trial.id == evaluation.id:
                del self._running[i]
                if evaluation.ok:
                    violation, loss, _ = rank(evaluation)
                    curve.losses.append(math.inf if violation else loss)
                    self._decide(curve)
                break

    def _decide(self, curve: _Curve) -> None:
        """Apply the rule (section 3.2.2); equal to the median is no reason to stop."""
        s = len(curve.losses)
        if s == len(self._levels):
            for past, average in zip(self._averages, curve.averages(), strict=True):
                insort(past, average)
        elif s < self._grace or min(curve.losses) <= self._bar(s):
            self._going.append(curve)

    def _bar(self, s: int) -> float:
        """Return the median at step s; infinite while too few trials are completed."""
        past = self._averages[s - 1]
        n = len(past)
        if n < self._min_trials:
            return math.inf
        return (past[(n - 1) // 2] + past[n // 2]) / 2


class _Curve:
    """Hold the last step of a trial and the losses of all its steps."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.losses: list[float] = []

    def averages(self) -> list[float]:
        """Return the running average after each step."""
        total = np.cumsum(np.array(self.losses))
        return list((total / np.arange(1, len(total) + 1)).tolist())
