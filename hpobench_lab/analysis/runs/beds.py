"""Testbeds as the analysis sees them; what one does not declare is taken from the study."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.analysis.estimate import Caution
from hpobench_lab.analysis.runs.aggregate import median
from hpobench_lab.analysis.runs.traces import Steps

__all__ = ["Bed", "described", "resolve"]

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Bed:
    """Describe a testbed to the analysis.

    Args:
        id: Label with parameters and wrappers.
        version: Of the testbed.
        source: Unit of replication.
        family: Kind of task.
        kind: ``function``, ``table``, ``surrogate`` or ``training``.
        f_opt: Optimum or best known value; NaN when there is none.
        f_opt_origin: How it is known.
        f_ref: Median of one random evaluation; NaN when there is none.
        f_ref_origin: How it was measured.
        exact: Whether f_opt is an exact optimum.
        quality: Held-out quality of a surrogate.
        fidelity: Name, unit, min and max of the fidelity, or None.
        excluded: Why the testbed is left out; "" when it is used.
        citation: Where it is from.
    """

    id: str
    version: str = ""
    source: str = ""
    family: str = ""
    kind: str = "function"
    f_opt: float = math.nan
    f_opt_origin: str = ""
    f_ref: float = math.nan
    f_ref_origin: str = ""
    exact: bool = False
    quality: Mapping[str, float] | None = None
    fidelity: Mapping[str, Any] | None = None
    excluded: str = ""
    citation: str = ""


def described(testbed: Mapping[str, Any]) -> Bed:
    facts = testbed.get("facts") or {}
    origin = str(facts.get("optimum_origin") or "")
    return Bed(
        id=testbed["id"],
        version=str(testbed.get("version", "")),
        source=str(facts.get("source") or testbed["id"]),
        family=str(facts.get("family") or ""),
        kind=str(facts.get("kind") or "function"),
        f_opt=_number(facts.get("optimum")),
        f_opt_origin=origin,
        f_ref=_number(facts.get("reference")),
        f_ref_origin=str(facts.get("reference_origin") or ""),
        exact=origin.strip().lower().startswith("exact"),
        quality=facts.get("quality") or None,
        fidelity=testbed.get("fidelity"),
        citation=str(facts.get("citation") or ""),
    )


def _number(value: Any) -> float:
    return float(value) if value is not None else math.nan


def resolve(
    bed: Bed, members: IntArray, headers: Sequence[Mapping[str, Any]], steps: Steps
) -> tuple[Bed, list[Caution]]:
    """Fill what a testbed does not declare from the study itself, and say so."""
    cautions: list[Caution] = []
    s = steps
    rows = [np.arange(s.offsets[i], s.offsets[i + 1]) for i in members.tolist()]
    mine = np.concatenate(rows) if rows else np.zeros(0, np.int64)
    scored = s.value[mine][~s.own[mine]]
    if s.own[mine].any():
        cautions.append(
            Caution(
                "own-loss",
                f"{bed.id}: has no noise-free value at full fidelity "
                "for some incumbents; their own told loss stands in.",
                level="note",
            )
        )
    best = float(scored.min()) if len(scored) else math.nan
    seen = best if len(scored) else float(s.value[mine].min()) if len(mine) else math.nan
    if math.isnan(bed.f_opt):
        bed = replace(bed, f_opt=seen, f_opt_origin="best value seen in this study")
        cautions.append(
            Caution(
                "no-optimum",
                f"{bed.id}: declares no optimum; regret is measured "
                "against the best value seen in this study.",
            )
        )
    elif not len(scored) and seen < bed.f_opt - 1e-9 * max(1.0, abs(bed.f_opt)):
        text = (
            f"{bed.id}: a told loss of {seen:.6g} lies below the declared optimum {bed.f_opt:.6g}. "
            "Noise may do that; otherwise the declared optimum is wrong, and regrets are negative."
        )
        cautions.append(Caution("below-optimum", text))
    elif best < bed.f_opt - 1e-9 * max(1.0, abs(bed.f_opt)):
        bed, caution = _below(bed, best)
        cautions.append(caution)
    if math.isnan(bed.f_ref) and len(mine):
        bed = replace(
            bed,
            f_ref=_first_random(members, headers, s),
            f_ref_origin="median of the first evaluations in this study",
        )
        cautions.append(
            Caution(
                "no-reference",
                f"{bed.id}: declares no reference; the median "
                "of the first random evaluations of this study stands in.",
            )
        )
    spread = bed.f_ref - bed.f_opt
    if not bed.excluded and not (math.isfinite(spread) and spread > 0):
        why = f"f_ref − f_opt = {spread:g}" if math.isfinite(spread) else "no finite loss was seen"
        bed = replace(bed, excluded=f"degenerate: {why}")
    if bed.excluded:
        cautions.append(Caution("excluded", f"{bed.id} is left out: {bed.excluded}."))
    return bed, cautions


def _below(bed: Bed, best: float) -> tuple[Bed, Caution]:
    if bed.exact:
        why = f"error: a value of {best!r} lies below the exact optimum {bed.f_opt!r}"
        return replace(bed, excluded=why), Caution(
            "negative-regret", f"{bed.id}: {why}; the testbed or its optimum is wrong."
        )
    origin = f"best value seen in this study, below the stored {bed.f_opt!r}"
    return replace(bed, f_opt=best, f_opt_origin=origin), Caution(
        "best-known-improved",
        f"{bed.id}: {best!r} improves on the best known value {bed.f_opt!r}; regret is measured "
        "against the new one.",
    )


def _first_random(members: IntArray, headers: Sequence[Mapping[str, Any]], steps: Steps) -> float:
    filled = [i for i in members.tolist() if steps.offsets[i + 1] > steps.offsets[i]]
    random = [i for i in filled if headers[i]["optimizer"]["id"] == "random"]
    first = [float(steps.value[steps.offsets[i]]) for i in random or filled]
    return float(median(np.array(first))) if first else math.nan
