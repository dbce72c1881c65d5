"""Names from outside are shown as they are: nothing that they hold acts on any output."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpobench_lab import cli
from hpobench_lab.cli import read
from hpobench_lab.figures.plot import Plot
from hpobench_lab.report import ReportFiles, write, write_report
from tests.report.bad import Page, Show
from tests.report.bad import show as show
from tests.synthetic_results import Made, bed, make, session, steady

NAMES = {
    "script": "<script>alert(1)</script>",
    "attribute": "\" onmouseover='alert(1)' x=\"",
    "template": "{{ 7 * 7 }}{% raw %}",
    "ends": "</td></svg></script>--><!--]]>",
    "math": r"$\frac$ $x_1$ \input{x}",
    "latex": r"100% & #1 ~ ^ _ {x} \\[2em]",
    "markdown": "[a](javascript:b) ![i](http://x/y.png) `c` **d** | e <http://f>",
    "heading": "# h",
    "struck": "~~s~~ @somebody",
    "control": "bell\x07 \x1b[31m red\x1b]0;t\x07",
    "direction": "\u0645\u0631\u062d\u0628\u0627 \u202etxt\u202c \u2067x",
    "letters": "\u4e2d\u6587 \u00fc\u00f8\u0142 e\u0301 \U0001f99c",
    "long": "a" * 200,
    "words": "long words " * 18,
    "formula": '=1+1,"x"',
    "quotes": "'''\"\"\"```",
    "hidden": "_hidden",
    "invisible": "\u200b",
}
"""What somebody may call an optimizer, a testbed, a source or a family."""


def named(names: Sequence[str]) -> Made:
    """Return results whose optimizers, testbeds, sources, families and more have these names."""
    order = list(names)
    fine = steady({str(i): 0.4 + 0.07 * i for i in range(len(order))})
    fidelity = {"name": order[0], "unit": order[1], "min": 1.0, "max": 9.0}
    beds = [
        bed(
            f"{i:02} {name}",
            source=f"{i:02} {name}",
            family=f"{i % 7:02} {order[i % 7]}",
            title=name,
            citation=name,
            optimum_origin=f"exact: {name}",
            reference_origin=name,
            fidelity=fidelity if i == 1 else None,
            kind="surrogate" if i == 1 else "function",
            quality={order[2]: 0.5, "mae_near_optimum": 0.01} if i == 1 else {},
        )
        for i, name in enumerate(order)
    ]

    def losses(o: str, t: str, s: int) -> dict[str, Any] | None:
        k = order.index(o)
        if t.startswith("03") and k == 2:
            return None
        run = fine(str(k), t[:2], s)
        if t.startswith("01"):
            rungs = np.tile([1.0, 3.0, 9.0, 9.0], 5)
            run |= {"fidelity": rungs, "units": rungs}
        return run

    made = make(order, beds, range(2), losses, baseline=order[0])
    made.study["name"] = order[3]
    for h in made.headers:
        h["message"] = "\n".join(order) if h["status"] != "ok" else ""
        h["optimizer"]["id"] = "random" if h["optimizer"]["label"] == order[0] else "o"
        h["optimizer"]["params"] = {"p": order[4]}
    skipped = {"optimizer": order[5], "testbed": beds[4]["id"], "missing": ["fidelity"]}
    made.study["not_applicable"] = [skipped | {"instead": order[6]}]
    made.carbon.append(session(made) | {"country": order[0], "co2e_kg_reason": order[1]})
    return made


EVIL, TAME = list(NAMES.values()), [f"name {chr(97 + i)}" for i in range(len(NAMES))]


def svg_only(plot: Plot, folder: Path) -> list[str]:
    folder.mkdir(exist_ok=True)
    (folder / f"{plot.id}.svg").write_bytes(plot._sheet.printed("svg"))
    return [f"{plot.id}.svg"]


def reported(names: Sequence[str], folder: Path) -> ReportFiles:
    """Return a report without PDF and PNG, which take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write, "save", svg_only)
        return write_report(named(names), folder)


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> ReportFiles:
    return reported(EVIL, tmp_path_factory.mktemp("evil"))


@pytest.fixture(scope="module")
def tame(tmp_path_factory: pytest.TempPathFactory) -> ReportFiles:
    return reported(TAME, tmp_path_factory.mktemp("tame"))


def seen(name: str) -> str:
    """Return a name as a page shows it: control characters replaced, white space joined."""
    plain = "".join("\ufffd" if unicodedata.category(c) == "Cc" else c for c in name)
    return " ".join(plain.split())


def unturned(text: str) -> str:
    """Return text without what turns its direction, shown or replaced."""
    return "".join("\ufffd" if unicodedata.bidirectional(c) in DIRECTIONS else c for c in text)


def test_no_element_or_attribute_of_the_page_comes_from_a_name(
    evil: ReportFiles, tame: ReportFiles
) -> None:
    bad, good = Page(evil.html), Page(tame.html)
    assert set(bad.elements) == set(good.elements)
    assert bad.attributes == good.attributes
    assert bad.links == good.links
    for tag in ("script", "style", "table", "tr", "td", "h1", "h2", "p", "a"):
        assert bad.elements[tag] == good.elements[tag], tag


