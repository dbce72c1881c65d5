"""The figures of a report, in its order; those without data are left out."""

from __future__ import annotations

from hpobench_lab.analysis.panel import ResultsLike
from hpobench_lab.analysis.study import Analysis
from hpobench_lab.figures.f1_regret import by_testbed, over_sources
from hpobench_lab.figures.f2_ranks import rank_over_time
from hpobench_lab.figures.f6_heatmap import heat_map
from hpobench_lab.figures.f12_rungs import rungs
from hpobench_lab.figures.f14_energy import energy
from hpobench_lab.figures.f15_forest import forest
from hpobench_lab.figures.plot import Plot

__all__ = ["plots"]


def plots(analysis: Analysis, results: ResultsLike) -> tuple[Plot, ...]:
    """Return all figures that have something to show."""
    every = (
        over_sources(analysis),
        rank_over_time(analysis),
        forest(analysis),
        heat_map(analysis),
        by_testbed(analysis),
        rungs(analysis, results),
        energy(analysis),
    )
    return tuple(p for p in every if len(p.rows["panel"]))
