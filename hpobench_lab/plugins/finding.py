"""Where plug-ins are found: files, modules, the working directory, entry points, what is built in.

A path or module is taken as it is; a name is looked up in the working directory, among the entry
points (``hpobench_lab.optimizers``, ``hpobench_lab.testbeds``) and among what is built in. A name
that two of these have is an error, never a silent shadow.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from hpobench_lab.errors import StudyError, UnknownName, suggestion
from hpobench_lab.plugins import local, public
from hpobench_lab.plugins.limits import IMPORT_S
from hpobench_lab.plugins.loading import (
    Loaded,
    attribute,
    guarded,
    load_file,
    load_module,
    source_sha256,
)
from hpobench_lab.plugins.selectors import Selector

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["Kind", "optimizer_names", "resolve", "testbed_names"]

Kind = Literal["optimizer", "testbed"]


def optimizer_names(glob: str = "*") -> list[str]:
    """Return the names that match, built in first; imports nothing heavy."""
    return _names("optimizer", glob)


def testbed_names(glob: str = "*") -> list[str]:  # noqa: PT028 - a testbed, not a test
    """Return the names that match, built in first; imports nothing heavy but for ``yahpo/*`` etc.

    Raises:
        DataError: If the pattern begins with a public collection whose files are not here.
    """
    return _names("testbed", glob)


def _names(kind: Kind, glob: str) -> list[str]:
    names: dict[str, None] = {}
    for place in _places(kind).values():
        names |= dict.fromkeys(place)
    found = [n for n in names if fnmatch.fnmatchcase(n, glob)]
    return found + public.names(glob, others=bool(found)) if kind == "testbed" else found


def _places(kind: Kind) -> dict[str, Mapping[str, Callable[[], Loaded]]]:
    """Return place -> name -> loader, in the order in which lists show them."""
    return {
        "built in": _built_in(kind),
        "the working directory": _local(kind),
        "an entry point": _entry_points(kind),
    }


def resolve(kind: Kind, selector: Selector) -> Loaded:
    """Return what a selector names, or the module in which it must be looked for.

    Raises:
        UnknownName: If there is none of this name.
        StudyError: If it names several, or the code cannot be imported.
    """
    if selector.form == "file":
        return attribute(load_file(selector.target, selector.text), selector.attribute)
    if selector.form == "module":
        return attribute(load_module(selector.target, selector.text), selector.attribute)
    if selector.is_glob:
        raise StudyError(f"{selector.text!r} names several {kind}s; name one")
    wanted = selector.target
    places = _places(kind)
    found = [loaders[n] for loaders in places.values() for n in _spellings(wanted) if n in loaders]
    if kind == "testbed":
        found += public.loaders(wanted, others=bool(found))
    if not found:
        known = [n for loaders in places.values() for n in loaders]
        known += public.prefixes() if kind == "testbed" else []
        hint = suggestion(wanted, known) or f" See: hpobench-lab list {kind}s"
        raise UnknownName(f"unknown {kind} {wanted!r}.{hint}")
    if len(found) > 1:
        origins = " and ".join(load().origin for load in found)
        raise StudyError(
            f"{kind} {wanted!r} is ambiguous: found {origins}; rename one or name it as "
            f"path/file.py:Name or package.module:Name"
        )
    return found[0]()


def _spellings(name: str) -> list[str]:
    return list(dict.fromkeys((name, name.replace("_", "-"))))


def _built_in(kind: Kind) -> dict[str, Callable[[], Loaded]]:
    from hpobench_lab.catalogue import rosters
    from hpobench_lab.catalogue import tables as built_in_tables

    def loader(name: str, target: str) -> Callable[[], Loaded]:
        module, _, attr = target.partition(":")
        return lambda: replace(
            attribute(load_module(module, name), attr),
            name=name,
            origin=f"the built-in {kind} {name}",
            built_in=True,
        )

    found: dict[str, Callable[[], Loaded]] = {
        name: loader(name, target) for name, target in rosters(kind).items()
    }
    if kind == "testbed":
        found |= _collected(built_in_tables())
    return found


def _local(kind: Kind) -> dict[str, Callable[[], Loaded]]:
    files = local.optimizer_files() if kind == "optimizer" else local.testbed_files()
    found: dict[str, Callable[[], Loaded]] = {
        name: partial(_file, name, path) for name, path in files.items()
    }
    if kind == "testbed":
        found |= _collected(local.tables())
    return found


def _file(name: str, path: Path) -> Loaded:
    return replace(load_file(str(path), name), name=name)


def _collected(tables: Mapping[str, Path]) -> dict[str, Callable[[], Loaded]]:
    """Return loaders of tables, and of the choice among families where data has several."""
    from hpobench_lab.plugins import collected

    found: dict[str, Callable[[], Loaded]] = {
        name: partial(collected.table, name, folder) for name, folder in tables.items()
    }
    for name, folders in local.families(tables).items():
        found[name] = partial(collected.cash, name, folders)
    return found


def _entry_points(kind: Kind) -> dict[str, Callable[[], Loaded]]:
    def loader(point: Any) -> Callable[[], Loaded]:
        origin = f"the entry point {point.name} = {point.value}"

        def load() -> Loaded:
            value = guarded(point.load, origin, point.name, IMPORT_S)
            return Loaded(value, point.name, origin, named=True, digest=source_sha256(value))

        return load

    return {point.name: loader(point) for point in _points(f"hpobench_lab.{kind}s")}


@cache
def _points(group: str) -> tuple[EntryPoint, ...]:
    """Return the entry points of a group; what is installed does not change meanwhile."""
    from importlib.metadata import entry_points

    return tuple(entry_points(group=group))
