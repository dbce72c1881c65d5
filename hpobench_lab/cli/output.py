"""How every command speaks: results on stdout, what happens on stderr."""

from __future__ import annotations

import json
import math
import shutil
import sys
from typing import Any

__all__ = ["emit", "note", "say", "table", "terminal_width"]


def say(text: str) -> None:
    """Write a result to stdout."""
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """Write what happens to stderr."""
    sys.stderr.write(text + "\n")


def emit(document: Any) -> None:
    """Write the one JSON document of ``--json`` to stdout; what is not finite is null."""
    sys.stdout.write(
        json.dumps(_finite(document), indent=1, ensure_ascii=False, default=str) + "\n"
    )


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(k): _finite(v) for k, v in value.items()}
    return [_finite(v) for v in value] if isinstance(value, (list, tuple)) else value


def terminal_width() -> int | None:
    """Return the columns of the terminal that shows stdout; None when no terminal does."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def table(heads: list[str], rows: list[list[str]]) -> str:
    """Return aligned columns; a column that is empty in every row is left out.

    >>> print(table(["name", "kind", "x"], [["a", "b", ""], ["long", "c", ""]]))
    name  kind
    a     b
    long  c
    """
    kept = [j for j in range(len(heads)) if any(row[j] for row in rows)]
    lines = [[heads[j] for j in kept], *([row[j] for j in kept] for row in rows)]
    widths = [max(len(line[j]) for line in lines) for j in range(len(kept))]
    return "\n".join(
        "  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
