"""Control lines: what an optimizer must beat before anything else is worth saying of it.

Random search, random search at twice the budget and random search with median stopping. Twice the
budget is the better of two runs of random search at every moment: the run of a seed and that of the
next seed, the last one beside the first.

Differences: where told losses are noisy, the better of the two runs is the one of smaller true
value, which favours the control.

References:
    Li, Jamieson, DeSalvo, Rostamizadeh, Talwalkar (2018), JMLR 18:1-52 (random search at twice the
    budget); Golovin et al. (2017), "Google Vizier", KDD (median stopping).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.analysis.applicability import listed
from hpobench_lab.analysis.estimate import Caution, Estimate
from hpobench_lab.analysis.inference.comparisons import ENOUGH
from hpobench_lab.analysis.inference.intervals import FEWEST, median_difference_interval
from hpobench_lab.analysis.league import regret_estimate
from hpobench_lab.analysis.runs.aggregate import median, per_source

__all__ = ["Control", "control_names", "controls", "said_of_controls", "twice", "with_controls"]

FloatArray = NDArray[np.float64]

RANDOM, STOPPING = "random", "median-stopping"
TWICE, MEDIAN = "random ×2", "random with median stopping"
CITATION = "Li et al. (2018), JMLR 18:1-52; Golovin et al. (2017), KDD"


@dataclass(frozen=True)
class Control:
    """Hold one control line at the cut.

    Args:
        name: ``random``, ``random ×2`` or ``random with median stopping``, in the report's words.
        label: The optimizer of the study whose runs it is made of.
        regret: Interquartile mean over sources, as the league table has it.
        gaps: Optimizer -> median over sources of its regret minus the control's, with an interval.
        unbeaten: Labels that are not shown to beat it: fewer than 6 common sources, or an interval,
            corrected for the number of optimizers with as many, that reaches zero; in the order
            given. Where the control is the baseline, the study's tests decide.
    """

    name: str
    label: str
    regret: Estimate
    gaps: Mapping[str, Estimate]
    unbeaten: tuple[str, ...]


def twice(regret: FloatArray) -> FloatArray:
    """Return the regret of random search at twice the budget, from its runs at the budget.

    Args:
        regret: Of random search, by testbed, seed and perhaps cut, shape (t, s) or (t, s, g).

    Returns:
        The same shape; NaN where a seed or its neighbour is missing, and with a single seed.

    >>> twice(np.array([[3.0, 1.0, 2.0]]))
    array([[1., 1., 2.]])
    """
    if regret.shape[1] < 2:
        return np.full(regret.shape, np.nan)
    return np.minimum(regret, np.roll(regret, -1, axis=1))


def control_names(optimizers: Mapping[str, Mapping[str, Any]]) -> tuple[tuple[str, str], ...]:
    """Return the name of each control and the label that it is made of.

    Args:
        optimizers: Label -> ``id`` and ``params`` as run headers have them.

    >>> control_names({"rs": {"id": "random"}, "tpe": {"id": "tpe"}})
    (('random', 'rs'), ('random ×2', 'rs'))
    """
    first = {x["id"]: label for label, x in reversed(list(optimizers.items()))}
    random = [(RANDOM, first[RANDOM]), (TWICE, first[RANDOM])] if RANDOM in first else []
    return (*random, *([(MEDIAN, first[STOPPING])] if STOPPING in first else []))


def with_controls(
    regret: FloatArray, labels: Sequence[str], names: Sequence[tuple[str, str]]
) -> FloatArray:
    """Return regrets of the optimizers and then of the controls.

    Args:
        regret: Shape (k, t, s) or (k, t, s, g).
        labels: Of the optimizers, k in all.
        names: As ``control_names`` returns them, c in all.

    Returns:
        Shape (k + c, t, s) or (k + c, t, s, g).
    """
    extra = [
        twice(regret[labels.index(label)]) if name == TWICE else regret[labels.index(label)]
        for name, label in names
    ]
    return np.concatenate([regret, np.stack(extra)]) if extra else regret


def controls(
    regret: FloatArray,
    source: NDArray[np.int64],
    names: Sequence[tuple[str, str]],
    labels: Sequence[str],
    *,
    ties: NDArray[np.bool_] | None = None,
    baseline: str = "",
    better: Sequence[str] = (),
) -> tuple[Control, ...]:
    """Return the control lines.

    Args:
        regret: Normalised, of the optimizers and then of the controls, shape (k + c, t, s).
        source: Index of each testbed's source, shape (t,).
        names: Name of each control and the label that it is made of, c in all.
        labels: Of the optimizers, k in all.
        ties: Where a difference counts as none, shape (k, sources).
        baseline: Label of the declared baseline: where a control is it, the tests decide.
        better: Labels that these tests show to be better than the baseline.
    """
    scores = per_source(regret, source)
    k, found = len(labels), list[Control]()
    ties = np.zeros((k, scores.shape[1]), dtype=np.bool_) if ties is None else ties
    for c, (name, label) in enumerate(names, start=len(labels)):
        others = {x: i for i, x in enumerate(labels) if x != label}
        gaps = {x: _gap(scores[i] - scores[c]) for x, i in others.items()}
        family = max(1, sum(gap.n >= ENOUGH for gap in gaps.values()))
        beaten = {}
        for x, i in others.items():
            if label == baseline and name != TWICE:
                beaten[x] = x in better
            else:
                d = np.where(ties[i] & np.isfinite(scores[i]), 0.0, scores[i] - scores[c])
                beaten[x] = gaps[x].n >= ENOUGH and _below(d, family)
        unbeaten = tuple(x for x in gaps if not beaten[x])
        found.append(Control(name, label, regret_estimate(scores[c]), gaps, unbeaten))
    return tuple(found)


def _below(gap: FloatArray, family: int) -> bool:
    """Return whether the median lies below zero, by an interval corrected for the family's size."""
    _, high = median_difference_interval(gap, level=1 - 0.1 / family)
    return bool(high < 0)


