"""F9: three probabilities against the baseline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hpobench_lab.analysis import analyse
from hpobench_lab.figures.f9_bayes import triples
from hpobench_lab.figures.plot import save
from tests.synthetic_results import Made, bed, make, rows_of, steady

FINAL = {"random": 0.5, "better": 0.1, "same": 0.495, "worse": 0.9}


def study(names: tuple[str, ...] = tuple(FINAL)) -> Made:
    def losses(o: str, t: str, s: int) -> dict[str, Any]:
        return rows_of([1.0, FINAL.get(o, 0.2)])

    return make(names, [bed(f"f{i}") for i in range(8)], [0, 1], losses, baseline=names[0])


@pytest.mark.parametrize(("label", "column"), [(x, x) for x in ("better", "same", "worse")])
def test_a_clear_case_has_nearly_all_the_probability(label: str, column: str) -> None:
    rows = triples(analyse(study())).rows
    assert rows[column][rows["optimizer"].index(label)] > 0.95


def test_the_three_add_up_and_the_baseline_is_not_compared_with_itself() -> None:
    rows = triples(analyse(study())).rows
    assert set(rows["optimizer"]) == set(FINAL) - {"random"}
    for three in zip(rows["better"], rows["same"], rows["worse"], strict=True):
        assert sum(three) == pytest.approx(1.0)


def test_a_wider_region_makes_more_of_them_the_same() -> None:
    rows = triples(analyse(study()), rope=0.6).rows
    assert min(rows["same"]) > 0.95


def test_the_region_is_stated() -> None:
    plot = triples(analyse(study()), rope=0.02)
    assert "± 0.02" in plot.reading
    assert set(plot.rows["rope"]) == {0.02}


def test_the_drawn_bars_are_the_rows() -> None:
    plot = triples(analyse(study()))
    (ax,) = plot._sheet.axes
    rows = plot.rows
    want = [v for three in zip(rows["better"], rows["same"], rows["worse"], strict=True)
            for v in three]  # fmt: skip
    assert [b.get_width() for b in ax.patches] == pytest.approx(want)


def test_without_a_baseline_or_runs_there_is_nothing_to_draw() -> None:
    assert not triples(analyse(make([], [], [], steady({})))).rows["panel"]
    made = make(["only"], [bed("f")], [0], steady({"only": 1.0}))
    assert not triples(analyse(made)).rows["panel"]


def test_odd_names_are_drawn_and_two_savings_give_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        save(triples(analyse(study(("<script>", "$x$", "a\x1bb")))), tmp_path / folder)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
