"""What ``list -v`` says of collected tables, read from their headers alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import fill
from typing import Any

from hpobench_lab import catalogue
from hpobench_lab.plugins import local

__all__ = ["details", "text"]

Details = dict[str, Any]

LEAST_WIDTH = 40
MEASURES = {
    "r2": "R\u00b2",
    "spearman": "Spearman",
    "spearman_best_quarter": "in the best quarter",
    "mae_near_optimum": "error near the optimum",
    "calibration_slope": "calibration slope",
    "coverage_90": "90 % intervals hold",
    "kendall_tau": "Kendall's tau of optimizer rankings with the table",
    "kendall_tau_ceiling": "of the table with itself",
}
"""Measures of a surrogate's quality in the order shown, in words."""


def details() -> dict[str, Details]:
    """Return name -> what is known of every collected table; imports nothing heavy."""
    tables = catalogue.tables() | local.tables()
    return {name: _details(folder) for name, folder in tables.items()}


def _details(folder: Path) -> Details:
    header = local.table_header(folder)
    data, surrogate = header.get("data") or {}, header.get("surrogate") or {}
    table = header.get("table") or {}
    folds = header.get("folds") or {}
    return {
        "configurations": header.get("configurations"),
        "folds": folds.get("collected") or [0],
        "replicated": table.get("replicated", 0),
        "wide": bool(header.get("space_wide")),
        "quality": _quality(header, surrogate),
        "licence": data.get("licence", ""),
        "data": data.get("title", header.get("source", "")),
        "table": {k: table.get(k) for k in ("f_opt", "f_opt_origin", "f_ref", "f_ref_origin")},
        "surrogate": {
            k: surrogate.get(k) for k in ("f_opt", "f_opt_origin", "f_ref", "f_ref_origin")
        }
        if surrogate
        else None,
    }


def _quality(header: Mapping[str, Any], surrogate: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers among what is stored of the quality and of the rankings of optimizers."""
    taus = (header.get("trust") or {}).get("kendall_tau") or {}
    known = dict(surrogate.get("quality") or {})
    known |= {
        "kendall_tau": taus.get("table/xgboost"),
        "kendall_tau_ceiling": taus.get("table/again"),
    }
    return {k: v for k, v in known.items() if isinstance(v, (int, float))}


def text(name: str, known: Mapping[str, Any], width: int | None = None) -> str:
    """Return what is known of a table as a block of lines.

    Args:
        name: Of the testbed.
        known: As ``details`` returned it.
        width: Columns of the terminal; longer lines go on below. None: one line a fact.
    """
    lines = [
        ("holds", _holds(known)),
        ("surrogate", _surrogate(known)),
        ("table", _optimum(known["table"])),
        ("data", "; licence: ".join(str(v) for v in (known["data"], known["licence"]) if v)),
    ]
    shown = [f"  {head.ljust(10)} {line}" for head, line in lines if line]
    if width is not None:
        wide, below = max(width, LEAST_WIDTH), " " * 13
        shown = [
            fill(line, wide, subsequent_indent=below, break_on_hyphens=False) for line in shown
        ]
    return "\n".join([name, *shown])


def _holds(known: Mapping[str, Any]) -> str:
    n, folds = known["configurations"], known["folds"]
    words = [f"{n:,} configurations" if isinstance(n, int) else "unknown"]
    words.append(f"{len(folds)} {'fold' if len(folds) == 1 else 'folds'}")
    if known["replicated"]:
        words.append(f"{known['replicated']} configurations trained twice")
    if known["wide"]:
        words.append("a wide space (wide=true)")
    return ", ".join(words)


def _surrogate(known: Mapping[str, Any]) -> str:
    if not known["surrogate"]:
        return "none: an exact table only"
    found = known["quality"]
    words = [f"{label} {found[key]:.3g}" for key, label in MEASURES.items() if key in found]
    return "; ".join([", ".join(words), _optimum(known["surrogate"])])


def _optimum(measured: Mapping[str, Any]) -> str:
    if not isinstance(measured.get("f_opt"), (int, float)):
        return ""
    origin = str(measured.get("f_opt_origin") or "origin not stated").partition(":")[0]
    return f"f_opt {measured['f_opt']:.4g}, {origin}"
