"""The engine's rules for contracts, failures, continuation, asking ahead and replay."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import hpobench_lab as hb
from hpobench_lab import engine
from hpobench_lab.problem import Budget
from hpobench_lab.store.runrecord import RunRecord
from hpobench_lab.trial import Trial
from tests.conftest import assert_same_run, execute, random_company


@hb.testbed(space={"a": hb.Float(0, 1), "k": hb.Categorical(("u", "v"))})
def plain(config: Any) -> float:
    return float((config["a"] - 0.3) ** 2)


@hb.testbed(space={"a": hb.Float(0, 1)}, fidelity=hb.Fidelity("epochs", 1, 9), continuation="same")
def curve(config: Any, epochs: float, seed: int) -> dict[str, float]:
    return {"loss": config["a"] + 1 / epochs + (seed % 1000) * 1e-6, "cost_s": 2 * epochs}


class Random:
    """Ask at random; subclasses misbehave."""

    def __init__(self, problem: Any, rng: np.random.Generator) -> None:
        self.problem, self.rng, self.told = problem, rng, []

    def ask(self) -> Any:
        return self.problem.space.sample(self.rng)

    def tell(self, evaluation: Any) -> None:
        self.told.append(evaluation)


class Nobody(Random):
    def __init__(self, problem: Any, rng: Any) -> None:
        raise RuntimeError("no one is born")


class Later(Random):
    """Misbehave from the sixth ask on."""

    bad: Any = None

    def ask(self) -> Any:
        return super().ask() if len(self.told) < 5 else self.bad


class Raises(Later):
    def ask(self) -> Any:
        if len(self.told) == 5:
            raise ZeroDivisionError("at the sixth")
        return super().ask()


class Cancels(Random):
    def ask(self) -> Any:
        raise asyncio.CancelledError


class Exits(Random):
    def tell(self, evaluation: Any) -> None:
        raise SystemExit(3)


def misbehaving(bad: Any) -> type[Later]:
    return type("Bad", (Later,), {"bad": bad})


@pytest.mark.parametrize(
    ("make", "told", "words"),
    [
        (Nobody, 0, "no one is born"),
        (Raises, 5, "at the sixth"),
        (Exits, 1, "SystemExit"),
        (misbehaving("a string"), 5, "'a string'"),
        (misbehaving({"a": 2.0, "k": "u"}), 5, "[0, 1]"),
        (misbehaving({"a": float("nan"), "k": "u"}), 5, "finite"),
        (misbehaving({"a": 0.5}), 5, "lacks the active parameter 'k'"),
        (misbehaving({"a": 0.5, "k": "u", "b": 1}), 5, "unknown parameter 'b'"),
        (misbehaving(Trial(x=[0.5, 1.5])), 5, "[0, 1]"),
        (misbehaving(Trial(x=[0.5, 10**400])), 5, "outside the space"),
        (misbehaving({"a": 10**400, "k": "u"}), 5, "outside the space"),
        (misbehaving(Trial({"a": 0.5, "k": "u"}, fidelity=1)), 5, "has none"),
        (Cancels, 0, "CancelledError"),
        (misbehaving(Trial(x=[0.5])), 5, "shape"),
        (misbehaving(Trial({"a": 0.5, "k": "u"}, parent=2)), 5, "no fidelity"),
    ],
)
def test_a_run_that_breaks_the_contract_fails_alone(make: Any, told: int, words: str) -> None:
    kept = execute({"bad": make, "good": Random}, plain)
    bad, good = kept.records["bad", 0], kept.records["good", 0]
    assert (bad.header["status"], bad.header["reason"]) == ("failed", "error")
    assert words in bad.header["message"]
    assert bad.header["n_told"] == told
    assert good.header["status"] == "ok"
    assert good.header["n_told"] == 20


def test_a_testbed_that_raises_or_diverges_is_data() -> None:
    @hb.testbed(space={"a": hb.Float(0, 1)}, chance=0.9)
    def shaky(config: Any) -> Any:
        if config["a"] < 0.3:
            raise OSError("sensor")
        return float("nan") if config["a"] < 0.5 else config["a"]

    record = execute({"r": Random}, shaky, budget=Budget("evaluations", 200)).only
    a, status = record.columns["p.a"], record.columns["status"]
    assert record.header["status"] == "ok"
    assert ((a < 0.3) == (status == 1)).all()
    assert (((a >= 0.3) & (a < 0.5) | (a > 0.9)) == (status == 3)).all()
    assert np.isnan(record.columns["loss"][status != 0]).all()
    assert "sensor" in record.header["failures"][0]["message"]


def test_a_function_that_raises_costs_only_its_own_rows() -> None:
    class Brittle:
        problem, facts = plain.problem, plain.facts
        score = plain.score

        def evaluate(self, trials: Any) -> Any:
            if (trials.values[:, 0] < 0.5).any():
                raise RuntimeError("whole batch lost")
            return plain.evaluate(trials)

    record = execute({"r": Random}, Brittle(), workers=8).only
    assert ((record.columns["p.a"] < 0.5) == (record.columns["status"] == 1)).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": np.zeros(3, np.uint8)},
        {"status": np.full(1, 5, np.uint8)},
        {"losses": np.zeros(1)},
        {"cost_s": np.full(1, -1.0)},
        {"cost_s": np.full(1, np.inf)},
        {"constraints": np.zeros((1, 2))},
        {"gradient": np.zeros((1, 7))},
        {"curves": []},
    ],
)
def test_outcomes_of_the_wrong_form_fail_their_rows_and_nothing_else(wrong: Any) -> None:
    class Sloppy:
        problem, facts, score = plain.problem, plain.facts, plain.score

        def evaluate(self, trials: Any) -> Any:
            outcomes = plain.evaluate(trials)
            return replace(outcomes, **wrong) if trials.values[0, 0] < 0.5 else outcomes

    record = execute({"r": Random}, Sloppy(), company=engine.one_by_one).only
    assert record.header["status"] == "ok"
    assert ((record.columns["p.a"] < 0.5) == (record.columns["status"] == 1)).all()


def test_a_loss_that_is_not_finite_is_never_ok() -> None:
    class Lies:
        problem, facts, score = plain.problem, plain.facts, plain.score

        def evaluate(self, trials: Any) -> Any:
            outcomes = plain.evaluate(trials)
            return replace(outcomes, losses=np.full_like(outcomes.losses, np.inf))

    record = execute({"r": Random}, Lies()).only
    assert record.header["counts"] == {"diverged": 20}


def test_a_score_that_raises_costs_the_score_only() -> None:
    class Unscored:
        problem, facts, evaluate = curve.problem, curve.facts, curve.evaluate

        def score(self, trials: Any) -> Any:
            raise RuntimeError("cannot tell")

    record = execute({"r": Random}, Unscored()).only
    assert record.header["status"] == "ok"
    assert np.isnan(record.columns["score"]).all()


@pytest.mark.parametrize(
    "budget",
    [Budget("evaluations", 10), Budget("per_dimension", 5), Budget("simulated_seconds", 10)],
)
@pytest.mark.parametrize("workers", [1, 2])
def test_nothing_is_asked_beyond_the_budget(budget: Budget, workers: int) -> None:
    class Exactly(Random):
        asked = 0

        def ask(self) -> Any:
            self.asked += 1
            assert self.asked <= 10 * workers, "asked beyond the budget"
            return super().ask()

    many = workers if budget.axis == "simulated_seconds" else 1
    record = execute({"e": Exactly}, plain, budget=budget, workers=workers).only
    assert (record.header["status"], record.header["reason"]) == ("ok", "budget")
    assert record.header["n_told"] == 10 * many


def test_an_optimizer_may_reuse_its_arrays() -> None:
    class Reuses(Random):
        def __init__(self, problem: Any, rng: Any) -> None:
            super().__init__(problem, rng)
            self.x, self.config = np.zeros(2), {"a": 0.0, "k": "u"}

        def ask(self) -> Any:
            self.x += 0.01
            self.config["a"] += 0.01
            return Trial(x=self.x) if len(self.told) % 2 else dict.__ior__(self.config, {})

    for workers in (1, 4):
        record = execute({"r": Reuses}, plain, workers=workers).only
        asked = record.columns["p.a"][np.argsort(record.columns["id"])]
        np.testing.assert_allclose(asked, 0.01 * np.arange(1, 21))


# --- fidelity and continuation ------------------------------------------------------------------


class Climbs(Random):
    """Train one configuration to 1, 3 and 9 epochs, continuing each time."""

    step = (1, 3, 9)

    def ask(self) -> Any:
        i = len(self.told) % len(self.step)
        if not i:
            self.config = self.problem.space.sample(self.rng)
        parent = self.told[-1].id if i else None
        return Trial(self.config, fidelity=self.step[i], parent=parent)


def test_a_continuation_pays_the_difference() -> None:
    record = execute({"c": Climbs}, curve, budget=Budget("fidelity_units", 18)).only
    assert record.columns["cost_s"].tolist() == [2, 4, 12] * 2
    assert record.columns["units"].tolist() == [1, 2, 6] * 2
    assert record.columns["parent"].tolist() == [-1, 0, 1, -1, 3, 4]
    assert record.header["spent"] == 18


def test_fidelities_of_one_training_share_their_noise_and_repeats_do_not() -> None:
    class Twice(Climbs):
        def ask(self) -> Any:
            trial = super().ask()
            trial.config = self.config = {"a": 0.5}
            return trial

    record = execute({"c": Twice}, curve, budget=Budget("evaluations", 6)).only
    noise = record.columns["loss"] - 0.5 - 1 / record.columns["fidelity"]
    assert np.ptp(noise[:3]) < 1e-12
    assert np.ptp(noise[3:]) < 1e-12
    assert abs(noise[0] - noise[3]) > 1e-9
    assert record.columns["replicate"].tolist() == [0, 0, 0, 1, 1, 1]


def test_all_optimizers_meet_the_same_noise() -> None:
    class Fixed(Random):
        def ask(self) -> Any:
            return {"a": 0.25}

    class Late(Fixed):
        def ask(self) -> Any:
            return {"a": 0.25} if self.told else {"a": 0.75}

    kept = execute({"x": Fixed, "y": Late}, curve, budget=Budget("evaluations", 2))
    x, y = (kept.records[label, 0].columns["loss"] for label in "xy")
    assert x[0] == y[1]


@pytest.mark.parametrize(
    ("trial", "words"),
    [
        (Trial({"a": 0.5}, fidelity=9, parent=7), "never asked"),
        (Trial({"a": 0.5}, fidelity=1, parent=0), "not above"),
        (Trial({"a": 0.5}, fidelity=9, parent=0), "another configuration"),
        (Trial({"a": 0.5}, fidelity=99), "[1, 9]"),
        (Trial({"a": 0.5}, fidelity="many"), "'many'"),
        (Trial({"a": 0.5}, fidelity=10**400), "[1, 9]"),
        (Trial({"a": 0.5}, fidelity={"epohcs": 3}), "'epohcs'"),
    ],
)
def test_an_invalid_parent_or_fidelity_fails_the_run(trial: Trial, words: str) -> None:
    class Bad(Random):
        def ask(self) -> Any:
            return trial if self.told else Trial(super().ask(), fidelity=3)

    record = execute({"bad": Bad}, curve).only
    assert record.header["status"] == "failed"
    assert words in record.header["message"]


# --- asking ahead, batches, replay --------------------------------------------------------------


class Batches(Random):
    """Ask in generations of seven around the best so far; ``ahead`` is the rest of it."""

    def __init__(self, problem: Any, rng: Any) -> None:
        super().__init__(problem, rng)
        self.generation: list[Any] = []

    def ask(self) -> Any:
        if not self.generation:
            best = min(self.told, key=lambda e: e.loss).x if self.told else np.full(2, 0.5)
            rows = np.clip(best + 0.2 * self.rng.normal(size=(7, 2)), 0, 1)
            self.generation = [Trial(x=row) for row in rows]
        return self.generation.pop(0)

    def ahead(self) -> int:
        return len(self.generation)


@pytest.mark.parametrize("workers", [1, 3])
def test_asking_ahead_changes_nothing(workers: int) -> None:
    a = execute({"b": Batches}, plain, workers=workers, block=1).only
    b = execute({"b": Batches}, plain, workers=workers, block=64).only
    assert_same_run(a, b)


def test_an_error_while_asking_ahead_shows_at_its_own_time() -> None:
    class Bursts(Batches):
        def ask(self) -> Any:
            if len(self.generation) == 3:
                raise RuntimeError("in the middle of a generation")
            return super().ask()

    for block in (1, 64):
        record = execute({"b": Bursts}, plain, block=block).only
        assert record.header["n_told"] == 4
        assert "in the middle" in record.header["message"]


@pytest.mark.parametrize("fatal", [0, 3, 6, 7, 13])
@pytest.mark.parametrize("block", [1, 64])
def test_a_tell_that_raises_keeps_exactly_what_was_told(fatal: int, block: int) -> None:
    class Chokes(Batches):
        def tell(self, evaluation: Any) -> None:
            if evaluation.id == fatal:
                raise RuntimeError("cannot swallow it")
            super().tell(evaluation)

    record = execute({"b": Chokes}, plain, block=block).only
    assert record.columns["id"].tolist() == list(range(fatal + 1))
    assert record.columns["end"].tolist() == list(range(1, fatal + 2))
    assert record.header["spent"] == fatal + 1


@pytest.mark.parametrize("workers", [1, 4])
def test_company_changes_nothing(workers: int) -> None:
    optimizers = {"random": Random, "batches": Batches}
    together = execute(optimizers, plain, workers=workers, seeds=range(4))
    for trial in range(5):
        rng = np.random.default_rng(trial)
        other = execute(
            optimizers,
            plain,
            workers=workers,
            seeds=range(4),
            company=random_company(rng),
            order=rng,
            block=int(rng.integers(1, 9)),
        )
        for key, record in together.records.items():
            assert_same_run(record, other.records[key])


def test_an_order_dependent_testbed_is_caught() -> None:
    class Drifts:
        problem, facts, score = plain.problem, plain.facts, plain.score
        calls = 0

        def evaluate(self, trials: Any) -> Any:
            Drifts.calls += 1
            return hb.Outcomes.of(trials.values[:, 0] + 1e-9 * Drifts.calls)

    together = execute({"r": Random}, Drifts(), seeds=range(3))
    other = execute(
        {"r": Random}, Drifts(), seeds=range(3), company=random_company(np.random.default_rng(0))
    )
    with pytest.raises(AssertionError):
        assert_same_run(together.records["r", 2], other.records["r", 2])


def told_rows(record: RunRecord, n: int) -> RunRecord:
    return RunRecord(record.header, {k: v[:n] for k, v in record.columns.items()})


@pytest.mark.parametrize("told", [0, 1, 7, 19, 20])
@pytest.mark.parametrize("workers", [1, 3])
def test_a_replayed_run_equals_an_undisturbed_one(told: int, workers: int) -> None:
    whole = execute({"b": Batches}, plain, workers=workers).only
    stored = {whole.header["key"]: told_rows(whole, told)}
    again = execute({"b": Batches}, plain, workers=workers, replay=stored).only
    assert_same_run(whole, again)


def test_replay_evaluates_only_what_is_missing() -> None:
    calls: list[float] = []

    @hb.testbed(space={"a": hb.Float(0, 1)})
    def counted(config: Any) -> float:
        calls.append(config["a"])
        return float(config["a"])

    whole = execute({"r": Random}, counted).only
    calls.clear()
    execute({"r": Random}, counted, replay={whole.header["key"]: told_rows(whole, 12)})
    assert len(calls) == 8


def test_replay_knows_why_trials_failed() -> None:
    @hb.testbed(space={"a": hb.Float(0, 1)})
    def shaky(config: Any) -> float:
        if config["a"] < 0.5:
            raise OSError(f"sensor at {config['a']}")
        return float(config["a"])

    whole = execute({"r": Random}, shaky).only
    assert whole.header["failures"]
    again = execute({"r": Random}, shaky, replay={whole.header["key"]: told_rows(whole, 12)}).only
    assert again.header["failures"] == whole.header["failures"]
    assert_same_run(whole, again)


def test_expensive_evaluations_are_told_and_stored_as_they_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine.lockstep, "PARTIAL_EVERY_S", -1.0)
    kept = execute({"b": Batches}, plain, seeds=range(2), budget=Budget("evaluations", 9))
    for parts in kept.parts.values():
        assert [len(part.columns["id"]) for part in parts] == [1] * len(parts)
        assert len(parts) >= 7


def test_replay_names_an_optimizer_that_is_not_deterministic() -> None:
    class Moody(Random):
        mood = 0.0

        def ask(self) -> Any:
            return {"a": Moody.mood + len(self.told) / 100, "k": "u"}

    whole = execute({"m": Moody}, plain).only
    Moody.mood = 0.5
    record = execute({"m": Moody}, plain, replay={whole.header["key"]: told_rows(whole, 9)}).only
    assert record.header["status"] == "failed"
    assert "the optimizer is not deterministic" in record.header["message"]
    assert "'a'" in record.header["message"]


def test_a_known_global_generator_is_not_used() -> None:
    a = execute({"r": Random}, plain).only
    np.random.seed(7)  # noqa: NPY002
    assert_same_run(a, execute({"r": Random}, plain).only)


def test_scores_mark_the_incumbents_only() -> None:
    record = execute({"r": Random}, plain, budget=Budget("evaluations", 50)).only
    loss, score = record.columns["loss"], record.columns["score"]
    best = np.minimum.accumulate(loss)
    expected = np.concatenate([[True], loss[1:] < best[:-1]])
    assert (np.isfinite(score) == expected).all()
    assert (score[expected] == loss[expected]).all()
