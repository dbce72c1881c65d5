from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from hpobench_lab.optimizers.evolutionary.evolution_strategy import EvolutionStrategy
from hpobench_lab.optimizers.model_free.random_search import RandomSearch
from hpobench_lab.parameters import Float
from hpobench_lab.problem import Problem
from hpobench_lab.space import Space
from hpobench_lab.testbed import testbed as as_testbed
from hpobench_lab.testbeds.synthetic.kernel_choice import kernel_choice


@as_testbed(space={f"x{j}": Float(-5.0, 5.0) for j in range(4)})
def sphere(config):
    return sum((v - 1.7) ** 2 for v in config.values())


@pytest.mark.parametrize("recombination", ["discrete", "intermediate"])
def test_it_converges_on_the_sphere(recombination, losses):
    make = partial(EvolutionStrategy, recombination=recombination)
    finals = [losses(sphere, make, seed, 300).min() for seed in range(3)]
    assert np.median(finals) < 0.05  # random search: about 2.6


def test_it_beats_random_search_on_a_conditional_space(losses):
    bed = kernel_choice()
    ours = [losses(bed, EvolutionStrategy, seed, 100).min() for seed in range(7)]
    random = [losses(bed, RandomSearch, seed, 100).min() for seed in range(7)]
    assert np.median(ours) < np.median(random)


def test_the_generation_is_asked_ahead_and_then_waits():
    strategy = EvolutionStrategy(Problem(Space({"a": Float(0, 1)})), np.random.default_rng(0))
    assert strategy.ahead() == 6
    trials = [strategy.ask() for _ in range(6)]
    assert None not in trials
    assert strategy.ahead() == 0
    assert strategy.ask() is None


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"mu": 9}, "1 <= mu <= lambda_"), ({"step": 0.0}, "step"), ({"recombination": "x"}, "'x'")],
)
def test_wrong_arguments_are_named(wrong, message):
    problem = Problem(Space({"a": Float(0, 1)}))
    with pytest.raises(ValueError, match=message):
        EvolutionStrategy(problem, np.random.default_rng(0), **wrong)
