"""Derive 95 % intervals over sources again, for ``rederive``: from their definitions, by hand."""

from __future__ import annotations

import math

import numpy as np

__all__ = ["mean_ends", "median_ends", "rank_ends", "window_ends"]

FEWEST = 5
NONE = (math.nan, math.nan)
PRIOR = 0.2

SHIFTS = {5: math.inf, 6: 1.01, 7: 0.88, 8: 0.83, 9: 0.80, 10: 0.78}
"""Calibrated by simulation, hence a definition: of the window, times the root of the number."""


def median_ends(values: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """Return the sign test's interval, interpolated as Hettmansperger and Sheather (1986) do."""
    x = np.sort(values[~np.isnan(values)])
    n = len(x)
    if n < FEWEST:
        return NONE
    covers = [1 - 2 * sum(math.comb(n, i) for i in range(d)) / 2**n for d in range(1, n // 2 + 1)]
    wide = [d for d, c in enumerate(covers, 1) if c >= level]
    if not wide:
        return float(x[0]), float(x[-1])
    d = max(wide)
    inner = covers[d] if d < len(covers) else 0.0
    part = (covers[d - 1] - level) / (covers[d - 1] - inner)
    go = (n - d) * part / (d + (n - 2 * d) * part)
    ends = (x[d - 1], x[d]), (x[n - d], x[n - d - 1])
    low, high = (a if np.isinf([a, b]).any() else (1 - go) * a + go * b for a, b in ends)
    return float(low), float(high)


def window_ends(values: np.ndarray) -> tuple[float, float]:
    """Return the means over the middle half, shifted down and up; beyond the data: the outermost.

    Computed as differences of the integral of the quantile function, which is piecewise linear.
    """
    x = np.sort(values[np.isfinite(values)])
    n = len(x)
    if n < FEWEST:
        return NONE
    if n == FEWEST:
        return float(x[0]), float(x[-1])
    shift = min(0.5, SHIFTS.get(n, 0.77 if n < 20 else 0.79) / math.sqrt(n))
    knots = np.concatenate([[-1.0], np.arange(n + 1) / n, [2.0]])
    area = np.concatenate([[-x[0]], [0.0], np.cumsum(x) / n])
    area = np.append(area, area[-1] + x[-1])
    low, high = (
        float(np.interp(a + 0.5, knots, area) - np.interp(a, knots, area)) / 0.5
        for a in (0.25 - shift, 0.25 + shift)
    )
    return low, high


def mean_ends(values: np.ndarray) -> tuple[float, float]:
    """Return Student's interval of the mean."""
    from scipy.stats import t

    x = values[np.isfinite(values)]
    if len(x) < 2:
        return NONE
    half = t.ppf(0.975, len(x) - 1) * x.std(ddof=1) / math.sqrt(len(x))
    return float(x.mean() - half), float(x.mean() + half)


def rank_ends(ranks: np.ndarray, k: int) -> tuple[float, float]:
    """Return the interval of a mean rank among k, from 1 to k.

    Student's, of the n sources and 0.2 of a source of random ranks, whose mean is (k + 1) / 2 and
    whose variance is (k^2 - 1) / 12, so that ranks that all agree have an interval too.
    """
    from scipy.stats import t

    n, middle = len(ranks), (k + 1) / 2
    if n < 2:
        return NONE
    weights = np.append(np.ones(n), PRIOR)
    mean = float(np.average(np.append(ranks, middle), weights=weights))
    squares = float((weights * (np.append(ranks, middle) - mean) ** 2).sum())
    squares += PRIOR * (k * k - 1) / 12
    half = float(t.ppf(0.975, n - 1)) * math.sqrt(squares / (n * (n - 1)))
    return max(1.0, mean - half), min(float(k), mean + half)
