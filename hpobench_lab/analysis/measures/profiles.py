"""How much of the work is done how well, and what an evaluation is worth in random ones.

A performance profile shows the share of runs at or below each normalised regret. It needs no best
of the pool, so adding an optimizer changes nobody's curve; Dolan and More's profile of ratios to
the best does, which its result says.

Differences: what an evaluation is worth is read at a level that random search does reach, half way
through its budget; at the optimizer's own final regret the answer is often infinite.

References:
    Agarwal, Schwarzer, Castro, Courville, Bellemare (2021), NeurIPS; Dolan, More (2002),
    Mathematical Programming 91:201-213; Li, Jamieson, DeSalvo, Rostamizadeh, Talwalkar (2018),
    JMLR 18:1-52, on random search at twice the budget.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpobench_lab.analysis.estimate import Caution, Estimate
from hpobench_lab.analysis.inference.races import compared, races
from hpobench_lab.analysis.runs.panel import Panel

__all__ = ["Profile", "performance_profile", "random_worth", "ratio_profile"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Random = np.random.Generator | int

CITATION = "Agarwal, Schwarzer, Castro, Courville, Bellemare (2021), NeurIPS"
RATIO_CITATION = "Dolan, More (2002), Mathematical Programming 91:201-213"
WORTH_CITATION = "Li et al. (2018), JMLR 18:1-52; Hansen et al. (2021), Optim. Methods Softw. 36"


@dataclass(frozen=True)
class Profile:
    """Hold one curve an optimizer.

    Args:
        at: Normalised regrets, or ratios to the best, shape (m,).
        share: Share of the work at or below, shape (k, m).
        low: Lower ends of pointwise 95 % intervals, shape (k, m).
        high: Upper ends, shape (k, m).
        n: Sources used.
        excluded: Sources left out.
        method: In words.
        citation: Of the method.
        warnings: What limits it.
    """

    at: FloatArray
    share: FloatArray
    low: FloatArray
    high: FloatArray
    n: int
    excluded: int
    method: str
    citation: str = CITATION
    warnings: tuple[Caution, ...] = ()


def performance_profile(
    regret: FloatArray,
    source: IntArray,
    at: ArrayLike,
    *,
    rng: Random = 0,
    draws: int = 2000,
) -> Profile:
    """Return the share of runs at or below each regret; every source weighs the same.

    Args:
        regret: Normalised, shape (k, t, s), NaN where there is no run; failed runs as the policy
            has them.
        source: Index of each testbed's source, shape (t,); -1 leaves the testbed out.
        at: Regrets, shape (m,).
        rng: Generator or seed of the bootstrap over sources, the same draws for all optimizers.
        draws: Number of bootstrap draws.

    Returns:
        NaN for an optimizer without runs.

    >>> r = np.array([[[0.1, 0.3], [0.5, np.inf]]])
    >>> performance_profile(r, np.array([0, 1]), [0.05, 0.2, 1.0]).share
    array([[0.  , 0.25, 0.75]])
    """
    goals = np.asarray(at, dtype=np.float64)
    k, n = len(regret), int(source.max(initial=-1)) + 1
    known = ~np.isnan(regret)
    reached = known[..., None] & (regret[..., None] <= goals)
    runs = known.sum(axis=2)[..., None]
    with np.errstate(invalid="ignore"):
        beds = reached.sum(axis=2) / runs  # NaN without runs
    per_source = np.full((k, n, len(goals)), np.nan)
    for j in range(n):
        per_source[:, j] = _mean(beds[:, source == j], 1)
    share = _mean(per_source, 1)
    low = high = np.full(share.shape, np.nan)
    if n > 1:
        low, high = _band(per_source, np.random.default_rng(rng), draws)
    used = int((~np.isnan(per_source)).any(axis=(0, 2)).sum()) if n and len(goals) else 0
    return Profile(
        at=goals,
        share=share,
        low=low,
        high=high,
        n=used,
        excluded=n - used,
        method="share of runs at or below a normalised regret, mean over sources; pointwise "
        "percentile bootstrap over sources",
    )


def _mean(values: FloatArray, axis: int) -> FloatArray:
    known = ~np.isnan(values)
    n = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)


def _band(
    per_source: FloatArray, rng: np.random.Generator, draws: int
) -> tuple[FloatArray, FloatArray]:
    k, n, m = per_source.shape
    weights = rng.multinomial(n, np.full(n, 1 / n), size=draws).astype(np.float64)
    low, high = np.full((k, m), np.nan), np.full((k, m), np.nan)
    for i, curve in enumerate(per_source):
        known = ~np.isnan(curve[:, 0]) if m else np.zeros(n, dtype=np.bool_)
        mass = weights[:, known].sum(axis=1)
        used = mass > 0  # a draw without any of its sources says nothing
        if known.sum() > 1:
            drawn = weights[used][:, known] @ curve[known] / mass[used, None]
            low[i], high[i] = np.quantile(drawn, [0.025, 0.975], axis=0)
    return low, high


def ratio_profile(costs: ArrayLike, at: ArrayLike) -> Profile:
    """Return Dolan and More's profile: the share of sources solved within a ratio of the best.

    Args:
        costs: Such as run times to a target, positive, infinite where never solved, shape (k, n); a
            source with a NaN, or solved by nobody, is left out.
        at: Ratios from 1, shape (m,).

    References:
        Dolan, More (2002), Mathematical Programming 91:201-213; Gould, Scott (2016), ACM TOMS 43,
        on why it does not rank more than two.

    >>> ratio_profile([[1.0, 4.0], [2.0, 2.0]], [1, 2]).share
    array([[0.5, 1. ],
           [0.5, 1. ]])
    """
    whole, ratios = np.asarray(costs, dtype=np.float64), np.asarray(at, dtype=np.float64)
    best = np.fmin.reduce(whole, axis=0, initial=np.inf)
    used = np.isfinite(best) & (best > 0) & ~np.isnan(whole).any(axis=0)
    relative = whole[:, used] / best[used]
    within = (relative[..., None] <= ratios).sum(axis=1)
    share = within / used.sum() if used.any() else np.full(within.shape, np.nan)
    nothing = np.full(share.shape, np.nan)
    text = "Ratios to the best depend on who else took part; read them for two optimizers only."
    return Profile(
        at=ratios,
        share=share,
        low=nothing,
        high=nothing,
        n=int(used.sum()),
        excluded=int((~used).sum()),
        method="share of sources solved within a ratio of the best of this pool",
        citation=RATIO_CITATION,
        warnings=(Caution("pool", text, level="note"),) if len(whole) > 2 else (),
    )


def random_worth(
    panel: Panel, axis: str, cut: FloatArray, label: str, *, random: str = "random"
) -> Estimate:
    """Return how many random evaluations one evaluation of an optimizer is worth.

    Per testbed: the expected run time of random search, over that of the optimizer, to the level
    that random search reaches in half of its runs at half the budget. Both may use the whole
    budget, so the answer is finite. Then come medians over a source's testbeds and over sources.

    Args:
        panel: The runs.
        axis: One of ``traces.AXES``.
        cut: Budget of each testbed, shape (t,).
        label: Of the optimizer.
        random: Label of plain random search.

    Returns:
        1 for random search itself, below 1 for what is worse, 0 where the optimizer never arrives
        on most sources.

    Raises:
        ValueError: If a label is unknown.
    """
    slower = compared(races(panel, axis, cut, label, random))
    never = slower.warnings[0].text if slower.warnings else ""
    said = Caution("never-reached", f"{label} never arrives at half of random search's budget's "
                   f"level on {never}; one of its evaluations is worth nothing there.",
                   level="info")  # fmt: skip
    return replace(
        slower,
        value=_inverse(slower.value),
        low=_inverse(slower.high),
        high=_inverse(slower.low),
        method="expected run time of random search over the optimizer's, to the level that random "
        "search reaches in half of its runs at half the budget; median over sources, "
        "order-statistic interval",
        citation=WORTH_CITATION,
        warnings=(said,) if never else (),
    )


def _inverse(ratio: float) -> float:
    return 0.0 if math.isinf(ratio) else 1 / ratio if ratio else math.inf
