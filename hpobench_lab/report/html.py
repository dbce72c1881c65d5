"""``report.html``: one self-contained page without any request."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from hpobench_lab.analysis.applicability import sentences
from hpobench_lab.analysis.sensitivity import METRICS
from hpobench_lab.analysis.study import Analysis
from hpobench_lab.figures.plot import Plot
from hpobench_lab.figures.style import DARK, Look
from hpobench_lab.report import page_data, prose, tables
from hpobench_lab.report.page_figures import numbers, page_figures
from hpobench_lab.report.text import inert

__all__ = ["html_page", "key_svg"]

NIGHT = {
    "color-scheme": "dark",
    "--plain": "#232428",
    "--page": "#141517",
    "--card": "#1c1d20",
    "--ink": "#e9e9e6",
    "--soft": "#a9acb1",
    "--line": "#34363a",
    "--accent": "#8ba4ff",
    "--warn": "#2e2716",
    "--warn-line": "#b98a24",
    "--good": "#1b2238",
}
"""The page's colours in the dark; ``page.css`` has those of the day."""


def html_page(
    analysis: Analysis,
    plots: Sequence[Plot],
    provenance: Mapping[str, Any],
    paper: Sequence[str] = (),
) -> str:
    """Return the page; everything that comes from a study is escaped.

    Args:
        analysis: Of the study.
        plots: The figures.
        provenance: As ``report.provenance`` returns it.
        paper: Addresses, relative to the page, of the files for a paper, which it links.
    """
    from jinja2 import Environment, StrictUndefined

    here = files("hpobench_lab.report")
    css = (here / "page.css").read_text(encoding="utf-8") + _dark()
    script = (here / "page.js").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.from_string((here / "page.html.j2").read_text(encoding="utf-8"))
    return page.render(
        a=analysis,
        css=css,
        script=script,
        policy=_policy(css, script),
        provenance=provenance,
        crashes=provenance["crashes"],
        **_cautions(analysis),
        **_tables(analysis),
        **_figures(analysis, plots),
        **_words(analysis, plots),
        paper=paper,
    )


def _shown(value: Any) -> Any:
    """Return text without what acts on a reader's machine; what the report itself wrote stays."""
    from markupsafe import Markup

    return inert(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _cautions(analysis: Analysis) -> dict[str, Any]:
    found = analysis.cautions
    return {
        "banners": [c for c in found if c.banner],
        "infos": [c for c in found if c.level == "info"],
        "notes": [c for c in found if c.level == "note"],
    }


def _tables(analysis: Analysis) -> dict[str, Any]:
    bed_columns, beds = tables.filled(tables.TESTBED_COLUMNS, tables.testbed_rows(analysis))
    words = page_data.testbed_words(analysis)
    return {
        "blocks": page_data.blocks(analysis),
        "columns": page_data.columns(),
        "controls": page_data.control_rows(analysis),
        "anytime": page_data.anytime_json(analysis),
        "last_step": len(analysis.anytime.at) - 1,
        "bed_columns": bed_columns,
        "beds": list(zip(words, beds, strict=True)),
        "bed_words": words,
        "families": page_data.filters(words),
        "energy_rows": tables.energy_rows(analysis),
        "energy_columns": tables.ENERGY_COLUMNS,
    }


def _figures(analysis: Analysis, plots: Sequence[Plot]) -> dict[str, Any]:
    known = {label: look for p in plots for label, look in p.looks.items()}
    return {
        "figures": page_figures(analysis, plots),
        "keys": {label: key_svg(look) for label, look in known.items()},
        "index": numbers(analysis, plots),
    }


def _words(analysis: Analysis, plots: Sequence[Plot]) -> dict[str, Any]:
    return {
        "energy": prose.energy(analysis),
        "methods": prose.methods(analysis),
        "citations": prose.citations(analysis, [p.id for p in plots]),
        "gates": prose.gates(analysis),
        "metric": METRICS[analysis.metric],
        "not_applicable": sentences(analysis.not_applicable),
    }


def key_svg(look: Look) -> str:
    """Return the optimizer's line and marker as a small drawing for tables and legends."""
    dash = f' stroke-dasharray="{" ".join(f"{1.6 * d:g}" for d in look.dash)}"' if look.dash else ""
    return (
        f'<svg class="key" viewBox="0 0 30 12" aria-hidden="true"><path d="M0 6H30" '
        f'stroke="{look.colour}" stroke-width="{0.9 if look.other else 1.8}"{dash}/>'
        f"{'' if look.other else _marker(look)}</svg>"
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
    path = lines.get(look.marker, "")
    return f'<path d="{path}" stroke="{look.colour}" stroke-width="1.4" fill="none"/>'


def _dark() -> str:
    """Return the rules of a dark page: where the system is dark, and where a reader asks for it.

    Paper is white, whatever the screen is. The selectors are simple ones, since a marker is drawn
    by ``<use>``, inside which no ancestor is seen.
    """
    shades = {f"--c{light[1:]}": dark for light, dark in DARK.items()}
    night = "".join(f"{k}:{v};" for k, v in (NIGHT | shades).items())
    by_day = "".join(f"--c{light[1:]}:{light};" for light in DARK)
    rules = "".join(
        f'[{kind}="{light}"]{{{kind}:var(--c{light[1:]})}}'
        for light in DARK
        for kind in ("stroke", "fill")
    )
    return (
        f":root{{{by_day}}}{rules}\n"
        f"@media screen and (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{night}}}}}"
        f"\n@media screen{{:root[data-theme=dark]{{{night}}}}}\n"
    )


def _policy(css: str, script: str) -> str:
    def digest(text: str) -> str:
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    return (
        f"default-src 'none'; style-src 'sha256-{digest(css)}'; "
        f"script-src 'sha256-{digest(script)}'; base-uri 'none'; form-action 'none'"
    )
