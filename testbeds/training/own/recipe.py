"""From a selector such as ``mine.py:knn`` to what ``collect`` trains."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from hpobench_lab.errors import StudyError
from hpobench_lab.problem import Fidelity, Problem
from hpobench_lab.space import Config
from hpobench_lab.testbed import Testbed
from hpobench_lab.testbeds.training.curves import Trained
from hpobench_lab.testbeds.training.data import DATASETS, OUTER
from hpobench_lab.testbeds.training.own.estimator import EstimatorTestbed
from hpobench_lab.testbeds.training.own.learner import SHARE, whole
from hpobench_lab.testbeds.training.own.training import train_estimator, train_function
from hpobench_lab.testbeds.training.recipes import CORE_W, Recipe

__all__ = ["own_levels", "own_recipe", "train_own"]

MOST_LEVELS = 8
"""Every level is trained from scratch: at most as many."""
ONCE = Fidelity("trainings", 1, 1)
"""Of a function without fidelity."""
RESERVED = ("training", "configuration", "fold", "replicate", "message", "origin")
"""Columns that every table has."""


def own_recipe(selector: str) -> Recipe:
    """Return what is collected of a user's testbed.

    Args:
        selector: ``path/file.py:name``, ``package.module:name``, or a name of the working
            directory.

    Raises:
        StudyError: If it cannot be loaded, or a table cannot hold what it is.
        UnknownName: If there is no testbed of this name.
        DataError: If its rows cannot be learnt from.
    """
    bed, digest, name = _opened(selector)
    problem, facts = bed.problem, bed.facts
    if facts.kind not in ("function", "training"):
        raise StudyError(f"{selector} is a {facts.kind} already: there is nothing to train")
    _check(selector, problem)
    of_rows = isinstance(bed, EstimatorTestbed)
    fidelity = problem.fidelity or ONCE
    return Recipe(
        name=name,
        data=facts.source if of_rows else name,
        family=facts.family,
        title=facts.title or name,
        space=problem.space,
        wide=None,
        ranges=f"chosen by the author of {selector}",
        fidelity=fidelity,
        levels=own_levels(fidelity),
        train=partial(train_own, selector, digest),
        packages=("scikit-learn", "numpy", "scipy") if of_rows else ("numpy",),
        task=bed.rows.task if isinstance(bed, EstimatorTestbed) else "",
        objective=problem.objectives[0],
        describe=partial(_described, selector, digest),
        folds=tuple(range(bed.folds)) if isinstance(bed, EstimatorTestbed) else (0,),
        outer=OUTER if of_rows else 1,
        groups=isinstance(bed, EstimatorTestbed) and bed.rows.split().group is not None,
        chunk=1,
        replicated=of_rows or facts.stochastic,
    )


def own_levels(fidelity: Fidelity) -> tuple[float, ...]:
    """Return at most eight levels, evenly spaced in their logarithm.

    >>> own_levels(SHARE)
    (0.0625, 0.125, 0.25, 0.5, 1.0)
    >>> own_levels(Fidelity("trees", 1, 64))
    (1, 2, 3, 6, 11, 20, 35, 64)
    """
    low, high = fidelity.min, fidelity.max
    if low == high:
        return (high,)
    if fidelity.name == SHARE.name:
        halves = high / 2.0 ** np.arange(MOST_LEVELS)
        return (
            *([low] if low not in halves else []),
            *sorted(float(v) for v in halves if v >= low),
        )
    spaced = np.geomspace(low, high, MOST_LEVELS)
    if whole(fidelity):
        return tuple(int(v) for v in np.unique(np.rint(spaced)))
    return (low, *(float(f"{v:.6g}") for v in spaced[1:-1]), high)


def train_own(
    selector: str,
    digest: str,
    configs: Sequence[Config],
    levels: Sequence[float],
    fold: int,
    replicate: int,
) -> Trained:
    """Train configurations of a user's testbed, in whichever process this is.

    Raises:
        StudyError: If its file is no longer what it was.
    """
    bed, now, _ = _opened(selector)
    if now != digest:
        raise StudyError(f"{selector} was changed while it was being collected; collect again")
    if isinstance(bed, EstimatorTestbed):
        return train_estimator(bed, configs, levels, fold, replicate)
    return train_function(bed, configs, levels, replicate)


def _opened(selector: str) -> tuple[Testbed, str, str]:
    """Return the testbed, what its code and data are, and the name of its table."""
    from hpobench_lab import plugins

    plugin = plugins.testbed_plugin(selector)
    bed = _bed(selector, str(Path.cwd()), plugin.file_version)
    facts = bed.facts
    digest = f"{plugin.file_version or facts.version} {facts.data_sha256}"
    return bed, digest, re.sub(r"[^A-Za-z0-9.]+", "-", facts.name).strip("-")


@cache
def _bed(selector: str, place: str, version: str) -> Testbed:
    """Open a testbed once in a place, as long as its file stays as it is."""
    from hpobench_lab import plugins

    return plugins.testbed(selector)


def _check(selector: str, problem: Problem) -> None:
    if len(problem.objectives) > 1 or problem.constraints or len(problem.fidelities) > 1:
        raise StudyError(
            f"{selector} cannot be collected: a table has one objective, at most one fidelity and "
            f"no outcome constraints, got {len(problem.objectives)}, {len(problem.fidelities)} "
            f"and {len(problem.constraints)}"
        )
    fidelity = [problem.fidelity.name] if problem.fidelity else []
    for word in (*problem.space.names, *fidelity):
        if word in RESERVED:
            raise StudyError(
                f"{selector}: {word!r} is a column of every table; choose another name"
            )


def _described(selector: str, digest: str) -> Mapping[str, Any]:
    bed, now, _ = _opened(selector)
    facts = bed.facts
    common = {
        "energy": {
            "kind": "modelled",
            "formula": "joules = watts * cpu_s; nothing was metered",
            "watts": CORE_W,
        },
        "chance": facts.chance,
        "continuation": bed.problem.continuation,
        "digest": now,
    }
    data = {"title": facts.title, "citation": facts.citation, "licence": facts.licence}
    if not isinstance(bed, EstimatorTestbed):
        return common | {
            "chance_origin": "declared by the author" if facts.chance is not None else "",
            "noise": "the function's seed" if facts.stochastic else "none: declared deterministic",
            "peak_memory": "not known",
            "cost": "seconds returned as cost_s, or else CPU seconds of the call",
            "data": data | {"sha256": facts.data_sha256, "groups": ""},
        }
    sizes = bed.rows.split().sizes
    given = bed.rows.given
    source = DATASETS[given] if isinstance(given, str) else None
    return common | {
        "chance_origin": "validation loss of the best constant prediction of the training rows",
        "noise": "training seed and inner split; the held-out rows stay",
        "peak_memory": "modelled: training rows, targets and the pickled estimator",
        "cost": "CPU seconds of fitting from scratch, measuring excluded",
        "data": data
        | {
            "url": source.url if source else "",
            "sha256": facts.data_sha256,
            "split": dict(zip(("train", "valid", "test"), sizes, strict=True)),
            "preprocessing": "standardised with the mean and deviation of train, clipped to +-10",
            "groups": (source.groups if source else "of the author")
            if bed.rows.split().group is not None
            else "",
        },
    }
