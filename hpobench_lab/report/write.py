"""Write a study's report: the same results give the same bytes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hpobench_lab.analysis.runs.panel import ResultsLike
from hpobench_lab.analysis.study import Analysis, analyse
from hpobench_lab.errors import DataError
from hpobench_lab.figures import plots, save
from hpobench_lab.report.document import document
from hpobench_lab.report.html import html_page
from hpobench_lab.report.markdown import markdown
from hpobench_lab.report.paper import paper_files
from hpobench_lab.report.provenance import provenance

__all__ = ["ReportFiles", "result_json", "write_report"]


@dataclass(frozen=True)
class ReportFiles:
    """Name what was written.

    Args:
        folder: The report's folder.
        html: The page.
        markdown: Its twin.
        json: ``result.json``.
        figures: All figure files and their data.
        paper: What goes into a paper: LaTeX tables, methods and ``references.bib``.
        analysis: What they show.
    """

    folder: Path
    html: Path
    markdown: Path
    json: Path
    figures: tuple[Path, ...]
    paper: tuple[Path, ...]
    analysis: Analysis = field(repr=False)


def write_report(
    results: ResultsLike, out: Path, *, axis: str | None = None, at: float | None = None
) -> ReportFiles:
    """Write the report into a folder.

    ``report.html``, its short twin ``report.md``, ``result.json`` for programs, ``figures/``, and
    for a paper ``tables/*.tex``, ``methods.tex``, ``methods.md`` and ``references.bib``.

    Args:
        results: As ``hpobench_lab.results.load`` returns them.
        out: The folder; made when absent.
        axis: Axis to read the runs on; by default the budget's.
        at: Cut on it; by default the budget.

    Raises:
        DataError: If the folder cannot be written.
    """
    analysis = analyse(results, axis=axis, at=at)
    drawn = plots(analysis, results)
    facts = provenance(analysis, results)
    try:
        out.mkdir(parents=True, exist_ok=True)
        names = {p.id: save(p, out / "figures") for p in drawn}
        listed = [{"id": k, "files": [f"figures/{f}" for f in v]} for k, v in names.items()]
        paper = paper_files(analysis, list(names))
        text = {
            "report.html": html_page(analysis, drawn, facts, list(paper)),
            "report.md": markdown(analysis, drawn, facts),
            "result.json": _json(document(analysis, listed, facts)),
        }
        (out / "tables").mkdir(exist_ok=True)
        for name, body in (text | paper).items():
            (out / name).write_text(body, encoding="utf-8", newline="")
    except OSError as error:
        raise DataError(
            f"cannot write the report to {out}: {error.strerror or error}; free space or choose "
            "another folder (-o of report, --reports of run)"
        ) from error
    files = tuple(out / "figures" / f for v in names.values() for f in v)
    html, md, result = (out / name for name in text)
    return ReportFiles(out, html, md, result, files, tuple(out / p for p in paper), analysis)


def result_json(results: ResultsLike) -> dict[str, Any]:
    """Return ``result.json``'s content without drawing anything; it lists no figures."""
    analysis = analyse(results)
    return document(analysis, [], provenance(analysis, results))


def _json(body: object) -> str:
    return json.dumps(body, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
