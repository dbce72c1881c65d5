"""Every optimizer against the declared baseline, with the source as the unit of replication."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.analysis.inference.clusters import crossed, two_way_interval
from hpobench_lab.analysis.inference.intervals import median_difference_interval
from hpobench_lab.analysis.inference.ranktests import (
    a12,
    decimals,
    holm,
    sign_test,
    signed_rank,
    smallest_attainable_p,
)
from hpobench_lab.analysis.runs.aggregate import median
from hpobench_lab.analysis.runs.panel import Bed, Panel

__all__ = [
    "CITATION",
    "ENOUGH",
    "Comparison",
    "against_baseline",
    "attainable_p",
    "family",
    "surrogate_ties",
    "untested",
]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

ENOUGH = 6
"""Sources from which a two-sided signed-rank test can reach 5 %."""

CITATION = (
    "Wilcoxon (1945), Biometrics Bulletin 1:80-83; Pratt (1959), JASA 54:655-667; "
    "Holm (1979), Scand. J. Statist. 6:65-70; Demsar (2006), JMLR 7:1-30; Hettmansperger, Sheather "
    "(1986), Statistics and Probability Letters 4:75-79"
)


@dataclass(frozen=True)
class Comparison:
    """Compare optimizer ``a`` with the baseline ``b``; negative effects favour ``a``.

    Args:
        a: Label.
        b: The baseline's label.
        effect: Median over sources of a's normalised regret minus b's.
        low: Lower end of its 95 % interval.
        high: Upper end of its 95 % interval.
        p: Two-sided signed-rank p; NaN when ``reason`` says why.
        p_holm: Corrected over the family: the comparisons with enough common sources.
        p_sign: Two-sided sign test.
        win: Sources on which a is better.
        tie: Sources without a difference, or with one below the held-out error of a surrogate.
        loss: Sources on which a is worse.
        a12: Chance that a run of a beats one of b, averaged over sources.
        n: Sources used.
        excluded: Sources left out (not served by both, or degenerate).
        method: In words.
        citation: Of the method.
        reason: Why there is no p; "" when there is one.
    """

    a: str
    b: str
    effect: float
    low: float
    high: float
    p: float
    p_holm: float
    p_sign: float
    win: int
    tie: int
    loss: int
    a12: float
    n: int
    excluded: int
    method: str
    citation: str = CITATION
    reason: str = ""

    @property
    def outcome(self) -> str:
        """Return ``better``, ``worse`` or ``open``: what the corrected test decides at 5 %."""
        if not self.p_holm <= 0.05 or self.effect == 0 or math.isnan(self.effect):
            return "open"
        return "better" if self.effect < 0 else "worse"


def family(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Return the comparisons that can be tested by design: with at least 6 common sources.

    The others have no p, whatever their results, so Holm's correction does not count them.
    """
    return tuple(c for c in comparisons if c.n >= ENOUGH)


def attainable_p(comparisons: Sequence[Comparison]) -> float:
    """Return the smallest corrected p that a family can attain; 1.0 when nothing is testable."""
    tested = family(comparisons)
    return smallest_attainable_p(max(c.n for c in tested), len(tested)) if tested else 1.0


def against_baseline(
    panel: Panel,
    regret: FloatArray,
    baseline: str,
    *,
    ties: BoolArray | None = None,
) -> tuple[Comparison, ...]:
    """Return one comparison an optimizer, Holm-corrected over their ``family``.

    Args:
        panel: The runs.
        regret: What is compared, smaller is better, shape (k, t, s).
        baseline: Label of the baseline.
        ties: Where a difference to the baseline counts as none, as ``surrogate_ties`` returns them,
            shape (k, sources).

    Returns:
        k − 1 comparisons in the study's order; none when the baseline is absent.
    """
    if baseline not in panel.optimizers:
        return ()
    b = panel.optimizers.index(baseline)
    scores = panel.by_source(regret)
    tied = np.zeros(scores.shape, dtype=np.bool_) if ties is None else ties
    pairs = [
        _pair(panel, regret, scores, tied[a], a, b) for a in range(len(panel.optimizers)) if a != b
    ]
    corrected = holm([c.p for c in pairs])
    return tuple(
        replace(c, p_holm=float(p)) for c, p in zip(pairs, corrected.tolist(), strict=True)
    )


