"""Read a ``config_space.json``: parameters, activity conditions, forbidden combinations.

The format is the old JSON of the library ConfigSpace (json_format_version 0.2 to 0.4). Everything
is evaluated on columns of codes (see ``parameters``), NaN where a parameter is inactive. What
``Space`` can state as a ``when`` is stated there; the rest (an ``or`` over several parents, a bound
on a real number, a condition on the fidelity) leaves a parameter always present, and its value
without effect where the file has it inactive.

References:
    Lindauer et al. (2019), BOAH: A Tool Suite for Multi-Fidelity Bayesian Optimization & Analysis
    of Hyperparameters, arXiv:1908.06756 (ConfigSpace).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.errors import DataError
from hpobench_lab.parameters import Categorical, Float, Int, Ordinal, Parameter
from hpobench_lab.testbeds.public.yahpo_clauses import Clause, clause, forbidden

__all__ = ["Columns", "Constant", "Declared", "read_declared"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
_TRAILING = re.compile(r",(\s*[\]}])")
"""A comma before a bracket that closes: fcnet's file has one, and is no JSON without this."""
Columns = dict[str, FloatArray]
"""Parameter -> codes, shape (n,), NaN where inactive."""


@dataclass(frozen=True)
class Constant:
    """Hold a parameter with one value only; its code is 0."""

    sole: Any

    def code(self, value: object) -> float:
        """Return 0 for the value; raise ``ValueError`` for any other."""
        if value != self.sole:
            raise ValueError(f"must be {self.sole!r}, got {value!r}")
        return 0.0

    def value(self, code: float) -> Any:
        """Return the value."""
        return self.sole


@dataclass(frozen=True)
class Declared:
    """Hold what a ``config_space.json`` declares.

    Args:
        parameters: Name -> parameter, in the order of the file, conditions apart.
        conditions: Child -> what must hold for it to be active, parents before children.
        forbiddens: Combinations that may not be asked.
    """

    parameters: Mapping[str, Parameter | Constant]
    conditions: Mapping[str, Clause]
    forbiddens: tuple[Clause, ...]

    def deactivate(self, columns: Columns) -> Columns:
        """Return the columns with NaN wherever the file has a parameter inactive."""
        done = dict(columns)
        for child, condition in self.conditions.items():
            done[child] = np.where(condition.holds(done), done[child], np.nan)
        return done

    def is_forbidden(self, columns: Columns) -> BoolArray:
        """Return which rows of active columns are forbidden, shape (n,)."""
        n = len(next(iter(columns.values())))
        found = np.zeros(n, dtype=np.bool_)
        for one in self.forbiddens:
            found |= one.holds(columns)
        return found

    def searched(self, fixed: Mapping[str, float]) -> dict[str, Parameter]:
        """Return the parameters of a ``Space`` when some have a given code and others one value.

        Args:
            fixed: Parameter -> its code, or NaN where it varies with the fidelity.
        """
        known = dict(fixed)
        known |= {n: 0.0 for n, p in self.parameters.items() if isinstance(p, Constant)}
        wanted: dict[str, Parameter] = {}
        whens = {n: c.when(self.parameters, known) for n, c in self.conditions.items()}
        never = {name for name, when in whens.items() if when is None}
        for name, parameter in self.parameters.items():
            if not (name in known or name in never or isinstance(parameter, Constant)):
                wanted[name] = replace(parameter, when=whens.get(name) or {})
        return _without_orphans(wanted)


def _without_orphans(wanted: dict[str, Parameter]) -> dict[str, Parameter]:
    """Return the parameters whose parents are all there: a child of what never is, never is."""
    while True:
        orphans = [n for n, p in wanted.items() if not set(p.when) <= set(wanted)]
        if not orphans:
            return wanted
        wanted = {n: p for n, p in wanted.items() if n not in orphans}


def read_declared(path: Path) -> Declared:
    """Read a ``config_space.json``.

    Raises:
        DataError: If it is missing, no JSON, or holds what this reader does not know.
    """
    try:
        text = path.read_text(encoding="utf-8")
        data = json.loads(_TRAILING.sub(r"\1", text))
        parameters = {str(e["name"]): _parameter(e) for e in data["hyperparameters"]}
        conditions = _conditions(data.get("conditions", ()), parameters)
        forbiddens = tuple(forbidden(e, parameters) for e in data.get("forbiddens", ()))
        ordered = {child: conditions[child] for child in _sorted(conditions)}
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        what = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise DataError(f"{path} is no configuration space: {what}") from None
    return Declared(parameters, ordered, forbiddens)


def _parameter(entry: Mapping[str, Any]) -> Parameter | Constant:
    kind, name = entry["type"], entry["name"]
    if entry.get("q") is not None:
        raise ValueError(f"{name!r} is quantised (q), which is not supported")
    if kind in ("constant", "unparametrized"):
        return Constant(entry["value"])
    if kind in ("categorical", "ordinal"):
        choices = tuple(entry["choices"] if kind == "categorical" else entry["sequence"])
        if len(choices) == 1:
            return Constant(choices[0])
        return Categorical(choices) if kind == "categorical" else Ordinal(choices)
    if kind in ("uniform_float", "uniform_int"):
        low, high, log = entry["lower"], entry["upper"], bool(entry.get("log", False))
        if low == high:
            return Constant(low)
        return Float(low, high, log=log) if kind == "uniform_float" else Int(low, high, log=log)
    raise ValueError(f"{name!r} has the type {kind!r}, which is not supported")


def _conditions(entries: Any, parameters: Mapping[str, Parameter | Constant]) -> dict[str, Clause]:
    """Return child -> condition; several of one child must all hold."""
    found: dict[str, Clause] = {}
    for entry in entries:
        child = entry["child"]
        if child not in parameters:
            raise ValueError(f"a condition names {child!r}, which is no parameter")
        one = clause(entry, parameters)
        found[child] = Clause("AND", parts=(found[child], one)) if child in found else one
    return found


def _sorted(conditions: Mapping[str, Clause]) -> Iterator[str]:
    """Yield the children so that each comes after those of its parents that are children too."""
    pending = dict(conditions)
    while pending:
        ready = [n for n, c in pending.items() if not c.parents & set(pending)]
        if not ready:
            raise ValueError(f"the conditions of {sorted(pending)} form a circle")
        for name in ready:
            del pending[name]
        yield from ready
