"""Turn matplotlib's SVG into an element that a strict page accepts and a dark page can recolour."""

from __future__ import annotations

import html
import re

from hpobench_lab.figures.style import INK

__all__ = ["for_page"]

_TAG = re.compile(r"<[a-zA-Z][^<>]*>")
_STYLE = re.compile(r'\sstyle="([^"]*)"')
_FAMILY = re.compile(r"font-family: [^;\"]*;?\s*")
_NUMBER = re.compile(r"-?[1-9]\d*\.\d{3,}")
_NO_TURN = re.compile(r' transform="rotate\(-?0 [^"]*\)"')


def for_page(svg: str, *, prefix: str, name: str) -> str:
    """Return the ``<svg>`` element with unique ids, no style attributes and a spoken name.

    Style attributes become presentation attributes, so that the page needs no ``unsafe-inline``;
    ink becomes ``currentColor``; text takes the page's font.
    """
    body = svg[svg.index("<svg") :].strip()
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.S)
    body = re.sub(r"<style.*?</style>", "", body, flags=re.S)
    body = re.sub(r"<!--.*?-->", "", body, flags=re.S)
    body = _TAG.sub(lambda m: _tag(m.group(), prefix), body)
    return re.sub(r">\s+<", "><", _root(body, name)).replace("<defs></defs>", "")


def _tag(tag: str, prefix: str) -> str:
    """Return one tag as a page takes it; what stands between tags is never touched.

    >>> _tag('<path id="a" clip-path="url(#b)" d="M 1.2345 0.075" style="fill: #1a1b1d"/>', "p-")
    '<path id="p-a" clip-path="url(#p-b)" d="M 1.23 0.075" fill="currentColor"/>'
    """
    tag = _STYLE.sub(lambda m: _attributes(_FAMILY.sub("", m.group(1))), tag)
    tag = re.sub(r'\b(id|xlink:href)="(#?)', rf'\1="\2{prefix}', tag)
    tag = tag.replace("url(#", f"url(#{prefix}").replace("xlink:href", "href")
    tag = _NO_TURN.sub("", tag)
    tag = _NUMBER.sub(lambda m: f"{float(m.group()):.2f}", tag)
    return tag.replace(INK, "currentColor")


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
