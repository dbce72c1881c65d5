"""Every check of a testbed catches a deliberately broken one."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest

from hpobench_lab.errors import StudyError
from hpobench_lab.problem import Problem
from hpobench_lab.space import Space
from hpobench_lab.testbed import testbed as as_testbed
from hpobench_lab.testbeds.synthetic.branin import branin
from hpobench_lab.testbeds.synthetic.currin_mf import currin_mf
from hpobench_lab.testbeds.synthetic.kernel_choice import kernel_choice
from hpobench_lab.testing import check_testbed
from hpobench_lab.trial import Outcomes, Status


class Changed:
    """Be a testbed with one thing changed."""

    def __init__(self, bed, *, evaluate=None, score=None, problem=None, **facts):
        self._bed, self._evaluate, self._score = bed, evaluate, score
        self.problem = problem or bed.problem
        self.facts = replace(bed.facts, **facts)

    def evaluate(self, trials):
        outcomes = self._bed.evaluate(trials)
        return self._evaluate(trials, outcomes) if self._evaluate else outcomes

    def score(self, trials):
        return self._score(trials) if self._score else self._bed.score(trials)


def by_batch_mean(trials, outcomes):
    return Outcomes.of(outcomes.losses + outcomes.losses.mean())


def by_position(trials, outcomes):
    return Outcomes.of(outcomes.losses[:, 0] + np.arange(len(trials)))


_calls = count()


def by_history(trials, outcomes):
    return Outcomes.of(outcomes.losses + next(_calls))


def by_seed(trials, outcomes):
    return Outcomes.of(outcomes.losses[:, 0] + trials.seed.astype(float))


def scribbles(trials, outcomes):
    trials.values[:, 0] = 0.0
    return outcomes


def needs_everything(trials, outcomes):
    return Outcomes.of(outcomes.losses[:, 0] + 0.0 * trials.values.sum(axis=1))


def discount(trials, outcomes):
    return Outcomes.of(outcomes.losses, 30.0 - trials.fidelity)


def listed(**changes):
    """Return Branin on a list of nine configurations that scores no other; the fourth is best."""
    bed = branin()
    space = bed.problem.space
    rows = space.uniform(np.random.default_rng(0), 9)
    values = space.decode(rows)
    losses = dict(
        zip(map(tuple, values), [4.0, 3.0, 2.0, 1.0, 5.0, 6.0, 7.0, 8.0, 9.0], strict=True)
    )

    def look_up(trials):
        return np.array([losses[tuple(row)] for row in trials.values])

    parts = {
        "evaluate": lambda t, _: Outcomes.of(look_up(t)),
        "score": lambda t: look_up(t)[:, None],
        "problem": replace(bed.problem, candidates=rows),
        "optimum": 1.0,
        "optimum_config": space.configs(values[3:4])[0],
        "reference": 5.0,
    }
    return Changed(bed, **(parts | changes))


def diverges(trials, outcomes):
    bad = outcomes.losses[:, 0] > 20.0
    return Outcomes.of(outcomes.losses, status=np.where(bad, Status.diverged, Status.ok))


def flat_array(trials, outcomes):
    return replace(outcomes, losses=outcomes.losses[:, 0])


class DigestOfTheHour(Space):
    """Hash by identity."""

    @property
    def digest(self):
        return str(id(self))


def fickle():
    bed = branin()
    known = bed.problem.space
    space = DigestOfTheHour({name: known[name] for name in known.names})
    return Changed(bed, problem=Problem(space))


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        (lambda: Changed(branin(), source=""), "declares its facts"),
        (lambda: Changed(branin(), reference=0.1), "declares its facts"),
        (lambda: Changed(branin(), evaluate=flat_array), "answers in the right shapes"),
        (lambda: Changed(branin(), evaluate=by_batch_mean), "a batch equals row by row"),
        (lambda: Changed(branin(), evaluate=by_position), "the order of rows changes nothing"),
        (lambda: Changed(branin(), evaluate=by_history), "the order of rows changes nothing"),
        (lambda: Changed(branin(), evaluate=scribbles), "leaves what it is given alone"),
        (lambda: Changed(branin(), evaluate=by_seed), "the seed matters only where declared"),
        (lambda: Changed(branin(), stochastic=True), "the seed matters only where declared"),
        (
            lambda: Changed(kernel_choice(), evaluate=needs_everything),
            "inactive parameters do no harm",
        ),
        (lambda: Changed(branin(), optimum=0.3), "the optimum is attained"),
        (lambda: Changed(branin(), optimum=0.5), "the optimum is not beaten"),
        (
            lambda: Changed(branin(), score=lambda t: branin().score(t) + 1.0),
            "scores what it evaluates",
        ),
        (
            lambda: Changed(
                branin(), evaluate=diverges, score=lambda t: branin().score(t) * (1.0 + 1e-15)
            ),
            "scores what it evaluates",
        ),
        (lambda: listed(optimum=1.5), "the optimum is not beaten"),
        (lambda: listed(score=lambda t: np.ones((len(t), 1))), "scores what it evaluates"),
        (lambda: Changed(currin_mf(), evaluate=discount), "cost grows with the fidelity"),
        (fickle, "the space's hash is stable"),
    ],
)
def test_the_check_catches_its_broken_testbed(broken, check):
    report = check_testbed(broken())
    assert not report.ok
    assert report[check].status == "failed", report.text()


def test_only_listed_configurations_are_asked_of_a_testbed_with_candidates():
    report = check_testbed(listed())
    assert report.ok, report.text()
    assert report["the optimum is not beaten"].status == "passed"


def test_a_diverged_row_may_be_scored():
    report = check_testbed(Changed(branin(), evaluate=diverges))
    assert report.ok, report.text()
    assert report["scores what it evaluates"].status == "passed"


def test_a_testbed_that_cannot_be_opened_is_a_failed_check(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("raise RuntimeError('broken on import')\n")
    for broken in (f"{file}:mine", SimpleNamespace(problem=None, facts=branin().facts)):
        report = check_testbed(broken)
        assert not report.ok
        assert report.checks[0].name == "can be opened"


@pytest.mark.parametrize(
    ("selector", "params", "found"),
    [
        ("synthetic/brannin", {}, "Did you mean 'synthetic/branin'"),
        ("curves/digits-rf", {"wide": True}, "no wide=true variant"),
        ("curves/digits-mlp", {"mode": "tabel"}, "got 'tabel'"),
    ],
)
def test_a_wrong_name_or_keyword_is_no_verdict_on_the_testbed(selector, params, found):
    with pytest.raises(StudyError, match=found):
        check_testbed(selector, **params)


@as_testbed(space=branin().problem.space, optimum=0.0)
def mine(config):
    return config["x1"] ** 2 + config["x2"]


def test_a_plain_function_conforms_and_is_told_what_it_does_not_declare():
    report = check_testbed(mine)
    assert report.ok, report.text()
    assert "reference" in report["declares its facts"].detail
