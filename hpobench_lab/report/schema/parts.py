"""The study, its verdict, optimizers, testbeds and comparisons."""

from __future__ import annotations

from typing import Any, Literal

from hpobench_lab.report.schema.base import Number, Part

__all__ = [
    "BudgetPart",
    "ComparisonPart",
    "CutPart",
    "EnergyOfPart",
    "EstimatePart",
    "OptimizerPart",
    "RunsPart",
    "StudyPart",
    "TestbedPart",
    "VerdictPart",
]


class StudyPart(Part):
    """What was run."""

    name: str
    """Of the study."""
    hash: str
    """Six hex digits of its settings, without seeds."""
    settings: dict[str, Any]
    """As stored with the results: optimizers, testbeds, protocol, primary endpoint."""
    seeds: list[int]
    """All seeds."""


class VerdictPart(Part):
    """What the study decides about its primary endpoint."""

    sentence: str
    """The whole verdict."""
    best: str | None
    """Label of the optimizer shown to beat the baseline and placed best among those."""
    decided: bool
    """Whether any corrected comparison decides."""
    reason: str
    """Why nothing is decided; empty otherwise."""
    further: list[str]
    """What else the comparisons say, in sentences."""


class BudgetPart(Part):
    """The budget that the protocol gave to every run."""

    axis: str
    """What was counted."""
    amount: float
    """How much of it."""


class CutPart(Part):
    """Where the runs were read."""

    axis: str
    """What is counted there."""
    amount: Number
    """The largest cut of any testbed."""
    words: str
    """The same for people."""
    exploratory: bool
    """Whether it is not what the study declared; then nothing is tested and every p is null."""


class RunsPart(Part):
    """Counted runs: planned = ok + failed + missing."""

    planned: int
    """By the study."""
    ok: int
    """Ended well."""
    failed: int
    """Ended by an error; each counts as last, with the regret of one random evaluation."""
    missing: int
    """Not among the results."""


class EstimatePart(Part):
    """A number with its 95 % interval."""

    estimate: Number
    """The number itself."""
    low: Number
    """Lower end of the interval."""
    high: Number
    """Upper end."""
    n: int
    """Sources used."""
    excluded: int
    """Sources left out."""
    method: str
    """How it was computed."""
    citation: str
    """Where the method is from."""


class EnergyOfPart(Part):
    """Energy attributed to the runs of one optimizer."""

    value: Number
    """Joules."""
    method: str
    """``metered``, ``modelled``, or empty when there is none."""


class OptimizerPart(Part):
    """One row of the league table; rows stand best first."""

    label: str
    """Name in the study."""
    id: str
    """Name that a study file uses."""
    version: str
    """Of the optimizer's code."""
    params: dict[str, Any]
    """Bound arguments, defaults included."""
    rank: int | None
    """From 1; ties share one; null for those who served some sources only."""
    rank_reason: str = ""
    """Why rank and mean_rank are null; absent when they are not."""
    mean_rank: Number
    """Over sources, among those with a rank."""
    regret: EstimatePart
    """Interquartile mean over sources of the normalised regret."""
    worth: EstimatePart | None
    """Random evaluations that one of its evaluations is worth."""
    completion: Number
    """Share of planned runs that ended well."""
    runs: RunsPart
    """The same, counted."""
    ask_tell_s: Number
    """Wall seconds inside the optimizer, all runs; measured."""
    eval_s: Number
    """Wall seconds of evaluations; measured."""
    cpu_s: Number
    """Processor seconds; measured."""
    energy_j: EnergyOfPart
    """Energy of its runs."""


class TestbedPart(Part):
    """One testbed."""

    id: str
    """Name with parameters and wrappers."""
    version: str
    """Changes when its results change."""
    source: str
    """Data set or function: the unit of replication."""
    family: str
    """Kind of task."""
    kind: str
    """``function``, ``table``, ``surrogate`` or ``training``."""
    f_opt: Number
    """Optimum or best known value."""
    f_opt_origin: str
    """How it is known."""
    f_ref: Number
    """Median of one random evaluation."""
    f_ref_origin: str
    """How it was measured."""
    surrogate_quality: dict[str, float | None] | None
    """Held-out quality of a surrogate, by measure."""
    cut: Number
    """Where its runs are read."""
    n_ok: int
    """Runs that ended well."""
    n_failed: int
    """Runs that failed."""
    excluded: str | None
    """Why it is left out of every summary; null when it is used."""


class ComparisonPart(Part):
    """Optimizer ``a`` against ``b``, the baseline, on common sources."""

    a: str
    """Label."""
    b: str
    """The baseline's label."""
    effect: Number
    """Median over sources of a's metric minus b's; negative favours a."""
    low: Number
    """Lower end of its 95 % interval."""
    high: Number
    """Upper end."""
    p: Number
    """Two-sided signed-rank p."""
    p_holm: Number
    """Corrected over the family of comparisons; what decides."""
    p_sign: Number
    """Two-sided sign test."""
    win: int
    """Sources on which a is better."""
    tie: int
    """Sources without a difference."""
    loss: int
    """Sources on which a is worse."""
    a12: Number
    """Chance that a run of a beats one of b."""
    n: int
    """Sources used."""
    excluded: int
    """Sources left out."""
    outcome: Literal["better", "worse", "open"]
    """What the corrected test decides at 5 %."""
    method: str
    """In words."""
    citation: str
    """Of the method."""
