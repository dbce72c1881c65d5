"""Open a table folder as a testbed, and list the tables that come with the harness."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from hpobench_lab.testbed import Testbed
from hpobench_lab.testbeds.curves.files import read_configs, read_curves, read_header

__all__ = ["MODES", "built_in", "open_table", "tables_in"]

Mode = Literal["surrogate", "table"]
MODES: tuple[Mode, ...] = ("surrogate", "table")


def tables_in(folder: Path) -> dict[str, Path]:
    """Return name -> folder of every table directly in a folder, sorted by name."""
    if not folder.is_dir():
        return {}
    found = sorted(path.parent for path in folder.glob("*/table.json"))
    return {path.name: path for path in found if not path.name.startswith(".")}


def built_in() -> dict[str, Path]:
    """Return name -> folder of the tables of the collection ``curves``.

    >>> "digits-mlp" in built_in()
    True
    """
    return tables_in(Path(__file__).parent / "data")


def open_table(folder: Path, *, mode: str = "surrogate", name: str = "") -> Testbed:
    """Open a table as a testbed; the held-out values stay closed.

    Args:
        folder: Folder with a ``table.json``.
        mode: ``surrogate`` serves the whole space, ``table`` the listed configurations exactly.
        name: Selector-style name; default ``curves/<name>``.

    Raises:
        DataError: If a file is missing or damaged.
        ValueError: If the mode is unknown.

    >>> open_table(built_in()["digits-mlp"]).facts.kind
    'surrogate'
    """
    if mode not in MODES:
        raise ValueError(f"mode must be 'surrogate' or 'table', got {mode!r}")
    header = read_header(folder)
    name = name or f"curves/{header['name']}"
    if mode == "surrogate":
        from hpobench_lab.testbeds.curves.surrogate import Surrogate, read_model

        model = read_model(folder, header)
        return Surrogate(header, model, name=name, data_sha256=_digest(header, "surrogate.npz"))
    from hpobench_lab.testbeds.curves.table import Table

    values, _ = read_configs(folder, header)
    curves = read_curves(folder, header)
    losses, cpu_s = curves[header["objectives"][0]["column"]], curves["cpu_s"]
    digest = _digest(header, "configs.parquet", "curves.parquet")
    return Table(header, values, losses, cpu_s, name=name, data_sha256=digest)


def _digest(header: Mapping[str, Any], *names: str) -> str:
    text = "".join(header["files"][name]["sha256"] for name in names)
    return hashlib.sha256(text.encode()).hexdigest()
