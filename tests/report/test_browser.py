"""The page in a real browser: quiet, self-contained, usable by hand and by keys, on any screen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hpobench_lab.figures.style import plain
from hpobench_lab.report import write_report
from tests.analysis.test_partial import partial
from tests.report.browser import CHROMIUM, Browser, browser
from tests.report.test_report import EVIL, study

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]

PHONE, LAPTOP = 390, 1200
A4 = 703
"""Pixels between the margins of the printed page."""

WIDTH = "[document.documentElement.clientWidth, document.documentElement.scrollWidth]"
LEAGUE = "Array.from(document.querySelectorAll('#league tr'), (r) => r.innerText)"
LIVE = """
Array.from(document.querySelectorAll("#league tr[data-o]"), (row) => [+row.dataset.o,
  ...Array.from(row.querySelectorAll("[data-kind=live]"), (cell) => cell.innerText)])
"""
SHOWN = "(x) => getComputedStyle(x).display !== 'none'"
CLICK = "document.querySelectorAll({!r}).forEach((x) => x.click())"
OPACITIES = """
document.getAnimations().forEach((a) => a.finish());
Object.fromEntries(Array.from(document.querySelectorAll("#f1-regret figure svg [data-o]"),
  (mark) => [mark.dataset.o, +getComputedStyle(mark).opacity]))
"""
COLOURS = """
Object.fromEntries(Array.from(document.querySelectorAll("#f1-regret .legend li"), (entry) => {
  const lines = document.querySelectorAll(`#f1-regret figure g[data-o="${entry.dataset.o}"] path`);
  const drawn = Array.from(lines, (p) => getComputedStyle(p).stroke).filter((s) => s !== "none");
  return [entry.innerText.trim(), [getComputedStyle(entry.querySelector("path")).stroke, ...drawn]];
}))
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(study(), tmp_path_factory.mktemp("report")).html


@pytest.fixture(scope="module")
def parted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(partial(), tmp_path_factory.mktemp("partial")).html


@pytest.fixture
def at(shared: Browser, page: Path) -> Browser:
    shared.open(page)
    return shared


@pytest.mark.parametrize("width", [PHONE, LAPTOP])
def test_the_page_is_quiet_asks_for_nothing_and_never_scrolls_sideways(
    shared: Browser, page: Path, width: int
) -> None:
    shared.open(page, width=width, phone=width == PHONE)
    for part in ("th button", ".legend button", ".tools button"):
        shared.run(CLICK.format(part))
    assert shared.run(WIDTH) == [width, width]
    assert shared.console == []
    assert shared.requests == [page.as_uri()]
    assert shared.run("performance.getEntriesByType('resource').length") == 0


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ('<img src="https://example.org/x.png" alt=""><p onclick="1">', "console"),
        (f"<table><tr><td>{'W' * 400}</td></tr></table>", "width"),
    ],
)
def test_a_broken_page_is_caught(
    shared: Browser, page: Path, tmp_path: Path, part: str, field: str
) -> None:
    broken = tmp_path / "broken.html"
    text = page.read_text(encoding="utf-8").replace("<main>", f"{part}<main>", 1)
    broken.write_text(text, encoding="utf-8")
    shared.open(broken, width=PHONE, phone=True)
    assert shared.console if field == "console" else shared.run(WIDTH)[1] > PHONE


def test_the_league_table_fits_a_laptop_and_sorts_within_its_blocks(
    shared: Browser, parted: Path
) -> None:
    shared.open(parted, width=LAPTOP)
    shared.run(CLICK.format("#league th button"))
    box, table = shared.run(
        "(({clientWidth, scrollWidth}) => [clientWidth, scrollWidth])"
        "(document.querySelector('#league .wide'))"
    )
    assert table <= box <= LAPTOP
    ranks = shared.run(
        "Array.from(document.querySelectorAll('#league tr[data-o]'), (r) => r.cells[0].innerText)"
    )
    assert sorted(ranks[:4]) == ["1", "2", "3", "4"]
    assert ranks[4:] == ["–", "–"]


def test_the_slider_moves_the_league_and_its_right_end_is_the_static_table(
    shared: Browser, parted: Path
) -> None:
    shared.open(parted)
    static = shared.run(LEAGUE)
    data = json.loads(shared.run("document.getElementById('budget').dataset.league"))
    shared.run("document.getElementById('budget').focus()")
    assert data["order"][0] != data["order"][-1]
    for keys, step in ((["Home"], 0), (["End", "Left"], -2)):
        shared.press(*keys)
        shown = [[o, *data["rows"][o][step]] for o in data["order"][step]]
        assert shared.run(LIVE) == shown
        assert shared.run("document.getElementById('budget-words').innerText") == data["at"][step]
    shared.press("End")
    assert shared.run(LEAGUE) == static
    assert shared.console == []


def test_no_p_value_is_shown_at_a_budget_that_the_study_did_not_declare(at: Browser) -> None:
    hidden = (
        "Array.from(document.querySelectorAll('#league [data-kind=final]'))"
        ".every((c) => getComputedStyle(c).visibility === 'hidden')"
    )
    assert at.run(hidden) is False
    at.run("document.getElementById('budget').focus()")
    at.press("Left")
    assert at.run(hidden) is True
    assert "Exploratory" in at.run("document.querySelector('.slider').innerText")


