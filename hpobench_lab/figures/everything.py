"""The figures of a report, in its order; those without data are left out."""

from __future__ import annotations

from hpobench_lab.analysis.runs.panel import ResultsLike
from hpobench_lab.analysis.study import Analysis
from hpobench_lab.figures.f1_regret import by_testbed, over_sources
from hpobench_lab.figures.f2_ranks import rank_over_time
from hpobench_lab.figures.f3_critical import critical
from hpobench_lab.figures.f4_ecdf import run_time_ecdf
from hpobench_lab.figures.f5_pairs import pairs
from hpobench_lab.figures.f6_heatmap import heat_map
from hpobench_lab.figures.f7_strips import strips
from hpobench_lab.figures.f8_profile import profile
from hpobench_lab.figures.f9_bayes import triples
from hpobench_lab.figures.f10_importance import coordinates, importances
from hpobench_lab.figures.f11_pareto import fronts, hypervolumes
from hpobench_lab.figures.f12_rungs import rungs
from hpobench_lab.figures.f13_gantt import gantt
from hpobench_lab.figures.f14_energy import energy
from hpobench_lab.figures.f15_forest import forest
from hpobench_lab.figures.f16_stability import rank_stability
from hpobench_lab.figures.f17_optimism import held_out
from hpobench_lab.figures.f18_diagnostics import told_curves
from hpobench_lab.figures.plot import Plot

__all__ = ["plots"]


def plots(analysis: Analysis, results: ResultsLike) -> tuple[Plot, ...]:
    """Return all figures that have something to show."""
    every = (
        over_sources(analysis),
        rank_over_time(analysis),
        critical(analysis),
        run_time_ecdf(analysis),
        forest(analysis),
        pairs(analysis),
        heat_map(analysis),
        strips(analysis),
        profile(analysis),
        triples(analysis),
        rank_stability(analysis),
        by_testbed(analysis),
        fronts(analysis, results),
        hypervolumes(analysis, results),
        rungs(analysis, results),
        told_curves(analysis, results),
        gantt(analysis, results),
        held_out(analysis, results),
        importances(analysis, results),
        coordinates(analysis, results),
        energy(analysis, results),
    )
    return tuple(p for p in every if len(p.rows["panel"]))
