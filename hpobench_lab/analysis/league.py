"""The whole analysis of a study: league table, comparisons and the verdict in one sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.analysis.aggregate import bootstrap_sources, interval, iqm
from hpobench_lab.analysis.applicability import listed, needs
from hpobench_lab.analysis.comparisons import (
    ENOUGH,
    Comparison,
    against_baseline,
    attainable_p,
    family,
)
from hpobench_lab.analysis.cuts import Cut, choose_cut
from hpobench_lab.analysis.energy import Cost, Session, costs, sessions
from hpobench_lab.analysis.estimate import Caution, Estimate
from hpobench_lab.analysis.panel import FLOOR, Panel, ResultsLike, arrange
from hpobench_lab.analysis.verdict import Verdict, decide

__all__ = ["Analysis", "Completion", "LeagueRow", "analyse", "partly"]

FloatArray = NDArray[np.float64]

DRAWS = 2000
LEVELS = ("banner", "info", "note")
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
    cost: Cost
    rank_reason: str = ""


@dataclass(frozen=True)
class Analysis:
    """Hold everything that figures and reports draw from.

    Args:
        name: Of the study.
        hash: Six hex digits of its settings.
        settings: As stored.
        seeds: Of the study.
        baseline: Label of the declared baseline; "" when none is among the results.
        panel: The runs.
        cut: Where they are read.
        regret: Normalised regret at the cut, shape (k, t, s).
        scores: Per source, shape (k, sources).
        draws: Bootstrap draws of the scores, shape (B, k, sources).
        league: One row an optimizer, best first, those without a place last.
        comparisons: One an optimizer against the baseline.
        verdict: The sentence.
        sensitivity: Name of an alternative -> label of its winner, "" when nothing is decided.
        session: Energy of the study.
        not_applicable: Pairs that were not planned.
        cautions: In order of weight.
    """

    name: str
    hash: str
    settings: Mapping[str, Any]
    seeds: tuple[int, ...]
    baseline: str
    panel: Panel
    cut: Cut
    regret: FloatArray
    scores: FloatArray
    draws: FloatArray
    league: tuple[LeagueRow, ...]
    comparisons: tuple[Comparison, ...]
    verdict: Verdict
    sensitivity: Mapping[str, str]
    session: Session
    not_applicable: tuple[Mapping[str, Any], ...]
    cautions: tuple[Caution, ...]

    @property
    def completion(self) -> Completion:
        """Return the counts of all runs."""
        rows = [r.completion for r in self.league]
        return Completion(
            sum(c.planned for c in rows), sum(c.ok for c in rows), sum(c.failed for c in rows)
        )


def analyse(
    results: ResultsLike,
    *,
    baseline: str | None = None,
    axis: str | None = None,
    at: float | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Analysis:
    """Analyse loaded results.

    Args:
        results: As ``hpobench_lab.results.load`` returns them.
        baseline: Label; by default the study's declared one.
        axis: One of ``traces.AXES``; by default the budget's.
        at: Cut on the axis; by default the budget.
        draws: Bootstrap draws.
        seed: Of the bootstrap.

    Raises:
        ValueError: If the axis is unknown.
    """
    panel = arrange(results)
    cut = choose_cut(results, panel, axis=axis, at=at)
    base, cautions = _baseline(results, panel, baseline)
    regret = panel.regret(cut.axis, cut.at[:, None])[..., 0]
    resampled = bootstrap_sources(regret, panel.source, draws=draws, seed=seed)
    comparisons = against_baseline(panel, regret, resampled, base)
    league = _league(results, panel, cut, regret, resampled, comparisons)
    winners = _sensitivity(panel, cut, resampled, base, regret)
    cautions += [*panel.cautions, *cut.cautions, *_design(panel, comparisons, league)]
    cautions += _partly(league)
    cautions += _flips(winners)
    counts = [r.completion for r in league]
    verdict = decide(
        comparisons,
        base,
        order=[r.label for r in league],
        words=cut.words,
        sources=len(panel.sources),
        runs=sum(c.ok + c.failed for c in counts),
        crashed=sum(c.failed for c in counts),
        flips=[c.text for c in cautions if c.code == "flip"],
    )
    study = results.study
    return Analysis(
        name=str(study.get("name") or "study"),
        hash=str(study.get("hash6") or study.get("hash") or ""),
        settings=study.get("settings") or {},
        seeds=tuple(sorted({int(x) for x, _ in panel.seeds} | set(study.get("seeds") or []))),
        baseline=base,
        panel=panel,
        cut=cut,
        regret=regret,
        scores=panel.by_source(regret),
        draws=resampled,
        league=league,
        comparisons=comparisons,
        verdict=verdict,
        sensitivity=winners,
        session=sessions(results.carbon),
        not_applicable=tuple(study.get("not_applicable") or ()),
        cautions=tuple(sorted(cautions, key=lambda c: LEVELS.index(c.level))),
    )


def _baseline(results: ResultsLike, panel: Panel, asked: str | None) -> tuple[str, list[Caution]]:
    primary = results.study.get("primary") or {}
    declared = asked or (primary.get("baseline") if isinstance(primary, Mapping) else primary)
    if declared in panel.optimizers:
        return str(declared), []
    text = (
        f"The baseline {declared!r} has no runs" if declared else "The study declares no baseline"
    )
    return "", [Caution("no-baseline", f"{text}; no comparison is tested.")]


def _league(
    results: ResultsLike,
    panel: Panel,
    cut: Cut,
    regret: FloatArray,
    draws: FloatArray,
    comparisons: tuple[Comparison, ...],
) -> tuple[LeagueRow, ...]:
    unranked = panel.regret(cut.axis, cut.at[:, None], before=math.inf)[..., 0]
    ranks = panel.mean_ranks(unranked)
    scores = panel.by_source(regret)
    values = iqm(scores) if scores.size else np.full(len(panel.optimizers), np.nan)
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
                regret=_regret(float(values[i]), draws[:, i], scores[i]),
                comparison=against.get(label),
                completion=_completion(results, panel, i),
                cost=spent[label],
                rank_reason="" if ranked[i] else _why_unranked(results, panel, i),
            )
        )
    return tuple(rows)


def _place(values: FloatArray, mine: float) -> int:
    return 1 + int((values < mine).sum()) if mine == mine else len(values)


def _why_unranked(results: ResultsLike, panel: Panel, i: int) -> str:
    why = needs(results.study.get("not_applicable") or (), panel.optimizers[i])
    share = f"{int(panel.served[i].sum())} of {len(panel.sources)} sources"
    return f"served {share} only" + (f", {why}" if why else "")


def _regret(value: float, draws: FloatArray, scores: FloatArray) -> Estimate:
    n = int(np.isfinite(scores).sum())
    low, high = interval(iqm(draws)) if n > 1 else (math.nan, math.nan)
    reason = "" if n > 1 else "fewer than two sources" if n else "no source can be normalised"
    method = (
        "interquartile mean over sources of the median normalised regret over seeds; 95 % "
        "percentile bootstrap over sources, then seeds"
    )
    return Estimate(value, low, high, n, len(scores) - n, method, IQM_CITATION, (), reason)


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


def _sensitivity(
    panel: Panel, cut: Cut, draws: FloatArray, baseline: str, regret: FloatArray
) -> dict[str, str]:
    """Return who wins under the primary metric and under each stated alternative."""
    dropped = panel.regret(cut.axis, cut.at[:, None], failures="drop")[..., 0]
    alternatives = {
        "normalised regret": regret,
        "log10 regret": np.log10(np.maximum(regret, FLOOR)),
        "log-time AUC": panel.auc(cut.axis, cut.at),
    }
    if panel.failed.any():
        alternatives["failed runs dropped"] = dropped
    return {
        name: _winner(panel, against_baseline(panel, values, draws, baseline), values)
        for name, values in alternatives.items()
    }


def _winner(panel: Panel, comparisons: tuple[Comparison, ...], values: FloatArray) -> str:
    better = {c.a for c in comparisons if c.outcome == "better"}
    scores = panel.by_source(values)
    if not better or not scores.size:
        return ""
    middle = iqm(scores)
    order = np.lexsort((np.where(np.isnan(middle), np.inf, middle), ~panel.ranked))
    ranked = [panel.optimizers[int(i)] for i in order]
    return next(label for label in ranked if label in better)


def _flips(winners: Mapping[str, str]) -> list[Caution]:
    main = winners["normalised regret"]
    said = f"{main} wins" if main else "nothing wins"
    return [
        Caution(
            "flip",
            f"By normalised regret {said}; by {name} "
            + (f"{other} does." if other else "no optimizer is shown to beat the baseline."),
        )
        for name, other in winners.items()
        if other != main
    ]


def partly(league: Sequence[LeagueRow]) -> str:
    """Return who served some sources only, and why, in a clause; "" when all served the same."""
    groups: dict[str, list[str]] = {}
    for row in league:
        if row.place is None:
            groups.setdefault(row.rank_reason, []).append(row.label)
    return "; ".join(f"{listed(labels)} {reason}" for reason, labels in groups.items())


def _partly(league: Sequence[LeagueRow]) -> list[Caution]:
    said = partly(league)
    text = (
        f"{said}. They stand below the league table without a rank; differences from the "
        "baseline are on common sources."
    )
    return [Caution("not-applicable", text, level="info")] if said else []


def _design(
    panel: Panel, comparisons: tuple[Comparison, ...], league: tuple[LeagueRow, ...]
) -> list[Caution]:
    found = []
    n = max((c.n for c in comparisons), default=0)
    k, floor = len(family(comparisons)), attainable_p(comparisons)
    if k and floor > 0.05:
        found.append(
            Caution(
                "too-few-sources",
                f"With {n} sources and {k} comparisons the smallest "
                f"corrected p is {floor:.3g}; this design cannot reach 5 %.",
            )
        )
    elif comparisons and not k:
        found.append(
            Caution(
                "too-few-sources",
                f"{n} {'source' if n == 1 else 'sources'}: too few "
                f"for a test at 5 %, which takes {ENOUGH}; effects are shown without p.",
            )
        )
    if len(panel.seeds) == 1:
        found.append(
            Caution(
                "one-seed",
                "One seed: chance within an optimizer cannot be told from "
                "a difference on a testbed.",
            )
        )
    for row in league:
        c = row.completion
        if c.failed:
            found.append(
                Caution(
                    "crashed",
                    f"{row.label}: {c.failed} of {c.planned} runs failed; "
                    "each counts as last with the regret of one random evaluation.",
                )
            )
        if c.missing:
            found.append(
                Caution(
                    "missing",
                    f"{row.label}: {c.missing} of {c.planned} planned runs are not in the results.",
                )
            )
    return found
