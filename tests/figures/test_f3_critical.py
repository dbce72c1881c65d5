"""F3: mean ranks, intervals and bars, by hand and as drawn."""

from __future__ import annotations

import numpy as np

from hpobench_lab.analysis import analyse
from hpobench_lab.figures.f3_critical import critical
from tests.figures.on_axes import axes_of, finals, marked, same, table

SCORES = {  # best and second change places, the third is always last
    "random": [0.9] * 10,
    "tpe": [0.1, 0.2] * 5,
    "cma": [0.2, 0.1] * 5,
}


def test_mean_ranks_and_bars_are_those_of_the_scores() -> None:
    plot = critical(analyse(finals(SCORES)))
    ranks = table(plot, kind="rank")
    assert {r["optimizer"]: r["mean_rank"] for r in ranks} == {
        "tpe": 1.5,
        "cma": 1.5,
        "random": 3.0,
    }
    assert {r["n"] for r in ranks} == {10}
    bars = table(plot, kind="bar")
    assert [(r["bar"], r["optimizer"]) for r in bars] == [(1, "tpe"), (1, "cma")]


def test_the_reading_says_n_and_method_and_that_all_pairs_explore() -> None:
    reading = critical(analyse(finals(SCORES))).reading
    for part in ("10 common sources", "Wilcoxon", "Holm", "exploratory", "who takes part"):
        assert part in reading


def test_marks_intervals_and_bars_stand_where_the_rows_say() -> None:
    plot = critical(analyse(finals(SCORES)))
    ax = axes_of(plot)
    (bar,) = marked(ax, "bar1")
    same(bar.get_xdata(), [1.5, 1.5])
    for j, label in enumerate(plot.looks):
        (row,) = table(plot, kind="rank", optimizer=label)
        (mark,), (line,) = marked(ax, f"o{j}-mark"), marked(ax, f"o{j}-line")
        same(mark.get_xdata(), [row["mean_rank"]])
        same(line.get_xdata(), [row["low"], row["high"]])
        assert mark.get_ydata()[0] == line.get_ydata()[0] == ax.get_yticks()[j]
    assert [t.get_text() for t in ax.get_yticklabels()] == [r["optimizer"] for r in table(
        plot, kind="rank")]  # fmt: skip


def test_the_best_is_on_the_left() -> None:
    left, right = axes_of(critical(analyse(finals(SCORES)))).get_xlim()
    assert left < 1 < 3 < right


def test_too_few_sources_are_said_and_one_bar_holds_all() -> None:
    plot = critical(analyse(finals({k: v[:4] for k, v in SCORES.items()})))
    assert "too few for 5 %" in plot.reading
    assert len(table(plot, kind="bar")) == 3


def test_one_optimizer_has_no_diagram() -> None:
    assert not critical(analyse(finals({"random": [0.5] * 7}))).panels


def test_an_interval_holds_its_mean_rank() -> None:
    for row in table(critical(analyse(finals(SCORES))), kind="rank"):
        assert row["low"] <= row["mean_rank"] <= row["high"]
        assert np.isfinite(row["low"])
