"""A plain loop of ask, evaluate and tell, for tests that need no engine."""

from __future__ import annotations

import numpy as np
import pytest

from hpobench_lab.engine.log import Log
from hpobench_lab.trial import Evaluation, Trials


@pytest.fixture
def losses():
    """Return a function that drives one run: (bed, make, seed, n) to the losses, shape (n,)."""
    return _losses


def _losses(bed, make, seed, n):
    """Return the losses of n evaluations in order, shape (n,)."""
    problem = bed.problem
    log = Log(problem, n)
    optimizer = make(problem, np.random.default_rng(seed))
    for id in range(n):
        trial = optimizer.ask()
        trial.id, log.asked = id, id + 1
        values = problem.space.decode(np.asarray(trial.x)[None])
        log.values[id], log.x[id] = values[0], problem.space.encode(values)[0]
        out = bed.evaluate(Trials.full(problem.space, values))
        log.losses[id], log.status[id] = out.losses[0], out.status[0]
        optimizer.tell(Evaluation(log, id))
    return log.losses[:n, 0].copy()
