"""Asynchronous successive halving: promote whenever a configuration is in the top 1/eta so far.

References:
    Li, Jamieson, Rostamizadeh, Gonina, Ben-tzur, Hardt, Recht, Talwalkar (2020), "A system for
    massively parallel hyperparameter tuning", MLSys, https://arxiv.org/abs/1810.05934
    (algorithm 2, with the early-stopping rate s = 0)

Differences:
    Rungs count down from the full fidelity, so that the last one is the full fidelity. Of several
    configurations that may be promoted the best goes first. One that did not end ok takes its
    place in the ranking and is never promoted. Without a fidelity there is one rung, which makes
    this random search at full cost.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort

import numpy as np

from hpobench_lab.optimizers.model_free.random_search import RandomSearch
from hpobench_lab.optimizers.multifidelity.rungs import rungs
from hpobench_lab.optimizers.ranking import Rank, rank
from hpobench_lab.problem import Problem
from hpobench_lab.trial import Evaluation, Trial

__all__ = ["ASHA"]


class ASHA:
    """Fill the lowest rung with random configurations and promote without ever waiting.

    Args:
        problem: What is known of the task.
        rng: The source of all randomness.
        eta: Share promoted, as 1/eta; also the ratio of neighbouring rungs.
    """

    supports = frozenset(
        "float int categorical conditional constraints fidelity continue parallel".split()
    )
    requires = frozenset({"fidelity"})
    version = "1"

    def __init__(self, problem: Problem, rng: np.random.Generator, *, eta: int = 3) -> None:
        self._levels = rungs(problem.fidelity, eta)
        self._eta = eta
        self._random = RandomSearch(problem, rng)
        self._rungs = [_Rung() for _ in self._levels]
        self._running: list[tuple[Trial, int]] = []

    def ask(self) -> Trial:
        """Return a promotion from the highest rung that has one, else a random row (get_job)."""
        for k in range(len(self._levels) - 2, -1, -1):  # (line 14)
            winner = self._rungs[k].promotable(self._eta)
            if winner is not None:
                level = self._levels[k + 1]
                return self._started(Trial(x=winner.x, fidelity=level, parent=winner.id), k + 1)
        trial = self._random.ask()  # (line 20)
        trial.fidelity = self._levels[0]
        return self._started(trial, 0)

    def tell(self, evaluation: Evaluation) -> None:
        """Record one result in its rung."""
        for i, (trial, k) in enumerate(self._running):
            if trial.id == evaluation.id:
                del self._running[i]
                self._rungs[k].add(rank(evaluation), trial)
                break

    def _started(self, trial: Trial, k: int) -> Trial:
        self._running.append((trial, k))
        return trial


class _Rung:
    """Hold what finished at one fidelity, best first, and what of it may still be promoted."""

    def __init__(self) -> None:
        self._ranked: list[Rank] = []
        self._waiting: list[Rank] = []
        self._trials: dict[int, Trial] = {}

    def add(self, place: Rank, trial: Trial) -> None:
        """Insert one finished trial."""
        insort(self._ranked, place)
        if place[1] < math.inf:
            insort(self._waiting, place)
            self._trials[trial.id] = trial

    def promotable(self, eta: int) -> Trial | None:
        """Take out the best trial among the top 1/eta that was not promoted yet (lines 15-18)."""
        if not self._waiting:
            return None
        best = self._waiting[0]
        if bisect_left(self._ranked, best) >= len(self._ranked) // eta:
            return None
        del self._waiting[0]
        return self._trials.pop(best[2])
