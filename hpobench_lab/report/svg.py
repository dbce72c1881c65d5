"""Make figures fit for one page: short paths and ids, and a mark on what shows whom."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any

from hpobench_lab.figures.style import plain

__all__ = ["fit", "marked", "shorter"]

QUIET = "seeds"
"""The part of an optimizer that the page can switch off and that needs no tooltip."""

_REFERENCE = re.compile(r'(href="#|url\(#)([^")]+)')
_ID = re.compile(r' id="([^"]*)"')
_STRAIGHT = re.compile(r"[ML]\s*-?[\d.]+\s+-?[\d.]+\s*(?:[ML]\s*-?[\d.]+\s+-?[\d.]+\s*)*z?\s*")
_POINT = re.compile(r"([ML])\s*(-?[\d.]+)\s+(-?[\d.]+)")


def fit(svg: str, names: Iterator[str]) -> str:
    """Return a figure's SVG without what a page with many figures does not need.

    Ids that nothing refers to go, the others become short; straight paths become relative steps
    of a tenth of a point (0.13 pixels).

    Args:
        svg: As ``figures.inline_svgs`` returns it.
        names: New ids, each of them once in the page.
    """
    referred = dict.fromkeys(m.group(2) for m in _REFERENCE.finditer(svg))
    renamed = dict(zip(referred, names, strict=False))
    svg = _REFERENCE.sub(lambda m: m.group(1) + renamed[m.group(2)], svg)
    svg = _ID.sub(lambda m: f' id="{renamed[m.group(1)]}"' if m.group(1) in renamed else "", svg)
    svg = re.sub(r' d="([^"]*)"', lambda m: f' d="{shorter(m.group(1))}"', svg)
    svg = re.sub(r"<g>(<(?:use|path) [^>]*/>)</g>", r"\1", svg)
    return _sized(svg)


def marked(svg: str, prefix: str, whose: Mapping[int, tuple[int, str]]) -> str:
    """Return the SVG with ``data-o`` on every group that shows an optimizer, and its tooltip.

    Args:
        svg: Drawn by a figure that set ``gid`` to ``o<index>-<part>``.
        prefix: Of its ids.
        whose: Index in the figure -> index in the study, tooltip.

    >>> marked('<g id="a-o0-line"><path/></g>', "a-", {0: (4, "tpe: <1")})
    '<g data-o="4"><title>tpe: &lt;1</title><path/></g>'
    """

    def mark(found: re.Match[str]) -> str:
        if int(found.group(1)) not in whose:
            return found.group()
        index, text = whose[int(found.group(1))]
        if found.group(2) == QUIET:
            return f'<g data-o="{index}" class="{QUIET}"{found.group(3)}>'
        return f'<g data-o="{index}"{found.group(3)}><title>{html.escape(plain(text))}</title>'

    pattern = rf'<g id="{re.escape(prefix)}o(\d+)-([a-z]+)[^"]*"([^>]*)>'
    return re.sub(pattern, mark, svg)


def shorter(path: str) -> str:
    """Return path data in fewer characters; a straight path as relative steps.

    >>> shorter("M 54.42 207.88 L 54.42 3.00 L 60 3 L 62 3 z")
    'M54.4 207.9v-204.9h7.6z'
    """
    if not _STRAIGHT.fullmatch(path):
        return _tight(path)
    steps: list[list[Any]] = []
    x = y = 0
    for letter, *point in _POINT.findall(path):
        a, b = (round(10 * float(v)) for v in point)
        if letter == "M":
            steps.append(["M", a, b])
        elif a != x or b != y:
            kind = "v" if a == x else "h" if b == y else "l"
            _add(steps, kind, a - x, b - y)
        x, y = a, b
    return "".join(map(_written, steps)) + ("z" if path.rstrip().endswith("z") else "")


def _add(steps: list[list[Any]], kind: str, a: int, b: int) -> None:
    """Append a step; two in the same direction along an axis become one."""
    last = steps[-1]
    if kind != "l" and last[0] == kind and (last[1] + last[2]) * (a + b) > 0:
        last[1:] = [last[1] + a, last[2] + b]
    else:
        steps.append([kind, a, b])


def _written(step: list[Any]) -> str:
    kind, a, b = step
    if kind in "hv":
        return f"{kind}{_tenth(a + b)}"
    return f"{kind}{_tenth(a)} {_tenth(b)}"


def _tenth(value: int) -> str:
    return f"{value / 10:g}"


def _tight(path: str) -> str:
    return re.sub(r"\s*([A-Za-z])\s*", r"\1", path).replace("\n", " ").strip()


def _sized(svg: str) -> str:
    """Return the element with its natural width, a point being 4/3 pixels."""
    box = re.search(r'viewBox="[^ "]+ [^ "]+ ([\d.]+) ', svg)
    width = round(float(box.group(1)) * 4 / 3) if box else 480
    return svg.replace("<svg ", f'<svg width="{width}" ', 1)
