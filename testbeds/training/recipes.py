"""What ``collect`` can train: one model family on one data set."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from hpobench_lab.errors import HpoBenchError
from hpobench_lab.problem import Fidelity, Objective
from hpobench_lab.space import Space
from hpobench_lab.testbeds.training.curves import REFIT, TEST, Trained, record
from hpobench_lab.testbeds.training.data import DATASETS, load
from hpobench_lab.testbeds.training.families import FAMILIES, Family

__all__ = ["CORE_W", "RECIPES", "Recipe", "Train", "train_family"]

Train = Callable[[Sequence[dict[str, Any]], Sequence[float], int, int], Trained]
"""(configurations, levels, fold, replicate) -> curves; a module's function or a ``partial`` of one,
because processes exchange it."""

CORE_W = 10.0
"""Watts of one busy core, for modelled energy: a server processor's rated power by its cores."""


@dataclass(frozen=True)
class Recipe:
    """What to collect, and how.

    Args:
        name: ``<data>-<family>``, the table's name.
        data: The data set; tables of one data set are one unit of replication.
        family: Model family, a noun of the field.
        title: One line for people.
        space: What is tuned.
        wide: The space with some ranges ten times as wide, or None.
        ranges: Where the ranges come from.
        fidelity: What is counted along a curve.
        levels: Where it is measured, ascending.
        train: How it is trained.
        packages: What the curves' numbers depend on, as distributions.
        task: ``classification`` or ``regression``.
        objective: What ``valid_loss`` is.
        describe: Returns what the header says besides: ``chance`` (validation loss of a constant
            prediction; what ends worse has diverged; None without one), ``chance_origin``,
            ``noise``, ``peak_memory``, ``energy``, ``data`` and ``digest`` (of the data or the
            code: what the curves depend on besides).
        folds: Outer folds that are collected, 0 first.
        outer: Outer folds that there are.
        groups: Whether the gap between two groups is measured.
        chunk: Configurations between two durable writes.
        derived: Products that the surrogate sees besides the parameters (``curves.features``).
        version: Changes when the curves change.
        replicated: Whether another seed gives other curves.
    """

    name: str
    data: str
    family: str
    title: str
    space: Space
    wide: Space | None
    ranges: str
    fidelity: Fidelity
    levels: tuple[float, ...]
    train: Train
    packages: tuple[str, ...]
    task: str = "classification"
    objective: Objective = field(default_factory=lambda: Objective("cross-entropy", "nats"))
    describe: Callable[[], Mapping[str, Any]] = dict
    folds: tuple[int, ...] = (0,)
    outer: int = 1
    groups: bool = False
    chunk: int = 64
    derived: tuple[dict[str, float], ...] = ()
    version: int = 1
    replicated: bool = True

    @property
    def everything(self) -> Space:
        """Return the space in which values are stored: the wide one where there is one."""
        return self.wide or self.space


def train_family(
    family: str,
    data: str,
    configs: Sequence[dict[str, Any]],
    levels: Sequence[float],
    fold: int,
    replicate: int,
) -> Trained:
    """Train configurations of a family on one fold of a data set.

    Replicate 0 is also fitted to all rows that are not held out, at the last level; where that
    alone raises, its values are NaN and the training is none that failed.

    Args:
        family: Name in ``FAMILIES``.
        data: Name in ``DATASETS``.
        configs: n configurations.
        levels: Ascending.
        fold: Outer fold.
        replicate: Training seed, and inner split where the family's seed changes too little.
    """
    fit, split = FAMILIES[family].fit, FAMILIES[family].noise == "split"
    inner = load(data, fold, replicate if split else 0)
    n = len(configs)
    messages: dict[int, str] = {}
    table = _attempt(fit, configs, inner, levels, replicate, messages)
    gap = ("test_gap",) if inner.group is not None else ()
    refit = {name: np.full(n, np.nan) for name in (*REFIT, *gap)}
    if replicate == 0:
        outer = load(data, fold, refit=True)
        again = _attempt(fit, configs, outer, levels[-1:], replicate, {})
        refit = {name: again[name][:, 0] for name in refit}
    test = {name: table.pop(name) for name in (*TEST, *gap)}
    return Trained(table, test, refit, messages)


def _attempt(
    fit: Any, configs: Any, data: Any, levels: Any, seed: int, messages: dict[int, str]
) -> dict[str, Any]:
    """Return the columns of all; when something raises, of each alone, with the message."""
    n, count = len(configs), len(levels)
    try:
        return record(fit(configs, data, levels, seed), data, n, count)
    except HpoBenchError:  # a package is missing: no fault of a configuration
        raise
    except Exception as error:
        if n == 1:
            messages[0] = f"{type(error).__name__}: {error}"
            return record((), data, 1, count)
    parts = []
    for row, config in enumerate(configs):
        alone: dict[int, str] = {}
        parts.append(_attempt(fit, [config], data, levels, seed, alone))
        if alone:
            messages[row] = alone[0]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _described(data: str, family: str) -> dict[str, Any]:
    source, first = DATASETS[data], load(data)
    constant = "class frequencies" if source.task == "classification" else "mean"
    varied = " and inner split" if FAMILIES[family].noise == "split" else ""
    return {
        "chance": first.chance,
        "chance_origin": f"validation loss of predicting the {constant} of the training rows",
        "noise": f"training seed{varied}; the held-out rows stay",
        "peak_memory": f"modelled: {FAMILIES[family].peak_memory}",
        "energy": {
            "kind": "modelled",
            "formula": "joules = watts * cpu_s; nothing was metered",
            "watts": CORE_W,
        },
        "data": {
            "title": source.title,
            "url": source.url,
            "licence": source.licence,
            "citation": source.citation,
            "sha256": first.sha256,
            "split": dict(zip(("train", "valid", "test"), first.sizes, strict=True)),
            "preprocessing": "standardised with the mean and deviation of train, clipped to +-10",
            "groups": source.groups,
        },
        "digest": first.sha256,
    }


def _recipe(data: str, family: Family) -> Recipe:
    source = DATASETS[data]
    task = source.task
    loss = "cross-entropy" if task == "classification" else "squared error"
    unit = "nats" if task == "classification" else "of the target's variance"
    return Recipe(
        name=f"{data}-{family.name}",
        data=data,
        family=family.name,
        title=f"{family.title} on {source.title}",
        space=family.space(task),
        wide=family.space(task, wide=True) if family.wide else None,
        ranges=family.ranges,
        fidelity=family.fidelity,
        levels=family.levels,
        train=partial(train_family, family.name, data),
        packages=family.packages,
        task=task,
        objective=Objective(loss, unit),
        describe=partial(_described, data, family.name),
        folds=(0, 1, 2),
        outer=4,
        groups=bool(source.groups),
        chunk=family.chunk,
        derived=family.derived,
    )


RECIPES = {
    recipe.name: recipe
    for recipe in (_recipe(data, family) for data in DATASETS for family in FAMILIES.values())
}
"""Name -> recipe."""
