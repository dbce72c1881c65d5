"""Resolve the optimizers and testbeds of a study file into specs, mistake by mistake."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from hpobench_lab import plugins
from hpobench_lab.engine.projected import SUFFIX
from hpobench_lab.errors import StudyError, suggestion
from hpobench_lab.plugins import OptimizerPlugin, public
from hpobench_lab.plugins.binding import bind, non_default
from hpobench_lab.plugins.limits import CONSTRUCTOR_S, time_limit
from hpobench_lab.plugins.loading import where
from hpobench_lab.plugins.selectors import call_text, parse
from hpobench_lab.problem import Problem
from hpobench_lab.protocol import Protocol
from hpobench_lab.study import OptimizerSpec, Study, TestbedSpec
from hpobench_lab.studyfile.locations import Path
from hpobench_lab.studyfile.mistakes import Mistakes

__all__ = [
    "Optimizers",
    "Testbeds",
    "not_applicable",
    "projected",
    "resolve_optimizers",
    "resolve_testbeds",
]


@dataclass
class Testbeds:
    """Collect resolved testbeds: specs, their problems, where each stands in the file."""

    specs: list[TestbedSpec] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


@dataclass
class Optimizers:
    """Collect resolved optimizers.

    Args:
        specs: What was resolved.
        paths: Where each stands.
        labels: Every label that is known.
        unresolved: Selectors without a label of their own that could not be resolved.
    """

    specs: list[OptimizerSpec] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    unresolved: list[str] = field(default_factory=list)


def resolve_testbeds(rows: list[dict[str, Any]], mistakes: Mistakes) -> Testbeds:
    """Return the testbeds of ``[[testbed]]``; a glob skips what is named elsewhere."""
    found = Testbeds()
    order: dict[str, tuple[bool, Path, TestbedSpec, Problem]] = {}
    for i, row in enumerate(rows):
        at: Path = ("testbed", i)
        for use, from_glob in _expand(row, at, "testbed", mistakes):
            opened = _open(use, row, at, mistakes)
            if opened is None:
                continue
            spec, problem = opened
            earlier = order.get(spec.id)
            if earlier and not (from_glob or earlier[0]):
                mistakes.add((*at, "use"), f"testbed {spec.id!r} is listed twice")
            elif not earlier or (earlier[0] and not from_glob):
                order[spec.id] = (from_glob, at, spec, problem)
    for _, _, spec, problem in order.values():
        found.specs.append(spec)
        found.problems.append(problem)
    return found


def _expand(
    row: Mapping[str, Any], at: Path, kind: str, mistakes: Mistakes
) -> Iterator[tuple[str, bool]]:
    """Yield (selector, whether it came from a glob) of a row's ``use``."""
    use = row.get("use")
    if not isinstance(use, str):
        return
    try:
        selector = parse(use)
    except StudyError as error:
        mistakes.add((*at, "use"), str(error))
        return
    if not selector.is_glob:
        yield use, False
        return
    names = plugins.optimizer_names if kind == "optimizer" else plugins.testbed_names
    matching = names(selector.target)
    if not matching:
        known = [*names("*"), *(public.prefixes() if kind == "testbed" else [])]
        folders = dict.fromkeys(f"{n.rpartition('/')[0]}/*" for n in known if "/" in n)
        hint = suggestion(selector.target, folders) or f" See: hpobench-lab list {kind}s"
        mistakes.add((*at, "use"), f"{use!r} matches no {kind}.{hint}")
    inside = use[len(selector.target) :] if selector.params else ""
    for name in matching:
        yield f"{name}{inside}", True


def _merged(
    given: Mapping[str, Any], row: Mapping[str, Any], at: Path, mistakes: Mistakes
) -> dict[str, Any]:
    """Return the arguments in parentheses with those of ``params``; both at once is a mistake."""
    table = row.get("params", {})
    params = table if isinstance(table, dict) else {}
    for name in params:
        if name in given:
            mistakes.add((*at, "params", name), f"{name} is also given in the parentheses", "key")
    return {**given, **params}


