"""Every check of an optimizer catches a deliberately broken one, and only that check need."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from hpobench_lab.optimizer import optimizer
from hpobench_lab.optimizers.model_free.random_search import RandomSearch
from hpobench_lab.testing import check_optimizer
from hpobench_lab.trial import Trial


class Outside(RandomSearch):
    """Ask beyond the cube."""

    def ask(self):
        return Trial(x=1.5 * super().ask().x)


class LooksOnlyContinuous(RandomSearch):
    """Ask with every parameter active."""

    def ask(self):
        row = super().ask().x
        return {name: p.value(p.from_unit(row[j : j + 1])[0]) for j, (name, p) in self.items()}

    def items(self):
        return enumerate((name, self._space[name]) for name in self._space.names)


class TooLittle(RandomSearch):
    """Ask for a fidelity below the least one."""

    def __init__(self, problem, rng):
        super().__init__(problem, rng)
        self.level = 0.1 if problem.fidelity else None

    def ask(self):
        trial = super().ask()
        trial.fidelity = self.level
        return trial


class GlobalRandom(RandomSearch):
    """Draw from NumPy's global generator."""

    def ask(self):
        return Trial(x=np.random.random(self._space.dimension))  # noqa: NPY002


class Serial(RandomSearch):
    """Insist on being told before the next ask."""

    def __init__(self, problem, rng):
        super().__init__(problem, rng)
        self.pending = 0

    def ask(self):
        if self.pending:
            raise RuntimeError("tell me first")
        self.pending += 1
        return super().ask()

    def tell(self, evaluation):
        self.pending -= 1

    ahead = None


_COUNT = itertools.count()


class Remembers(RandomSearch):
    """Keep state in the module, from run to run."""

    def ask(self):
        trial = super().ask()
        return Trial(x=(trial.x + 1e-3 * next(_COUNT)) % 1.0)


class Impatient(RandomSearch):
    """Claim to ask ahead while it follows what it is told."""

    def __init__(self, problem, rng):
        super().__init__(problem, rng)
        self.told = 0

    def tell(self, evaluation):
        self.told += 1

    def ask(self):
        row = super().ask().x
        return Trial(x=self._space.canonical((row[None] + 0.01 * self.told) % 1.0)[0])


class Trusting(RandomSearch):
    """Believe that every evaluation is a number."""

    def tell(self, evaluation):
        if not np.isfinite(evaluation.loss):
            raise ValueError("expected a number")


class DividesBySpread(RandomSearch):
    """Standardise the losses without a thought for equal ones."""

    def __init__(self, problem, rng):
        super().__init__(problem, rng)
        self.losses = []

    def tell(self, evaluation):
        self.losses.append(evaluation.loss)
        known = [loss for loss in self.losses if loss == loss]
        if len(known) > 5 and max(known) == min(known):
            raise ZeroDivisionError("spread")


class Flatters(RandomSearch):
    """Write into the log behind an evaluation."""

    def tell(self, evaluation):
        evaluation._log.losses[evaluation.id] = -1.0


class Silent(RandomSearch):
    """Wait from the start, for nothing."""

    def ask(self):
        return None


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        (Outside, "stays inside the space: continuous"),
        (LooksOnlyContinuous, "stays inside the space: mixed and conditional"),
        (Outside, "stays inside the space: integers"),
        (TooLittle, "stays inside the space: with a fidelity"),
        (GlobalRandom, "same seed, same trajectory"),
        (Serial, "works with four trials pending"),
        (Remembers, "replays from the middle"),
        (Impatient, "asks ahead honestly"),
        (Trusting, "survives failed evaluations"),
        (DividesBySpread, "survives equal losses"),
        (Flatters, "leaves what it is told alone"),
        (Silent, "asks until the budget ends"),
    ],
)
def test_the_check_catches_its_broken_optimizer(broken, check):
    report = check_optimizer(broken)
    assert not report.ok
    assert report[check].status == "failed", report.text()


def test_an_unknown_name_and_an_unknown_keyword_are_a_failed_check():
    for report in (check_optimizer("no-such-thing"), check_optimizer("random", stepp=1)):
        assert not report.ok
        assert report.checks[0].name == "can be found and bound"


def test_a_constructor_that_raises_is_a_failed_check():
    class Stillborn(RandomSearch):
        def __init__(self, problem, rng):
            raise RuntimeError("no")

    assert not check_optimizer(Stillborn).ok


def test_what_an_optimizer_does_not_support_is_skipped():
    class Narrow(RandomSearch):
        supports = frozenset({"float"})

    report = check_optimizer(Narrow)
    assert report.ok
    assert report["stays inside the space: integers"].status == "skipped"
    assert "int" in report["stays inside the space: integers"].detail
    assert report["works with four trials pending"].status == "skipped"


@optimizer
def local(history, problem, rng, *, step=0.2):
    """Step away from the best so far."""
    known = np.isfinite(history.loss)
    if not known.any():
        return problem.space.sample(rng)
    best = history.x[np.nanargmin(history.loss)]
    return Trial(x=np.clip(best + step * rng.standard_normal(best.shape), 0.0, 1.0))


def test_a_plain_function_conforms():
    report = check_optimizer(local)
    assert report.ok, report.text()
    assert not check_optimizer(local, stepp=0.1).ok
