"""The whole analysis of a study: everything that the figures and the reports draw from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.analysis.anytime import Anytime, over_budgets
from hpobench_lab.analysis.controls import (
    Control,
    control_names,
    controls,
    said_of_controls,
    with_controls,
)
from hpobench_lab.analysis.endpoint import Endpoint, choose_endpoint
from hpobench_lab.analysis.estimate import Caution, Estimate
from hpobench_lab.analysis.inference.comparisons import (
    Comparison,
    against_baseline,
    surrogate_ties,
    untested,
)
from hpobench_lab.analysis.inference.critical_difference import (
    CriticalDifference,
    critical_difference,
)
from hpobench_lab.analysis.inference.gates import gates, margin_of
from hpobench_lab.analysis.inference.noninferiority import Gate
from hpobench_lab.analysis.inference.omnibus import Friedman, friedman
from hpobench_lab.analysis.inference.stability import Stability, stability_of_panel
from hpobench_lab.analysis.league import Completion, LeagueRow, league
from hpobench_lab.analysis.limits import absent, close_calls, limits
from hpobench_lab.analysis.measures.profiles import random_worth
from hpobench_lab.analysis.runs.cuts import Cut
from hpobench_lab.analysis.runs.energy import Session, sessions
from hpobench_lab.analysis.runs.panel import Panel, ResultsLike, arrange
from hpobench_lab.analysis.scarcity import scarce_in
from hpobench_lab.analysis.sensitivity import METRICS, flips, metric_values, winners
from hpobench_lab.analysis.verdict import Counts, Verdict, decide

__all__ = ["Analysis", "analyse"]

FloatArray = NDArray[np.float64]

LEVELS = ("banner", "info", "note")
EXPLORATORY = "exploratory: only the declared budget is tested"


@dataclass(frozen=True)
class Analysis:
    """Hold everything that figures and reports draw from.

    Args:
        name: Of the study.
        hash: Six hex digits of its settings.
        settings: As stored.
        seeds: Of the study.
        baseline: Label of the declared baseline; "" when none is among the results.
        metric: What the comparisons compare, one of ``sensitivity.METRICS``.
        panel: The runs.
        cut: Where they are read.
        regret: Normalised regret at the cut, shape (k, t, s).
        scores: Per source, shape (k, sources).
        league: One row an optimizer, best first, those without a place last.
        comparisons: One an optimizer against the baseline.
        verdict: The sentence.
        controls: Control lines at the cut; none without random search.
        worth: Optimizer -> how many random evaluations one of its evaluations is worth.
        omnibus: Friedman's test of the ranked over common sources; None for fewer than two.
        ranks: Mean ranks and the groups not shown to differ; None for fewer than two.
        gates: Optimizer -> what the declared margin says of it; empty where none is declared.
        stability: Leaving out a source, then a family.
        anytime: The league at many budgets, exploratory.
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
    metric: str
    panel: Panel
    cut: Cut
    regret: FloatArray
    scores: FloatArray
    league: tuple[LeagueRow, ...]
    comparisons: tuple[Comparison, ...]
    verdict: Verdict
    controls: tuple[Control, ...]
    worth: Mapping[str, Estimate]
    omnibus: Friedman | None
    ranks: CriticalDifference | None
    gates: Mapping[str, Gate]
    stability: tuple[Stability, ...]
    anytime: Anytime
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
    incumbent: str = "true",
) -> Analysis:
    """Analyse loaded results.

    Args:
        results: As ``hpobench_lab.results.load`` returns them.
        baseline: Label; by default the study's declared one.
        axis: One of ``traces.AXES``; by default the budget's.
        at: Cut on the axis; by default the budget.
        incumbent: One of ``traces.INCUMBENTS``; only the first is tested, the others explore.

    Raises:
        ValueError: If the axis or the kind of incumbent is unknown, or the runs do not tell the
            axis.
    """
    panel = arrange(results, incumbent=incumbent)
    end = choose_endpoint(results, panel, baseline=baseline, axis=axis, at=at, incumbent=incumbent)
    cut, base = end.cut, end.baseline
    lines = control_names({h["optimizer"]["label"]: h["optimizer"] for h in results.headers})
    regret = panel.regret(cut.axis, cut.at[:, None])[..., 0]
    scores = panel.by_source(regret)
    values = metric_values(panel, cut, regret, end.metric)
    comparisons, ties = _compared(panel, end, regret, values)
    rows = league(results, panel, cut, regret, comparisons)
    found = _controls(panel, end, regret, lines, comparisons, ties)
    alternatives = {} if cut.exploratory else winners(panel, cut, base, regret, end.metric)
    judged = panel.by_source(values)
    stability = tuple(stability_of_panel(panel, judged, by=by) for by in ("source", "family"))
    worth = _worth(panel, cut, lines)
    own = {label for _, label in lines}
    cautions = [
        *end.cautions,
        *panel.cautions,
        *limits(panel, comparisons, rows),
        *absent(results, panel),
        *close_calls(panel, ties),
        *scarce_in(results.headers),
        *flips(alternatives),
        *(c for s in stability for c in s.warnings if c.banner),
        *said_of_controls(found, [r.label for r in rows if r.label not in own]),
    ]
    verdict = decide(
        comparisons,
        base,
        _counts(results, panel, rows, base),
        order=[r.label for r in rows],
        words=cut.words,
        flips=[c.text for c in cautions if c.code == "flip"],
        worth=worth,
        metric=METRICS[end.metric],
        exploratory=EXPLORATORY if cut.exploratory else "",
    )
    study = results.study
    return Analysis(
        name=str(study.get("name") or "study"),
        hash=str(study.get("hash6") or study.get("hash") or ""),
        settings=study.get("settings") or {},
        seeds=tuple(sorted({int(x) for x, _ in panel.seeds} | set(study.get("seeds") or []))),
        baseline=base,
        metric=end.metric,
        panel=panel,
        cut=cut,
        regret=regret,
        scores=scores,
        league=rows,
        comparisons=comparisons,
        verdict=verdict,
        controls=found,
        worth=worth,
        omnibus=None if cut.exploratory else _omnibus(panel, scores),
        ranks=_ranks(panel, scores),
        gates=_gates(results, panel, end, comparisons, scores),
        stability=stability,
        anytime=over_budgets(panel, cut, base),
        sensitivity=alternatives,
        session=sessions(results.carbon),
        not_applicable=tuple(study.get("not_applicable") or ()),
        cautions=tuple(sorted(cautions, key=lambda c: LEVELS.index(c.level))),
    )


