"""What a study is going to do, said before it starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hpobench_lab.study import Study

__all__ = ["Plan", "plan_of"]

LEVEL = 0.05


@dataclass(frozen=True)
class Plan:
    """Hold the plan of a study.

    Args:
        study: Its name.
        folder: Name of its results folder.
        runs: How many runs are planned.
        optimizers: Labels.
        testbeds: Ids.
        seeds: How many.
        budget: In words.
        baseline: Label.
        not_applicable: Pairs that are not planned: optimizer, testbed, missing, instead.
        sources: Distinct sources over which the family is tested, the units of replication.
        comparisons: Optimizers compared with the baseline in a test: the Holm family, those with
            enough common sources; where none has enough, all of them.
        untested: Label -> sources shared with the baseline, of the others.
        smallest_p: The smallest Holm-corrected p that the family can attain.
        pairs: Comparisons if all of them were tested with each other.
        smallest_p_pairs: The smallest Holm-corrected p that those could attain.
        warnings: What makes results of this plan hard to trust.
    """

    study: str
    folder: str
    runs: int
    optimizers: tuple[str, ...]
    testbeds: tuple[str, ...]
    seeds: int
    budget: str
    baseline: str
    not_applicable: tuple[dict[str, Any], ...]
    sources: int
    comparisons: int
    untested: dict[str, int]
    smallest_p: float
    pairs: int
    smallest_p_pairs: float
    warnings: tuple[str, ...] = ()

    def text(self) -> str:
        """Return the plan as a person reads it."""
        from hpobench_lab.analysis.applicability import sentences

        factors = (
            _count(len(self.optimizers), "optimizer"),
            _count(len(self.testbeds), "testbed"),
            _count(self.seeds, "seed"),
        )
        product = f"{self.study}: {_count(self.runs, 'run')} = {' x '.join(factors)}"
        lines = [f"{product}, {self.budget} each"]
        if self.not_applicable:
            lines[0] += f", less {_count(len(self.not_applicable), 'pair')} that cannot work:"
        lines += [f"  {sentence}" for sentence in sentences(self.not_applicable)]
        return "\n".join([*lines, self.design(), *(f"warning: {w}" for w in self.warnings)])

    def design(self) -> str:
        """Return what the design can decide, in a sentence."""
        if not self.comparisons:
            return "One optimizer: nothing is compared."
        against = (
            f"{_count(self.comparisons, 'comparison')} with {self.baseline} over "
            f"{_count(self.sources, 'source')}"
        )
        p = f"the smallest attainable p after Holm's correction is {self.smallest_p:.3g}"
        if self.smallest_p <= LEVEL:
            return f"{against}: {p}.{self._left_out()}"
        return (
            f"{against}: {p}, so this design cannot reach {LEVEL:g} whatever the results; "
            f"{_enough(self.comparisons)} sources would. More seeds do not help.{self._left_out()}"
        )

    def all_pairs(self) -> str:
        """Return what testing all pairs would cost, in a sentence; "" for a single comparison."""
        if self.comparisons < 2:
            return ""
        p = f"All {self.pairs} pairs would have {self.smallest_p_pairs:.3g}"
        if self.smallest_p_pairs <= LEVEL:
            return f"{p}; they are not tested."
        return f"{p}, out of reach of {LEVEL:g}; they are not tested."

    def _left_out(self) -> str:
        if not self.untested:
            return ""
        from hpobench_lab.analysis.applicability import listed
        from hpobench_lab.analysis.inference.comparisons import ENOUGH

        who = listed([f"{label} ({n})" for label, n in self.untested.items()])
        return f" Not tested, with fewer than {ENOUGH} sources in common: {who}."


def plan_of(study: Study) -> Plan:
    """Return the plan of a study."""
    from hpobench_lab.analysis.inference.comparisons import ENOUGH
    from hpobench_lab.analysis.inference.ranktests import smallest_attainable_p
    from hpobench_lab.analysis.scarcity import scarce

    common = _common(study)
    enough = {label: n for label, n in common.items() if n >= ENOUGH}
    family = enough or common
    sources, m = max(family.values(), default=0), len(family)
    pairs = m * (m + 1) // 2
    ((axis, amount),) = study.protocol.to_json()["budget"].items()
    beds = [(t.id, t.facts, t.fidelity) for t in study.testbeds]
    return Plan(
        study=study.name,
        folder=study.folder,
        runs=len(study.runs()),
        optimizers=tuple(o.label for o in study.optimizers),
        testbeds=tuple(t.id for t in study.testbeds),
        seeds=len(study.seeds),
        budget=f"{amount:g} {axis.replace('_', ' ')}",
        baseline=study.primary.baseline,
        not_applicable=tuple(study.not_applicable()),
        sources=sources,
        comparisons=m,
        untested={label: n for label, n in common.items() if label not in family},
        smallest_p=smallest_attainable_p(sources, m) if m else 1.0,
        pairs=pairs,
        smallest_p_pairs=smallest_attainable_p(sources, pairs) if m else 1.0,
        warnings=tuple(c.text for c in scarce(beds, {axis: amount})),
    )


def _common(study: Study) -> dict[str, int]:
    """Return how many sources each optimizer shares with the baseline."""
    served = {
        o.label: {
            str(bed.facts.get("source") or bed.id)
            for bed in study.testbeds
            if not study.missing(o, bed)
        }
        for o in study.optimizers
    }
    baseline = served.get(study.primary.baseline, set())
    return {k: len(v & baseline) for k, v in served.items() if k != study.primary.baseline}


def _enough(comparisons: int) -> int:
    n = 1
    while 2.0 ** (1 - n) * comparisons > LEVEL:
        n += 1
    return n


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"
