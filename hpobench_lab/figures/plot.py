"""What a figure is: rows, a way to draw them, and its files."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpobench_lab.figures.style import Look, page_style, plain

__all__ = ["Draw", "Plot", "Rows", "csv_text", "inline_svgs", "save"]

Rows = Mapping[str, Sequence[Any]]
Draw = Callable[[Any, Rows, Mapping[str, Look]], None]
"""Draws one panel's rows on matplotlib axes."""

WIDTH, HEIGHT = 3.5, 2.5
DPI = 160


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
        return list(dict.fromkeys(str(p) for p in self.rows["panel"]))

    def of(self, panel: str) -> Rows:
        """Return the rows of one panel."""
        keep = [i for i, p in enumerate(self.rows["panel"]) if p == panel]
        return {k: [v[i] for i in keep] for k, v in self.rows.items()}


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
    writer.writerows([_cell(v) for v in line] for line in zip(*rows.values(), strict=True))
    return out.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, bool | int | str):
        return str(value)
    return "" if value != value else repr(float(value))


def _figure(plot: Plot, panels: Sequence[str], *, legend: bool | None) -> Any:
    """Return the figure of some panels; ``legend=None``: the page writes titles and legend."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    across = min(3, len(panels))
    down = -(-len(panels) // max(across, 1))
    w, h = plot.size
    extra = 0.35 * (1 + (len(plot.looks) - 1) // (3 * across)) if legend else 0.0
    layout = ConstrainedLayoutEngine()
    figure = Figure(figsize=(w * max(across, 1), h * max(down, 1) + extra), layout=layout, dpi=DPI)
    axes = figure.subplots(max(down, 1), max(across, 1), squeeze=False).ravel()
    for ax, panel in zip(axes, panels, strict=False):
        plot.draw(ax, plot.of(panel), plot.looks)
        if panel and legend is not None:
            ax.set_title(plain(panel))
    for ax in axes[len(panels) :]:
        ax.set_visible(False)
    if legend:
        figure.legend(
            handles=_handles(plot.looks), loc="outside lower center", ncols=min(3 * across, 6)
        )
    layout.execute(figure)  # once, for all formats
    figure.set_layout_engine("none")
    return figure


def _handles(known: Mapping[str, Look]) -> list[Any]:
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], color=x.colour, linestyle=x.style, marker=x.marker, label=plain(x.label))
        for x in known.values()
    ]


def _bytes(figure: Any, kind: str) -> bytes:
    """Return a figure that is laid out already; the canvases are called without a trial draw."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_pdf import FigureCanvasPdf
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    out, dpi = io.BytesIO(), figure.dpi
    canvas: Any
    if kind == "svg":
        canvas = FigureCanvasSVG(figure)
        canvas.print_svg(out, metadata={"Date": None, "Creator": None})
    elif kind == "pdf":
        nameless = dict.fromkeys(("CreationDate", "ModDate", "Creator", "Producer"))
        canvas = FigureCanvasPdf(figure)
        canvas.print_pdf(out, metadata=nameless)
    else:
        canvas = FigureCanvasAgg(figure)
        canvas.print_png(out, metadata={"Software": None})
    figure.dpi = dpi
    return out.getvalue()


def save(plot: Plot, folder: Path) -> list[str]:
    """Write the figure as SVG, PDF and PNG and the CSV that it draws; return the file names."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{plot.id}.csv").write_text(csv_text(plot.rows), encoding="utf-8", newline="")
    with page_style(plot.id):
        figure = _figure(plot, plot.panels, legend=plot.legend)
        for kind in ("svg", "pdf", "png"):
            (folder / f"{plot.id}.{kind}").write_bytes(_bytes(figure, kind))
    return [f"{plot.id}.{kind}" for kind in ("svg", "pdf", "png", "csv")]


def inline_svgs(plot: Plot) -> dict[str, str]:
    """Return each panel as an SVG element for a page, drawn by the same function as the files."""
    from hpobench_lab.figures.inline import for_page

    out = {}
    for i, panel in enumerate(plot.panels):
        with page_style(f"{plot.id}-{i}"):
            figure = _figure(plot, [panel], legend=None)
            figure.patch.set_visible(False)
            for ax in figure.axes:
                ax.patch.set_visible(False)
            svg = _bytes(figure, "svg").decode()
        name = plot.title + (f": {panel}" if panel else "")
        out[panel] = for_page(svg, prefix=f"{plot.id}-{i}-", name=name)
    return out
