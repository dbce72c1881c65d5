"""Which configurations a collection trains: an even spread, some far ones, and what optimizers ask.

A table that holds random configurations only is thin where optimizers look. So three unlike
optimizers search a quick model of the curves so far, and what they ask at full fidelity is trained
too: a density estimator (``tpe``), a population (``evolution-strategy``) and a racer
(``successive-halving``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.errors import StudyError
from hpobench_lab.problem import Budget, Fidelity, Problem
from hpobench_lab.space import Space
from hpobench_lab.testbeds.training.recipes import Recipe

__all__ = ["PROPOSERS", "Design", "plan", "propose", "sobol_values"]

FloatArray = NDArray[np.float64]
PROPOSERS = ("tpe", "evolution-strategy", "successive-halving")
LEAST = 128
"""Configurations below which all are an even spread."""
WIDE, PROPOSED = 0.12, 0.06
"""Shares of the wide space, and of each optimizer."""
MOST_POWER = 21
"""Two to this power bounds the search for unlike configurations in a space of few."""
FOLD_ROWS, REPLICATE_ROWS = 200, 128
"""Configurations that are trained on each further fold, and with another seed, at most."""


@dataclass(frozen=True)
class Design:
    """How many configurations of each origin a collection has, and how often they are trained.

    Args:
        sobol: Scrambled Sobol over the space.
        wide: Scrambled Sobol over the wide space.
        proposed: From each of ``PROPOSERS``.
        fold: On each further fold; evenly from what is there.
        replicate: With a second seed; the first of the spread.
    """

    sobol: int
    wide: int
    proposed: int
    fold: int
    replicate: int

    @property
    def origins(self) -> list[str]:
        """Return the origin of each configuration, in order."""
        proposed = [name for name in PROPOSERS for _ in range(self.proposed)]
        return ["sobol"] * self.sobol + ["wide"] * self.wide + proposed

    def fold_rows(self) -> NDArray[np.int64]:
        """Return the configurations of the further folds: no wide ones, a fifth proposed."""
        a_proposer = min(self.proposed, self.fold // 15)
        first = self.sobol + self.wide
        starts = [first + k * self.proposed for k in range(len(PROPOSERS))] if a_proposer else []
        spread = min(self.sobol, self.fold - a_proposer * len(starts))
        blocks = [np.arange(spread), *(np.arange(s, s + a_proposer) for s in starts)]
        return np.concatenate(blocks).astype(np.int64)

    @property
    def trainings(self) -> int:
        """Return the trainings with one further fold each counted once."""
        return len(self.origins) + self.replicate


def plan(configs: int, *, wide: bool, folds: int) -> Design:
    """Return the design of a collection of a given size.

    >>> plan(1_000, wide=True, folds=3)
    Design(sobol=700, wide=120, proposed=60, fold=200, replicate=128)
    >>> plan(100, wide=True, folds=3)
    Design(sobol=100, wide=0, proposed=0, fold=0, replicate=25)
    """
    if configs < LEAST:
        return Design(configs, 0, 0, 0, configs // 4)
    proposed, far = int(PROPOSED * configs), int(WIDE * configs) if wide else 0
    fold = min(FOLD_ROWS, configs // 2) if folds > 1 else 0
    spread = configs - far - proposed * len(PROPOSERS)
    return Design(spread, far, proposed, fold, min(REPLICATE_ROWS, configs // 4))


def sobol_values(space: Space, n: int, seed: int) -> FloatArray:
    """Return the first n unlike rows of a scrambled Sobol sequence over a space, as values (n, d).

    Rows that break a constraint of the space are left out.

    Raises:
        StudyError: If the space has not as many configurations.

    >>> from hpobench_lab.parameters import Float
    >>> space = Space({"a": Float(0, 1), "b": Float(1e-3, 1, log=True)})
    >>> bool((sobol_values(space, 8, 0) == sobol_values(space, 100, 0)[:8]).all())
    True
    """
    from scipy.stats import qmc

    power = max(n - 1, 1).bit_length()
    found: dict[bytes, FloatArray] = {}
    for doubled in (power, *range(max(power + 1, 10), min(power + 7, MOST_POWER))):
        sequence = qmc.Sobol(space.dimension, scramble=True, rng=np.random.default_rng(seed))
        values = space.decode(space.canonical(sequence.random_base2(doubled)))
        for row in values[space.feasible(values)]:
            found.setdefault(row.tobytes(), row)
        if len(found) >= n:
            return np.array(list(found.values())[:n])
    raise StudyError(
        f"the space has only {len(found)} unlike configurations, {n} were asked for: choose fewer"
    )


def propose(
    recipe: Recipe, values: FloatArray, losses: FloatArray, design: Design, seed: int
) -> FloatArray:
    """Return what each optimizer asks of a quick model of the curves, as values (k, d).

    Args:
        recipe: Whose space, without the wide one, is searched.
        values: The configurations so far, shape (n, d), in the recipe's widest space.
        losses: Their validation losses, shape (n, levels); not finite where they broke down.
        design: How many are wanted of each.
        seed: Of the optimizers.
    """
    guide = _guide(recipe, values, losses)
    known = {row.tobytes() for row in values}
    found: list[FloatArray] = []
    for index, name in enumerate(PROPOSERS):
        rng = np.random.default_rng([seed, index])
        for row in _asked(name, recipe, guide, known, design.proposed, rng):
            known.add(row.tobytes())
            found.append(row)
    return np.array(found).reshape(-1, values.shape[1])


def _guide(
    recipe: Recipe, values: FloatArray, losses: FloatArray
) -> Callable[[FloatArray, float], float]:
    """Return a function (values (d,), fidelity) -> ranked loss, from extremely random trees."""
    from sklearn.ensemble import ExtraTreesRegressor

    space, levels = recipe.everything, np.log(recipe.levels)
    worst = np.nanmax(np.where(np.isfinite(losses), losses, np.nan))
    finite = np.where(np.isfinite(losses), losses, worst)
    ranks = finite.ravel().argsort(kind="stable").argsort(kind="stable").reshape(finite.shape)
    unit = np.repeat(space.encode(values), len(levels), axis=0)
    table = np.column_stack([unit, np.tile(levels, len(values))])
    model = ExtraTreesRegressor(64, min_samples_leaf=3, random_state=0, n_jobs=1)
    model.fit(table, ranks.ravel() / finite.size)

    def loss(row: FloatArray, fidelity: float) -> float:
        x = np.concatenate([space.encode(row[None])[0], [np.log(fidelity)]])
        return float(model.predict(x[None])[0])

    return loss


def _asked(
    name: str,
    recipe: Recipe,
    guide: Callable[[FloatArray, float], float],
    known: set[bytes],
    wanted: int,
    rng: np.random.Generator,
) -> list[FloatArray]:
    """Return the last new configurations that an optimizer asks at full fidelity.

    The first are its start, which is random. An optimizer that asks too few new ones is asked
    again, from another start; what is missing then is drawn from the space.
    """
    found: dict[bytes, FloatArray] = {}
    for _ in range(3):
        if len(found) < wanted:
            for row in _search(name, recipe, guide, 8 * wanted, rng):
                if row.tobytes() not in known:
                    found.setdefault(row.tobytes(), row)
    while len(found) < wanted:
        row = _into(recipe, recipe.space.decode(recipe.space.uniform(rng, 1)))[0]
        if row.tobytes() not in known:
            found.setdefault(row.tobytes(), row)
    return list(found.values())[-wanted:]


def _into(recipe: Recipe, values: FloatArray) -> FloatArray:
    """Return values of the space as values of the widest one."""
    return recipe.everything.values(recipe.space.configs(values))


def _search(
    name: str,
    recipe: Recipe,
    guide: Callable[[FloatArray, float], float],
    asks: int,
    rng: np.random.Generator,
) -> list[FloatArray]:
    """Return the full-fidelity configurations of one run of an optimizer on the quick model."""
    from hpobench_lab import plugins
    from hpobench_lab.engine.asked import as_trial
    from hpobench_lab.engine.log import Log
    from hpobench_lab.trial import Evaluation, Status

    fidelity = Fidelity(recipe.fidelity.name, recipe.levels[0], recipe.levels[-1])
    budget = Budget("evaluations", float(asks))
    problem = Problem(recipe.space, fidelities=(fidelity,), budget=budget)
    optimizer, log = plugins.optimizer(name).factory(problem, rng), Log(problem, asks)
    full: list[FloatArray] = []
    for id in range(asks):
        asked: Any = optimizer.ask()
        if asked is None:
            break
        trial = as_trial(asked)
        trial.id, log.asked = id, id + 1
        if trial.x is None:
            values = recipe.space.values([trial.config or {}])
        else:
            values = recipe.space.decode(np.asarray(trial.x, dtype=np.float64)[None])
        at = fidelity.max if trial.fidelity is None else float(trial.fidelity)  # type: ignore[arg-type]
        row = _into(recipe, values)[0]
        log.values[id], log.x[id], log.fidelities[id] = values[0], recipe.space.encode(values), at
        log.losses[id], log.status[id] = guide(row, at), Status.ok
        if at == fidelity.max and recipe.space.feasible(values)[0]:
            full.append(row)
        optimizer.tell(Evaluation(log, id))
    return full
