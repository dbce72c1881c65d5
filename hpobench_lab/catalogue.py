"""What there is to choose from, without importing it: the static catalogue and its generator.

``catalogue.json`` is generated (``python -m hpobench_lab.catalogue``) and committed; a test
compares it with what ``build`` finds. ``entries`` adds what lies in the working directory.
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from hpobench_lab.plugins import local, public

__all__ = ["KINDS", "build", "entries", "load", "protocols", "rosters", "suites", "tables", "write"]

Kind = Literal["optimizers", "testbeds", "protocols", "suites"]
Entry = dict[str, Any]

KINDS: tuple[Kind, ...] = ("optimizers", "testbeds", "protocols", "suites")
PACKAGE = Path(__file__).parent
FILE = PACKAGE / "catalogue.json"


def load() -> dict[str, list[Entry]]:
    """Return the committed catalogue: kind -> entries."""
    data: dict[str, list[Entry]] = json.loads(FILE.read_text(encoding="utf-8"))
    return data


def entries(kind: str, glob: str = "*") -> list[Entry]:
    """Return the entries of a kind that match, the working directory's last.

    Args:
        kind: One of ``KINDS``.
        glob: Pattern of names.
    """
    found = [entry | {"origin": "built in"} for entry in load()[kind]]
    found += [entry | {"origin": "local"} for entry in _local(kind)]
    matching = [e for e in found if fnmatch.fnmatchcase(e["name"], glob)]
    return matching + (
        [r | {"origin": "public"} for r in public.rows(glob)] if kind == "testbeds" else []
    )


def suites() -> dict[str, Path]:
    """Return suite name -> file: built in, then the working directory's."""
    folder = PACKAGE / "protocols" / "suites"
    built_in = {p.stem.replace("_", "-"): p for p in sorted(folder.glob("*.toml"))}
    return built_in | local.study_files()


def protocols() -> dict[str, Path]:
    """Return protocol name -> file."""
    files = sorted((PACKAGE / "protocols").glob("*.py"))
    return {p.stem.replace("_", "-"): p for p in files if p.stem != "__init__"}


def rosters(kind: Literal["optimizer", "testbed"]) -> dict[str, str]:
    """Return name -> ``module:attribute`` of everything built in."""
    from importlib import import_module

    if kind == "optimizer":
        if not (PACKAGE / "optimizers" / "roster.py").is_file():
            return {}
        return dict(import_module("hpobench_lab.optimizers.roster").ROSTER)
    found: dict[str, str] = {}
    for file in sorted((PACKAGE / "testbeds").glob("*/roster.py")):
        folder = file.parent.name
        roster = import_module(f"hpobench_lab.testbeds.{folder}.roster").ROSTER
        found |= {f"{folder}/{name}": target for name, target in roster.items()}
    return found


def tables() -> dict[str, Path]:
    """Return ``curves/name`` -> folder of the learning-curve tables that come with the harness."""
    data = PACKAGE / "testbeds" / "curves" / "data"
    found = sorted(p.parent for p in data.glob("*/table.json") if p.parent.name[0] != ".")
    return {f"curves/{p.name}": p for p in found}


# ------------------------------------------------------------------ the working directory


def _local(kind: str) -> list[Entry]:
    if kind == "optimizers":
        return [
            {"name": n, "summary": local.summary(p), "source": str(p)}
            for n, p in local.optimizer_files().items()
        ]
    if kind == "testbeds":
        files = [
            {"name": n, "kind": "function", "summary": local.summary(p), "source": str(p)}
            for n, p in local.testbed_files().items()
        ]
        found = local.tables()
        return files + [_table(n, folder) for n, folder in found.items()] + _cash(found)
    if kind == "suites":
        return [_suite(n, p) for n, p in local.study_files().items()]
    return []


