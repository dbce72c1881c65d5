"""The data sets: splits, scaling, and what is known about the generated ones."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from hpobench_lab.errors import UnknownName
from hpobench_lab.testbeds.training.data import DATASETS, OUTER, Dataset, friedman, load, loans
from hpobench_lab.testbeds.training.data import mnist1d as mnist
from hpobench_lab.testbeds.training.data.loading import raw
from hpobench_lab.testbeds.training.data.splits import generator, split

IntArray = NDArray[np.int64]


def rows_of(name: str, fold: int, replicate: int = 0, refit: bool = False) -> dict[str, IntArray]:
    strata = raw(name).strata(DATASETS[name].task)
    parts = split(name, strata, fold=fold, replicate=replicate, refit=refit)
    return dict(zip(("train", "valid", "test"), parts, strict=True))


@pytest.mark.parametrize("name", DATASETS)
def test_every_row_is_a_test_row_of_exactly_one_outer_fold(name: str) -> None:
    tests = [rows_of(name, fold)["test"] for fold in range(OUTER)]
    assert sorted(np.concatenate(tests).tolist()) == list(range(len(raw(name).x)))
    assert np.ptp([len(rows) for rows in tests]) <= 1


@pytest.mark.parametrize("refit", [False, True])
@pytest.mark.parametrize("name", DATASETS)
def test_every_row_lies_in_exactly_one_part(name: str, refit: bool) -> None:
    parts = rows_of(name, 1, refit=refit)
    n = len(raw(name).x)
    assert sorted(np.concatenate(list(parts.values())).tolist()) == list(range(n))
    shares = np.array([len(rows) for rows in parts.values()]) / n
    wanted = [0.75, 0.0, 0.25] if refit else [0.5, 0.25, 0.25]
    np.testing.assert_allclose(shares, wanted, atol=2 / n)


@pytest.mark.parametrize("name", DATASETS)
def test_no_two_rows_share_their_features(name: str) -> None:
    data = load(name)
    assert len(np.unique(data.x, axis=0)) == len(data.x) == sum(data.sizes)


@pytest.mark.parametrize("name", DATASETS)
def test_a_replicate_is_another_inner_split_with_the_same_test_rows(name: str) -> None:
    first, second = rows_of(name, 0), rows_of(name, 0, replicate=1)
    np.testing.assert_array_equal(first["test"], second["test"])
    assert 0 < len(np.intersect1d(first["train"], second["train"])) < len(first["train"])
    assert load(name, replicate=1).sha256 != load(name).sha256


@pytest.mark.parametrize("name", DATASETS)
def test_a_refit_trains_on_train_and_validation_and_keeps_the_test_rows(name: str) -> None:
    inner, outer = rows_of(name, 2), rows_of(name, 2, refit=True)
    both = np.concatenate([inner["train"], inner["valid"]])
    assert sorted(outer["train"].tolist()) == sorted(both.tolist())
    np.testing.assert_array_equal(outer["test"], inner["test"])
    data = load(name, fold=2, refit=True)
    assert data.sizes == (len(both), 0, len(inner["test"]))
    assert np.isnan(data.chance)


@pytest.mark.parametrize("name", [n for n, s in DATASETS.items() if s.task == "classification"])
@pytest.mark.parametrize("replicate", [0, 1])
def test_every_part_holds_every_class_in_its_share_within_one_row(
    name: str, replicate: int
) -> None:
    y = raw(name).y
    for fold in range(OUTER):
        parts = rows_of(name, fold, replicate)
        outer = np.bincount(y[np.concatenate([parts["train"], parts["valid"]])])
        for part, of, share in (("test", np.bincount(y), 0.25), ("valid", outer, 1 / 3)):
            assert np.abs(np.bincount(y[parts[part]]) - share * of).max() < 1.0


@pytest.mark.parametrize("name", ["diabetes", "loans"])
def test_every_part_holds_both_groups_in_their_share(name: str) -> None:
    data = load(name)
    assert data.group is not None
    assert set(np.unique(data.group)) == {0, 1}
    for rows in data.parts.values():
        np.testing.assert_allclose(data.group[rows].mean(), data.group.mean(), atol=0.01)


def test_the_beginnings_of_the_training_part_are_stratified() -> None:
    """So that a model trained on the first rows sees every class."""
    y = load("digits").y[:56]  # a sixteenth of the training rows
    assert np.bincount(y, minlength=10).min() >= 4


@pytest.mark.parametrize("refit", [False, True])
@pytest.mark.parametrize("name", DATASETS)
def test_only_the_training_part_is_standardised_exactly(name: str, refit: bool) -> None:
    data = load(name, refit=refit)
    train = data.x[data.parts["train"]].astype(np.float64)
    unclipped = (np.abs(train).max(axis=0) < 10) & (train.std(axis=0) > 0)
    np.testing.assert_allclose(train[:, unclipped].mean(axis=0), 0.0, atol=1e-6)
    np.testing.assert_allclose(train[:, unclipped].std(axis=0), 1.0, atol=1e-6)
    assert np.abs(data.x).max() <= 10.0
    assert np.abs(data.x[data.parts["test"]].mean(axis=0)).max() > 1e-3


@pytest.mark.parametrize("name", ["diabetes", "friedman"])
def test_a_regression_target_is_standardised_by_the_training_part_alone(name: str) -> None:
    data = load(name, fold=1)
    train, valid = (data.y[data.parts[part]].astype(np.float64) for part in ("train", "valid"))
    assert (data.y.dtype, data.classes) == (np.float32, 1)
    np.testing.assert_allclose([train.mean(), train.std()], [0.0, 1.0], atol=1e-6)
    assert abs(valid.std() - 1.0) > 1e-4
    np.testing.assert_allclose(data.chance, np.square(valid).mean(), rtol=1e-6)


def test_chance_of_a_classification_is_the_cross_entropy_of_the_class_frequencies() -> None:
    data = Dataset(
        "x", "classification", np.zeros((6, 1), np.float32), np.array([0, 0, 0, 1, 0, 1]),
        (4, 2, 0), 2,
    )  # fmt: skip
    np.testing.assert_allclose(data.chance, -(np.log(0.75) + np.log(0.25)) / 2, rtol=1e-12)


def test_the_rows_that_scikit_learn_ships_keep_their_labels() -> None:
    import sklearn.datasets

    bunch = sklearn.datasets.load_breast_cancer()
    order = np.concatenate(list(rows_of("breast-cancer", 3).values()))
    data = load("breast-cancer", fold=3)
    np.testing.assert_array_equal(data.y, bunch.target[order])
    column = bunch.data[order, 0]
    correlation = np.corrcoef(column, data.x[:, 0])[0, 1]
    assert correlation > 1 - 1e-9


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("digits", "29f89c34"), ("breast-cancer", "36e83e07"), ("diabetes", "22cf1b79"),
        ("mnist1d", "e46e31e3"), ("friedman", "7e446fe4"), ("loans", "b0eb2304"),
        ("ringnorm", "df0c0ad4"), ("waveform", "9ff13691"),
    ],
)  # fmt: skip
def test_the_arrays_are_those_of_the_committed_tables(name: str, digest: str) -> None:
    assert load(name).sha256.startswith(digest)


def test_arrays_are_shared_and_cannot_be_changed() -> None:
    data = load("loans")
    assert data is load("loans", fold=0, replicate=0)
    assert data.group is not None
    for array in (data.x, data.y, data.group):
        assert not array.flags.writeable


@pytest.mark.parametrize("name", DATASETS)
def test_every_source_says_what_it_is_and_may_be_used_for(name: str) -> None:
    source = DATASETS[name]
    assert source.title
    assert source.licence
    assert source.url.startswith("https://")
    assert any(char.isdigit() for char in source.citation)
    assert bool(source.groups) == (load(name).group is not None)


def test_an_unknown_data_set_names_the_nearest_one() -> None:
    with pytest.raises(UnknownName, match=r"no data set 'digit'\. Did you mean 'digits'"):
        load("digit")


@pytest.mark.parametrize(("fold", "replicate"), [(4, 0), (-1, 0), (0, -1)])
def test_a_fold_that_does_not_exist_is_refused(fold: int, replicate: int) -> None:
    with pytest.raises(ValueError, match=f"got {fold} and {replicate}"):
        load("digits", fold, replicate)


def test_mnist1d_is_hard_for_a_linear_model_and_easier_for_a_kernel() -> None:
    """Published for 4,000 rows: linear 32 %, MLP 68 % (Greydanus, Kobak 2024, figure 2).

    With half as many training rows the linear model stays within 6 points of that and a radial
    kernel is at least 12 points above it; chance is 10 %.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import SVC

    x, y = mnist.draw(generator("test"), 3_000)
    scale = x.std()
    linear = LogisticRegression(C=0.1, max_iter=500).fit(x[:2_000] / scale, y[:2_000])
    kernel = SVC(C=3.0, gamma=0.02).fit(x[:2_000] / scale, y[:2_000])
    accuracy = [model.score(x[2_000:] / scale, y[2_000:]) for model in (linear, kernel)]
    assert abs(accuracy[0] - 0.32) < 0.06
    assert accuracy[1] > accuracy[0] + 0.12


