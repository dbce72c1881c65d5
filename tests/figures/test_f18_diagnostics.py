"""F18: raw curves are always there, and smoothing is what the caption says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpobench_lab.analysis import analyse
from hpobench_lab.figures.f18_diagnostics import (
    SHORTEST,
    Curve,
    diagnostics,
    running_median,
    told_curves,
)
from hpobench_lab.figures.plot import save
from tests.synthetic_results import Made, bed, make, rows_of

X = np.arange(1.0, 7.0)
Y = np.array([6.0, 5.0, 9.0, 3.0, 2.0, 1.0])
EPOCHS = {"name": "epochs", "unit": "epoch", "min": 1.0, "max": 10.0}


def study(levels: int = 10) -> Made:
    """Return runs of two configurations, each continued level by level, the second better."""

    def losses(o: str, t: str, s: int) -> dict[str, Any]:
        level = np.tile(np.arange(1.0, levels + 1), 2)
        run = rows_of(np.concatenate([2 / level[:levels], 1 / level[:levels]]), fidelity=level)
        run["parent"] = np.where(level > 1, run["id"] - 1, -1).astype(np.int32)
        return run

    return make(["random", "stop"], [bed("f", fidelity=EPOCHS)], [0, 1], losses)


def test_the_running_median_is_that_by_hand() -> None:
    assert running_median(Y, 3).tolist() == [6.0, 6.0, 5.0, 3.0, 2.0, 1.0]
    assert running_median(Y, 5).tolist() == [6.0, 6.0, 5.0, 3.0, 2.0, 1.0]
    assert running_median([1.0, np.nan, 5.0], 3).tolist() == [1.0, 3.0, 5.0]


@pytest.mark.parametrize("window", [0, 4])
def test_an_even_window_is_an_error(window: int) -> None:
    with pytest.raises(ValueError, match="odd number"):
        running_median(Y, window)


def test_the_raw_curve_is_always_beside_the_smoothed_one() -> None:
    plot = diagnostics([Curve("train loss", "a", X, Y), Curve("gradient norm", "a", X, Y)])
    for panel in ("train loss", "gradient norm"):
        rows = plot.of(panel)
        assert list(rows["value"][:6]) == Y.tolist()
        assert list(rows["series"]) == ["raw"] * 6 + ["smoothed"] * 6
        assert list(rows["value"][6:]) == running_median(Y).tolist()
    assert "running median of 5 points" in plot.reading


def test_a_schedule_is_drawn_as_it_is() -> None:
    plot = diagnostics([Curve("learning rate", "a", X, Y, smooth=False)])
    assert set(plot.rows["series"]) == {"raw"}
    (line,) = plot._sheet.axes[0].lines
    assert line.get_ydata().tolist() == Y.tolist()


def test_the_drawn_lines_are_the_rows() -> None:
    plot = diagnostics([Curve("train loss", "a", X, Y)])
    raw, smoothed = plot._sheet.axes[0].lines
    assert (raw.get_gid(), smoothed.get_gid()) == ("o0-raw", "o0-line")
    assert raw.get_ydata().tolist() == Y.tolist()
    assert smoothed.get_ydata().tolist() == running_median(Y).tolist()
    assert raw.get_linewidth() < smoothed.get_linewidth()


def test_told_curves_are_the_chains_that_end_lowest() -> None:
    made = study()
    rows = told_curves(analyse(made), made).of("f: stop")
    raw = [v for v, s in zip(rows["value"], rows["series"], strict=True) if s == "raw"]
    level = np.arange(1.0, 11.0)
    assert raw == pytest.approx([*(1 / level), *(2 / level)])
    assert set(rows["axis"]) == {"epochs"}


def test_short_chains_are_no_curves() -> None:
    made = study(SHORTEST - 1)
    assert not told_curves(analyse(made), made).rows["panel"]


def test_without_runs_there_is_nothing_to_draw() -> None:
    made = make([], [], [], lambda o, t, s: None)
    assert not told_curves(analyse(made), made).rows["panel"]
    assert not diagnostics([]).rows["panel"]


def test_odd_names_and_missing_values_are_drawn_alike_twice(tmp_path: Path) -> None:
    y = np.append(Y[:-1], np.nan)
    curves = [Curve("<script>", "$x$", X, y), Curve("all missing", "a\x1bb", X, y * np.nan)]
    for folder in ("a", "b"):
        save(diagnostics(curves), tmp_path / folder)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
