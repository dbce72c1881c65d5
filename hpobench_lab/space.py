"""The search space: named parameters and the vectorised maps between three forms of a row.

==========  =======================  =====================================================
form        type                     holds
==========  =======================  =====================================================
``config``  dict                     what people read; inactive parameters are absent
``values``  float64 array (n, d)     codes (see ``parameters``); NaN where inactive
``x``       float64 array (n, d)     the unit cube; 0.5 where inactive
==========  =======================  =====================================================

``values`` is the canonical form: equal rows are equal configurations, bit for bit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpobench_lab.constraints import Constraint
from hpobench_lab.errors import suggestion
from hpobench_lab.parameters import Categorical, Float, Int, Ordinal, Parameter

__all__ = ["Config", "Space"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Config = dict[str, Any]

_KINDS: dict[str, type[Any]] = {k.kind: k for k in (Float, Int, Categorical, Ordinal)}
_MAX_REJECTIONS = 1000


class Space:
    """Hold named parameters with their conditions and constraints; immutable and hashable.

    Args:
        parameters: Name -> ``Float``, ``Int``, ``Categorical`` or ``Ordinal``, in order.
        constraints: Expressions over numeric parameters that a configuration must satisfy.

    Raises:
        ValueError: If a condition or a constraint names what is not there, or conditions circle.

    >>> space = Space({"kernel": Categorical(("rbf", "poly")),
    ...                "degree": Int(2, 5, when={"kernel": "poly"})})
    >>> space.configs(space.decode(np.array([[0.9, 0.0], [0.1, 0.7]])))
    [{'kernel': 'poly', 'degree': 2}, {'kernel': 'rbf'}]
    """

    def __init__(
        self, parameters: Mapping[str, Parameter], *, constraints: Sequence[str] = ()
    ) -> None:
        if not parameters:
            raise ValueError("Space: needs at least one parameter")
        for name, parameter in parameters.items():
            if not isinstance(name, str) or not name:
                raise ValueError(f"Space: a parameter's name is a non-empty string, got {name!r}")
            if not isinstance(parameter, (Float, Int, Categorical, Ordinal)):
                raise ValueError(
                    f"Space: {name!r} must be a Float, Int, Categorical or Ordinal, "
                    f"got {parameter!r}"
                )
        self._parameters = dict(parameters)
        self.names = tuple(parameters)
        self._column = {name: j for j, name in enumerate(self.names)}
        self._conditions = self._compile_conditions()
        numeric = [n for n, p in parameters.items() if isinstance(p, (Float, Int))]
        self.constraints = tuple(constraints)
        self._constraints = [Constraint(text, numeric) for text in constraints]

    def __getitem__(self, name: str) -> Parameter:
        return self._parameters[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameters)

    def __len__(self) -> int:
        return len(self._parameters)

    def __contains__(self, name: object) -> bool:
        return name in self._parameters

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Space) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        inner = ", ".join(f"{name!r}: {p!r}" for name, p in self._parameters.items())
        tail = f", constraints={list(self.constraints)!r}" if self.constraints else ""
        return f"Space({{{inner}}}{tail})"

    def items(self) -> list[tuple[str, Parameter]]:
        """Return (name, parameter) pairs in order."""
        return list(self._parameters.items())

    @property
    def dimension(self) -> int:
        """Return d, the number of parameters, inactive ones included."""
        return len(self.names)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Return the parameters in order."""
        return tuple(self._parameters.values())

    @cached_property
    def capabilities(self) -> frozenset[str]:
        """Return what an optimizer must support: kinds, ``conditional``, ``constraints``."""
        needed = {p.kind for p in self._parameters.values()} & {"float", "int", "categorical"}
        if any(isinstance(p, Ordinal) for p in self._parameters.values()):
            needed.add("int")
        if self._conditions:
            needed.add("conditional")
        if self._constraints:
            needed.add("constraints")
        return frozenset(needed)

    @cached_property
    def digest(self) -> str:
        """Return a hash of the declaration, stable across processes and platforms."""
        text = json.dumps(self.to_json(), sort_keys=True, ensure_ascii=False)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    # --- maps -------------------------------------------------------------------------------

    def decode(self, x: ArrayLike) -> FloatArray:
        """Return the values of unit rows, shape (n, d) to (n, d); NaN where inactive.

        Raises:
            ValueError: If the shape is wrong or an entry lies outside [0, 1].
        """
        rows = self._rows(x)
        if not ((rows >= 0.0) & (rows <= 1.0)).all():  # NaN fails too
            bad = rows[~((rows >= 0.0) & (rows <= 1.0))][0]
            raise ValueError(f"unit coordinates must lie in [0, 1], got {bad!r}")
        values = np.empty_like(rows)
        for j, parameter in enumerate(self._parameters.values()):
            values[:, j] = parameter.from_unit(rows[:, j])
        return self._deactivate(values)

    def encode(self, values: ArrayLike) -> FloatArray:
        """Return the canonical unit rows of values, shape (n, d) to (n, d); 0.5 where inactive."""
        rows = self._rows(values)
        x = np.empty_like(rows)
        for j, parameter in enumerate(self._parameters.values()):
            x[:, j] = parameter.to_unit(rows[:, j])
        return np.where(np.isnan(x), 0.5, x) if self._conditions else x

    def configs(self, values: ArrayLike) -> list[Config]:
        """Return one dictionary a row of values; inactive parameters are absent."""
        rows = self._rows(values)
        items = list(self._parameters.items())
        return [
            {
                name: p.value(code)
                for (name, p), code in zip(items, row, strict=True)
                if code == code  # not NaN
            }
            for row in rows.tolist()
        ]

    def values(self, configs: Iterable[Config]) -> FloatArray:
        """Return the values of configurations, shape (n, d).

        Raises:
            ValueError: If a parameter is missing, unknown, illegal or set while inactive.
        """
        rows = [self._codes(config) for config in configs]
        raw = np.array(rows, dtype=np.float64).reshape(len(rows), self.dimension)
        active = self.active(raw)
        for i, j in zip(*np.nonzero(active & np.isnan(raw)), strict=True):
            raise ValueError(f"configuration {i} lacks the active parameter {self.names[j]!r}")
        for i, j in zip(*np.nonzero(~active & ~np.isnan(raw)), strict=True):
            raise ValueError(f"configuration {i} sets {self.names[j]!r}, which is inactive in it")
        return self.decode(self.encode(raw)) if len(rows) else raw

    def active(self, values: FloatArray) -> BoolArray:
        """Return which parameters are active in each row of values, shape (n, d)."""
        mask = np.ones(values.shape, dtype=np.bool_)
        for j, parent, codes in self._conditions:
            column = values[:, parent]
            allowed = (column[:, None] == codes).any(axis=1)
            mask[:, j] &= mask[:, parent] & allowed
        return mask

    def feasible(self, values: FloatArray) -> BoolArray:
        """Return which rows of values satisfy every known constraint, shape (n,)."""
        held = np.ones(len(values), dtype=np.bool_)
        if self._constraints:
            columns = {name: values[:, j] for name, j in self._column.items()}
            for constraint in self._constraints:
                held &= constraint(columns)
        return held

    # --- sampling ---------------------------------------------------------------------------

    def uniform(self, rng: np.random.Generator, n: int) -> FloatArray:
        """Return n canonical unit rows, uniform over the feasible cube, shape (n, d)."""
        x = self.canonical(rng.random((n, self.dimension)))
        if not self._constraints:
            return x
        for _ in range(_MAX_REJECTIONS):
            bad = ~self.feasible(self.decode(x))
            if not bad.any():
                return x
            x[bad] = self.canonical(rng.random((int(bad.sum()), self.dimension)))
        raise ValueError(f"constraints {self.constraints} leave almost nothing of the space")

    def sample(self, rng: np.random.Generator) -> Config:
        """Return one random configuration.

        >>> Space({"lr": Float(0.0, 1.0)}).sample(np.random.default_rng(0))
        {'lr': 0.636961687321}
        """
        return self.configs(self.decode(self.uniform(rng, 1)))[0]

    def canonical(self, x: ArrayLike) -> FloatArray:
        """Return the unit rows that stand for the same configurations, shape (n, d)."""
        return self.encode(self.decode(x))

    # --- storage ----------------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """Return the declaration as plain data; ``from_json`` reads it back."""
        return {
            "parameters": [_parameter_json(n, p) for n, p in self._parameters.items()],
            "constraints": list(self.constraints),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Space:
        """Return the space that ``to_json`` wrote.

        >>> space = Space({"depth": Int(1, 9)})
        >>> Space.from_json(space.to_json()) == space
        True
        """
        parameters = {}
        for entry in data["parameters"]:
            fields = {k: v for k, v in entry.items() if k not in ("name", "kind")}
            parameters[entry["name"]] = _KINDS[entry["kind"]](**fields)
        return cls(parameters, constraints=data.get("constraints", ()))

    # --- inside -----------------------------------------------------------------------------

    def _rows(self, rows: ArrayLike) -> FloatArray:
        array = np.ascontiguousarray(rows, dtype=np.float64)
        if array.ndim != 2 or array.shape[1] != self.dimension:
            raise ValueError(f"expected shape (n, {self.dimension}), got {array.shape}")
        return array

    def _deactivate(self, values: FloatArray) -> FloatArray:
        if self._conditions:
            values[~self.active(values)] = np.nan
        return values

    def _codes(self, config: Config) -> list[float]:
        if not isinstance(config, Mapping):
            raise ValueError(f"a configuration is a dict, got {config!r}")
        unknown = [name for name in config if name not in self._column]
        if unknown:
            raise ValueError(
                f"unknown parameter {unknown[0]!r}.{suggestion(str(unknown[0]), self.names)}"
            )
        codes = []
        for name, parameter in self._parameters.items():
            try:
                codes.append(parameter.code(config[name]) if name in config else np.nan)
            except ValueError as error:
                raise ValueError(f"{name!r} {error}") from None
        return codes

    def _compile_conditions(self) -> list[tuple[int, int, FloatArray]]:
        pending = {n: dict(p.when) for n, p in self._parameters.items() if p.when}
        compiled: list[tuple[int, int, FloatArray]] = []
        while pending:
            ready = [n for n, when in pending.items() if not set(when) & set(pending)]
            if not ready:
                raise ValueError(f"Space: the conditions of {sorted(pending)} form a circle")
            for name in ready:
                for parent, wanted in pending.pop(name).items():
                    codes = self._condition_codes(name, parent, wanted)
                    compiled.append((self._column[name], self._column[parent], codes))
        return compiled

    def _condition_codes(self, name: str, parent: str, wanted: Any) -> FloatArray:
        if parent not in self._column:
            raise ValueError(
                f"Space: {name!r} depends on {parent!r}, which is no parameter."
                f"{suggestion(parent, self.names)}"
            )
        if isinstance(self._parameters[parent], Float):
            raise ValueError(f"Space: {name!r} depends on {parent!r}; a Float cannot be a parent")
        several = isinstance(wanted, (tuple, list, set, frozenset, range))
        try:
            return np.array(
                [self._parameters[parent].code(w) for w in (wanted if several else (wanted,))]
            )
        except ValueError as error:
            raise ValueError(f"Space: {name!r} when {parent!r}: {error}") from None


def _parameter_json(name: str, parameter: Parameter) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": name, "kind": parameter.kind}
    if isinstance(parameter, (Float, Int)):
        entry |= {"low": parameter.low, "high": parameter.high, "log": parameter.log}
    else:
        entry["choices"] = list(parameter.choices)
    if parameter.when:
        entry["when"] = {k: _plain(v) for k, v in parameter.when.items()}
    return entry


def _plain(wanted: Any) -> Any:
    if isinstance(wanted, (set, frozenset)):
        return sorted(wanted, key=repr)
    return list(wanted) if isinstance(wanted, (tuple, list, range)) else wanted
