"""F11: attainment surfaces and hypervolumes, by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpobench_lab.analysis import analyse
from hpobench_lab.figures.f11_pareto import (
    attainment,
    fronts,
    hypervolumes,
    surface,
    told_points,
    volumes,
)
from hpobench_lab.figures.plot import save
from tests.synthetic_results import Made, bed, make, rows_of

RUNS = [np.array(r, dtype=np.float64) for r in ([[1, 3], [3, 1]], [[2, 2]], [[4, 4], [2, 5]])]
POINTS = {("f", "tpe"): RUNS, ("f", "random"): [np.array([[5.0, 5.0]])]}


class TwoLosses(Made):
    """Hold a second loss, as the runs of testbeds with two objectives do."""

    def run(self, i: int) -> Any:
        record = super().run(i)
        record.columns["loss.1"] = 1 - record.columns["loss"]
        return record


def study() -> TwoLosses:
    beds = [bed("f", reference_point=[1.0, 1.0])]
    beds[0]["objectives"] = ["error", "size"]

    def losses(o: str, t: str, s: int) -> dict[str, Any]:
        return rows_of([0.5, np.nan, 0.25])

    made = make(["random", "tpe"], beds, [0, 1], losses)
    return TwoLosses(made.headers, made.offsets, made.columns, made.study)


@pytest.mark.parametrize(
    ("level", "corners"),
    [
        (1 / 3, [[1, 3], [2, 2], [3, 1]]),
        (2 / 3, [[2, 3], [3, 2]]),
        (1.0, [[2, 5], [4, 4]]),
    ],
)
def test_a_surface_is_what_so_many_runs_attain(level: float, corners: list[list[int]]) -> None:
    assert surface(RUNS, level).tolist() == corners


def test_a_surface_is_that_of_counting_at_every_point() -> None:
    rng = np.random.default_rng(0)
    runs = [rng.random((5, 2)) for _ in range(7)]
    for level in (0.25, 0.5, 0.75):
        corners = surface(runs, level)
        for point in rng.random((200, 2)):
            count = sum(bool((r <= point).all(axis=1).any()) for r in runs)
            attained = bool((corners <= point).all(axis=1).any()) if len(corners) else False
            assert attained == (count >= level * len(runs))


def test_too_few_runs_have_no_surface() -> None:
    assert surface([RUNS[0], np.full((2, 2), np.nan)], 1.0).shape == (0, 2)
    assert surface([], 0.5).shape == (0, 2)


@pytest.mark.parametrize("level", [0.0, 1.5])
def test_a_level_is_a_share(level: float) -> None:
    with pytest.raises(ValueError, match="a level is a share"):
        surface(RUNS, level)


def test_the_drawn_steps_pass_through_the_rows() -> None:
    plot = attainment(POINTS)
    (ax,) = plot._sheet.axes
    j = list(plot.looks).index("tpe")
    lines = [x for x in ax.lines if x.get_gid() == f"o{j}-line"]
    assert len(lines) == 3
    corners = surface(RUNS, 0.5)
    assert lines[1].get_xdata()[1:-1].tolist() == corners[:, 0].tolist()
    assert lines[1].get_ydata()[1:-1].tolist() == corners[:, 1].tolist()


def test_the_hypervolume_is_that_by_hand() -> None:
    """(1, 3) and (3, 1) below (4, 4) dominate 3 and 5; (2, 2) alone dominates 4."""
    rows = volumes({("f", "tpe"): RUNS[:2]}, {"f": [4, 4]}).rows
    assert rows["value"] == pytest.approx([3.5, 4.5])
    assert rows["low"] == pytest.approx([3.25, 4.25])


def test_with_a_stored_front_the_hypervolume_is_a_share_of_its_own() -> None:
    stored = {"f": [[1, 3], [2, 2], [3, 1]]}
    rows = volumes({("f", "tpe"): RUNS[:1]}, {"f": [4, 4]}, stored).rows
    assert rows["value"] == pytest.approx([3 / 6, 5 / 6])


def test_without_a_reference_there_is_no_hypervolume() -> None:
    assert not volumes(POINTS, {}).rows["panel"]


def test_losses_of_results_are_read_in_the_order_told() -> None:
    found = told_points(study())["f", "tpe"]
    assert len(found) == 2
    assert found[0][[0, 2]].tolist() == [[0.5, 0.5], [0.25, 0.75]]
    assert np.isnan(found[0][1]).all()


def test_a_study_of_two_losses_has_both_figures(tmp_path: Path) -> None:
    made = study()
    analysis = analyse(made)
    plot = fronts(analysis, made)
    half = [x for x, level in zip(plot.rows["x"], plot.rows["level"], strict=True) if level == 0.5]
    assert half == [0.25, 0.5, 0.25, 0.5]
    rows = hypervolumes(analysis, made).rows
    assert rows["value"][-1] == pytest.approx(0.75 * 0.25 + 0.5 * 0.25)
    for p in (plot, hypervolumes(analysis, made)):
        save(p, tmp_path)


def test_a_study_of_one_loss_has_neither() -> None:
    made = make(["a"], [bed("f")], [0], lambda o, t, s: rows_of([1.0]))
    assert not fronts(analyse(made), made).rows["panel"]
    assert not hypervolumes(analyse(made), made).rows["panel"]


def test_two_savings_give_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        save(attainment(POINTS), tmp_path / folder)
        save(volumes(POINTS, {"f": [6, 6]}), tmp_path / folder)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
