"""What a planned study can find, judged by a pilot: effects, seeds and sources."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpobench_lab.plan import Plan

if TYPE_CHECKING:
    from hpobench_lab.analysis.inference.pilot import Pilot
    from hpobench_lab.analysis.inference.power import Components, Rule

__all__ = ["Needed", "Prospect", "prospect_of"]

SEEDS = (5, 10, 20)
GROWTH = (1.0, 1.5, 2.0)


@dataclass(frozen=True)
class Needed:
    """Hold what finds a given effect.

    Args:
        effect: In the metric's units.
        sources: Seeds -> sources; None where 10,000 are too few.
        seeds: With the planned sources; None where no number of seeds is enough.
    """

    effect: float
    sources: Mapping[int, int | None]
    seeds: int | None


@dataclass(frozen=True)
class Prospect:
    """Hold what a planned study can find.

    Args:
        plan: The study.
        metric: In words.
        rule: Family, level and power.
        place: Where the pilot lies.
        pilot: What it says.
        detectable: (sources, seeds) -> smallest mean difference to the baseline that is found.
        each: Optimizer -> the same with the planned sources and seeds.
        useful_seeds: Seeds beyond which more lower it by less than 5 %, however many; None where
            the pilot shows no variance between sources.
        needed: For an asked effect; None where none was.
        uncertainty: Factors by which the effects may be off, as the pilot's sources are few.
    """

    plan: Plan
    metric: str
    rule: Rule
    place: str
    pilot: Pilot
    detectable: Mapping[tuple[int, int], float]
    each: Mapping[str, float]
    useful_seeds: int | None
    needed: Needed | None
    uncertainty: tuple[float, float]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        pilot, of = self.pilot, self.pilot.pooled
        return {
            "metric": self.metric,
            "level": self.rule.level,
            "comparisons": self.rule.comparisons,
            "power": self.rule.power,
            "pilot": {
                "path": self.place,
                "read_at": pilot.words,
                "sources": pilot.sources,
                "seeds": pilot.seeds,
                "baseline_mean": pilot.level,
                "between_sources": of.between,
                "between_seeds": of.within,
            },
            "uncertainty": self.uncertainty,
            "detectable": [
                {"sources": t, "seeds": s, "effect": x, "share": self.share(x)}
                for (t, s), x in self.detectable.items()
            ],
            "each": [
                {
                    "optimizer": label,
                    "between_sources": pilot.each[label].between,
                    "between_seeds": pilot.each[label].within,
                    "effect": x,
                    "share": self.share(x),
                }
                for label, x in self.each.items()
            ],
            "useful_seeds": self.useful_seeds,
            "needed": None
            if self.needed is None
            else {
                "effect": self.needed.effect,
                "sources": [{"seeds": s, "sources": t} for s, t in self.needed.sources.items()],
                "seeds": self.needed.seeds,
            },
        }

    def share(self, effect: float) -> float:
        """Return the share of the baseline's mean; of log regrets the factor that it stands for."""
        if self.metric == "log10 regret":
            return float(10.0**-effect)
        return effect / self.pilot.level if self.pilot.level > 0 else math.nan


def prospect_of(
    plan: Plan, metric: str, rule: Rule, place: str, pilot: Pilot, effect: float | None = None
) -> Prospect:
    """Return what a planned study can find.

    Args:
        plan: The study; its sources, seeds and family count.
        metric: One of ``analysis.sensitivity.METRICS``.
        rule: Family, level and power.
        place: Where the pilot lies.
        pilot: With variances.
        effect: Mean difference for which seeds and sources are wanted.
    """
    from hpobench_lab.analysis.inference.power import (
        detectable_effect,
        deviation_factor,
        useful_seeds,
    )
    from hpobench_lab.analysis.sensitivity import METRICS

    seeds = sorted({*SEEDS, plan.seeds})
    sources = [math.ceil(plan.sources * growth) for growth in GROWTH]
    of = pilot.pooled
    return Prospect(
        plan=plan,
        metric=METRICS[metric],
        rule=rule,
        place=place,
        pilot=pilot,
        detectable={
            (t, s): detectable_effect(of, rule, sources=t, seeds=s) for t in sources for s in seeds
        },
        each={
            label: detectable_effect(c, rule, sources=plan.sources, seeds=plan.seeds)
            for label, c in pilot.each.items()
        },
        useful_seeds=useful_seeds(of),
        needed=None if effect is None else _needed(effect, of, rule, plan.sources, seeds),
        uncertainty=deviation_factor(of.sources),
    )


def _needed(
    effect: float, of: Components, rule: Rule, sources: int, seeds: Sequence[int]
) -> Needed:
    from hpobench_lab.analysis.inference.power import seeds_needed, sources_needed

    return Needed(
        effect,
        {s: sources_needed(effect, of, rule, seeds=s) for s in seeds},
        seeds_needed(effect, of, rule, sources=sources),
    )
