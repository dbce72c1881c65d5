"""Let an optimizer that knows no candidate list serve a table: ask for the nearest listed row.

Nearest by Gower distance (Gower 1971, Biometrics 27:857, https://doi.org/10.2307/2528823): the mean
over parameters of the absolute difference in the unit interval, 0 or 1 for categorical parameters
and where only one of the two rows has the parameter active. Rows already asked at that fidelity
are passed over; ties go to the first row. When every row was asked, the list is open again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.parameters import Categorical
from hpobench_lab.problem import Problem
from hpobench_lab.space import Space
from hpobench_lab.trial import Evaluation, Trial

__all__ = ["SUFFIX", "Projected", "gower"]

FloatArray = NDArray[np.float64]
SUFFIX = " (projected)"
"""Ends the label of an optimizer that is wrapped in a study."""


def gower(space: Space, row: FloatArray, rows: FloatArray) -> FloatArray:
    """Return the Gower distance of one row of values, shape (d,), to rows, shape (n, d).

    >>> from hpobench_lab.parameters import Float
    >>> space = Space({"a": Float(0, 2), "b": Categorical(("u", "v"))})
    >>> gower(space, np.array([1.0, 0.0]), np.array([[2.0, 0.0], [1.0, 1.0]]))
    array([0.25, 0.5 ])
    """
    total = np.zeros(len(rows))
    for j, parameter in enumerate(space.parameters):
        theirs = rows[:, j]
        if np.isnan(row[j]):
            total += ~np.isnan(theirs)
        elif isinstance(parameter, Categorical):
            total += np.isnan(theirs) | (theirs != row[j])
        else:
            gap = np.abs(parameter.to_unit(theirs) - parameter.to_unit(row[j : j + 1]))
            total += np.where(np.isnan(gap), 1.0, gap)
    return total / space.dimension


class Projected:
    """Wrap an optimizer; its asks become the nearest candidates not asked yet.

    Args:
        make: Builds the inner optimizer from a problem without candidates.
        problem: The problem, with candidates of shape (r, d).
    """

    def __init__(self, make: Any, problem: Problem) -> None:
        assert problem.candidates is not None
        self._inner = make(replace(problem, candidates=None))
        self._space = problem.space
        self._x = problem.candidates
        self._values = problem.space.decode(problem.candidates)
        self._taken: dict[Any, NDArray[np.bool_]] = {}  # fidelity -> rows asked
        self._rows: list[int] = []  # trial id -> row
        self._link: tuple[Trial, Trial] | None = None
        ahead = getattr(self._inner, "ahead", None)
        if ahead is not None:
            self.ahead = ahead

    def ask(self) -> Trial | None:
        """Return the inner optimizer's trial, moved to the nearest free candidate."""
        self._number()
        asked = self._inner.ask()
        if asked is None:
            return None
        inner = asked if isinstance(asked, Trial) else Trial(asked)
        row = self._nearest(inner)
        self._rows.append(row)
        outer = Trial(
            x=self._x[row], fidelity=inner.fidelity, parent=inner.parent, gradient=inner.gradient
        )
        self._link = inner, outer
        return outer

    def tell(self, evaluation: Evaluation) -> None:
        """Pass the evaluation of the candidate on."""
        self._number()
        self._inner.tell(evaluation)

    def _number(self) -> None:
        """Let the inner optimizer know the number that its last trial got."""
        if self._link is not None:
            inner, outer = self._link
            inner.id = outer.id
            self._link = None

    def _nearest(self, trial: Trial) -> int:
        if isinstance(trial.parent, int) and 0 <= trial.parent < len(self._rows):
            return self._rows[trial.parent]  # a continuation stays where it is
        if trial.config is not None:
            values = self._space.values([trial.config])[0]
        else:
            values = self._space.decode(np.asarray(trial.x, dtype=np.float64)[None])[0]
        distance = gower(self._space, values, self._values)
        taken = self._taken.setdefault(
            _hashable(trial.fidelity), np.zeros(len(self._x), dtype=np.bool_)
        )
        if taken.all():
            taken[:] = False
        row = int(np.argmin(np.where(taken, np.inf, distance)))
        taken[row] = True
        return row


def _hashable(fidelity: Any) -> Any:
    return tuple(sorted(fidelity.items())) if isinstance(fidelity, dict) else fidelity
