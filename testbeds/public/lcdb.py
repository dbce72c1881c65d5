"""LCDB: which of up to 20 learners, each with its defaults, serves a data set best.

The fidelity is the size of the training set, at the anchors that were run: powers of the square
root of 2 from 16, and the largest size. Training on more rows starts anew, so nothing is continued.

Two forms are read from a folder:

- ``lcdb_mean.parquet``: means over splits, one row a (openmlid, learner, size_train), with both
  metrics. How many splits a mean rests on differs (column ``n``: 25 in most rows, 1 to 125).
- ``database-accuracy*.csv`` and ``database-logloss*.csv``: one row a split, that is a pair of
  ``outer_seed`` (which rows test) and ``inner_seed`` (which rows validate). Where there is no file
  of means, these are averaged.

Not every learner finished everywhere. With ``learners="complete"`` those are listed that have data
at the largest size that any learner reached; with ``"all"`` every learner with data, and the full
fidelity is the largest size that all of them reached, which can be far from all rows. Either way
the levels are the sizes at which every listed learner has data; nothing is filled in, and of the
raw form only splits count in which a learner has all levels.

Losses are error rates (1 - accuracy) or log-losses. The latter are large for learners that give
hard decisions instead of probabilities; this is in the data. ``score_valid`` is told,
``score_test`` is held out. Seconds are those of one training at that size, made monotone.

LCDB 1.0 leaks: its preprocessing saw rows that were later used for validation and test, says the
README of LCDB 1.1. Differences between learners are to be read with this in mind.

References:
    Mohr, Viering, Loog, van Rijn (2022). LCDB 1.0: an extensive learning curves database for
    classification tasks. ECML PKDD. https://github.com/fmohr/lcdb
    Yan, Mohr, Viering (2025). LCDB 1.1. https://arxiv.org/abs/2505.15657
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.errors import DataError, UnknownName, suggestion
from hpobench_lab.parameters import Categorical
from hpobench_lab.problem import Objective
from hpobench_lab.space import Space
from hpobench_lab.testbed import Facts, Testbed
from hpobench_lab.testbeds.public.arrays import ArrayTable, Levels
from hpobench_lab.testbeds.public.instances import digest
from hpobench_lab.testbeds.public.lcdb_rows import (
    Metric,
    Rows,
    Splits,
    data_files,
    ids,
    names,
    read_rows,
    served,
)
from hpobench_lab.testbeds.public.openml import source_of_data

__all__ = ["instances", "open_instance"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
Which = Literal["complete", "all"]

_LEAK = "preprocessing of LCDB 1.0 leaked, says LCDB 1.1"


def instances(folder: Path) -> list[str]:
    """Return the OpenML ids of the data sets that a folder holds, ascending.

    Raises:
        DataError: If a file in it is damaged.
    """
    found = {number for path in data_files(folder) for number in ids(path)}
    return [str(number) for number in sorted(found)]


def open_instance(
    folder: Path,
    instance: str,
    *,
    metric: Metric = "accuracy",
    splits: Splits = "mean",
    learners: Which = "complete",
) -> Testbed:
    """Open one data set as a choice among its learners.

    Args:
        folder: Where the files lie.
        instance: OpenML id, such as ``"44"``.
        metric: What is minimised: the error rate (1 - accuracy) or the log-loss.
        splits: ``mean`` serves means over splits, ``raw`` one split a trial.
        learners: Which learners are listed; see the module.

    Raises:
        UnknownName: If the folder has no such data set.
        DataError: If a file is missing or damaged, or fewer than two learners have data.
        ValueError: If a parameter has another value.
    """
    for given, known in ((metric, Metric), (splits, Splits), (learners, Which)):
        if given not in get_args(known):
            raise ValueError(f"expected one of {', '.join(get_args(known))}, got {given!r}")
    path, called = served(folder, metric, splits), names(folder)
    read = partial(read_rows, path, _number(path, instance, called), metric, splits)
    rows = read("valid")
    places = _places(f"lcdb/{instance}", rows, learners)
    return ArrayTable(
        _facts(instance, called.get(instance, instance), path, len(places.learners), splits),
        Space({"learner": Categorical(places.learners)}),
        rows.loss[places.row],
        rows.seconds[places.row],
        levels=Levels("training rows", places.sizes, "row"),
        objectives=(Objective("error rate" if metric == "accuracy" else "log-loss"),),
        stored=places.stored,
        continuation="none",
        held_out=lambda: read("test").loss[places.row],
    )


@dataclass(frozen=True)
class _Places:
    """Say which row fills which place of the arrays.

    Args:
        learners: n names.
        sizes: L training sizes, ascending.
        row: Number of the row, shape (n, R, L); that of the first split where there are fewer.
        stored: Splits of each learner, shape (n,).
    """

    learners: tuple[str, ...]
    sizes: FloatArray
    row: IntArray
    stored: IntArray


def _places(name: str, rows: Rows, which: Which) -> _Places:
    keys = zip(rows.learner.tolist(), rows.size.tolist(), rows.split.tolist(), strict=True)
    row = {key: i for i, key in enumerate(keys)}
    reached = {str(n): set(rows.size[rows.learner == n].tolist()) for n in np.unique(rows.learner)}
    top = max(max(sizes) for sizes in reached.values())
    if which == "complete":
        reached = {n: sizes for n, sizes in reached.items() if top in sizes}
    sizes = sorted(set.intersection(*reached.values()))
    splits = np.unique(rows.split).tolist()
    full = {n: [k for k in splits if all((n, s, k) in row for s in sizes)] for n in reached}
    full = {n: found for n, found in full.items() if found}
    if len(full) < 2 or not sizes:
        raise DataError(
            f"{name}: {len(full)} learners have data at {len(sizes)} common training sizes, and a "
            "choice needs two learners; see the parameter learners"
        )
    most = max(map(len, full.values()))
    filled = {n: found + found[:1] * (most - len(found)) for n, found in full.items()}
    return _Places(
        tuple(full),
        np.array(sizes, dtype=np.float64),
        np.array([[[row[n, s, k] for s in sizes] for k in ks] for n, ks in filled.items()]),
        np.array([len(found) for found in full.values()]),
    )


def _number(path: Path, instance: str, called: Mapping[str, str]) -> int:
    known = [str(number) for number in ids(path)]
    if instance in known:
        return int(instance)
    by_name = {name: number for number, name in called.items() if number in known}
    if instance in by_name:
        hint = f" It is named by its OpenML id: lcdb/{by_name[instance]}"
    else:
        hint = suggestion(instance, known) or f" {path.name} has {len(known)}: {known[0]}, ..."
    raise UnknownName(f"lcdb has no data set {instance!r}.{hint}")


def _facts(instance: str, name: str, path: Path, learners: int, splits: Splits) -> Facts:
    what = "means over splits" if splits == "mean" else "one split a trial"
    return Facts(
        f"lcdb/{instance}",
        source=source_of_data(instance),
        family="learners",
        citation=(
            "Mohr, Viering, Loog, van Rijn (2022), LCDB 1.0: an extensive learning curves database "
            "for classification tasks, ECML PKDD, https://github.com/fmohr/lcdb"
        ),
        licence="MIT",
        data_sha256=digest(path),
        title=f"LCDB 1.0: {learners} learners on {name}, {what}; {_LEAK}",
    )
