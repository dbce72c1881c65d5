"""Open a table folder as a testbed, and list the tables that come with the harness."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from hpobench_lab.errors import StudyError
from hpobench_lab.testbed import Testbed
from hpobench_lab.testbeds.curves.storage.files import read_header, read_table

__all__ = ["MODES", "built_in", "digest_of", "open_exact", "open_table", "tables_in"]

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


def open_table(
    folder: Path,
    *,
    mode: str = "surrogate",
    wide: bool = False,
    objectives: Sequence[str] = (),
    surrogate: str = "xgboost",
    noise: bool | None = None,
    name: str = "",
) -> Testbed:
    """Open a table as a testbed; the held-out values stay closed.

    Args:
        folder: Folder with a ``table.json``.
        mode: ``surrogate`` serves the whole space, ``table`` the listed configurations exactly.
        wide: Whether the wide space is served instead of the normal one.
        objectives: Several of ``error``, ``latency``, ``size``, ``gap``, served by the exact table
            whatever the mode; default the loss alone.
        surrogate: ``xgboost``, or ``mlp`` for comparison.
        noise: Whether the surrogate's evaluations carry the noise of training; default where the
            table knows it.
        name: Selector-style name; default ``curves/<name>``.

    Raises:
        DataError: If a file is missing or damaged.
        StudyError: If something is asked that the table does not have.
        ValueError: If the mode is unknown.

    >>> open_table(built_in()["digits-mlp"]).facts.kind
    'surrogate'
    """
    if mode not in MODES:
        raise ValueError(f"mode must be 'surrogate' or 'table', got {mode!r}")
    if mode == "table" or objectives:
        if surrogate != "xgboost" or noise is not None:
            raise StudyError(
                f"{name or folder.name}: surrogate= and noise= belong to mode='surrogate'; an "
                "exact table shows its trainings as they were"
            )
        return open_exact(folder, wide=wide, objectives=objectives, name=name)
    from hpobench_lab.testbeds.curves.surrogate import Surrogate, read_model

    header = read_header(folder)
    return Surrogate(
        header,
        read_model(folder, header, surrogate),
        name=name or f"curves/{header['name']}",
        data_sha256=digest_of(header, "surrogate.npz"),
        surrogate=surrogate,
        noise=noise,
        wide=wide,
    )


def open_exact(
    folder: Path, *, wide: bool = False, objectives: Sequence[str] = (), name: str = ""
) -> Testbed:
    """Open a table as an exact testbed.

    Args:
        folder: Folder with a ``table.json``.
        wide: Whether configurations of the wide space are listed, too.
        objectives: Several of ``error``, ``latency``, ``size``, ``gap``; default the loss alone.
        name: Selector-style name; default ``curves/<name>``.
    """
    from hpobench_lab.testbeds.curves.multi import axes_of
    from hpobench_lab.testbeds.curves.table import Table

    header = read_header(folder)
    curves = read_table(folder, header)
    return Table(
        header,
        curves,
        name=name or f"curves/{header['name']}",
        data_sha256=digest_of(header, *SERVED),
        folder=folder,
        wide=wide,
        axes=axes_of(header, curves, objectives, wide=wide) if objectives else (),
    )


SERVED = ("configs.parquet", "trainings.parquet", "curves.parquet")
"""What an exact table reads."""


def digest_of(header: Mapping[str, Any], *names: str) -> str:
    """Return the digest of some of a table's files, as its header names them."""
    text = "".join(header["files"][name]["sha256"] for name in names)
    return hashlib.sha256(text.encode()).hexdigest()
