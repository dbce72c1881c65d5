"""Choose the algorithm and its hyperparameters at once: all families of one data set.

The space is a tree: ``algorithm`` is the root, every family's parameters hang below it under
``<family>.<name>`` and keep their own conditions. The fidelity is the share of a family's own
maximum. Every evaluation is the family's own, surrogate or exact table; losses are comparable
because all families are measured on the same rows.

References:
    Thornton, Hutter, Hoos, Leyton-Brown (2013), Auto-WEKA: combined selection and hyperparameter
    optimization of classification algorithms, KDD, doi:10.1145/2487575.2487629.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.errors import StudyError
from hpobench_lab.parameters import Categorical, Parameter
from hpobench_lab.problem import Fidelity, Problem
from hpobench_lab.space import Config, Space
from hpobench_lab.testbed import Facts, Testbed
from hpobench_lab.testbeds.curves.opening import open_table
from hpobench_lab.testbeds.curves.storage.folder import read_header
from hpobench_lab.trial import Outcomes, Status, Trials

__all__ = ["ROOT", "Cash", "cash_space", "open_cash"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
ROOT = "algorithm"
DRAWN = 4096
"""Random configurations behind the reference of a surrogate."""
BEST = {"calibration_slope": 1.0, "calibration_intercept": 0.0}
"""Measures of quality that are best at a value between."""


def cash_space(spaces: Mapping[str, Space]) -> Space:
    """Return the joint space of families: ``algorithm`` and ``<family>.<parameter>``.

    Args:
        spaces: Family -> its space, at least two.

    >>> from hpobench_lab.parameters import Float
    >>> one = Space({"lr": Float(0, 1)})
    >>> cash_space({"mlp": one, "linear": one}).names
    ('algorithm', 'mlp.lr', 'linear.lr')
    """
    joint: dict[str, Parameter] = {ROOT: Categorical(tuple(spaces))}
    for family, space in spaces.items():
        if space.constraints:
            raise StudyError(f"{family}: a space with constraints cannot be a part of a cash space")
        for name, parameter in space.items():
            own = {f"{family}.{parent}": wanted for parent, wanted in parameter.when.items()}
            joint[f"{family}.{name}"] = replace(parameter, when=own or {ROOT: family})
    return Space(joint)


class Cash:
    """The testbed ``curves/<data>-cash``.

    Args:
        beds: Family -> its testbed, all surrogates or all tables of one data set, at least two.
        name: Selector-style name.
    """

    def __init__(self, beds: Mapping[str, Testbed], *, name: str) -> None:
        if len(beds) < 2:
            raise StudyError(f"{name}: there is one family only, so no algorithm to choose")
        self.beds, self._name = dict(beds), name
        spaces = {family: bed.problem.space for family, bed in beds.items()}
        space = cash_space(spaces)
        self._columns = {
            family: np.array([space.names.index(f"{family}.{n}") for n in own.names])
            for family, own in spaces.items()
        }
        tops = [bed.problem.fidelities[0] for bed in beds.values()]
        first = next(iter(beds.values())).problem
        self.problem = Problem(
            space,
            objectives=first.objectives,
            fidelities=(Fidelity("share", max(f.min / f.max for f in tops), 1.0),),
            continuation="same" if all(map(_goes_on, beds.values())) else "none",
        )
        self.problem = replace(self.problem, candidates=self._candidates())
        self.facts = _facts(self)

    def _candidates(self) -> FloatArray | None:
        """Return the rows of all families' candidates, or None."""
        rows = []
        for family, bed in self.beds.items():
            if bed.problem.candidates is None:
                return None
            rows.append(self.joined(family, bed.problem.space.decode(bed.problem.candidates)))
        x = self.problem.space.encode(np.concatenate(rows))
        x.setflags(write=False)
        return x

    def joined(self, family: str, values: FloatArray) -> FloatArray:
        """Return a family's values, shape (n, d_family), as values of the joint space."""
        out = np.full((len(values), self.problem.space.dimension), np.nan)
        out[:, 0] = list(self.beds).index(family)
        out[:, self._columns[family]] = values
        return out

    def parts(self, trials: Trials) -> list[tuple[Testbed, IntArray, Trials]]:
        """Return for each family that is asked: its testbed, the rows, and their trials."""
        found = []
        for code, (family, bed) in enumerate(self.beds.items()):
            rows = np.flatnonzero(trials.values[:, 0] == code)
            if len(rows):
                found.append((bed, rows, self._part(family, trials.take(rows))))
        return found

    def _part(self, family: str, trials: Trials) -> Trials:
        columns, problem = self._columns[family], self.beds[family].problem
        fidelity = problem.fidelities[0]
        amounts = np.clip(trials.fidelities * fidelity.max, fidelity.min, fidelity.max)
        return replace(
            trials,
            space=problem.space,
            values=np.ascontiguousarray(trials.values[:, columns]),
            x=np.ascontiguousarray(trials.x[:, columns]),
            fidelities=amounts,
        )

    def evaluate(self, trials: Trials) -> Outcomes:
        """Return what each family's testbed answers at its share of the fidelity."""
        n, m = len(trials), len(self.problem.objectives)
        losses, cost = np.full((n, m), np.nan), np.zeros(n)
        status = np.full(n, Status.ok, dtype=np.uint8)
        messages: dict[int, str] = {}
        for bed, rows, part in self.parts(trials):
            out = bed.evaluate(part)
            losses[rows], cost[rows], status[rows] = out.losses, out.cost_s, out.status
            messages |= {int(rows[i]): text for i, text in out.messages.items()}
        return Outcomes.of(losses, cost, status=status, messages=messages)

    def score(self, trials: Trials) -> FloatArray:
        """Return what each family's testbed scores, shape (n, m)."""
        out = np.full((len(trials), len(self.problem.objectives)), np.nan)
        for bed, rows, part in self.parts(trials):
            out[rows] = bed.score(part)
        return out

    # --- folds ------------------------------------------------------------------------------

    @property
    def folds(self) -> int:
        """Return how many outer folds all families have."""
        return min(int(getattr(bed, "folds", 0)) for bed in self.beds.values())

    def fold(self, k: int) -> Cash:
        """Return the testbed of outer fold k."""
        beds: dict[str, Any] = dict(self.beds)
        return Cash({family: bed.fold(k) for family, bed in beds.items()}, name=self._name)

    def held_out(self, trials: Trials) -> FloatArray:
        """Return test losses, shape (n, m); opens the families' sealed files."""
        out = np.full((len(trials), len(self.problem.objectives)), np.nan)
        for bed, rows, part in self.parts(trials):
            sealed: Any = bed
            out[rows] = sealed.held_out(part)
        return out

    def refit(self, configs: Sequence[Config], fidelity: float | None = None) -> FloatArray:
        """Return test losses of fits on outer-train, shape (n, m); opens the sealed files."""
        if fidelity not in (None, 1.0):
            raise StudyError(f"{self._name} was fitted to outer-train at full fidelity only")
        trials = Trials.full(self.problem.space, self.problem.space.values(configs), [1.0])
        out = np.full((len(trials), len(self.problem.objectives)), np.nan)
        for bed, rows, part in self.parts(trials):
            sealed: Any = bed
            out[rows] = sealed.refit(part.configs())
        return out


