"""F2: mean ranks over sources, by hand, and what is drawn of them."""

from __future__ import annotations

from hpobench_lab.analysis import analyse
from hpobench_lab.figures.f2_ranks import rank_over_time
from tests.figures.on_axes import axes_of, marked, of_values, same, table

NAN = float("nan")
LOSSES = {
    ("random", "a"): [[0.9, 0.9], [0.9, 0.5]],
    ("tpe", "a"): [[0.8, 0.1], [0.9, 0.1]],
    ("random", "b"): [[0.5, 0.5], [0.5, 0.5]],
    ("tpe", "b"): [[NAN, 0.4], []],
}


def test_ranks_are_averaged_over_seeds_then_sources_and_no_value_yet_is_last() -> None:
    plot = rank_over_time(analyse(of_values(LOSSES, budget=2.0)))
    rows = table(plot, optimizer="tpe")
    # after 1: a: seeds 1 and tied 1.5; b: none yet, failed: 2, 2. After 2: a: 1, 1; b: 1, 2
    same([r["value"] for r in rows], [(1.25 + 2) / 2, (1 + 1.5) / 2])
    same([r["low"] for r in rows], [1.25, 1.0])
    same([r["high"] for r in rows], [2.0, 1.5])


def test_drawn_lines_and_bands_are_the_rows_and_the_best_is_on_top() -> None:
    plot = rank_over_time(analyse(of_values(LOSSES, budget=2.0)))
    ax = axes_of(plot)
    for j, label in enumerate(plot.looks):
        rows = table(plot, optimizer=label)
        (line,) = marked(ax, f"o{j}-line")
        same(line.get_xydata(), [(r["x"], r["value"]) for r in rows])
        assert marked(ax, f"o{j}-band")
    bottom, top = ax.get_ylim()
    assert bottom > top
