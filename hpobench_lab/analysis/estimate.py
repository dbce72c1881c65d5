"""What every analysis returns: a number with its interval, its counts and its method."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

__all__ = ["Caution", "Estimate"]


@dataclass(frozen=True)
class Caution:
    """Tell the reader what limits a conclusion.

    Args:
        code: Stable word for programs, such as ``"flip"``.
        text: One sentence for people.
        level: ``banner`` limits the conclusions, ``info`` explains the table, ``note`` stands at
            the end.
    """

    code: str
    text: str
    level: Literal["banner", "info", "note"] = "banner"

    @property
    def banner(self) -> bool:
        """Return whether it limits the conclusions."""
        return self.level == "banner"


@dataclass(frozen=True)
class Estimate:
    """Hold an estimate; NaN where there is none, and ``reason`` says why.

    Args:
        value: The estimate.
        low: Lower end of the 95 % interval.
        high: Upper end of the 95 % interval.
        n: Units used (sources, unless ``method`` says otherwise).
        excluded: Units left out.
        method: How it was computed.
        citation: Where the method is from.
        warnings: What limits it.
        reason: Why the value or the interval is missing.

    >>> Estimate(0.5, 0.4, 0.6, n=9).defined
    True
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    n: int = 0
    excluded: int = 0
    method: str = ""
    citation: str = ""
    warnings: tuple[Caution, ...] = ()
    reason: str = ""

    @property
    def defined(self) -> bool:
        """Return whether there is a number at all."""
        return math.isfinite(self.value)
