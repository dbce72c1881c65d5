"""A search space as Syne Tune writes it into ``configspace.json``, and the listed values in it.

=========================  ========================================================================
domain_cls                 becomes
=========================  ========================================================================
``Float``, ``Integer``     ``Float``, ``Int``; logarithmic when ``sampler_cls`` is ``LogUniform``
``FiniteRange``            ``Ordinal`` of its evenly or geometrically spaced values
``Ordinal``,               ``Ordinal``
``OrdinalNearestNeighbor``
``Categorical``            ``Categorical``
a plain value              nothing: it is a constant
=========================  ========================================================================

What is handled and not copied: where LCBench's bug was kept as a category ``"True"`` among numbers
as text, the parameter is an ``Ordinal`` of numbers with 1 in its place; whole numbers stored as
logarithms come back as 2.9999999 and are rounded, and are ``Float`` where they are no whole numbers
at all; values outside the declared range widen it, because a table serves what was measured;
a logarithmic range that reaches 0 is linear. Syne Tune itself writes ``reverseloguniform`` as
``LogUniform``, which cannot be told apart.

Format: syne-tune 0.16.0 (Apache-2.0), ``config_space.py``: ``to_dict`` and ``from_dict``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.errors import DataError
from hpobench_lab.parameters import Categorical, Float, Int, Ordinal, Parameter
from hpobench_lab.space import Space

__all__ = ["read_space"]

FloatArray = NDArray[np.float64]
_ORDERED = ("Ordinal", "OrdinalNearestNeighbor")
_CLOSE = 1e-6


def read_space(
    declared: Mapping[str, Any], columns: Mapping[str, Sequence[Any]]
) -> tuple[Space, FloatArray]:
    """Return the space and the listed configurations in it, shape (n, d).

    Args:
        declared: What ``configspace.json`` holds.
        columns: Hyperparameter -> n listed values.

    Raises:
        DataError: If a hyperparameter is not listed, has no known domain or a value outside it.

    >>> depth = {"domain_cls": "Integer", "domain_kwargs": {"lower": 1, "upper": 9}}
    >>> read_space({"depth": depth, "epochs": 50}, {"depth": [3, 4]})
    (Space({'depth': Int(low=1, high=9, log=False, when={})}), array([[3.], [4.]]))
    """
    parameters: dict[str, Parameter] = {}
    codes: list[FloatArray] = []
    for name, domain in declared.items():
        if not isinstance(domain, Mapping):
            continue
        if name not in columns:
            raise DataError(f"hyperparameter {name!r} is declared, but no values are listed")
        try:
            found = _read(domain, columns[name])
        except KeyError as error:
            raise DataError(f"hyperparameter {name!r}: its domain lacks {error}") from None
        except (TypeError, ValueError) as error:
            raise DataError(f"hyperparameter {name!r}: {error}") from None
        if found is not None:
            parameters[name] = found[0]
            codes.append(found[1])
    if not parameters:
        raise DataError("no hyperparameter varies")
    return Space(parameters), np.column_stack(codes)


def _read(domain: Mapping[str, Any], column: Sequence[Any]) -> tuple[Parameter, FloatArray] | None:
    """Return a parameter and its codes, shape (n,), or None where nothing varies."""
    kind, given = domain["domain_cls"], domain["domain_kwargs"]
    if kind in ("Float", "Integer"):
        return _range(kind, given, str(domain.get("sampler_cls")) == "LogUniform", column)
    make: type[Ordinal] | type[Categorical] = Ordinal
    if kind == "FiniteRange":
        choices = _spaced(**given)
    elif kind in (*_ORDERED, "Categorical"):
        choices = list(given["categories"])
        make = Ordinal if kind in _ORDERED else Categorical
    else:
        raise ValueError(f"unknown domain {kind!r}")
    if kind == "Categorical" and _layers(choices):
        choices, make = sorted({_layer(c) for c in choices}), Ordinal
        column = [_layer(value) for value in column]
    codes = _matched(choices, column)
    return (make(tuple(choices)), codes) if len(choices) > 1 else None


def _range(
    kind: str, given: Mapping[str, Any], log: bool, column: Sequence[Any]
) -> tuple[Parameter, FloatArray] | None:
    values = _floats(column)
    low = min(float(given["lower"]), float(values.min()))
    high = max(float(given["upper"]), float(values.max()))
    if kind == "Integer":
        whole = np.rint(values)
        if np.abs(values - whole).max() <= _CLOSE * max(1.0, np.abs(whole).max()):
            low, high = float(np.rint(low)), float(np.rint(high))
            return (Int(int(low), int(high), log and low >= 1), whole) if low < high else None
    return (Float(low, high, log and low > 0), values) if low < high else None


def _floats(column: Sequence[Any]) -> FloatArray:
    values = np.array(column, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError(f"configuration {int(np.argmin(np.isfinite(values)))} has no finite value")
    return values


def _spaced(
    lower: float, upper: float, size: int, log_scale: bool = False, cast_int: bool = False
) -> list[Any]:
    """Return the values of a finite range, both ends exactly."""
    grid = np.geomspace(lower, upper, size) if log_scale else np.linspace(lower, upper, size)
    return [int(v) for v in np.rint(grid)] if cast_int else [float(f"{v:.12g}") for v in grid]


def _layers(choices: Sequence[Any]) -> bool:
    """Return whether True stands for 1 among numbers written as text."""
    text = [c for c in choices if c != "True"]
    return len(text) == len(choices) - 1 > 0 and all(str(c).isdigit() for c in text)


def _layer(value: Any) -> int:
    return 1 if str(value) == "True" else int(value)


def _matched(choices: Sequence[Any], column: Sequence[Any]) -> FloatArray:
    """Return the index of each value among the choices; numbers may differ in the last digits."""
    index = {(isinstance(c, bool), c): float(i) for i, c in enumerate(choices)}
    numbers = [c for c in choices if isinstance(c, (int, float)) and not isinstance(c, bool)]
    codes: dict[Any, float] = {}
    for value in {(isinstance(v, bool), v) for v in column}:
        if value in index:
            codes[value] = index[value]
        elif value[1] is None and (False, "None") in index:
            codes[value] = index[False, "None"]
        elif numbers == list(choices) and not value[0] and isinstance(value[1], (int, float)):
            codes[value] = _nearest(choices, float(value[1]))
        else:
            raise ValueError(f"{value[1]!r} is none of {choices}")
    return np.array([codes[isinstance(v, bool), v] for v in column])


def _nearest(choices: Sequence[Any], value: float) -> float:
    gaps = np.abs(np.array(choices, dtype=np.float64) - value)
    best = int(np.argmin(gaps))
    if not gaps[best] <= _CLOSE * max(abs(value), _CLOSE):
        raise ValueError(f"{value!r} is none of {choices}")
    return float(best)
