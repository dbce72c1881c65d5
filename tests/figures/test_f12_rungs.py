"""F12: dots are trials, lines join those that were continued, and many panels are cut by a rule."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpobench_lab.analysis import analyse
from hpobench_lab.figures.f12_rungs import PANELS, rungs
from tests.figures.on_axes import axes_of, marked, same, table
from tests.synthetic_results import Made, bed, make, rows_of

EPOCHS = {"name": "epochs", "unit": "epoch", "min": 1.0, "max": 9.0}


def study(k: int = 1, t: int = 1) -> Made:
    def losses(o: str, b: str, s: int) -> dict[str, Any]:
        if o == "random":
            return rows_of([0.9, 0.8], fidelity=np.full(2, 9.0), units=np.full(2, 9.0))
        level = np.array([1.0, 1.0, 3.0, 9.0])
        run = rows_of([0.7, 0.6, 0.5, 0.4], fidelity=level, units=level)
        return run | {"parent": np.array([-1, -1, 1, 2])}

    names = ["random", *(f"asha{i}" for i in range(k))]
    beds = [bed(f"curves/m{i:02}", fidelity=EPOCHS) for i in range(t)]
    return make(names, beds, range(2), losses, baseline="random")


def test_rows_are_the_first_seeds_trials_of_who_used_several_fidelities() -> None:
    made = study()
    plot = rungs(analyse(made), made)
    assert plot.panels == ["curves/m00: asha0"]
    rows = table(plot)
    assert [r["parent"] for r in rows] == [-1, -1, 1, 2]
    same([r["fidelity"] for r in rows], [1, 1, 3, 9])
    same([r["loss"] for r in rows], [0.7, 0.6, 0.5, 0.4])


def test_lines_lead_from_a_trial_to_the_one_that_continued_it() -> None:
    made = study()
    plot = rungs(analyse(made), made)
    ax = axes_of(plot)
    j = list(plot.looks).index("asha0")
    (lines,), (dots,) = marked(ax, f"o{j}-line"), marked(ax, f"o{j}-mark")
    same(lines.get_segments(), [[(1, 0.6), (3, 0.5)], [(3, 0.5), (9, 0.4)]])
    same(dots.get_xydata(), [(1, 0.7), (1, 0.6), (3, 0.5), (9, 0.4)])
    assert ax.get_xlabel() == "epochs"


def test_many_pairs_are_cut_and_the_reading_says_so() -> None:
    made = study(5, 8)
    plot = rungs(analyse(made), made)
    assert len(plot.panels) == PANELS
    assert f"The first {PANELS} of 40 such pairs" in plot.reading