def _param_path(at: Path, row: Mapping[str, Any], text: str, names: Any) -> Path:
    """Return where the parameter that a message mentions stands, else where ``use`` does."""
    table = row.get("params")
    for name in names:
        if isinstance(table, dict) and name in table and name in text:
            return (*at, "params", name)
    return (*at, "use")


def _open(
    use: str, row: Mapping[str, Any], at: Path, mistakes: Mistakes
) -> tuple[TestbedSpec, Problem] | None:
    try:
        plugin = plugins.testbed_plugin(use)
    except StudyError as error:
        mistakes.add((*at, "use"), str(error))
        return None
    before = len(mistakes)
    params = _merged(plugin.params, row, at, mistakes)
    bound = bind(plugin.signature, params)
    for name, text in bound.wrong.items():
        side = "key" if text.startswith("unknown") else "value"
        path = _param_path(at, row, text, [name])
        mistakes.add(path, f"{plugin.name}: {text}", side if path[-1] != "use" else "value")  # type: ignore[arg-type]
    wrap = [w for w in row.get("wrap", []) if isinstance(w, dict)]
    if len(mistakes) > before:
        return None
    try:
        bed = plugin.open(params, wrap)
    except StudyError as error:
        text = str(error)
        if isinstance(error.__cause__, (ValueError, TypeError)) and params:
            text = f"{plugin.name}: {error.__cause__}"
        place: Path = (*at, "wrap") if "wrapper" in text else _param_path(at, row, text, params)
        mistakes.add(place, text)
        return None
    fidelity = bed.problem.fidelity
    spec = TestbedSpec(
        use=plugin.use,
        id=bed.facts.name,
        version=bed.facts.version,
        params=dict(bound.params),
        wrap=tuple(wrap),
        facts=asdict(bed.facts) | _choice(bed.problem),
        requires=tuple(sorted(bed.problem.requirements)),
        fidelity=asdict(fidelity) if fidelity else None,
        objectives=tuple(o.name for o in bed.problem.objectives),
    )
    return spec, bed.problem


def _choice(problem: Problem) -> dict[str, int]:
    """Return how many configurations may be chosen, where they are listed."""
    if problem.candidates is None:
        return {}
    return {"listed": len(problem.candidates), "dimension": problem.space.dimension}


# ------------------------------------------------------------------ optimizers


def resolve_optimizers(
    rows: list[dict[str, Any]],
    testbeds: Testbeds,
    protocol: Protocol | None,
    mistakes: Mistakes,
) -> Optimizers:
    """Return the optimizers of ``[[optimizer]]``, each constructed once to check its arguments."""
    found = Optimizers()
    for i, row in enumerate(rows):
        at: Path = ("optimizer", i)
        for use, from_glob in _expand(row, at, "optimizer", mistakes):
            label = row.get("label") if isinstance(row.get("label"), str) else None
            spec, plugin = _spec(use, row, at, mistakes)
            if spec is None or plugin is None:
                (found.labels if label else found.unresolved).append(label or use)
                continue
            if label and from_glob:
                text = "a label cannot name the several optimizers of a glob"
                mistakes.add((*at, "label"), text)
            spec = spec if label is None else replace(spec, label=label)
            repeated = _repeated(spec, found)
            if repeated:
                mistakes.add((*at, "label") if label else (*at, "use"), repeated)
            found.labels.append(spec.label)
            found.specs.append(spec)
            found.paths.append(at)
            _try_constructor(spec, plugin, row, at, testbeds, protocol, mistakes)
    return found


def _repeated(spec: OptimizerSpec, found: Optimizers) -> str:
    """Return what is wrong with an optimizer beside those before it; "" when nothing is.

    A run's key has no label in it: under two labels, one optimizer's runs would be the same.
    """
    for other in found.specs:
        if _identity(other) == _identity(spec):
            if other.label == spec.label:
                return f"optimizer {spec.label!r} is listed twice; drop one"
            return (
                f"labels {other.label!r} and {spec.label!r} are the same optimizer with the same "
                "parameters: their runs would be the same; drop one"
            )
    if spec.label in found.labels:
        return f"the label {spec.label!r} is used twice; give one of them another label"
    return ""


