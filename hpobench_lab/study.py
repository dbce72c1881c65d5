"""A study as plain data: optimizers x testbeds x seeds under one protocol, and its runs.

Nothing here is a live object: specs name plug-ins, so that a study can be hashed, stored and sent
to another process, which resolves the names again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from hpobench_lab.protocol import Protocol

__all__ = ["CarbonSettings", "OptimizerSpec", "Primary", "Run", "Study", "TestbedSpec"]

SCHEMA = 1


@dataclass(frozen=True)
class OptimizerSpec:
    """Name an optimizer with its bound arguments.

    Args:
        use: Selector: a name, ``package.module:Name`` or ``path/file.py:name``.
        label: How tables and figures call it; unique in a study.
        id: Canonical name without arguments.
        version: The plug-in's ``version``, else the sha256 of its file.
        params: Bound keyword arguments, defaults applied.
        supports: Declared capabilities.
        requires: What it cannot do without: ``fidelity`` or nothing.
    """

    use: str
    label: str
    id: str
    version: str
    params: Mapping[str, Any] = field(default_factory=dict)
    supports: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()


@dataclass(frozen=True)
class TestbedSpec:
    """Name a testbed with its parameters and wrappers.

    Args:
        use: Selector.
        id: Canonical label with parameters and wrappers, for example ``curves/x(mode=table)``.
        version: The testbed's version.
        params: Keyword arguments of the testbed.
        wrap: Wrappers, applied left to right, each ``{"use": name, ...}``.
        facts: ``Facts`` as plain data, for headers and reports.
        requires: Capabilities that an optimizer must have.
        fidelity: Name, unit, min and max of the first fidelity, or None.
    """

    use: str
    id: str
    version: str
    params: Mapping[str, Any] = field(default_factory=dict)
    wrap: tuple[Mapping[str, Any], ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    requires: tuple[str, ...] = ()
    fidelity: Mapping[str, Any] | None = None
    objectives: tuple[str, ...] = ("loss",)


@dataclass(frozen=True)
class Run:
    """Name one run: optimizer x testbed x protocol x seed (x outer fold).

    >>> from hpobench_lab.problem import Budget
    >>> rules = Protocol(Budget("evaluations", 100))
    >>> bed = TestbedSpec("synthetic/branin", "synthetic/branin", "1")
    >>> run = Run(OptimizerSpec("tpe", "tpe", "tpe", "1"), bed, rules, seed=0)
    >>> len(run.key), run.identity["seed"]
    (32, 0)
    """

    optimizer: OptimizerSpec
    testbed: TestbedSpec
    protocol: Protocol
    seed: int
    fold: int = 0
    device: str = "cpu"

    @property
    def identity(self) -> dict[str, Any]:
        """Return what the run's result depends on, and nothing else (DESIGN 6)."""
        bed = self.testbed
        training = bed.facts.get("kind") == "training"
        return {
            "schema": SCHEMA,
            "testbed": {
                "id": bed.id,
                "version": bed.version,
                "params": dict(bed.params),
                "wrap": [dict(w) for w in bed.wrap],
                "data_sha256": bed.facts.get("data_sha256", ""),
                "fold": self.fold,
            },
            "optimizer": {
                "id": self.optimizer.id,
                "version": self.optimizer.version,
                "params": dict(self.optimizer.params),
            },
            "protocol": {k: v for k, v in self.protocol.to_json().items() if k not in _NOT_IN_KEY},
            "seed": self.seed,
        } | ({"device": self.device} if training else {})

    @cached_property
    def key(self) -> str:
        """Return the run's key: 32 hex digits of the digest of its identity."""
        return _digest(self.identity)[:32]


_EXECUTOR = ("ask_timeout_s",)
"""Settings of the protocol that decide how runs are executed, not what they find."""
_NOT_IN_KEY = ("failures", *_EXECUTOR)


