"""The whole document, and its energy, notes and provenance."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hpobench_lab.report.schema.base import Number, Part
from hpobench_lab.report.schema.parts import (
    BudgetPart,
    ComparisonPart,
    CutPart,
    OptimizerPart,
    RunsPart,
    StudyPart,
    TestbedPart,
    VerdictPart,
)
from hpobench_lab.report.schema.ranking import (
    AnytimePart,
    ControlPart,
    GatePart,
    OmnibusPart,
    RanksPart,
    SensitivityPart,
    StabilityPart,
)

__all__ = [
    "CrashPart",
    "Document",
    "EnergyPart",
    "FigurePart",
    "NotApplicablePart",
    "PartOfEnergy",
    "ProvenancePart",
    "ReferencePart",
    "WarningPart",
]


class PartOfEnergy(Part):
    """Energy of one part of the machine."""

    kwh: Number
    """Kilowatt-hours."""
    method: str
    """How it is known."""


class EnergyPart(Part):
    """Energy of the machine while the study ran."""

    kwh: Number
    """Kilowatt-hours in all."""
    parts: dict[str, PartOfEnergy]
    """By part: cpu, gpu, ram."""
    method: str | None
    """``metered`` or ``modelled``; never mixed."""
    kg_co2e: Number
    """Emissions."""
    country: str | None
    """ISO code."""
    intensity_g_per_kwh: Number
    """Annual average of the country."""
    coverage: Number
    """Share of the wall time that was watched."""


class NotApplicablePart(Part):
    """A pair that cannot work and was not planned."""

    optimizer: str
    """Label."""
    testbed: str
    """Id."""
    missing: list[str]
    """What the optimizer lacks."""
    instead: str = ""
    """An optimizer that can, or empty."""


class WarningPart(Part):
    """What limits or explains the conclusions."""

    code: str
    """Stable word for programs."""
    level: Literal["banner", "info", "note"]
    """``banner`` limits the conclusions, ``info`` explains the table, ``note`` comes last."""
    text: str
    """One sentence."""


class FigurePart(Part):
    """A figure's files."""

    id: str
    """File stem."""
    files: list[str]
    """SVG, PDF, PNG and the CSV that they draw, relative to this document."""


class ReferencePart(Part):
    """What the report cites."""

    key: str
    """In ``references.bib``."""
    text: str
    """For people."""


class CrashPart(Part):
    """A failed run."""

    optimizer: str
    """Label."""
    testbed: str
    """Id."""
    seed: int | str
    """Its seed."""
    why: str
    """Last line of what happened."""


class ProvenancePart(Part):
    """Where the numbers come from."""

    facts: dict[str, str]
    """Versions, platform, digests of data, dates."""
    command: str
    """Runs the study again."""
    study_toml: str
    """The study file that it needs."""
    crashes: list[CrashPart]
    """Failed runs, the first of them."""


class Document(Part):
    """``result.json``, version 1."""

    schema_: Literal[1] = Field(alias="schema")
    """Version of this contract."""
    study: StudyPart
    verdict: VerdictPart
    budget: BudgetPart
    cut: CutPart
    baseline: str | None
    """Label that the others are compared with."""
    metric: str
    """What is compared: ``regret``, ``log-regret`` or ``auc``."""
    runs: RunsPart
    optimizers: list[OptimizerPart]
    testbeds: list[TestbedPart]
    comparisons: list[ComparisonPart]
    controls: list[ControlPart]
    gates: list[GatePart]
    omnibus: OmnibusPart | None
    ranks: RanksPart | None
    stability: list[StabilityPart]
    anytime: AnytimePart
    sensitivity: list[SensitivityPart]
    energy: EnergyPart
    not_applicable: list[NotApplicablePart]
    warnings: list[WarningPart]
    figures: list[FigurePart]
    references: list[ReferencePart]
    provenance: ProvenancePart
