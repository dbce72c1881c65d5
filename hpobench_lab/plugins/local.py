"""What lies in the working directory: a user's optimizers, testbeds, tables and study files.

Only file names, JSON and syntax trees are read here; nothing of the user's is imported.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = [
    "families",
    "optimizer_files",
    "study_files",
    "summary",
    "table_header",
    "tables",
    "testbed_files",
]

_PACKAGE = Path(__file__).parent.parent
_OURS = ("__init__", "roster", "wrappers")


def _is_our_own(folder: Path) -> bool:
    """Return whether a folder is this project's own, here or in another checkout of it."""
    installed = _PACKAGE / folder.name
    if installed.exists() and installed.resolve() == folder.resolve():
        return True
    return (folder.parent / "hpobench_lab" / "plugins" / "local.py").is_file()


def _files(folder: Path, suffix: str) -> dict[str, Path]:
    if not folder.is_dir() or _is_our_own(folder):
        return {}
    found = {}
    for path in sorted(folder.glob(f"*{suffix}")):
        if path.stem not in _OURS and not path.name.startswith((".", "_")):
            found[path.stem.replace("_", "-")] = path
    return found


def optimizer_files() -> dict[str, Path]:
    """Return name -> file of the working directory's ``optimizers/*.py``."""
    return _files(Path("optimizers"), ".py")


def testbed_files() -> dict[str, Path]:
    """Return name -> file of the working directory's ``testbeds/*.py``."""
    return _files(Path("testbeds"), ".py")


def tables() -> dict[str, Path]:
    """Return ``folder/name`` -> folder of the collected tables ``testbeds/*/*/table.json``."""
    found = {}
    for path in sorted(Path("testbeds").glob("*/*/table.json")):
        folder = path.parent
        if not any(part.startswith(".") for part in folder.parts):
            found[f"{folder.parent.name}/{folder.name}"] = folder
    return found


def study_files() -> dict[str, Path]:
    """Return suite name -> file of ``protocols/*.toml`` and ``protocols/suites/*.toml``."""
    return _files(Path("protocols"), ".toml") | (
        {} if _is_our_own(Path("protocols")) else _files(Path("protocols/suites"), ".toml")
    )


def summary(path: Path) -> str:
    """Return the first docstring line of a file's classes and functions, or of the file."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError):
        return "(cannot be parsed)"
    defined = [n for n in tree.body if isinstance(n, (ast.ClassDef, ast.FunctionDef))]
    docs = [ast.get_docstring(n) for n in [*defined, tree]]
    return next((d.split("\n")[0] for d in docs if d), "")


def table_header(path: Path) -> dict[str, Any]:
    """Return the header of a collected table as plain data; empty when it cannot be read."""
    try:
        header = json.loads((path / "table.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return header if isinstance(header, dict) else {}


def families(found: Mapping[str, Path]) -> dict[str, dict[str, Path]]:
    """Return ``folder/<data>-cash`` -> family -> folder, for data that several families learn.

    Args:
        found: ``folder/<data>-<family>`` -> folder of the table, as ``tables`` returns them.
    """
    grouped: dict[str, dict[str, Path]] = {}
    for name, path in found.items():
        header = table_header(path)
        source, family = header.get("source"), header.get("family")
        place, _, own = name.rpartition("/")
        if source and family and own == f"{source}-{family}":
            grouped.setdefault(f"{place}/{source}-cash", {})[str(family)] = path
    return {k: v for k, v in grouped.items() if len(v) > 1 and k not in found}
