"""MNIST-1D: ten one-dimensional strokes that are moved, stretched, tilted and noised.

The templates and the constants are those of Greydanus, Kobak (2024), "Scaling down deep learning
with MNIST-1D", ICML, arXiv:2011.14439, appendix A, and of the authors' generator (Apache-2.0,
https://github.com/greydanus/mnist1d). The rows are ours: 200 a class, drawn here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["CLASSES", "FEATURES", "draw"]

CLASSES, FEATURES = 10, 40
PADDING = (36, 60)
SCALE, SHIFTS, SHEAR = 0.4, 48, 0.75
CORRELATED, WIDTH, INDEPENDENT = 0.25, 2.0, 0.02
LENGTH = 72
"""Points of a padded stroke: 12 and the widest padding."""

STROKES = """
5 6 6.5 6.75 7 7 7 7 6.75 6.5 6 5
5 3 3 3.4 3.8 4.2 4.6 5 5.4 5.8 5 5
5 6 6.5 6.5 6 5.25 4.75 4 3.5 3.5 4 5
5 6 6.5 6.5 6 5 5 6 6.5 6.5 6 5
5 4.4 3.8 3.2 2.6 2.6 5 5 5 5 5 5
5 3 3 3 3 5 6 6.5 6.5 6 4.5 5
5 4 3.5 3.25 3 3 3 3 3.25 3.5 4 5
5 7 7 6.6 6.2 5.8 5.4 5 4.6 4.2 5 5
5 4 3.5 3.5 4 5 5 4 3.5 3.5 4 5
5 4 3.5 3.5 4 5 5 5 5 4.7 4.3 5
"""
"""Heights of the digits 0 to 9, one a line."""

FloatArray = NDArray[np.float64]


def templates() -> FloatArray:
    """Return the strokes, shape (10, 12): unit deviation over 6, beginning at zero."""
    heights = np.array([line.split() for line in STROKES.strip().splitlines()], dtype=float)
    unit = heights / heights.std(axis=1, keepdims=True)
    return np.asarray((unit - unit[:, :1]) / 6.0)


def _stretched(strokes: FloatArray, padding: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Pad each stroke with zeros and resample it; also say where the stroke is, (n, LENGTH)."""
    n, points = strokes.shape
    closed = np.pad(strokes, ((0, 0), (0, 2)))
    at = np.linspace(0.0, 1.0, LENGTH) * (points - 1 + padding[:, None])
    left = np.minimum(at.astype(int), points)
    part = np.where(left < points, at - left, 0.0)
    row = np.arange(n)[:, None]
    return closed[row, left] * (1.0 - part) + closed[row, left + 1] * part, at < points


def _subsampled(signals: FloatArray) -> FloatArray:
    """Resample linearly to ``FEATURES`` points."""
    at = np.linspace(0.0, signals.shape[1] - 1.0, FEATURES)
    left = np.minimum(at.astype(int), signals.shape[1] - 2)
    part = at - left
    return np.asarray(signals[:, left] * (1.0 - part) + signals[:, left + 1] * part)


def draw(rng: np.random.Generator, n: int) -> tuple[FloatArray, NDArray[np.int64]]:
    """Draw n rows, as many of every class as of the others up to one.

    Returns:
        Signals, shape (n, 40), and digits, shape (n,).

    >>> x, y = draw(np.random.Generator(np.random.Philox(0)), 20)
    >>> x.shape, np.bincount(y).tolist()
    ((20, 40), [2, 2, 2, 2, 2, 2, 2, 2, 2, 2])
    """
    from scipy.ndimage import gaussian_filter1d

    y = np.arange(n) % CLASSES
    padding = rng.integers(PADDING[0], PADDING[1], n, endpoint=True).astype(float)
    x, stroke = _stretched(templates()[y], padding)
    x *= 1.0 + SCALE * (rng.random((n, 1)) - 0.5)
    shifted = (np.arange(LENGTH) - rng.integers(0, SHIFTS, (n, 1))) % LENGTH
    x, stroke = np.take_along_axis(x, shifted, 1), np.take_along_axis(stroke, shifted, 1)
    noise = gaussian_filter1d(CORRELATED * rng.standard_normal((n, LENGTH)), WIDTH, axis=1)
    x = np.where(stroke, x, noise) + INDEPENDENT * rng.standard_normal((n, LENGTH))
    x -= SHEAR * (rng.random((n, 1)) - 0.5) * np.linspace(-0.5, 0.5, LENGTH)
    return _subsampled(x), y
