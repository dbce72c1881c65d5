"""Where the loaders look for files, and how they spell the data sets that several of them share."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["places", "source"]


def places(folder: Path) -> list[Path]:
    """Return a folder and the folders directly in it, in order of name; hidden ones are left out.

    A data folder holds one folder a collection; a researcher may as well point at that one itself.
    """
    if not folder.is_dir():
        return []
    inside = sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    return [folder, *inside]


def source(name: str) -> str:
    """Return one spelling of a data set's name, so that benchmarks on the same data share it.

    >>> source("credit_g"), source("Australian")
    ('credit-g', 'australian')
    """
    return re.sub(r"[\s_]+", "-", name.strip().lower())
