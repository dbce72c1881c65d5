"""The noise of training, drawn as whole residual curves from trainings that were repeated.

Two trainings of one configuration differ along the whole curve, not at every epoch anew, and how
much depends on the configuration. So what is stored are curves: half the difference of two
trainings, times the square root of two, on the surrogate's logistic scale, sorted by the loss that
the surrogate predicts for their configuration. A training draws one of the curves of similar
configurations, and its sign; at another fidelity of the same training it meets the same curve.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["MOST", "NEAREST", "NONE", "Noise"]

FloatArray = NDArray[np.float64]
MOST = 256
"""Curves that are stored at most."""
NEAREST = 24
"""Curves among which a training draws: those whose configurations are predicted most alike."""


@dataclass(frozen=True)
class Noise:
    """Residual curves of k configurations at L levels.

    Args:
        means: Predicted logits at full fidelity, ascending, shape (k,).
        curves: Residuals in logits, shape (k, L).
    """

    means: NDArray[np.float32]
    curves: NDArray[np.float16]

    def __bool__(self) -> bool:
        """Return whether there is any noise."""
        return len(self.means) > 0

    @classmethod
    def of(cls, means: FloatArray, curves: FloatArray) -> Noise:
        """Return the noise of residual curves, thinned evenly over the means to ``MOST``.

        Args:
            means: Predicted logits at full fidelity, shape (p,).
            curves: Residuals in logits, shape (p, L).
        """
        order = np.argsort(means, kind="stable")
        if len(order) > MOST:
            order = order[np.linspace(0, len(order) - 1, MOST).round().astype(np.intp)]
        return cls(means[order].astype(np.float32), curves[order].astype(np.float16))

    def draw(
        self, seed: NDArray[np.uint64], mean: FloatArray, fidelity: FloatArray, levels: FloatArray
    ) -> FloatArray:
        """Return residuals in logits.

        Args:
            seed: Noise stream of each training, shape (n,).
            mean: Predicted logits at full fidelity, shape (n,).
            fidelity: Where each curve is read, shape (n,).
            levels: Fidelities of the stored curves, ascending, shape (L,).

        Returns:
            Shape (n,); linear in the logarithm of the fidelity between levels.

        >>> noise = Noise.of(np.zeros(2), np.array([[0.5, 1.0], [0.25, 0.5]]))
        >>> seed, two = np.full(2, 7, np.uint64), np.array([1.0, 10.0])
        >>> drawn = noise.draw(seed, np.zeros(2), two, two)
        >>> float(drawn[1] / drawn[0])
        2.0
        """
        bits = _scrambled(seed)
        first, many = self._window(mean)
        row = first + ((bits >> np.uint64(1)) % np.uint64(many)).astype(np.int64)
        sign = 1.0 - 2.0 * (bits & np.uint64(1)).astype(np.float64)
        at = np.interp(np.log(fidelity), np.log(levels), np.arange(len(levels)))
        low = np.minimum(at.astype(np.int64), len(levels) - 1)
        high = np.minimum(low + 1, len(levels) - 1)
        part = at - low
        low_value = self.curves[row, low].astype(np.float64)
        high_value = self.curves[row, high].astype(np.float64)
        return np.asarray(sign * (low_value + part * (high_value - low_value)))

    def near(self, mean: FloatArray) -> FloatArray:
        """Return the curves among which trainings draw, shapes (n,) to (n, NEAREST, L)."""
        first, many = self._window(mean)
        return np.asarray(self.curves[first[:, None] + np.arange(many)], dtype=np.float64)

    def _window(self, mean: FloatArray) -> tuple[NDArray[np.int64], int]:
        """Return the first of the curves of similar configurations, shape (n,), and how many."""
        many = min(NEAREST, len(self.means))
        first = np.searchsorted(self.means, mean.astype(np.float32)) - many // 2
        return np.clip(first, 0, len(self.means) - many), many

    def arrays(self, prefix: str) -> dict[str, NDArray[Any]]:
        """Return what ``from_arrays`` reads, each name after ``prefix``."""
        return {f"{prefix}means": self.means, f"{prefix}curves": self.curves}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], prefix: str) -> Noise:
        """Return the noise that ``arrays`` wrote.

        Raises:
            KeyError: If an array is missing.
            ValueError: If the two do not belong together.
        """
        means, curves = arrays[prefix + "means"], arrays[prefix + "curves"]
        if curves.ndim != 2 or len(curves) != len(means):
            raise ValueError(f"noise: curves {curves.shape} do not belong to means {means.shape}")
        return cls(means, curves)


NONE = Noise(np.zeros(0, np.float32), np.zeros((0, 0), np.float16))
"""No noise: nothing was trained twice."""


def _scrambled(seed: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return well-mixed bits, elementwise (Steele, Lea, Flood 2014, SplitMix64, OOPSLA)."""
    z = seed.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))
