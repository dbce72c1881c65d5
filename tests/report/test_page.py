"""What the page shows beside the figures, and what it does with many of them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np
import pytest
from markupsafe import escape

from hpobench_lab.analysis import analyse
from hpobench_lab.figures import plots, style
from hpobench_lab.figures.plot import Plot
from hpobench_lab.report import html, page_data, page_figures, prose, tables
from hpobench_lab.report.html import html_page
from hpobench_lab.report.provenance import provenance
from hpobench_lab.report.svg import fit, shorter
from hpobench_lab.report.text import inert
from tests.analysis.test_gates import study as with_a_margin
from tests.analysis.test_partial import partial
from tests.report.test_report import study
from tests.synthetic_results import Made, bed, make, rows_of

FIVE_MB = 5_000_000


def page_of(made: Made) -> str:
    a = analyse(made)
    return html_page(a, plots(a, made), provenance(a, made))


@pytest.mark.parametrize("made", [partial(), study()], ids=["partly served", "with a crash"])
def test_the_sliders_right_end_says_what_the_league_table_says(made: Made) -> None:
    a = analyse(made)
    data = json.loads(page_data.anytime_json(a))
    league = [dict(zip(tables.LEAGUE_COLUMNS, row, strict=True)) for row in tables.league_rows(a)]
    shown = [dict(zip(page_data.LIVE, data["rows"][o][-1], strict=True)) for o in data["order"][-1]]
    assert [a.panel.optimizers[o] for o in data["order"][-1]] == [r.label for r in a.league]
    common = set(page_data.LIVE) & set(tables.LEAGUE_COLUMNS)
    assert len(common) == 3
    assert [{k: r[k] for k in common} for r in shown] == [{k: r[k] for k in common} for r in league]
    assert data["at"][-1] == a.cut.words


def test_the_league_at_the_last_budget_is_the_league_before_rounding() -> None:
    a = analyse(partial())
    t = a.anytime
    for row in a.league:
        i, r, c = t.labels.index(row.label), row.regret, row.comparison
        last = (t.regret[i, -1], t.low[i, -1], t.high[i, -1])
        assert last == pytest.approx((r.value, r.low, r.high), rel=1e-12, nan_ok=True)
        if c is not None:
            effect = (t.effect[i, -1], t.effect_low[i, -1], t.effect_high[i, -1])
            assert effect == pytest.approx((c.effect, c.low, c.high), rel=1e-12, nan_ok=True)


def test_at_every_budget_the_best_of_the_ranked_has_the_ratio_one() -> None:
    a = analyse(partial())
    data = json.loads(page_data.anytime_json(a))
    for g in range(len(data["at"])):
        first = data["order"][g][0]
        assert a.anytime.ranked[first]
        assert data["rows"][first][g][0] == "1"
        assert data["rows"][first][g][2] == "(×1)"


def test_the_page_has_every_column_of_the_league_table() -> None:
    names = [c["name"] for c in page_data.columns()]
    assert set(tables.LEAGUE_COLUMNS) - set(page_data.ELSEWHERE) <= set(names)
    assert set(page_data.ELSEWHERE) <= set(tables.ENERGY_COLUMNS)


def test_the_page_says_what_the_declared_margin_says_of_each_optimizer() -> None:
    made = with_a_margin({"regret": 0.1})
    said = prose.gates(analyse(made))
    text = page_of(made)
    assert said
    place = text.index("Gate: the declared margin")
    assert text.index('class="sortable league"') < place < text.index('id="f1-regret"')
    assert all(str(escape(s)) in text for s in said)
    assert "declared margin" not in page_of(with_a_margin(None)).split('id="f1-regret"')[0]


@pytest.mark.parametrize("metric", ["regret", "log-regret"])
def test_the_slider_says_where_its_differences_are_of_another_metric(metric: str) -> None:
    made = study()
    made.study["primary"]["metric"] = metric
    said = "Left of the right end, differences are those of the regret" in page_of(made)
    assert said == (metric != "regret")


def test_ends_that_differ_by_rounding_are_written_alike() -> None:
    assert tables.span(1.0, 1.0, 0.9999999999999998) == "1.00 [1.00, 1.00]"


def test_a_thin_line_is_three_times_as_dark_as_its_page() -> None:
    night = html.NIGHT["--card"]
    for colour, page in ((style.OTHER, "#ffffff"), (style.DARK[style.OTHER], night)):
        assert contrast(colour, page) >= 3


def contrast(a: str, b: str) -> float:
    """Return the contrast ratio of two colours as WCAG 2.1 defines it."""

    def light(colour: str) -> float:
        parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    dark, bright = sorted((light(a), light(b)))
    return (bright + 0.05) / (dark + 0.05)


def test_a_tooltips_estimate_lies_in_its_interval() -> None:
    made = study()
    text = page_of(made)
    said = re.findall(r"<title>[^<]*: (\S+) \[(\S+), ([^\s\]]+)\]", text)
    assert said
    for found in said:
        value, low, high = (float(x.replace("−", "-").replace(",", "")) for x in found)
        assert low <= value <= high
    assert 'id="f14-' in text


def test_control_lines_and_who_does_not_beat_them_stand_in_the_page() -> None:
    made = partial()
    a = analyse(made)
    text = page_of(made)
    said = [c.text for c in a.cautions if c.code == "control"]
    assert len(said) >= 2
    assert all(s in text for s in said)
    more = [c.name for c in a.controls if c.name not in a.panel.optimizers]
    assert more
    assert [row[1] for row in page_data.control_rows(a)] == more
    assert all(row[2] for row in page_data.control_rows(a))


def test_banners_come_before_the_table_and_notes_at_the_end() -> None:
    made = study()
    text, cautions = page_of(made), analyse(made).cautions
    assert any(c.banner for c in cautions)
    for c in cautions:
        place = text.index(str(escape(inert(c.text))))
        assert (place < text.index('id="league"')) == c.banner
        assert (place > text.index('id="testbeds"')) == (c.level == "note")


def figure(name: str, panels: int = 1) -> Plot:
    rows: dict[str, list[Any]] = {"panel": [f"p{i}" for i in range(panels)], "x": [0.0] * panels}
    return Plot(name, name, "", rows, lambda ax, rows, looks: None, {})


def test_figures_stand_in_a_fixed_order_and_unknown_ones_are_not_hidden() -> None:
    names = ["f99-new", "f14-e", "f1-regret-by-testbed", "f12-r", "f4-e", "f2-r", "f15-f", "f1-r"]
    found = [p.id for p in page_figures.in_order([figure(n) for n in names])]
    assert found == [
        "f1-r", "f4-e", "f15-f", "f2-r", "f1-regret-by-testbed", "f12-r", "f99-new", "f14-e",
    ]  # fmt: skip


def test_every_figure_of_the_study_is_in_the_page() -> None:
    made = study()
    a = analyse(made)
    text = page_of(made)
    for plot in plots(a, made):
        assert f'<section id="{plot.id}"' in text
        assert f'href="figures/{plot.id}.pdf"' in text


def test_panels_that_do_not_fit_are_linked_and_the_page_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(page_figures, "PAGE_FIGURES", 90_000)
    text = page_of(study())
    section = text.split('<section id="f1-regret-by-testbed"')[1].split("</section>")[0]
    said = re.search(r"(\d) of 7 panels stand here", section)
    assert said is not None
    assert section.count("<svg width") == int(said.group(1)) < 7
    assert 'href="figures/f1-regret-by-testbed.pdf"' in section
    assert page_of(study()).count('id="f1-regret"') == 1  # single figures are always there


def test_only_so_many_panels_are_drawn_for_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_figures, "PANELS", 3)
    assert "3 of 7 panels stand here" in page_of(study())


@pytest.mark.slow
def test_thirty_optimizers_on_fifty_testbeds_fit_in_five_megabytes() -> None:
    names = ["random", *(f"variant {i}" for i in range(1, 30))]
    beds = [bed(f"synthetic/kernel-{j:02d}", family=("a", "b", "c")[j % 3]) for j in range(50)]

    def losses(o: str, t: str, seed: int) -> dict[str, Any]:
        rng = np.random.default_rng([seed, names.index(o), int(t[-2:])])
        quality = 0.4 + 0.03 * names.index(o)
        return rows_of(np.arange(1, 51) ** -quality * rng.lognormal(0, 0.6, 50))

    made = make(names, beds, range(3), losses, baseline="random", budget=("evaluations", 50.0))
    text = page_of(made)
    assert len(text.encode()) <= FIVE_MB
    assert text.count('<tr data-in="beds"') == 50


def test_short_paths_go_through_the_same_points() -> None:
    rng = np.random.default_rng(3)
    points = np.repeat(rng.uniform(0, 300, size=(40, 2)), 2, axis=0)
    points[1::2, 0] = np.roll(points[::2, 0], -1)  # steps
    long = "M " + " L ".join(f"{x:.4f} {y:.4f} \n" for x, y in points)
    x = y = 0.0
    got = []
    for letter, numbers in re.findall(r"([MLlhv])([^MLlhv]*)", shorter(long)):
        value = [float(v) for v in numbers.split()]
        if letter == "M":
            x, y = value
        else:
            dx, dy = {"h": (value[0], 0.0), "v": (0.0, value[0])}.get(letter, tuple(value))
            x, y = x + dx, y + dy
        got.append((x, y))
    assert len(shorter(long)) < len(long) / 2
    left = np.array(got)
    assert all(np.abs(left - p).max(axis=1).min() < 0.06 for p in (points[0], points[-1]))
    assert {(round(a, 1), round(b, 1)) for a, b in got} <= {
        (round(a, 1), round(b, 1)) for a, b in points.tolist()
    }


def test_ids_are_unique_in_the_page_and_every_reference_finds_its_own() -> None:
    svg = '<svg viewBox="0 0 72 72"><g id="x-a"><path id="x-b" d="M 0 0 C 1 1 2 2 3 3"/>'
    svg += '<use href="#x-b" clip-path="url(#x-c)"/><clipPath id="x-c"/></g></svg>'
    names = (f"i{n}" for n in count())
    first, second = fit(svg, names), fit(svg, names)
    assert 'id="x-a"' not in first
    assert set(re.findall(r' id="([^"]*)"', first)) == {"i0", "i1"}
    assert set(re.findall(r' id="([^"]*)"', second)) == {"i2", "i3"}
    assert set(re.findall(r"#(\w+)", second)) == {"i2", "i3"}
    assert 'width="96"' in first


def test_a_single_half_figure_between_wide_ones_stands_alone() -> None:
    half = page_figures.PageFigure(figure("f2-a"), (), 1, "", "then")
    many = replace(half, shape="many")
    found = page_figures._lonely([half, many, half, half])
    assert [f.shape for f in found] == ["alone", "many", "half", "half"]
