"""Loans: a generated decision with a known group, a known bias of the labels and known noise.

An applicant's merit is normal with unit variance: a weighted sum of five hidden normal scores, of
which the features show monotone functions. The score of the duration counts for home owners and
against the others. Income is lower in group 1, which lowers merit there by ``DELTA``. Whoever has
merit above ``BAR`` deserves the loan; the fair label errs at the rate ``NOISE`` on either side; the
label that we learn from then takes back the share ``BIAS`` of the loans of group 1. So the best
possible predictions and every gap between the groups are known exactly.

The model of the bias is that of Jiang, Nachum (2020), "Identifying and correcting label bias in
machine learning", AISTATS, arXiv:1901.04966: labels of one group turned to the worse at random.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["FEATURES", "KNOWN", "draw", "fair_labels"]

FEATURES = (
    "income", "debt_ratio", "savings", "credit_years", "duration", "home_owner", "group",
    "district", "age", "dependants", "online", "month",
)  # fmt: skip
SHARES = np.array([0.36, 0.25, 0.16, 0.09, 0.14])
"""Of merit's variance: the scores of income, debt ratio, savings, credit years and duration."""
SIGNS = np.array([1.0, -1.0, 1.0, 1.0, 1.0])

DELTA, BAR = 0.2, -0.3
NOISE, BIAS = 0.05, 0.3
GROUP_1, SAME_DISTRICT = 0.4, 0.8

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def _above_bar(group: int) -> float:
    """Return the share of a group whose merit is above the bar."""
    return 0.5 * math.erfc((BAR + DELTA * group) / math.sqrt(2.0))


def _known() -> dict[str, float]:
    """Return what follows from the constants, see ``KNOWN``."""
    above = [_above_bar(0), _above_bar(1)]
    fair = [NOISE + (1 - 2 * NOISE) * share for share in above]
    keep, size = [1.0, 1.0 - BIAS], [1.0 - GROUP_1, GROUP_1]
    error = nats = 0.0
    for g in (0, 1):
        for share, p in ((above[g], (1 - NOISE) * keep[g]), (1 - above[g], NOISE * keep[g])):
            error += size[g] * share * min(p, 1 - p)
            nats -= size[g] * share * (p * math.log(p) + (1 - p) * math.log(1 - p))
    return {
        "bayes_error": error,
        "bayes_cross_entropy": nats,
        "label_noise": NOISE,
        "label_bias": BIAS,
        "label_gap": fair[0] - fair[1] * keep[1],
        "fair_label_gap": fair[0] - fair[1],
        "bayes_gap": above[0] - above[1],
    }


KNOWN = _known()
"""Least expected error and cross-entropy (nats) against the labels, and gaps between the groups'
positive rates, group 0 minus group 1: of the labels, of fair labels, of the best predictions."""


def _features(scores: FloatArray, group: IntArray) -> list[FloatArray]:
    """Return the columns that show the five scores, each monotone in its score."""
    income = scores[:, 0] - DELTA / math.sqrt(SHARES[0]) * group
    return [
        np.exp(10.3 + 0.5 * income),
        1.0 / (1.0 + np.exp(1.0 - scores[:, 1])),
        np.exp(7.0 + scores[:, 2]),
        np.exp(2.0 + 0.6 * scores[:, 3]),
        36.0 * np.exp(0.5 * scores[:, 4]),
    ]


def fair_labels(rng: np.random.Generator, merit: FloatArray) -> IntArray:
    """Return who would get the loan if the groups were judged alike, shape (n,)."""
    return np.asarray((merit > BAR) ^ (rng.random(len(merit)) < NOISE), dtype=np.int64)


def draw(rng: np.random.Generator, n: int) -> tuple[FloatArray, IntArray, IntArray, IntArray]:
    """Draw n applicants.

    Returns:
        Features, shape (n, 12); labels, group and fair labels, shape (n,) each.

    >>> x, y, group, fair = draw(np.random.Generator(np.random.Philox(0)), 5)
    >>> x.shape, bool((y <= fair).all())
    ((5, 12), True)
    """
    group = (rng.random(n) < GROUP_1).astype(np.int64)
    owner = rng.integers(0, 2, n)
    scores = rng.standard_normal((n, len(SHARES)))
    signs = np.tile(SIGNS, (n, 1))
    signs[:, -1] = 2 * owner - 1
    merit = (signs * np.sqrt(SHARES) * scores).sum(axis=1) - DELTA * group
    fair = fair_labels(rng, merit)
    y = fair * (1 - group * (rng.random(n) < BIAS))
    district = np.where(rng.random(n) < SAME_DISTRICT, group, 1 - group)
    rest = [owner, group, district, rng.normal(45.0, 12.0, n), rng.poisson(1.2, n)]
    rest += [rng.integers(0, 2, n), rng.integers(1, 13, n)]
    return np.column_stack([*_features(scores, group), *rest]), y, group, fair
