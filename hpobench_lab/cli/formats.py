"""A table in the formats that others read: Markdown and CSV."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence

__all__ = ["csv_text", "markdown"]

Row = Sequence[str]


def markdown(head: Row, rows: Sequence[Row]) -> str:
    """Return a Markdown table.

    >>> print(markdown(["#", "who"], [["1", "a|b"]]))
    | # | who |
    |---|---|
    | 1 | a\\|b |
    """
    from hpobench_lab.report.markdown import safe

    lines = [list(head), *([safe(cell) for cell in row] for row in rows)]
    shown = [f"| {' | '.join(line)} |" for line in lines]
    return "\n".join([shown[0], "|" + "---|" * len(head), *shown[1:]])


def csv_text(records: Sequence[Mapping[str, object]]) -> str:
    """Return numbers in full precision; what is not known is empty, infinity is ``inf``.

    >>> print(csv_text([{"who": "a,b", "p": 0.1}, {"who": "c", "p": float("nan")}]))
    who,p
    "a,b",0.1
    c,
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(records[0] if records else ())
    writer.writerows([_cell(v) for v in record.values()] for record in records)
    return text.getvalue().rstrip("\n")


def _cell(value: object) -> object:
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else value