def _controls(
    panel: Panel,
    end: Endpoint,
    regret: FloatArray,
    lines: Sequence[tuple[str, str]],
    comparisons: Sequence[Comparison],
    ties: NDArray[np.bool_],
) -> tuple[Control, ...]:
    """Return the control lines; where one is the baseline, the study's tests decide."""
    every = with_controls(panel.over_folds(regret), panel.optimizers, lines)
    decides = "" if end.cut.exploratory or end.metric != "regret" else end.baseline
    better = [c.a for c in comparisons if c.outcome == "better"]
    return controls(
        every, panel.source, lines, panel.optimizers, ties=ties, baseline=decides, better=better
    )


def _compared(
    panel: Panel, end: Endpoint, regret: FloatArray, values: FloatArray
) -> tuple[tuple[Comparison, ...], NDArray[np.bool_]]:
    """Return the comparisons with the baseline, and where differences count as ties."""
    ties = surrogate_ties(panel, regret, end.baseline)
    if end.metric == "auc":  # which is no final difference
        ties = np.zeros_like(ties)
    found = against_baseline(panel, values, end.baseline, ties=ties)
    return untested(found, EXPLORATORY) if end.cut.exploratory else found, ties


def _counts(results: ResultsLike, panel: Panel, rows: Sequence[LeagueRow], baseline: str) -> Counts:
    done = [r.completion for r in rows]
    own = [r.completion for r in rows if r.label == baseline]
    return Counts(
        sources=len(panel.sources),
        runs=sum(c.ok + c.failed for c in done),
        crashed=sum(c.failed for c in done),
        planned=max(sum(c.planned for c in done), int(results.study.get("planned") or 0)),
        baseline_crashed=any(c.failed and not c.ok for c in own),
    )


def _worth(panel: Panel, cut: Cut, lines: Sequence[tuple[str, str]]) -> dict[str, Estimate]:
    """Return what one evaluation is worth in random ones, but for the controls themselves."""
    random = next((label for name, label in lines if name == "random"), "")
    if not random or cut.axis not in panel.steps.position:
        return {}
    spent = np.append(panel.steps.spent[cut.axis], -np.inf)[panel.run].max(axis=(0, 2), initial=0)
    at = np.minimum(cut.at, spent)  # nothing is known beyond
    return {
        label: random_worth(panel, cut.axis, at, label, random=random)
        for label in panel.optimizers
        if label != random
    }


def _gates(
    results: ResultsLike,
    panel: Panel,
    end: Endpoint,
    comparisons: tuple[Comparison, ...],
    scores: FloatArray,
) -> dict[str, Gate]:
    """Return the gate's verdicts at the declared budget; anything else is exploratory."""
    margin = margin_of(end.margin, end.cut.axis)
    if margin is None or end.cut.exploratory:
        return {}
    key = str(results.study.get("hash6") or "")
    return gates(panel, end.cut, comparisons, scores, margin, key)


def _common(panel: Panel, scores: FloatArray) -> tuple[FloatArray, list[str]]:
    labels = [x for x, r in zip(panel.optimizers, panel.ranked.tolist(), strict=True) if r]
    served = scores[panel.ranked]
    return served[:, ~np.isnan(served).all(axis=0)], labels


def _omnibus(panel: Panel, scores: FloatArray) -> Friedman | None:
    common, _ = _common(panel, scores)
    return friedman(common) if len(common) > 1 and common.shape[1] else None


def _ranks(panel: Panel, scores: FloatArray) -> CriticalDifference | None:
    common, labels = _common(panel, scores)
    return critical_difference(common, labels) if len(common) > 1 and common.shape[1] else None
