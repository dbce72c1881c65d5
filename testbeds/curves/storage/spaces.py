"""The two spaces of a table: the normal one, and the wide one whose values are stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.errors import StudyError
from hpobench_lab.parameters import Categorical, Ordinal, Parameter
from hpobench_lab.space import Space

__all__ = ["asked_space", "stored_space", "translated"]

FloatArray = NDArray[np.float64]


def stored_space(header: Mapping[str, Any]) -> Space:
    """Return the space whose values a table stores: the wide one where there is one."""
    return Space.from_json(header.get("space_wide") or header["space"])


def asked_space(header: Mapping[str, Any], *, wide: bool = False) -> Space:
    """Return the space that a testbed serves.

    Raises:
        StudyError: If the wide one is asked of a table that has none.
    """
    if wide and not header.get("space_wide"):
        raise StudyError(
            f"{header['name']} was collected in one space only: it has no wide=true variant"
        )
    return Space.from_json(header["space_wide" if wide else "space"])


def translated(values: FloatArray, of: Space, to: Space) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return the same configurations as values of another space with the same parameters.

    Args:
        values: Canonical values of ``of``, shape (n, d).
        of: Where they come from.
        to: Same names; its bounds and choices may be narrower or wider.

    Returns:
        Values of ``to``, shape (n, d), and which rows lie inside it, shape (n,); rows outside hold
        NaN somewhere.

    >>> from hpobench_lab.parameters import Float
    >>> wide = Space({"lr": Float(1e-5, 1.0, log=True)})
    >>> normal = Space({"lr": Float(1e-3, 1.0, log=True)})
    >>> translated(np.array([[0.1], [1e-4]]), wide, normal)[1]
    array([ True, False])
    """
    out = np.empty_like(values)
    for j, (name, parameter) in enumerate(of.items()):
        out[:, to.names.index(name)] = _codes(values[:, j], parameter, to[name])
    inside = (np.isnan(out) != to.active(out)).all(axis=1) & to.feasible(out)
    return np.ascontiguousarray(out), inside


def _codes(column: FloatArray, of: Parameter, to: Parameter) -> FloatArray:
    """Return codes of ``to`` for codes of ``of``; NaN where it has none."""
    if isinstance(of, (Categorical, Ordinal)) and isinstance(to, (Categorical, Ordinal)):
        if of.choices == to.choices:
            return column
        index = [to.choices.index(c) if c in to.choices else np.nan for c in of.choices]
        known = ~np.isnan(column)
        found = np.full(len(column), np.nan)
        found[known] = np.array(index)[column[known].astype(np.int64)]
        return found
    assert not isinstance(to, (Categorical, Ordinal))
    return np.where((column >= to.low) & (column <= to.high), column, np.nan)
