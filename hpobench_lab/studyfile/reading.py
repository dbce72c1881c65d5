"""From the text of a study file to a ``Study``; every mistake in one pass, each with its place.

``tomllib`` parses, ``tables`` checks the structure, ``specs`` resolves what is named. Options
of the command line are laid over the data first, so that they meet the same checks.
"""

from __future__ import annotations

import pathlib
import re
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from hpobench_lab import catalogue
from hpobench_lab.carbon.country import intensity
from hpobench_lab.engine.projected import SUFFIX
from hpobench_lab.errors import StudyError, UnknownName, suggestion
from hpobench_lab.problem import AXES
from hpobench_lab.protocol import Protocol
from hpobench_lab.study import CarbonSettings, Primary, Study
from hpobench_lab.studyfile.locations import Path
from hpobench_lab.studyfile.mistakes import Mistakes, Source
from hpobench_lab.studyfile.specs import (
    Optimizers,
    not_applicable,
    projected,
    resolve_optimizers,
    resolve_testbeds,
)
from hpobench_lab.studyfile.tables import ProtocolTable, check_structure, shown

__all__ = ["Overrides", "find", "load", "parse"]

LATER_AXES = ("wall_seconds", "joules", "grams_co2e")
WHOLE = ("evaluations", "per_dimension")
MAX_SEEDS = 1_000_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_RANGE = re.compile(r"\s*(\d+)\s*:\s*(\d+)\s*")
_BUDGET = re.compile(
    r"\s*(?P<amount>[0-9][0-9_]*\.?[0-9]*(?:[eE][+-]?\d+)?)\s*(?P<unit>[a-z_]*)\s*"
)
_UNITS = {"s": "simulated_seconds", "evals": "evaluations"}


@dataclass(frozen=True)
class Overrides:
    """Hold what the command line says instead of the file; None or empty = as in the file.

    Args:
        optimizers: Selectors, ``-o``.
        testbeds: Selectors, ``-t``.
        seeds: ``a:b``.
        budget: ``100``, ``100evaluations``, ``600s``.
        workers: Simulated workers.
        baseline: Label.
    """

    optimizers: tuple[str, ...] = ()
    testbeds: tuple[str, ...] = ()
    seeds: str | None = None
    budget: str | None = None
    workers: int | None = None
    baseline: str | None = None


