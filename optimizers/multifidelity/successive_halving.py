"""Synchronous successive halving: many configurations at little cost, the best of them at more.

References:
    Jamieson, Talwalkar (2016), "Non-stochastic best arm identification and hyperparameter
    optimization", AISTATS, https://arxiv.org/abs/1502.07943 (algorithm 1), with the rungs of
    Li, Jamieson, DeSalvo, Rostamizadeh, Talwalkar (2018), "Hyperband", JMLR 18,
    https://jmlr.org/papers/v18/16-558.html (table 1, bracket s_max)

Differences:
    Brackets repeat until the budget ends; the next one starts as soon as the last rung of this
    one is asked. A configuration that did not end ok is never promoted. Without a fidelity there
    is one rung, which makes this random search at full cost.
"""

from __future__ import annotations

import numpy as np

from hpobench_lab.optimizers.model_free.random_search import MANY, RandomSearch
from hpobench_lab.optimizers.multifidelity.rungs import rungs
from hpobench_lab.optimizers.ranking import Rank, rank
from hpobench_lab.problem import Problem
from hpobench_lab.trial import Evaluation, Trial

__all__ = ["SuccessiveHalving"]


class SuccessiveHalving:
    """Evaluate eta^s random configurations, keep the best 1/eta, give them eta times as much.

    Args:
        problem: What is known of the task.
        rng: The source of all randomness.
        eta: Share kept, as 1/eta; also the ratio of neighbouring rungs.

    With several workers a rung is evaluated in parallel; the next one starts when all of it is
    told. Promoted trials name the one they continue as ``parent``.
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
        self._start_bracket()

    def ask(self) -> Trial | None:
        """Return the next trial of the rung, or None while the rest of it is evaluated."""
        if not self._queue:
            return None
        trial = self._queue.pop()
        self._asked.append(trial)
        if not self._queue and self._last:
            self._start_bracket()
        return trial

    def tell(self, evaluation: Evaluation) -> None:
        """Rank one configuration; when its rung is complete, promote the best."""
        for i, trial in enumerate(self._asked):
            if trial.id == evaluation.id:  # else a leftover of an earlier bracket's last rung
                del self._asked[i]
                self._told.append((rank(evaluation), trial))
                break
        if not self._queue and not self._asked:
            self._promote()

    def ahead(self) -> int:
        """Return the rest of the rung; after the last rung, the next bracket's first."""
        if len(self._levels) == 1:
            return MANY
        return len(self._queue) + (self._size if self._last else 0)

    @property
    def _size(self) -> int:
        return int(self._eta ** (len(self._levels) - 1))

    @property
    def _last(self) -> bool:
        return self._rung == len(self._levels) - 1

    def _start_bracket(self) -> None:
        self._rung = 0
        self._queue = [self._random.ask() for _ in range(self._size)][::-1]
        for trial in self._queue:
            trial.fidelity = self._levels[0]
        self._asked: list[Trial] = []
        self._told: list[tuple[Rank, Trial]] = []

    def _promote(self) -> None:
        """Start the next rung with the top 1/eta of this one (algorithm 1, line 5)."""
        survivors = sorted((told for told in self._told if told[0][1] < np.inf), key=_by_rank)
        keep = survivors[: self._size // self._eta ** (self._rung + 1)]
        if not keep:
            self._start_bracket()
            return
        self._rung += 1
        level = self._levels[self._rung]
        self._queue = [Trial(x=t.x, fidelity=level, parent=t.id) for _, t in keep][::-1]
        self._told = []


def _by_rank(told: tuple[Rank, Trial]) -> Rank:
    return told[0]