def test_a_filter_keeps_what_holds_its_text_in_tables_and_panels(at: Browser) -> None:
    count = f"Array.from(document.querySelectorAll('[data-in=beds]')).filter({SHOWN}).length"
    every = at.run(count)
    at.run("document.querySelector('#f1-regret-by-testbed input').focus()")
    at.type("SURROGATE")
    words = f"Array.from(document.querySelectorAll('[data-in=beds]')).filter({SHOWN})"
    kept = at.run(f"{words}.map((x) => x.dataset.words)")
    assert 2 <= len(kept) < every
    assert all("surrogate" in x for x in kept)
    assert at.run("document.querySelector('#testbeds output').innerText") == "1 of 7 shown"
    assert at.run("document.querySelector('#testbeds input').value") == "SURROGATE"
    at.run(
        "const box = document.querySelector('#testbeds input'); box.value = '';"
        "box.dispatchEvent(new Event('input', {bubbles: true}))"
    )
    assert at.run(count) == every


def test_the_league_table_can_be_filtered_by_name(at: Browser) -> None:
    rows = f"Array.from(document.querySelectorAll('#league tr[data-o]')).filter({SHOWN}).length"
    assert at.run(rows) == 3
    at.run("document.querySelector('#league input[type=search]').focus()")
    at.type("TPE")
    assert at.run(rows) == 1
    assert "1 of 3 shown" in at.run("document.getElementById('league').innerText")


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_a_legend_entry_hides_and_shows_its_optimizer_in_all_figures(at: Browser, key: str) -> None:
    marks = (
        "Array.from(document.querySelectorAll('figure [data-o]')).filter((x) => x.tagName === 'g')"
        f".filter({SHOWN}).map((x) => x.dataset.o)"
    )
    before = at.run(marks)
    at.run("document.querySelector('#f1-regret .legend [data-o=\"1\"] button').focus()")
    at.press(key)
    assert at.run(marks) == [o for o in before if o != "1"]
    assert set(at.run(OPACITIES).values()) == {1}  # who is left is not dimmed
    pressed = (
        "Array.from(document.querySelectorAll('.legend [data-o=\"1\"] button'), "
        "(b) => b.getAttribute('aria-pressed'))"
    )
    assert set(at.run(pressed)) == {"false"}
    at.run("document.querySelector('.every').focus()")
    at.press(key)
    assert at.run(marks) == before
    assert set(at.run(pressed)) == {"true"}


def test_single_seeds_can_be_switched_off(at: Browser) -> None:
    seeds = f"Array.from(document.querySelectorAll('.seeds')).filter({SHOWN}).length"
    assert at.run(seeds) > 10
    at.run("document.querySelector('.seeds-button').focus()")
    at.press("Space")
    assert at.run(seeds) == 0


def test_pointing_at_an_entry_dims_the_others(at: Browser) -> None:
    assert set(at.run(OPACITIES).values()) == {1}
    entry = "document.querySelector('#f1-regret .legend [data-o=\"1\"]')"
    at.run(f"{entry}.scrollIntoView()")
    box = at.run(f"(({{x, y}}) => [x, y])({entry}.getBoundingClientRect())")
    at.point(box[0] + 8, box[1] + 8)
    found = at.run(OPACITIES)
    assert found.pop("1") == 1
    assert found
    assert max(found.values()) < 0.2
    at.point(2, 2)
    assert set(at.run(OPACITIES).values()) == {1}


def test_every_curve_has_a_tooltip_with_its_name_and_value(at: Browser) -> None:
    titles = at.run(
        "Array.from(document.querySelectorAll('#f1-regret g title'), (t) => t.innerHTML)"
    )
    assert any(t.startswith("tpe: 0.0") and t.endswith("] at the whole budget") for t in titles)


def test_tab_reaches_everything_that_acts_and_shows_where_it_is(at: Browser) -> None:
    acting = at.run(
        "Array.from(document.querySelectorAll('a, button, input, select')).filter((x) => "
        "!x.disabled && x.getClientRects().length).length"
    )
    here = (
        "(({outlineStyle}, x) => [/^(A|BUTTON|INPUT|SELECT)$/.test(x.tagName), outlineStyle])"
        "(getComputedStyle(document.activeElement), document.activeElement)"
    )
    reached = 0
    for _ in range(3 * acting):
        at.press("Tab")
        acts, outline = at.run(here)
        if at.run("document.activeElement === document.body"):
            break
        assert outline != "none"
        reached += acts
    assert reached == acting > 40


@pytest.mark.parametrize("chosen", ["system", "button"])
def test_curves_have_the_colours_of_their_legend_in_both_themes(at: Browser, chosen: str) -> None:
    found: dict[str, Any] = {}
    for theme in ("light", "dark"):
        if chosen == "system":
            at.media(prefers_color_scheme=theme)
        else:
            at.run(CLICK.format(f"[data-set={theme}]"))
        found[theme] = at.run(COLOURS)
        assert plain(EVIL) in found[theme]
        for drawn in found[theme].values():
            assert len(drawn) > 1
            assert len(set(drawn)) == 1
    assert found["light"]["random"] != found["dark"]["random"]


def test_the_chosen_theme_wins_over_the_systems(at: Browser) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    light = at.run(paper)
    at.media(prefers_color_scheme="dark")
    dark = at.run(paper)
    assert light != dark
    for theme, expected in (("light", light), ("dark", dark), ("auto", dark)):
        at.run(CLICK.format(f"[data-set={theme}]"))
        assert at.run(paper) == expected


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_paper_no_table_is_cut_and_nothing_waits_for_a_click(
    shared: Browser, page: Path, theme: str
) -> None:
    shared.open(page, width=A4)
    shared.run(CLICK.format(f"[data-set={theme}]"))
    shared.media("print", prefers_color_scheme=theme)
    assert (
        shared.run(f"Array.from(document.querySelectorAll('.tools, nav')).some({SHOWN})") is False
    )
    assert shared.run(f"Array.from(document.querySelectorAll('.banner')).every({SHOWN})")
    assert shared.run("document.querySelectorAll('.banner').length") > 0
    assert shared.run(WIDTH) == [A4, A4]
    assert shared.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
