"""The parts of a report that go into a paper: booktabs tables, the methods and the references."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hpobench_lab.analysis.sensitivity import METRICS
from hpobench_lab.analysis.study import Analysis
from hpobench_lab.analysis.verdict import short
from hpobench_lab.report import citing, prose, tables
from hpobench_lab.report.bibtex import bibtex
from hpobench_lab.report.latex import booktabs, escape
from hpobench_lab.report.markdown import safe
from hpobench_lab.report.references import cited

__all__ = ["league_columns", "paper_files"]

LEAGUE = {
    "#": "#",
    "optimizer": "optimizer",
    "regret [95 %]": "regret [95 %]",
    "difference [95 %]": "difference [95 %]",
    "p (Holm)": "p (Holm)",
    "win/tie/loss": "w/t/l",
}
"""Columns of the league table that fit a page, and their names there."""

NEEDS = r"% needs \usepackage{booktabs,graphicx}"
AS_WIDE = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"
"""Makes a table smaller where it is wider than the text."""


def paper_files(analysis: Analysis, figures: Sequence[str] = ()) -> dict[str, str]:
    """Return file name -> text: tables, methods as Markdown and LaTeX, and ``references.bib``.

    Args:
        analysis: Of the study.
        figures: Ids of the figures that the report shows.
    """
    return {
        "tables/league.tex": _league(analysis),
        "tables/testbeds.tex": _testbeds(analysis),
        "tables/controls.tex": _controls(analysis),
        "methods.tex": _methods_tex(analysis),
        "methods.md": _methods_md(analysis, figures),
        "references.bib": bibtex(cited(analysis, figures)),
    }


def league_columns(analysis: Analysis) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return head and rows of the league table with the columns that fit a page."""
    return tables.filled(tuple(LEAGUE.values()), _league_rows(analysis))


def _league(a: Analysis) -> str:
    head, body = league_columns(a)
    done = a.completion
    said = [
        f"Read at {a.cut.words}: regret is the interquartile mean over sources of the normalised "
        f"regret (0 = optimum, 1 = one random evaluation); {done.failed} of "
        f"{done.ok + done.failed} runs failed."
    ]
    if a.baseline:
        said.append(
            f"Difference: median over sources of the {METRICS[a.metric]} minus that of "
            f"{a.baseline}; negative is better."
        )
        said.append("w/t/l: sources on which the optimizer wins, ties and loses against it.")
    if any(row.place is None for row in a.league):
        said.append("A fraction beside a name: the sources that it served, of all.")
    if a.cut.exploratory:
        said.append("Exploratory: not the declared budget, so nothing is tested.")
    return _file(said, booktabs(head, body) if body else "")


def _league_rows(a: Analysis) -> list[tuple[str, ...]]:
    keep = [tables.LEAGUE_COLUMNS.index(name) for name in LEAGUE]
    rows = []
    for row, cells in zip(a.league, tables.league_rows(a), strict=True):
        part = f" ({row.regret.n}/{len(a.panel.sources)})" if row.place is None else ""
        known = [row.label + part if i == 1 else cells[i] for i in keep]
        rows.append(tuple(known))
    return rows


def _testbeds(a: Analysis) -> str:
    rows = [
        (
            bed.id,
            bed.source,
            bed.kind,
            short(bed.f_opt) + ("" if bed.exact or bed.f_opt != bed.f_opt else " (best known)"),
            short(bed.f_ref),
            _fit(bed.quality or {}),
            bed.excluded,
        )
        for bed in a.panel.beds
    ]
    names = ("testbed", "source", "kind", "f_opt", "f_ref", "held-out fit", "left out")
    head, body = tables.filled(names, rows)
    align = "".join("r" if name in ("f_opt", "f_ref") else "l" for name in head)
    said = "f_opt: optimum or best known value; f_ref: median of one random evaluation."
    return _file([said], booktabs(head, body, align) if body else "")


def _fit(quality: Mapping[str, float]) -> str:
    """Return the first measure of a surrogate's quality; the report has all of them."""
    return tables.quality(dict(list(quality.items())[:1]))


def _controls(a: Analysis) -> str:
    rows = tables.control_rows(a)
    said = (
        "Not beaten by: the interval of the difference, after correction for the number of "
        "optimizers, reaches zero, or too few sources."
    )
    return _file([said], booktabs(tables.CONTROL_COLUMNS, rows, "lrrp{5cm}") if rows else "")


def _file(said: Sequence[str], table: str) -> str:
    lines = [NEEDS, *(f"% {escape(s)}" for s in said)]
    shown = ["% nothing to show"]
    if table:
        shown = [r"{\noindent\footnotesize\setlength{\tabcolsep}{3pt}%", AS_WIDE, f"{table}}}}}%"]
    return "\n".join([*lines, *shown]) + "\n"


def _methods_tex(a: Analysis) -> str:
    parts = prose.methods(a, written=citing.tex)
    parts.append(prose.carbon(a, written=citing.tex))
    head = r"% needs \usepackage{natbib,url}; the keys are in references.bib"
    return "\n\n".join([head, *parts]) + "\n"


def _methods_md(a: Analysis, figures: Sequence[str]) -> str:
    parts = ["# Methods", *prose.methods(a), "# Energy", prose.carbon(a), "# References"]
    text = "\n\n".join(safe(p) if not p.startswith("# ") else p for p in parts)
    lines = "\n".join(f"- {safe(line)}" for line in prose.citations(a, figures))
    return f"{text}\n\n{lines}\n"
