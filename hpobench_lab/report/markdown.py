"""``report.md``: the page's twin, small enough for a CI step summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hpobench_lab.analysis.study import Analysis
from hpobench_lab.figures.plot import Plot
from hpobench_lab.figures.style import plain
from hpobench_lab.report import prose, tables

__all__ = ["markdown"]


def markdown(analysis: Analysis, plots: Sequence[Plot], provenance: Mapping[str, Any]) -> str:
    """Return the report as Markdown with links to the figures' files."""
    a = analysis
    parts = [f"# {_text(a.name)}", f"**{_text(a.verdict.sentence)}**"]
    parts += [_text(s) for s in a.verdict.further]
    parts += [f"> **Note** {_text(c.text)}" for c in a.cautions if c.banner]
    parts += ["## League table", _table(tables.LEAGUE_COLUMNS, tables.league_rows(a))]
    if a.baseline:
        against = _text(a.baseline)
        parts.append(
            f"Difference: from {against}, in normalised regret, over n common sources; negative is "
            "better."
        )
    parts += [_text(c.text) for c in a.cautions if c.level == "info"]
    for plot in plots:
        parts += [
            f"## {plot.title}",
            f"![{plot.title}](figures/{plot.id}.png)",
            f"{plot.reading} [Data](figures/{plot.id}.csv)",
        ]
    parts += ["## Testbeds", _table(*tables.filled(tables.TESTBED_COLUMNS, tables.testbed_rows(a)))]
    parts += [
        "## Time and energy",
        _table(tables.ENERGY_COLUMNS, tables.energy_rows(a)),
        _text(prose.energy(a)),
    ]
    notes = [c for c in a.cautions if c.level == "note"]
    parts += ["## Notes", *(f"- {_text(c.text)}" for c in notes)] if notes else []
    parts += ["## Methods", *map(_text, prose.methods(a))]
    parts += ["## References", "\n".join(f"- {_text(c)}" for c in prose.citations(a))]
    parts += [
        "## Provenance",
        _table(("what", "value"), list(provenance["facts"].items())),
        "To reproduce, save as `study.toml`:",
        f"```toml\n{provenance['study_toml']}```",
        f"```\n{provenance['command']}\n```",
    ]
    return "\n\n".join(parts) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(_text(str(c)) for c in row) + " |" for row in rows]
    return "\n".join(lines)


def _text(text: str) -> str:
    """Return the text with what Markdown or HTML would act on taken out of force."""
    out = (
        plain(text.replace("\n", " "))
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
    )
    return "".join("\\" + c if c in "\\`*_|[]" else c for c in out)
