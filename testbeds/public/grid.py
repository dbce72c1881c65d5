"""The full product grid of a space: rows numbered in mixed radix, last parameter fastest."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.errors import DataError
from hpobench_lab.parameters import Float, Int
from hpobench_lab.space import Space

__all__ = ["grid_codes", "grid_numbers", "grid_size"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]


def grid_size(space: Space) -> int:
    """Return how many configurations the grid has.

    >>> from hpobench_lab.parameters import Ordinal
    >>> grid_size(Space({"layers": Ordinal((1, 2)), "units": Ordinal((16, 32, 64))}))
    6
    """
    return math.prod(_radix(space)[0])


def grid_numbers(space: Space, values: FloatArray) -> IntArray:
    """Return the number of each row of values, shape (n, d) to (n,)."""
    sizes, low = _radix(space)
    codes = tuple((values - low).astype(np.intp).T)
    return np.asarray(np.ravel_multi_index(codes, sizes), dtype=np.intp)


def grid_codes(space: Space, number: int) -> FloatArray:
    """Return the values of one row, shape (d,).

    >>> from hpobench_lab.parameters import Ordinal
    >>> grid_codes(Space({"layers": Ordinal((1, 2)), "units": Ordinal((16, 32, 64))}), 4)
    array([1., 1.])
    """
    sizes, low = _radix(space)
    return np.array(np.unravel_index(number, sizes), dtype=np.float64) + low


def _radix(space: Space) -> tuple[tuple[int, ...], FloatArray]:
    """Return how many values each parameter has, and its smallest code."""
    sizes, low = [], []
    for parameter in space.parameters:
        if isinstance(parameter, Float) or parameter.when:
            raise DataError("a full grid has no real and no conditional parameters")
        if isinstance(parameter, Int):
            first, count = parameter.low, parameter.high - parameter.low + 1
        else:
            first, count = 0, len(parameter.choices)
        low.append(float(first))
        sizes.append(count)
    return tuple(sizes), np.array(low)
