"""What a figure is: rows, a way to draw them, and its files."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from hpobench_lab.figures.style import Look

__all__ = ["Draw", "Plot", "Rows", "csv_text", "inline_svgs", "save"]

Rows = Mapping[str, Sequence[Any]]
Draw = Callable[[Any, Rows, Mapping[str, Look]], None]
"""Draws one panel's rows on matplotlib axes."""

WIDTH, HEIGHT = 2.7, 1.95
"""Of a small multiple, inches; three stand side by side on a page."""


@dataclass(frozen=True)
class Plot:
    """Hold a figure before it is drawn; everything visible comes from ``rows``.

    Args:
        id: File stem, such as ``"f1-regret"``.
        title: One line.
        reading: How to read it, in a sentence or two; names the band.
        rows: Columns of equal length; ``panel`` names the small multiple.
        draw: Draws the rows of one panel.
        looks: By optimizer.
        size: Of one panel, inches.
        legend: Whether the optimizers need one.
    """

    id: str
    title: str
    reading: str
    rows: Rows
    draw: Draw
    looks: Mapping[str, Look]
    size: tuple[float, float] = (WIDTH, HEIGHT)
    legend: bool = True

    @property
    def panels(self) -> list[str]:
        """Return the names of the small multiples, in order."""
        return list(self._members)

    def of(self, panel: str) -> Rows:
        """Return the rows of one panel."""
        keep = self._members.get(panel, [])
        return {k: [v[i] for i in keep] for k, v in self.rows.items()}

    @cached_property
    def csv(self) -> str:
        """Return the rows as CSV text, written once however often it is asked for."""
        return csv_text(self.rows)

    @cached_property
    def _members(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for i, panel in enumerate(self.rows["panel"]):
            found.setdefault(str(panel), []).append(i)
        return found

    @cached_property
    def _sheet(self) -> Any:
        """Return the drawing that all formats and the page's panels are printed from."""
        from hpobench_lab.figures.sheet import laid_out

        return laid_out(self)


def csv_text(rows: Rows) -> str:
    """Return rows as CSV; floats in full precision, NaN empty.

    >>> print(csv_text({"x": [1.5, float("nan")], "who": ["a", "b"]}), end="")
    x,who
    1.5,a
    ,b
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(rows)
    columns = [list(map(_cell, values)) for values in rows.values()]
    writer.writerows(zip(*columns, strict=True))
    return out.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int):  # bool included
        return str(value)
    return "" if value != value else repr(float(value))


def save(plot: Plot, folder: Path) -> list[str]:
    """Write the figure as SVG, PDF and PNG and the CSV that it draws; return the file names."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{plot.id}.csv").write_text(plot.csv, encoding="utf-8", newline="")
    for kind in ("svg", "pdf", "png"):
        (folder / f"{plot.id}.{kind}").write_bytes(plot._sheet.printed(kind))
    return [f"{plot.id}.{kind}" for kind in ("svg", "pdf", "png", "csv")]


def inline_svgs(plot: Plot) -> dict[str, str]:
    """Return each panel as an SVG element for a page, printed from the drawing of the files.

    Text stays text there, in the page's font; ids begin with ``<plot.id>-<number of the panel>-``.
    """
    from hpobench_lab.figures.inline import for_page

    out = {}
    for i, panel in enumerate(plot.panels):
        name = plot.title + (f": {panel}" if panel else "")
        out[panel] = for_page(plot._sheet.panel(i), prefix=f"{plot.id}-{i}-", name=name)
    return out
