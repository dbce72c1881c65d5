"""One look for page and paper: colour, marker and dash of each optimizer, and fixed bytes."""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

__all__ = ["DARK", "INK", "PALETTE", "Look", "looks", "page_style", "plain"]

PALETTE = (
    "#1845fb",
    "#ff5e02",
    "#c91f16",
    "#c849a9",
    "#adad7d",
    "#86c8dd",
    "#578dff",
    "#656364",
)
"""petroff8 (Petroff 2021, https://arxiv.org/abs/2107.02270)."""

DARK = {"#1845fb": "#5f83ff", "#c91f16": "#ef5148", "#656364": "#a6a3a4", "#7d7d7d": "#9b9b9b"}
"""What a dark page shows instead of the colours that are too dark there."""

GREYS = ("#7d7d7d", "#a8a8a8", "#5a5a5a")
INK = "#1a1b1d"
MARKERS = "osD^vP*X"
DASHES: tuple[tuple[float, ...], ...] = ((), (5, 1.6), (1.4, 1.4), (6, 1.5, 1.4, 1.5), (9, 2))


@dataclass(frozen=True)
class Look:
    """Hold how one optimizer is drawn, in all figures and in the legend.

    Args:
        label: The optimizer.
        colour: As ``#rrggbb``.
        marker: Of matplotlib.
        dash: Lengths on and off in line widths; () is solid.
        baseline: Whether it is drawn grey and behind the others.
    """

    label: str
    colour: str
    marker: str
    dash: tuple[float, ...]
    baseline: bool = False

    @property
    def style(self) -> Any:
        """Return the line style for matplotlib."""
        return (0, self.dash) if self.dash else "-"


def looks(labels: Sequence[str], baselines: Sequence[str] = ()) -> dict[str, Look]:
    """Return a look for each label, in order; baselines are grey.

    >>> [x.colour for x in looks(["random", "tpe"], ["random"]).values()]
    ['#7d7d7d', '#1845fb']
    """
    out: dict[str, Look] = {}
    grey = bright = 0
    for label in labels:
        if label in baselines:
            dash = DASHES[1 + grey % 4]
            out[label] = Look(label, GREYS[grey % 3], "x+1"[grey % 3], dash, baseline=True)
            grey += 1
            continue
        turn = bright // len(PALETTE)
        mark, dash = MARKERS[(bright + turn) % 8], DASHES[(bright + turn) % len(DASHES)]
        out[label] = Look(label, PALETTE[bright % len(PALETTE)], mark, dash)
        bright += 1
    return out


def plain(text: str) -> str:
    """Return a name without control characters, which no font has.

    >>> plain("a\\x1bb")
    'a�b'
    """
    return "".join(c if unicodedata.category(c) != "Cc" else "�" for c in text)


@contextmanager
def page_style(salt: str) -> Iterator[None]:
    """Set matplotlib so that the same data give the same bytes, text drawn as paths."""
    import matplotlib as mpl

    settings: dict[Any, Any] = {
        "backend": "Agg",
        "svg.hashsalt": salt,
        "svg.fonttype": "path",
        "pdf.fonttype": 42,
        "font.family": ["DejaVu Sans"],
        "font.size": 8,
        "axes.titlesize": 8.5,
        "axes.titlelocation": "left",
        "axes.labelsize": 8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.7,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#9a9a9a",
        "grid.alpha": 0.22,
        "grid.linewidth": 0.6,
        "lines.linewidth": 1.5,
        "lines.markersize": 3.6,
        "legend.frameon": False,
        "legend.fontsize": 7.5,
        "xtick.labelsize": 7.5,
        "ytick.labelsize": 7.5,
        "hatch.linewidth": 0.6,
        "savefig.dpi": 160,
        "figure.dpi": 100,
        "figure.max_open_warning": 0,
        "path.simplify": False,
        "text.parse_math": False,  # an optimizer may be called $x$
    }
    ink: Any = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color")
    every = {**mpl.rcParamsDefault, **settings, **dict.fromkeys(ink, INK)}
    with mpl.rc_context(every), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield
