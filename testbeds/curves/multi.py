"""Several objectives of one table, and the front that is exactly known of them.

==========  ===============  =============================================================
objective   column           is
==========  ===============  =============================================================
``error``   ``valid_error``  error rate, or mean absolute error of the standardised target
``latency`` ``predict_s``    milliseconds that 1,000 predictions take, as measured once
``size``    ``model_bytes``  kilobytes of the model
``gap``     ``valid_gap``    difference between the two groups, where the data has groups
==========  ===============  =============================================================

The reference point is a tenth beyond the worst of the configurations that end well; the
hypervolume of the front is that of all of them. A front has no optimum: what facts call one is the
least of the first objective.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.errors import StudyError, UnknownName, suggestion
from hpobench_lab.problem import Objective, Problem
from hpobench_lab.testbed import Facts
from hpobench_lab.testbeds.curves.listed import listed
from hpobench_lab.testbeds.curves.storage.files import Curves

__all__ = ["OBJECTIVES", "Axis", "Wanted", "axes_of", "front_facts"]

FloatArray = NDArray[np.float64]
Wanted = Literal["error", "latency", "size", "gap"]
BEYOND = 0.1
"""How far the reference point lies beyond the worst value, as a share of it."""


@dataclass(frozen=True)
class Axis:
    """Say what an objective is made of.

    Args:
        objective: Name and unit.
        column: Of the curves.
        cap: Scored where training broke down, and where the column is worse.
        scale: The column's unit in those of the objective.
    """

    objective: Objective
    column: str
    cap: float
    scale: float = 1.0


OBJECTIVES: Mapping[str, Axis] = {
    "error": Axis(Objective("error"), "valid_error", np.inf),
    "latency": Axis(Objective("latency", "ms per 1,000 rows"), "predict_s", np.inf, 1e3),
    "size": Axis(Objective("size", "kB"), "model_bytes", np.inf, 1e-3),
    "gap": Axis(Objective("gap"), "valid_gap", np.inf),
}
"""Name -> what it is made of; the cap depends on the table (``axes_of``)."""


def axes_of(
    header: Mapping[str, Any],
    curves: Curves,
    names: Sequence[str],
    *,
    wide: bool = False,
    fold: int = 0,
) -> tuple[Axis, ...]:
    """Return the objectives of a table, each capped at its coordinate of the reference point.

    Raises:
        UnknownName: If there is no such objective.
        StudyError: If one is named twice, or the table does not hold it.
    """
    there = [n for n, axis in OBJECTIVES.items() if axis.column in curves.columns]
    for name in names:
        if name not in OBJECTIVES:
            hint = suggestion(name, OBJECTIVES) or f" There are {', '.join(there)}."
            raise UnknownName(f"{header['name']}: unknown objective {name!r}.{hint}")
        if name not in there:
            why = ": its data has no groups" if name == "gap" else ""
            raise StudyError(
                f"{header['name']} has no objective {name!r}{why}; there are {', '.join(there)}"
            )
    if len(set(names)) < len(names):
        raise StudyError(f"{header['name']}: an objective is named twice: {', '.join(names)}")
    first = listed(header, curves, wide=wide, fold=fold).trainings[:, 0]
    told = curves.columns[header["objectives"][0]["column"]][first, -1]
    well = first[(told <= header["diverged_above"]) & (curves.message[first] == "")]
    return tuple(_capped(OBJECTIVES[name], curves, well) for name in names)


def _capped(axis: Axis, curves: Curves, rows: NDArray[np.int64]) -> Axis:
    final = axis.scale * curves.columns[axis.column][rows, -1]
    worst = float(final[np.isfinite(final)].max(initial=0.0))
    return replace(axis, cap=(1.0 + BEYOND) * worst or 1.0)


def front_facts(
    facts: Facts, problem: Problem, scores: FloatArray, well: NDArray[np.bool_]
) -> Facts:
    """Return the facts of a table with other objectives than its own loss.

    Args:
        facts: Those of its loss.
        problem: With its candidates.
        scores: Of every candidate, shape (r, m), capped at the reference point.
        well: Which candidates end well, shape (r,).
    """
    assert problem.candidates is not None
    names = [o.name for o in problem.objectives]
    first = np.where(well, scores[:, 0], np.inf)
    best = int(first.argmin())
    space = problem.space
    described = replace(
        facts,
        optimum=float(first[best]),
        optimum_origin=f"exact: the least {names[0]} of the listed configurations",
        optimum_config=space.configs(space.decode(problem.candidates[best : best + 1]))[0],
        reference=float(np.median(scores[:, 0])),
        reference_origin=f"median {names[0]} of the listed configurations",
        chance=None,
        stochastic=False,
        quality={},
    )
    if len(names) == 1:
        return described
    from hpobench_lab.analysis.measures.hypervolume import hypervolume

    corner = _corner(scores, well)
    volume = hypervolume(_undominated(scores[well]), corner)
    return replace(described, reference_point=corner, hypervolume=volume)


def _corner(scores: FloatArray, well: NDArray[np.bool_]) -> tuple[float, ...]:
    worst = scores[well].max(axis=0)
    return tuple(float(v) for v in np.where(worst > 0, (1.0 + BEYOND) * worst, 1.0))


def _undominated(points: FloatArray) -> FloatArray:
    """Return the points that no other dominates, shape (p, m)."""
    points = np.unique(points, axis=0)
    keep = [not ((points <= p).all(axis=1) & (points < p).any(axis=1)).any() for p in points]
    return points[keep]
