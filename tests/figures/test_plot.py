"""Sheets: the same bytes, everything inside, text as text on the page, and names that bite."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from hpobench_lab.figures import Plot, inline_svgs, looks, save
from hpobench_lab.figures.style import OTHER, PALETTE
from tests.analysis.test_analysis import BAD
from tests.figures.on_axes import figures, usual
from tests.synthetic_results import Made, bed, make, steady

LONG = "optuna.tpe(multivariate=true, constant_liar=true, n_startup_trials=5)"
EVIL = ["$x_1$", "<script>alert(1)</script>", LONG, "a\nb\x1b[31m"]


def evil() -> Made:
    quality = {"random": 0.5} | {name: 0.6 + i / 10 for i, name in enumerate(EVIL)}
    beds = [bed(f"yahpo/lcbench/{i}(noisy=true, scale=0.125, shifted=true)") for i in range(6)]
    return make(list(quality), beds, range(2), steady(quality), baseline="random")


STUDIES = {
    "usual": usual(crash=True),
    "many": usual(3, 13, 2),
    "evil": evil(),
    "dozen": usual(12, 6, 2),
}


@functools.cache
def plots_of(study: str) -> dict[str, Plot]:
    return figures(STUDIES[study])


def files(plots: dict[str, Plot], folder: Path) -> dict[str, bytes]:
    names = [n for p in plots.values() for n in save(p, folder)]
    return {n: (folder / n).read_bytes() for n in names}


def some() -> dict[str, Plot]:
    kinds = ("f1-regret", "f3-critical", "f6-heatmap", "f14-energy")
    return {k: v for k, v in figures(usual()).items() if k in kinds}


def test_two_saves_give_the_same_bytes_whatever_was_printed_before(tmp_path: Path) -> None:
    first, second = some(), some()
    for plot in second.values():
        inline_svgs(plot)
    assert files(first, tmp_path / "a") == files(second, tmp_path / "b")
    assert files(second, tmp_path / "c") == files(first, tmp_path / "a")
    assert [inline_svgs(p) for p in first.values()] == [inline_svgs(p) for p in second.values()]


@pytest.mark.parametrize("study", ["usual", "evil"])
def test_every_file_is_written_and_its_svg_is_well_formed(study: str, tmp_path: Path) -> None:
    for name, body in files(plots_of(study), tmp_path).items():
        assert len(body) > 50
        if name.endswith(".svg"):
            ElementTree.fromstring(body)
            ids = re.findall(rb' id="([^"]*)"', body)
            assert len(ids) == len(set(ids)), name


@pytest.mark.parametrize("study", STUDIES)
def test_nothing_is_cut_off_at_the_edge_of_its_panel(study: str) -> None:
    for plot in plots_of(study).values():
        sheet = plot._sheet
        renderer = sheet.figure.canvas.get_renderer()
        tall = sheet.figure.get_size_inches()[1]
        for ax, (x, y, w, h) in zip(sheet.axes, sheet.boxes, strict=True):
            ax._left_title.set_visible(False)
            found = ax.get_tightbbox(renderer)
            ax._left_title.set_visible(True)
            left, right = found.x0 / 160 * 72, found.x1 / 160 * 72
            top, bottom = 72 * tall - found.y1 / 160 * 72, 72 * tall - found.y0 / 160 * 72
            assert left >= x - 1.5, plot.id
            assert right <= x + w + 1.5, plot.id
            assert top >= y - 1.5, plot.id
            assert bottom <= y + h + 1.5, plot.id


@pytest.mark.parametrize("study", STUDIES)
def test_a_page_gets_text_as_text_without_styles_and_with_its_own_ids(study: str) -> None:
    seen: set[str] = set()
    for plot in plots_of(study).values():
        for i, svg in enumerate(inline_svgs(plot).values()):
            ElementTree.fromstring(svg)
            assert " style=" not in svg
            assert "xlink" not in svg
            assert "font-family" not in svg
            assert "<text" in svg
            ids = re.findall(r' id="([^"]*)"', svg)
            assert all(name.startswith(f"{plot.id}-{i}-") for name in ids)
            assert not seen & set(ids)
            seen |= set(ids)


def test_numbers_that_are_text_are_not_rounded_on_the_page() -> None:
    plot = plots_of("usual")["f6-heatmap"]
    written = {
        t for svg in inline_svgs(plot).values() for t in re.findall(r">([^<>]+)</text>", svg)
    }
    ax = plot._sheet.axes[0]
    assert {t.get_text() for t in ax.texts} <= written


def test_a_name_is_never_read_as_formula_or_markup() -> None:
    for plot in plots_of("evil").values():
        page = "".join(inline_svgs(plot).values())
        assert "<script" not in page
        assert "\x1b" not in page
    legend = plots_of("evil")["f1-regret"]._sheet.figure.legends[0]
    assert "$x_1$" in [t.get_text() for t in legend.get_texts()]


def test_a_long_name_gives_way_in_its_middle_and_is_whole_in_the_data() -> None:
    plot = plots_of("evil")["f15-forest"]
    assert LONG in plot.rows["optimizer"]
    shown = [t.get_text() for t in plot._sheet.axes[0].get_yticklabels()]
    assert any(t.startswith("optuna.tpe") and "…" in t and t.endswith("trials=5)") for t in shown)


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gives_figures_or_none_and_no_exception(case: str, tmp_path: Path) -> None:
    for plot in figures(BAD[case][0]).values():
        assert len(save(plot, tmp_path)) == 4
        assert list(inline_svgs(plot)) == plot.panels


def test_the_best_seven_of_many_have_a_colour_and_the_rest_share_a_thin_grey() -> None:
    found = plots_of("dozen")["f1-regret"].looks
    others = [x for x in found.values() if x.other]
    assert [x.label for x in others] == ["o01", "o02", "o03", "o04"]  # the slowest ones
    assert {x.colour for x in others} == {OTHER}
    bright = [x.colour for x in found.values() if not x.grey]
    assert bright == list(PALETTE[:7])
    assert found["random"].baseline
    legend = plots_of("dozen")["f1-regret"]._sheet.figure.legends[0]
    assert legend.get_texts()[-1].get_text() == "4 others"


def test_an_optimizer_has_one_look_in_all_figures() -> None:
    every = plots_of("dozen")
    first = every["f1-regret"].looks
    for plot in every.values():
        assert all(first[label] == look for label, look in plot.looks.items()), plot.id


def test_eight_looks_differ_in_colour_and_in_marker() -> None:
    found = list(looks([str(i) for i in range(8)]).values())
    assert len({x.colour for x in found}) == len({x.marker for x in found}) == 8
