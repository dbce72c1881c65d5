"""One look for page and paper: colour, marker and dash of each optimizer, and fixed bytes."""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

__all__ = ["DARK", "INK", "PALETTE", "Look", "looks", "page_style", "plain", "shortened"]

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

DARK = {
    "#1845fb": "#5f83ff",
    "#c91f16": "#ef5148",
    "#656364": "#a6a3a4",
    "#7d7d7d": "#9b9b9b",
    "#5a5a5a": "#b5b5b5",
    "#b9b9b9": "#5c5f63",
    "#909090": "#6f7276",
}
"""What a dark page shows instead of the colours that are too dark, or too bright, there."""

GREYS = ("#7d7d7d", "#a8a8a8", "#5a5a5a")
OTHER = "#909090"
"""Of the optimizers that are not among those with a colour."""

INK = "#1a1b1d"
TURNING = frozenset("LRE RLE LRO RLO PDF LRI RLI FSI PDI".split())
"""Classes of signs that turn the direction of the text after them."""

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
        other: Whether it is one of many that share a thin grey line and an entry of the legend.
    """

    label: str
    colour: str
    marker: str
    dash: tuple[float, ...]
    baseline: bool = False
    other: bool = False

    @property
    def grey(self) -> bool:
        """Return whether it is drawn without a colour."""
        return self.baseline or self.other

    @property
    def style(self) -> Any:
        """Return the line style for matplotlib."""
        return (0, self.dash) if self.dash else "-"


def looks(
    labels: Sequence[str], baselines: Sequence[str] = (), best: Sequence[str] = ()
) -> dict[str, Look]:
    """Return a look for each label, in order; baselines are grey.

    Args:
        labels: Of the optimizers.
        baselines: Those that are drawn grey, each with its own dash.
        best: All labels, best first; where more than eight would take a colour, the best seven
            have one and the others share one thin grey. By default in the order of the labels.

    >>> [x.colour for x in looks(["random", "tpe"], ["random"]).values()]
    ['#7d7d7d', '#1845fb']
    >>> [x.label for x in looks([f"o{i}" for i in range(10)]).values() if x.other]
    ['o7', 'o8', 'o9']
    """
    ranked = [x for x in (best or labels) if x not in baselines]
    most = 8 if len(ranked) <= 8 else 7  # the eighth is nearly grey
    bright = [x for x in labels if x in set(ranked[:most])]
    greys = [x for x in labels if x in baselines]
    out: dict[str, Look] = {}
    for label in labels:
        if label in bright:
            i = bright.index(label)
            out[label] = Look(label, PALETTE[i], MARKERS[i], DASHES[i % len(DASHES)])
        elif label in greys:
            i = greys.index(label)
            out[label] = Look(label, GREYS[i % 3], "x+1"[i % 3], DASHES[1 + i % 4], baseline=True)
        else:
            out[label] = Look(label, OTHER, "+", (), other=True)
    return out


def plain(text: str) -> str:
    """Return a name without control characters and without what turns the direction of text.

    >>> plain("a\\x1bb"), plain("a\\u202eb")
    ('a�b', 'a�b')
    """
    return "".join("�" if _acts(c) else c for c in text)


def _acts(c: str) -> bool:
    return unicodedata.category(c) == "Cc" or unicodedata.bidirectional(c) in TURNING


def shortened(text: str, most: int) -> str:
    """Return a name that fits, without control characters; its middle gives way.

    >>> shortened("optuna.tpe(multivariate=true, constant_liar=true)", 21)
    'optuna.tpe…liar=true)'
    """
    name = plain(" ".join(text.split()))
    if len(name) <= most:
        return name
    keep = max(most, 3) - 1
    return f"{name[: keep - keep // 2]}…{name[-(keep // 2) :]}"


@contextmanager
def page_style(salt: str, *, text: str = "path") -> Iterator[None]:
    """Set matplotlib so that the same data give the same bytes.

    Args:
        salt: Of generated names.
        text: What text is in SVG: ``path`` (the same everywhere) or ``none`` (text).
    """
    import matplotlib as mpl

    settings: dict[Any, Any] = {
        "backend": "Agg",
        "svg.hashsalt": salt,
        "svg.fonttype": text,
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
