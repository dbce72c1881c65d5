"""F16: places with a group left out, by hand and as drawn."""

from __future__ import annotations

from hpobench_lab.analysis import analyse
from hpobench_lab.figures.f16_stability import rank_stability
from tests.figures.on_axes import axes_of, finals, marked, same, table, texts

SCORES = {"random": [0.2, 0.2, 0.2], "tpe": [0.1, 0.1, 0.9]}


def test_places_flip_when_the_one_bad_source_is_left_out() -> None:
    # interquartile means of three: weights 1/6, 4/6, 1/6: tpe .2333, without the last .1
    plot = rank_stability(analyse(finals(SCORES)))
    (row,) = table(plot, panel="by source", optimizer="tpe")
    assert (row["place"], row["least"], row["most"], row["groups"]) == (2, 1, 2, 3)
    assert 0 < row["first"] < 1


def test_a_single_family_is_not_left_out() -> None:
    assert rank_stability(analyse(finals(SCORES))).panels == ["by source"]


def test_marks_and_bars_stand_where_the_rows_say() -> None:
    plot = rank_stability(analyse(finals(SCORES)))
    ax = axes_of(plot)
    for y, row in enumerate(table(plot)):
        j = list(plot.looks).index(row["optimizer"])
        same(marked(ax, f"o{j}-mark")[0].get_xydata(), [[row["place"], y]])
        same(marked(ax, f"o{j}-line")[0].get_xdata(), [row["low"], row["high"]])
        same(marked(ax, f"o{j}-band")[0].get_xdata(), [row["least"], row["most"]])
    assert texts(ax) == [f"{100 * r['first']:.0f} %" for r in table(plot)]


def test_one_source_has_no_figure() -> None:
    assert not rank_stability(analyse(finals({"random": [0.2], "tpe": [0.1]}))).panels
