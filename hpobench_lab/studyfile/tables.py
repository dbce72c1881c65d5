"""The tables and keys of a study file, and what is wrong with their structure."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hpobench_lab.errors import suggestion
from hpobench_lab.studyfile.locations import Path
from hpobench_lab.studyfile.mistakes import Mistakes, Source

__all__ = ["ProtocolTable", "check_structure", "shown"]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Optimizer(_Table):
    use: str
    label: str | None = None
    params: dict[str, Any] = {}


class _Testbed(_Table):
    use: str
    params: dict[str, Any] = {}
    wrap: list[dict[str, Any]] = []


class ProtocolTable(_Table):
    use: str = "fixed-budget"
    budget: Any
    workers: int = Field(1, ge=1)
    synchronous: bool = False
    validation: Literal["none"] = "none"
    overhead: Literal["ignore"] = "ignore"
    recommendation: Literal["best-observed"] = "best-observed"
    initial: Literal["own"] = "own"
    failures: Literal["worst"] = "worst"
    max_trials: int = Field(1_000_000, ge=1)
    ask_timeout_s: float = Field(600.0, gt=0)


class _Primary(_Table):
    baseline: str
    metric: Literal["regret", "log-regret", "auc"] = "regret"
    budget: Any = None
    margin: dict[Literal["budget", "regret", "losses"], float] | None = None


class _Carbon(_Table):
    enabled: bool = True
    country: str | None = Field(default=None, pattern="^[A-Z]{3}$")


class StudyTable(_Table):
    schema_: Literal[1] = Field(alias="schema")
    name: str
    seeds: Any
    protocol: ProtocolTable
    primary: _Primary
    optimizer: list[_Optimizer] = Field(min_length=1)
    testbed: list[_Testbed] = Field(min_length=1)
    carbon: _Carbon = Field(default_factory=_Carbon)


TABLES: dict[str, type[BaseModel]] = {
    "protocol": ProtocolTable,
    "primary": _Primary,
    "optimizer": _Optimizer,
    "testbed": _Testbed,
    "carbon": _Carbon,
}
_TOP = ("schema", *(n for n in StudyTable.model_fields if n != "schema_"))
_LATER: dict[Path, tuple[str, ...]] = {
    ("protocol", "validation"): ("holdout", "nested"),
    ("protocol", "recommendation"): ("optimizer",),
    ("protocol", "initial"): ("shared",),
}
_EXAMPLES = {
    "schema": "schema = 1",
    "name": 'name = "my-study"',
    "seeds": 'seeds = "0:20"',
    "protocol": "a [protocol] table with budget = { evaluations = 100 }",
    "budget": "budget = { evaluations = 100 }",
    "primary": 'a [primary] table with baseline = "random"',
    "baseline": 'baseline = "random"',
    "optimizer": 'an [[optimizer]] table with use = "random"',
    "testbed": 'a [[testbed]] table with use = "synthetic/branin"',
    "use": 'use = "name"',
}
_TYPES = {
    "string_type": "a string",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}


def check_structure(source: Source, mistakes: Mistakes) -> None:
    """Note what pydantic finds wrong, in the words of this file format."""
    try:
        StudyTable.model_validate(source.data)
    except ValidationError as error:
        for one in error.errors():
            path = tuple(one["loc"])
            key, kind, got = path[-1], one["type"], one["input"]
            if kind == "extra_forbidden":
                known = TABLES[str(path[0])].model_fields if len(path) > 1 else _TOP
                hint = suggestion(str(key), known) or f" Known: {', '.join(known)}."
                mistakes.add(path, f"unknown key {str(key)!r}.{hint}", "key")
            elif kind == "missing":
                mistakes.add(path, f"{key!r} is missing; add {_EXAMPLES[str(key)]}", "key")
            elif kind == "too_short":
                mistakes.add(path, f"there must be at least one: add {_EXAMPLES[str(key)]}")
            else:
                mistakes.add(path, _wrong_value(path, one, got))


def _wrong_value(path: Path, error: Any, got: Any) -> str:
    key, kind = path[-1], error["type"]
    later = _LATER.get(path, ())
    if later and isinstance(got, str) and got.startswith(later):
        return f"{key} = {got!r} is not available in this version"
    if kind in _TYPES:
        hint = f"; write [[{key}]]" if kind == "list_type" and key in TABLES else ""
        return f"{key} must be {_TYPES[kind]}, got {shown(got)}{hint}"
    if kind == "literal_error":
        allowed = error["ctx"]["expected"]
        return f"{key} must be {allowed}, got {shown(got)}"
    if kind == "greater_than_equal":
        return f"{key} must be at least {error['ctx']['ge']}, got {got}"
    if kind == "greater_than":
        return f"{key} must be above {error['ctx']['gt']:g}, got {got}"
    if key == "country":
        return f"country must be an ISO code of three capital letters like 'DEU', got {got!r}"
    return f"{key}: {error['msg']}, got {shown(got)}"


def shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "a table" if isinstance(value, dict) else repr(value)