def load(study: str, overrides: Overrides = Overrides()) -> Study:
    """Return the study of a TOML file or of a suite's name.

    Raises:
        StudyError: With every mistake; nothing was run.
    """
    path = find(study)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise StudyError(f"cannot read the study file {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise StudyError(f"{path}: not UTF-8 text (byte {error.start})") from None
    inside = path.is_relative_to(catalogue.PACKAGE)
    return parse(text, f"suite {study}" if inside else str(path), overrides)


def find(study: str) -> pathlib.Path:
    """Return the file of a path or of a suite's name."""
    if study.endswith(".toml") or "/" in study:
        path = pathlib.Path(study)
        if not path.is_file():
            near = suggestion(path.name, [p.name for p in path.parent.glob("*.toml")])
            raise UnknownName(f"there is no study file {study!r}.{near}")
        return path
    known = catalogue.suites()
    if study not in known:
        files = [p.name for p in pathlib.Path().glob("*.toml")]
        hint = suggestion(study, [*known, *files]) or f" Known suites: {', '.join(known)}."
        raise UnknownName(f"unknown suite {study!r}.{hint} A study file's name ends in .toml.")
    return known[study]


def parse(text: str, name: str = "study.toml", overrides: Overrides = Overrides()) -> Study:
    """Return the study that a TOML text describes; ``name`` is the file's name in messages.

    Raises:
        StudyError: With every mistake.
    """
    source = Source(name, text)
    mistakes = Mistakes(source)
    _lay_over(source, mistakes, overrides)
    check_structure(source, mistakes)
    data = source.data
    _check_name(data.get("name"), mistakes)
    seeds = _seeds(data.get("seeds"), mistakes)
    protocol = _protocol(_table(data, "protocol"), mistakes)
    testbeds = resolve_testbeds(_rows(data, "testbed"), mistakes)
    optimizers = resolve_optimizers(_rows(data, "optimizer"), testbeds, protocol, mistakes)
    _check_country(_table(data, "carbon").get("country"), mistakes)
    _check_baseline(_table(data, "primary"), optimizers, mistakes)
    _check_endpoint(_table(data, "primary"), _table(data, "protocol").get("budget"), mistakes)
    mistakes.stop()
    assert protocol is not None
    study = Study(
        name=data["name"],
        optimizers=tuple(optimizers.specs),
        testbeds=tuple(testbeds.specs),
        protocol=protocol,
        seeds=seeds,
        primary=Primary(**data["primary"]),
        carbon=CarbonSettings(**data.get("carbon", {})),
    )
    not_applicable(study, optimizers, mistakes)
    mistakes.stop()
    return projected(study, testbeds)


def _table(data: dict[str, Any], key: str) -> dict[str, Any]:
    table = data.get(key)
    return table if isinstance(table, dict) else {}


def _rows(data: dict[str, Any], key: str) -> list[dict[str, Any]]:
    rows = data.get(key)
    if not isinstance(rows, list):
        return []
    return [row if isinstance(row, dict) else {} for row in rows]


def _lay_over(source: Source, mistakes: Mistakes, overrides: Overrides) -> None:
    for key, option, selectors in (
        ("optimizer", "-o", overrides.optimizers),
        ("testbed", "-t", overrides.testbeds),
    ):
        if selectors:
            source.override((key,), [{"use": s} for s in selectors], option)
            for i, selector in enumerate(selectors):
                source.options[key, i] = f"{option} {selector}"
    if overrides.seeds is not None:
        source.override(("seeds",), overrides.seeds, f"--seeds {overrides.seeds}")
    if overrides.workers is not None:
        source.override(
            ("protocol", "workers"), overrides.workers, f"--workers {overrides.workers}"
        )
    if overrides.baseline is not None:
        path = ("primary", "baseline")
        source.override(path, overrides.baseline, f"--baseline {overrides.baseline}")
    if overrides.budget is not None:
        own = _table(source.data, "protocol").get("budget")
        option = f"--budget {overrides.budget}"
        source.options["protocol", "budget"] = option
        budget = _budget_option(overrides.budget, own if isinstance(own, dict) else {})
        if budget is None:
            example = "write 100, 100evaluations or 600s"
            mistakes.add(("protocol", "budget"), f"not an amount with a unit; {example}")
        source.override(("protocol", "budget"), budget or {"evaluations": 1}, option)


def _budget_option(text: str, own: dict[str, Any]) -> dict[str, Any] | None:
    """Return ``{axis: amount}``; without a unit the axis is the study's own."""
    match = _BUDGET.fullmatch(text)
    if match is None:
        return None
    axis = match["unit"] or next(iter(own), "evaluations")
    amount = float(match["amount"])
    return {_UNITS.get(axis, axis): int(amount) if amount.is_integer() else amount}


def _check_name(name: Any, mistakes: Mistakes) -> None:
    if isinstance(name, str) and not _NAME.fullmatch(name):
        mistakes.add(("name",), f"name may hold letters, digits, - and _, got {name!r}")


def _check_country(country: Any, mistakes: Mistakes) -> None:
    if isinstance(country, str) and re.fullmatch("[A-Z]{3}", country):
        try:
            intensity(country)
        except StudyError as error:
            mistakes.add(("carbon", "country"), str(error))


def _seeds(value: Any, mistakes: Mistakes) -> tuple[int, ...]:
    """Return the sorted seeds of ``"a:b"`` or of a list."""
    at: Path = ("seeds",)
    if isinstance(value, str):
        match = _RANGE.fullmatch(value)
        if match is None:
            mistakes.add(at, f"seeds must be a range like '0:20' or a list, got {value!r}")
            return ()
        low, high = int(match[1]), int(match[2])
        if low >= high:
            mistakes.add(at, f"seeds {value!r} is empty: the range is half-open, so a < b")
        elif high - low > MAX_SEEDS:
            mistakes.add(at, f"seeds {value!r} are more than {MAX_SEEDS:,}")
        else:
            return tuple(range(low, high))
        return ()
    if not isinstance(value, list):
        if value is not None:
            text = f"seeds must be a range like '0:20' or a list, got {shown(value)}"
            mistakes.add(at, text)
        return ()
    if not value:
        mistakes.add(at, "seeds is empty")
    for i, seed in enumerate(value):
        if type(seed) is not int or not 0 <= seed < 2**63:
            mistakes.add((*at, i), f"a seed must be a whole number >= 0, got {shown(seed)}")
        elif seed in value[:i]:
            mistakes.add((*at, i), f"seed {seed} is listed twice")
    return tuple(sorted(s for s in value if type(s) is int))


def _protocol(table: dict[str, Any], mistakes: Mistakes) -> Protocol | None:
    """Return the protocol, or None when something of it is wrong (already noted)."""
    use = table.get("use", "fixed-budget")
    known = list(catalogue.protocols())
    if isinstance(use, str) and use not in known:
        hint = suggestion(use, known) or f" Known: {', '.join(known)}."
        mistakes.add(("protocol", "use"), f"unknown protocol {use!r}.{hint}")
    if not _check_budget(table.get("budget"), mistakes) or use not in known:
        return None
    from hpobench_lab.protocols.fixed_budget import fixed_budget

    dropped = ("use", "validation", "initial")
    try:
        settings = ProtocolTable.model_validate(table).model_dump(exclude=set(dropped))
    except ValidationError:
        return None
    return fixed_budget(**settings)


def _check_endpoint(primary: dict[str, Any], whole: Any, mistakes: Mistakes) -> None:
    """Note a cut that the runs do not reach, and a margin that is none."""
    cut, margin = primary.get("budget"), primary.get("margin")
    at = ("primary", "budget")
    if cut is not None and _check_budget(cut, mistakes, at) and isinstance(whole, dict) and whole:
        axis, amount = next(iter(cut.items()))
        own, largest = next(iter(whole.items()))
        if axis != own:
            mistakes.add(at, f"the cut is on the axis {axis}, the protocol's budget on {own}")
        elif isinstance(largest, int | float) and amount > largest:
            mistakes.add((*at, axis), f"the cut {amount:g} lies beyond the budget {largest:g}")
    if isinstance(margin, dict) and len(margin) != 1:
        mistakes.add(
            ("primary", "margin"), "margin must name exactly one of budget, regret, losses"
        )
    for kind, amount in margin.items() if isinstance(margin, dict) else ():
        if type(amount) in (int, float) and not 0 < amount < float("inf"):
            text = f"margin {kind} must be a positive number, got {shown(amount)}"
            mistakes.add(("primary", "margin", kind), text)


def _check_budget(
    budget: Any, mistakes: Mistakes, at: tuple[str, ...] = ("protocol", "budget")
) -> bool:
    before = len(mistakes)
    if budget is None:
        return False
    if not isinstance(budget, dict):
        mistakes.add(at, f"budget must be like {{ evaluations = 100 }}, got {shown(budget)}")
        return False
    for axis, amount in budget.items():
        if axis in LATER_AXES:
            mistakes.add((*at, axis), f"budget {axis} is not available in this version", "key")
        elif axis not in AXES:
            hint = suggestion(axis, AXES) or f" Known: {', '.join(AXES)}."
            mistakes.add((*at, axis), f"unknown budget unit {axis!r}.{hint}", "key")
        elif type(amount) not in (int, float) or not 0 < amount < float("inf"):
            text = f"budget {axis} must be a positive number, got {shown(amount)}"
            mistakes.add((*at, axis), text)
        elif axis in WHOLE and amount != int(amount):
            mistakes.add((*at, axis), f"budget {axis} must be a whole number, got {amount}")
    if len(budget) != 1:
        got = ", ".join(budget) or "none"
        mistakes.add(at, f"budget must name exactly one of {', '.join(AXES)}; got {got}")
    return len(mistakes) == before


def _check_baseline(table: dict[str, Any], optimizers: Optimizers, mistakes: Mistakes) -> None:
    baseline, labels = table.get("baseline"), optimizers.labels
    if not isinstance(baseline, str) or {baseline, baseline.removesuffix(SUFFIX)} & set(labels):
        return
    at = ("primary", "baseline")
    replaced = mistakes.source.option(("optimizer",)) and not mistakes.source.option(at)
    unresolved = [use.partition("(")[0] for use in optimizers.unresolved]
    if unresolved and (replaced or suggestion(baseline, unresolved)):
        return  # it follows from a mistake among the optimizers
    if not (known := [*labels, *unresolved]):
        return
    hint = suggestion(baseline, known) or f" Labels: {', '.join(known)}."
    if replaced:
        hint += f" Add -o {baseline!r} or choose with --baseline."
    mistakes.add(at, f"the baseline {baseline!r} is no optimizer's label.{hint}")
