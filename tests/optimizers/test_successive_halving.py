"""Rungs and promotions against tables written by hand from the papers."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from hpobench_lab.optimizers.multifidelity.asha import ASHA
from hpobench_lab.optimizers.multifidelity.rungs import rungs
from hpobench_lab.optimizers.multifidelity.successive_halving import SuccessiveHalving
from hpobench_lab.parameters import Float
from hpobench_lab.problem import Fidelity, Problem
from hpobench_lab.space import Space


def problem(largest=81.0, smallest=1.0):
    space = Space({"a": Float(0, 1), "b": Float(0, 1)})
    return Problem(space, fidelities=(Fidelity("epochs", smallest, largest),), continuation="same")


def told(id, loss):
    ok = np.isfinite(loss)
    return SimpleNamespace(id=id, ok=ok, loss=loss if ok else np.nan, constraints=np.zeros(0))


def play(optimizer, n, loss_of=lambda trial: trial.x[0]):
    """Ask and tell one by one; return the trials."""
    trials = []
    for id in range(n):
        trial = optimizer.ask()
        trial.id = id
        trials.append(trial)
        optimizer.tell(told(id, loss_of(trial)))
    return trials


def test_rung_sizes_are_those_of_hyperbands_most_aggressive_bracket():
    # Li et al. (2018), table 1: s = 4, R = 81, eta = 3
    table = [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)]
    trials = play(SuccessiveHalving(problem(), np.random.default_rng(0)), 121)
    levels = [t.fidelity for t in trials]
    assert levels == [float(level) for n, level in table for _ in range(n)]


def test_a_rung_is_the_best_third_of_the_one_below():
    trials = play(SuccessiveHalving(problem(9.0), np.random.default_rng(0)), 13)
    best = sorted(range(9), key=lambda i: trials[i].x[0])[:3]
    assert [t.parent for t in trials[9:12]] == best
    assert all(np.array_equal(trials[9 + k].x, trials[i].x) for k, i in enumerate(best))
    assert trials[12].parent == 9


def test_brackets_repeat_with_new_configurations():
    trials = play(SuccessiveHalving(problem(9.0), np.random.default_rng(0)), 26)
    assert [t.fidelity for t in trials[13:]] == [t.fidelity for t in trials[:13]]
    assert len({t.x.tobytes() for t in trials}) == 18


def test_a_rung_waits_for_all_of_the_one_below():
    halving = SuccessiveHalving(problem(9.0), np.random.default_rng(0))
    first = [halving.ask() for _ in range(9)]
    assert halving.ask() is None
    for id, trial in enumerate(first):
        trial.id = id
    for trial in first[::-1][:-1]:
        halving.tell(told(trial.id, trial.x[0]))
    assert halving.ask() is None
    halving.tell(told(0, first[0].x[0]))
    assert halving.ask().fidelity == 3.0


def test_the_order_of_completion_changes_no_promotion():
    promoted = []
    for order in (range(9), [4, 2, 8, 0, 1, 7, 3, 6, 5]):
        halving = SuccessiveHalving(problem(9.0), np.random.default_rng(0))
        first = [halving.ask() for _ in range(9)]
        for id, trial in enumerate(first):
            trial.id = id
        for id in order:
            halving.tell(told(id, first[id].x[0]))
        promoted.append([halving.ask().parent for _ in range(3)])
    assert promoted[0] == promoted[1]


def test_what_failed_is_never_promoted():
    halving = SuccessiveHalving(problem(9.0), np.random.default_rng(0))
    trials = play(halving, 12, lambda t: np.inf if t.fidelity == 1 and t.id > 1 else t.x[0])
    assert sorted(t.parent for t in trials[9:11]) == [0, 1]
    assert trials[11].parent in (9, 10)


@pytest.mark.parametrize("make", [SuccessiveHalving, ASHA])
def test_without_a_fidelity_it_is_random_search(make):
    space = Space({"a": Float(0, 1)})
    optimizer = make(Problem(space), np.random.default_rng(0))
    trials = play(optimizer, 20)
    assert all(t.fidelity is None and t.parent is None for t in trials)
    expected = np.random.default_rng(0).random((20, 1))
    assert np.array_equal([t.x for t in trials], expected)


def test_asha_promotes_as_soon_as_a_third_stands_below():
    """Algorithm 2 by hand, eta 3, losses 5 3 4 | 2 | 1 6 | ...; ids in order of ask."""
    losses = {0: 5.0, 1: 3.0, 2: 4.0, 3: 2.5, 4: 2.0, 5: 1.0, 6: 6.0, 7: 0.9}
    asha = ASHA(problem(9.0), np.random.default_rng(0))
    rows = [
        (1.0, None),  # 0
        (1.0, None),  # 1
        (1.0, None),  # 2: floor(3 / 3) = 1 may go up, the best of 5 3 4
        (3.0, 1),  # 3
        (1.0, None),  # 4: loss 2 leads rung 0 of four, floor(4 / 3) = 1
        (3.0, 4),  # 5
        (1.0, None),  # 6: rung 0 holds 5 3 4 2 6: floor(5 / 3) = 1 is promoted already
        (1.0, None),  # 7: loss .9 is the best of six; floor(6 / 3) = 2
        (3.0, 7),  # 8
    ]
    for id, (level, parent) in enumerate(rows):
        trial = asha.ask()
        trial.id = id
        assert (trial.fidelity, trial.parent) == (level, parent), id
        asha.tell(told(id, losses.get(id, 0.5)))
    top = asha.ask()  # rung 1 holds 2.5 1.0 0.5: the best goes to the full fidelity
    assert (top.fidelity, top.parent) == (9.0, 8)


def test_asha_never_waits_and_never_promotes_twice():
    asha = ASHA(problem(27.0), np.random.default_rng(0))
    running, parents, id = [], [], 0
    rng = np.random.default_rng(1)
    for _ in range(300):
        while len(running) < 4:
            trial = asha.ask()
            trial.id, id = id, id + 1
            running.append(trial)
            parents += [] if trial.parent is None else [trial.parent]
        trial = running.pop(int(rng.integers(4)))
        asha.tell(told(trial.id, trial.x[0]))
    assert len(parents) == len(set(parents)) > 50


def test_the_last_rung_is_the_full_fidelity():
    assert rungs(Fidelity("epochs", 1, 50), 3)[-1] == 50.0
    assert rungs(Fidelity("epochs", 2, 50), 4) == [3.125, 12.5, 50.0]
    assert rungs(Fidelity("epochs", 5, 5), 3) == [5.0]


@pytest.mark.parametrize("make", [SuccessiveHalving, ASHA])
def test_eta_must_exceed_one(make):
    with pytest.raises(ValueError, match="eta must be above 1"):
        make(problem(), np.random.default_rng(0), eta=1)
