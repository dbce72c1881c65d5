"""From a selector to an optimizer or a testbed: what was found (``finding``) is understood here."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from hpobench_lab.errors import StudyError, UnknownName, suggestion
from hpobench_lab.plugins.binding import bind, keywords, non_default
from hpobench_lab.plugins.finding import Kind, resolve
from hpobench_lab.plugins.loading import Loaded, attribute, guarded, load_module
from hpobench_lab.plugins.selectors import Selector, call_text, parse

if TYPE_CHECKING:
    from hpobench_lab.testbed import Facts, Testbed

__all__ = [
    "OptimizerPlugin",
    "TestbedPlugin",
    "optimizer",
    "testbed",
    "testbed_plugin",
]

SUPPORTS = frozenset(("float", "int", "categorical", "conditional", "parallel"))
"""What a plug-in is taken to support when it declares nothing (DESIGN 3)."""


@dataclass(frozen=True)
class OptimizerPlugin:
    """Hold a resolved optimizer.

    Args:
        name: Canonical id, without arguments.
        factory: ``factory(problem, rng, **params)`` returns an object with ask and tell.
        supports: Declared capabilities.
        requires: What it cannot do without: ``fidelity`` or nothing.
        version: The attribute ``version``, else the sha256 of its file.
        signature: What may be given by name.
        origin: Where it was found, for messages.
        use: The selector without arguments.
        params: Arguments that the selector gave in parentheses, not bound yet.
        summary: First line of its docstring.
        needs: Extra that must be installed, or "".
    """

    name: str
    factory: Callable[..., Any]
    supports: frozenset[str]
    requires: frozenset[str]
    version: str
    signature: inspect.Signature
    origin: str
    use: str
    params: Mapping[str, Any] = field(default_factory=dict)
    summary: str = ""
    needs: str = ""


@dataclass(frozen=True)
class TestbedPlugin:
    """Hold a resolved testbed; ``open`` binds its parameters and wraps it.

    Args:
        name: Canonical name, without parameters.
        factory: ``factory(**params)`` returns the testbed.
        signature: What may be given by name.
        origin: Where it was found, for messages.
        use: The selector without arguments.
        params: Arguments that the selector gave in parentheses, not bound yet.
        file_version: sha256 of a user's file; "" for what declares its version itself.
    """

    name: str
    factory: Callable[..., Any]
    signature: inspect.Signature
    origin: str
    use: str
    params: Mapping[str, Any] = field(default_factory=dict)
    file_version: str = ""

    def open(self, params: Mapping[str, Any], wrap: Sequence[Mapping[str, Any]] = ()) -> Testbed:
        """Return the testbed with its canonical id as ``facts.name``."""
        bound = bind(self.signature, params).or_raise(self.name)
        bed: Testbed = guarded(lambda: self.factory(**bound), self.origin, self.name)
        name = call_text(self.name, non_default(self.signature, bound))
        bed, name = _wrapped(bed, name, wrap)
        declared = bed.facts.version
        version = self.file_version if self.file_version and declared == "1" else declared
        return _with_facts(bed, replace(bed.facts, name=name, version=version))


def optimizer(selector: str) -> OptimizerPlugin:
    """Return the optimizer that a selector names.

    Raises:
        UnknownName: If there is none of this name.
        StudyError: If the selector is malformed, names several, or the plug-in cannot be imported.
    """
    parsed = parse(selector)
    loaded = resolve("optimizer", parsed)
    found = loaded.value if loaded.named else _single(loaded, "optimizer")
    return _as_optimizer(replace(loaded, value=found), parsed)


def testbed_plugin(selector: str) -> TestbedPlugin:
    """Return the testbed that a selector names, not opened yet; raises like ``optimizer``."""
    parsed = parse(selector)
    loaded = resolve("testbed", parsed)
    found = loaded.value if loaded.named else _single(loaded, "testbed")
    return _as_testbed(replace(loaded, value=found), parsed)


def testbed(
    selector: str,
    params: Mapping[str, Any] | None = None,  # noqa: PT028 - a testbed, not a test
    wrap: Sequence[Mapping[str, Any]] = (),  # noqa: PT028
) -> Testbed:
    """Return the testbed that a selector names, with parameters bound and wrappers applied.

    Args:
        selector: As everywhere.
        params: Keyword arguments, added to those in the selector's parentheses.
        wrap: ``{"use": name, ...}`` from left to right.

    Raises:
        StudyError: Like ``optimizer``; also for wrong parameters and unknown wrappers.
    """
    plugin = testbed_plugin(selector)
    return plugin.open({**plugin.params, **(params or {})}, wrap)


def _is_optimizer(value: Any) -> bool:
    if inspect.isclass(value):
        return callable(getattr(value, "ask", None)) and callable(getattr(value, "tell", None))
    return type(value).__name__ == "FunctionOptimizer"


def _is_testbed(value: Any) -> bool:
    known = hasattr(value, "problem") or "problem" in getattr(value, "__annotations__", {})
    return callable(getattr(value, "evaluate", None)) and (inspect.isclass(value) or known)


def _single(loaded: Loaded, kind: Kind) -> Any:
    """Return the one plug-in that a file defines."""
    fits = _is_optimizer if kind == "optimizer" else _is_testbed
    module = loaded.value
    own = {
        name: value
        for name, value in vars(module).items()
        if fits(value)
        and not name.startswith("_")
        and (not inspect.isclass(value) or value.__module__ == module.__name__)
    }
    if len(own) == 1:
        return next(iter(own.values()))
    what = {
        "optimizer": "a class with ask and tell, or a function marked @hb.optimizer",
        "testbed": "a function marked @hb.testbed, or a class with problem, facts and evaluate",
    }[kind]
    if not own:
        raise StudyError(f"{loaded.origin} defines no {kind}: it needs {what}")
    raise StudyError(
        f"{loaded.origin} defines {len(own)} {kind}s ({', '.join(own)}); "
        f"name one: {loaded.origin}:{next(iter(own))}"
    )


def _as_optimizer(loaded: Loaded, selector: Selector) -> OptimizerPlugin:
    value = loaded.value
    if not _is_optimizer(value):
        raise StudyError(
            f"{loaded.origin} is not an optimizer: it needs a class with ask and tell, or a "
            f"function marked @hb.optimizer, got {type(value).__name__} {value!r:.60}"
        )
    function = getattr(value, "function", None)
    target, skip = (value, 2) if inspect.isclass(value) else (function or value, 3)
    return OptimizerPlugin(
        name=loaded.name,
        factory=value,
        supports=frozenset(getattr(value, "supports", None) or SUPPORTS),
        requires=frozenset(getattr(value, "requires", None) or ()),
        version=str(getattr(value, "version", "") or loaded.digest),
        signature=keywords(target, skip),
        origin=loaded.origin,
        use=selector.text.partition("(")[0].strip(),
        params=selector.params,
        summary=(inspect.getdoc(value if function is None else function) or "").split("\n")[0],
        needs=str(getattr(value, "needs", "")),
    )


def _as_testbed(loaded: Loaded, selector: Selector) -> TestbedPlugin:
    value = loaded.value
    use = selector.text.partition("(")[0].strip()
    version = "" if loaded.built_in else loaded.digest
    if callable(value) and not _is_instance(value):
        factory, signature = value, keywords(value)
    elif _is_instance(value):
        factory, signature = (lambda: value), inspect.Signature()
    else:
        raise StudyError(
            f"{loaded.origin} is not a testbed: it needs a function marked @hb.testbed, or a "
            f"class with problem, facts and evaluate, got {type(value).__name__} {value!r:.60}"
        )
    return TestbedPlugin(
        loaded.name, factory, signature, loaded.origin, use, selector.params, version
    )


def _is_instance(value: Any) -> bool:
    return not inspect.isclass(value) and _is_testbed(value)


def _wrapped(bed: Testbed, name: str, wrap: Sequence[Mapping[str, Any]]) -> tuple[Testbed, str]:
    """Apply wrappers from left to right; each adds `` + wrapper(...)`` to the name."""
    for layer in wrap:
        params = {k: v for k, v in layer.items() if k != "use"}
        use = str(layer.get("use", ""))
        known = _wrappers()
        if use not in known:
            hint = suggestion(use, known) or f" Known: {', '.join(known) or 'none yet'}."
            raise UnknownName(f"unknown wrapper {use!r}.{hint}")
        module, _, attr = known[use].partition(":")
        wrapper = attribute(load_module(module, use), attr).value
        bound = bind(keywords(wrapper, skip=1), params).or_raise(use)
        inner = bed
        bed = guarded(partial(wrapper, inner, **bound), f"the wrapper {use}", use)
        name = f"{name} + {call_text(use, params)}"
    return bed, name


def _wrappers() -> Mapping[str, str]:
    try:
        from hpobench_lab.testbeds import wrappers  # type: ignore[attr-defined,unused-ignore]
    except ImportError:
        return {}
    roster: Mapping[str, str] = getattr(wrappers, "ROSTER", {})
    return roster


class _Named:
    """Show a testbed under other facts; everything else is the testbed's."""

    def __init__(self, bed: Testbed, facts: Facts) -> None:
        self._bed, self.facts = bed, facts

    def __getattr__(self, name: str) -> Any:
        if name == "_bed":
            raise AttributeError(name)
        return getattr(self._bed, name)


def _with_facts(bed: Testbed, facts: Facts) -> Testbed:
    """Return a copy of the testbed with these facts, or a view where facts cannot be set."""
    if bed.facts == facts:
        return bed
    if is_dataclass(bed) and not isinstance(bed, type):
        changed: Testbed = replace(bed, facts=facts)
        return changed
    renamed: Any = copy.copy(bed)
    try:
        renamed.facts = facts
    except AttributeError:
        renamed = _Named(bed, facts)
    same: Testbed = renamed
    return same
