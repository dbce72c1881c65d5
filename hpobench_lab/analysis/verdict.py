"""The verdict: one full sentence that decides something, or says why nothing can be decided."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hpobench_lab.analysis.applicability import listed
from hpobench_lab.analysis.estimate import Estimate
from hpobench_lab.analysis.inference.comparisons import ENOUGH, Comparison, attainable_p, family

__all__ = ["Counts", "Verdict", "decide", "p_words", "short", "worth_words"]


SCALES = {"normalised regret": " (0 = optimum, 1 = one random evaluation)"}


@dataclass(frozen=True)
class Verdict:
    """Hold the verdict.

    Args:
        sentence: The first thing that a reader sees.
        best: Label of the optimizer shown to beat the baseline and placed best among those; "".
        decided: Whether any corrected comparison decides.
        reason: Why nothing is decided; "" otherwise.
        further: More sentences, for below.
    """

    sentence: str
    best: str
    decided: bool
    reason: str = ""
    further: tuple[str, ...] = ()


@dataclass(frozen=True)
class Counts:
    """Hold what a verdict rests on.

    Args:
        sources: Sources that can be used.
        runs: Finished runs.
        crashed: Of them, failed.
        planned: Runs that were planned; what is missing is said.
        baseline_crashed: Whether no run of the baseline ended well: then nothing is decided.

    >>> Counts(sources=9, runs=10, crashed=1, planned=12).words
    '1 of 10 runs crashed, 2 of 12 planned runs are missing'
    """

    sources: int
    runs: int
    crashed: int
    planned: int = 0
    baseline_crashed: bool = False

    @property
    def words(self) -> str:
        """Return crashed and missing runs in a clause."""
        said = f"{self.crashed} of {self.runs} runs crashed"
        gone = self.planned - self.runs
        return said + (f", {gone} of {self.planned} planned runs are missing" if gone > 0 else "")


def decide(
    comparisons: Sequence[Comparison],
    baseline: str,
    counts: Counts,
    *,
    order: Sequence[str],
    words: str,
    flips: Sequence[str] = (),
    worth: Mapping[str, Estimate] | None = None,
    metric: str = "normalised regret",
    exploratory: str = "",
) -> Verdict:
    """Return the verdict of a family of comparisons.

    An optimizer beats the baseline when its Holm-corrected p is at most .05 and its median
    difference is negative. Of several, the one placed best in ``order`` is named; the differences
    among them are not tested, and the text says so.

    Args:
        comparisons: Against the baseline.
        baseline: Its label; "" when there is none.
        counts: Of sources and runs.
        order: Labels, best first.
        words: The budget, such as ``"100 evaluations"``.
        flips: Sentences on alternatives that decide otherwise.
        worth: Label -> how many random evaluations one of its evaluations is worth.
        metric: What is compared, in words.
        exploratory: Why nothing is tested; "" when it is.
    """
    by_label = {c.a: c for c in comparisons}
    if counts.baseline_crashed:
        better, worse = list[str](), list[str]()
    else:
        better = [x for x in order if x in by_label and by_label[x].outcome == "better"]
        worse = [x for x in order if x in by_label and by_label[x].outcome == "worse"]
    tested = len(family(comparisons))
    if better:
        best = by_label[better[0]]
        said = worth_words((worth or {}).get(best.a))
        sentence = _won(best, words, counts.words, tested, bool(flips), said, metric)
        return Verdict(sentence, best.a, True, "", _others(better, worse, by_label, baseline))
    if worse:
        last = by_label[worse[-1]]
        sentence = (
            f"Nothing beats {baseline}, and {listed(worse)} "
            f"{'is' if len(worse) == 1 else 'are'} worse after {words}: the {metric} of {last.a} "
            f"is {_effect(last)} ({_p(last, tested)}); {counts.words}."
        )
        return Verdict(sentence, "", True, "", _others([], worse, by_label, baseline))
    reason = _why(comparisons, baseline, order, counts, exploratory)
    near = _closest(comparisons, order)
    return _undecided(reason, near, order, words, counts.words, metric, reason == exploratory)


def _undecided(
    reason: str,
    near: Comparison | None,
    order: Sequence[str],
    words: str,
    crashes: str,
    metric: str,
    explored: bool,
) -> Verdict:
    if explored:
        first = f"{order[0]} is placed first" if order else "nobody is placed"
        gap = f"; {_gap(near, metric)}" if near else ""
        said = f"Exploratory, after {words}: {first}{gap}; {crashes}."
        return Verdict(f"{said} Only the declared endpoint is tested.", "", False, reason)
    lead = f" (placed first beside {near.b}: {_gap(near, metric)})" if near else ""
    sentence = f"Nothing can be decided after {words}: {reason}{lead}; {crashes}."
    return Verdict(sentence, "", False, reason)


def worth_words(worth: Estimate | None) -> str:
    """Return what an evaluation is worth in random ones; "" when nothing is known.

    >>> worth_words(Estimate(3.14159, 1.5, 6.0, n=9))
    'one of its evaluations is worth 3.14 random ones (95 % interval 1.50 to 6.00)'
    """
    if worth is None or math.isnan(worth.value):
        return ""
    if math.isinf(worth.value):
        return "one of its evaluations is worth more random ones than the runs can tell"
    known = math.isfinite(worth.low)
    span = f" (95 % interval {short(worth.low)} to {short(worth.high)})" if known else ""
    return f"one of its evaluations is worth {short(worth.value)} random ones{span}"


def _won(
    c: Comparison, words: str, crashes: str, tested: int, flipped: bool, worth: str, metric: str
) -> str:
    caveat = ", though not under every alternative below" if flipped else ""
    return (
        f"{c.a} beats {c.b} after {words}{caveat}: {worth + '; ' if worth else ''}"
        f"its {metric}{SCALES.get(metric, '')} is {_effect(c)} ({_p(c, tested)}); {crashes}."
    )


def _effect(c: Comparison) -> str:
    way = "lower" if c.effect < 0 else "higher"
    low, high = sorted((abs(c.low), abs(c.high))) if c.low * c.high > 0 else (math.nan, math.nan)
    span = (
        f"{short(low)} to {short(high)}"
        if math.isfinite(low)
        else f"{short(c.low)} to {short(c.high)} for the difference"
    )
    return (
        f"{way} by {short(abs(c.effect))} in the median of {c.n} sources (95 % interval {span}), "
        f"better on {c.win}, tied on {c.tie}, worse on {c.loss}"
    )


def _p(c: Comparison, tested: int) -> str:
    corrected = f", {p_words(c.p_holm)} after Holm over {tested} comparisons" if tested > 1 else ""
    return f"Wilcoxon signed-rank {p_words(c.p)}{corrected}"


def _others(
    better: Sequence[str], worse: Sequence[str], by_label: dict[str, Comparison], baseline: str
) -> tuple[str, ...]:
    said = []
    if better[1:]:
        said.append(
            f"{listed(better[1:])} also beat{'s' if len(better) == 2 else ''} {baseline}; "
            "differences among the winners were not tested."
        )
    if worse and better:
        said.append(f"{listed(worse)} {'is' if len(worse) == 1 else 'are'} worse than {baseline}.")
    few = [x for x, c in by_label.items() if c.n < ENOUGH]
    undecided = [x for x, c in by_label.items() if c.outcome == "open" and x not in few]
    if undecided:
        one = len(undecided) == 1
        said.append(
            f"{listed(undecided)} {'is' if one else 'are'} not shown to differ from {baseline}."
        )
    if few:
        said.append(
            f"{listed(few)} share{'s' if len(few) == 1 else ''} fewer than {ENOUGH} sources with "
            f"{baseline}, too few for a test."
        )
    return tuple(said)


def _why(
    comparisons: Sequence[Comparison],
    baseline: str,
    order: Sequence[str],
    counts: Counts,
    exploratory: str,
) -> str:
    if not counts.runs:
        return "there are no finished runs"
    if counts.crashed == counts.runs:
        return "every run crashed"
    if not counts.sources:
        return "no testbed can be normalised"
    if len(order) < 2:
        return f"{order[0]} is the only optimizer and there is nothing to compare it with"
    if not baseline:
        return "there is no baseline to compare with"
    if counts.baseline_crashed:
        return f"every run of the baseline {baseline} crashed"
    if exploratory:
        return exploratory
    n, floor = max(c.n for c in comparisons), attainable_p(comparisons)
    if n < ENOUGH:
        return (
            f"{n} {'source is' if n == 1 else 'sources are'} too few for 5 %, which takes {ENOUGH}"
        )
    if floor > 0.05:
        tested = len(family(comparisons))
        return (
            f"with {n} sources and {tested} comparisons the smallest corrected p is {short(floor)}"
        )
    if all(c.win == c.loss == 0 for c in comparisons):
        return f"every optimizer ties with {baseline} on every source"
    return f"no difference from {baseline} is larger than chance explains over {n} sources"


def _closest(comparisons: Sequence[Comparison], order: Sequence[str]) -> Comparison | None:
    """Return the comparison of the optimizer placed first among those with a difference."""
    known = {c.a: c for c in comparisons if math.isfinite(c.effect) and (c.win or c.loss)}
    return next((known[x] for x in order if x in known), None)


def _gap(c: Comparison, metric: str) -> str:
    tested = f"; Wilcoxon {p_words(c.p_holm)} after Holm" if math.isfinite(c.p_holm) else ""
    span = f"; 95 % interval {short(c.low)} to {short(c.high)}" if math.isfinite(c.low) else ""
    return (
        f"{c.a} differs from {c.b} by {short(c.effect)} in median "
        f"{metric}{span}; better on {c.win}, tied on {c.tie}, worse on {c.loss} of "
        f"{c.n} {'source' if c.n == 1 else 'sources'}{tested}"
    )


def short(value: float) -> str:
    """Return a number with three significant digits and a true minus sign.

    >>> short(-0.012345), short(0.0), short(1234.5), short(0.9999), short(float("nan"))
    ('−0.0123', '0', '1,230', '1.00', '–')
    """
    if not math.isfinite(value):
        return "–" if math.isnan(value) else "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    rounded = float(f"{abs(value):.2e}")  # three digits first: 0.9996 is 1.00
    digits = 2 - math.floor(math.log10(rounded))
    if not 1e-4 <= abs(value) < 1e7:
        mantissa, power = f"{abs(value):.1e}".split("e")
        text = f"{mantissa}e{power[0].replace('-', '−').replace('+', '')}{int(power[1:])}"
    else:
        text = f"{rounded:,.{max(digits, 0)}f}"
    return f"−{text}" if value < 0 else text


def p_words(p: float) -> str:
    """Return ``p = .012``-like words.

    >>> p_words(0.01953125), p_words(1e-6), p_words(float("nan"))
    ('p = 0.0195', 'p < 0.0001', 'no p')
    """
    if math.isnan(p):
        return "no p"
    return "p < 0.0001" if p < 1e-4 else f"p = {short(p)}"
