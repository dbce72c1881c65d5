"""What is decided by: baseline, metric, cut and margin, as declared or as asked for afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hpobench_lab.analysis.estimate import Caution
from hpobench_lab.analysis.runs.cuts import Cut, choose_cut
from hpobench_lab.analysis.runs.panel import Panel, ResultsLike
from hpobench_lab.analysis.runs.traces import INCUMBENTS
from hpobench_lab.analysis.sensitivity import METRICS

__all__ = ["Endpoint", "choose_endpoint"]


@dataclass(frozen=True)
class Endpoint:
    """Hold what the comparisons rest on.

    Args:
        baseline: Label; "" when there is none among the results.
        metric: One of ``sensitivity.METRICS``.
        cut: Where the runs are read; ``cut.exploratory`` where it is not what was declared.
        margin: As declared, such as ``{"budget": 0.1}``; empty when none is.
        cautions: What the reader must know of the choice.
    """

    baseline: str
    metric: str
    cut: Cut
    margin: Mapping[str, float]
    cautions: tuple[Caution, ...]


def choose_endpoint(
    results: ResultsLike,
    panel: Panel,
    *,
    baseline: str | None = None,
    axis: str | None = None,
    at: float | None = None,
    incumbent: str = "true",
) -> Endpoint:
    """Return the declared endpoint, or what was asked for, which explores.

    Args:
        results: Loaded results.
        panel: Their runs.
        baseline: Label; by default the declared one.
        axis: One of ``traces.AXES``; by default the budget's.
        at: Cut on the axis; by default the budget.
        incumbent: One of ``traces.INCUMBENTS``.

    Raises:
        ValueError: If the axis is unknown, or the runs do not tell it.
    """
    declared = _declared(results)
    cut = choose_cut(results, panel, axis=axis, at=at)
    found = list(cut.cautions)
    own = str(declared.get("baseline") or "")
    label, said = _baseline(results, panel, own, baseline or own)
    found += said
    if incumbent != "true":
        found.append(Caution("incumbent", f"Runs show {INCUMBENTS[incumbent]}: {incumbent}."))
    other = incumbent != "true" or bool(label and label != own)
    metric = str(declared.get("metric") or "")
    return Endpoint(
        baseline=label,
        metric=metric if metric in METRICS else "regret",
        cut=replace(cut, exploratory=cut.exploratory or other),
        margin=declared.get("margin") or {},
        cautions=tuple(found),
    )


def _declared(results: ResultsLike) -> Mapping[str, Any]:
    primary = results.study.get("primary") or {}
    return primary if isinstance(primary, Mapping) else {"baseline": primary}


def _baseline(
    results: ResultsLike, panel: Panel, own: str, asked: str
) -> tuple[str, list[Caution]]:
    if asked in panel.optimizers:
        text = f"The study declares {own or 'no baseline'}; against {asked} nothing is tested."
        return asked, [Caution("other-baseline", text)] if asked != own else []
    none = str(results.study.get("primary_reason") or "The study declares no baseline")
    text = f"The baseline {asked!r} has no runs" if asked else none
    return "", [Caution("no-baseline", f"{text}; no comparison is tested.")]
