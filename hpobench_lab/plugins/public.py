"""Public testbeds by name: ``taskset/<task>``, ``yahpo/<scenario>/<instance>``, ``lcdb/<id>``, ...

Their files lie in the data folder (``hpobench-lab data``). A loader is imported only when a name or
a pattern begins with its prefix, so that other names cost nothing.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from functools import lru_cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any

from hpobench_lab.errors import UnknownName, suggestion
from hpobench_lab.plugins.loading import Loaded, guarded
from hpobench_lab.testbeds.public.collections import COLLECTIONS, Collection

__all__ = ["loaders", "names", "prefixes", "rows"]

State = tuple[tuple[str, int, int], ...]


def prefixes() -> list[str]:
    """Return ``taskset/*`` and its like, for suggestions."""
    return [f"{prefix}/*" for prefix in COLLECTIONS]


def loaders(name: str, *, others: bool) -> list[Callable[[], Loaded]]:
    """Return the loader of a public testbed; none for a name with another prefix.

    Args:
        name: As asked for; ``_`` and ``-`` may be exchanged.
        others: Whether something else has this name: then a public one that is not here is none.

    Raises:
        DataError: If the files are not here, with the line that fetches them.
        UnknownName: If they hold no such testbed, with the nearest names.
    """
    collection = COLLECTIONS.get(name.partition("/")[0])
    if collection is None or "/" not in name:
        return []
    if others and not _is_here(collection):
        return []
    _need(collection, name)
    known = _instances(collection)
    spelled = {_plain(full): full for full in known}
    full = name if name in known else spelled.get(_plain(name))
    if full is not None:
        return [partial(_loaded, collection, full, known[full])]
    if others:
        return []
    from hpobench_lab.testbeds.public.instances import nearest

    hint = suggestion(name, known) or nearest(name, known)
    raise UnknownName(f"unknown testbed {name!r}.{hint}")


def names(glob: str, *, others: bool) -> list[str]:
    """Return the public testbeds that match a pattern which begins with their prefix.

    Args:
        glob: The pattern.
        others: Whether something else matches: then public ones that are not here are none.

    Raises:
        DataError: If the files of that prefix are not here.
    """
    collection = COLLECTIONS.get(glob.partition("/")[0])
    if collection is None or "/" not in glob:
        return []
    if others and not _is_here(collection):
        return []
    _need(collection, glob)
    return [name for name in _instances(collection) if fnmatch.fnmatchcase(name, glob)]


def rows(glob: str) -> list[dict[str, Any]]:
    """Return what lists show: a row a collection, and its instances where the pattern names it."""
    found = []
    for prefix, collection in COLLECTIONS.items():
        asked = glob.partition("/")[0] == prefix
        if asked or fnmatch.fnmatchcase(f"{prefix}/*", glob):
            found.append(_row(collection))
        if asked and _is_here(collection):
            found += [_instance_row(collection, name) for name in names(glob, others=False)]
    return found


def _row(collection: Collection) -> dict[str, Any]:
    here = _entries_here(collection)
    part = "/SCENARIO" if collection.parts else ""
    where = "" if here else f"; hpobench-lab data fetch {collection.folder}{part}"
    inside = [name.partition("/")[2] for name in here if "/" in name]
    return {
        "name": f"{collection.prefix}/*",
        "kind": collection.kind,
        "needs": collection.needs,
        "source": f"fetched {' '.join(inside)}".strip() if here else "not here",
        "summary": f"{collection.title} ({collection.status}{where})",
        "pattern": collection.pattern,
        "params": collection.params,
        "status": collection.status,
    }


def _instance_row(collection: Collection, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "kind": collection.kind,
        "needs": collection.needs,
        "source": "fetched",
        "summary": collection.title.partition(":")[0],
        "status": collection.status,
    }


def _entries(collection: Collection) -> list[str]:
    from hpobench_lab import data

    inside = f"{collection.folder}/"
    return [n for n in data.ENTRIES if n == collection.folder or n.startswith(inside)]


def _entries_here(collection: Collection) -> list[str]:
    from hpobench_lab import data

    return [name for name in _entries(collection) if data.is_here(data.ENTRIES[name])]


def _is_here(collection: Collection) -> bool:
    return bool(_entries_here(collection)) or (collection.parts and _has_folders(collection))


def _has_folders(collection: Collection) -> bool:
    """Return whether a person put anything there by hand, such as a scenario of their own."""
    folder = _folder(collection)
    return folder.is_dir() and any(path.is_dir() for path in folder.iterdir())


def _need(collection: Collection, name: str) -> None:
    """Raise unless the files that a name or a pattern needs are here."""
    from hpobench_lab import data

    known = _entries(collection)
    part = f"{collection.folder}/{name.split('/')[1]}" if collection.parts else collection.folder
    if any(c in part for c in "*?["):
        if not _is_here(collection):
            data.need(data.entry(known[0]))
    elif part in known:
        data.need(data.entry(part))
    elif not (data.data_folder() / part).is_dir():
        hint = suggestion(part, known) or f" There are {', '.join(known)}."
        raise UnknownName(f"unknown testbed {name!r}.{hint}")


def _folder(collection: Collection) -> Path:
    from hpobench_lab import data

    return data.data_folder() / collection.folder


def _module(collection: Collection) -> Any:
    return guarded(lambda: import_module(collection.module), collection.module, collection.prefix)


def _instances(collection: Collection) -> dict[str, str]:
    """Return selector -> what the loader calls it; some loaders name the prefix, some do not."""
    folder = _folder(collection)
    found = _known(collection, folder, _state(folder))
    prefix = f"{collection.prefix}/"
    if collection.folder != collection.prefix:  # the loader serves several prefixes
        return {name: name for name in found if name.startswith(prefix)}
    return {f"{prefix}{name}": name for name in found}


@lru_cache(maxsize=16)
def _known(collection: Collection, folder: Path, state: State) -> tuple[str, ...]:
    """Return what a folder holds; read once, as a glob over 248 data sets asks 248 times."""
    return tuple(_module(collection).instances(folder))


def _state(folder: Path) -> State:
    """Return what changes when a file of the folder, or of one directly in it, changes."""
    files = (*folder.glob("*"), *folder.glob("*/*"))
    stats = ((str(path), path.stat()) for path in sorted(files) if path.exists())
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)


def _loaded(collection: Collection, name: str, instance: str) -> Loaded:
    folder = _folder(collection)
    opener = partial(_module(collection).open_instance, folder, instance)
    return Loaded(opener, name, f"{collection.folder} in {folder}", named=True, built_in=True)


def _plain(name: str) -> str:
    return name.replace("_", "-")
