"""From the specs of a study to live objects: where names are resolved again in every process."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpobench_lab import plugins
from hpobench_lab.engine.projected import Projected
from hpobench_lab.problem import Problem
from hpobench_lab.study import Run, TestbedSpec
from hpobench_lab.testbed import Testbed

__all__ = ["OptimizerBuilder", "open_testbed"]


def open_testbed(spec: TestbedSpec, fold: int = 0) -> Testbed:
    """Return the live testbed of a spec."""
    return plugins.testbed(spec.use, dict(spec.params), [dict(w) for w in spec.wrap])


class OptimizerBuilder:
    """Build the optimizers of runs; a selector is resolved once."""

    def __init__(self) -> None:
        self._plugins: dict[str, plugins.OptimizerPlugin] = {}

    def __call__(self, run: Run, problem: Problem, rng: np.random.Generator) -> Any:
        """Return the optimizer, projected onto a candidate list that it does not know."""
        spec = run.optimizer
        if spec.use not in self._plugins:
            self._plugins[spec.use] = plugins.optimizer(spec.use)
        factory = self._plugins[spec.use].factory

        def make(seen: Problem) -> Any:
            return factory(seen, rng, **spec.params)

        if problem.candidates is not None and "candidates" not in spec.supports:
            return Projected(make, problem)
        return make(problem)
