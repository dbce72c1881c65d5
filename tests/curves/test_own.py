"""A user's own estimator or function: as a testbed, and as what is collected."""

import json
import re
from collections.abc import Callable
from pathlib import Path
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
from hpobench_lab import cli
from hpobench_lab.collect import collect
from hpobench_lab.errors import DataError, HpoBenchError, StudyError, UnknownName
from hpobench_lab.testbeds.curves.storage.files import read_table, verify
from hpobench_lab.testbeds.training.data import load
from hpobench_lab.testbeds.training.own.estimator import EstimatorTestbed
from hpobench_lab.testbeds.training.own.recipe import own_recipe
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


# ------------------------------------------------------------------------------- a testbed


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


# --------------------------------------------------------------------------- what is collected

Write = Callable[[str], None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Return a function that writes ``mine.py`` in an empty working directory."""
    monkeypatch.chdir(tmp_path)

    def written(text: str) -> None:
        Path("mine.py").write_text(f"import hpobench_lab as hb\n{text}", encoding="utf-8")

    return written


FUNCTION = """
calls = []
@hb.testbed(space={"a": hb.Float(0, 1)}, fidelity=hb.Fidelity("epochs", 1, 4), chance=0.9)
def train(config, fidelity, seed):
    calls.append((fidelity, seed))
"""


def trained(body: str, write: Write, replicate: int = 0) -> tuple[Any, Any]:
    """Return what is trained of a function with this body, and its calls."""
    from hpobench_lab.plugins import testbed

    write(FUNCTION + "".join(f"    {line}\n" for line in body.split("\n")))
    recipe = own_recipe("mine.py:train")
    found = recipe.train([{"a": 0.25}], recipe.levels, 0, replicate)
    bed: Any = testbed("mine.py:train")
    return found, bed.function.__globals__["calls"]


def test_a_function_is_called_at_every_level(write: Write) -> None:
    body = "return {'loss': config['a'] + 1 / fidelity, 'test_loss': fidelity, 'cost_s': fidelity}"
    found, calls = trained(body, write, replicate=1)
    assert sorted(calls) == [(1.0, 1), (2.0, 1), (3.0, 1), (4.0, 1)]
    np.testing.assert_allclose(found.columns["valid_loss"], [[1.25, 0.75, 0.25 + 1 / 3, 0.5]])
    np.testing.assert_array_equal(found.columns["cpu_s"], [[1, 2, 3, 4]])
    np.testing.assert_array_equal(found.test["test_loss"], [[1, 2, 3, 4]])
    assert found.refit == found.messages == {}


def test_a_returned_curve_that_has_every_level_saves_the_calls(write: Write) -> None:
    points = "[(e, 5.0 - e, 2.0 * e) for e in range(1, 5)]"
    found, calls = trained(f"return {{'loss': 1.0, 'curve': {points}}}", write)
    assert calls == [(4.0, 0)]
    np.testing.assert_array_equal(found.columns["valid_loss"], [[4, 3, 2, 1]])
    np.testing.assert_array_equal(found.columns["cpu_s"], [[2, 4, 6, 8]])
    assert found.test == {}


@pytest.mark.parametrize(
    ("test_loss", "calls"), [("9.0", 4), ("[6.0, 7.0, 8.0, 9.0]", 1)], ids=["one", "along"]
)
def test_held_out_losses_along_a_curve_are_kept(test_loss: str, calls: int, write: Write) -> None:
    points = "[(e, 5.0 - e, 2.0 * e) for e in range(1, 5)]"
    body = f"return {{'loss': 1.0, 'test_loss': {test_loss}, 'curve': {points}}}"
    found, seen = trained(body, write)
    assert len(seen) == calls
    assert found.test["test_loss"][0, -1] == 9.0


def test_a_curve_with_gaps_does_not_save_the_calls(write: Write) -> None:
    body = "return {'loss': 1.0, 'curve': [(1, 4.0, 1.0), (4, 1.0, 4.0)]}"
    assert len(trained(body, write)[1]) == 4


def test_worse_than_chance_at_a_low_fidelity_is_kept_as_it_is(write: Write) -> None:
    found, _ = trained("return 2.0 / fidelity", write)
    np.testing.assert_allclose(found.columns["valid_loss"], [[2, 1, 2 / 3, 0.5]])


def test_a_function_that_raises_is_kept_with_its_message(write: Write) -> None:
    found, calls = trained("if fidelity == 2: raise RuntimeError('no memory')\nreturn 1.0", write)
    assert found.messages == {0: "at 2: RuntimeError: no memory"}
    assert np.isnan(found.columns["valid_loss"]).all()
    assert calls == [(4.0, 0), (1.0, 0), (2.0, 0)]


def test_a_status_other_than_ok_is_a_failure(write: Write) -> None:
    found, _ = trained("return {'loss': 1.0, 'status': 'timeout'}", write)
    assert found.messages == {0: "status timeout"}


def test_the_seconds_of_a_silent_function_are_measured(write: Write) -> None:
    found, _ = trained("for _ in range(20_000): pass\nreturn 1.0", write)
    assert (found.columns["cpu_s"] < 1.0).all()  # nominal would be 1, 2, 3, 4
    assert (found.columns["cpu_s"] > 0.0).all()


def test_an_estimator_that_raises_at_one_level_is_kept_as_a_failure(write: Write) -> None:
    write(
        "from sklearn.neighbors import KNeighborsClassifier\n"
        "knn = hb.estimator(KNeighborsClassifier, space={'n_neighbors': hb.Int(1, 99)}, "
        "data='digits')\n"
    )
    recipe = own_recipe("mine.py:knn")
    found = recipe.train([{"n_neighbors": 99}, {"n_neighbors": 3}], recipe.levels, 0, 0)
    assert list(found.messages) == [0]
    assert found.messages[0].startswith("ValueError at share 0.0625: Expected n_neighbors")
    assert np.isnan(found.columns["valid_loss"][0]).all()
    curve = found.columns["valid_loss"][1]
    assert curve[0] > curve[-1]
    assert found.refit["test_loss"][1] < curve[0]
    assert found.columns["model_bytes"][1, -1] > 8 * found.columns["model_bytes"][1, 0]


def test_rows_with_groups_give_a_gap(write: Write) -> None:
    write(
        "from sklearn.naive_bayes import GaussianNB\n"
        "bed = hb.estimator(GaussianNB, space={'var_smoothing': hb.Float(1e-9, 1, log=True)}, "
        "data='loans')\n"
    )
    recipe = own_recipe("mine.py:bed")
    found = recipe.train([{"var_smoothing": 0.1}], (1.0,), 0, 0)
    assert 0 < found.columns["valid_gap"][0, 0] < 1
    assert "test_gap" in found.test
    assert "test_gap" in found.refit


def test_a_replicate_has_another_inner_split_and_no_refit(write: Write) -> None:
    write(
        "from sklearn.naive_bayes import GaussianNB\n"
        "bed = hb.estimator(GaussianNB, space={'var_smoothing': hb.Float(1e-9, 1, log=True)}, "
        "data='breast-cancer')\n"
    )
    recipe = own_recipe("mine.py:bed")
    first, second = (recipe.train([{"var_smoothing": 0.1}], (1.0,), 0, r) for r in (0, 1))
    assert first.columns["valid_loss"] != second.columns["valid_loss"]
    assert np.isfinite(first.refit["test_loss"]).all()
    assert np.isnan(second.refit["test_loss"]).all()


def test_the_identity_of_a_collection_changes_with_its_file(write: Write) -> None:
    from hpobench_lab.testbeds.training.parts import digest

    found = []
    for constant in ("1.0", "2.0", "1.0"):
        write(f"{FUNCTION}    return {constant}\n")
        recipe = own_recipe("mine.py:train")
        found.append(digest(recipe, 0))
    assert found[0] == found[2] != found[1]
    write(f"{FUNCTION}    return 3.0\n")
    with pytest.raises(StudyError, match="was changed while it was being collected"):
        recipe.train([{"a": 0.5}], recipe.levels, 0, 0)


def test_a_table_is_named_after_file_and_object(write: Write) -> None:
    write(f"{FUNCTION}    return 1.0\n")
    assert own_recipe("mine.py:train").name == "mine-train"
    assert own_recipe("mine.py").name == "mine"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "@hb.testbed(space={'origin': hb.Float(0, 1)})\ndef train(c): return 1.0\n",
            "'origin' is",
        ),
        (
            "@hb.testbed(space={'a': hb.Float(0, 1)}, constraints=('c',))\n"
            "def train(c): return 1.0\n",
            "no outcome constraints",
        ),
        (
            "@hb.testbed(space={'a': hb.Float(0, 1)}, kind='table')\ndef train(c): return 1.0\n",
            "is a table already",
        ),
        (
            "from sklearn.svm import SVC\ntrain = hb.estimator(SVC, data='digits')\n",
            r"mine.py:3: TypeError: .*'space'",
        ),
    ],
)
def test_what_cannot_be_collected_is_said(text: str, message: str, write: Write) -> None:
    write(text)
    with pytest.raises(HpoBenchError, match=message):
        own_recipe("mine.py:train")


# --------------------------------------------------------------------------- by command line

DISCRETE = "@hb.testbed(space={'a': hb.Int(1, 9)})\ndef few(config): return config['a']\n"
BROKEN = (
    "import numpy as np\nfrom sklearn.naive_bayes import GaussianNB\n"
    "def rows(): return np.full((40, 2), np.nan), np.arange(40) % 2\n"
    "bad = hb.estimator(GaussianNB, space={'var_smoothing': hb.Float(0.1, 1)}, data=rows)\n"
)


def test_a_time_limit_ends_with_the_line_that_continues(write: Write, capsys: Any) -> None:
    write(f"{FUNCTION}    return 1.0 + config['a']\n")
    line = ["collect", "mine.py:train", "--configs", "8"]
    assert cli.main([*line, "--time-limit", "0.001s"]) == 130
    end = capsys.readouterr()
    assert "1 of 10 trainings are done and kept; the others take about 1 s" in end.err
    assert end.err.endswith("hpobench-lab collect mine.py:train --configs 8 --seed 0\n")
    assert cli.main([*line, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["found"], document["trainings"], document["finished"]) == (1, 10, True)


def test_an_estimate_trains_four_and_keeps_them(write: Write, capsys: Any) -> None:
    write(f"{FUNCTION}    return 1.0 + config['a']\n")
    line = ["collect", "mine.py:train", "--configs", "40"]
    assert cli.main([*line, "--estimate", "-j", "3"]) == 0
    out = capsys.readouterr().out
    assert re.match(r"50 trainings of \S+ s each; 4 are done and kept\n", out)
    assert [li.split()[1] for li in out.split("\n")[1:-1]] == ["1", "2", "3", "4"]
    assert cli.main([*line, "--estimate", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["done"] == 8


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ("mine.py:few --time-limit soon", 2, "must be like 90s, 30m, 2h or 1h30m, got 'soon'"),
        ("mine.py:few --time-limit 0s", 2, "got '0s'"),
        ("mine.py:few --configs 10", 2, "only 9 unlike configurations, 10 were asked for"),
        ("mine.py:fex --configs 3", 2, "mine.py has no 'fex'. Did you mean 'few'"),
        ("mime.py:few --configs 3", 2, "cannot read mime.py"),
        ("few --configs 3", 2, "or a testbed of your own, path/file.py:name"),
        ("mine.py:bad --configs 3", 5, "X must be finite, got nan at [0, 0] and 80 such values"),
    ],
)
def test_bad_input_is_one_line(
    arguments: str, code: int, message: str, write: Write, capsys: Any
) -> None:
    write(DISCRETE + BROKEN)
    assert cli.main(["collect", *arguments.split()]) == code
    end = capsys.readouterr()
    assert message in end.err
    assert (end.out, end.err.count("\n")) == ("", 1)
    assert sorted(path.name for path in Path().iterdir()) == ["mine.py"]


def test_two_processes_collect_the_same_table_of_a_function(write: Write) -> None:
    write(
        FUNCTION
        + "    if config['a'] > 0.8: raise ValueError('too large')\n"
        + "    return {'loss': config['a'] + 1 / fidelity + seed, 'test_loss': 1.0}\n"
    )
    tables = []
    for processes in (1, 2):
        out = Path(f"tables{processes}")
        folder = collect("mine.py:train", configs=12, out=out, processes=processes)
        tables.append(read_table(folder, verify(folder), sealed=True))
    one, two = tables
    np.testing.assert_array_equal(one.values, two.values)
    np.testing.assert_array_equal(one.message, two.message)
    assert set(one.message) == {"", "ValueError: too large"}
    np.testing.assert_array_equal(one.columns["valid_loss"], two.columns["valid_loss"])
    assert one.test is not None
    assert two.test is not None
    np.testing.assert_array_equal(one.test["test_loss"], two.test["test_loss"])
    assert list(one.replicate) == [0] * 12 + [1] * 3


def test_a_small_space_is_collected_once_each_and_repeats_nothing(write: Write) -> None:
    write(DISCRETE)
    folder = collect("mine.py:few", configs=9, out=Path("tables"))
    table = read_table(folder, verify(folder))
    assert sorted(table.values[:, 0]) == list(range(1, 10))
    assert set(table.replicate) == {0}  # declared deterministic
    np.testing.assert_array_equal(table.columns["valid_loss"], table.values)


def test_changed_code_does_not_replace_a_finished_table(write: Write) -> None:
    write(DISCRETE)
    collect("mine.py:few", configs=3, out=Path("tables"))
    write(DISCRETE.replace("config['a']\n", "-config['a']\n"))
    with pytest.raises(StudyError, match=r"holds a finished table .* choose another --out"):
        collect("mine.py:few", configs=3, out=Path("tables"))
    folder = collect("mine.py:few", configs=3, out=Path("others"))
    assert (read_table(folder, verify(folder)).columns["valid_loss"] < 0).all()


# ------------------------------------------------------------------------- the page's examples

PAGE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "collect.md"
CODE = re.findall(r"```python\n# (\w+\.py)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_first_example_has_under_ten_lines() -> None:
    assert len([line for line in CODE[0][1].split("\n") if line.strip()]) < 10


STUDY = """\
schema = 1
name   = "own"
seeds  = "0:2"
[protocol]
budget = {{ evaluations = 6 }}
[primary]
baseline = "random"
[[optimizer]]
use = "random"
[[optimizer]]
use = "successive-halving"
[[testbed]]
use = "{table}"
[carbon]
enabled = false
"""


@pytest.mark.parametrize(("file", "code"), CODE, ids=[file for file, _ in CODE])
def test_an_example_of_the_page_is_collected_checked_and_used(
    file: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(file).write_text(code, encoding="utf-8")
    name = re.findall(r"^(?:def )?(\w+)(?: = hb|\()", code, re.MULTILINE)[0]
    table = f"collected/{file.removesuffix('.py')}-{name}"
    assert cli.main(["collect", f"{file}:{name}", "--configs", "12"]) == 0
    assert f"hpobench-lab list testbeds {table}\n" in capsys.readouterr().err
    assert cli.main(["check", table]) == 0
    Path("study.toml").write_text(STUDY.format(table=table), encoding="utf-8")
    assert cli.main(["run", "study.toml", "--no-report"]) == 0
    assert "4 of 4 runs ok" in capsys.readouterr().err
