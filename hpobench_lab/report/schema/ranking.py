"""Control lines, ranks, stability and the league at many budgets."""

from __future__ import annotations

from typing import Literal

from hpobench_lab.report.schema.base import Number, Part
from hpobench_lab.report.schema.parts import EstimatePart

__all__ = [
    "AnytimePart",
    "ControlPart",
    "CurvePart",
    "FlipPart",
    "GapPart",
    "GatePart",
    "MarginPart",
    "MeanRankPart",
    "OmnibusPart",
    "PlacePart",
    "RanksPart",
    "SensitivityPart",
    "StabilityPart",
]


class GapPart(Part):
    """An optimizer against a control line."""

    optimizer: str
    """Label."""
    gap: EstimatePart
    """Median over sources of its regret minus the control's."""


class ControlPart(Part):
    """A control line: what an optimizer must beat first."""

    name: str
    """``random``, ``random ×2`` or ``random with median stopping``."""
    label: str
    """The optimizer whose runs it is made of."""
    regret: EstimatePart
    """As the league table has it."""
    unbeaten: list[str]
    """Labels that are not shown to beat it."""
    gaps: list[GapPart]
    """By optimizer."""


class MarginPart(Part):
    """What still counts as not worse, declared before the runs."""

    kind: Literal["budget", "regret", "losses"]
    """Ratio of budgets, difference of normalised regrets, or share of sources lost."""
    amount: float
    """As declared."""
    limit: float
    """The worst effect that still counts as not worse."""
    words: str
    """For people."""


class GatePart(Part):
    """What the declared margin says of an optimizer."""

    optimizer: str
    """Label."""
    verdict: Literal["SUPERIOR", "NON-INFERIOR", "INFERIOR", "INCONCLUSIVE"]
    """From the interval and the margin alone."""
    sentence: str
    """For people."""
    effect: EstimatePart
    """In the margin's kind."""
    margin: MarginPart
    """Against what."""
    citation: str
    """Of the method."""


class OmnibusPart(Part):
    """Whether the ranked optimizers differ at all (Friedman)."""

    w: Number
    """Kendall's coefficient of concordance, the effect size."""
    chi2: Number
    """Tie-corrected statistic."""
    f: Number
    """Iman and Davenport's F of it."""
    p: Number
    """The p that decides; its method is named below."""
    n: int
    """Sources used."""
    excluded: int
    """Sources left out."""
    method: str
    """In words."""
    citation: str
    """Of the method."""


class MeanRankPart(Part):
    """Mean rank of one optimizer among the ranked."""

    label: str
    """Of the optimizer."""
    mean_rank: Number
    """Over sources."""
    low: Number
    """Lower end of its 95 % interval."""
    high: Number
    """Upper end."""


class RanksPart(Part):
    """Mean ranks, lowest first, and the groups not shown to differ."""

    optimizers: list[MeanRankPart]
    """Lowest mean rank first."""
    cliques: list[list[str]]
    """Neighbours that are not shown to differ, at least two each; empty where nothing is tested."""
    n: int
    """Sources used."""
    excluded: int
    """Sources left out."""
    method: str
    """In words."""
    citation: str
    """Of the method."""


class FlipPart(Part):
    """Who comes first without a group of sources."""

    left_out: str
    """Name of the source or family."""
    winner: str
    """Label of who comes first then."""


class PlacePart(Part):
    """How the place of one optimizer moves."""

    label: str
    """Of the optimizer."""
    place: Number
    """With all sources."""
    least: Number
    """Best place with one group left out."""
    most: Number
    """Worst place with one group left out."""
    low: Number
    """Lower end of its 95 % interval over groups drawn again."""
    high: Number
    """Upper end."""
    first: Number
    """Share of those draws in which it comes first."""


class StabilityPart(Part):
    """Places when each source, or each family, is left out in turn."""

    by: Literal["source", "family"]
    """What is left out."""
    winner: str | None
    """Who comes first with all sources."""
    flips: list[FlipPart]
    """Groups without which somebody else does."""
    places: list[PlacePart]
    """By optimizer."""
    n: int
    """Groups."""
    excluded: int
    """Sources left out from the start."""
    method: str
    """In words."""
    citation: str
    """Of the method."""


class CurvePart(Part):
    """One optimizer at many budgets; lists run along ``at``, null where there is no value."""

    label: str
    """Of the optimizer."""
    regret: list[float | None]
    """Interquartile mean over sources of the normalised regret."""
    low: list[float | None]
    """Lower ends of its 95 % intervals."""
    high: list[float | None]
    """Upper ends."""
    effect: list[float | None]
    """Median over sources of the difference to the baseline."""
    effect_low: list[float | None]
    """Lower ends of its 95 % intervals."""
    effect_high: list[float | None]
    """Upper ends."""
    ratio: list[float | None]
    """Regret over that of the best of the ranked."""
    n: int
    """Sources."""
    ranked: bool
    """Whether it is ranked."""


class AnytimePart(Part):
    """The league at many budgets: exploratory, nothing is tested."""

    words: str
    """What a budget counts."""
    at: list[float]
    """Budgets, ascending; the last is the study's own."""
    optimizers: list[CurvePart]
    """In the study's order."""


class SensitivityPart(Part):
    """Who wins under another metric or policy; the first is the primary one."""

    metric: str
    """In words."""
    winner: str | None
    """Label; null when nobody is shown to beat the baseline."""
