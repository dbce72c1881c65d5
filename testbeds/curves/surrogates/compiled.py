"""The trees of a surrogate compiled by numba: the same bits as ``Trees.predict``, faster.

A row is compared with every threshold once. Then eight rows descend one tree together, or one row
four trees, so that the processor has several independent look-ups under way; the leaves are added
in the order of the trees, in float64, as NumPy's path adds them.
Importing numba and loading (or once making) the machine code takes about a second, so ``Predictor``
lets NumPy work until that second would have been saved. Results do not depend on the switch.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.testbeds.curves.surrogates.trees import Trees

__all__ = ["Predictor", "compiled", "installed"]

FloatArray = NDArray[np.float64]
CALL, SWITCH = 4, 60_000
"""What a call costs NumPy in rows of a large batch; rows after which numba is worth its import."""


def installed() -> bool:
    """Return whether numba can be imported, without importing it."""
    return find_spec("numba") is not None


def _sums(features: Any, thresholds: Any, starts: Any, asked: Any, leaves: Any, base: float) -> Any:
    """Return the sums of rows; written for numba, which inlines nothing but what is written here.

    Shapes as in ``Trees``; ``answers`` says which thresholds a row reaches, the last one never.
    """
    n, width = features.shape
    trees, inner = asked.shape
    rows = 8
    answers = np.zeros((rows, len(thresholds) + 1), np.uint8)
    out = np.zeros(n, np.float64)
    for begin in range(0, n, rows):
        many = min(rows, n - begin)
        for i in range(many):
            for j in range(width):
                value = np.float32(features[begin + i, j])
                for k in range(starts[j], starts[j + 1]):
                    answers[i, k] = thresholds[k] <= value
        if many == rows:
            for t in range(trees):
                a = b = c = d = e = f = g = h = 0
                while a < inner:  # trees of one depth: all rows reach their leaves together
                    a = 2 * a + 1 + answers[0, asked[t, a]]
                    b = 2 * b + 1 + answers[1, asked[t, b]]
                    c = 2 * c + 1 + answers[2, asked[t, c]]
                    d = 2 * d + 1 + answers[3, asked[t, d]]
                    e = 2 * e + 1 + answers[4, asked[t, e]]
                    f = 2 * f + 1 + answers[5, asked[t, f]]
                    g = 2 * g + 1 + answers[6, asked[t, g]]
                    h = 2 * h + 1 + answers[7, asked[t, h]]
                out[begin] += leaves[t, a - inner]
                out[begin + 1] += leaves[t, b - inner]
                out[begin + 2] += leaves[t, c - inner]
                out[begin + 3] += leaves[t, d - inner]
                out[begin + 4] += leaves[t, e - inner]
                out[begin + 5] += leaves[t, f - inner]
                out[begin + 6] += leaves[t, g - inner]
                out[begin + 7] += leaves[t, h - inner]
            continue
        for i in range(many):
            total, t = 0.0, 0
            while t + 4 <= trees:
                a = b = c = d = 0
                while a < inner:
                    a = 2 * a + 1 + answers[i, asked[t, a]]
                    b = 2 * b + 1 + answers[i, asked[t + 1, b]]
                    c = 2 * c + 1 + answers[i, asked[t + 2, c]]
                    d = 2 * d + 1 + answers[i, asked[t + 3, d]]
                total += leaves[t, a - inner]
                total += leaves[t + 1, b - inner]
                total += leaves[t + 2, c - inner]
                total += leaves[t + 3, d - inner]
                t += 4
            while t < trees:
                a = 0
                while a < inner:
                    a = 2 * a + 1 + answers[i, asked[t, a]]
                total += leaves[t, a - inner]
                t += 1
            out[begin + i] = total
    return out + base


@cache
def _kernel() -> Callable[..., FloatArray]:
    import numba

    options = {"nogil": True, "error_model": "numpy"}
    try:
        kernel = numba.njit(cache=True, **options)(_sums)
    except RuntimeError:  # no folder for the machine code can be written
        kernel = numba.njit(**options)(_sums)
    return kernel  # type: ignore[no-any-return]


def compiled(trees: Trees) -> Callable[[FloatArray], FloatArray]:
    """Return ``trees.predict`` as machine code.

    Raises:
        ImportError: If numba is not installed.
    """
    kernel = _kernel()
    asked = trees.asked.astype(np.uint16 if len(trees.thresholds) < 65_536 else np.uint32)
    parts = trees.thresholds, trees.starts, asked, trees.leaves, trees.base
    return lambda features: kernel(np.ascontiguousarray(features), *parts)


class Predictor:
    """Evaluate trees: NumPy at first, machine code once there is enough to do.

    Args:
        trees: What to evaluate.

    ``predict`` has the bits of ``Trees.predict`` before and after the switch.
    """

    def __init__(self, trees: Trees) -> None:
        self.trees = trees
        self._predict: Callable[[FloatArray], FloatArray] = trees.predict
        self._left = SWITCH if installed() else np.inf

    def predict(self, features: FloatArray) -> FloatArray:
        """Return the sums, shape (n, F) to (n,)."""
        if 0 < self._left < np.inf:
            self._left -= CALL + len(features)
            if self._left <= 0:
                self._predict = compiled(self.trees)
        return self._predict(features)
