"""What limits the conclusions of a study: too few sources, one seed, crashes, missing runs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.analysis.applicability import listed
from hpobench_lab.analysis.estimate import Caution
from hpobench_lab.analysis.inference.comparisons import ENOUGH, Comparison, attainable_p, family
from hpobench_lab.analysis.league import LeagueRow, partly
from hpobench_lab.analysis.runs.panel import Panel, ResultsLike

__all__ = ["close_calls", "limits"]


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
        i = panel.optimizers.index(row.label)
        empty = np.append(np.diff(panel.steps.offsets) == 0, False)[panel.run[i]]
        n = int((empty & panel.present[i] & ~panel.failed[i]).sum())
        if n:
            found.append(
                Caution(
                    "no-value",
                    f"{row.label}: {n} of {c.planned} runs have no finite loss; each counts as "
                    "one random evaluation.",
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


def absent(results: ResultsLike, panel: Panel) -> list[Caution]:
    """Return banners on planned optimizers without any run, and on folders put together."""
    settings = results.study.get("settings") or {}
    labels = [str(o["label"]) for o in settings.get("optimizers") or ()]
    gone = [x for x in labels if x not in panel.optimizers]
    note = results.study.get("merged_note")
    found = [Caution("merged", str(note))] if note else []
    if gone and panel.optimizers:
        said = "has" if len(gone) == 1 else "have"
        found.append(Caution("missing", f"{listed(gone)} {said} no runs in these results."))
    return found


def close_calls(panel: Panel, ties: NDArray[np.bool_]) -> list[Caution]:
    """Return a banner on differences that are below the held-out error of a surrogate.

    Args:
        panel: The runs.
        ties: As ``surrogate_ties`` returns them, shape (k, sources).
    """
    tied = ties & panel.served
    found = []
    for j in np.flatnonzero(tied.sum(axis=0) > 1).tolist():  # the baseline ties with itself
        names = [x for x, t in zip(panel.optimizers, tied[:, j].tolist(), strict=True) if t]
        found.append(f"{panel.sources[j]} ({listed(names)})")
    if not found:
        return []
    text = (
        "Differences below the held-out error of a surrogate count as ties: on "
        f'{listed(found)}. Exact tables (mode="table") decide close calls.'
    )
    return [Caution("surrogate-ties", text)]


def _partly(league: Sequence[LeagueRow]) -> list[Caution]:
    said = partly(league)
    text = (
        f"{said}. They stand below the league table without a rank; differences from the "
        "baseline are on common sources."
    )
    return [Caution("not-applicable", text, level="info")] if said else []
