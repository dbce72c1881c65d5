"""Sobol's sequence, scrambled: points that fill the cube more evenly than random ones.

References:
    Sobol (1967), USSR Computational Mathematics and Mathematical Physics 7(4),
    https://doi.org/10.1016/0041-5553(67)90144-9; Owen (1998), "Scrambling Sobol' and
    Niederreiter-Xing points", https://doi.org/10.1006/jcom.1998.0487

Differences:
    Rows that break a known constraint are left out. After 2**30 points, or beyond 21,201
    dimensions, ``scipy.stats.qmc`` has no more.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.optimizers.model_free.random_search import MANY, next_block
from hpobench_lab.problem import Problem
from hpobench_lab.trial import Evaluation, Trial

__all__ = ["Sobol"]

_MAX_EMPTY_BLOCKS = 100


class Sobol:
    """Walk along a scrambled Sobol sequence in the unit cube.

    Args:
        problem: What is known of the task.
        rng: Draws the scrambling, once.

    >>> from hpobench_lab.parameters import Float
    >>> from hpobench_lab.space import Space
    >>> sobol = Sobol(Problem(Space({"lr": Float(0, 1)})), np.random.default_rng(0))
    >>> sorted(int(4 * sobol.ask().x[0]) for _ in range(4))
    [0, 1, 2, 3]
    """

    supports = frozenset(
        "float int categorical conditional constraints multiobjective parallel".split()
    )
    version = "1"

    def __init__(self, problem: Problem, rng: np.random.Generator) -> None:
        from scipy.stats import qmc

        self._space = problem.space
        self._sequence = qmc.Sobol(problem.space.dimension, scramble=True, rng=rng)
        self._rows: Iterator[NDArray[np.float64]] = iter(())
        self._block = 0

    def ask(self) -> Trial:
        """Return the next point; points are made in blocks of a power of two."""
        for row in self._rows:
            return Trial(x=row)
        self._rows = iter(self._next_rows())
        return self.ask()

    def tell(self, evaluation: Evaluation) -> None:
        """Learn nothing."""

    def ahead(self) -> int:
        """Return that what is told changes nothing."""
        return MANY

    def _next_rows(self) -> NDArray[np.float64]:
        for _ in range(_MAX_EMPTY_BLOCKS):
            self._block = next_block(self._block)
            values = self._space.decode(self._sequence.random(self._block))
            kept = values[self._space.feasible(values)]
            if len(kept):
                return self._space.encode(kept)
        raise ValueError(f"{self._space.constraints} leave almost nothing of the space")
