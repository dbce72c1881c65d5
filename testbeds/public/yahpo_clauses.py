"""Conditions and forbidden combinations of a ``config_space.json``, as trees over columns.

A leaf compares one parameter with constants, or with another parameter; ``AND`` and ``OR`` join
clauses. A leaf does not hold where its parameter is inactive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.parameters import Float, Int, Parameter

__all__ = ["Clause", "clause", "forbidden"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Allowed = dict[str, tuple[Any, ...]]
Known = Mapping[str, float]
WIDEST = 1000
"""Integers that a ``when`` lists at most."""

_COMPARE = {"LT": np.less, "GT": np.greater, "EQ": np.equal}


@dataclass(frozen=True)
class Clause:
    """Hold one clause.

    Args:
        kind: ``IN``, ``NOT IN``, ``LT``, ``GT`` (a leaf), ``AND``, ``OR``, or ``RELATION LT``,
            ``RELATION GT``, ``RELATION EQ`` between two parameters.
        name: Parameter of a leaf.
        codes: What a leaf compares it with.
        other: Second parameter of a relation.
        parts: What a junction joins.
    """

    kind: str
    name: str = ""
    codes: tuple[float, ...] = ()
    other: str = ""
    parts: tuple[Clause, ...] = ()

    @property
    def parents(self) -> set[str]:
        """Return the parameters that are compared."""
        return {n for n in (self.name, self.other) if n}.union(*(p.parents for p in self.parts))

    def holds(self, columns: Mapping[str, FloatArray]) -> BoolArray:
        """Return where the clause holds, shape (n,)."""
        if self.kind in ("AND", "OR"):
            reduce = np.logical_and if self.kind == "AND" else np.logical_or
            return np.asarray(reduce.reduce([p.holds(columns) for p in self.parts]))
        column = columns[self.name]
        if self.kind.startswith("RELATION"):
            return np.asarray(_COMPARE[self.kind[-2:]](column, columns[self.other]))
        if self.kind in ("LT", "GT"):
            return np.asarray(_COMPARE[self.kind](column, self.codes[0]))
        listed = (column[:, None] == np.array(self.codes)).any(axis=1)
        return np.asarray(listed if self.kind == "IN" else ~listed & ~np.isnan(column))

    def when(self, parameters: Mapping[str, Any], known: Known) -> Allowed | None:
        """Return what ``Space`` can state of a condition; None when it can never hold.

        Args:
            parameters: All parameters of the file.
            known: Parameter -> its one code, or NaN where that varies and cannot be stated.
        """
        if self.kind == "AND":
            return _all([p.when(parameters, known) for p in self.parts])
        if self.kind == "OR":
            return _any([p.when(parameters, known) for p in self.parts])
        if self.name in known:
            code = np.array([known[self.name]])
            return None if not np.isnan(code[0]) and not self.holds({self.name: code})[0] else {}
        return self._allowed(parameters[self.name])

    def _allowed(self, parent: Parameter) -> Allowed | None:
        if isinstance(parent, Float):
            return {}
        if isinstance(parent, Int):
            if parent.high - parent.low >= WIDEST:
                return {}
            codes = np.arange(parent.low, parent.high + 1, dtype=np.float64)
        else:
            codes = np.arange(len(parent.choices), dtype=np.float64)
        held = codes[self.holds({self.name: codes})]
        return {self.name: tuple(parent.value(c) for c in held)} if len(held) else None


def _all(parts: list[Allowed | None]) -> Allowed | None:
    """Return what all parts allow together."""
    allowed: Allowed = {}
    for part in parts:
        if part is None:
            return None
        for name, values in part.items():
            both = tuple(v for v in allowed.get(name, values) if v in values)
            if not both:
                return None
            allowed[name] = both
    return allowed


def _any(parts: list[Allowed | None]) -> Allowed | None:
    """Return what some part allows, where that concerns one parent; nothing is stated else."""
    possible = [part for part in parts if part is not None]
    if not possible:
        return None
    names = {tuple(part) for part in possible}
    if len(names) != 1 or len(next(iter(names))) != 1:
        return {}
    (name,) = next(iter(names))
    return {name: tuple(dict.fromkeys(v for part in possible for v in part[name]))}


def clause(entry: Mapping[str, Any], parameters: Mapping[str, Any]) -> Clause:
    """Return one condition of the file.

    Raises:
        ValueError: If its type, a parameter or a value is unknown.
    """
    kind = entry["type"]
    if kind in ("AND", "OR"):
        return Clause(kind, parts=tuple(clause(e, parameters) for e in entry["conditions"]))
    values = entry["values"] if kind == "IN" else [entry["value"]]
    known = {"EQ": "IN", "IN": "IN", "NEQ": "NOT IN", "LT": "LT", "GT": "GT"}
    if kind not in known:
        raise ValueError(f"a condition has the type {kind!r}, which is not supported")
    return _leaf(known[kind], entry["parent"], values, parameters)


def forbidden(entry: Mapping[str, Any], parameters: Mapping[str, Any]) -> Clause:
    """Return one forbidden combination of the file.

    Raises:
        ValueError: If its type, a parameter or a value is unknown.
    """
    kind = entry["type"]
    if kind == "AND":
        return Clause("AND", parts=tuple(forbidden(e, parameters) for e in entry["clauses"]))
    if kind in ("EQUALS", "IN"):
        values = entry["values"] if kind == "IN" else [entry["value"]]
        return _leaf("IN", entry["name"], values, parameters)
    relations = {"LESS": "LT", "GREATER": "GT", "EQUALS": "EQ"}
    if kind == "RELATION" and entry["lambda"] in relations:
        left, right = entry["left"], entry["right"]
        for name in (left, right):
            if not isinstance(_named(name, parameters), (Float, Int)):
                raise ValueError(f"a forbidden relation names {name!r}, which is no number")
        return Clause(f"RELATION {relations[entry['lambda']]}", left, other=right)
    raise ValueError(f"a forbidden combination has the type {kind!r}, which is not supported")


def _leaf(kind: str, name: str, values: list[Any], parameters: Mapping[str, Any]) -> Clause:
    parameter = _named(name, parameters)
    try:
        return Clause(kind, name, tuple(parameter.code(v) for v in values))
    except ValueError as error:
        raise ValueError(f"a clause compares {name!r}: {error}") from None


def _named(name: str, parameters: Mapping[str, Any]) -> Any:
    if name not in parameters:
        raise ValueError(f"a clause names {name!r}, which is no parameter")
    return parameters[name]
