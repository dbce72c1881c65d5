"""F5: A12, corrected p and wins of each pair, by hand and as printed."""

from __future__ import annotations

import pytest

from hpobench_lab.analysis import analyse
from hpobench_lab.figures.f5_pairs import A12, MOST, WINS, P, pairs
from tests.figures.on_axes import axes_of, figures, finals, of_values, table, texts, usual

SCORES = {
    "random": [0.9, 0.9, 0.9, 0.9, 0.9, 0.9],
    "tpe": [0.1, 0.2, 0.3, 0.4, 0.5, 0.9],
    "cma": [0.1, 0.3, 0.2, 0.5, 0.4, 0.8],
}


def cell(panel: str, a: str, b: str) -> dict[str, object]:
    (row,) = table(pairs(analyse(finals(SCORES))), panel=panel, optimizer=a, against=b)
    return row


def test_wins_ties_and_losses_are_counted_over_sources() -> None:
    assert cell(WINS, "tpe", "random")["text"] == "5/1/0"
    assert cell(WINS, "random", "tpe")["text"] == "0/1/5"
    assert cell(WINS, "tpe", "cma")["text"] == "2/1/3"
    assert cell(WINS, "tpe", "cma")["value"] == pytest.approx(2.5 / 6)


def test_a12_is_the_chance_that_a_run_beats_one_averaged_over_sources() -> None:
    losses = {("a", "t"): [[1.0], [2.0], [3.0]], ("b", "t"): [[2.0], [3.0], [4.0]]}
    losses |= {("a", "u"): [[1.0], [1.0], []], ("b", "u"): [[1.0], [2.0], [3.0]]}
    plot = pairs(analyse(of_values(losses, baseline="a", budget=1.0)))
    (row,) = table(plot, panel=A12, optimizer="a", against="b")
    first, second = 7 / 9, (2.5 + 2.5 + 0) / 9  # a failed run beats nobody
    assert row["value"] == pytest.approx((first + second) / 2)
    (other,) = table(plot, panel=A12, optimizer="b", against="a")
    assert other["value"] == pytest.approx(1 - row["value"])  # type: ignore[operator]


def test_p_is_corrected_over_all_pairs_and_marked_exploratory() -> None:
    # against random tpe has one tie (Pratt) and five wins, cma six: 2/2^6; two raw p are .0625
    assert cell(P, "cma", "random")["value"] == pytest.approx(3 * 2 / 2**6)
    assert cell(P, "cma", "random") | {"optimizer": "", "against": "", "win": 0, "loss": 0} == cell(
        P, "random", "cma") | {"optimizer": "", "against": "", "win": 0, "loss": 0}  # fmt: skip
    assert "exploratory" in P


def test_fewer_than_six_sources_have_no_p() -> None:
    plot = pairs(analyse(finals({k: v[:5] for k, v in SCORES.items()})))
    assert plot.panels == [A12, WINS]


def test_a_cut_that_was_not_declared_has_no_p() -> None:
    assert P not in figures(usual(), at=10)["f5-pairs"].panels


@pytest.mark.parametrize("panel", [A12, P, WINS])
def test_every_cell_is_printed_where_its_row_and_column_cross(panel: str) -> None:
    plot = pairs(analyse(finals(SCORES)))
    ax, names = axes_of(plot, panel), list(plot.looks)
    drawn = {(t.get_position()[1], t.get_position()[0]): t.get_text() for t in ax.texts}
    rows = table(plot, panel=panel)
    assert drawn == {(names.index(r["optimizer"]), names.index(r["against"])): r["text"]
                     for r in rows}  # fmt: skip
    assert len(ax.collections[0].get_paths()) == len(rows) == len(texts(ax)) == 6


def test_many_optimizers_leave_the_best_and_the_baseline() -> None:
    plot = figures(usual(20, 6, 1))["f5-pairs"]
    shown = set(plot.rows["optimizer"])
    assert len(shown) == MOST
    assert {"random", "o19", "o18"} <= shown
    assert "The best 16 of 20" in plot.reading


def test_differences_within_a_surrogates_error_are_ties_as_in_the_league() -> None:
    made = finals(SCORES)
    for h in made.headers:
        h["testbed"]["facts"] |= {"kind": "surrogate", "quality": {"mae_near_optimum": 0.35}}
    analysis = analyse(made)
    plot = pairs(analysis)
    for c in analysis.comparisons:
        (row,) = table(plot, panel=WINS, optimizer=c.a, against=c.b)
        assert row["text"] == f"{c.win}/{c.tie}/{c.loss}"
    (row,) = table(plot, panel=WINS, optimizer="tpe", against="cma")
    assert row["text"] == "0/6/0"
    (row,) = table(plot, panel=P, optimizer="tpe", against="cma")
    assert row["value"] == 1.0
    assert "a difference below a surrogate's held-out error is a tie" in plot.reading
