"""F8: the profile is the share of runs counted by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpobench_lab.analysis import analyse
from hpobench_lab.figures.f8_profile import profile
from hpobench_lab.figures.plot import save
from tests.synthetic_results import Made, bed, make, rows_of, steady

FINAL = {0: 0.5, 1: 0.05, 2: 0.005, 3: 0.0005}


def study(names: tuple[str, ...] = ("random", "tpe")) -> Made:
    def losses(o: str, t: str, s: int) -> dict[str, Any]:
        return rows_of([1.0, FINAL[s]])

    return make(names, [bed("f"), bed("g")], range(4), losses)


def test_the_shares_are_those_counted_by_hand() -> None:
    rows = profile(analyse(study())).rows
    mine = [k for k, label in enumerate(rows["optimizer"]) if label == "tpe"]
    for k in mine:
        share = sum(v <= rows["x"][k] for v in FINAL.values()) / 4
        assert rows["value"][k] == pytest.approx(share)
    assert (rows["x"][mine[0]], rows["x"][mine[-1]]) == pytest.approx((1e-4, 1.0))


def test_the_drawn_steps_are_the_rows() -> None:
    plot = profile(analyse(study()))
    (ax,) = plot._sheet.axes
    j = list(plot.looks).index("tpe")
    (line,) = (x for x in ax.lines if x.get_gid() == f"o{j}-line")
    at = np.array(plot.rows["optimizer"]) == "tpe"
    assert line.get_xdata().tolist() == np.array(plot.rows["x"])[at].tolist()
    assert line.get_ydata().tolist() == np.array(plot.rows["value"])[at].tolist()
    assert line.get_drawstyle() == "steps-post"


def test_another_optimizer_moves_nobodys_curve() -> None:
    two, three = (profile(analyse(study(n))).rows for n in (("a", "b"), ("a", "b", "c")))
    values = [[v for v, o in zip(r["value"], r["optimizer"], strict=True) if o == "a"]
              for r in (two, three)]  # fmt: skip
    assert values[0] == values[1]


def test_without_runs_there_is_nothing_to_draw() -> None:
    assert not profile(analyse(make([], [], [], steady({})))).rows["panel"]


def test_odd_names_are_drawn_and_two_savings_give_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        save(profile(analyse(study(("<script>", "$x$", "a\x1bb")))), tmp_path / folder)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
