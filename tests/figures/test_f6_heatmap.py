"""F6: the numbers in the cells, and crosses where runs crashed."""

from __future__ import annotations

from hpobench_lab.analysis import analyse
from hpobench_lab.figures.f6_heatmap import heat_map
from tests.figures.on_axes import axes_of, marked, of_values, same, table, texts

LOSSES = {
    ("random", "a"): [[0.4], [0.6]],
    ("tpe", "a"): [[0.2], []],
    ("random", "b"): [[0.3], [0.3]],
    ("tpe", "b"): [[0.01], [0.03]],
}


def test_cells_are_medians_with_failed_runs_as_one_and_their_number() -> None:
    plot = heat_map(analyse(of_values(LOSSES, budget=1.0)))
    got = {(r["testbed"], r["optimizer"]): (r["regret"], r["failed"], r["runs"])
           for r in table(plot)}  # fmt: skip
    same(got["a", "tpe"], [0.6, 1, 2])
    same(got["b", "tpe"], [0.02, 0, 2])
    same(got["a", "random"], [0.5, 0, 2])


def test_only_the_cell_with_a_crash_is_crossed_and_counts_it() -> None:
    plot = heat_map(analyse(of_values(LOSSES, budget=1.0)))
    ax = axes_of(plot)
    (crosses,) = marked(ax, "crashed")
    names = list(dict.fromkeys(plot.rows["optimizer"]))
    column = names.index("tpe")
    for arm in crosses.get_segments():
        assert all(abs(x - column) < 0.5 and abs(y - 0) < 0.5 for x, y in arm)
    assert len(crosses.get_segments()) == 4
    assert [t for t in texts(ax) if "×" in t] == ["0.600 ×1"]


def test_darker_is_better_and_equal_values_have_one_colour() -> None:
    ax = axes_of(heat_map(analyse(of_values(LOSSES, budget=1.0))))
    faces = ax.collections[0].get_facecolors()[:, :3].sum(axis=1)
    rows = table(heat_map(analyse(of_values(LOSSES, budget=1.0))))
    order = sorted(range(4), key=lambda i: rows[i]["regret"])
    assert [faces[i] for i in order] == sorted(faces)


def test_without_crashes_nothing_is_crossed() -> None:
    fine = LOSSES | {("tpe", "a"): [[0.2], [0.2]]}
    assert not marked(axes_of(heat_map(analyse(of_values(fine, budget=1.0)))), "crashed")


def test_a_testbed_that_cannot_be_normalised_has_a_dash() -> None:
    study = of_values(LOSSES, budget=1.0, facts={"b": {"reference": 0.0}})
    assert texts(axes_of(heat_map(analyse(study)))).count("–") == 2
