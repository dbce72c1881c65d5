"""``report.html``: one self-contained page without any request."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from hpobench_lab.analysis.applicability import sentences
from hpobench_lab.analysis.study import Analysis
from hpobench_lab.figures.plot import Plot, csv_text, inline_svgs
from hpobench_lab.figures.style import DARK, Look
from hpobench_lab.report import prose, tables

__all__ = ["html_page"]

EMBED_UP_TO = 200_000
"""Characters of CSV up to which the page carries the data itself."""


def html_page(analysis: Analysis, plots: Sequence[Plot], provenance: Mapping[str, Any]) -> str:
    """Return the page; everything that comes from a study is escaped."""
    from jinja2 import Environment, StrictUndefined

    here = files("hpobench_lab.report")
    css = (here / "page.css").read_text(encoding="utf-8") + _dark_colours()
    script = (here / "page.js").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.from_string((here / "page.html.j2").read_text(encoding="utf-8"))
    bed_columns, beds = tables.filled(tables.TESTBED_COLUMNS, tables.testbed_rows(analysis))
    known = {label: look for p in plots for label, look in p.looks.items()}
    return page.render(
        a=analysis,
        banners=[c for c in analysis.cautions if c.banner],
        infos=[c for c in analysis.cautions if c.level == "info"],
        notes=[c for c in analysis.cautions if c.level == "note"],
        css=css,
        script=script,
        policy=_policy(css, script),
        blocks=_blocks(analysis),
        league_columns=tables.LEAGUE_COLUMNS,
        beds=beds,
        bed_columns=bed_columns,
        energy_rows=tables.energy_rows(analysis),
        energy_columns=tables.ENERGY_COLUMNS,
        energy=prose.energy(analysis),
        methods=prose.methods(analysis),
        citations=prose.citations(analysis),
        crashes=provenance["crashes"],
        figures={p.id: _figure(p) for p in plots},
        keys={label: key_svg(look) for label, look in known.items()},
        not_applicable=sentences(analysis.not_applicable),
        provenance=provenance,
    )


def _blocks(analysis: Analysis) -> list[list[dict[str, Any]]]:
    """Return the league table's rows: those with a rank, then those without, if any."""
    sources = len(analysis.panel.sources)
    rows = [
        {"label": row.label, "part": tables.served(row, sources), "cells": cells}
        for row, cells in zip(analysis.league, tables.league_rows(analysis), strict=True)
    ]
    blocks = [r for r in rows if not r["part"]], [r for r in rows if r["part"]]
    return [block for block in blocks if block]


def _figure(plot: Plot) -> dict[str, Any]:
    text = csv_text(plot.rows)
    data = f"figures/{plot.id}.csv"
    if len(text) <= EMBED_UP_TO:
        data = "data:text/csv;base64," + base64.b64encode(text.encode()).decode()
    return {"plot": plot, "panels": inline_svgs(plot), "data": data}


def key_svg(look: Look) -> str:
    """Return the optimizer's line and marker as a small drawing for tables and legends."""
    dash = f' stroke-dasharray="{" ".join(f"{1.6 * d:g}" for d in look.dash)}"' if look.dash else ""
    return (
        f'<svg class="key" viewBox="0 0 30 12" aria-hidden="true"><path d="M0 6H30" '
        f'stroke="{look.colour}" stroke-width="1.8"{dash}/>{_marker(look)}</svg>'
    )


def _marker(look: Look) -> str:
    paths = {
        "o": "M11.4 6a3.6 3.6 0 1 0 7.2 0a3.6 3.6 0 1 0-7.2 0z",
        "s": "M11.8 2.8h6.4v6.4h-6.4z",
        "D": "M15 1.6l4.4 4.4-4.4 4.4-4.4-4.4z",
        "^": "M15 2l4 7.4h-8z",
        "v": "M15 10l4-7.4h-8z",
        "P": "M13.4 2h3.2v2.4h2.4v3.2h-2.4v2.4h-3.2v-2.4h-2.4v-3.2h2.4z",
        "*": "M15 1.2l1.4 3 3.3.4-2.4 2.3.6 3.3-2.9-1.6-2.9 1.6.6-3.3-2.4-2.3 3.3-.4z",
        "X": "M12.5 2l2.5 2.4 2.5-2.4 1.6 1.6-2.4 2.4 2.4 2.4-1.6 1.6-2.5-2.4-2.5 2.4-1.6-1.6 "
        "2.4-2.4-2.4-2.4z",
    }
    if look.marker in paths:
        return f'<path d="{paths[look.marker]}" fill="{look.colour}"/>'
    lines = {
        "x": "M12 3l6 6M18 3l-6 6",
        "+": "M15 2v8M11 6h8",
        "1": "M15 6v4M15 6l-3.5-2.5M15 6l3.5-2.5",
    }
    return f'<path d="{lines[look.marker]}" stroke="{look.colour}" stroke-width="1.4" fill="none"/>'


def _dark_colours() -> str:
    rules = "".join(
        f'svg [stroke="{light}"]{{stroke:{dark}}}svg [fill="{light}"]{{fill:{dark}}}'
        for light, dark in DARK.items()
    )
    return f"@media (prefers-color-scheme:dark){{{rules}}}\n"


def _policy(css: str, script: str) -> str:
    def digest(text: str) -> str:
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    return (
        f"default-src 'none'; style-src 'sha256-{digest(css)}'; "
        f"script-src 'sha256-{digest(script)}'; base-uri 'none'; form-action 'none'"
    )
