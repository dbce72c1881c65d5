"""F15: effects and intervals against the baseline, the control, and the declared margin."""

from __future__ import annotations

import numpy as np
import pytest

from hpobench_lab.analysis import analyse
from hpobench_lab.figures.f15_forest import RATIO, REGRET, forest
from tests.figures.on_axes import axes_of, marked, of_values, same, table, usual
from tests.synthetic_results import Made


def declared(**margin: float) -> Made:
    made = usual()
    made.study["settings"]["primary"]["margin"] = margin
    return made


def test_rows_are_the_comparisons_in_league_order() -> None:
    a = analyse(usual())
    rows = table(forest(a), kind="optimizer")
    assert [r["optimizer"] for r in rows] == [r.label for r in a.league if r.label != "random"]
    for row in rows:
        c = next(c for c in a.comparisons if c.a == row["optimizer"])
        same([row[k] for k in ("effect", "low", "high", "p_holm")], [c.effect, c.low, c.high,
             c.p_holm])  # fmt: skip


def test_control_is_random_at_twice_the_budget_against_the_baseline() -> None:
    losses = {("random", f"t{j}"): [[0.4 + j / 10], [0.2 + j / 10]] for j in range(6)}
    losses |= {("tpe", f"t{j}"): [[0.5], [0.5]] for j in range(6)}
    (row,) = table(forest(analyse(of_values(losses, budget=1.0))), kind="control")
    same(row["effect"], -0.1)  # the better of 0.4 and 0.2, less their median
    assert (row["optimizer"], row["n"], row["outcome"]) == ("random ×2", 6, "")


def test_marks_lines_and_the_line_at_zero_are_drawn() -> None:
    plot = forest(analyse(usual()))
    ax = axes_of(plot)
    (zero,) = marked(ax, "neutral")
    same(zero.get_xdata(), [0, 0])
    for row in table(plot):
        j = list(plot.looks).index(row["optimizer"])
        (mark,), (bar,) = marked(ax, f"o{j}-mark"), marked(ax, f"o{j}-band")
        same(mark.get_xdata(), [row["effect"]])
        same(bar.get_xdata(), [row["low"], row["high"]])
        decided = row["outcome"] in ("better", "worse")
        assert (mark.get_markerfacecolor() != "none") == decided
    assert not marked(ax, "margin")


def test_a_margin_on_the_regret_is_drawn_and_said() -> None:
    plot = forest(analyse(declared(regret=0.02)))
    (line,) = marked(axes_of(plot), "margin")
    same(line.get_xdata(), [0.02, 0.02])
    assert "the declared margin, 0.02" in plot.reading


def test_a_margin_on_the_regret_is_not_said_to_be_drawn_where_another_metric_is() -> None:
    made = declared(regret=0.02)
    made.study["primary"] = {"baseline": "random", "metric": "log-regret"}
    plot = forest(analyse(made))
    assert not marked(axes_of(plot), "margin")
    assert "Dashed" not in plot.reading
    assert "see the gate" in plot.reading


def test_a_margin_on_the_budget_has_its_own_panel() -> None:
    plot = forest(analyse(declared(budget=0.1)))
    assert plot.panels == [REGRET, RATIO]
    ax = axes_of(plot, RATIO)
    same(marked(ax, "margin")[0].get_xdata(), [1.1, 1.1])
    same(marked(ax, "neutral")[0].get_xdata(), [1.0, 1.0])
    assert not marked(axes_of(plot, REGRET), "margin")
    for row in table(plot, panel=RATIO):
        j = list(plot.looks).index(row["optimizer"])
        if np.isfinite(row["effect"]):
            same(marked(ax, f"o{j}-mark")[0].get_xdata(), [row["effect"]])
    assert "10 % more" in plot.reading


@pytest.mark.parametrize(("metric", "words"), [("log-regret", "log10 regret"), ("auc", "AUC")])
def test_the_axis_names_the_declared_metric(metric: str, words: str) -> None:
    made = usual()
    made.study["primary"] = {"baseline": "random", "metric": metric}
    plot = forest(analyse(made))
    assert words in axes_of(plot).get_xlabel()
    assert not table(plot, kind="control")


def test_without_a_baseline_there_is_no_forest() -> None:
    assert not forest(analyse(usual(), baseline="gone")).panels
