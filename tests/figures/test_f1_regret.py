"""F1: the medians, bands and raw lines that are drawn, by hand."""

from __future__ import annotations

import itertools

import numpy as np

from hpobench_lab.analysis import analyse
from hpobench_lab.figures.f1_regret import by_testbed, over_sources
from tests.figures.on_axes import axes_of, figures, marked, of_values, same, table, usual

TINY = {
    ("random", "t"): [[0.8, 0.4, 0.4, 0.4], [0.6, 0.6, 0.2, 0.2], [1.0, 0.9, 0.9, 0.5]],
    ("tpe", "t"): [[0.8, 0.1, 0.1, 0.1], [0.6, 0.3, 0.1, 0.05], []],
}


def test_median_counts_a_failed_run_as_one_and_has_the_quartiles_over_seeds() -> None:
    plot = by_testbed(analyse(of_values(TINY)))
    rows = table(plot, optimizer="tpe", series="median")
    same([r["x"] for r in rows], [1, 2, 3, 4])
    same([r["value"] for r in rows], [0.8, 0.3, 0.1, 0.1])
    same([r["low"] for r in rows], [0.7, 0.2, 0.1, 0.075])
    same([r["high"] for r in rows], [0.9, 0.65, 0.55, 0.55])


def test_control_is_the_better_of_a_seed_and_the_next() -> None:
    rows = table(by_testbed(analyse(of_values(TINY))), optimizer="random ×2", series="median")
    # pairs 0+1, 1+2, 2+0: (.6 .6 .8), (.4 .6 .4), (.2 .2 .4), (.2 .2 .4)
    same([r["x"] for r in rows], [1, 2, 3, 4])
    same([r["value"] for r in rows], [0.6, 0.4, 0.2, 0.2])


def test_raw_lines_are_the_runs_as_they_were() -> None:
    plot = by_testbed(analyse(of_values(TINY)))
    same(
        [(r["x"], r["value"]) for r in table(plot, optimizer="random", series="seed 1")],
        [(1, 0.6), (3, 0.2), (4, 0.2)],
    )
    assert not table(plot, optimizer="tpe", series="seed 2")  # it failed


def test_what_is_drawn_is_what_the_rows_hold() -> None:
    plot = by_testbed(analyse(of_values(TINY)))
    ax = axes_of(plot)
    for j, label in enumerate(plot.looks):
        rows = table(plot, optimizer=label, series="median")
        (line,) = marked(ax, f"o{j}-line")
        same(line.get_xydata(), [(r["x"], r["value"]) for r in rows])
        assert line.get_drawstyle() == "steps-post"
        assert line.get_color() == plot.looks[label].colour
        (band,) = marked(ax, f"o{j}-band")
        edges = band.get_paths()[0].vertices[:, 1]
        same(
            [edges.min(), edges.max()], [min(r["low"] for r in rows), max(r["high"] for r in rows)]
        )
    (seeds,) = marked(ax, "o0-seeds")
    same(seeds.get_segments()[1], [(1, 0.6), (3, 0.6), (3, 0.2), (4, 0.2), (4, 0.2)])


def test_axes_are_logarithmic() -> None:
    ax = axes_of(by_testbed(analyse(of_values(TINY))))
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")


def test_median_over_sources_is_that_of_their_medians_over_seeds() -> None:
    losses = {("tpe", f"t{j}"): [[v], [v], [v + 0.1]] for j, v in enumerate((0.2, 0.4, 0.7))}
    losses |= {("random", f"t{j}"): [[0.9]] * 3 for j in range(3)}
    plot = over_sources(analyse(of_values(losses, budget=1.0)))
    (row,) = table(plot, optimizer="tpe", series="median")
    same([row["value"], row["low"], row["high"]], [0.4, 0.3, 0.55])
    assert [r["value"] for r in table(plot, optimizer="tpe", series="source t2")] == [0.7]


def test_raw_seeds_are_thinned_by_a_rule_that_is_said() -> None:
    plot = figures(usual(11, 13, 20))["f1-regret-by-testbed"]
    per = [len({r["series"] for r in table(plot, panel="synthetic/f03", optimizer=o)}) for o in
           ("o10", "o01")]  # fmt: skip
    coloured = sum(not x.other for x in plot.looks.values())
    assert per == [1 + 2000 // (coloured * 13), 1]
    assert f"the first {2000 // (coloured * 13)} of the 20 seeds" in plot.reading


def test_nothing_is_interpolated_and_steps_without_a_change_are_left_out() -> None:
    plot = figures(usual())["f1-regret-by-testbed"]
    for label in plot.looks:
        rows = table(plot, panel="synthetic/f03", optimizer=label, series="median")
        keys = [(r["value"], r["low"], r["high"]) for r in rows]
        assert all(a != b for a, b in itertools.pairwise(keys[:-1]))
        assert float(rows[-1]["x"]) == 20.0
        assert np.all(np.diff([r["x"] for r in rows]) > 0)
