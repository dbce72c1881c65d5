"""Collected tables as plug-ins: what may be given in parentheses, and how they are opened."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from hpobench_lab.plugins import local
from hpobench_lab.plugins.loading import Loaded
from hpobench_lab.testbed import Testbed

__all__ = ["cash", "table"]

Mode = Literal["surrogate", "table"]
Kind = Literal["xgboost", "mlp"]
Wanted = Literal["error", "latency", "size", "gap"]


def has_surrogate(folder: Path) -> bool:
    """Return whether a table has a surrogate; a small one has none and opens as it is."""
    return "surrogate.npz" in local.table_header(folder).get("files", {})


def table(name: str, folder: Path) -> Loaded:
    """Return the opener of a collected table, as ``curves.opening.open_table`` describes it."""
    from hpobench_lab.testbeds.curves.opening import open_table

    usual: Mode = "surrogate" if has_surrogate(folder) else "table"

    def opener(
        *,
        mode: Mode = usual,
        wide: bool = False,
        objectives: tuple[Wanted, ...] = (),
        surrogate: Kind = "xgboost",
        noise: bool | None = None,
    ) -> Testbed:
        return open_table(
            folder,
            mode=mode,
            wide=wide,
            objectives=objectives,
            surrogate=surrogate,
            noise=noise,
            name=name,
        )

    return Loaded(opener, name, str(folder), named=True, built_in=True)


def cash(name: str, folders: Mapping[str, Path]) -> Loaded:
    """Return the opener of the choice among the families of one data set."""
    from hpobench_lab.testbeds.curves.cash import open_cash

    usual: Mode = "surrogate" if all(map(has_surrogate, folders.values())) else "table"

    def opener(
        *,
        mode: Mode = usual,
        wide: bool = False,
        surrogate: Kind = "xgboost",
        noise: bool | None = None,
    ) -> Testbed:
        return open_cash(folders, name=name, mode=mode, wide=wide, surrogate=surrogate, noise=noise)

    origin = str(next(iter(folders.values())).parent)
    return Loaded(opener, name, origin, named=True, built_in=True)
