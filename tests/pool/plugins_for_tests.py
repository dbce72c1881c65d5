"""Optimizers that misbehave in ways that only another process can survive."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np

import hpobench_lab as hb


class Good:
    """Ask at random."""

    version = "1"

    def __init__(self, problem: Any, rng: np.random.Generator) -> None:
        self.problem, self.rng, self.n = problem, rng, 0

    def ask(self) -> Any:
        self.n += 1
        return self.problem.space.sample(self.rng)

    def tell(self, evaluation: Any) -> None:
        """Learn nothing."""


class Kills(Good):
    """End the process at the seventh ask."""

    def ask(self) -> Any:
        if self.n == 6:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().ask()


class KillsOnce(Good):
    """End the process at the seventh ask, the first time that it comes there."""

    def __init__(self, problem: Any, rng: np.random.Generator, *, marker: str = "") -> None:
        super().__init__(problem, rng)
        self.marker = Path(marker)

    def ask(self) -> Any:
        if self.n == 6 and not self.marker.exists():
            with self.marker.open("w"):
                os.kill(os.getpid(), signal.SIGKILL)
        return super().ask()


class Interrupts(Good):
    """Raise what usually comes from the keyboard."""

    def ask(self) -> Any:
        if self.n == 6:
            raise KeyboardInterrupt
        return super().ask()


class Hangs(Good):
    """Never come back from the seventh ask."""

    def ask(self) -> Any:
        while self.n == 6:
            pass
        return super().ask()


class Hungry(Good):
    """Ask for more memory than there is."""

    def ask(self) -> Any:
        if self.n == 6:
            self.block = np.ones(2**34, dtype=np.uint8)
        return super().ask()


@hb.testbed(space={"a": hb.Float(0, 1)})
def deadly(config: Any) -> float:
    """End the process in a corner of the space."""
    if config["a"] > 0.98:
        os._exit(11)
    return float(config["a"])
