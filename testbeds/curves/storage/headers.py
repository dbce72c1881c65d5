"""What ``table.json`` must hold: it is edited by hand now and then, and no digest covers it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hpobench_lab.errors import DataError
from hpobench_lab.space import Space
from hpobench_lab.testbeds.curves.storage.checks import check_levels

__all__ = ["check_header"]

Kind = type | tuple[type, ...]
NUMBER = (int, float)
HEADER: Mapping[str, Kind] = {
    "name": str,
    "version": (int, str),
    "title": str,
    "source": str,
    "family": str,
    "space": dict,
    "fidelity": dict,
    "objectives": list,
    "diverged_above": NUMBER,
    "cap": NUMBER,
    "files": dict,
    "table": dict,
}
BEST: Mapping[str, Kind] = {
    "f_opt": NUMBER,
    "f_opt_origin": str,
    "f_ref": NUMBER,
    "f_ref_origin": str,
}
FIDELITY: Mapping[str, Kind] = {"name": str, "unit": str}
OBJECTIVE: Mapping[str, Kind] = {"name": str, "unit": str, "column": str}
SURROGATE: Mapping[str, Kind] = {**BEST, "derived": list, "quality": dict}
OPTIONAL = ("space_wide", "surrogate", "data")
"""Keys that hold an object, or nothing."""


def check_header(path: Path, header: Mapping[str, Any]) -> None:
    """Check that a header has what is read of it, each of its kind.

    Args:
        path: Of ``table.json``, named in messages.
        header: Of the schema that is read here.

    Raises:
        DataError: At the first breach.
    """
    _check(path, "", header, HEADER)
    _check(path, "", header, {k: dict for k in OPTIONAL if header.get(k) is not None})
    _check(path, "fidelity.", header["fidelity"], FIDELITY)
    check_levels(path, header["fidelity"].get("levels"))
    if not header["objectives"]:
        raise DataError(f"{path}: 'objectives' is empty")
    for i, objective in enumerate(header["objectives"]):
        _check(path, f"objectives[{i}].", objective, OBJECTIVE)
    for name, file in header["files"].items():
        _check(path, f"files.{name}.", file, {"sha256": str})
    _check(path, "table.", header["table"], BEST)
    surrogate = header.get("surrogate")
    if surrogate:
        _check(path, "surrogate.", surrogate, SURROGATE)
    _check_spaces(path, header)


def _check(path: Path, place: str, found: Any, wanted: Mapping[str, Kind]) -> None:
    if not isinstance(found, dict):
        raise DataError(f"{path}: {place.rstrip('.')!r} must be an object, got {found!r:.60}")
    missing = [place + key for key in wanted if key not in found]
    if missing:
        raise DataError(f"{path} lacks {', '.join(sorted(missing))}")
    for key, kind in wanted.items():
        if not isinstance(found[key], kind) or isinstance(found[key], bool):
            raise DataError(f"{path}: {place + key!r} cannot be {found[key]!r:.60}")


def _check_spaces(path: Path, header: Mapping[str, Any]) -> None:
    """Check that spaces are spaces, and that the best configurations lie in the normal one."""
    parts = [header["table"], header.get("surrogate") or {}]
    try:
        if header.get("space_wide"):
            Space.from_json(header["space_wide"])
        Space.from_json(header["space"]).values(
            [part["optimum_config"] for part in parts if part.get("optimum_config")]
        )
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        what = " ".join(f"{type(error).__name__}: {error}".split())
        raise DataError(f"{path}: a space or its best configuration: {what}") from None