def _identity(spec: OptimizerSpec) -> str:
    """Return what a run's key has of an optimizer."""
    return json.dumps([spec.id, spec.version, dict(spec.params)], sort_keys=True)


def _spec(
    use: str, row: Mapping[str, Any], at: Path, mistakes: Mistakes
) -> tuple[OptimizerSpec | None, OptimizerPlugin | None]:
    try:
        plugin = plugins.optimizer(use)
    except StudyError as error:
        mistakes.add((*at, "use"), str(error))
        return None, None
    bound = bind(plugin.signature, _merged(plugin.params, row, at, mistakes))
    for name, text in bound.wrong.items():
        path = _param_path(at, row, text, [name])
        key = text.startswith("unknown") and path[-1] != "use"
        mistakes.add(path, f"{plugin.name}: {text}", "key" if key else "value")
    if bound.wrong:
        return None, None
    spec = OptimizerSpec(
        use=plugin.use,
        label=call_text(plugin.name, non_default(plugin.signature, bound.params)),
        id=plugin.name,
        version=plugin.version,
        params=dict(bound.params),
        supports=tuple(sorted(plugin.supports)),
        requires=tuple(sorted(plugin.requires)),
    )
    return spec, plugin


def _try_constructor(
    spec: OptimizerSpec,
    plugin: OptimizerPlugin,
    row: Mapping[str, Any],
    at: Path,
    testbeds: Testbeds,
    protocol: Protocol | None,
    mistakes: Mistakes,
) -> None:
    """Construct the optimizer on its first applicable testbed; what it raises is a mistake."""
    for bed, problem in zip(testbeds.specs, testbeds.problems, strict=True):
        lacks_fidelity = "fidelity" in spec.requires and bed.fidelity is None
        if protocol is None or lacks_fidelity or set(bed.requires) - set(spec.supports):
            continue
        real = replace(problem, workers=protocol.workers, budget=protocol.budget)
        try:
            with time_limit(CONSTRUCTOR_S, "its constructor"):
                plugin.factory(real, np.random.default_rng(0), **spec.params)
        except StudyError as error:
            mistakes.add((*at, "use"), f"{plugin.name}: {error}")
        except (Exception, SystemExit) as error:
            last = str(error).split("\n")[0] or type(error).__name__
            place = where(error)
            if not isinstance(error, ValueError):  # no check of the plug-in's, a fault in it
                last = f"{type(error).__name__}: {last}" + (f" ({place})" if place else "")
            text = f"{plugin.name}: {last}"
            mistakes.add(_param_path(at, row, text, spec.params), text)
        return


def not_applicable(study: Study, optimizers: Optimizers, mistakes: Mistakes) -> None:
    """Note every optimizer of a study that can run on none of its testbeds."""
    for spec, at in zip(study.optimizers, optimizers.paths, strict=True):
        lacks = [study.missing(spec, bed) for bed in study.testbeds]
        if all(lacks):
            missing = ", ".join(sorted(frozenset.intersection(*lacks) or lacks[0]))
            bed = "any testbed of this study" if len(lacks) > 1 else study.testbeds[0].id
            text = f"{spec.label} cannot run on {bed}: what is missing is {missing}"
            mistakes.add((*at, "use"), text)


def projected(study: Study, testbeds: Testbeds) -> Study:
    """Return the study with labels that say which optimizers are moved onto candidates (DESIGN 3).

    Args:
        study: Its baseline is named by either label.
        testbeds: The study's, resolved.
    """
    lists = [
        spec
        for spec, problem in zip(testbeds.specs, testbeds.problems, strict=True)
        if problem.candidates is not None
    ]

    def label(spec: OptimizerSpec) -> str:
        moved = "candidates" not in spec.supports and any(not study.missing(spec, b) for b in lists)
        return spec.label.removesuffix(SUFFIX) + SUFFIX if moved else spec.label

    labels = {spec.label: label(spec) for spec in study.optimizers}
    named = study.primary.baseline
    baseline = labels.get(named) or labels[named.removesuffix(SUFFIX)]
    return replace(
        study,
        optimizers=tuple(replace(o, label=labels[o.label]) for o in study.optimizers),
        primary=replace(study.primary, baseline=baseline),
    )
