"""What a surrogate sees of a trial: the configuration, products, the logarithm of the fidelity.

In this order:

1. the unit coordinate of every parameter, 0.5 where it is inactive; a ``Categorical`` of more than
   two choices has one column a choice instead, all 0 where it is inactive;
2. for every condition in the space, 1 where it holds and 0 elsewhere;
3. the logarithms of the products without fidelity, 0 where a factor is inactive;
4. the logarithm of the fidelity;
5. the logarithms of the products with fidelity.

The first three make the ``config_columns``; only they decide the cost of a full training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.parameters import Categorical, Ordinal, Parameter
from hpobench_lab.space import Space

__all__ = ["Derived", "config_columns", "features"]

FloatArray = NDArray[np.float64]
Derived = Sequence[Mapping[str, float]]
"""Products of powers, such as ``{"lr": 1, "1-momentum": -1}``, the effective learning rate.

A key is a parameter, ``1-`` a parameter, or the fidelity; the feature is the product's logarithm.
"""


def _one_hot(parameter: Parameter) -> bool:
    return isinstance(parameter, Categorical) and len(parameter.choices) > 2


def _conditional(space: Space) -> list[str]:
    """Return one parameter for every distinct condition that a coordinate does not show itself."""
    first: dict[str, str] = {}
    for name, parameter in space.items():
        if parameter.when and not _one_hot(parameter):
            first.setdefault(repr(sorted(parameter.when.items())), name)
    return list(first.values())


def _coordinates(space: Space, values: FloatArray, x: FloatArray) -> list[FloatArray]:
    columns: list[FloatArray] = []
    for j, (_, parameter) in enumerate(space.items()):
        if isinstance(parameter, Categorical) and _one_hot(parameter):
            columns += [(values[:, j] == c).astype(float) for c in range(len(parameter.choices))]
        else:
            columns.append(x[:, j])
    return columns


def _numbers(space: Space, values: FloatArray, name: str) -> FloatArray:
    """Return the numbers behind one parameter's codes, shape (n,); NaN where it is inactive."""
    parameter, column = space[name], np.ascontiguousarray(values[:, space.names.index(name)])
    if isinstance(parameter, Ordinal):
        active = ~np.isnan(column)
        choices = np.array(parameter.choices, dtype=np.float64)
        return np.where(active, choices[np.where(active, column, 0.0).astype(np.int64)], np.nan)
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
    return np.where(np.isnan(total), 0.0, total)


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
        Shape (n, F), C-contiguous.

    >>> from hpobench_lab.parameters import Float
    >>> space = Space({"lr": Float(0.01, 1.0, log=True)})
    >>> one = np.array([[1.0]])
    >>> features(space, one, one, np.array([1.0]), "epochs", [{"lr": 1, "epochs": 1}])
    array([[1., 0., 0.]])
    """
    steps = np.ascontiguousarray(fidelity)
    columns = _coordinates(space, values, x)
    for parameter in _conditional(space):
        columns.append((~np.isnan(values[:, space.names.index(parameter)])).astype(float))
    alone = [p for p in derived if name not in p]
    along = [p for p in derived if name in p]
    columns += [_log_product(space, values, steps, name, powers) for powers in alone]
    columns.append(np.log(steps))
    columns += [_log_product(space, values, steps, name, powers) for powers in along]
    return np.column_stack(columns)


def config_columns(space: Space, name: str, derived: Derived) -> int:
    """Return how many features, the first ones, do not depend on the fidelity."""
    widths = [len(p.choices) if _one_hot(p) else 1 for p in space.parameters]  # type: ignore[union-attr]
    return sum(widths) + len(_conditional(space)) + sum(name not in p for p in derived)
