"""Bind keyword arguments to a plug-in's signature: unknown names, wrong types, defaults."""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hpobench_lab.errors import StudyError, suggestion

__all__ = ["Bound", "bind", "keywords", "non_default"]

_PLAIN = (bool, int, float, str)


@dataclass(frozen=True)
class Bound:
    """Hold bound arguments, defaults applied, and what was wrong with which of them."""

    params: Mapping[str, Any]
    wrong: Mapping[str, str] = field(default_factory=dict)

    def or_raise(self, who: str) -> Mapping[str, Any]:
        """Return the arguments, or raise a StudyError that names every wrong one."""
        if self.wrong:
            raise StudyError("\n".join(f"{who}: {text}" for text in self.wrong.values()))
        return self.params


def keywords(target: Callable[..., Any], skip: int = 0) -> inspect.Signature:
    """Return the signature of what may be given by name, types evaluated where they can be.

    Args:
        target: A class or a function.
        skip: How many leading positional parameters are the harness's own.

    >>> def local(history, problem, rng, *, step: float = 0.1): ...
    >>> str(keywords(local, skip=3))
    '(*, step: float = 0.1)'
    """
    try:
        signature = inspect.signature(target, eval_str=True)
    except (NameError, TypeError, AttributeError, SyntaxError):
        signature = inspect.signature(target)
    except ValueError:
        return inspect.Signature()
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    named = [p for p in list(signature.parameters.values())[skip:] if p.kind in kinds]
    return inspect.Signature([p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in named])


def bind(signature: inspect.Signature, params: Mapping[str, Any]) -> Bound:
    """Return the arguments with defaults applied, and a message for every wrong one.

    >>> def f(*, step: float = 0.1): ...
    >>> bind(keywords(f), {"stepp": 1}).wrong["stepp"]
    "unknown parameter 'stepp'. Did you mean 'step'?"
    """
    known = signature.parameters
    values: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for name, value in params.items():
        if name not in known:
            hint = suggestion(name, known) or f" It takes {', '.join(known) or 'no parameters'}."
            wrong[name] = f"unknown parameter {name!r}.{hint}"
            continue
        values[name], text = _fit(known[name], value)
        if text:
            wrong[name] = text
    for name, parameter in known.items():
        if name in params:
            continue
        if parameter.default is inspect.Parameter.empty:
            wrong[name] = f"the parameter {name!r} must be given"
        elif _is_plain_data(parameter.default):
            values[name] = parameter.default
    return Bound({n: values[n] for n in known if n in values}, wrong)


def non_default(signature: inspect.Signature, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that differ from the signature's defaults, for labels."""
    return {n: v for n, v in params.items() if v != signature.parameters[n].default}


def _fit(parameter: inspect.Parameter, value: Any) -> tuple[Any, str]:
    """Return (the value in the declared type, what is wrong with it or "")."""
    declared = parameter.annotation
    if declared is inspect.Parameter.empty or isinstance(declared, str):
        if type(parameter.default) not in _PLAIN:
            return value, ""
        declared = type(parameter.default)
    if declared is float and type(value) is int:
        return float(value), ""
    fits = type(value) is declared if declared in _PLAIN else _validates(declared, value)
    return value, "" if fits else f"{parameter.name!r} must be {_say(declared)}, got {value!r}"


def _validates(declared: Any, value: Any) -> bool:
    """Return whether pydantic accepts the value as it is; what it cannot judge passes."""
    import pydantic

    try:
        adapter = pydantic.TypeAdapter(declared)
    except (pydantic.errors.PydanticUserError, TypeError, NameError):
        return True
    text = json.dumps(value, default=str)
    try:
        adapter.validate_json(text, strict=True)
    except pydantic.ValidationError:
        return False
    return True


def _say(declared: Any) -> str:
    names: dict[Any, str] = {
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        str: "a string",
        type(None): "none",
    }
    if declared in names:
        return names[declared]
    if typing.get_origin(declared) is typing.Literal:
        return " or ".join(repr(v) for v in typing.get_args(declared))
    parts = typing.get_args(declared)
    if parts and typing.get_origin(declared) in (list, tuple):
        return f"a list of {_say(parts[0])}"
    if parts and _is_union(declared):
        return " or ".join(_say(p) for p in parts)
    return str(declared).replace("typing.", "")


def _is_union(declared: Any) -> bool:
    import types

    return typing.get_origin(declared) in (typing.Union, types.UnionType)


def _is_plain_data(value: Any) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True
