"""What is kept of one run: a JSON header and columns, and what "the same result" means.

Two results are the same when they agree bit by bit in everything that is not *measured*: columns
whose names end in ``_wall_s`` or ``_cpu_s``, and the header's keys ``measured`` and ``host``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["RunRecord", "difference", "measured", "same"]

Columns = Mapping[str, NDArray[Any]]

MEASURED_SUFFIXES = ("_wall_s", "_cpu_s")
MEASURED_KEYS = frozenset({"measured", "host", "wall_start", "wall_end"})


@dataclass(frozen=True, eq=False)
class RunRecord:
    """Hold one whole run, or some told rows of one that goes on.

    Args:
        header: Plain JSON; ``key`` names the run; ``status`` is there once the run has ended.
        columns: Equal lengths n, one row an evaluation in the order told, then the cut ones.
        start: Number of the first row within the run; a partial record must say it. A whole
            run starts at 0.

    Raises:
        ValueError: If the header has no key or the columns' shapes differ.

    >>> len(RunRecord({"key": "0" * 32, "status": "ok"}, {"loss": np.array([0.5, 0.25])}))
    2
    """

    header: dict[str, Any]
    columns: dict[str, NDArray[Any]]
    start: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.header.get("key"), str):
            raise ValueError("RunRecord: the header needs a 'key' of text")
        shapes = {name: array.shape for name, array in self.columns.items()}
        if len(set(shapes.values())) > 1 or any(len(shape) != 1 for shape in shapes.values()):
            raise ValueError(f"RunRecord: columns must be one-dimensional and equal, got {shapes}")

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()))) if self.columns else 0

    @property
    def key(self) -> str:
        """Return the run's key."""
        return str(self.header["key"])

    @property
    def final(self) -> bool:
        """Return whether the run has ended, so that this is all of it."""
        return "status" in self.header


def measured(column: str) -> bool:
    """Return whether a column is measured, so that it may differ between equal runs.

    >>> measured("ask_wall_s"), measured("cost_s")
    (True, False)
    """
    return column.endswith(MEASURED_SUFFIXES)


def same(a: RunRecord, b: RunRecord) -> bool:
    """Return whether two runs are equal in all that is not measured; see ``difference``."""
    return not difference(a, b)


def difference(a: RunRecord, b: RunRecord) -> str:
    """Return the first difference in what is not measured, as text; empty when there is none.

    >>> a = RunRecord({"key": "k", "seed": 1}, {"loss": np.array([0.0, np.nan])})
    >>> b = RunRecord({"key": "k", "seed": 1}, {"loss": np.array([-0.0, np.nan])})
    >>> difference(a, a), difference(a, b)
    ('', 'column loss, row 0: 0.0 != -0.0')
    """
    return json_difference(a.header, b.header, "header") or _column_difference(a.columns, b.columns)


def json_difference(a: Any, b: Any, where: str) -> str:
    """Return the first difference of two JSON values outside measured keys, or ""."""
    if isinstance(a, dict) and isinstance(b, dict):
        for key in [*a, *(k for k in b if k not in a)]:
            if key in MEASURED_KEYS:
                continue
            if key not in a or key not in b:
                return f"{where}.{key}: only in the {'first' if key in a else 'second'}"
            found = json_difference(a[key], b[key], f"{where}.{key}")
            if found:
                return found
        return ""
    if isinstance(a, list | tuple) and isinstance(b, list | tuple) and len(a) == len(b):
        parts = zip(a, b, strict=True)
        found_in = (json_difference(x, y, f"{where}[{i}]") for i, (x, y) in enumerate(parts))
        return next((text for text in found_in if text), "")
    nan = isinstance(a, float) and isinstance(b, float) and a != a and b != b
    return "" if nan or a == b else f"{where}: {a!r} != {b!r}"


def _column_difference(a: Columns, b: Columns) -> str:
    for name in sorted(set(a) | set(b)):
        if measured(name):
            continue
        if name not in a or name not in b:
            return f"column {name}: only in the {'first' if name in a else 'second'}"
        x, y = a[name], b[name]
        if x.dtype != y.dtype or len(x) != len(y):
            return f"column {name}: {len(x)} x {x.dtype} != {len(y)} x {y.dtype}"
        rows = np.flatnonzero(~_equal_bits(x, y))
        if len(rows):
            i = int(rows[0])
            return f"column {name}, row {i}: {x[i].item()!r} != {y[i].item()!r}"
    return ""


def _equal_bits(x: NDArray[Any], y: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which elements agree: -0.0 differs from 0.0, any NaN equals any other."""
    if x.dtype.kind != "f":
        return np.asarray(x == y)
    alike = (x == y) & (np.signbit(x) == np.signbit(y))
    return np.asarray(alike | (np.isnan(x) & np.isnan(y)))
