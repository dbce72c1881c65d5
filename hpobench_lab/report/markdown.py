"""``report.md``: the page's twin, short enough for a CI step summary (1 MiB at most)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hpobench_lab.analysis.sensitivity import METRICS
from hpobench_lab.analysis.study import Analysis
from hpobench_lab.figures.plot import Plot
from hpobench_lab.figures.style import plain
from hpobench_lab.report import prose, tables

__all__ = ["LIMIT", "markdown", "safe"]

LIMIT = 1 << 20
"""Bytes that a step summary may have on the services that show one."""

MAIN = ("f1-regret", "f3-critical", "f4-ecdf", "f15-forest")
"""Beginnings of the ids of the figures that are shown; the others are listed."""

ROWS, CELL, NOTES = 200, 300, 100
"""Rows of a table, characters of a cell and notes that are printed; ``result.json`` has all."""


def markdown(analysis: Analysis, plots: Sequence[Plot], provenance: Mapping[str, Any]) -> str:
    """Return the report as Markdown with links to the figures' files."""
    a = analysis
    parts = [f"# {safe(_cut(a.name))}", f"**{safe(a.verdict.sentence)}**"]
    parts += [safe(s) for s in a.verdict.further]
    parts += [f"> **Note** {safe(c.text)}" for c in _first(a, "banner")]
    parts += ["## League table", _table(tables.LEAGUE_COLUMNS, tables.league_rows(a))]
    parts += [_legend(a), "\n".join(f"- {safe(c.text)}" for c in _first(a, "info"))]
    gates = prose.gates(a)
    parts += ["## Gate", *(f"- {safe(text)}" for text in gates)] if gates else []
    parts += _controls(a) + _figures(plots)
    parts += ["## Testbeds", _table(*tables.filled(tables.TESTBED_COLUMNS, tables.testbed_rows(a)))]
    parts += [
        "## Time and energy",
        _table(tables.ENERGY_COLUMNS, tables.energy_rows(a)),
        safe(prose.energy(a)),
    ]
    notes = _first(a, "note")
    parts += ["## Notes", *(f"- {safe(c.text)}" for c in notes)] if notes else []
    parts += ["## Methods", *map(safe, prose.methods(a))]
    lines = prose.citations(a, [p.id for p in plots])
    parts += ["## References", "\n".join(f"- {safe(line)}" for line in lines)]
    return _fitting(parts, _provenance(provenance))


def _first(a: Analysis, level: str) -> list[Any]:
    return [c for c in a.cautions if c.level == level][:NOTES]


def _legend(a: Analysis) -> str:
    said = ["Regret: 0 is the optimum, 1 the median of one random evaluation."]
    if a.baseline:
        said.append(
            f"Difference: median over n common sources of the {METRICS[a.metric]} minus that of "
            f"{safe(a.baseline)}; negative is better. "
            f"A12: the chance that a run beats one of {safe(a.baseline)}."
        )
    if a.worth:
        said.append("Worth: how many evaluations of random search one evaluation is worth.")
    return " ".join(said)


def _controls(a: Analysis) -> list[str]:
    rows = tables.control_rows(a)
    return ["## Control lines", _table(tables.CONTROL_COLUMNS, rows)] if rows else []


def _figures(plots: Sequence[Plot]) -> list[str]:
    parts = []
    for plot in plots:
        if plot.id.startswith(MAIN):
            parts += [
                f"## {safe(plot.title)}",
                f"![{safe(plot.title)}](figures/{plot.id}.png)",
                f"{safe(plot.reading)} [Data](figures/{plot.id}.csv)",
            ]
    rest = [p for p in plots if not p.id.startswith(MAIN)]
    links = [f"[{safe(p.title)}](figures/{p.id}.png)" for p in rest]
    return parts + ([f"More figures: {', '.join(links)}."] if links else [])


def _provenance(provenance: Mapping[str, Any]) -> list[str]:
    return [
        "## Provenance",
        _table(("what", "value"), list(provenance["facts"].items())),
        "To reproduce, save as `study.toml`:",
        f"```toml\n{provenance['study_toml']}```",
        f"```\n{provenance['command']}\n```",
    ]


def _fitting(parts: Sequence[str], last: Sequence[str]) -> str:
    """Return the whole text, without its end where it would be too long for a summary."""
    text = "\n\n".join(part for part in [*parts, *last] if part) + "\n"
    if len(text.encode()) <= LIMIT:
        return text
    rest = "The rest is too long for a summary; report.html and result.json have it."
    kept, size = list[str](), len(rest) + 8
    for part in parts:
        size += len(part.encode()) + 2
        if size > LIMIT:
            break
        kept.append(part)
    return "\n\n".join([*kept, rest]) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(safe(_cut(str(c))) for c in row) + " |" for row in rows[:ROWS]]
    more = f"\n\n{len(rows) - ROWS} more rows are in result.json." if len(rows) > ROWS else ""
    return "\n".join(lines) + more


def _cut(text: str) -> str:
    return text if len(text) <= CELL else text[: CELL - 1] + "…"


def safe(text: str) -> str:
    r"""Return the text with what Markdown or HTML would act on taken out of force.

    >>> print(safe("<b> a_b *x* [y](z) ~~s~~ $m$ #"))
    &lt;b&gt; a\_b \*x\* \[y\](z) \~\~s\~\~ \$m\$ #
    """
    out = (
        plain(text.replace("\n", " "))
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
    )
    return "".join("\\" + c if c in "\\`*_|[]~$" else c for c in out)
