"""The verdict and the league table as plain text, for a terminal or a log."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from hpobench_lab.analysis.runs.panel import ResultsLike
from hpobench_lab.analysis.sensitivity import METRICS
from hpobench_lab.analysis.study import Analysis, analyse
from hpobench_lab.figures.style import plain
from hpobench_lab.report.prose import gates
from hpobench_lab.report.tables import LEAGUE_COLUMNS, league_rows

__all__ = ["inert", "league_text", "table_text"]

WIDTH = 100
DISPENSABLE = (
    "ask+tell s",
    "A12",
    "worth [95 %]",
    "n",
    "runs ok",
    "mean rank",
    "win/tie/loss",
)
MARKS = {"banner": "! ", "info": "", "note": "  "}


def league_text(
    results: ResultsLike | Analysis, *, width: int = WIDTH, table_width: int | None = None
) -> str:
    """Return the verdict sentence, the league table and the banners as plain text.

    Args:
        results: Loaded results, or an analysis of them.
        width: Characters at which sentences are broken.
        table_width: Characters that the table may take: the least telling columns are left out
            until it fits. None: all columns.
    """
    analysis = results if isinstance(results, Analysis) else analyse(results)
    said = [analysis.verdict.sentence, *analysis.verdict.further]
    parts = [textwrap.fill(plain(line), width) for line in said]
    if analysis.league:
        rows = [[plain(cell) for cell in row] for row in league_rows(analysis)]
        lines = _fitting(rows, table_width).split("\n")
        ranked = 1 + sum(row.place is not None for row in analysis.league)
        parts += ["", *lines[:ranked], *(["", *lines[ranked:]] if lines[ranked:] else [])]
        if analysis.baseline:
            parts.append(
                f"difference: median over sources of the {METRICS[analysis.metric]} minus that of "
                f"{analysis.baseline}; negative is better"
            )
    parts += [textwrap.fill(plain(text), width) for text in gates(analysis)]
    for caution in analysis.cautions:
        mark = MARKS[caution.level]
        parts.append(
            textwrap.fill(plain(mark + caution.text), width, subsequent_indent=" " * len(mark))
        )
    return "\n".join(parts) + "\n"


def _fitting(rows: list[list[str]], width: int | None) -> str:
    """Return the league table without the columns that a narrow terminal has no room for."""
    shown = list(range(len(LEAGUE_COLUMNS)))
    for name in (None, *DISPENSABLE):
        if name is not None:
            shown.remove(LEAGUE_COLUMNS.index(name))
        text = table_text([LEAGUE_COLUMNS[i] for i in shown], [[r[i] for i in shown] for r in rows])
        if width is None or max(map(len, text.split("\n"))) <= width:
            break
    return text


def inert(text: str) -> str:
    """Return text of many lines without signs that act on a terminal or turn the direction.

    >>> inert("a\\x1b[31m\\n\\tb \\u202e ü")
    'a�[31m\\n\\tb � ü'
    """
    return re.sub(r"[^\n\t -~]", lambda found: plain(found[0]), text)


def table_text(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return an aligned table; the first two columns to the left, figures to the right.

    >>> print(table_text(["#", "who", "n"], [["1", "tpe", "10"], ["2", "random", "9"]]))
    #  who      n
    1  tpe     10
    2  random   9
    """
    wide = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = []
    for row in (head, *rows):
        cells = [
            c.ljust(w) if i < 2 else c.rjust(w)
            for i, (c, w) in enumerate(zip(row, wide, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
