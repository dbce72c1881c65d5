from __future__ import annotations

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.integrate import trapezoid
from scipy.stats import wilcoxon

from hpobench_lab.optimizers.bayesian.parzen import Parzen
from hpobench_lab.optimizers.bayesian.tpe import TPE
from hpobench_lab.optimizers.model_free.random_search import RandomSearch
from hpobench_lab.parameters import Categorical, Float, Int
from hpobench_lab.problem import Problem
from hpobench_lab.space import Space
from hpobench_lab.testbeds.synthetic.hartmann6 import hartmann6


def test_it_beats_random_search_on_hartmann6(losses):
    bed = hartmann6()
    ours = [losses(bed, TPE, seed, 60).min() for seed in range(12)]
    random = [losses(bed, RandomSearch, seed, 60).min() for seed in range(12)]
    assert wilcoxon(ours, random, alternative="less").pvalue < 0.01


def test_densities_integrate_to_one():
    space = Space({"a": Float(0, 1), "k": Categorical(("p", "q", "r")), "i": Int(0, 4)})
    parzen = Parzen(space, True, 1.0, 0.05)
    rows = space.uniform(np.random.default_rng(0), 12)
    a = np.linspace(0, 1, 2001)
    total = 0.0
    for k in range(3):
        for i in range(5):
            x = np.column_stack([a, np.full(2001, (k + 0.5) / 3), np.full(2001, (i + 0.5) / 5)])
            snapped, codes = parzen._snapped(x)
            density = np.exp(parzen._log_density(parzen._mixture(rows), snapped, codes))
            total += trapezoid(density, a)
    assert total == pytest.approx(1.0, abs=1e-4)


def test_conditional_densities_integrate_to_one():
    space = Space({"k": Categorical(("p", "q")), "a": Float(0, 1, when={"k": "p"})})
    parzen = Parzen(space, True, 1.0, 0.05)
    rows = np.array([parzen.observed(x) for x in space.uniform(np.random.default_rng(0), 9)])
    mixture, a = parzen._mixture(rows), np.linspace(0, 1, 2001)
    density = [
        np.exp(
            parzen._log_density(mixture, *parzen._snapped(np.column_stack([np.full(2001, k), a])))
        )
        for k in (0.25, 0.75)
    ]
    assert trapezoid(density[0], a) + density[1][0] == pytest.approx(1.0, abs=1e-4)


def test_draws_follow_the_density():
    space = Space({"a": Float(0, 1), "k": Categorical(("p", "q", "r"))})
    parzen = Parzen(space, True, 1.0, 0.05)
    rows = space.canonical([[0.2, 0.1], [0.25, 0.1], [0.7, 0.9]])
    x, _ = parzen._snapped(parzen._sample(np.random.default_rng(0), parzen._mixture(rows), 40_000))
    for k in range(3):
        for low in (0.0, 0.25, 0.5, 0.75):
            grid = np.linspace(low, low + 0.25, 501)
            points, codes = parzen._snapped(np.column_stack([grid, np.full(501, (k + 0.5) / 3)]))
            density = np.exp(parzen._log_density(parzen._mixture(rows), points, codes))
            cell = (x[:, 0] >= low) & (x[:, 0] < low + 0.25) & (np.floor(x[:, 1] * 3) == k)
            assert cell.mean() == pytest.approx(trapezoid(density, grid), abs=0.012)


def test_pending_trials_push_the_next_one_away():
    problem = Problem(Space({"a": Float(0, 1)}), workers=8)
    spread = []
    for pending in (False, True):
        tpe = TPE(problem, np.random.default_rng(0))
        _teach(tpe, 20)
        if not pending:
            state = tpe._pending
        asked = []
        for _ in range(8):
            asked.append(tpe.ask().x[0])
            if not pending:
                state.clear()
        spread.append(np.ptp(asked))
    assert spread[1] > spread[0]


def _teach(tpe, n):
    for id in range(n):
        trial = tpe.ask()
        trial.id = id
        loss = float((trial.x[0] - 0.4) ** 2)
        tpe.tell(SimpleNamespace(id=id, x=trial.x, ok=True, loss=loss, constraints=np.zeros(0)))


def test_univariate_mode_solves_a_separable_problem():
    tpe = TPE(Problem(Space({"a": Float(0, 1)})), np.random.default_rng(0), multivariate=False)
    _teach(tpe, 60)
    assert abs(tpe._x[tpe._ranked[0][2], 0] - 0.4) < 0.02


@pytest.mark.parametrize("wrong", [{"startup": 0}, {"gamma": 0.0}, {"prior_weight": 0.0}])
def test_wrong_arguments_are_named(wrong):
    (name,) = wrong
    with pytest.raises(ValueError, match=name):
        partial(TPE, **wrong)(Problem(Space({"a": Float(0, 1)})), np.random.default_rng(0))