@dataclass(frozen=True)
class Primary:
    """Declare what the verdict rests on; only this is tested, everything else is exploratory.

    Args:
        baseline: Label of the optimizer that the others are compared with.
        metric: ``regret``, ``log-regret`` (its log10) or ``auc`` (of the regret over log budget).
        budget: Where the runs are read, on the protocol's axis, such as ``{"evaluations": 50}``;
            None for the protocol's budget.
        margin: What still counts as not worse, such as ``{"budget": 0.1}`` (at most 10 % more
            budget) or ``{"regret": 0.02}``; None where nothing is gated.
    """

    baseline: str
    metric: str = "regret"
    budget: Mapping[str, float] | None = None
    margin: Mapping[str, float] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what is declared as plain data, without what is not.

        >>> Primary("random").to_json()
        {'baseline': 'random', 'metric': 'regret'}
        """
        fields = {"budget": self.budget, "margin": self.margin}
        declared = {name: dict(value) for name, value in fields.items() if value is not None}
        return {"baseline": self.baseline, "metric": self.metric} | declared


@dataclass(frozen=True)
class CarbonSettings:
    """Say whether energy is tracked, and where the machine stands (ISO code, or None)."""

    enabled: bool = True
    country: str | None = None


@dataclass(frozen=True)
class Study:
    """Hold a validated study.

    Args:
        name: Letters, digits, ``-`` and ``_``.
        optimizers: At least one; labels differ.
        testbeds: At least one; ids differ.
        protocol: The rules.
        seeds: Distinct integers >= 0, sorted.
        primary: The declared endpoint.
        carbon: Energy settings.

    >>> from hpobench_lab.problem import Budget
    >>> study = Study(
    ...     "small",
    ...     tuple(OptimizerSpec(name, name, name, "1") for name in ("random", "tpe")),
    ...     (TestbedSpec("synthetic/branin", "synthetic/branin", "1"),),
    ...     Protocol(Budget("evaluations", 100)),
    ...     seeds=(0, 1, 2),
    ...     primary=Primary("random"),
    ... )
    >>> len(study.runs())
    6
    """

    name: str
    optimizers: tuple[OptimizerSpec, ...]
    testbeds: tuple[TestbedSpec, ...]
    protocol: Protocol
    seeds: tuple[int, ...]
    primary: Primary
    carbon: CarbonSettings = CarbonSettings()

    def missing(self, optimizer: OptimizerSpec, testbed: TestbedSpec) -> frozenset[str]:
        """Return what the pair lacks, capabilities or a fidelity; empty = applicable."""
        needed = set(testbed.requires) | ({"parallel"} if self.protocol.workers > 1 else set())
        offered = {"fidelity"} if testbed.fidelity else set()
        return frozenset(needed - set(optimizer.supports) | set(optimizer.requires) - offered)

    def not_applicable(self) -> list[dict[str, Any]]:
        """Return the pairs that cannot work: optimizer, testbed, missing, and who can instead.

        ``instead`` is an optimizer of the study, else a built-in one, else "".
        """
        return [
            {
                "optimizer": optimizer.label,
                "testbed": bed.id,
                "missing": sorted(self.missing(optimizer, bed)),
                "instead": self._instead(bed),
            }
            for bed in self.testbeds
            for optimizer in self.optimizers
            if self.missing(optimizer, bed)
        ]

    def _instead(self, testbed: TestbedSpec) -> str:
        from hpobench_lab import catalogue

        able = [o.label for o in self.optimizers if not self.missing(o, testbed)]
        needed = set(testbed.requires) | ({"parallel"} if self.protocol.workers > 1 else set())
        for entry in () if able else catalogue.load()["optimizers"]:
            if needed <= set(entry["supports"]):
                able.append(str(entry["name"]))
        return able[0] if able else ""

    def runs(self) -> list[Run]:
        """Return all applicable runs, testbed by testbed, then seed, then optimizer."""
        return [
            Run(optimizer, bed, self.protocol, seed)
            for bed in self.testbeds
            for seed in self.seeds
            for optimizer in self.optimizers
            if not self.missing(optimizer, bed)
        ]

    def settings(self) -> dict[str, Any]:
        """Return what a results folder belongs to: all but seeds, carbon and executor settings."""
        return {
            "schema": SCHEMA,
            "optimizers": [
                {"label": o.label, "id": o.id, "version": o.version, "params": dict(o.params)}
                for o in self.optimizers
            ],
            "testbeds": [
                {
                    "id": t.id,
                    "version": t.version,
                    "params": dict(t.params),
                    "wrap": [dict(w) for w in t.wrap],
                    "data_sha256": t.facts.get("data_sha256", ""),
                }
                for t in self.testbeds
            ],
            "protocol": {k: v for k, v in self.protocol.to_json().items() if k not in _EXECUTOR},
            "primary": self.primary.to_json(),
        }

    @property
    def hash6(self) -> str:
        """Return the six hex digits that name the results folder."""
        return _digest(self.settings())[:6]

    @property
    def folder(self) -> str:
        """Return ``<name>-<hash6>``."""
        return f"{self.name}-{self.hash6}"


def _digest(data: Mapping[str, Any]) -> str:
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
