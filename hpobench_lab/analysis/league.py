"""The league table: one row an optimizer, best first, with what its place rests on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.analysis.applicability import listed, needs
from hpobench_lab.analysis.estimate import Estimate
from hpobench_lab.analysis.inference.comparisons import Comparison
from hpobench_lab.analysis.inference.intervals import FEWEST, iqm_interval
from hpobench_lab.analysis.runs.aggregate import iqm
from hpobench_lab.analysis.runs.cuts import Cut
from hpobench_lab.analysis.runs.energy import Cost, costs
from hpobench_lab.analysis.runs.panel import Panel, ResultsLike

__all__ = ["Completion", "LeagueRow", "league", "partly", "regret_estimate"]

FloatArray = NDArray[np.float64]

IQM_CITATION = "Agarwal et al. (2021), NeurIPS, https://arxiv.org/abs/2108.13264"


@dataclass(frozen=True)
class Completion:
    """Count runs; planned = ok + failed + missing, always."""

    planned: int
    ok: int
    failed: int

    @property
    def missing(self) -> int:
        """Return the runs that were planned and are not in the results."""
        return self.planned - self.ok - self.failed

    @property
    def rate(self) -> float:
        """Return the share of planned runs that ended well."""
        return self.ok / self.planned if self.planned else math.nan


@dataclass(frozen=True)
class LeagueRow:
    """Hold one optimizer's line of the league table.

    Args:
        place: From 1, by ``regret``, ties share a place; None for those who served some sources
            only, listed below the others.
        label: Name in the study.
        id: Canonical name.
        version: Of the optimizer.
        params: Bound arguments.
        mean_rank: Over sources, among those with a place; NaN without any.
        regret: IQM over sources of the normalised regret.
        comparison: Against the baseline; None for the baseline itself.
        completion: Counted runs.
        spent: Cumulative regret per cost of all its evaluations, the interquartile mean over
            sources: what it tried, beside what it found.
        cost: What its runs took.
        rank_reason: Why there is no place; "" when there is one.
    """

    place: int | None
    label: str
    id: str
    version: str
    params: Mapping[str, Any]
    mean_rank: float
    regret: Estimate
    comparison: Comparison | None
    completion: Completion
    spent: float
    cost: Cost
    rank_reason: str = ""


def league(
    results: ResultsLike,
    panel: Panel,
    cut: Cut,
    regret: FloatArray,
    comparisons: tuple[Comparison, ...],
) -> tuple[LeagueRow, ...]:
    """Return the rows, those without a place last.

    Args:
        results: Loaded results.
        panel: Their runs.
        cut: Where they are read.
        regret: Normalised regret at the cut, shape (k, t, s).
        comparisons: Against the baseline.
    """
    unranked = panel.regret(cut.axis, cut.at[:, None], before=math.inf)[..., 0]
    ranks = panel.mean_ranks(unranked)
    scores = panel.by_source(regret)
    values = iqm(scores) if scores.size else np.full(len(panel.optimizers), np.nan)
    tried = iqm(panel.by_source(panel.spent_regret(results))) if scores.size else values
    about = {h["optimizer"]["label"]: h["optimizer"] for h in reversed(results.headers)}
    against = {c.a: c for c in comparisons}
    spent = {c.label: c for c in costs(results, panel.optimizers)}
    ranked = panel.ranked
    order = sorted(
        range(len(values)),
        key=lambda i: (not ranked[i], math.isnan(values[i]), values[i], ranks[i], i),
    )
    rows = []
    for i in order:
        label = panel.optimizers[i]
        rows.append(
            LeagueRow(
                place=_place(values[ranked], float(values[i])) if ranked[i] else None,
                label=label,
                id=str(about[label]["id"]),
                version=str(about[label]["version"]),
                params=dict(about[label].get("params") or {}),
                mean_rank=float(ranks[i]),
                regret=regret_estimate(scores[i]),
                comparison=against.get(label),
                completion=_completion(results, panel, i),
                spent=float(tried[i]),
                cost=spent[label],
                rank_reason="" if ranked[i] else _why_unranked(results, panel, i),
            )
        )
    return tuple(rows)


def _place(values: FloatArray, mine: float) -> int | None:
    return 1 + int((values < mine).sum()) if mine == mine else None


def _why_unranked(results: ResultsLike, panel: Panel, i: int) -> str:
    why = needs(results.study.get("not_applicable") or (), panel.optimizers[i])
    share = f"{int(panel.served[i].sum())} of {len(panel.sources)} sources"
    return f"served {share} only" + (f", {why}" if why else "")


def regret_estimate(scores: FloatArray) -> Estimate:
    """Return the interquartile mean over sources with its interval.

    Args:
        scores: Median normalised regret of each source, NaN where there is none, shape (sources,).

    >>> regret_estimate(np.array([0.1, np.nan])).reason
    'fewer than 5 sources have no 95 % interval'
    """
    n = int(np.isfinite(scores).sum())
    low, high = (float(x) for x in iqm_interval(scores))
    few = f"fewer than {FEWEST} sources have no 95 % interval"
    return Estimate(
        float(iqm(scores)) if len(scores) else math.nan,
        low,
        high,
        n,
        len(scores) - n,
        method="interquartile mean over sources of the median normalised regret over seeds; 95 % "
        "interval from its window shifted over the order statistics, calibrated",
        citation=IQM_CITATION,
        reason="" if n >= FEWEST else few if n else "no source can be normalised",
    )


def _completion(results: ResultsLike, panel: Panel, i: int) -> Completion:
    present, failed = int(panel.present[i].sum()), int(panel.failed[i].sum())
    skipped = {
        p["testbed"]
        for p in results.study.get("not_applicable") or ()
        if p["optimizer"] == panel.optimizers[i]
    }
    settings = results.study.get("settings") or {}
    beds = {t["id"] for t in settings.get("testbeds") or ()} | {b.id for b in panel.beds}
    planned = len(beds - skipped) * len(results.study.get("seeds") or panel.seeds)
    return Completion(max(planned, present), present - failed, failed)


def partly(league: Sequence[LeagueRow]) -> str:
    """Return who served some sources only, and why, in a clause; "" when all served the same."""
    groups: dict[str, list[str]] = {}
    for row in league:
        if row.place is None:
            groups.setdefault(row.rank_reason, []).append(row.label)
    return "; ".join(f"{listed(labels)} {reason}" for reason, labels in groups.items())