def test_a_stroke_of_mnist1d_is_its_template_followed_by_zeros() -> None:
    strokes = mnist.templates()
    assert strokes.shape == (10, 12)
    np.testing.assert_allclose(strokes.std(axis=1), 1 / 6, rtol=1e-12)
    np.testing.assert_array_equal(strokes[:, 0], 0.0)
    padded, there = mnist._stretched(strokes, np.full(10, 60.0))
    np.testing.assert_allclose(padded[:, :12], strokes, atol=1e-12)
    assert not padded[:, 12:].any()
    np.testing.assert_array_equal(there.sum(axis=1), 12)


def test_the_constants_of_friedman_are_the_integrals_that_they_name() -> None:
    from scipy.special import sici

    si, ci = sici(2 * np.pi)[0], sici(np.pi)[1]
    np.testing.assert_allclose(friedman.SI_2PI, si, rtol=1e-14)
    np.testing.assert_allclose(friedman.CIN_PI, np.euler_gamma + np.log(np.pi) - ci, rtol=1e-14)


def test_the_true_function_of_friedman_leaves_the_stated_noise() -> None:
    """Over 200,000 rows the deviation of a mean square is .3 %, of the variance about .3 %."""
    x, y = friedman.draw(generator("test"), 200_000)
    residual = np.square(y - friedman.truth(x)).mean()
    np.testing.assert_allclose(residual, friedman.NOISE_SD**2, rtol=0.015)
    np.testing.assert_allclose(y.var(), friedman.SIGNAL_VARIANCE + 1, rtol=0.015)
    np.testing.assert_allclose(residual / y.var(), friedman.IRREDUCIBLE, rtol=0.02)
    assert DATASETS["friedman"].known["irreducible_squared_error"] == friedman.IRREDUCIBLE


