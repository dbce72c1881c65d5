"""Random search.

References:
    Bergstra, Bengio (2012), "Random search for hyper-parameter optimization", JMLR 13,
    https://jmlr.org/papers/v13/bergstra12a.html
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.problem import Problem
from hpobench_lab.trial import Evaluation, Trial

__all__ = ["RandomSearch", "next_block"]

_FIRST, _LARGEST = 32, 512
MANY = 1_000_000


def next_block(block: int) -> int:
    """Return how many rows to draw next: 32, 128, then 512, powers of two.

    >>> [next_block(n) for n in (0, 32, 128, 512)]
    [32, 128, 512, 512]
    """
    return min(4 * block, _LARGEST) or _FIRST


class RandomSearch:
    """Draw every configuration uniformly from the unit cube, where ``log`` is linear.

    Args:
        problem: What is known of the task.
        rng: The source of all randomness.

    >>> from hpobench_lab.parameters import Float
    >>> from hpobench_lab.space import Space
    >>> search = RandomSearch(Problem(Space({"lr": Float(0, 1)})), np.random.default_rng(0))
    >>> search.ask().x.round(3)
    array([0.637])
    """

    supports = frozenset(
        "float int categorical conditional constraints multiobjective parallel".split()
    )
    version = "1"

    def __init__(self, problem: Problem, rng: np.random.Generator) -> None:
        self._space, self._rng = problem.space, rng
        self._rows: Iterator[NDArray[np.float64]] = iter(())
        self._block = 0

    def ask(self) -> Trial:
        """Return the next row of a block that was drawn ahead: drawing one by one is slow."""
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
        self._block = next_block(self._block)
        if self._space.constraints:
            return self._space.uniform(self._rng, self._block)
        return self._rng.random((self._block, self._space.dimension))  # made canonical by the run
