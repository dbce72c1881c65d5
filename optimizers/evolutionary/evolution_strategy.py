"""A (mu + lambda) evolution strategy that adapts its own step sizes, for mixed spaces.

References:
    Beyer, Schwefel (2002), "Evolution strategies: a comprehensive introduction", Natural
    Computing 1, https://doi.org/10.1023/A:1015059928466 (their numbers below); for integers and
    choices Li, Emmerich, Eggermont, Bäck, Schütz, Dijkstra, Reiber (2013), "Mixed integer
    evolution strategies for parameter optimization", Evolutionary Computation 21(1),
    https://doi.org/10.1162/EVCO_a_00059

Differences:
    Genes live in the unit cube, integers and ordinals too; a step there is never shorter than
    half a level, so that it can reach the next value. A gene that is inactive is carried along
    unseen, and a parameter is inherited from the same parent as the one it depends on, so whole
    conditional blocks are copied. Failed evaluations rank last; with outcome constraints, the
    smaller violation wins first (Deb 2000).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.optimizers.ranking import Rank, rank
from hpobench_lab.parameters import Categorical, Float, Int, Parameter
from hpobench_lab.problem import Problem
from hpobench_lab.space import Space
from hpobench_lab.trial import Evaluation, Trial

__all__ = ["EvolutionStrategy"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
_SMALLEST = 1e-8
_ATTEMPTS = 100


@dataclass(frozen=True)
class Individual:
    """Hold genes y, shape (d,), and strategy parameters s, shape (d,): steps or probabilities."""

    y: FloatArray
    s: FloatArray


class EvolutionStrategy:
    """Keep the mu best, make lambda children by recombination and self-adaptive mutation.

    Args:
        problem: What is known of the task.
        rng: The source of all randomness.
        mu: Parents kept.
        lambda_: Children a generation, and random individuals in the first one.
        step: First step size, in unit-cube coordinates.
        recombination: ``discrete``: every gene from one of two parents; ``intermediate``: the
            mean of two parents, for numbers.

    The defaults were chosen on the synthetic testbeds at 100 evaluations.

    With several workers the generation is evaluated in parallel; the next one starts when all
    of it is told.
    """

    supports = frozenset("float int categorical conditional constraints parallel".split())
    version = "1"

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        *,
        mu: int = 3,
        lambda_: int = 6,
        step: float = 0.2,
        recombination: Literal["discrete", "intermediate"] = "intermediate",
    ) -> None:
        if not 1 <= mu <= lambda_:
            raise ValueError(f"evolution-strategy: needs 1 <= mu <= lambda_, got {mu}, {lambda_}")
        if not 0 < step <= 1:
            raise ValueError(f"evolution-strategy: step must lie in (0, 1], got {step}")
        if recombination not in ("discrete", "intermediate"):
            raise ValueError(
                f"evolution-strategy: recombination is 'discrete' or 'intermediate', "
                f"got {recombination!r}"
            )
        self._space, self._rng = problem.space, rng
        self._mu, self._lambda, self._step = mu, lambda_, step
        self._intermediate = recombination == "intermediate"
        self._genes = _Genes(problem.space)
        self._parents: list[tuple[Rank, Individual]] = []
        self._asked: list[tuple[Trial, Individual]] = []
        self._told: list[tuple[Rank, Individual]] = []
        self._left = lambda_

    def ask(self) -> Trial | None:
        """Return a child, or None while the rest of its generation is evaluated."""
        if not self._left:
            return None
        self._left -= 1
        individual = self._child() if self._parents else self._first()
        trial = Trial(x=individual.y)
        self._asked.append((trial, individual))
        return trial

    def tell(self, evaluation: Evaluation) -> None:
        """Rank one individual; when its generation is complete, select the parents."""
        for i, (trial, individual) in enumerate(self._asked):
            if trial.id == evaluation.id:
                del self._asked[i]
                self._told.append((rank(evaluation), individual))
                break
        if not self._left and not self._asked:
            both = self._parents + self._told  # plus selection: parents compete
            self._parents = sorted(both, key=lambda ranked: ranked[0])[: self._mu]
            self._told, self._left = [], self._lambda

    def ahead(self) -> int:
        """Return the rest of the generation: its parents are chosen already."""
        return self._left

    def _first(self) -> Individual:
        d, genes = self._space.dimension, self._genes
        y = self._space.uniform(self._rng, 1)[0]
        y = np.where(genes.inactive(y), self._rng.random(d), y)
        return Individual(y, np.where(genes.choice, 1.0 / max(2, d), self._step))

    def _child(self) -> Individual:
        space = self._space
        for _ in range(_ATTEMPTS):
            child = self._mutated(self._recombined())
            if not space.constraints or space.feasible(space.decode(child.y[None]))[0]:
                return child
        return self._first()

    def _recombined(self) -> Individual:
        """Mix two random parents: genes by the rule asked for, strategies by the mean."""
        rng, parents = self._rng, self._parents
        a, b = (parents[int(i)][1] for i in rng.integers(len(parents), size=2))
        take = rng.random(self._space.dimension)[self._genes.root] < 0.5
        y = np.where(take, a.y, b.y)
        if self._intermediate:
            y = np.where(self._genes.choice, y, 0.5 * (a.y + b.y))
        return Individual(y, np.sqrt(a.s * b.s))

    def _mutated(self, parent: Individual) -> Individual:
        rng, genes, d = self._rng, self._genes, self._space.dimension
        tau0, tau = 1.0 / math.sqrt(2.0 * d), 1.0 / math.sqrt(2.0 * math.sqrt(d))
        turn = np.exp(tau0 * rng.standard_normal() + tau * rng.standard_normal(d))  # (sec. 4.2.2)
        sigma = np.clip(parent.s * turn, genes.smallest, 0.5)
        p = 1.0 / (1.0 + (1.0 - parent.s) / parent.s / turn)  # Li 2013 (eq. 5), logistic
        p = np.clip(p, 1.0 / (3.0 * d), 0.5)
        y = _reflected(parent.y + sigma * rng.standard_normal(d))
        other, jump = rng.random(d), rng.random(d) < p
        y = np.where(genes.choice, np.where(jump, other, parent.y), y)
        return Individual(y, np.where(genes.choice, p, sigma))


class _Genes:
    """Describe the columns of a space to mutation and recombination.

    ``choice``: which columns are unordered, shape (d,). ``smallest``: the shortest step.
    ``root``: the column whose parent a column follows, itself when it has no condition.
    """

    def __init__(self, space: Space) -> None:
        self._space = space
        parameters = [space[name] for name in space.names]
        self.choice = np.array([isinstance(p, Categorical) for p in parameters])
        self.smallest = np.array([_shortest_step(p) for p in parameters])
        self.root = np.array([_root(space, name) for name in space.names])

    def inactive(self, y: FloatArray) -> BoolArray:
        """Return which genes are unseen in the configuration of y, shape (d,)."""
        return np.asarray(~self._space.active(self._space.decode(y[None]))[0])


def _shortest_step(parameter: Parameter) -> float:
    if isinstance(parameter, Float):
        return _SMALLEST
    if isinstance(parameter, Int):
        return min(0.5, 0.5 / (parameter.high - parameter.low + 1))
    return 0.5 / len(parameter.choices)


def _root(space: Space, name: str) -> int:
    while space[name].when:
        name = next(iter(space[name].when))
    return space.names.index(name)


def _reflected(y: FloatArray) -> FloatArray:
    """Return y folded back into [0, 1] at the bounds (Li 2013, transformation T)."""
    return np.asarray(1.0 - np.abs(1.0 - np.mod(y, 2.0)))
