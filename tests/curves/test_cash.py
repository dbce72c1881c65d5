"""The choice of algorithm and hyperparameters at once, on made tables and the committed ones."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hpobench_lab import catalogue, plugins
from hpobench_lab.engine.projected import Projected
from hpobench_lab.errors import DataError, StudyError
from hpobench_lab.parameters import Categorical, Float, Int
from hpobench_lab.plugins import local
from hpobench_lab.problem import Budget, Fidelity, Objective, Problem
from hpobench_lab.space import Space
from hpobench_lab.testbed import Facts
from hpobench_lab.testbeds.curves.cash import Cash, cash_space, open_cash
from hpobench_lab.testbeds.curves.opening import open_table
from hpobench_lab.testing import check_testbed
from hpobench_lab.trial import Outcomes, Status, Trials
from tests.conftest import execute
from tests.curves.made import SPACES, made_table

BUILT_IN = local.families(catalogue.tables())


class Bowl:
    """A family with a formula for a surrogate: a bowl over its unit cube, noisy when asked."""

    def __init__(self, space: Space, top: float, low: float, f_opt: float, noise: float) -> None:
        self.problem = Problem(
            space,
            objectives=(Objective("cross-entropy", "nats"),),
            fidelities=(Fidelity("steps", low, top),),
            continuation="same",
        )
        config = space.configs(space.decode(np.full((1, space.dimension), 0.5)))[0]
        self.centre = space.encode(space.values([config]))[0]
        self.asked: list[Trials] = []
        self.noise, self.f_opt = noise, f_opt
        self.facts = Facts(
            "bowl",
            source="made",
            family="bowl",
            kind="surrogate",
            optimum=f_opt,
            optimum_origin="exact",
            optimum_config=config,
            reference=f_opt + 1.0,
            reference_origin="made",
            stochastic=noise > 0,
            quality={"r2": 0.9, "mae_near_optimum": noise, "calibration_slope": 1.0 - noise},
            title="bowl",
            citation="made",
        )

    def _mean(self, trials: Trials) -> np.ndarray:
        squares = (trials.x - self.centre) ** 2
        total = self.f_opt + np.add.reduce(np.ascontiguousarray(squares.T), axis=0)
        return np.asarray(total)

    def evaluate(self, trials: Trials) -> Outcomes:
        self.asked.append(trials)
        top = self.problem.fidelities[0].max
        noise = self.noise * ((trials.seed % np.uint64(7)).astype(float) - 3.0)
        bad = np.isnan(trials.values).any(axis=1) & (trials.fidelity == top) & (noise > 0)
        status = np.where(bad, Status.failed, Status.ok)
        messages = {int(i): f"failed {trials.seed[i]}" for i in np.flatnonzero(bad)}
        losses = self._mean(trials) + (top / trials.fidelity - 1.0 + noise)
        return Outcomes.of(losses, trials.fidelity, status=status, messages=messages)

    def score(self, trials: Trials) -> np.ndarray:
        return self._mean(trials)[:, None]


def _bowls(noise: float = 0.1) -> dict[str, Bowl]:
    return {
        "mlp": Bowl(SPACES["mlp"], 50.0, 1.0, 0.3, 0.0),
        "svm": Bowl(SPACES["svm"], 1.0, 0.125, 0.2, noise),
    }


def _random(cash: Cash, n: int, share: float = 1.0) -> Trials:
    rng, space = np.random.default_rng(1), cash.problem.space
    trials = Trials.full(space, space.decode(space.uniform(rng, n)), [share])
    return replace(trials, seed=rng.integers(0, 2**63, n).astype(np.uint64))


def _tables(tmp_path: Path, **more: int) -> dict[str, Path]:
    return {family: made_table(tmp_path, family, **more) for family in ("mlp", "svm")}


def test_the_space_is_a_tree_below_the_algorithm() -> None:
    space = cash_space(SPACES)
    assert space["algorithm"] == Categorical(("mlp", "svm"))
    assert space["mlp.lr"] == Float(1e-3, 1.0, log=True, when={"algorithm": "mlp"})
    assert space["svm.degree"] == Int(2, 5, when={"svm.kernel": "poly"})
    assert space.dimension == 1 + 3 + 4
    assert "conditional" in space.capabilities
    rng = np.random.default_rng(0)
    for config in space.configs(space.decode(space.uniform(rng, 200))):
        family = config["algorithm"]
        own = {k.removeprefix(f"{family}."): v for k, v in config.items() if k != "algorithm"}
        assert all(k.startswith(f"{family}.") for k in config if k != "algorithm")
        SPACES[family].values([own])  # raises for what is missing, or inactive and set


def test_a_family_that_is_not_chosen_is_inactive_with_all_its_conditions() -> None:
    space = cash_space(SPACES)
    values = space.decode(space.uniform(np.random.default_rng(0), 500))
    mlp = values[:, 0] == 0
    assert np.isnan(values[mlp][:, 4:]).all()
    assert np.isnan(values[~mlp][:, 1:4]).all()
    assert Space.from_json(space.to_json()) == space


def test_one_family_is_no_choice() -> None:
    with pytest.raises(StudyError, match="one family only"):
        Cash({"mlp": _bowls()["mlp"]}, name="x")


def test_each_family_is_asked_for_its_own_rows_at_its_own_fidelity() -> None:
    bowls = _bowls()
    cash = Cash(bowls, name="curves/made-cash")
    assert cash.problem.fidelities == (Fidelity("share", 0.125, 1.0),)
    trials = _random(cash, 60, share=0.3)
    out = cash.evaluate(trials)
    for code, (family, bowl) in enumerate(bowls.items()):
        rows = np.flatnonzero(trials.values[:, 0] == code)
        (asked,) = bowl.asked
        assert (asked.fidelity == 0.3 * bowl.problem.fidelities[0].max).all()
        configs = [
            {k.removeprefix(f"{family}."): v for k, v in c.items() if k != "algorithm"}
            for c in trials.take(rows).configs()
        ]
        assert asked.configs() == configs
        np.testing.assert_array_equal(asked.x, asked.space.encode(asked.values))
        np.testing.assert_array_equal(asked.seed, trials.seed[rows])
        alone = bowl.evaluate(asked)
        np.testing.assert_array_equal(out.losses[rows], alone.losses)
        np.testing.assert_array_equal(out.cost_s[rows], alone.cost_s)


def test_the_least_and_the_full_share_stay_inside_every_family() -> None:
    bowls = _bowls()
    bowls["mlp"] = Bowl(SPACES["mlp"], 37.0, 37.0 * 0.3, 0.3, 0.0)
    cash = Cash(bowls, name="x")
    low = cash.problem.fidelities[0].min
    for share in (low, 1.0):
        cash.evaluate(_random(cash, 40, share))
    for bowl in bowls.values():
        fidelity = bowl.problem.fidelities[0]
        assert all((t.fidelity >= fidelity.min).all() for t in bowl.asked)
        assert bowl.asked[-1].fidelity[0] == fidelity.max


def test_a_row_has_the_same_bits_in_any_batch() -> None:
    cash = Cash(_bowls(), name="x")
    trials = _random(cash, 80)
    together = cash.evaluate(trials)
    assert (together.status == Status.failed).any()
    for rows in ([0], [79, 3], list(range(70, 10, -1))):
        apart = cash.evaluate(trials.take(rows))
        for name in ("losses", "cost_s", "status"):
            np.testing.assert_array_equal(getattr(apart, name), getattr(together, name)[rows])
        assert apart.messages == {
            rows.index(i): text for i, text in together.messages.items() if i in rows
        }


def test_its_optimum_is_the_least_of_the_families_and_is_attained() -> None:
    facts = Cash(_bowls(), name="curves/made-cash").facts
    assert facts.optimum == 0.2
    assert facts.optimum_config is not None
    assert facts.optimum_config["algorithm"] == "svm"
    assert facts.stochastic
    assert not Cash(_bowls(0.0), name="x").facts.stochastic
    assert facts.name == "curves/made-cash"
    assert facts.quality == {"r2": 0.9, "mae_near_optimum": 0.1, "calibration_slope": 0.9}


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_the_surrogates_of_a_data_set_conform_together(noise: float) -> None:
    report = check_testbed(Cash(_bowls(noise), name="curves/made-cash"))
    assert report.ok, report.text()
    assert report["the optimum is attained"].status == "passed"


def test_the_tables_of_a_data_set_conform_together(tmp_path: Path) -> None:
    cash = open_cash(_tables(tmp_path), mode="table", name="curves/made-cash")
    report = check_testbed(cash)
    assert report.ok, report.text()
    assert report["declares its facts"].detail == ""
    assert cash.facts.kind == "table"


def test_table_mode_lists_the_candidates_of_all_families(tmp_path: Path) -> None:
    folders = _tables(tmp_path)
    cash = open_cash(folders, mode="table", name="curves/made-cash")
    beds = {family: open_table(path, mode="table") for family, path in folders.items()}
    assert cash.problem.candidates is not None
    space = cash.problem.space
    configs = space.configs(space.decode(cash.problem.candidates))
    expected = []
    for family, bed in beds.items():
        own = bed.problem.space
        for config in own.configs(own.decode(bed.problem.candidates)):
            expected.append({"algorithm": family} | {f"{family}.{k}": v for k, v in config.items()})
    assert configs == expected
    least = [bed.facts.optimum for bed in beds.values() if bed.facts.optimum is not None]
    assert cash.facts.optimum == min(least)


def test_its_reference_weighs_every_family_the_same(tmp_path: Path) -> None:
    folders = {"mlp": made_table(tmp_path, "mlp", n=10), "svm": made_table(tmp_path, "svm", n=400)}
    cash = open_cash(folders, mode="table", name="x")
    rng, space = np.random.default_rng(0), cash.problem.space
    assert cash.problem.candidates is not None
    values = space.decode(cash.problem.candidates)
    scores = cash.score(Trials.full(space, values, [1.0]))[:, 0]
    drawn = [rng.choice(scores[values[:, 0] == rng.integers(2)]) for _ in range(4000)]
    assert cash.facts.reference == pytest.approx(np.median(drawn), rel=0.05)
    assert cash.facts.reference != pytest.approx(np.median(scores), rel=0.05)


def test_folds_and_what_they_hold_out_are_those_of_the_families(tmp_path: Path) -> None:
    folders = _tables(tmp_path, broken=0)
    cash = open_cash(folders, mode="table", name="curves/made-cash")
    assert cash.folds == 3
    fold = cash.fold(1)
    assert cash.problem.candidates is not None
    assert fold.problem.candidates is not None
    assert len(fold.problem.candidates) < len(cash.problem.candidates)
    space = fold.problem.space
    trials = Trials.full(space, space.decode(fold.problem.candidates), [1.0])
    configs = trials.configs()
    refits, test = fold.refit(configs), fold.held_out(trials)
    at = next(i for i, c in enumerate(configs) if c["algorithm"] == "svm")
    own = {k.removeprefix("svm."): v for k, v in configs[at].items() if k != "algorithm"}
    svm = open_table(folders["svm"], mode="table").fold(1)  # type: ignore[attr-defined]
    assert refits[at] == svm.refit([own])[0]
    assert test[at] == svm.held_out(_own(svm, own))[0]
    (folders["svm"] / "test.parquet").unlink()
    with pytest.raises(DataError, match=r"test\.parquet cannot be read"):
        fold.held_out(trials)


def _own(bed: object, config: dict[str, object]) -> Trials:
    space = bed.problem.space  # type: ignore[attr-defined]
    return Trials.full(space, space.values([config]), [bed.problem.fidelities[0].max])  # type: ignore[attr-defined]


@pytest.mark.parametrize("mode", ["surrogate", "table"])
@pytest.mark.parametrize("optimizer", ["tpe", "random", "asha"])
def test_optimizers_run_on_it(tmp_path: Path, optimizer: str, mode: str) -> None:
    if mode == "table":
        cash = open_cash(_tables(tmp_path), mode="table", name="x")
    else:
        cash = Cash(_bowls(0.0), name="x")
    plugin = plugins.optimizer(optimizer)

    def factory(problem: Problem, rng: np.random.Generator) -> object:
        if problem.candidates is None:
            return plugin.factory(problem, rng)
        return Projected(lambda seen: plugin.factory(seen, rng), problem)

    record = execute({optimizer: factory}, cash, budget=Budget("evaluations", 40)).only
    assert record.header["status"] == "ok"
    assert record.header["n_told"] == 40
    assert set(record.columns["p.algorithm"].tolist()) == {0.0, 1.0}
    assert np.isfinite(record.columns["score"]).any()


@pytest.mark.parametrize("mode", ["surrogate", "table"])
@pytest.mark.parametrize("name", BUILT_IN)
def test_the_committed_choices_conform(name: str, mode: str) -> None:
    report = check_testbed(name, mode=mode)
    assert report.ok, report.text()
    assert report["declares its facts"].detail == ""
