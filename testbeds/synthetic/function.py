"""A deterministic function as a testbed, and the parts that all functions share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.parameters import Float
from hpobench_lab.problem import Problem
from hpobench_lab.space import Config, Space
from hpobench_lab.testbed import Facts
from hpobench_lab.trial import Outcomes, Trials

__all__ = ["Function", "cube", "described", "median_loss", "shift"]

FloatArray = NDArray[np.float64]
Loss = Callable[[FloatArray], FloatArray]
"""Map values, shape (n, d), to losses, shape (n,), by elementwise operations only."""

SAMPLES = 2**18


@dataclass(frozen=True)
class Function:
    """Wrap a loss over values as a noise-free testbed; one nominal second an evaluation.

    Args:
        problem: Space without fidelity.
        facts: What is declared.
        loss: Maps values, shape (n, d), to losses, shape (n,).

    >>> from hpobench_lab.testbeds.synthetic.branin import branin
    >>> bed = branin()
    >>> values = bed.problem.space.values([{"x1": 0.0, "x2": 0.0}])
    >>> bed.evaluate(Trials.full(bed.problem.space, values)).losses.round(6)
    array([[55.602113]])
    """

    problem: Problem
    facts: Facts
    loss: Loss

    def evaluate(self, trials: Trials) -> Outcomes:
        """Return the losses of a batch."""
        return Outcomes.of(self.loss(trials.values))

    def score(self, trials: Trials) -> FloatArray:
        """Return the same losses, shape (n, 1): nothing is noisy here."""
        return self.loss(trials.values)[:, None]


def cube(d: int, low: float, high: float) -> Space:
    """Return the space x1 ... xd, each a ``Float`` in [low, high]."""
    return Space({f"x{j + 1}": Float(low, high) for j in range(d)})


def shift(space: Space, seed: int | None, default: float) -> FloatArray:
    """Return where an instance has its optimum, shape (d,), in values.

    Without a seed every coordinate is ``default``; with one they are uniform over the inner
    80 % of the range, rounded to six decimals, so that the optimum is a legal value.
    """
    if seed is None:
        return np.full(space.dimension, default)
    u = np.random.default_rng(seed).random(space.dimension)
    return np.asarray(np.round(space.decode(0.1 + 0.8 * u[None])[0], 6))


def described(space: Space, point: FloatArray) -> Config:
    """Return values, shape (d,), as a configuration."""
    return space.configs(np.asarray(point)[None])[0]


def median_loss(space: Space, loss: Loss, samples: int = SAMPLES) -> float:
    """Return f_ref: the median loss of one random evaluation, from seeded uniform samples."""
    x = space.uniform(np.random.default_rng(0), samples)
    return float(np.median(loss(space.decode(x))))


def reference(known: float | None, space: Space, loss: Loss) -> Mapping[str, Any]:
    """Return the fields of ``Facts`` for f_ref: the stored number, or one measured now."""
    if known is not None:
        origin = f"median of {SAMPLES} uniform samples (numpy default_rng(0)), stored"
        return {"reference": known, "reference_origin": origin}
    n = 2**16
    origin = f"median of {n} uniform samples (numpy default_rng(0)), measured for this instance"
    return {"reference": median_loss(space, loss, n), "reference_origin": origin}
