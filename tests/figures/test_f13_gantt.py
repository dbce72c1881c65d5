"""F13: bars lie where the trials were, and the share of used time is that by hand."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpobench_lab.analysis import analyse
from hpobench_lab.figures.f13_gantt import BARS, gantt, utilisation, workers_of
from hpobench_lab.figures.plot import save
from tests.synthetic_results import Made, bed, make, rows_of

START = np.array([0.0, 0.0, 1.0, 2.0, 3.0])
END = np.array([2.0, 1.0, 3.0, 4.0, 6.0])


def study(
    workers: int = 2, labels: tuple[str, ...] = ("random", "tpe"), budget: float = 5.0
) -> Made:
    def losses(o: str, t: str, s: int) -> dict[str, Any]:
        rows = rows_of([3.0, 2.0, np.nan, 1.0, 4.0]) | {"start": START, "end": END}
        rows["status"] = np.array([0, 0, 3, 0, 5], dtype=np.uint8)
        return rows

    made = make(labels, [bed("f")], [0, 1], losses, budget=("simulated_seconds", budget))
    for h in made.headers:
        h["protocol"]["workers"] = workers
    return made


def test_a_trial_goes_to_the_worker_that_has_been_free_longest() -> None:
    assert workers_of(START, END, 2).tolist() == [0, 1, 1, 0, 1]


def test_no_two_trials_of_a_worker_overlap() -> None:
    rng = np.random.default_rng(0)
    free, start, end = [0.0] * 3, [], []
    for _ in range(200):
        w = int(np.argmin(free))
        start.append(free[w])
        free[w] += float(rng.exponential())
        end.append(free[w])
    worker = workers_of(start, end, 3)
    assert set(worker.tolist()) == {0, 1, 2}
    for w in range(3):
        mine = sorted((a, b) for a, b, v in zip(start, end, worker, strict=True) if v == w)
        assert all(b <= c for (_, b), (c, _) in itertools.pairwise(mine))


def test_trials_that_overlap_more_than_declared_still_get_a_line_each() -> None:
    assert sorted(workers_of([0.0] * 4, [1.0] * 4, 2).tolist()) == [0, 1, 2, 3]


def test_the_used_share_is_that_by_hand() -> None:
    """Until 5: 2 + 1 + 2 + 2 and 2 of the last 3 seconds, of 2 workers' 10 seconds."""
    assert utilisation(START, END, 2, 5.0) == pytest.approx(0.9)
    made = study()
    assert set(gantt(analyse(made), made).rows["used"]) == {0.9}


def test_failed_and_cut_trials_are_told_apart() -> None:
    made = study()
    rows = gantt(analyse(made), made).rows
    assert list(rows["state"][:5]) == ["ok", "ok", "failed", "ok", "cut"]
    assert list(rows["worker"][:5]) == [1, 2, 2, 1, 2]


def test_the_drawn_bars_are_the_rows() -> None:
    made = study()
    plot = gantt(analyse(made), made)
    for ax, panel in zip(plot._sheet.axes, plot.panels, strict=True):
        rows = plot.of(panel)
        drawn = {
            (round(float(p.vertices[:, 0].min()), 9), round(float(p.vertices[:, 0].max()), 9))
            for c in ax.collections for p in c.get_paths()
        }  # fmt: skip
        assert drawn == set(zip(rows["start"], rows["end"], strict=True))
        assert "90 % used" in ax.get_xlabel()


def test_one_run_an_optimizer_is_shown_best_first() -> None:
    made = study()
    analysis = analyse(made)
    plot = gantt(analysis, made)
    assert plot.panels == [r.label for r in analysis.league]
    assert len(plot.rows["panel"]) == 2 * len(START)


def test_the_drawn_trials_are_the_first_ones() -> None:
    n = BARS + 50

    def losses(o: str, t: str, s: int) -> dict[str, Any]:
        return rows_of(np.linspace(2, 1, n))

    made = make(["random"], [bed("f")], [0], losses, budget=("evaluations", float(n)))
    made.headers[0]["protocol"]["workers"] = 2
    rows = gantt(analyse(made), made).rows
    assert list(rows["trial"]) == list(range(BARS))
    assert rows["used"][0] == 0.5  # one after the other, of two workers


@pytest.mark.parametrize("workers", [1, 0])
def test_a_single_worker_has_nothing_to_show(workers: int) -> None:
    made = study(workers)
    assert not gantt(analyse(made), made).rows["panel"]


def test_without_runs_there_is_nothing_to_draw() -> None:
    made = make([], [], [], lambda o, t, s: None)
    assert not gantt(analyse(made), made).rows["panel"]


def test_odd_names_are_drawn_and_two_savings_give_the_same_bytes(tmp_path: Path) -> None:
    made = study(labels=("<script>", "$x$", "a\x1bb"))
    for folder in ("a", "b"):
        save(gantt(analyse(made), made), tmp_path / folder)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