def _table(name: str, folder: Path) -> Entry:
    header = local.table_header(folder)
    if not header:
        return {"name": name, "kind": "damaged", "source": str(folder), "summary": "see doctor"}
    fidelity = header.get("fidelity") or {}
    levels = fidelity.get("levels") or []
    source = header.get("source") or header.get("data") or ""
    n = (header.get("table") or {}).get("configurations", "")
    return {
        "name": name,
        "kind": "surrogate" if "surrogate.npz" in header.get("files", {}) else "table",
        "dimension": len((header.get("space") or {}).get("parameters", [])),
        "fidelity": _span(fidelity.get("name", ""), levels[0], levels[-1]) if levels else "",
        "needs": "",
        "source": source if isinstance(source, str) else str(source.get("title", "")),
        "summary": f"{n} configurations in {folder}" if n else str(folder),
    }


def _cash(found: Mapping[str, Path]) -> list[Entry]:
    """Return the choices among the families of one data set."""
    return [
        {
            "name": name,
            "kind": "cash",
            "needs": "",
            "source": name.rpartition("/")[2].removesuffix("-cash"),
            "summary": f"algorithm and hyperparameters: {', '.join(folders)}",
        }
        for name, folders in local.families(found).items()
    ]


def _suite(name: str, path: Path) -> Entry:
    import tomllib

    text = path.read_text(encoding="utf-8")
    first = text.lstrip().split("\n")[0]
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        data = {}
    seeds = data.get("seeds", "")
    return {
        "name": name,
        "optimizers": [str(o.get("use", "?")) for o in data.get("optimizer", [])],
        "testbeds": [str(t.get("use", "?")) for t in data.get("testbed", [])],
        "seeds": seeds if isinstance(seeds, str) else ", ".join(map(str, seeds)),
        "budget": dict((data.get("protocol") or {}).get("budget") or {}),
        "summary": first.lstrip("# ") if first.startswith("#") else "",
    }


# ------------------------------------------------------------------ the generator


def build() -> dict[str, list[Entry]]:
    """Return the catalogue of what is built in; imports and opens every plug-in."""
    folder = PACKAGE / "protocols" / "suites"
    return {
        "optimizers": list(_built_optimizers()),
        "testbeds": list(_built_testbeds()),
        "protocols": [{"name": n, "summary": local.summary(p)} for n, p in protocols().items()],
        "suites": [_suite(p.stem, p) for p in sorted(folder.glob("*.toml"))],
    }


def _built_optimizers() -> Iterator[Entry]:
    from hpobench_lab import plugins

    for name, target in rosters("optimizer").items():
        plugin = plugins.optimizer(name)
        yield {
            "name": name,
            "kind": target.split(".")[2].replace("_", "-"),
            "supports": sorted(plugin.supports),
            "params": {n: _plain(p.default) for n, p in plugin.signature.parameters.items()},
            "needs": plugin.needs,
            "source": target,
            "summary": plugin.summary,
        }


def _built_testbeds() -> Iterator[Entry]:
    from hpobench_lab import plugins

    for name in [*rosters("testbed"), *tables(), *local.families(tables())]:
        bed = plugins.testbed(name)
        fidelity = bed.problem.fidelity
        yield {
            "name": name,
            "kind": bed.facts.kind,
            "dimension": bed.problem.space.dimension,
            "fidelity": _span(fidelity.name, fidelity.min, fidelity.max) if fidelity else "",
            "requires": sorted(bed.problem.requirements),
            "needs": bed.facts.needs,
            "source": bed.facts.source,
            "summary": bed.facts.title,
        }


def _span(name: str, low: float, high: float) -> str:
    return f"{name} {low:g} to {high:g}"


def _plain(value: Any) -> Any:
    return value if isinstance(value, (bool, int, float, str, type(None))) else repr(value)


def write(catalogue: Mapping[str, list[Entry]], path: Path = FILE) -> None:
    """Write the catalogue, one entry a line, so that a change is one line of a diff."""
    blocks = []
    for kind, listed in catalogue.items():
        rows = ",\n  ".join(json.dumps(entry, ensure_ascii=False) for entry in listed)
        blocks.append(f' "{kind}": [\n  {rows}\n ]' if listed else f' "{kind}": []')
    path.write_text("{\n" + ",\n".join(blocks) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    write(build())
