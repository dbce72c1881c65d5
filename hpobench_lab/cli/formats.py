"""A table in the formats that others read: Markdown, CSV and LaTeX."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence

__all__ = ["WRITERS"]

Row = Sequence[str]
_LATEX = {c: f"\\{c}" for c in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "–": "--",
    "²": r"\textsuperscript{2}",
}


def _markdown(head: Row, rows: Sequence[Row]) -> str:
    """Return a Markdown table.

    >>> print(_markdown(["#", "who"], [["1", "a|b"]]))
    | # | who |
    |---|---|
    | 1 | a\\|b |
    """
    lines = [[cell.replace("|", r"\|") for cell in row] for row in (head, *rows)]
    shown = [f"| {' | '.join(line)} |" for line in lines]
    return "\n".join([shown[0], "|" + "---|" * len(head), *shown[1:]])


def _csv(head: Row, rows: Sequence[Row]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([head, *rows])
    return text.getvalue().rstrip("\n")


def _latex(head: Row, rows: Sequence[Row]) -> str:
    """Return a tabular with the rules of booktabs.

    >>> print(_latex(["#", "who"], [["1", "a_b"]]))
    \\begin{tabular}{ll}
    \\toprule
    \\# & who \\\\
    \\midrule
    1 & a\\_b \\\\
    \\bottomrule
    \\end{tabular}
    """
    shown = [" & ".join(map(_escaped, row)) + r" \\" for row in (head, *rows)]
    align = "ll" + "r" * (len(head) - 2)
    return "\n".join(
        [
            rf"\begin{{tabular}}{{{align}}}",
            r"\toprule",
            shown[0],
            r"\midrule",
            *shown[1:],
            r"\bottomrule",
            r"\end{tabular}",
        ]
    )


def _escaped(cell: str) -> str:
    return "".join(_LATEX.get(c, c) for c in cell)


WRITERS: Mapping[str, Callable[[Row, Sequence[Row]], str]] = {
    "md": _markdown,
    "csv": _csv,
    "latex": _latex,
}
