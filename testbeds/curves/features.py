"""What a surrogate sees of a trial: unit coordinates, the logarithm of the fidelity, products."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.parameters import Ordinal
from hpobench_lab.space import Space

__all__ = ["Derived", "config_columns", "features"]

FloatArray = NDArray[np.float64]
Derived = Sequence[Mapping[str, float]]
"""Products of powers, such as ``{"lr": 1, "1-momentum": -1}``, the effective learning rate.

A key is a parameter, ``1-`` a parameter, or the fidelity; the feature is the product's logarithm.
"""


def _numbers(space: Space, values: FloatArray, name: str) -> FloatArray:
    """Return the numbers behind one parameter's codes, shape (n,)."""
    parameter, column = space[name], np.ascontiguousarray(values[:, space.names.index(name)])
    if isinstance(parameter, Ordinal):
        return np.array(parameter.choices, dtype=np.float64)[column.astype(np.int64)]
    return column


def _log_product(
    space: Space, values: FloatArray, fidelity: FloatArray, name: str, powers: Mapping[str, float]
) -> FloatArray:
    total = np.zeros(len(values))
    for term, power in powers.items():
        if term == name:
            number = fidelity
        elif term.startswith("1-"):
            number = 1.0 - _numbers(space, values, term[2:])
        else:
            number = _numbers(space, values, term)
        total = total + power * np.log(number)
    return total


def features(
    space: Space,
    values: FloatArray,
    x: FloatArray,
    fidelity: FloatArray,
    name: str,
    derived: Derived,
) -> FloatArray:
    """Return the features of trials.

    Args:
        space: d parameters.
        values: Canonical values, shape (n, d).
        x: Their unit rows, shape (n, d).
        fidelity: Shape (n,).
        name: Name of the fidelity, as ``derived`` uses it.
        derived: k products.

    Returns:
        Shape (n, d + 1 + k).

    >>> from hpobench_lab.parameters import Float
    >>> space = Space({"lr": Float(0.01, 1.0, log=True)})
    >>> one = np.array([[1.0]])
    >>> features(space, one, one, np.array([1.0]), "epochs", [{"lr": 1, "epochs": 1}])
    array([[1., 0., 0.]])
    """
    steps = np.ascontiguousarray(fidelity)
    products = [_log_product(space, values, steps, name, powers) for powers in derived]
    return np.column_stack([x, np.log(steps), *products])


def config_columns(space: Space, name: str, derived: Derived) -> list[int]:
    """Return the columns of ``features`` that do not depend on the fidelity."""
    first = space.dimension + 1
    alone = [first + i for i, powers in enumerate(derived) if name not in powers]
    return [*range(space.dimension), *alone]
