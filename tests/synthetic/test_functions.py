"""Optima, published values and batches of the synthetic testbeds."""

from __future__ import annotations

import importlib
import itertools
import math

import numpy as np
import pytest

from hpobench_lab.testbeds.synthetic.ackley import ackley10, ackley_loss
from hpobench_lab.testbeds.synthetic.branin import branin_loss
from hpobench_lab.testbeds.synthetic.currin_mf import currin_loss, currin_mf
from hpobench_lab.testbeds.synthetic.function import median_loss
from hpobench_lab.testbeds.synthetic.hartmann6 import hartmann6_loss
from hpobench_lab.testbeds.synthetic.kernel_choice import SPACE, kernel_choice_loss
from hpobench_lab.testbeds.synthetic.levy import levy5, levy_loss
from hpobench_lab.testbeds.synthetic.rosenbrock import rosenbrock5, rosenbrock_loss
from hpobench_lab.testbeds.synthetic.roster import ROSTER
from hpobench_lab.trial import Trials


def opened(target):
    module, name = target.split(":")
    return getattr(importlib.import_module(module), name)()


BEDS = {name: opened(target) for name, target in ROSTER.items()}


@pytest.mark.parametrize(
    ("loss", "point", "published"),
    [
        # Surjanovic, Bingham, Virtual Library of Simulation Experiments
        (branin_loss, [math.pi, 2.275], 0.397887),
        (branin_loss, [-math.pi, 12.275], 0.397887),
        (branin_loss, [9.42478, 2.475], 0.397887),
        (hartmann6_loss, [0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573], -3.32237),
        (lambda v: ackley_loss(v, np.zeros(3)), [0.0, 0.0, 0.0], 0.0),
        (lambda v: levy_loss(v, np.ones(3)), [1.0, 1.0, 1.0], 0.0),
        (lambda v: rosenbrock_loss(v, np.ones(3)), [1.0, 1.0, 1.0], 0.0),
        (currin_loss, [0.21667, 0.0], -13.798722),
    ],
)
def test_published_minima(loss, point, published):
    assert loss(np.array([point]))[0] == pytest.approx(published, abs=1e-5)


def plain_ackley(x):
    d = len(x)
    a = math.exp(-0.2 * math.sqrt(sum(v * v for v in x) / d))
    b = math.exp(sum(math.cos(2 * math.pi * v) for v in x) / d)
    return -20 * a - b + 20 + math.e


def plain_levy(x):
    w = [1 + (v - 1) / 4 for v in x]
    inner = sum((v - 1) ** 2 * (1 + 10 * math.sin(math.pi * v + 1) ** 2) for v in w[:-1])
    last = (w[-1] - 1) ** 2 * (1 + math.sin(2 * math.pi * w[-1]) ** 2)
    return math.sin(math.pi * w[0]) ** 2 + inner + last


def plain_rosenbrock(x):
    return sum(100 * (b - a * a) ** 2 + (a - 1) ** 2 for a, b in itertools.pairwise(x))


def plain_currin(x):
    ratio = (2300 * x[0] ** 3 + 1900 * x[0] ** 2 + 2092 * x[0] + 60) / (
        100 * x[0] ** 3 + 500 * x[0] ** 2 + 4 * x[0] + 20
    )
    return -(1 - math.exp(-1 / (2 * x[1]))) * ratio if x[1] else -ratio


@pytest.mark.parametrize(
    ("ours", "textbook", "low", "high", "d"),
    [
        (lambda v: ackley_loss(v, np.zeros(4)), plain_ackley, -32.768, 32.768, 4),
        (lambda v: levy_loss(v, np.ones(4)), plain_levy, -10, 10, 4),
        (lambda v: rosenbrock_loss(v, np.ones(4)), plain_rosenbrock, -5, 10, 4),
        (currin_loss, plain_currin, 0, 1, 2),
    ],
)
def test_rearranged_formulas_equal_the_textbook(ours, textbook, low, high, d):
    values = np.random.default_rng(0).uniform(low, high, (50, d))
    assert ours(values) == pytest.approx([textbook(row) for row in values], rel=1e-9, abs=1e-9)


def test_the_least_effort_is_the_published_cheap_currin():
    # Xiong, Qian, Wu (2013): the mean over four points at +-0.05, x2 not below 0
    values = np.random.default_rng(0).uniform(0, 1, (50, 2))
    corners = [
        sum(plain_currin((a + s, max(0.0, b + t))) for s in (0.05, -0.05) for t in (0.05, -0.05))
        / 4
        for a, b in values
    ]
    assert currin_loss(values, np.ones(50)) == pytest.approx(corners, rel=1e-9)


def test_currin_costs_its_effort():
    bed = currin_mf()
    values = bed.problem.space.values([{"x1": 0.5, "x2": 0.5}] * 3)
    trials = Trials.full(bed.problem.space, values)
    for effort in (1.0, 9.0, 27.0):
        level = Trials(
            trials.space,
            trials.values,
            trials.x,
            np.full((3, 1), effort),
            trials.seed,
            trials.replicate,
        )
        assert bed.evaluate(level).cost_s.tolist() == [effort] * 3


@pytest.mark.parametrize("name", ROSTER)
def test_the_optimum_is_exactly_the_loss_of_its_configuration(name):
    bed = BEDS[name]
    values = bed.problem.space.values([bed.facts.optimum_config])
    top = [f.max for f in bed.problem.fidelities]
    loss = bed.evaluate(Trials.full(bed.problem.space, values, top)).losses[0, 0]
    assert loss == bed.facts.optimum


@pytest.mark.parametrize("name", ROSTER)
def test_the_stored_reference_is_the_median_of_random_evaluations(name):
    bed = BEDS[name]
    space = bed.problem.space
    top = [f.max for f in bed.problem.fidelities]

    def loss(values):
        return bed.score(Trials.full(space, values, top))[:, 0]

    assert "stored" in bed.facts.reference_origin
    gap = bed.facts.reference - bed.facts.optimum
    assert median_loss(space, loss, 2**14) - bed.facts.optimum == pytest.approx(gap, rel=0.1)


@pytest.mark.parametrize("name", ROSTER)
def test_the_name_is_the_rosters(name):
    assert BEDS[name].facts.name == f"synthetic/{name}"


def test_every_testbed_is_its_own_source():
    assert len({bed.facts.source for bed in BEDS.values()}) == len(BEDS)


@pytest.mark.parametrize("make", [ackley10, levy5, rosenbrock5])
def test_the_optimum_moves_with_the_shift_seed(make):
    where = {str(make(shift_seed=seed).facts.optimum_config) for seed in (None, 0, 1, 2)}
    assert len(where) == 4
    other = make(shift_seed=9).facts
    assert "measured" in other.reference_origin
    assert other.reference > other.optimum == 0.0


def test_default_shifts_put_the_optimum_away_from_the_centre():
    for name in ("ackley10", "levy5", "rosenbrock5"):
        bed = BEDS[name]
        x = bed.problem.space.encode(bed.problem.space.values([bed.facts.optimum_config]))
        assert np.abs(x - 0.5).max() > 0.2
        assert np.ptp(x) > 0.2


@pytest.mark.parametrize("kernel", ["linear", "poly"])
def test_the_other_kernels_end_above_the_optimum(kernel):
    x = SPACE.uniform(np.random.default_rng(0), 100_000)
    values = SPACE.decode(x)
    chosen = values[:, 0] == SPACE["kernel"].code(kernel)
    assert kernel_choice_loss(values[chosen]).min() >= {"linear": 0.08, "poly": 0.03}[kernel]