def surrogate_ties(panel: Panel, regret: FloatArray, baseline: str) -> BoolArray:
    """Return where a difference to the baseline is below the held-out error of a surrogate.

    A source counts only if all its testbeds are surrogates; the largest error near the optimum of
    any of them, on the scale of the normalised regret, decides.

    Args:
        panel: The runs.
        regret: Normalised, shape (k, t, s).
        baseline: Its label.

    Returns:
        Shape (k, sources).
    """
    scores = panel.by_source(regret)
    if baseline not in panel.optimizers:
        return np.zeros(scores.shape, dtype=np.bool_)
    error = np.array([_surrogate_error(bed) for bed in panel.beds])
    found = [error[panel.source == j] for j in range(len(panel.sources))]
    largest = np.array([float(e.max()) if e.min(initial=np.inf) > 0 else 0.0 for e in found])
    gap = scores - scores[panel.optimizers.index(baseline)]
    return np.asarray(np.abs(gap) < largest)


def _surrogate_error(bed: Bed) -> float:
    error = (bed.quality or {}).get("mae_near_optimum", 0.0) if bed.kind == "surrogate" else 0.0
    return error / (bed.f_ref - bed.f_opt) if error and not bed.excluded else 0.0


def untested(comparisons: Sequence[Comparison], reason: str) -> tuple[Comparison, ...]:
    """Return the comparisons as effects with intervals, without any p."""
    nan = math.nan
    return tuple(replace(c, p=nan, p_holm=nan, p_sign=nan, reason=reason) for c in comparisons)


def _pair(
    panel: Panel,
    regret: FloatArray,
    scores: FloatArray,
    tied: BoolArray,
    a: int,
    b: int,
) -> Comparison:
    gap = scores[a] - scores[b]
    seen = decimals(gap[np.isfinite(gap)])
    d = np.where(tied[np.isfinite(gap)], 0.0, seen)
    low, high = _ends(panel, regret, gap, a, b)
    test = signed_rank(d)
    reason = "" if len(d) >= ENOUGH else f"too few for 5 %: {len(d)} of {ENOUGH} sources"
    win, loss = int((d < 0).sum()), int((d > 0).sum())
    return Comparison(
        a=panel.optimizers[a],
        b=panel.optimizers[b],
        effect=float(median(seen)) if len(d) else math.nan,
        low=low,
        high=high,
        p=math.nan if reason else test.p,
        p_holm=math.nan,
        p_sign=math.nan if reason else sign_test(win, loss),
        win=win,
        tie=len(d) - win - loss,
        loss=loss,
        a12=_a12(panel, regret, a, b),
        n=len(d),
        excluded=len({bed.source for bed in panel.beds}) - len(d),
        method="two-sided Wilcoxon signed-rank over sources "
        f"({test.method}, zeros as Pratt), Holm over the comparisons with at least {ENOUGH} common "
        "sources; median difference with an order-statistic interval over sources",
        reason=reason,
    )


def _ends(panel: Panel, regret: FloatArray, gap: FloatArray, a: int, b: int) -> tuple[float, float]:
    """Return the effect's interval over sources; over learners too where a design crosses them."""
    low, high = (float(x) for x in median_difference_interval(gap))
    families = panel.families
    if not crossed(families, panel.source):
        return low, high
    beds = median(panel.over_folds(regret[[a, b]]))
    wide = two_way_interval(beds[0] - beds[1], panel.source, families)
    return min(low, wide[0]), max(high, wide[1])


def _a12(panel: Panel, regret: FloatArray, a: int, b: int) -> float:
    last = panel.over_folds(np.where(panel.failed & np.isfinite(regret), np.inf, regret))
    beds = np.full(len(panel.beds), np.nan)
    for j in range(len(panel.beds)):
        x, y = last[a, j], last[b, j]
        beds[j] = a12(x[~np.isnan(x)], y[~np.isnan(y)])
    groups = [beds[(panel.source == j) & np.isfinite(beds)] for j in range(len(panel.sources))]
    means = [float(g.mean()) for g in groups if len(g)]
    return float(np.mean(means)) if means else math.nan