def _gap(gap: FloatArray) -> Estimate:
    d = gap[np.isfinite(gap)]
    low, high = (float(x) for x in median_difference_interval(gap))
    return Estimate(
        float(median(d)) if len(d) else math.nan,
        low,
        high,
        n=len(d),
        excluded=len(gap) - len(d),
        method="median difference over sources, order-statistic interval",
        citation=CITATION,
        reason="" if len(d) >= FEWEST else f"fewer than {FEWEST} common sources",
    )


def said_of_controls(found: Sequence[Control], labels: Sequence[str]) -> list[Caution]:
    """Return who is not shown to beat which control, by name, and which control is missing.

    Args:
        found: The controls.
        labels: Optimizers of the study that are no controls themselves.
    """
    if not any(c.label for c in found if c.name == RANDOM):
        text = (
            "No random search among the optimizers: the control lines are missing. "
            'Add [[optimizer]] use = "random" to see what an evaluation is worth.'
        )
        return [Caution("no-control", text)]
    said = []
    for control in found:
        if not control.regret.defined:
            continue
        said.append(Caution("control", _beaten(control, labels), level="info"))
    return said


def _beaten(control: Control, labels: Sequence[str]) -> str:
    """Return who is not shown to beat a control, apart from those with too few common sources."""
    few = [x for x in labels if x in control.gaps and control.gaps[x].n < ENOUGH]
    names = [x for x in control.unbeaten if x in labels and x not in few]
    told = [x for x in labels if x in control.gaps and x not in few]
    parts = []
    if names:
        parts.append(f"{listed(names)} {_is(names)} not shown to beat {control.name}")
    elif told:
        parts.append(f"{listed(told)} {_is(told)} shown to beat {control.name}")
    if few:
        who = listed(few) if parts or len(few) == 1 else "All"
        share = "shares" if len(few) == 1 else "share"
        parts.append(f"{who} {share} under {ENOUGH} sources with {control.name}, too few to tell")
    return "; ".join(parts) + "." if parts else f"Nobody is compared with {control.name}."


def _is(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"
