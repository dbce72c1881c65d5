"""A public table held as arrays, as a testbed: exact answers, nothing interpolated.

The configurations are either listed (``problem.candidates``) or a full product grid, whose rows are
found by their mixed-radix number. An asked fidelity counts as the largest level that is not above
it and costs what that level costs. Where several trainings of one configuration are stored, a trial
observes one of them, drawn by its noise stream, and is scored by their mean.

A training is ``diverged`` from its first non-finite level on, and at full fidelity when it ends
worse than ``facts.chance``. In scores it then counts as chance; as NaN, unknown, where the data
have no such loss.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpobench_lab.errors import ContractError, DataError
from hpobench_lab.problem import Continuation, Fidelity, Objective, Problem
from hpobench_lab.space import Space
from hpobench_lab.testbed import Facts
from hpobench_lab.testbeds.public.checks import (
    broken,
    check_rows,
    counts,
    cumulative,
    few,
    four,
    index,
    listed,
)
from hpobench_lab.testbeds.public.grid import grid_codes, grid_numbers
from hpobench_lab.trial import Outcomes, Status, Trials

__all__ = ["ArrayTable", "Levels"]

Array = NDArray[Any]
BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]


@dataclass(frozen=True)
class Levels:
    """Name the fidelity of a table and its L stored levels.

    Args:
        name: What it counts, such as ``"epochs"``.
        amounts: Strictly ascending, above 0.
        unit: Unit for people.

    Raises:
        DataError: If the amounts are not positive, finite and strictly ascending.

    >>> Levels("epochs", (1, 3, 9)).fidelity.max
    9.0
    """

    name: str
    amounts: Sequence[float] | Array
    unit: str = ""

    def __post_init__(self) -> None:
        row = np.asarray(self.amounts, dtype=np.float64)
        if not (len(row) and np.isfinite(row).all() and row[0] > 0 and (np.diff(row) > 0).all()):
            raise DataError(
                f"the levels of {self.name!r} must be positive and strictly ascending, "
                f"got {few(self.amounts)}"
            )

    @property
    def fidelity(self) -> Fidelity:
        """Return what an optimizer sees of it."""
        return Fidelity(self.name, float(self.amounts[0]), float(self.amounts[-1]), self.unit)


class ArrayTable:
    """Serve stored trainings: n configurations, R stored replicates, L levels, m objectives.

    Args:
        facts: What is declared; optimum, reference, ``stochastic`` and ``kind`` are computed here.
        space: d parameters.
        losses: Shape (n, R, L), or (n, R, L, m) with several objectives; minimised. Kept as it is,
            in its own precision. Rows in the order of ``values``, or of the grid.
        cost_s: Cumulative seconds from scratch, of a shape that broadcasts to (n, R, L); made
            monotone by its running maximum. Where it is unknown, after a divergence, it stays.
        values: The listed configurations, shape (n, d); None = the full product grid of the
            space, last parameter fastest.
        levels: The fidelity; None when there is none (L = 1).
        objectives: m of them.
        stored: How many of the R replicates each configuration has, shape (n,); default R.
        continuation: What a trial with a parent pays, where there is a fidelity.
        held_out: Returns the test losses, shaped as ``losses``; called when they are first asked.

    Raises:
        DataError: If the arrays disagree, a curve has NaN inside, a configuration is listed twice
            or outside the space, or a cost is missing or negative.

    >>> from hpobench_lab.parameters import Ordinal
    >>> grid = Space({"layers": Ordinal((1, 2)), "units": Ordinal((16, 32, 64))})
    >>> losses = np.array([[0.5, 0.4], [0.3, 0.4], [0.6, 0.5], [0.7, 0.8], [0.9, 0.8], [0.5, 0.5]])
    >>> table = ArrayTable(Facts("mine/a", "mine", "mlp"), grid, losses[:, :, None], 60.0)
    >>> table.facts.optimum, table.facts.optimum_config, table.facts.stochastic
    (0.35, {'layers': 1, 'units': 32}, True)
    """

    def __init__(
        self,
        facts: Facts,
        space: Space,
        losses: Array,
        cost_s: ArrayLike,
        *,
        values: FloatArray | None = None,
        levels: Levels | None = None,
        objectives: tuple[Objective, ...] = (Objective(),),
        stored: ArrayLike | None = None,
        continuation: Continuation = "same",
        held_out: Callable[[], Array] | None = None,
    ) -> None:
        name = facts.name
        self.losses = four(name, losses, len(objectives))
        n, r, length, _ = self.losses.shape
        self._levels = np.asarray(levels.amounts if levels else [1.0], dtype=np.float64)
        if len(self._levels) != length:
            raise DataError(f"{name}: {length} levels are stored, {len(self._levels)} are named")
        self._stored = counts(name, stored, n, r)
        lost = broken(name, self.losses, self._stored)
        self.cost_s = cumulative(name, cost_s, lost, self._stored)
        canonical = None if values is None else listed(name, space, values)
        check_rows(name, space, n, canonical)
        self._row = None if canonical is None else index(name, canonical)
        if facts.chance is not None:
            lost[:, :, -1] |= ~(self.losses[:, :, -1, 0] <= facts.chance)
        self._status = np.where(lost, Status.diverged, Status.ok).astype(np.uint8)
        self._open = held_out
        self._sealed: Array | None = None
        self.problem = Problem(
            space,
            objectives=objectives,
            fidelities=(levels.fidelity,) if levels else (),
            candidates=None if canonical is None else _frozen(space.encode(canonical)),
            continuation=continuation if levels else "none",
        )
        self._final = self._means(facts.chance)
        self.facts = self._known(facts, canonical)

    def rows(self, values: FloatArray) -> IntArray:
        """Return the number of each configuration in the arrays, shape (n, d) to (n,).

        Raises:
            ContractError: If a configuration is not listed.
        """
        if self._row is None:
            return grid_numbers(self.problem.space, values)
        try:
            found = [self._row[row.tobytes()] for row in np.ascontiguousarray(values)]
        except KeyError:
            raise ContractError(
                f"{self.facts.name} is an exact table: a configuration was asked that is not among "
                f"its {len(self._row)}; choose rows of problem.candidates"
            ) from None
        return np.array(found, dtype=np.intp)

    def evaluate(self, trials: Trials) -> Outcomes:
        """Return losses and seconds of the observed trainings, at the level not above the asked."""
        at = self._at(trials)
        return Outcomes.of(
            np.asarray(self.losses[at], dtype=np.float64),
            np.asarray(self.cost_s[at], dtype=np.float64),
            status=self._status[at],
        )

    def score(self, trials: Trials) -> FloatArray:
        """Return the mean over stored replicates at full fidelity, shape (n, m)."""
        return np.asarray(self._final[self.rows(trials.values)])

    def held_out(self, trials: Trials) -> FloatArray:
        """Return the test losses of the same trainings at the same levels, shape (n, m).

        NaN where the data have none. Nothing that optimizers are told goes through here.

        Raises:
            DataError: If the arrays of test losses have another shape.
        """
        if self._open is None:
            return np.full((len(trials), len(self.problem.objectives)), np.nan)
        if self._sealed is None:
            sealed = four(self.facts.name, self._open(), len(self.problem.objectives))
            if sealed.shape != self.losses.shape:
                raise DataError(
                    f"{self.facts.name}: test losses have shape {sealed.shape}, "
                    f"validation losses {self.losses.shape}"
                )
            self._sealed = sealed
        return np.asarray(self._sealed[self._at(trials)], dtype=np.float64)

    def _at(self, trials: Trials) -> tuple[IntArray, IntArray, IntArray]:
        row = self.rows(trials.values)
        replicate = (_mixed(trials.seed, row) % self._stored[row].astype(np.uint64)).astype(np.intp)
        if not self.problem.fidelities:
            return row, replicate, np.zeros(len(row), dtype=np.intp)
        return row, replicate, np.searchsorted(self._levels, trials.fidelity, "right") - 1

    def _means(self, chance: float | None) -> FloatArray:
        """Return the scores, shape (n, m)."""
        final = np.array(self.losses[:, :, -1], dtype=np.float64)  # (n, R, m)
        final[self._status[:, :, -1] != Status.ok] = np.nan if chance is None else chance
        there = np.arange(final.shape[1]) < self._stored[:, None]
        total = np.zeros((len(final), final.shape[2]))
        for k in range(final.shape[1]):  # in order: the same bits on every platform
            total += np.where(there[:, k, None], final[:, k], 0.0)
        return np.asarray(total / self._stored[:, None])

    def _known(self, facts: Facts, canonical: FloatArray | None) -> Facts:
        n, r, _, _ = self.losses.shape
        score = self._final[:, 0]
        if np.isnan(score).all():
            raise DataError(f"{facts.name}: no configuration has a finite loss at full fidelity")
        best, several = int(np.nanargmin(score)), int(self._stored.max()) > 1
        space = self.problem.space
        row = grid_codes(space, best) if canonical is None else canonical[best]
        mean = f", mean over {r} replicates at most" if several else ""
        reference = self._median(facts.chance)
        return replace(
            facts,
            kind="table",
            optimum=float(score[best]),
            optimum_origin=f"exact: the smallest of {n:,} stored losses at full fidelity{mean}",
            optimum_config=space.configs(row[None])[0],
            reference=reference,
            reference_origin="" if reference is None else "median of the stored final losses",
            stochastic=several and self._varies(),
        )

    def _median(self, chance: float | None) -> float | None:
        final = np.asarray(self.losses[:, :, -1, 0], dtype=np.float64)
        worst = np.inf if chance is None else chance
        final = np.where(self._status[:, :, -1] == Status.ok, final, worst)
        there = np.arange(final.shape[1]) < self._stored[:, None]
        ordered = np.sort(final[there])
        middle = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
        return float(middle[0] + middle[1]) / 2 if np.isfinite(middle).all() else None

    def _varies(self) -> bool:
        first = self.losses[:, :1]
        same = (self.losses == first) | (np.isnan(self.losses) & np.isnan(first))
        there = np.arange(self.losses.shape[1]) < self._stored[:, None]
        return bool((~same.all(axis=(2, 3)) & there).any())


def _mixed(seed: NDArray[np.uint64], row: IntArray) -> NDArray[np.uint64]:
    """Return well-mixed bits of a noise stream and a row number (SplitMix64's finaliser)."""
    z = seed + (row.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))


def _frozen(x: FloatArray) -> FloatArray:
    x.setflags(write=False)
    return x
