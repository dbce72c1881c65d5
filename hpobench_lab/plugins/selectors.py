"""The text by which a plug-in is named: ``tpe``, ``tpe(multivariate=true)``, ``file.py:Name``."""

from __future__ import annotations

import ast
import keyword
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from hpobench_lab.errors import StudyError

__all__ = ["Selector", "call_text", "parse"]

_WORDS: Mapping[str, Any] = {"true": True, "false": False, "inf": math.inf, "nan": math.nan}
_CALL = re.compile(r"^(?P<name>[^(]*)\((?P<inside>.*)\)$", re.DOTALL)
_MODULE = re.compile(r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")
_WORKER = "worker:"


@dataclass(frozen=True)
class Selector:
    """Hold a parsed selector.

    Args:
        text: As the user wrote it.
        form: ``name`` (globs too), ``module`` (``package.module:Name``) or ``file``
            (``path/file.py`` or ``path/file.py:name``).
        target: The name, the module, or the path.
        attribute: What follows the colon, or "".
        params: Arguments in parentheses.
    """

    text: str
    form: Literal["name", "module", "file"]
    target: str
    attribute: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_glob(self) -> bool:
        """Return whether the name stands for several."""
        return self.form == "name" and any(c in self.target for c in "*?[")


def parse(text: str) -> Selector:
    """Return the parts of a selector.

    Raises:
        StudyError: If the parentheses do not hold ``name=value`` pairs, or nothing is named.

    >>> parse("tpe(multivariate=true, n=3)").params
    {'multivariate': True, 'n': 3}
    >>> parse("my/file.py:Mine").target
    'my/file.py'
    """
    stripped = text.strip()
    if stripped.startswith(_WORKER):
        raise StudyError(f"{text!r}: worker selectors are not available in this version")
    match = _CALL.match(stripped)
    name = match["name"].strip() if match else stripped
    params = _arguments(text, match["inside"]) if match else {}
    if not name or "(" in name or ")" in name:
        raise StudyError(f"{text!r} is not a selector; write name or name(param=value, ...)")
    if name.endswith(".py"):
        return Selector(text, "file", name, "", params)
    path, mark, attribute = name.rpartition(".py:")
    if mark:
        return Selector(text, "file", f"{path}.py", attribute, params)
    if _MODULE.match(name):
        module, _, attribute = name.partition(":")
        return Selector(text, "module", module, attribute, params)
    return Selector(text, "name", name, "", params)


def _arguments(text: str, inside: str) -> dict[str, Any]:
    try:
        call = ast.parse(f"f({inside})", mode="eval").body
    except (SyntaxError, ValueError):
        call = None
    if not isinstance(call, ast.Call) or call.args or any(k.arg is None for k in call.keywords):
        raise StudyError(f"{text!r}: the parentheses must hold name=value pairs")
    found: dict[str, Any] = {}
    for argument in call.keywords:
        name = str(argument.arg)
        if name in found:
            raise StudyError(f"{text!r}: {name} is given twice")
        found[name] = _value(text, name, argument.value)
    return found


def _value(text: str, name: str, node: ast.expr) -> Any:
    """Return a literal; true and false as in TOML; another bare word is a string."""
    if isinstance(node, ast.Name):
        return _WORDS.get(node.id, node.id)
    if isinstance(node, (ast.List, ast.Tuple)):
        return [_value(text, name, element) for element in node.elts]
    if isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Name):
        word = _WORDS.get(node.operand.id)
        if isinstance(word, float) and isinstance(node.op, ast.USub):
            return -word
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise StudyError(
            f"{text!r}: the value of {name} must be a number, a string, true, false or a list"
        ) from None


def call_text(name: str, params: Mapping[str, Any]) -> str:
    """Return the canonical ``name(param=value, ...)``, which ``parse`` reads again.

    >>> call_text("tpe", {"multivariate": True, "n": 3, "mode": "table"})
    'tpe(multivariate=true, n=3, mode=table)'
    """
    if not params:
        return name
    return f"{name}({', '.join(f'{k}={_literal(v)}' for k, v in params.items())})"


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        plain = value.isidentifier() and value not in _WORDS and not keyword.iskeyword(value)
        return value if plain else repr(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_literal(v) for v in value)}]"
    return repr(value)