def _goes_on(bed: Testbed) -> bool:
    """Return whether a training of this family goes on where it stopped."""
    return bed.problem.continuation == "same"


def open_cash(folders: Mapping[str, Path], *, name: str, **options: Any) -> Cash:
    """Open the tables of one data set as one testbed.

    Args:
        folders: Family -> folder of its table.
        name: Selector-style name.
        **options: Of ``open_table``: ``mode``, ``wide``, ``surrogate``, ``noise``. A family that
            was collected in one space only keeps it when the others are wide.

    Raises:
        StudyError: If the wide space is asked and no family has one.
    """
    wide = bool(options.pop("wide", False))
    widened = [family for family, folder in folders.items() if _widens(folder)]
    if wide and not widened:
        raise StudyError(f"{name}: no family was collected in a wide space")
    beds = {
        family: open_table(folder, wide=wide and family in widened, **options)
        for family, folder in folders.items()
    }
    return Cash(beds, name=name)


def _widens(folder: Path) -> bool:
    """Return whether a table was collected in a wide space, too."""
    return bool(read_header(folder).get("space_wide"))


def _facts(cash: Cash) -> Facts:
    """Return the facts: the best of the families' optima, the median of a random choice."""
    facts = {family: bed.facts for family, bed in cash.beds.items()}
    known = {family: f for family, f in facts.items() if f.optimum is not None}
    family = min(known, key=lambda f: float(known[f].optimum or 0.0))
    best, one = known[family], next(iter(facts.values()))
    config = None
    if best.optimum_config is not None:
        config = {ROOT: family} | {f"{family}.{k}": v for k, v in best.optimum_config.items()}
    digest = hashlib.sha256("".join(f.data_sha256 for f in facts.values()).encode()).hexdigest()
    reference, origin = _reference(cash)
    return replace(
        one,
        name=cash._name,
        family="cash",
        optimum=best.optimum,
        optimum_origin=f"{best.optimum_origin} (the least of {len(facts)} families: {family})",
        optimum_config=config,
        reference=reference,
        reference_origin=origin,
        stochastic=any(f.stochastic for f in facts.values()),
        version=".".join(f.version for f in facts.values()),
        data_sha256=digest,
        quality=_worst([f.quality for f in facts.values()]),
        title=f"Algorithm and hyperparameters on {one.source}: {', '.join(facts)}",
    )


def _reference(cash: Cash) -> tuple[float, str]:
    """Return the median score of a random choice, every family as likely as any other."""
    problem = cash.problem
    if problem.candidates is None:
        rng = np.random.Generator(np.random.Philox(0))
        values = problem.space.decode(problem.space.uniform(rng, DRAWN))
        scores = cash.score(Trials.full(problem.space, values, [1.0]))[:, 0]
        return float(np.median(scores)), f"median of {DRAWN:,} random configurations"
    values = problem.space.decode(problem.candidates)
    scores = cash.score(Trials.full(problem.space, values, [1.0]))[:, 0]
    codes = values[:, 0].astype(np.int64)
    weight = 1.0 / np.bincount(codes)[codes]
    order = np.argsort(scores, kind="stable")
    half = np.searchsorted(np.cumsum(weight[order]), weight.sum() / 2)
    return float(scores[order[half]]), "median of the listed, every family of the same weight"


def _worst(qualities: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the worst value of every measure that all families state."""
    shared = [k for k in qualities[0] if all(isinstance(q.get(k), (int, float)) for q in qualities)]
    return {k: max((q[k] for q in qualities), key=_badness(k)) for k in shared}


def _badness(measure: str) -> Callable[[float], float]:
    """Return how bad a value of a measure of quality is."""
    if measure in BEST:
        return lambda v: abs(v - BEST[measure])
    return (lambda v: v) if "error" in measure or "mae" in measure else lambda v: -v
