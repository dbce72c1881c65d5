"""A testbed whose evaluations take a while, so that a study can be killed among them."""

from __future__ import annotations

import time
from typing import Any

import hpobench_lab as hb


@hb.testbed(
    space={"a": hb.Float(0, 1), "b": hb.Float(0, 1)},
    fidelity=hb.Fidelity("epochs", 1, 9),
    continuation="same",
)
def slow(config: Any, epochs: float, seed: int) -> float:
    """Return a noisy bowl after a millisecond of work."""
    until = time.perf_counter() + 0.001
    while time.perf_counter() < until:
        pass
    noise = (seed % 1009) / 1009
    return float((config["a"] - 0.3) ** 2 + config["b"] / epochs + 0.01 * noise)
