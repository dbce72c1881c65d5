"""A user's own estimator as a live testbed, and what is said of bad rows and arguments."""

from typing import Any

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures

import hpobench_lab as hb
from hpobench_lab.errors import DataError, UnknownName
from hpobench_lab.testbeds.training.data import load
from hpobench_lab.testbeds.training.own.estimator import EstimatorTestbed
from hpobench_lab.testbeds.training.own.rows import checked_rows
from hpobench_lab.trial import Status

NEIGHBOURS = {"n_neighbors": hb.Int(1, 9)}
SMOOTHING = {"var_smoothing": hb.Float(1e-9, 1.0, log=True)}


def evaluated(bed: EstimatorTestbed, config: Any, level: float, seed: int = 0) -> hb.Outcomes:
    space = bed.problem.space
    trials = hb.Trials.full(space, space.values([config]), [level])
    seeds = np.full(1, seed, np.uint64)
    return bed.evaluate(
        hb.Trials(space, trials.values, trials.x, trials.fidelities, seeds, trials.replicate)
    )


def test_an_estimator_is_a_conforming_testbed() -> None:
    report = hb.check_testbed(hb.estimator(GaussianNB, space=SMOOTHING, data="breast-cancer"))
    assert report.ok, report.text()


def test_a_classifier_is_judged_by_the_cross_entropy_of_its_validation_rows() -> None:
    bed = hb.estimator(GaussianNB, space=SMOOTHING, data="breast-cancer")
    data = load("breast-cancer")
    train, valid = data.parts["train"], data.parts["valid"]
    x, n = data.x.astype(np.float64), data.sizes[0]
    model = GaussianNB(var_smoothing=0.01).fit(x[train], data.y[train])
    p = (n * model.predict_proba(x[valid]) + 0.5) / (n + 1)
    by_hand = -np.log(p[np.arange(len(p)), data.y[valid]]).mean()
    out = evaluated(bed, {"var_smoothing": 0.01}, 1.0)
    assert out.losses[0, 0] == pytest.approx(by_hand, rel=1e-12)
    assert bed.facts.chance == data.chance


def test_a_probability_of_zero_has_a_finite_loss() -> None:
    bed = hb.estimator(KNeighborsClassifier, space=NEIGHBOURS, data="digits")
    data = load("digits")
    model = KNeighborsClassifier(1).fit(data.x[:898], data.y[:898])
    wrong = (model.predict(data.x[data.parts["valid"]]) != data.y[data.parts["valid"]]).mean()
    right, least = np.log((898 + 0.1) / 899), np.log(0.1 / 899)
    loss = evaluated(bed, {"n_neighbors": 1}, 1.0).losses[0, 0]
    assert loss == pytest.approx(-(wrong * least + (1 - wrong) * right))


def test_without_probabilities_the_loss_is_the_error_rate() -> None:
    bed = hb.estimator(
        RidgeClassifier, space={"alpha": hb.Float(0.1, 10.0, log=True)}, data="breast-cancer"
    )
    data = load("breast-cancer")
    model = RidgeClassifier(alpha=1.0).fit(data.x[:284], data.y[:284])
    valid = data.parts["valid"]
    error = (model.predict(data.x[valid]) != data.y[valid]).mean()
    assert bed.problem.objectives[0].name == "error"
    assert evaluated(bed, {"alpha": 1.0}, 1.0).losses[0, 0] == error
    assert error < (bed.facts.chance or 0) < 0.5


def test_a_regressor_is_judged_by_the_squared_error_of_the_standardised_target() -> None:
    bed = hb.estimator(Ridge, space={"alpha": hb.Float(0.1, 100.0, log=True)}, data="diabetes")
    assert bed.problem.objectives[0].name == "squared error"
    loss = evaluated(bed, {"alpha": 10.0}, 1.0).losses[0, 0]
    assert 0.3 < loss < 0.75 < (bed.facts.chance or 0)


def test_a_pipeline_is_cloned_and_its_steps_are_tuned() -> None:
    pipeline = make_pipeline(PolynomialFeatures(include_bias=False), Ridge())
    bed = hb.estimator(
        pipeline,
        space={"polynomialfeatures__degree": hb.Int(1, 2), "ridge__alpha": hb.Float(1, 500)},
        data="friedman",
    )
    config = {"polynomialfeatures__degree": 2, "ridge__alpha": 5.0}
    line = evaluated(bed, config | {"polynomialfeatures__degree": 1}, 1.0).losses[0, 0]
    assert evaluated(bed, config, 1.0).losses[0, 0] < line
    assert pipeline.get_params()["ridge__alpha"] == 1.0


def test_a_function_makes_an_estimator_of_active_parameters_alone() -> None:
    seen: list[dict[str, Any]] = []

    def made(**config: Any) -> Any:
        seen.append(config)
        return LinearDiscriminantAnalysis(**config)

    space = {
        "solver": hb.Categorical(("svd", "lsqr")),
        "shrinkage": hb.Float(0.0, 1.0, when={"solver": "lsqr"}),
    }
    bed = hb.estimator(made, space=space, data="breast-cancer")
    evaluated(bed, {"solver": "svd"}, 1.0)
    assert seen[-1] == {"solver": "svd"}


def test_a_fidelity_may_be_an_argument_that_counts_whole_things() -> None:
    bed = hb.estimator(
        RandomForestClassifier,
        space={"max_depth": hb.Int(1, 8)},
        data="breast-cancer",
        fidelity=hb.Fidelity("n_estimators", 1, 8),
    )
    few, many = (evaluated(bed, {"max_depth": 8}, level).losses[0, 0] for level in (1.0, 7.6))
    assert many < few
    assert bed.learner.make({"max_depth": 3}, 2.6, 0).n_estimators == 3


