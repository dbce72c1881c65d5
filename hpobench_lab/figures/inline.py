"""Turn matplotlib's SVG into an element that a strict page accepts and a dark page can recolour."""

from __future__ import annotations

import html
import re

from hpobench_lab.figures.style import INK

__all__ = ["for_page"]

_STYLE = re.compile(r'\sstyle="([^"]*)"')
_NUMBER = re.compile(r"-?[1-9]\d*\.\d{3,}")  # not 0.075, which scales glyphs


def for_page(svg: str, *, prefix: str, name: str) -> str:
    """Return the ``<svg>`` element with unique ids, no style attributes and a spoken name.

    Style attributes become presentation attributes, so that the page needs no ``unsafe-inline``;
    ink becomes ``currentColor``.
    """
    body = svg[svg.index("<svg") :].strip()
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.S)
    body = re.sub(r"<style.*?</style>", "", body, flags=re.S)
    body = re.sub(r"<!--.*?-->", "", body, flags=re.S)
    body = _STYLE.sub(lambda m: _attributes(m.group(1)), body)
    body = re.sub(r'\b(id|xlink:href)="(#?)', rf'\1="\2{prefix}', body)
    body = body.replace("url(#", f"url(#{prefix}").replace("xlink:href", "href")
    body = _NUMBER.sub(lambda m: f"{float(m.group()):.2f}", body)
    body = body.replace(INK, "currentColor")
    return re.sub(r">\s+<", "><", _root(body, name))


def _attributes(style: str) -> str:
    pairs = [part.split(":", 1) for part in style.split(";") if ":" in part]
    return "".join(f' {k.strip()}="{v.strip()}"' for k, v in pairs)


def _root(body: str, name: str) -> str:
    head, rest = body.split(">", 1)
    box = re.search(r'viewBox="([^"]*)"', head)
    assert box is not None
    title = html.escape(name, quote=True)
    return (
        f'<svg viewBox="{box.group(1)}" role="img" aria-label="{title}" '
        f'stroke-linejoin="round" stroke-linecap="butt">{rest}'
    )
