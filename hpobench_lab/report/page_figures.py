"""The figures as the page carries them: in a fixed order, within its size, marked by optimizer."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from hpobench_lab.analysis.study import Analysis
from hpobench_lab.figures.plot import Plot, csv_text, inline_svgs
from hpobench_lab.report.svg import fit, marked
from hpobench_lab.report.tables import span, whole
from hpobench_lab.report.text import inert

__all__ = ["PAGE_FIGURES", "PageFigure", "in_order", "numbers", "page_figures"]

FIRST = ("f1", "f3", "f4", "f15")
THEN = ("f2", "f5", "f6", "f7", "f16", "f8", "f9")
BY_TESTBED = ("f12", "f13", "f10", "f11", "f17", "f18")
LAST = ("f14",)
"""Stands beside the paragraph on energy."""

DATA_UP_TO, ALL_DATA = 200_000, 800_000
"""Characters of CSV up to which a figure, and the page, carry the data themselves."""

PAGE_FIGURES = 3_400_000
"""Characters of drawings up to which the page carries panels of figures with many of them."""

PANELS = 60
"""Panels of a figure that the page draws at most; the files have all."""


@dataclass(frozen=True)
class PageFigure:
    """Hold a figure as the page shows it.

    Args:
        plot: The figure.
        panels: Name, drawing and testbed ("" for none) of those that the page carries.
        total: Panels of the figure.
        data: Address of its CSV.
        place: ``first``, ``then``, ``testbeds`` or ``last``.
        shape: ``many`` (panels), ``broad`` (too wide for half a page), ``half``, or ``alone``: it
            would fit half a page and has no neighbour to share it with.
    """

    plot: Plot
    panels: tuple[tuple[str, str, str], ...]
    total: int
    data: str
    place: str
    shape: str = "half"

    @property
    def legend(self) -> list[str]:
        """Return the labels, those that share a thin grey line last."""
        return sorted(self.plot.looks, key=lambda label: self.plot.looks[label].other)

    @property
    def seeds(self) -> bool:
        """Return whether single seeds are drawn, which the page can switch off."""
        return any('class="seeds"' in svg for _, svg, _ in self.panels)


def page_figures(analysis: Analysis, plots: Sequence[Plot]) -> list[PageFigure]:
    """Return all figures in the page's order.

    Figures of one panel are always there. Those of many share what is left of ``PAGE_FIGURES``;
    the panels that do not fit are linked, and the page says so.
    """
    names, index = (f"i{n}" for n in count()), numbers(analysis, plots)
    room, data_room = PAGE_FIGURES, ALL_DATA
    drawn: dict[str, tuple[tuple[str, str, str], ...]] = {}
    ordered = in_order(plots)
    for plot in sorted(ordered, key=lambda p: len(p.panels) > 1):  # stable: small ones first
        panels = _panels(analysis, plot, index, names)
        if len(plot.panels) > 1:
            panels = _within(panels, room)
        drawn[plot.id] = panels
        room -= sum(len(svg) for _, svg, _ in panels)
    figures = []
    for plot in ordered:
        data = _data(plot, data_room)
        data_room -= len(data) if data.startswith("data:") else 0
        figures.append(
            PageFigure(
                plot=plot,
                panels=drawn[plot.id],
                total=len(plot.panels),
                data=data,
                place=_place(plot),
                shape=_shape(plot),
            )
        )
    return _lonely(figures)


def _shape(plot: Plot) -> str:
    return "many" if len(plot.panels) > 1 else "broad" if plot.size[0] > 5.9 else "half"


def _lonely(figures: Sequence[PageFigure]) -> list[PageFigure]:
    """Return the figures; a single one between such as take the whole width is ``alone``."""
    out = list(figures)
    for i, figure in enumerate(out):
        near = [out[j] for j in (i - 1, i + 1) if 0 <= j < len(out)]
        company = any(f.shape == "half" and f.place == figure.place for f in near)
        if figure.shape == "half" and not company:
            out[i] = replace(figure, shape="alone")
    return out


def numbers(analysis: Analysis, plots: Sequence[Plot]) -> dict[str, int]:
    """Return the number of each label in the page: optimizers first, then control lines."""
    drawn = [label for plot in plots for label in plot.looks]
    every = dict.fromkeys([*analysis.panel.optimizers, *drawn])
    return {label: i for i, label in enumerate(every)}


def in_order(plots: Sequence[Plot]) -> list[Plot]:
    """Return the figures in the page's order; those that it does not know come at the end."""
    places = {"first": FIRST, "then": THEN, "testbeds": BY_TESTBED, "last": LAST}
    rank = {n: (i, j) for i, part in enumerate(places.values()) for j, n in enumerate(part)}

    def key(plot: Plot) -> tuple[int, int]:
        if _place(plot) == "testbeds" and _number(plot) not in BY_TESTBED:
            return (2, -1) if plot.id.endswith("by-testbed") else (2, 99)
        return rank[_number(plot)]

    return sorted(plots, key=key)


