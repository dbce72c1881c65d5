"""Is it at least not worse: a verdict from an interval and a margin that was declared beforehand.

The default margin says something that costs money: how much more budget to reach the regret that
the baseline has at half its budget. A p above 0.05 is never taken for equality; without an interval
inside the margin the verdict is INCONCLUSIVE. For studies that grow until they are decided there is
a betting confidence sequence, whose interval holds however often one looks.

Differences: runs that never reach the baseline's regret enter the budget ratio by expected run
times (all that was spent, per hit), so that no run is dropped or made up; why half the budget is
said in ``races``. The betting sequence is inverted on a grid of 1,001 means and widened by one
step.

References:
    Piaggio, Elbourne, Pocock, Evans, Altman (2012), JAMA 308:2594-2604; Waudby-Smith, Ramdas
    (2024), JRSS B 86:1-27; Hansen et al. (2021), Optimization Methods and Software 36:114-144.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpobench_lab.analysis.estimate import Caution, Estimate
from hpobench_lab.analysis.inference.races import compared, races
from hpobench_lab.analysis.runs.panel import Panel
from hpobench_lab.analysis.runs.traces import AXES

__all__ = [
    "BettingSequence",
    "Gate",
    "Margin",
    "betting_sequence",
    "budget_ratio",
    "capital",
    "gate",
    "hash_order",
]

FloatArray = NDArray[np.float64]
Word = Literal["SUPERIOR", "NON-INFERIOR", "INFERIOR", "INCONCLUSIVE"]

CITATION = "Piaggio, Elbourne, Pocock, Evans, Altman (2012), JAMA 308:2594-2604"
RUN_TIME_CITATION = "Hansen et al. (2021), Optimization Methods and Software 36:114-144"
BETTING_CITATION = "Waudby-Smith, Ramdas (2024), JRSS B 86:1-27"
GRID = np.linspace(0, 1, 1001)
GRID.flags.writeable = False
TRUNCATION = 0.75


@dataclass(frozen=True)
class Margin:
    """Declare what still counts as not worse; smaller is better.

    Args:
        kind: ``budget``: ratio of the budgets to reach the baseline's regret at half the budget;
            ``regret``: difference of normalised regrets; ``losses``: share of sources lost.
        amount: 0.1 is 10 % more budget, a normalised regret higher by 0.1, or a share of 0.6.
        axis: One of ``traces.AXES``, for the words.

    Raises:
        ValueError: If the kind or axis is unknown or the amount is not a finite one above 0.

    >>> margin = Margin()
    >>> print(margin.words)
    at most 10 % more evaluations to reach the baseline's regret at half the budget
    >>> margin.neutral, margin.limit
    (1.0, 1.1)
    """

    kind: Literal["budget", "regret", "losses"] = "budget"
    amount: float = 0.1
    axis: str = "evaluations"

    def __post_init__(self) -> None:
        """Check what was declared."""
        if self.kind not in ("budget", "regret", "losses"):
            raise ValueError(f"unknown margin {self.kind!r}; known: budget, regret, losses")
        if not (math.isfinite(self.amount) and self.amount > 0):
            raise ValueError(f"a margin is a finite amount above 0, got {self.amount!r}")
        if self.axis not in AXES:
            raise ValueError(f"unknown axis {self.axis!r}; known: {', '.join(AXES)}")

    @property
    def neutral(self) -> float:
        """Return the effect of two equal optimizers."""
        return {"budget": 1.0, "regret": 0.0, "losses": 0.5}[self.kind]

    @property
    def limit(self) -> float:
        """Return the worst effect that still counts as not worse."""
        return self.neutral + self.amount

    @property
    def words(self) -> str:
        """Return the margin in a clause."""
        if self.kind == "budget":
            more = f"{100 * self.amount:g} % more {AXES[self.axis]}"
            return f"at most {more} to reach the baseline's regret at half the budget"
        if self.kind == "regret":
            return f"a normalised regret at most {self.amount:g} above the baseline's"
        return f"worse than the baseline on at most {100 * self.limit:g} % of the sources"

    @property
    def digest(self) -> str:
        """Return the SHA-256 that the protocol stores before the run."""
        text = json.dumps([self.kind, self.amount, self.axis], separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Gate:
    """Hold the verdict of a gate.

    Args:
        verdict: SUPERIOR, NON-INFERIOR, INFERIOR or INCONCLUSIVE.
        sentence: For people.
        effect: What was judged.
        margin: Against what.
        citation: Of the method.
    """

    verdict: Word
    sentence: str
    effect: Estimate
    margin: Margin
    citation: str = CITATION

    @property
    def passed(self) -> bool:
        """Return whether it is shown to be at least not worse."""
        return self.verdict in ("SUPERIOR", "NON-INFERIOR")


def gate(effect: Estimate, margin: Margin) -> Gate:
    """Return what an interval says about a margin.

    SUPERIOR: all of it better than equal. NON-INFERIOR: none of it beyond the margin. INFERIOR: all
    of it beyond the margin. INCONCLUSIVE: anything else, or no interval.

    Args:
        effect: With its 95 % interval, in the margin's kind.
        margin: As declared before the run.

    >>> gate(Estimate(1.02, 0.96, 1.08, n=12), Margin()).verdict
    'NON-INFERIOR'
    >>> gate(Estimate(1.02, 0.90, 1.30, n=12), Margin()).verdict
    'INCONCLUSIVE'
    """
    low, high, word = effect.low, effect.high, "INCONCLUSIVE"
    if math.isnan(low) or math.isnan(high):
        why = effect.reason or "there is no interval"
        return Gate("INCONCLUSIVE", f"INCONCLUSIVE: {why}.", effect, margin)
    if high < margin.neutral:
        word = "SUPERIOR"
    elif high <= margin.limit:
        word = "NON-INFERIOR"
    elif low > margin.limit:
        word = "INFERIOR"
    sentence = (
        f"{word}: the effect is {effect.value:.3g} (95 % interval {low:.3g} to {high:.3g}, "
        f"n = {effect.n}); equal is {margin.neutral:g}, the margin {margin.limit:g}, in words "
        f"{margin.words}."
    )
    return Gate(word, sentence, effect, margin)  # type: ignore[arg-type]  # one of the four


def budget_ratio(panel: Panel, axis: str, cut: FloatArray, a: str, b: str) -> Estimate:
    """Return how much budget a needs for the baseline's regret at half its budget, as a ratio.

    Per testbed a's expected run time to that regret is divided by b's; then come medians over a
    source's testbeds and over sources, with an order-statistic interval. Both may use the whole
    budget, so a ratio below 2 is rarely cut off.

    Args:
        panel: The runs.
        axis: One of ``traces.AXES``.
        cut: Budget of each testbed, shape (t,).
        a: Label.
        b: The baseline's label.

    Returns:
        Below 1 where a is faster; infinite where a never arrives on most sources.

    Raises:
        ValueError: If a label is unknown.
    """
    effect = compared(races(panel, axis, cut, a, b))
    never = effect.warnings[0].text if effect.warnings else ""
    text = f"{a} never reached the baseline's regret at half the budget on {never}."
    method = (
        "ratio of the expected run times to the baseline's regret at half the budget, median over "
        "sources, order-statistic interval"
    )
    warnings = (Caution("never-reached", text),) if never else ()
    return replace(effect, method=method, citation=RUN_TIME_CITATION, warnings=warnings)


@dataclass(frozen=True)
class BettingSequence:
    """Hold a confidence sequence for a share of wins; every prefix is valid at once.

    Args:
        value: Share of wins so far.
        low: Lower end after each source, shape (n,); never falls.
        high: Upper end after each source, shape (n,); never rises.
        e: Evidence against a share of one half after each source (an e-process), shape (n,).
        p: Anytime-valid p of that hypothesis: 1 over the largest evidence so far.
        n: Sources used.
        excluded: Sources left out.
        method: In words.
        citation: Of the method.
        warnings: What limits it.
    """

    value: float
    low: FloatArray
    high: FloatArray
    e: FloatArray
    p: float
    n: int
    excluded: int
    method: str
    citation: str = BETTING_CITATION
    warnings: tuple[Caution, ...] = ()

    @property
    def losses(self) -> Estimate:
        """Return the share of sources lost, a tie counted half, for the gate."""
        return Estimate(
            1 - self.value,
            1 - float(self.high[-1]) if self.n else math.nan,
            1 - float(self.low[-1]) if self.n else math.nan,
            self.n,
            self.excluded,
            self.method,
            self.citation,
            self.warnings,
            "" if self.n else "there are no common sources",
        )


def capital(wins: ArrayLike, share: ArrayLike, *, alpha: float = 0.05) -> FloatArray:
    """Return what betting against each share has earned after each source.

    Half of the money bets that the true share is larger, half that it is smaller; no strategy is
    expected to earn anything where the share is true (Ville 1939), so that 1 / alpha is reached
    with probability alpha at most, ever.

    Args:
        wins: 1 for a win, 0.5 for a tie, 0 for a loss, shape (..., n).
        share: Hypotheses, shape (g,).
        alpha: Level for which the bets are sized.

    Returns:
        Shape (..., n, g).

    References:
        Waudby-Smith, Ramdas (2024), JRSS B 86:1-27, eqs. (24) to (26).
    """
    x, m = np.asarray(wins, dtype=np.float64), np.asarray(share, dtype=np.float64)
    t = np.arange(1, x.shape[-1] + 1)
    mean = (0.5 + np.cumsum(x, axis=-1)) / (t + 1)
    variance = (0.25 + np.cumsum((x - mean) ** 2, axis=-1)) / (t + 1)
    first = np.full((*x.shape[:-1], 1), 0.25)
    before = np.concatenate([first, variance[..., :-1]], axis=-1)  # predictable: known at t - 1
    bet = np.sqrt(2 * math.log(2 / alpha) / (before * t * np.log1p(t)))[..., None]
    with np.errstate(divide="ignore"):
        up = np.minimum(bet, TRUNCATION / m)
        down = np.minimum(bet, TRUNCATION / (1 - m))
    gap = x[..., None] - m
    log_up = np.cumsum(np.log1p(up * gap), axis=-2)
    log_down = np.cumsum(np.log1p(-down * gap), axis=-2)
    return np.asarray(0.5 * np.exp(np.maximum(log_up, log_down)))


def betting_sequence(wins: ArrayLike, *, alpha: float = 0.05) -> BettingSequence:
    """Return intervals for the share of wins that hold at all times at once.

    Args:
        wins: In the order fixed before the run (``hash_order``): 1 for a win, 0.5 for a tie, 0 for
            a loss, shape (n,); NaN left out.
        alpha: Level.

    Raises:
        ValueError: If a value lies outside 0 to 1.

    References:
        Waudby-Smith, Ramdas (2024), JRSS B 86:1-27, theorem 3.

    >>> s = betting_sequence(np.ones(12))
    >>> bool(s.low[-1] > 0.5), s.p < 0.05, bool(s.low[4] > 0.5)
    (True, True, False)
    """
    whole = np.asarray(wins, dtype=np.float64)
    x = whole[~np.isnan(whole)]
    if len(x) and (x.min() < 0 or x.max() > 1):
        raise ValueError(f"wins lie between 0 and 1, got {float(x.min())} to {float(x.max())}")
    inside = capital(x, GRID, alpha=alpha) < 1 / alpha
    inside = np.logical_and.accumulate(inside, axis=0)
    step, some = GRID[1], inside.any(axis=1)
    low = np.where(some, GRID[inside.argmax(axis=1)] - step, 1.0)
    high = np.where(some, GRID[::-1][inside[:, ::-1].argmax(axis=1)] + step, 0.0)
    e = capital(x, np.array([0.5]), alpha=alpha)[:, 0]
    empty = Caution("drift", "No one share of wins fits all sources: their order matters.")
    return BettingSequence(
        value=float(x.mean()) if len(x) else math.nan,
        low=np.clip(low, 0.0, 1.0),
        high=np.clip(high, 0.0, 1.0),
        e=e,
        p=float(min(1.0, 1 / e.max())) if len(x) else math.nan,
        n=len(x),
        excluded=len(whole) - len(x),
        method="betting confidence sequence for the share of sources won, valid at any time",
        warnings=() if some.all() else (empty,),
    )


def hash_order(ids: Sequence[str], protocol: str) -> tuple[str, ...]:
    """Return ids in an order that nobody chose: by the hash of the protocol's hash and each id.

    >>> hash_order(["a", "b", "c"], "x") == hash_order(["c", "b", "a"], "x")
    True
    """
    return tuple(sorted(ids, key=lambda i: hashlib.sha256(f"{protocol}\0{i}".encode()).digest()))
