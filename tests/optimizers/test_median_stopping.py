"""The median stopping rule by hand, and against Optuna's."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from hpobench_lab import plugins
from hpobench_lab.optimizers.multifidelity.median_stopping import MedianStopping, reports
from hpobench_lab.parameters import Float
from hpobench_lab.problem import Fidelity, Problem
from hpobench_lab.space import Space
from hpobench_lab.trial import Trials

FULL = 4


def problem(continuation="same", smallest=1.0, largest=FULL):
    fidelities = (Fidelity("epochs", smallest, largest),)
    return Problem(Space({"a": Float(0, 1)}), fidelities=fidelities, continuation=continuation)


def told(id, loss, constraints=()):
    ok = np.isfinite(loss)
    return SimpleNamespace(
        id=id, ok=ok, loss=loss if ok else np.nan, constraints=np.array(constraints)
    )


def make(**arguments):
    return MedianStopping(problem(), np.random.default_rng(0), **{"steps": FULL} | arguments)


def play(optimizer, curves, *, constraints=lambda trial, step: ()):
    """Ask and tell one by one until the given curves are used up; return (trial, step) in order."""
    owner, asked, started = {}, [], 0
    while True:
        trial = optimizer.ask()
        trial.id = len(asked)
        if trial.parent is None:
            if started == len(curves):
                return asked
            owner[trial.id], started = (started, 1), started + 1
        else:
            curve, step = owner[trial.parent]
            owner[trial.id] = curve, step + 1
        curve, step = owner[trial.id]
        assert trial.fidelity == step
        asked.append((curve, step))
        loss = curves[curve][step - 1]
        optimizer.tell(told(trial.id, loss, constraints(curve, step)))


def lengths(asked):
    """Return how many steps each trial was given."""
    return [sum(curve == i for curve, _ in asked) for i in range(1 + max(c for c, _ in asked))]


def test_the_rule_by_hand():
    # Running averages of the completed trials 0, 1, 2 after steps 1 to 4:
    #   8, 6, 5, 4.25      4, 4, 4, 4      9, 8, 7, 6      medians: 8, 6, 5, 4.25
    complete = [(8, 4, 3, 2), (4, 4, 4, 4), (9, 7, 5, 3)]
    tried = [
        (8.5, 0, 0, 0),  # 8.5 > 8: stopped at step 1
        (8, 6.5, 0, 0),  # 8 = 8 goes on; its best, 6.5 > 6: stopped at step 2
        (7, 6, 5.5, 0),  # 6 = 6 goes on; 5.5 > 5: stopped at step 3
        (5, 9, 9, 9),  # its best, 5, is never above 8, 6, 5: evaluated in full
    ]
    assert lengths(play(make(min_trials=3), complete + tried)) == [4, 4, 4, 1, 2, 3, 4]


def test_the_median_of_an_even_number_is_the_middle_of_two():
    complete = [(1, 1, 1, 1), (3, 3, 3, 3)]
    tried = [(2.1, 2.1, 2.1, 2.1), (2, 2, 2, 2)]
    assert lengths(play(make(min_trials=2), complete + tried)) == [4, 4, 1, 4]


def test_stopped_trials_do_not_move_the_bar():
    bad = [(9, 9, 9, 9)] * 7
    between = [(1.5, 1.5, 1.5, 1.5)]
    asked = play(make(min_trials=1), [(1, 1, 1, 1), *bad, *between])
    assert lengths(asked) == [4] + [1] * 8


@pytest.mark.parametrize("min_trials", [1, 2, 5])
def test_nothing_is_stopped_before_enough_trials_are_completed(min_trials):
    worse_and_worse = [(i, i, i, i) for i in range(1, 9)]
    expected = [4] * min_trials + [1] * (8 - min_trials)
    assert lengths(play(make(min_trials=min_trials), worse_and_worse)) == expected


@pytest.mark.parametrize("grace", [1, 2, 3, 4, 9])
def test_nothing_is_stopped_before_the_grace_report(grace):
    asked = play(make(min_trials=1, grace=grace), [(1, 1, 1, 1), (2, 2, 2, 2)])
    assert lengths(asked) == [4, min(grace, 4)]


def test_what_fails_is_given_up_and_counts_nowhere():
    failing = [(1, np.nan, 0, 0), (np.inf, 0, 0, 0)]
    asked = play(make(min_trials=2), [*failing, (2, 2, 2, 2), (4, 4, 4, 4), (3.5, 3.5, 3.5, 3.5)])
    assert lengths(asked) == [2, 1, 4, 4, 1]


def test_what_breaks_a_constraint_is_worse_than_any_loss():
    asked = play(
        make(min_trials=1),
        [(5, 5, 5, 5), (1, 1, 1, 1)],
        constraints=lambda trial, step: (1.0,) if trial == 1 else (0.0,),
    )
    assert lengths(asked) == [4, 1]


def test_a_trial_that_goes_on_comes_before_a_new_one_and_names_its_last_step():
    optimizer = make()
    first, second = optimizer.ask(), optimizer.ask()
    first.id, second.id = 0, 1
    optimizer.tell(told(1, 1.0))
    optimizer.tell(told(0, 2.0))
    later = [optimizer.ask() for _ in range(3)]
    assert [t.parent for t in later] == [1, 0, None]
    assert [t.fidelity for t in later] == [2.0, 2.0, 1.0]
    assert np.array_equal(later[0].x, second.x)


def test_workers_may_finish_in_any_order():
    optimizer, rng = make(min_trials=1), np.random.default_rng(3)
    running, steps, id = [], {}, 0
    for _ in range(400):
        while len(running) < 4:
            trial = optimizer.ask()
            trial.id, id = id, id + 1
            steps[trial.id] = 1 + steps.get(trial.parent, 0)
            assert trial.fidelity == steps[trial.id]
            running.append(trial)
        trial = running.pop(int(rng.integers(4)))
        optimizer.tell(told(trial.id, float(trial.x[0]) + 1 / steps[trial.id]))
    counts = np.bincount(list(steps.values()))[1:]
    assert counts[0] > counts[1] > counts[3] > 0


def test_without_a_fidelity_it_is_random_search():
    plain = Problem(Space({"a": Float(0, 1)}))
    optimizer = MedianStopping(plain, np.random.default_rng(0))
    trials = [optimizer.ask() for _ in range(20)]
    assert all(t.fidelity is None and t.parent is None for t in trials)
    assert np.array_equal([t.x for t in trials], np.random.default_rng(0).random((20, 1)))


@pytest.mark.parametrize("steps", [1, 2, 10, 1000])
@pytest.mark.parametrize("smallest", [1.0, 3.0, 50.0])
def test_reports_rise_inside_the_fidelity_and_end_in_full(steps, smallest):
    levels = reports(problem("same", smallest, 50.0), steps)
    assert levels == sorted(set(levels))
    assert levels[0] >= smallest
    assert levels[-1] == 50.0


@pytest.mark.parametrize("largest", [2.0, 27.0, 1000.0])
def test_where_steps_are_paid_from_scratch_they_cost_half_as_much_again_at_most(largest):
    levels = reports(problem("none", 1.0, largest), 10)
    assert sum(levels) <= 1.5 * largest


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"grace": 0}, {"min_trials": 0}])
def test_counts_must_be_positive(wrong):
    with pytest.raises(ValueError, match="at least 1, got"):
        make(**wrong)


@pytest.mark.parametrize("name", ["curves/digits-mlp", "curves/breast-cancer-xgb"])
def test_on_a_table_it_spends_less_than_random_search_on_as_many_configurations(name):
    bed = plugins.testbed(name)
    curves, epochs = _curves(bed, 60, 10)
    optimizer = MedianStopping(bed.problem, np.random.default_rng(0), steps=10)
    spent, left, row, best, level = 0.0, 60, {}, np.inf, {}
    for id in range(10_000):
        trial = optimizer.ask()
        trial.id = id
        if trial.parent is None:
            if left == 0:
                break
            left -= 1
        row[id] = row[trial.parent] if trial.parent is not None else 59 - left
        level[id] = trial.fidelity
        spent += trial.fidelity - level.get(trial.parent, 0.0)
        loss = curves[row[id], epochs.index(trial.fidelity)]
        best = min(best, loss)
        optimizer.tell(told(id, loss))
    everything = 60 * bed.problem.fidelity.max
    assert spent < 0.5 * everything
    assert best <= np.nanquantile(curves[:, -1], 0.1)


def _curves(bed, n, steps):
    """Return the losses that the optimizer of seed 0 meets, shape (n, steps), and the levels."""
    search = MedianStopping(bed.problem, np.random.default_rng(0), steps=steps)
    values = bed.problem.space.decode(np.array([search.ask().x for _ in range(n)]))
    levels = reports(bed.problem, steps)
    columns = [
        bed.evaluate(Trials.full(bed.problem.space, values, [level])).losses[:, 0]
        for level in levels
    ]
    return np.stack(columns, axis=1), levels


def test_on_flat_curves_optuna_stops_what_we_stop():
    # a running average is the last value there, so that the two rules are one
    optuna = pytest.importorskip("optuna", reason="compares with Optuna's MedianPruner")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    levels = np.random.default_rng(5).random(60)
    mine = lengths(play(make(), [(v,) * FULL for v in levels]))
    study = optuna.create_study(pruner=optuna.pruners.MedianPruner())
    theirs = []
    for value in levels:
        trial = study.ask()
        for step in range(FULL):
            trial.report(value, step)
            if step < FULL - 1 and trial.should_prune():
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                break
        else:
            study.tell(trial, value)
        theirs.append(step + 1)
    assert mine == theirs


def test_on_falling_curves_our_rule_is_laxer_than_optunas():
    """The paper's running averages lie above the last value of a falling curve."""
    optuna = pytest.importorskip("optuna", reason="compares with Optuna's MedianPruner")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    complete = [(9, 5, 3, 1)] * 5
    between = (9, 6, 5, 4)  # averages 9 7 5.67 4.5, last values 9 5 3 1
    assert lengths(play(make(), [*complete, between]))[-1] == 4
    study = optuna.create_study(pruner=optuna.pruners.MedianPruner())
    for curve in complete:
        trial = study.ask()
        for step, loss in enumerate(curve):
            trial.report(loss, step)
        study.tell(trial, curve[-1])
    trial = study.ask()
    trial.report(between[0], 0)
    assert not trial.should_prune()
    trial.report(between[1], 1)
    assert trial.should_prune()
