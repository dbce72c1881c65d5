"""The four kinds of parameter and their maps between values and the unit interval.

A value is held as a float64 *code*: the number itself for ``Float`` and ``Int``, the index of the
choice for ``Categorical`` and ``Ordinal``. Every map is vectorised and elementwise.

A ``Float`` holds decimal numbers: 13 significant digits of its larger bound (linear) or of the
value (``log``). That makes the round trip value -> unit -> value exact, and what people write,
such as 0.1 or 3e-4, stays what they wrote. The bounds themselves are always values.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Categorical", "Float", "Int", "Ordinal", "Parameter"]

FloatArray = NDArray[np.float64]
When = Mapping[str, Any]
"""Name of another parameter -> the value, or the values, for which this one is active."""

DIGITS = 13
_POW10 = np.array([float(f"1e{i}") for i in range(-300, 301)])


def _power_of_ten(exponent: NDArray[np.int64]) -> FloatArray:
    return np.asarray(_POW10[np.clip(exponent, -300, 300) + 300])


def _decimal(v: FloatArray, places: NDArray[np.int64]) -> FloatArray:
    """Return v rounded to decimal places, as the floats nearest to those decimals."""
    scale = _power_of_ten(places)
    digits = np.rint(v * scale)
    grid = digits / scale
    inexact = np.abs(places) > 22  # 10**23 is no float: let the parser round
    if np.any(inexact):
        places = np.broadcast_to(places, v.shape)
        for i in np.flatnonzero(np.broadcast_to(inexact, v.shape)):
            grid[i] = float(f"{int(digits[i])}e{-int(places[i])}")
    return grid


def _number(value: object, what: str) -> float:
    if isinstance(value, (bool, np.bool_)) or not isinstance(
        value, (int, float, np.integer, np.floating)
    ):
        raise ValueError(f"{what} must be a number, got {value!r}")
    if not math.isfinite(value):
        raise ValueError(f"{what} must be finite, got {value!r}")
    return float(value)


def _check_bounds(kind: str, low: object, high: object, log: bool, least: float) -> None:
    lo, hi = _number(low, f"{kind}: the lower bound"), _number(high, f"{kind}: the upper bound")
    if not lo < hi:
        raise ValueError(f"{kind}: the lower bound must be below the upper, got [{low}, {high}]")
    if log and lo < least:
        raise ValueError(
            f"{kind}: with log=True the lower bound must be at least {least:g}, got {low}"
        )


@dataclass(frozen=True)
class Float:
    """Declare a real number in ``[low, high]``, uniform on the line or, with ``log``, in log.

    Args:
        low: Smallest value, finite; positive (at least 1e-280) when ``log``.
        high: Largest value, finite, above ``low``.
        log: Whether the unit interval maps to the logarithm of the value.
        when: Activity condition, for example ``{"kernel": ("poly", "rbf")}``.

    Raises:
        ValueError: If the bounds are not finite, not ordered or not positive under ``log``.

    >>> lr = Float(1e-5, 1.0, log=True)
    >>> lr.from_unit(lr.to_unit(np.array([0.1])))
    array([0.1])
    """

    kind: ClassVar[str] = "float"
    low: float
    high: float
    log: bool = False
    when: When = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_bounds("Float", self.low, self.high, self.log, 1e-280)
        object.__setattr__(self, "low", float(self.low))
        object.__setattr__(self, "high", float(self.high))

    def from_unit(self, u: FloatArray) -> FloatArray:
        """Return the codes of unit coordinates, shape (n,) to (n,)."""
        if self.log:
            low, high = math.log(self.low), math.log(self.high)
            v = np.exp(low + u * (high - low))
            places = DIGITS - 1 - np.floor(np.log10(v)).astype(np.int64)
        else:
            v = self.low + u * (self.high - self.low)
            top = math.floor(math.log10(max(abs(self.low), abs(self.high))))
            places = np.asarray(DIGITS - 1 - top)
        half = 0.5 / _power_of_ten(places)
        grid = _decimal(v, places)
        grid = np.where(grid - self.low < half, self.low, grid)
        return np.where(self.high - grid < half, self.high, grid)

    def to_unit(self, code: FloatArray) -> FloatArray:
        """Return the unit coordinates of codes, shape (n,) to (n,)."""
        if self.log:
            low, high = math.log(self.low), math.log(self.high)
            u = (np.log(code) - low) / (high - low)
        else:
            u = (code - self.low) / (self.high - self.low)
        return np.clip(u, 0.0, 1.0)

    def code(self, value: object) -> float:
        """Return the code of one value; raise ``ValueError`` when it is not legal."""
        number = _number(value, "the value")
        if not self.low <= number <= self.high:
            raise ValueError(f"must lie in [{self.low:g}, {self.high:g}], got {value!r}")
        return number

    def value(self, code: float) -> float:
        """Return the Python value of one code."""
        return float(code)


@dataclass(frozen=True)
class Int:
    """Declare an integer in ``[low, high]``, both included; see ``Float`` for ``log`` and ``when``.

    With ``log`` the value v owns the interval [v - 1/2, v + 1/2] of the logarithm.

    >>> Int(1, 8, log=True).from_unit(np.array([0.0, 0.5, 1.0]))
    array([1., 2., 8.])
    """

    kind: ClassVar[str] = "int"
    low: int
    high: int
    log: bool = False
    when: When = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_bounds("Int", self.low, self.high, self.log, 1.0)
        for bound in (self.low, self.high):
            if int(bound) != bound or abs(bound) > 2**52:
                raise ValueError(f"Int: bounds must be whole numbers below 2**52, got {bound!r}")
        object.__setattr__(self, "low", int(self.low))
        object.__setattr__(self, "high", int(self.high))

    def _edges(self) -> tuple[float, float]:
        return math.log(self.low - 0.5), math.log(self.high + 0.5)

    def from_unit(self, u: FloatArray) -> FloatArray:
        """Return the codes of unit coordinates, shape (n,) to (n,)."""
        if self.log:
            low, high = self._edges()
            v = np.rint(np.exp(low + u * (high - low)))
        else:
            v = np.floor(self.low + u * (self.high - self.low + 1))
        return np.clip(v, self.low, self.high)

    def to_unit(self, code: FloatArray) -> FloatArray:
        """Return the unit coordinates of codes, shape (n,) to (n,)."""
        if self.log:
            low, high = self._edges()
            u = (np.log(code) - low) / (high - low)
        else:
            u = (code - self.low + 0.5) / (self.high - self.low + 1)
        return np.clip(u, 0.0, 1.0)

    def code(self, value: object) -> float:
        """Return the code of one value; raise ``ValueError`` when it is not legal."""
        number = _number(value, "the value")
        if number != math.floor(number):
            raise ValueError(f"must be a whole number, got {value!r}")
        if not self.low <= number <= self.high:
            raise ValueError(f"must lie in [{self.low}, {self.high}], got {value!r}")
        return number

    def value(self, code: float) -> int:
        """Return the Python value of one code."""
        return int(code)


def _check_choices(kind: str, choices: Sequence[object]) -> tuple[object, ...]:
    if isinstance(choices, str) or len(choices) < 2:
        raise ValueError(f"{kind}: needs at least two choices, got {choices!r}")
    for choice in choices:
        if not isinstance(choice, (str, int, float, bool)) or choice != choice:
            raise ValueError(f"{kind}: choices are strings, numbers or booleans, got {choice!r}")
    keys = [(type(c) is bool, c) for c in choices]
    if len(set(keys)) != len(keys):
        raise ValueError(f"{kind}: choices must differ, got {tuple(choices)!r}")
    return tuple(choices)


def _bins_from_unit(u: FloatArray, n: int) -> FloatArray:
    return np.clip(np.floor(u * n), 0, n - 1)


def _bins_to_unit(code: FloatArray, n: int) -> FloatArray:
    return (code + 0.5) / n


def _choice_code(choices: tuple[object, ...], value: object) -> float:
    plain = value.item() if isinstance(value, np.generic) else value
    for i, choice in enumerate(choices):
        if choice == plain and isinstance(choice, bool) == isinstance(plain, bool):
            return float(i)
    raise ValueError(f"must be one of {choices!r}, got {value!r}")


@dataclass(frozen=True)
class Categorical:
    """Declare an unordered choice; see ``Float`` for ``when``.

    >>> Categorical(("relu", "tanh")).from_unit(np.array([0.2, 0.9]))
    array([0., 1.])
    """

    kind: ClassVar[str] = "categorical"
    choices: tuple[Any, ...]
    when: When = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "choices", _check_choices("Categorical", self.choices))

    def from_unit(self, u: FloatArray) -> FloatArray:
        """Return the codes (indices) of unit coordinates, shape (n,) to (n,)."""
        return _bins_from_unit(u, len(self.choices))

    def to_unit(self, code: FloatArray) -> FloatArray:
        """Return the unit coordinates (bin centres) of codes, shape (n,) to (n,)."""
        return _bins_to_unit(code, len(self.choices))

    def code(self, value: object) -> float:
        """Return the code of one value; raise ``ValueError`` when it is not a choice."""
        return _choice_code(self.choices, value)

    def value(self, code: float) -> Any:
        """Return the choice of one code."""
        return self.choices[int(code)]


@dataclass(frozen=True)
class Ordinal:
    """Declare an ordered choice, such as batch sizes; see ``Float`` for ``when``.

    >>> Ordinal((16, 32, 64)).value(1.0)
    32
    """

    kind: ClassVar[str] = "ordinal"
    choices: tuple[Any, ...]
    when: When = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "choices", _check_choices("Ordinal", self.choices))

    def from_unit(self, u: FloatArray) -> FloatArray:
        """Return the codes (indices) of unit coordinates, shape (n,) to (n,)."""
        return _bins_from_unit(u, len(self.choices))

    def to_unit(self, code: FloatArray) -> FloatArray:
        """Return the unit coordinates (bin centres) of codes, shape (n,) to (n,)."""
        return _bins_to_unit(code, len(self.choices))

    def code(self, value: object) -> float:
        """Return the code of one value; raise ``ValueError`` when it is not a choice."""
        return _choice_code(self.choices, value)

    def value(self, code: float) -> Any:
        """Return the choice of one code."""
        return self.choices[int(code)]


Parameter = Float | Int | Categorical | Ordinal
