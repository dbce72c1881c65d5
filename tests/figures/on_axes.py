"""Draw one panel of a figure and read it back from its axes; tiny studies to draw."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hpobench_lab.analysis import analyse
from hpobench_lab.figures import Plot, plots
from hpobench_lab.figures.style import page_style
from tests.synthetic_results import Made, bed, make, rows_of, session, steady


def axes_of(plot: Plot, panel: str | None = None) -> Any:
    """Return the axes on which a panel, by default the first, is drawn alone."""
    from matplotlib.figure import Figure

    with page_style(plot.id):
        ax = Figure(figsize=plot.size).add_subplot()
        plot.draw(ax, plot.of(plot.panels[0] if panel is None else panel), plot.looks)
    return ax


def figures(made: Made, **more: Any) -> dict[str, Plot]:
    """Return all figures of a study by id."""
    return {p.id: p for p in plots(analyse(made, **more), made)}


def marked(ax: Any, gid: str) -> list[Any]:
    """Return the artists that carry a mark, such as ``o0-line``."""
    return [a for a in (*ax.lines, *ax.collections, *ax.patches) if a.get_gid() == gid]


def texts(ax: Any) -> list[str]:
    """Return what is written on the axes, labels aside."""
    return [t.get_text() for t in ax.texts]


def table(plot: Plot, **where: Any) -> list[dict[str, Any]]:
    """Return the rows that agree with ``where``."""
    lines = [dict(zip(plot.rows, v, strict=True)) for v in zip(*plot.rows.values(), strict=True)]
    return [r for r in lines if all(r[k] == v for k, v in where.items())]


def of_values(
    losses: Mapping[tuple[str, str], Sequence[Sequence[float]]],
    *,
    baseline: str = "random",
    budget: float = 4.0,
    facts: Mapping[str, Mapping[str, Any]] | None = None,
) -> Made:
    """Return a study whose runs told just these losses; an empty run failed.

    Args:
        losses: (optimizer, testbed) -> the losses of each seed.
        baseline: Label.
        budget: Evaluations.
        facts: Of testbeds, where they are not the usual ones.
    """
    names = list(dict.fromkeys(o for o, _ in losses))
    beds = list(dict.fromkeys(t for _, t in losses))
    known = {t: bed(t, **dict((facts or {}).get(t, {}))) for t in beds}
    seeds = range(max(len(v) for v in losses.values()))

    def run(o: str, t: str, s: int) -> dict[str, Any] | None:
        values = losses[o, t][s]
        return rows_of(values) if len(values) else None

    return make(names, list(known.values()), seeds, run, baseline=baseline,
                budget=("evaluations", budget))  # fmt: skip


def finals(values: Mapping[str, Sequence[float]], **more: Any) -> Made:
    """Return a study of one evaluation a run: an optimizer's final regret on each testbed."""
    losses = {(o, f"t{j:02}"): [[v]] for o, row in values.items() for j, v in enumerate(row)}
    return of_values(losses, budget=1.0, **more)


def usual(k: int = 4, t: int = 7, s: int = 3, *, crash: bool = False) -> Made:
    """Return k optimizers, the first one random search, of which one may crash."""
    quality = {"random": 0.5} | {f"o{i:02}": 0.4 + i / 15 for i in range(1, k)}
    fine = steady(quality)

    def losses(o: str, name: str, seed: int) -> dict[str, Any] | None:
        return None if crash and (o, name, seed) == ("o01", "synthetic/f02", 1) else fine(
            o, name, seed)  # fmt: skip

    beds = [bed(f"synthetic/f{i:02}", family=f"family {i % 3}") for i in range(t)]
    made = make(list(quality), beds, range(s), losses, baseline="random")
    made.carbon.append(session(made))
    return made


def same(got: Any, want: Any) -> None:
    """Compare numbers, NaN equal to NaN."""
    np.testing.assert_allclose(np.asarray(got, dtype=float), np.asarray(want, dtype=float))


NAN = math.nan
