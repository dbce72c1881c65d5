"""Numbers of ``result.json`` with the reasons beside those that are missing."""

from __future__ import annotations

import math
from typing import Any

from hpobench_lab.analysis.estimate import Estimate

__all__ = ["estimate", "why"]


def why(reason: str, **numbers: float) -> dict[str, str]:
    """Return the reason beside each number that is missing; a general one is put in later."""
    return {f"{k}_reason": reason for k, v in numbers.items() if reason and math.isnan(v)}


def estimate(e: Estimate) -> dict[str, Any]:
    """Return an estimate as the document has it."""
    return {
        "estimate": e.value,
        "low": e.low,
        "high": e.high,
        "n": e.n,
        "excluded": e.excluded,
        "method": e.method,
        "citation": e.citation,
    } | why(e.reason, estimate=e.value, low=e.low, high=e.high)
