"""F17: the optimism gap, with coins as the known answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hpobench_lab.analysis import analyse
from hpobench_lab.figures.f17_optimism import held_out, optimism
from hpobench_lab.figures.plot import save
from tests.synthetic_results import bed, make, steady


def test_the_best_of_100_coins_reports_0589_inside_and_is_half_right_outside() -> None:
    """Specification: 100 coin-flip configurations on 200 validation points, best one reported."""
    rng = np.random.default_rng(0)
    inner = rng.binomial(200, 0.5, size=(4000, 100)).min(axis=1) / 200
    outer = rng.binomial(200, 0.5, size=4000) / 200
    rows = optimism(inner, outer, ["coin"] * 4000).rows
    assert rows["series"][-1] == "mean"
    assert 1 - rows["inner"][-1] == pytest.approx(0.589, abs=1e-3)
    assert 1 - rows["outer"][-1] == pytest.approx(0.5, abs=2e-3)
    assert rows["gap"][-1] == pytest.approx(0.089, abs=2e-3)


def test_the_gap_is_outside_minus_inside() -> None:
    rows = optimism([0.1, 0.2, 0.3], [0.2, 0.1, 0.5], ["a", "a", "b"], ["f", "f", "g"]).rows
    assert rows["panel"] == ["f", "f", "f", "g", "g"]
    assert rows["series"] == ["run", "run", "mean", "run", "mean"]
    assert rows["gap"] == pytest.approx([0.1, -0.1, 0.0, 0.2, 0.2])
    assert rows["n"] == [2, 2, 2, 1, 1]


def test_a_run_without_both_losses_is_left_out() -> None:
    rows = optimism([0.1, np.nan, 0.1], [0.2, 0.2, np.inf], ["a", "a", "b"]).rows
    assert rows["optimizer"] == ["a", "a"]


def test_lengths_that_disagree_are_an_error() -> None:
    with pytest.raises(ValueError, match="give one of each a run"):
        optimism([0.1], [0.2, 0.3], ["a"])


def test_the_drawn_points_are_the_rows() -> None:
    plot = optimism([0.1, 0.3], [0.2, 0.6], ["a", "a"])
    (ax,) = plot._sheet.axes
    runs, mean = (x for x in ax.lines if x.get_gid() == "o0-mark")
    assert (runs.get_xdata().tolist(), runs.get_ydata().tolist()) == ([0.1, 0.3], [0.2, 0.6])
    assert [*mean.get_xdata(), *mean.get_ydata()] == pytest.approx([0.2, 0.4])
    (gap,) = (x for x in ax.lines if x.get_gid() == "o0-line")
    assert list(gap.get_ydata()) == pytest.approx([0.2, 0.4])


def test_results_without_held_out_losses_show_nothing() -> None:
    made = make(["a", "b"], [bed("f")], [0, 1], steady({"a": 1.0, "b": 0.5}))
    assert not held_out(analyse(made), made).rows["panel"]


def test_what_a_header_says_of_held_out_losses_is_shown() -> None:
    made = make(["a", "b"], [bed("f")], [0, 1], steady({"a": 1.0, "b": 0.5}))
    made.headers[0]["held_out"] = {"inner": 0.1, "outer": 0.3}
    rows = held_out(analyse(made), made).rows
    assert (rows["optimizer"], rows["gap"]) == (["a", "a"], pytest.approx([0.2, 0.2]))


def test_odd_names_are_drawn_and_two_savings_give_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        save(optimism([0.1, 0.1], [0.1, 0.1], ["<script>", "$x$"]), tmp_path / folder)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_nothing_given_is_nothing_shown() -> None:
    assert not optimism([], [], []).rows["panel"]
