from __future__ import annotations

import numpy as np
import pytest

from hpobench_lab.optimizers.model_free.random_search import RandomSearch
from hpobench_lab.optimizers.model_free.sobol import Sobol
from hpobench_lab.parameters import Categorical, Float, Int
from hpobench_lab.problem import Problem
from hpobench_lab.space import Space

MIXED = Space(
    {
        "kind": Categorical(("a", "b")),
        "rate": Float(1e-4, 1.0, log=True, when={"kind": "a"}),
        "size": Int(1, 9),
    }
)
BOUND = Space({"a": Float(0, 1), "b": Float(0, 1)}, constraints=["a + b <= 0.5"])


def rows(optimizer, n):
    return np.array([optimizer.ask().x for _ in range(n)])


@pytest.mark.parametrize("make", [RandomSearch, Sobol])
@pytest.mark.parametrize("space", [MIXED, BOUND])
def test_rows_are_legal(make, space):
    x = rows(make(Problem(space), np.random.default_rng(0)), 600)
    assert space.feasible(space.decode(x)).all()


def test_random_rows_are_those_of_the_generator_over_block_borders():
    x = rows(RandomSearch(Problem(MIXED), np.random.default_rng(3)), 700)
    raw = np.random.default_rng(3).random((700, 3))
    assert np.array_equal(x, raw)


def test_sobol_is_balanced_in_every_coordinate():
    x = rows(
        Sobol(Problem(Space({"a": Float(0, 1), "b": Float(0, 1)})), np.random.default_rng(0)), 64
    )
    for column in x.T:
        assert np.array_equal(np.bincount((column * 64).astype(int), minlength=64), np.ones(64))


def test_sobol_scrambles_by_the_generator():
    a, b, c = (rows(Sobol(Problem(MIXED), np.random.default_rng(s)), 8) for s in (0, 0, 1))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)
