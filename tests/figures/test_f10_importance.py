"""F10: importances and parallel coordinates show what was evaluated."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpobench_lab.analysis import analyse
from hpobench_lab.figures import f10_importance as f10
from hpobench_lab.figures.f10_importance import (
    best_tenth,
    coordinates,
    evaluated,
    importances,
    shown,
)
from hpobench_lab.figures.plot import save
from hpobench_lab.parameters import Categorical, Float
from hpobench_lab.space import Space
from tests.synthetic_results import Made, bed, make, rows_of

SPACE = Space(
    {"lr": Float(1e-3, 1.0, log=True), "kind": Categorical(["a", "b"]), "idle": Float(0, 1)}
)
EPOCHS = {"name": "epochs", "unit": "epoch", "min": 1.0, "max": 9.0}


class Recorded(Made):
    """Hold configurations too, as results do."""

    configurations: dict[int, Any]

    def run(self, i: int) -> Any:
        record = super().run(i)
        named = {f"p.{n}": self.configurations[i][:, j] for j, n in enumerate(SPACE.names)}
        record.columns.update(named)
        return record


def study(
    optimizers: Sequence[str] = ("random", "tpe"),
    n: int = 60,
    *,
    space: Mapping[str, Any] | None = None,
    fidelity: Any = np.nan,
    beds: int = 1,
) -> Recorded:
    """Return runs whose loss is the unit learning rate, plus 1 for the second kind."""
    found: list[Any] = []

    def losses(o: str, t: str, s: int) -> dict[str, Any]:
        unit = SPACE.canonical(np.random.default_rng(len(found)).random((n, 3)))
        found.append(SPACE.decode(unit))
        return rows_of(unit[:, 0] + found[-1][:, 1], fidelity=fidelity)

    some = [bed(f"f{i}", fidelity=EPOCHS, optimum=0.0) for i in range(beds)]
    for b in some:
        b["space"] = SPACE.to_json() if space is None else space
    made = make(optimizers, some, [0], losses, baseline=optimizers[0])
    out = Recorded(made.headers, made.offsets, made.columns, made.study)
    out.configurations = dict(enumerate(found))
    return out


def test_runs_that_cover_the_space_evenly_are_preferred() -> None:
    found = evaluated(study(), "f0")
    assert found is not None
    assert (found.uniform, len(found.loss)) == (True, 60)


def test_without_enough_of_them_all_runs_are_used() -> None:
    found = evaluated(study(n=30), "f0")
    assert found is not None
    assert (found.uniform, len(found.loss)) == (False, 60)


def test_only_evaluations_at_full_fidelity_count() -> None:
    found = evaluated(study(fidelity=np.tile([9.0, 3.0], 30), n=60), "f0")
    assert found is not None
    assert found.found == 60  # 30 of each optimizer: too few of random alone


def test_more_rows_are_thinned_evenly_and_always_alike() -> None:
    made = study()
    one, two = evaluated(made, "f0", most=7), evaluated(made, "f0", most=7)
    every = evaluated(made, "f0")
    assert one is not None
    assert two is not None
    assert every is not None
    assert one.loss.tolist() == two.loss.tolist()
    assert one.loss.tolist() == every.loss[[0, 10, 20, 30, 39, 49, 59]].tolist()


def test_configurations_are_shown_in_the_unit_cube() -> None:
    made = study()
    found = evaluated(made, "f0")
    assert found is not None
    assert found.unit == pytest.approx(SPACE.encode(made.configurations[0]))
    assert found.codes[:, 1].tolist() == made.configurations[0][:, 1].tolist()
    assert found.levels == (0, 2, 0)


def test_the_fractions_are_those_of_the_function() -> None:
    """The variance of a uniform variable is 1/12, that of a fair coin 1/4."""
    made = study(n=400)
    rows = importances(analyse(made), made).rows
    mains = {n: f for k, n, f in zip(rows["kind"], rows["name"], rows["fraction"], strict=True)
             if k == "main"}  # fmt: skip
    assert mains["lr"] == pytest.approx(0.25, abs=0.05)
    assert mains["kind"] == pytest.approx(0.75, abs=0.05)
    assert mains["idle"] == pytest.approx(0.0, abs=0.01)
    assert sum(rows["fraction"]) == pytest.approx(1.0, abs=1e-9)
    assert rows["r2"][0] > 0.9


def test_every_parameter_and_pair_is_in_the_rows() -> None:
    made = study()
    rows = importances(analyse(made), made).rows
    assert rows["kind"] == ["main"] * 3 + ["pair"] * 3 + ["rest"]


def test_the_drawn_bars_are_the_rows() -> None:
    made = study()
    plot = importances(analyse(made), made)
    (ax,) = plot._sheet.axes
    bars = shown(plot.rows)
    assert [b.get_width() for b in ax.patches] == [fraction for _, _, fraction, *_ in bars]
    assert [t.get_text() for t in ax.get_yticklabels()] == [name for _, name, *_ in bars]
    assert f"R² {plot.rows['r2'][0]:.2f}" in ax.get_xlabel()


def test_what_has_no_bar_of_its_own_is_summed() -> None:
    names = [f"x{i}" for i in range(9)]
    rows = {
        "kind": ["main"] * 9,
        "name": names,
        "fraction": [0.1 * (i + 1) for i in range(9)],
        "low": [0.0] * 9,
        "high": [1.0] * 9,
    }
    bars = shown(rows)
    assert [b[1] for b in bars] == ["x8", "x7", "x6", "x5", "x4", "x3", "3 others"]
    assert bars[-1][2] == pytest.approx(0.6)
    assert math.isnan(bars[-1][3])


def test_the_best_tenth_is_coloured() -> None:
    made = study()
    rows = coordinates(analyse(made), made).rows
    loss = np.array(rows["loss"])[::3]
    assert np.array(rows["best"])[::3].tolist() == best_tenth(loss).astype(int).tolist()
    assert sum(rows["best"]) == 3 * 6
    assert max(loss[np.array(rows["best"])[::3] == 1]) <= np.sort(loss)[5]


def test_the_drawn_lines_are_the_rows() -> None:
    made = study()
    plot = coordinates(analyse(made), made)
    (ax,) = plot._sheet.axes
    unit = np.array(plot.rows["place"]).reshape(-1, 3)
    best = np.array(plot.rows["best"]).reshape(-1, 3)[:, 0] == 1
    for collection in ax.collections:
        want = unit[best if collection.get_gid() == "best" else ~best]
        assert np.array(collection.get_segments())[..., 1] == pytest.approx(want)


def test_no_more_testbeds_are_drawn_than_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f10, "BEDS", 2)
    made = study(beds=3)
    plot = importances(analyse(made), made)
    assert plot.panels == ["f0", "f1"]
    assert "The first 2 of 3 testbeds." in plot.reading


def test_testbeds_of_many_parameters_are_named_and_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(f10, "DIMENSIONS", 2)
    made = study()
    plot = importances(analyse(made), made)
    assert not plot.rows["panel"]
    assert "Left out, with more than 2 parameters: f0." in plot.reading


@pytest.mark.parametrize("figure", [importances, coordinates])
def test_results_without_spaces_show_nothing(figure: Any) -> None:
    made = study(space={})
    assert not figure(analyse(made), made).rows["panel"]
    empty = make([], [], [], lambda o, t, s: None)
    assert not figure(analyse(empty), empty).rows["panel"]


@pytest.mark.parametrize("figure", [importances, coordinates])
def test_two_savings_give_the_same_bytes(figure: Any, tmp_path: Path) -> None:
    made = study()
    for folder in ("a", "b"):
        save(figure(analyse(made), made), tmp_path / folder)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
