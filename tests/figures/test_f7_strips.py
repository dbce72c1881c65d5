"""F7: four aggregates with intervals, by hand and as drawn."""

from __future__ import annotations

import numpy as np
import pytest

from hpobench_lab.analysis import analyse
from hpobench_lab.figures.f7_strips import optimality_gap, strips
from tests.figures.on_axes import axes_of, finals, marked, same, table

SCORES = {
    "random": [0.9] * 8,
    "tpe": [0.001, 0.002, 0.01, 0.02, 0.03, 0.04, 0.5, 0.8],
}
WANT = {
    "interquartile mean": (0.01 + 0.02 + 0.03 + 0.04) / 4,
    "median": 0.025,
    "mean": sum(SCORES["tpe"]) / 8,
    "optimality gap (target 0.01)": (0.01 + 0.02 + 0.03 + 0.49 + 0.79) / 8,
}


@pytest.mark.parametrize("panel", WANT)
def test_aggregate_is_that_of_the_scores(panel: str) -> None:
    (row,) = table(strips(analyse(finals(SCORES))), panel=panel, optimizer="tpe")
    assert (row["value"], row["n"]) == (pytest.approx(WANT[panel]), 8)
    assert 0 <= row["low"] <= row["value"] <= row["high"]


def test_the_interquartile_mean_and_its_interval_are_the_league_tables() -> None:
    a = analyse(finals(SCORES))
    for row in a.league:
        (found,) = table(strips(a), panel="interquartile mean", optimizer=row.label)
        same([found[k] for k in ("value", "low", "high")],
             [row.regret.value, row.regret.low, row.regret.high])  # fmt: skip


@pytest.mark.parametrize("panel", WANT)
def test_strips_and_marks_stand_where_the_rows_say(panel: str) -> None:
    plot = strips(analyse(finals(SCORES)))
    ax = axes_of(plot, panel)
    for y, row in enumerate(table(plot, panel=panel)):
        j = list(plot.looks).index(row["optimizer"])
        (bar,), (mark,) = marked(ax, f"o{j}-band"), marked(ax, f"o{j}-line")
        same([bar.get_x(), bar.get_x() + bar.get_width()], [row["low"], row["high"]])
        same(mark.get_xdata(), [row["value"]] * 2)
        assert bar.get_y() < y < bar.get_y() + bar.get_height()


def test_what_is_better_than_the_target_earns_nothing_more() -> None:
    assert optimality_gap(np.array([1e-9, 0.01])) == 0 == optimality_gap(np.array([0.0, 0.005]))


def test_the_gap_is_defined_and_cited_in_the_caption() -> None:
    reading = strips(analyse(finals(SCORES))).reading
    assert "max(regret − 0.01, 0)" in reading
    assert "Agarwal et al. 2021" in reading
