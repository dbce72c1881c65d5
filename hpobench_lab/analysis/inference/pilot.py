"""What finished runs say about the next study: variance components of each comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.analysis.inference.comparisons import ENOUGH
from hpobench_lab.analysis.inference.power import Components, components
from hpobench_lab.analysis.runs.cuts import Cut, choose_cut
from hpobench_lab.analysis.runs.panel import Panel, ResultsLike, arrange
from hpobench_lab.analysis.sensitivity import metric_values

__all__ = ["Pilot", "pilot_of"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Pilot:
    """Hold what a pilot says of a metric at a budget.

    Args:
        words: The budget at which its runs are read.
        sources: Sources that the baseline served.
        seeds: Of the pilot.
        level: Mean of the metric over the baseline's runs, by source first; NaN without a pilot.
        each: Optimizer -> variances, from its differences to the baseline; those with at least 6
            common sources.
        pooled: Over those of ``each``, mean squares averaged.
        reason: Why there are no variances; "" when there are.
    """

    words: str
    sources: int
    seeds: int
    level: float
    each: Mapping[str, Components]
    pooled: Components
    reason: str = ""


def pilot_of(
    results: ResultsLike,
    baseline: str,
    *,
    metric: str = "regret",
    budget: tuple[str, float] | None = None,
    optimizers: Sequence[str] = (),
) -> Pilot:
    """Return what a pilot says.

    A source with several testbeds counts once: their differences are averaged seed by seed.

    Args:
        results: As ``hpobench_lab.results.load`` returns them.
        baseline: Label.
        metric: One of ``sensitivity.METRICS``.
        budget: Axis and amount of the planned study, read there if it is the pilot's axis and no
            more than the pilot's budget; else the pilot is read at its own.
        optimizers: Labels of the planned study; the variances of others are used only where the
            pilot has none of these.
    """
    none = Pilot("", 0, 0, np.nan, {}, components(np.empty((0, 0, 0))))
    if not results.headers:
        return replace(none, reason="the pilot has no finished runs")
    panel = arrange(results)
    cut = _cut(results, panel, budget)
    empty = replace(none, words=cut.words)
    if baseline not in panel.optimizers:
        return replace(empty, reason=f"the pilot has no runs of {baseline}")
    regret = panel.regret(cut.axis, cut.at[:, None])[..., 0]
    values = panel.over_folds(metric_values(panel, cut, regret, metric))
    base = values[panel.optimizers.index(baseline)]
    own = _by_source(panel, base[None])[0]
    gaps = dict(zip(panel.optimizers, _by_source(panel, values - base), strict=True))
    enough = {
        x: gap
        for x, gap in gaps.items()
        if x != baseline and np.isfinite(gap).any(axis=1).sum() >= ENOUGH
    }
    wanted = {x: gap for x, gap in enough.items() if x in optimizers} or enough
    found = {x: components(gap[None]) for x, gap in wanted.items()}
    found = {x: c for x, c in found.items() if c.known}
    served = own[np.isfinite(own).any(axis=1)]
    return Pilot(
        cut.words,
        len(served),
        int(np.isfinite(own).any(axis=0).sum()),
        float(np.mean(np.nanmean(served, axis=1))) if len(served) else np.nan,
        found,
        components(np.stack([wanted[x] for x in found])) if found else empty.pooled,
        "" if found else _why(panel, enough),
    )


def _why(panel: Panel, enough: Mapping[str, Any]) -> str:
    if len(panel.optimizers) < 2:
        return "the pilot has one optimizer"
    if not enough:
        return f"no optimizer of the pilot shares {ENOUGH} sources with the baseline"
    return "the pilot has one seed, which does not tell the variance between seeds"


def _cut(results: ResultsLike, panel: Panel, budget: tuple[str, float] | None) -> Cut:
    own = choose_cut(results, panel)
    if budget is None or budget[0] != own.declared[0] or budget[1] >= own.declared[1]:
        return own
    return choose_cut(results, panel, at=budget[1])


def _by_source(panel: Panel, values: FloatArray) -> FloatArray:
    """Return means over the testbeds of a source, shape (k, t, s) to (k, sources, s)."""
    out = np.full((len(values), len(panel.sources), values.shape[2]), np.nan)
    for j in range(len(panel.sources)):
        rows = values[:, panel.source == j]
        known = np.isfinite(rows)
        n = known.sum(axis=1)
        total = np.where(known, rows, 0.0).sum(axis=1)
        out[:, j] = np.where(n > 0, total / np.maximum(n, 1), np.nan)
    return out