def test_the_true_function_scores_what_the_notes_of_friedman_say() -> None:
    rows, everything = rows_of("friedman", 0), raw("friedman")
    squared = np.square(everything.y - friedman.truth(everything.x))
    unit = everything.y[rows["train"]].var()
    assert f"{squared[rows['valid']].mean() / unit:.4f}" == "0.0287"
    assert f"{squared[rows['test']].mean() / unit:.4f}" == "0.0398"
    assert ".0287" in DATASETS["friedman"].notes
    assert ".0398" in DATASETS["friedman"].notes


def test_the_gaps_of_a_big_draw_of_loans_are_those_stated() -> None:
    """One million rows: the deviation of a gap is about .001."""
    _, y, group, fair = loans.draw(generator("test"), 1_000_000)

    def gap(labels: IntArray) -> float:
        return float(labels[group == 0].mean() - labels[group == 1].mean())

    assert abs(gap(y) - loans.KNOWN["label_gap"]) < 0.004
    assert abs(gap(fair) - loans.KNOWN["fair_label_gap"]) < 0.004
    lost = 1 - y[(group == 1) & (fair == 1)].mean()
    assert abs(lost - loans.KNOWN["label_bias"]) < 0.004
    np.testing.assert_array_equal(y[group == 0], fair[group == 0])


def test_the_best_predictions_of_loans_have_the_stated_error_entropy_and_gap() -> None:
    """The rule is rebuilt from the features alone, which are invertible in the scores."""
    x, y, group, _ = loans.draw(generator("test"), 1_000_000)
    column = dict(zip(loans.FEATURES, x.T, strict=True))
    income = (np.log(column["income"]) - 10.3) / 0.5
    debt = 1.0 - np.log(1.0 / column["debt_ratio"] - 1.0)
    savings = np.log(column["savings"]) - 7.0
    years = (np.log(column["credit_years"]) - 2.0) / 0.6
    duration = np.log(column["duration"] / 36.0) / 0.5 * (2 * column["home_owner"] - 1)
    merit = 0.6 * income - 0.5 * debt + 0.4 * savings + 0.3 * years + np.sqrt(0.14) * duration
    good = merit > loans.BAR
    np.testing.assert_allclose(merit[group == 0].std(), 1.0, atol=0.005)
    assert abs(merit[group == 1].mean() + loans.DELTA) < 0.005
    assert abs((good != y).mean() - loans.KNOWN["bayes_error"]) < 0.002
    p = np.where(good, 1 - loans.NOISE, loans.NOISE) * np.where(group == 1, 1 - loans.BIAS, 1.0)
    nats = -np.log(np.where(y == 1, p, 1 - p)).mean()
    assert abs(nats - loans.KNOWN["bayes_cross_entropy"]) < 0.004
    gap = good[group == 0].mean() - good[group == 1].mean()
    assert abs(gap - loans.KNOWN["bayes_gap"]) < 0.004
