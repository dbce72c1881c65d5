"""The fidelities at which multi-fidelity methods decide."""

from __future__ import annotations

import math

from hpobench_lab.problem import Fidelity

__all__ = ["rungs"]


def rungs(fidelity: Fidelity | None, eta: float) -> list[float | None]:
    """Return R / eta^s, ..., R / eta, R: as many geometric steps from the maximum as fit.

    Counting down from the maximum R makes the last rung the full fidelity. Without a fidelity
    there is one rung, at None.

    Raises:
        ValueError: If eta is not above 1.

    >>> rungs(Fidelity("epochs", 1, 81), 3)
    [1.0, 3.0, 9.0, 27.0, 81.0]
    >>> rungs(Fidelity("epochs", 1, 50), 3)
    [1.8518518518518519, 5.555555555555555, 16.666666666666668, 50.0]
    """
    if not eta > 1:
        raise ValueError(f"eta must be above 1, got {eta}")
    if fidelity is None:
        return [None]
    s = math.floor(math.log(fidelity.max / fidelity.min) / math.log(eta) + 1e-9)
    steps = [fidelity.max / eta**i for i in range(s, -1, -1)]
    return [max(fidelity.min, step) for step in steps]
