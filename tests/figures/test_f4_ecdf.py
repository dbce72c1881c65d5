"""F4: the drawn shares are those of the runs, by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpobench_lab.analysis import analyse
from hpobench_lab.figures.f4_ecdf import run_time_ecdf, weighted_ecdf
from hpobench_lab.figures.plot import Plot, save
from tests.synthetic_results import Made, bed, make, rows_of, steady

QUALITY = {"random": 0.5, "tpe": 1.0, "cma": 0.8}


def study(n: int = 4, seeds: int = 3, **more: Any) -> Made:
    losses = more.pop("losses", steady(QUALITY))
    beds = [bed(f"f{i}") for i in range(n)]
    return make(list(QUALITY), beds, range(seeds), losses, baseline="random", **more)


def series(plot: Plot, label: str, name: str) -> tuple[list[float], list[float]]:
    rows = plot.rows
    at = [
        k
        for k, pair in enumerate(zip(rows["optimizer"], rows["series"], strict=True))
        if pair == (label, name)
    ]
    return [rows["x"][k] for k in at], [rows["value"][k] for k in at]


def test_the_shares_are_those_counted_by_hand() -> None:
    """Targets 10^2, 10^1.8, ..., 10^-8: regrets 5, 0.5 and 0 at 1, 2 and 3 reach 7, 12 and 51."""

    def losses(o: str, t: str, s: int) -> dict[str, Any]:
        return rows_of([5.0, 0.5, 0.5 if s else 0.0, 0.5])

    plot = run_time_ecdf(analyse(study(losses=losses, seeds=2, budget=("evaluations", 4.0))))
    x, value = series(plot, "tpe", "runs")
    assert x == [1.0, 2.0, 3.0, 4.0]
    assert value == pytest.approx([7 / 51, 12 / 51, (12 + 51) / 102, (12 + 51) / 102])


def test_every_source_weighs_the_same() -> None:
    source = np.array([0, 0, 1])
    times = [np.array([1.0]), np.array([1.0]), np.array([np.inf])]
    share = weighted_ecdf(times, source, np.ones((3, 1)))
    assert share.mean(axis=0).tolist() == [0.5]


def test_a_testbed_without_a_source_is_left_out() -> None:
    share = weighted_ecdf([np.array([1.0]), np.array([9.0])], np.array([0, -1]), np.ones((2, 1)))
    assert share.tolist() == [[1.0]]


def test_restarts_begin_where_the_runs_end_and_never_fall() -> None:
    plot = run_time_ecdf(analyse(study()))
    for label in QUALITY:
        x, value = series(plot, label, "runs")
        after, more = series(plot, label, "restarts")
        assert (after[0], more[0]) == (x[-1], value[-1])
        assert np.all(np.diff(more) >= 0)
        assert after[-1] == pytest.approx(10 * x[-1])


def test_restarts_agree_with_their_exact_distribution() -> None:
    """One of two runs hits the lower targets at 2 of 4: within 10 budgets 1 - 1/2^10 have it."""

    def losses(o: str, t: str, s: int) -> dict[str, Any]:
        return rows_of([5.0, 0.0 if s else 5.0, 5.0, 5.0])

    plot = run_time_ecdf(analyse(study(losses=losses, seeds=2, budget=("evaluations", 4.0))))
    _, value = series(plot, "tpe", "restarts")
    assert value[0] == pytest.approx((7 + 0.5 * 44) / 51)
    assert value[-1] == pytest.approx((7 + (1 - 0.5**10) * 44) / 51, abs=2e-3)


def test_the_cross_is_at_the_end_of_the_budget() -> None:
    plot = run_time_ecdf(analyse(study()))
    x, value = series(plot, "tpe", "runs")
    assert series(plot, "tpe", "end") == ([x[-1]], [value[-1]])


def test_random_at_twice_the_budget_is_never_below_random() -> None:
    plot = run_time_ecdf(analyse(study()))
    _, once = series(plot, "random", "runs")
    _, twice = series(plot, "random ×2", "runs")
    assert all(b >= a for a, b in zip(once, twice, strict=True))


def test_a_failed_run_reaches_nothing() -> None:
    fine = steady(QUALITY)
    crashed = study(losses=lambda o, t, s: None if o == "cma" else fine(o, t, s))
    _, value = series(run_time_ecdf(analyse(crashed)), "cma", "runs")
    assert set(value) == {0.0}


def test_the_drawn_steps_are_the_rows() -> None:
    plot = run_time_ecdf(analyse(study()))
    (ax,) = plot._sheet.axes
    number = list(plot.looks).index("tpe")
    solid, dashed = (line for line in ax.lines if line.get_gid() == f"o{number}-line")
    for line, name in ((solid, "runs"), (dashed, "restarts")):
        x, value = series(plot, "tpe", name)
        assert line.get_xdata().tolist() == x
        assert line.get_ydata().tolist() == value
        assert line.get_drawstyle() == "steps-post"


@pytest.mark.parametrize("name", ["<script>", "$x$", "a\x1bb", ""])
def test_odd_names_are_drawn(name: str, tmp_path: Path) -> None:
    fine = steady(QUALITY)
    made = make(["random", name], [bed("f")], [0, 1], lambda o, t, s: fine("tpe", t, s))
    files = save(run_time_ecdf(analyse(made)), tmp_path)
    assert all((tmp_path / file).stat().st_size for file in files)


def test_two_savings_give_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        save(run_time_ecdf(analyse(study())), tmp_path / folder)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_without_runs_there_is_nothing_to_draw() -> None:
    assert not run_time_ecdf(analyse(make([], [], [], steady(QUALITY)))).rows["panel"]
    crashed = study(losses=lambda o, t, s: None)
    assert set(run_time_ecdf(analyse(crashed)).rows["value"]) <= {0.0}