def test_the_seed_is_used_where_it_matters() -> None:
    forest = hb.estimator(
        RandomForestClassifier,
        space={"max_depth": hb.Int(1, 8)},
        data="breast-cancer",
        fidelity=hb.Fidelity("n_estimators", 1, 8),
    )
    assert forest.facts.stochastic
    losses = {evaluated(forest, {"max_depth": 5}, 1.0, seed).losses[0, 0] for seed in (1, 2, 3)}
    assert len(losses) == 3
    ridge = hb.estimator(Ridge, space={"alpha": hb.Float(1, 9)}, data="diabetes")
    assert not ridge.facts.stochastic  # random_state is for two of its solvers


def test_what_raises_is_a_failed_trial_with_its_traceback() -> None:
    bed = hb.estimator(KNeighborsClassifier, space={"n_neighbors": hb.Int(1, 99)}, data="digits")
    out = evaluated(bed, {"n_neighbors": 99}, 0.0625)  # 56 rows
    assert out.status[0] == Status.failed
    assert "n_neighbors" in out.messages[0]


def test_a_final_loss_worse_than_chance_has_diverged() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(200, 5)), rng.integers(0, 2, 200)
    bed = hb.estimator(KNeighborsClassifier, space=NEIGHBOURS, data=noise)
    assert evaluated(bed, {"n_neighbors": 1}, 1.0).status[0] == Status.diverged
    assert evaluated(bed, {"n_neighbors": 1}, 0.5).status[0] == Status.ok


def test_rows_of_a_function_are_loaded_when_they_are_needed() -> None:
    calls = []

    def rows() -> Any:
        calls.append(1)
        data = load("breast-cancer")
        return data.x, np.array(["no", "yes"])[data.y]

    bed = hb.estimator(GaussianNB, space=SMOOTHING, data=rows)
    assert calls == []
    assert evaluated(bed, {"var_smoothing": 0.01}, 1.0).losses[0, 0] < 0.7
    evaluated(bed, {"var_smoothing": 0.1}, 0.5)
    assert calls == [1]


def test_a_fold_holds_other_rows_out() -> None:
    bed = hb.estimator(GaussianNB, space=SMOOTHING, data="breast-cancer")
    losses = [evaluated(bed.fold(k), {"var_smoothing": 0.01}, 1.0).losses[0, 0] for k in range(3)]
    assert len(set(losses)) == 3
    assert bed.fold(1).facts.chance != bed.facts.chance


# ----------------------------------------------------------------------------- bad input

GOOD = np.arange(40.0).reshape(20, 2), np.arange(20) % 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            (np.where(GOOD[0] == 7, np.nan, GOOD[0]), GOOD[1]),
            r"X must be finite, got nan at \[3, 1\]",
        ),
        ((GOOD[0], GOOD[1][:7]), r"y must have shape \(20,\) as X"),
        ((GOOD[0][:, 0], GOOD[1]), r"X must have shape \(rows, features\)"),
        ((np.full((20, 2), "red"), GOOD[1]), "X must hold numbers"),
        ((GOOD[0][:9], GOOD[1][:9]), "at least 16 rows"),
        ((GOOD[0], np.zeros(20)), "at least 2 classes"),
        ((GOOD[0], np.arange(20) // 18), "every class needs at least 4 rows, .*1.* has 2"),
        ((GOOD[0], [None, *GOOD[1][1:]]), r"no class at \[0\]"),
        ((*GOOD, np.zeros(20)), "two groups"),
        (GOOD[0], r"must be \(X, y\)"),
        (GOOD[:1], "got 1 values"),
    ],
)
def test_rows_that_cannot_be_learnt_from_are_a_data_error(given: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        checked_rows(given, "classification")


def test_an_infinite_target_is_a_data_error() -> None:
    with pytest.raises(DataError, match=r"y must be finite, got inf at \[2\]"):
        checked_rows((GOOD[0], np.where(np.arange(20) == 2, np.inf, 1.0)), "regression")


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"data": "digit"}, UnknownName, "Did you mean 'digits'"),
        ({"data": "diabetes"}, DataError, "regression data set, the estimator is for class"),
        ({"space": {"n_neighbor": hb.Int(1, 9)}}, ValueError, "Did you mean 'n_neighbors'"),
        ({"fidelity": hb.Fidelity("trees", 1, 9)}, ValueError, "takes no argument 'trees'"),
        ({"fidelity": hb.Fidelity("n_neighbors", 1, 9)}, ValueError, "is the fidelity and in"),
        ({"fidelity": hb.Fidelity("share", 0.5, 2)}, ValueError, "share .* at most 1"),
        ({"loss": "squared error"}, ValueError, "is a classifier"),
        ({"loss": "hinge"}, ValueError, "auto or one of"),
        ({"folds": 5}, ValueError, "folds must be 1 to 4"),
        ({"titel": "x"}, ValueError, "Did you mean 'title'"),
        ({"model": dict, "space": {"a": hb.Int(1, 2)}}, ValueError, "with fit and predict"),
    ],
)
def test_a_wrong_argument_is_named(changed: Any, error: type[Exception], message: str) -> None:
    arguments = {"model": KNeighborsClassifier, "space": NEIGHBOURS, "data": "digits"} | changed
    with pytest.raises(error, match=message):
        hb.estimator(arguments.pop("model"), **arguments)
