"""The outlook of a study in words, for ``plan``."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

from hpobench_lab.cli.output import table

if TYPE_CHECKING:
    from hpobench_lab.prospect import Prospect

__all__ = ["prospect_text"]

WIDTH = 100


def prospect_text(found: Prospect, *, width: int = WIDTH) -> str:
    """Return what a study can find as a person reads it."""
    paragraphs = [_pilot(found), _effects(found), _each(found), _seeds(found), _needed(found)]
    lines = [textwrap.fill(p, width, break_long_words=False) for p in paragraphs]
    lines.insert(2, _table(found))
    return "\n".join(line for line in lines if line)


def _pilot(found: Prospect) -> str:
    pilot, of = found.pilot, found.pilot.pooled
    low, high = found.uncertainty
    return (
        f"Pilot {found.place}: {pilot.sources} sources, {pilot.seeds} seeds, read at "
        f"{pilot.words}. Standard deviation of the {found.metric}: {math.sqrt(of.between):.3g} "
        f"between sources (optimizer by source), {math.sqrt(of.within):.3g} between seeds; "
        f"from so few sources the first is known within a factor of {low:.2g} to {high:.2g} (95 %)."
    )


def _effects(found: Prospect) -> str:
    rule, baseline = found.rule, found.plan.baseline
    m = f" / {rule.comparisons}" if rule.comparisons > 1 else ""
    brackets = f"share of {baseline}'s mean, {found.pilot.level:.3g}, in brackets"
    if found.metric == "log10 regret":
        brackets = "factor of the regret in brackets"
    return (
        f"Smallest mean difference to {baseline} that is found with {100 * rule.power:.3g} % power "
        f"(signed-rank test, two-sided at {rule.level:g}{m}, Holm's first step); {brackets}:"
    )


def _table(found: Prospect) -> str:
    plan = found.plan
    seeds = list(dict.fromkeys(s for _, s in found.detectable))
    sources = list(dict.fromkeys(t for t, _ in found.detectable))
    rows = [
        [f"{t} (now)" if t == plan.sources else str(t)]
        + [_shown(found, found.detectable[t, s]) for s in seeds]
        for t in sources
    ]
    heads = ["sources", *(f"{s} seeds" + (" (now)" if s == plan.seeds else "") for s in seeds)]
    return table(heads, rows)


def _each(found: Prospect) -> str:
    now = ", ".join(f"{label} {_shown(found, x)}" for label, x in found.each.items())
    return f"By optimizer, now: {now}."


def _shown(found: Prospect, effect: float) -> str:
    if not math.isfinite(effect):
        return "none"
    share = found.share(effect)
    if not math.isfinite(share):
        return f"{effect:.3g}"
    said = f"x {share:.2g}" if found.metric == "log10 regret" else f"{100 * share:.0f} %"
    return f"{effect:.3g} ({said})"


def _seeds(found: Prospect) -> str:
    n = found.useful_seeds
    if n is None:
        return "The pilot shows no variance between sources: more seeds help as more sources do."
    return (
        f"Beyond {n} {'seed' if n == 1 else 'seeds'} more of them lower it by less than 5 %, "
        "however many: add testbeds of other sources."
    )


def _needed(found: Prospect) -> str:
    needed = found.needed
    if needed is None:
        return ""
    ways = ", ".join(
        f"{'more than 10,000' if t is None else f'{t:,}'} sources at {s} seeds"
        for s, t in needed.sources.items()
    )
    seeds = "no number of seeds is enough"
    if needed.seeds is not None:
        seeds = "1 seed is enough" if needed.seeds == 1 else f"{needed.seeds:,} seeds are enough"
    now = found.plan.sources
    return f"A difference of {needed.effect:g} needs {ways}; with {now} sources {seeds}."