@pytest.mark.parametrize("kind", NAMES)
def test_a_page_shows_a_name_as_it_is(kind: str, evil: ReportFiles) -> None:
    assert unturned(seen(NAMES[kind])) in unturned(Page(evil.html).words)


def test_no_file_holds_a_control_character(evil: ReportFiles) -> None:
    for file in (evil.html, evil.markdown, *evil.paper):
        text = file.read_text(encoding="utf-8")
        assert {c for c in text if unicodedata.category(c) == "Cc"} <= {"\n", "\t"}, file.name


def test_svg_figures_are_well_formed_and_have_no_script(evil: ReportFiles) -> None:
    from xml.etree import ElementTree

    for file in evil.figures:
        if file.suffix == ".svg":
            tags = {e.tag.rsplit("}")[-1] for e in ElementTree.parse(file).iter()}
            assert not tags & {"script", "foreignObject", "a", "image"}, file.name


def markdown_of(text: str) -> Counter[str]:
    """Return how many tokens of each kind a Markdown text has, as code hosts read it."""
    from markdown_it import MarkdownIt

    found: Counter[str] = Counter()
    for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text):
        found[token.type] += 1
        for child in token.children or ():
            where = str(child.attrs.get("href", child.attrs.get("src", "")))
            found[f"{child.type} {'' if where.startswith('figures/') else where}".strip()] += 1
    silent = ("text", "text_special", "softbreak", "hardbreak")
    return Counter({k: n for k, n in found.items() if k not in silent})


def test_markdown_has_no_element_or_link_that_comes_from_a_name(
    evil: ReportFiles, tame: ReportFiles
) -> None:
    bad, good = (markdown_of(f.markdown.read_text(encoding="utf-8")) for f in (evil, tame))
    assert not {"html_block", "html_inline"} & set(bad)
    assert bad == good


def test_markdown_has_no_mathematics_that_comes_from_a_name(evil: ReportFiles) -> None:
    from markdown_it import MarkdownIt

    parsed = MarkdownIt("commonmark").parse(evil.markdown.read_text(encoding="utf-8"))
    text = "\n".join(token.content for token in parsed if token.type == "inline")
    assert not re.search(r"(?<!\\)\$", text)


@pytest.mark.parametrize("form", ["md", "latex"])
def test_a_table_keeps_its_cells_whatever_the_names(form: str, show: Show) -> None:
    bad, good = (rows_in(show(named(names), form), form) for names in (EVIL, TAME))
    bare = r"(?<!\\)(?:\\\\)*\|" if form == "md" else r"(?<!\\)&"
    cells = [[len(re.findall(bare, line)) for line in lines] for lines in (bad, good)]
    assert cells[0] == cells[1]
    if form == "md":
        assert markdown_of("\n".join(bad)) == markdown_of("\n".join(good))


def rows_in(text: str, form: str) -> list[str]:
    if form == "md":
        return [line for line in text.split("\n") if line.startswith("|")]
    return text.split(r"\midrule")[1].split(r"\bottomrule")[0].strip().split("\n")


def test_latex_has_no_command_that_comes_from_a_name(evil: ReportFiles, tame: ReportFiles) -> None:
    for bad, good in zip(evil.paper, tame.paper, strict=True):
        if bad.suffix == ".tex":
            text, plain = bad.read_text(encoding="utf-8"), good.read_text(encoding="utf-8")
            assert text.isascii(), bad.name
            assert not re.search(r"\\(input|frac|write|include)\b", text), bad.name
            unescaped = re.sub(r"\\.", "", text)
            assert unescaped.count("{") == unescaped.count("}"), bad.name
            for sign in "&%":
                assert unescaped.count(sign) == re.sub(r"\\.", "", plain).count(sign), bad.name
            assert unescaped.count("$") % 2 == 0, bad.name


def test_csv_and_json_keep_the_names_bit_by_bit(
    evil: ReportFiles, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "chosen", lambda *_: named(EVIL))
    assert cli.main(("compare", "--format", "csv")) == 0
    rows = csv.DictReader(io.StringIO(capsys.readouterr().out, newline=""))
    assert sorted(r["optimizer"] for r in rows) == sorted(EVIL)
    body = json.loads(evil.json.read_text(encoding="utf-8"))
    assert sorted(o["label"] for o in body["optimizers"]) == sorted(EVIL)


def test_a_terminal_gets_nothing_that_moves_or_colours_it(show: Show) -> None:
    text = show(named(EVIL), "rich")
    assert {c for c in text if unicodedata.category(c) == "Cc"} == {"\n"}
    turning = {c for c in text if unicodedata.bidirectional(c) in DIRECTIONS}
    assert turning == set()


DIRECTIONS = frozenset("LRE RLE LRO RLO PDF LRI RLI FSI PDI".split())
