"""A figure on its sheet: panels in a grid, laid out once, printed in every format.

Constrained layout measures each panel four times; here each is measured once, few ones twice.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpobench_lab.figures.style import Look, page_style, shortened

if TYPE_CHECKING:
    from hpobench_lab.figures.plot import Plot

__all__ = ["Sheet", "laid_out"]

Box = tuple[float, float, float, float]

DPI = 160
PAD = 0.04
"""Around a panel, inches."""

TITLE, LINE = 0.2, 0.15
"""Height of a panel's title and of a line of the legend, inches."""

CHARACTER = 0.064
"""Width of a character of the legend, inches, generously."""

_LONG = re.compile(rb"-?[1-9]\d*\.\d{3,}")
_MARK = re.compile(rb'<g id="o\d+-[^"]*"')


@dataclass(frozen=True)
class Sheet:
    """Hold a laid-out figure.

    Args:
        id: Of the plot; the salt of all generated names.
        figure: Of matplotlib.
        axes: One a panel.
        boxes: What the page shows of each panel, without its title: left, top, width, height in
            points from the upper left corner.
    """

    id: str
    figure: Any
    axes: Sequence[Any]
    boxes: Sequence[Box]

    def printed(self, kind: str) -> bytes:
        """Return the bytes of ``svg``, ``pdf`` or ``png``; the same whenever it is called."""
        with page_style(self.id):
            return _printed(self.figure, kind)

    def panel(self, i: int) -> str:
        """Return one panel as an SVG document, its text as text and its background empty."""
        from matplotlib.backends import backend_svg

        ax, out = self.axes[i], io.StringIO()
        with page_style(f"{self.id}-{i}", text="none"):
            dpi, self.figure.dpi = self.figure.dpi, 72
            width, height = self.figure.get_size_inches() * 72
            svg: Any = backend_svg
            renderer = svg.RendererSVG(width, height, out, image_dpi=DPI, metadata=NAMELESS["svg"])
            hidden = [ax.patch, ax.title, ax._left_title, ax._right_title]
            for artist in hidden:
                artist.set_visible(False)
            ax.draw(renderer)
            renderer.finalize()
            for artist in hidden:
                artist.set_visible(True)
            self.figure.dpi = dpi
        box = " ".join(f"{v:.1f}" for v in self.boxes[i])
        return re.sub(r'viewBox="[^"]*"', f'viewBox="{box}"', out.getvalue(), count=1)


NAMELESS: Mapping[str, Any] = {
    "svg": {"Date": None, "Creator": None},
    "pdf": dict.fromkeys(("CreationDate", "ModDate", "Creator", "Producer")),
    "png": {"Software": None},
}
"""Metadata without what changes from day to day or from version to version."""


