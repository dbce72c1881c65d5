"""Surrogates of made tables: spaces, conditions, cost, quality, best values, damage."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hpobench_lab.errors import DataError, StudyError, UnknownName
from hpobench_lab.parameters import Categorical, Float, Int, Ordinal
from hpobench_lab.space import Space
from hpobench_lab.testbeds.curves.opening import open_table
from hpobench_lab.testbeds.curves.storage.files import file_sha256, read_header, read_table
from hpobench_lab.testbeds.curves.surrogate import Surrogate
from hpobench_lab.testbeds.curves.surrogates.features import config_columns, features
from hpobench_lab.testbeds.curves.surrogates.fit import Training
from hpobench_lab.testbeds.curves.surrogates.model import Scale
from hpobench_lab.testing import check_testbed
from hpobench_lab.trial import Status, Trials
from tests.curves.conftest import DERIVED
from tests.curves.made import made_curves, made_header

pytest.importorskip("xgboost")
KINDS = ("xgboost", "mlp")
families = pytest.mark.parametrize("family", ["mlp", "svm"])
kinds = pytest.mark.parametrize("kind", KINDS)


def _open(tables: Any, family: str, **how: Any) -> Surrogate:
    testbed = open_table(tables[family][0], **how)
    assert isinstance(testbed, Surrogate)
    return testbed


def _trials(testbed: Surrogate, n: int, fidelity: float | None = None, seed: int = 0) -> Trials:
    rng, space = np.random.default_rng(seed), testbed.problem.space
    level = testbed.problem.fidelities[0].max if fidelity is None else fidelity
    trials = Trials.full(space, space.decode(space.uniform(rng, n)), [level])
    return replace(trials, seed=rng.integers(0, 2**63, n).astype(np.uint64))


SPACE = Space(
    {
        "kernel": Categorical(("rbf", "poly", "linear")),
        "gamma": Float(1e-3, 10.0, log=True, when={"kernel": ("rbf", "poly")}),
        "degree": Int(2, 5, when={"kernel": "poly"}),
        "coef0": Float(0.0, 1.0, when={"kernel": "poly"}),
        "batch": Ordinal((16, 64)),
    }
)


def test_features_are_choices_conditions_and_products_of_what_is_active() -> None:
    products = [{"gamma": 1.0, "batch": 1.0}, {"gamma": 1.0, "epochs": 1.0}]
    values = SPACE.values(
        [
            {"kernel": "poly", "gamma": 0.1, "degree": 3, "coef0": 0.25, "batch": 64},
            {"kernel": "linear", "batch": 16},
        ]
    )
    x = SPACE.encode(values)
    found = features(SPACE, values, x, np.array([1.0, 4.0]), "epochs", products)
    expected = [
        [0, 1, 0, x[0, 1], x[0, 2], 0.25, 0.75, 1, 1, np.log(6.4), 0.0, np.log(0.1)],
        [0, 0, 1, 0.5, 0.5, 0.5, 0.25, 0, 0, 0.0, np.log(4.0), 0.0],
    ]
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert config_columns(SPACE, "epochs", products) == 10


def test_the_scale_keeps_what_is_extrapolated_between_floor_and_top() -> None:
    losses = np.array([0.1, 0.5, 3.0])
    scale = Scale.of(losses, 3.0)
    np.testing.assert_allclose(scale.to_loss(scale.to_logit(losses)), losses)
    assert 0.0 < scale.floor < 0.1
    with np.errstate(over="ignore"):
        assert scale.floor <= scale.to_loss(np.array([-1e3]))[0] < 0.1
        assert 3.0 < scale.to_loss(np.array([1e3]))[0] <= scale.top


@families
@kinds
def test_a_surrogate_predicts_what_it_was_made_of(
    fitted_tables: Any, family: str, kind: str
) -> None:
    testbed = _open(fitted_tables, family, surrogate=kind, noise=False, wide=family == "mlp")
    curves = fitted_tables[family][1]
    rows = (curves.fold == 0) & (curves.replicate == 0) & (curves.message == "")
    rows &= np.isfinite(curves.columns["valid_loss"]).all(axis=1)
    values = curves.values[curves.configuration[rows]]
    truth = curves.columns["valid_loss"][rows, 1]
    level = read_header(fitted_tables[family][0])["fidelity"]["levels"][1]
    outcomes = testbed.evaluate(Trials.full(testbed.problem.space, values, [level]))
    correlation = np.corrcoef(np.log(truth), np.log(outcomes.losses[:, 0]))[0, 1]
    assert correlation > (0.97 if kind == "xgboost" else 0.85)


@families
@kinds
def test_a_row_has_the_same_bits_in_any_batch(fitted_tables: Any, family: str, kind: str) -> None:
    testbed = _open(fitted_tables, family, surrogate=kind)
    trials = _trials(testbed, 200, 0.7 if family == "svm" else 7.5)
    together, score = testbed.evaluate(trials), testbed.score(trials)
    for rows in ([0], [199, 3], list(range(150, 10, -1))):
        apart = testbed.evaluate(trials.take(rows))
        np.testing.assert_array_equal(apart.losses, together.losses[rows])
        np.testing.assert_array_equal(apart.cost_s, together.cost_s[rows])
        np.testing.assert_array_equal(testbed.score(trials.take(rows)), score[rows])


@families
def test_the_cost_rises_with_the_fidelity(fitted_tables: Any, family: str) -> None:
    testbed = _open(fitted_tables, family)
    fidelity = testbed.problem.fidelities[0]
    steps = np.geomspace(fidelity.min, fidelity.max, 60)
    costs = [testbed.evaluate(_trials(testbed, 20, f)).cost_s for f in steps]
    assert (np.diff(costs, axis=0) > 0).all()


def test_one_configuration_costs_and_loses_the_same_in_both_spaces(fitted_tables: Any) -> None:
    normal, wide = (_open(fitted_tables, "mlp", wide=w, noise=False) for w in (False, True))
    trials = _trials(normal, 50)
    same = Trials.full(wide.problem.space, wide.problem.space.values(trials.configs()), [32.0])
    assert normal.problem.space != wide.problem.space
    np.testing.assert_array_equal(normal.score(trials), wide.score(same))
    np.testing.assert_array_equal(normal.evaluate(trials).cost_s, wide.evaluate(same).cost_s)


@families
@kinds
@pytest.mark.parametrize("wide", [False, True])
def test_the_stated_optimum_is_attained_and_hardly_beaten(
    fitted_tables: Any, family: str, kind: str, wide: bool
) -> None:
    if wide and family == "svm":
        with pytest.raises(StudyError, match="no wide=true"):
            _open(fitted_tables, family, wide=True)
        return
    testbed = _open(fitted_tables, family, surrogate=kind, wide=wide)
    facts, space = testbed.facts, testbed.problem.space
    assert facts.optimum is not None
    assert facts.optimum_config is not None
    best = Trials.full(space, space.values([facts.optimum_config]), [0.0])
    assert testbed.score(best)[0, 0] == pytest.approx(facts.optimum, rel=1e-9)
    scores = testbed.score(_trials(testbed, 4000))[:, 0]
    assert scores.min() >= facts.optimum
    assert np.median(scores) == pytest.approx(facts.reference, rel=0.1)


@families
@kinds
@pytest.mark.parametrize("noise", [False, None])
def test_surrogates_keep_the_contract(
    fitted_tables: Any, family: str, kind: str, noise: bool | None
) -> None:
    report = check_testbed(_open(fitted_tables, family, surrogate=kind, noise=noise))
    assert not [check for check in report.checks if check.status == "failed"]


@families
@kinds
def test_quality_is_stored_for_every_level(fitted_tables: Any, family: str, kind: str) -> None:
    header = read_header(fitted_tables[family][0])
    facts = header["surrogate"] if kind == "xgboost" else header["surrogate"]["second"]
    levels = header["fidelity"]["levels"]
    assert [row["level"] for row in facts["quality_by_level"]] == levels
    for row in (*facts["quality_by_level"], facts["quality"]):
        assert row["spearman"] > 0.8
        assert row["r2"] > 0.7
        assert 0.7 < row["calibration_slope"] < 1.4
        assert 0.75 < row["coverage_90"] <= 1.0
        assert row["mae_near_optimum"] < 0.2
    assert facts["quality"]["held_out_configurations"] == 59
    assert facts["quality"]["cost_relative_error"] < 0.05
    testbed = _open(fitted_tables, family, surrogate=kind)
    assert dict(testbed.facts.quality) == facts["quality"]


def test_quality_notices_a_surrogate_of_something_else(fitted_tables: Any) -> None:
    from hpobench_lab.testbeds.curves.surrogates.fit import Training
    from hpobench_lab.testbeds.curves.surrogates.quality import judge

    folder, curves = fitted_tables["mlp"]
    header, model = read_header(folder), _open(fitted_tables, "mlp").model
    levels = np.array(header["fidelity"]["levels"], dtype=float)
    training = Training.of(model.space, "epochs", DERIVED["mlp"], levels, curves, header["cap"])
    held = training.take(np.arange(0, 290, 3))
    good, _ = judge(model, held)
    order = np.random.default_rng(0).permutation(len(held.values))
    bad, _ = judge(model, replace(held, logits=held.logits[order]))
    assert good["spearman"] > 0.9 > 0.4 > bad["spearman"]
    assert good["r2"] > 0.9 > 0.1 > bad["r2"]
    assert abs(bad["calibration_slope"]) < 0.4
    assert bad["noise_coverage_90"] < good["noise_coverage_90"]


def test_replicates_are_averaged_and_what_they_shift_in_common_is_taken_out() -> None:
    from hpobench_lab.testbeds.curves.surrogates.fit import Training

    header = made_header("mlp")
    curves = made_curves(header, n=60, replicates=30, broken=0)
    space, levels = Space.from_json(header["space_wide"]), np.array([1.0, 2, 4, 8, 16, 32])
    loss = np.array(curves.columns["valid_loss"])
    plain = Training.of(space, "epochs", (), levels, curves, header["cap"])
    again = curves.replicate == 1
    logits = plain.scale.to_logit(loss[again])
    loss[again] = plain.scale.to_loss(logits + 0.3)
    shifted = replace(curves, columns={**curves.columns, "valid_loss": loss})
    moved = Training.of(space, "epochs", (), levels, shifted, header["cap"])
    np.testing.assert_allclose(moved.logits, plain.logits, atol=1e-9)
    np.testing.assert_allclose(moved.residuals, plain.residuals, atol=1e-9)
    assert np.abs(np.median(plain.residuals, axis=0)).max() < 1e-9


def test_trainings_that_raised_are_left_out_and_those_that_diverged_count_as_the_cap() -> None:
    from hpobench_lab.testbeds.curves.surrogates.fit import Training

    header = made_header("mlp")
    curves = made_curves(header, n=60, broken=2)
    space, levels = Space.from_json(header["space_wide"]), np.array([1.0, 2, 4, 8, 16, 32])
    training = Training.of(space, "epochs", (), levels, curves, header["cap"])
    assert len(training.values) == 59
    np.testing.assert_allclose(training.losses[-1, 2:], header["cap"])
    assert (training.losses[-1, :2] < header["cap"]).all()


def test_too_few_configurations_get_no_surrogate() -> None:
    from hpobench_lab.testbeds.curves.surrogates.fitted import fit_all

    header = made_header("mlp")
    curves = made_curves(header, n=60)
    space, levels = Space.from_json(header["space_wide"]), header["fidelity"]["levels"]
    assert fit_all(space, space, "epochs", (), levels, curves, header["cap"]) is None


def test_a_final_loss_worse_than_chance_has_diverged(fitted_tables: Any) -> None:
    testbed = _open(fitted_tables, "mlp", wide=True, noise=False)
    trials = _trials(testbed, 3000)
    outcomes, scores = testbed.evaluate(trials), testbed.score(trials)[:, 0]
    worse = scores > (testbed.facts.chance or np.inf)
    np.testing.assert_array_equal(outcomes.status == Status.diverged, worse)
    np.testing.assert_array_equal(outcomes.losses[~worse, 0], scores[~worse])


def test_an_unknown_kind_is_named(fitted_tables: Any) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'xgboost'"):
        _open(fitted_tables, "mlp", surrogate="xgbost")


@pytest.mark.parametrize("absent", [False, True])
@pytest.mark.parametrize("array", ["loss_leaves", "mlp_second", "noise_curves", "cost_rank"])
def test_arrays_that_do_not_fit_are_a_data_error(
    fitted_tables: Any, tmp_path: Path, array: str, absent: bool
) -> None:
    folder = fitted_tables["mlp"][0]
    with np.load(folder / "surrogate.npz") as stored:
        arrays = {name: stored[name] for name in stored.files}
    cut = arrays.pop(array)[:, :-1]
    np.savez(tmp_path / "surrogate.npz", **(arrays if absent else arrays | {array: cut}))
    header = json.loads((folder / "table.json").read_text())
    header["files"]["surrogate.npz"]["sha256"] = file_sha256(tmp_path / "surrogate.npz")
    (tmp_path / "table.json").write_text(json.dumps(header))
    with pytest.raises(DataError, match=r"surrogate\.npz cannot be read"):
        open_table(tmp_path, surrogate="mlp" if array.startswith("mlp") else "xgboost")


@pytest.mark.parametrize("at", [0.2, 0.5, 0.8])
def test_spoiled_bytes_under_their_own_digest_are_a_data_error(
    fitted_tables: Any, tmp_path: Path, at: float
) -> None:
    folder = fitted_tables["mlp"][0]
    content = bytearray((folder / "surrogate.npz").read_bytes())
    place = int(at * len(content))
    content[place : place + 64] = bytes(64)
    (tmp_path / "surrogate.npz").write_bytes(content)
    header = json.loads((folder / "table.json").read_text())
    header["files"]["surrogate.npz"]["sha256"] = file_sha256(tmp_path / "surrogate.npz")
    (tmp_path / "table.json").write_text(json.dumps(header))
    with pytest.raises(DataError, match=r"surrogate\.npz cannot be read"):
        open_table(tmp_path)


def test_the_wide_optimum_is_never_above_the_normal_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from hpobench_lab.testbeds.curves.surrogates import fitted

    header = made_header("mlp")
    stored, normal = Space.from_json(header["space_wide"]), Space.from_json(header["space"])
    levels = np.array(header["fidelity"]["levels"], dtype=np.float64)
    curves = made_curves(header, n=64)
    training = Training.of(stored, "epochs", (), levels, curves, header["cap"])
    best = {"lr": 0.01, "width": 9, "activation": "tanh"}
    began: list[Any] = []

    def found(loss: Any, of: Space, space: Space, start: Any, *, margin: float) -> Any:
        began.append(start)
        worse = {"lr": 5.0, "width": 8, "activation": "relu"}
        return {
            "f_opt": 0.2 if space == normal else 0.3,
            "optimum_config": best if space == normal else worse,
            "f_ref": 1.0,
        }

    monkeypatch.setattr(fitted, "best_known", found)
    model: Any = SimpleNamespace(full=None)
    facts = fitted._facts(model, training, (stored, normal), ({}, []))
    assert facts["wide"] == {"f_opt": 0.2, "optimum_config": best, "f_ref": 1.0}
    assert stored.configs(began[1][:1]) == [best]
    np.testing.assert_array_equal(began[1][1:], began[0])


def test_evaluating_needs_none_of_the_fitting_packages(fitted_tables: Any) -> None:
    script = f"""
import sys, numpy as np
from pathlib import Path
from hpobench_lab.testbeds.curves.opening import open_table
from hpobench_lab.trial import Trials
for kind in ("xgboost", "mlp"):
    t = open_table(Path({str(fitted_tables["mlp"][0])!r}), surrogate=kind)
    s = t.problem.space
    t.evaluate(Trials.full(s, s.decode(s.uniform(np.random.default_rng(0), 3)), [4.0]))
heavy = {{"xgboost", "torch", "sklearn", "pandas", "scipy", "numba"}}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_table_can_still_be_read(fitted_tables: Any) -> None:
    folder, curves = fitted_tables["svm"]
    assert len(read_table(folder, read_header(folder)).values) == len(curves.values)
