"""What ``list`` prints; imports nothing but the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpobench_lab import catalogue
from hpobench_lab.cli import collected
from hpobench_lab.cli.output import emit, note, say, table, terminal_width
from hpobench_lab.errors import UnknownName, suggestion

__all__ = ["show"]

COLUMNS = {
    "optimizers": ("name", "kind", "supports", "needs", "summary"),
    "testbeds": ("name", "kind", "dimension", "fidelity", "needs", "source", "summary"),
    "protocols": ("name", "summary"),
    "suites": ("name", "optimizers", "testbeds", "seeds", "budget", "summary"),
}
HEADS = {"dimension": "dim"}
COMMON = frozenset(("float", "int", "categorical", "conditional", "parallel"))


def show(kind: str, glob: str = "*", *, as_json: bool = False, verbose: bool = False) -> None:
    """Print the entries of a kind that match.

    Args:
        kind: One of ``catalogue.KINDS``.
        glob: Pattern of names.
        as_json: Whether one JSON document is printed.
        verbose: Whether collected tables say what they hold and how good their surrogates are.

    Raises:
        UnknownName: If there is no such kind.
    """
    if kind not in catalogue.KINDS:
        hint = suggestion(kind, catalogue.KINDS) or f" Choose from {', '.join(catalogue.KINDS)}."
        raise UnknownName(f"cannot list {kind!r}.{hint}")
    found = catalogue.entries(kind, glob)
    details = collected.details() if verbose and kind == "testbeds" else {}
    if as_json:
        emit(
            {
                kind: [
                    e | ({"table": details[n]} if (n := e["name"]) in details else {})
                    for e in found
                ]
            }
        )
        return
    if not found:
        hint = suggestion(glob, [e["name"] for e in catalogue.entries(kind)])
        note(f"no {kind[:-1]} matches {glob!r}.{hint}")
        return
    rows = [[_cell(column, entry) for column in COLUMNS[kind]] for entry in found]
    say(table([HEADS.get(c, c) for c in COLUMNS[kind]], rows))
    for entry in found:
        if entry["name"] in details:
            say("\n" + collected.text(entry["name"], details[entry["name"]], terminal_width()))


def _cell(column: str, entry: Mapping[str, Any]) -> str:
    value = entry.get(column, "")
    if column == "supports" and value:
        extra = [v for v in value if v not in COMMON]
        lacks = [f"no {v}" for v in sorted(COMMON - set(value))]
        return ", ".join([*extra, *lacks])
    if column == "budget":
        return ", ".join(f"{amount:g} {axis.replace('_', ' ')}" for axis, amount in value.items())
    return str(len(value)) if isinstance(value, list) else str(value)