def _printed(figure: Any, kind: str) -> bytes:
    """Return a figure that is laid out already; the canvases are called without a trial draw."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_pdf import FigureCanvasPdf
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    out, dpi = io.BytesIO(), figure.dpi
    canvases: dict[str, Any] = {"svg": FigureCanvasSVG, "pdf": FigureCanvasPdf}
    canvas = canvases.get(kind, FigureCanvasAgg)(figure)
    getattr(canvas, f"print_{kind}")(out, metadata=NAMELESS[kind])
    figure.dpi = dpi
    return _tidy(out.getvalue()) if kind == "svg" else out.getvalue()


def _tidy(svg: bytes) -> bytes:
    """Round to a hundredth of a point, and drop the page's marks, which repeat from panel to panel.

    >>> _tidy(b'<g id="o0-line"><path d="M 12.3456 0.0751"/>')
    b'<g><path d="M 12.35 0.0751"/>'
    """
    return _LONG.sub(lambda m: b"%.2f" % float(m.group()), _MARK.sub(b"<g", svg))


def laid_out(plot: Plot) -> Sheet:
    """Return the drawn figure; panels share the margins of their column and row."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = plot.panels
    grid = _across(len(names)), max(1, -(-len(names) // _across(len(names))))
    with page_style(plot.id):
        size = plot.size[0] * grid[0], plot.size[1] * grid[1]
        figure = Figure(figsize=size, dpi=DPI)
        canvas: Any = FigureCanvasAgg(figure)
        axes = [figure.add_axes(_start(i, *grid)) for i in range(len(names))]
        for ax, panel in zip(axes, names, strict=True):
            plot.draw(ax, plot.of(panel), plot.looks)
        foot = _legend(figure, plot.looks, size[0]) if plot.legend and names else 0.0
        head = TITLE if any(names) else 0.0
        margins, boxes = [(0.0, 0.0, 0.0, 0.0)] * len(axes), list[Box]()
        for _ in range(2 if len(axes) <= 12 else 1):  # ticks may change with the room they have
            found = [_margins(ax, canvas.get_renderer()) for ax in axes]
            margins = [_wider(a, b) for a, b in zip(margins, found, strict=True)]
            boxes = _place(figure, axes, margins, plot.size, grid, head, foot)
        for ax, name, box in zip(axes, names, boxes, strict=True):
            if name:
                room = box[0] + box[2] - ax.get_position().x0 * 72 * figure.get_figwidth()
                ax.set_title(shortened(name, int(room / 72 / 0.071)))
    return Sheet(plot.id, figure, axes, boxes)


def _place(
    figure: Any,
    axes: Sequence[Any],
    margins: Sequence[Sequence[float]],
    size: tuple[float, float],
    grid: tuple[int, int],
    head: float,
    foot: float,
) -> list[Box]:
    """Give each panel its place, and the figure the size that this takes; inches.

    Args:
        figure: Of matplotlib.
        axes: One a panel.
        margins: Left, bottom, right and top of each panel.
        size: Width and height of a panel, which grows where its labels need it.
        grid: Columns and rows.
        head: Height of a panel's title.
        foot: Height of the legend.
    """
    (w, h), (across, down) = size, grid
    lefts, rights = (_most([m[k] for m in margins], *grid)[0] for k in (0, 2))
    bottoms, tops = (_most([m[k] for m in margins], *grid)[1] for k in (1, 3))
    wide = max([w] + [a + b + 0.4 * w for a, b in zip(lefts, rights, strict=True)])
    tall = max([h] + [a + b + head + 0.35 * h for a, b in zip(bottoms, tops, strict=True)])
    whole = (wide * across, tall * down + foot)
    figure.set_size_inches(*whole)
    boxes = []
    for i, ax in enumerate(axes):
        row, column = divmod(i, across)
        left, top = column * wide, row * tall + head
        x, right = left + lefts[column], left + wide - rights[column]
        y, low = top + tops[row], (row + 1) * tall - bottoms[row]
        ax.set_position(_parts((x, whole[1] - low, right - x, low - y), whole))
        _keep_inside(ax, left + PAD, left + wide - PAD, whole[0])
        boxes.append((72 * left, 72 * top, 72 * wide, 72 * (tall - head)))
    return boxes


def _across(n: int) -> int:
    """Return how many panels stand side by side.

    >>> [_across(n) for n in (0, 1, 2, 3, 4, 12, 13)]
    [1, 1, 2, 3, 2, 3, 4]
    """
    return 2 if n == 4 else min(3 if n <= 12 else 4, max(n, 1))


def _start(i: int, across: int, down: int) -> tuple[float, float, float, float]:
    """Return where a panel stands before it is measured, as parts of the figure."""
    row, column = divmod(i, across)
    return (column + 0.2) / across, (down - 1 - row + 0.2) / down, 0.75 / across, 0.65 / down


def _margins(ax: Any, renderer: Any) -> tuple[float, float, float, float]:
    """Return how far a panel's labels reach beyond its axes: left, bottom, right, top; inches.

    The x label may be wider than the axes, so only its height counts here.
    """
    label = ax.xaxis.label
    label.set_visible(False)
    whole, inner = ax.get_tightbbox(renderer), ax.bbox
    label.set_visible(True)
    reach = [inner.x0 - whole.x0, inner.y0 - whole.y0, whole.x1 - inner.x1, whole.y1 - inner.y1]
    if label.get_text():
        side = 3 if ax.xaxis.get_label_position() == "top" else 1
        extent = label.get_window_extent(renderer)
        reach[side] = max(reach[side], 0.0) + extent.height + 4.5 / 72 * DPI
    left, bottom, right, top = (max(float(v) / DPI, 0.0) + PAD for v in reach)
    return left, bottom, right, top


def _wider(a: Box, b: Box) -> Box:
    return max(a[0], b[0]), max(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _parts(place: Sequence[float], whole: tuple[float, float]) -> tuple[float, float, float, float]:
    w, h = whole
    return place[0] / w, place[1] / h, place[2] / w, place[3] / h


def _keep_inside(ax: Any, left: float, right: float, width: float) -> None:
    """Move the x label, centred on the axes, so that it stays inside its panel; inches."""
    label, box = ax.xaxis.label, ax.get_position()
    half = label.get_window_extent(ax.figure.canvas.get_renderer()).width / DPI / 2
    start, end = box.x0 * width, box.x1 * width
    middle = min(max((start + end) / 2, left + half), max(right - half, left + half))
    label.set_x((middle - start) / (end - start))


def _most(values: Sequence[float], across: int, down: int) -> tuple[list[float], list[float]]:
    """Return the largest value of each column and of each row."""
    columns = [max(values[c::across], default=0.0) for c in range(across)]
    rows = [max(values[r * across : (r + 1) * across], default=0.0) for r in range(down)]
    return columns, rows


def _legend(figure: Any, known: Mapping[str, Look], width: float) -> float:
    """Add the legend below all panels and return its height, inches."""
    handles = _handles(known)
    if not handles:
        return 0.0
    columns = _columns([len(h.get_label()) * CHARACTER + 0.45 for h in handles], width - 0.2)
    lines = -(-len(handles) // columns)
    figure.legend(
        handles=handles,
        loc="lower center",
        ncols=columns,
        borderaxespad=0.3,
        borderpad=0.1,
        labelspacing=0.35,
        handlelength=2.6,
        columnspacing=1.6,
    )
    return lines * LINE + 0.08


def _columns(widths: Sequence[float], room: float) -> int:
    """Return how many columns of entries fit, filled one after the other as matplotlib does.

    >>> _columns([1.0, 1.0, 3.0], 4.5), _columns([1.0, 1.0, 3.0], 9.0), _columns([9.0, 9.0], 5.0)
    (2, 3, 1)
    """
    for columns in range(min(len(widths), 7), 1, -1):
        lines, more = divmod(len(widths), columns)
        start = total = 0.0
        for c in range(columns):
            end = start + lines + (c < more)
            total += max(widths[int(start) : int(end)])
            start = end
        if total <= room:
            return columns
    return 1


def _handles(known: Mapping[str, Look]) -> list[Any]:
    """Return one entry an optimizer; those that are drawn alike, in thin grey, share the last."""
    from matplotlib.lines import Line2D

    out = [
        Line2D(
            [], [], color=x.colour, linestyle=x.style, marker=x.marker, label=shortened(x.label, 32)
        )
        for x in known.values()
        if not x.other
    ]
    others = [x for x in known.values() if x.other]
    if others:
        name = f"{len(others)} others" if len(others) > 1 else shortened(others[0].label, 32)
        out.append(Line2D([], [], color=others[0].colour, linewidth=0.7, label=name))
    return out