def _number(plot: Plot) -> str:
    return plot.id.split("-")[0]


def _place(plot: Plot) -> str:
    if plot.id.endswith("by-testbed"):
        return "testbeds"
    places = {"first": FIRST, "then": THEN, "last": LAST}
    return next((k for k, part in places.items() if _number(plot) in part), "testbeds")


def _panels(
    analysis: Analysis, plot: Plot, index: Mapping[str, int], names: Iterator[str]
) -> tuple[tuple[str, str, str], ...]:
    part, wanted = plot, plot.panels[:PANELS]
    if len(wanted) < len(plot.panels):
        keep = [i for i, p in enumerate(plot.rows["panel"]) if str(p) in set(wanted)]
        part = replace(plot, rows={k: [v[i] for i in keep] for k, v in plot.rows.items()})
    beds = sorted((b.id for b in analysis.panel.beds), key=len, reverse=True)
    said = _tooltips(part)
    found = []
    for i, (name, svg) in enumerate(inline_svgs(part).items()):
        prefix = f"{plot.id}-{i}-"
        whose = {
            j: (index[label], said.get((name, label), label)) for j, label in enumerate(plot.looks)
        }
        bed = next((b for b in beds if name == b or name.startswith(f"{b}:")), "")
        found.append((name, inert(fit(marked(svg, prefix, whose), names)), bed))
    return tuple(found)


def _within(
    panels: tuple[tuple[str, str, str], ...], room: int
) -> tuple[tuple[str, str, str], ...]:
    """Return the first panels that fit into so many characters."""
    used = 0
    for n, (_, svg, _) in enumerate(panels):
        used += len(svg)
        if used > room:
            return panels[:n]
    return panels


def _tooltips(plot: Plot) -> dict[tuple[str, str], str]:
    """Return, by panel and optimizer, its label and what the figure says of it at the cut."""
    rows = plot.rows
    column = next((c for c in ("value", "effect") if c in rows), "")
    if not column or "optimizer" not in rows:
        return {}
    lines: dict[tuple[str, str], list[int]] = {}
    for i, (panel, label) in enumerate(zip(rows["panel"], rows["optimizer"], strict=True)):
        if "series" not in rows or rows["series"][i] == "median":
            lines.setdefault((str(panel), str(label)), []).append(i)
    curves = "x" in rows
    return {
        (panel, label): f"{label}: {_number_at(rows, column, at[-1])}"
        for (panel, label), at in lines.items()
        if curves or len(at) == 1
    }


def _number_at(rows: Mapping[str, Sequence[Any]], column: str, i: int) -> str:
    if "regret" in rows and math.isfinite(float(rows["regret"][i])):
        column = "regret"  # beside another value: the interval is that of the regret
    low, high = (float(rows[k][i]) if k in rows else math.nan for k in ("low", "high"))
    both = math.isfinite(low) and math.isfinite(high)
    text = span(float(rows[column][i]), low if both else math.nan, high)
    if "x" in rows and "axis" in rows:
        text += f" at {whole(float(rows['x'][i]))} {rows['axis'][i]}"
    return re.sub(r" at 1 share of the budget$", " at the whole budget", text)


def _data(plot: Plot, room: int) -> str:
    """Return the CSV as a data address where it fits, else the address of its file."""
    text = csv_text(plot.rows)
    if len(text) <= min(DATA_UP_TO, room * 3 // 4):
        return "data:text/csv;base64," + base64.b64encode(text.encode()).decode()
    return f"figures/{plot.id}.csv"
