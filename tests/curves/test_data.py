"""The data sets in their fixed splits."""

import numpy as np
import pytest

from hpobench_lab.testbeds.training.data import DATASETS, load


@pytest.mark.parametrize("name", DATASETS)
def test_no_row_lies_in_two_parts_or_twice_in_one(name: str) -> None:
    data = load(name)
    assert len(np.unique(data.x, axis=0)) == len(data.x) == sum(data.sizes)


@pytest.mark.parametrize("name", DATASETS)
def test_only_the_training_part_is_standardised_exactly(name: str) -> None:
    data = load(name)
    train = data.x[data.parts["train"]].astype(np.float64)
    unclipped = (np.abs(train).max(axis=0) < 10) & (train.std(axis=0) > 0)
    np.testing.assert_allclose(train[:, unclipped].mean(axis=0), 0.0, atol=1e-6)
    np.testing.assert_allclose(train[:, unclipped].std(axis=0), 1.0, atol=1e-6)
    assert np.abs(data.x[data.parts["valid"]].mean(axis=0)).max() > 1e-3


@pytest.mark.parametrize("name", DATASETS)
def test_every_part_has_every_class_in_its_share(name: str) -> None:
    data = load(name)
    shares = [np.bincount(data.y[rows]) / len(data.y[rows]) for rows in data.parts.values()]
    np.testing.assert_allclose(shares[1], shares[0], atol=0.01)
    np.testing.assert_allclose(shares[2], shares[0], atol=0.01)


@pytest.mark.parametrize(
    ("name", "digest"), [("digits", "a1e5b4a6"), ("breast-cancer", "f5347e06")]
)
def test_the_arrays_are_those_of_the_committed_tables(name: str, digest: str) -> None:
    assert load(name).sha256.startswith(digest)
