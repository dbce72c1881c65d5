"""What limits the conclusions of a study: too few sources, one seed, crashes, missing runs."""

from __future__ import annotations

from collections.abc import Sequence

from hpobench_lab.analysis.comparisons import ENOUGH, Comparison, attainable_p, family
from hpobench_lab.analysis.estimate import Caution
from hpobench_lab.analysis.league import LeagueRow, partly
from hpobench_lab.analysis.panel import Panel

__all__ = ["limits"]


def limits(
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
    return [*found, *_partly(league)]


def _partly(league: Sequence[LeagueRow]) -> list[Caution]:
    said = partly(league)
    text = (
        f"{said}. They stand below the league table without a rank; differences from the "
        "baseline are on common sources."
    )
    return [Caution("not-applicable", text, level="info")] if said else []
