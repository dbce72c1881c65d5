"""Functional ANOVA by random forest."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from hpobench_lab.analysis.measures.importance import Importance, _fractions, importance


def ishigami(n: int = 3000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(seed).uniform(-np.pi, np.pi, size=(n, 3))
    return x, np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


@pytest.fixture(scope="module")
def found() -> Importance:
    x, y = ishigami()
    return importance(x, y, ["x1", "x2", "x3"], bounds=[[-np.pi, np.pi]] * 3)


def test_ishigami_first_order_indices(found: Importance) -> None:
    mains = [m.value for m in found.mains]
    np.testing.assert_allclose(mains, [0.3139, 0.4424, 0.0], atol=0.03)
    assert found.pairs["x1", "x3"].value == pytest.approx(0.2437, abs=0.03)
    assert found.pairs["x1", "x2"].value < 0.03
    assert found.r2 > 0.9


def test_fractions_are_raw_and_the_residual_is_what_they_leave(found: Importance) -> None:
    explained = sum(m.value for m in found.mains) + sum(p.value for p in found.pairs.values())
    assert found.residual == pytest.approx(1 - explained)
    assert 0 < found.residual < 0.1
    assert all(m.low <= m.value <= m.high for m in found.mains)


def test_a_forest_is_split_as_its_own_predictions_on_a_fine_grid_are() -> None:
    from sklearn.ensemble import RandomForestRegressor

    x = np.random.default_rng(1).random((80, 3))
    forest = RandomForestRegressor(5, max_leaf_nodes=12, random_state=0)
    forest.fit(x, x[:, 0] * x[:, 1] + x[:, 2])
    mains, pairs = _fractions(forest, [0, 0, 0], 0)
    axis = (np.arange(64) + 0.5) / 64
    grid = np.array(list(itertools.product(axis, repeat=3)))
    f = forest.predict(grid).reshape(64, 64, 64)
    f -= f.mean()
    alone = [f.mean(axis=tuple(k for k in range(3) if k != j)) for j in range(3)]
    np.testing.assert_allclose(mains[0], [(a**2).mean() / f.var() for a in alone], rtol=0.02)
    pure = f.mean(axis=2) - alone[0][:, None] - alone[1][None, :]
    assert pairs[0, 0] == pytest.approx((pure**2).mean() / f.var(), rel=0.1)


def test_the_same_seed_gives_the_same_fractions() -> None:
    x, y = ishigami(200)
    assert importance(x, y, list("abc"), trees=8) == importance(x, y, list("abc"), trees=8)


def test_inactive_columns_are_filled_and_named() -> None:
    x, y = ishigami(300)
    x[x[:, 0] > 0, 2] = np.nan
    got = importance(x, y, list("abc"), trees=8)
    assert [c.code for c in got.warnings if c.code == "imputed"] == ["imputed"]
    assert "c (" in got.warnings[0].text
    assert all(math.isfinite(m.value) for m in got.mains)


def test_categories_weigh_the_same_each() -> None:
    codes = np.random.default_rng(0).choice(3, p=[0.6, 0.3, 0.1], size=600).astype(float)
    other = np.random.default_rng(1).random(600)
    x = np.stack([codes, other], axis=1)
    y = (codes == 2) + other  # variance over the space: 2/9 and 1/12
    got = importance(x, y, ["kind", "x"], bounds=[[0, 2], [0, 1]], levels=[3, 0])
    assert got.mains[0].value == pytest.approx((2 / 9) / (2 / 9 + 1 / 12), abs=0.03)


def test_failed_evaluations_are_left_out_and_counted() -> None:
    x, y = ishigami(200)
    y[:5] = [np.nan, np.inf, -np.inf, np.nan, np.inf]
    got = importance(x, y, list("abc"), trees=8)
    assert (got.n, got.excluded) == (195, 5)


def test_noise_is_said_to_be_unexplained() -> None:
    rng = np.random.default_rng(0)
    got = importance(rng.random((80, 2)), rng.random(80), ["a", "b"], trees=16)
    assert "poor-fit" in [c.code for c in got.warnings]


def test_too_little_data_is_said_and_not_raised() -> None:
    for x, y in [
        (np.zeros((0, 2)), []),
        (np.random.default_rng(0).random((5, 2)), np.arange(5)),
        (np.random.default_rng(0).random((50, 2)), np.ones(50)),
        (np.ones((50, 2)), np.arange(50)),
        (np.full((50, 2), np.nan), np.arange(50)),
    ]:
        got = importance(x, y, ["a", "b"])
        assert math.isnan(got.mains[0].value)
        assert got.mains[0].reason


def test_a_constant_column_explains_nothing() -> None:
    x, y = ishigami(200)
    x[:, 1] = 3.0
    got = importance(x, y, list("abc"), trees=8)
    assert (got.mains[1].value, got.mains[1].reason) == (0.0, "the column is constant")


def test_values_outside_their_bounds_are_refused() -> None:
    x, y = ishigami(50)
    with pytest.raises(ValueError, match="outside their bounds: a"):
        importance(x, y, list("abc"), bounds=[[0, 1], [-4, 4], [-4, 4]])
    with pytest.raises(ValueError, match="names"):
        importance(x, y, ["a"])
