"""The second kind of surrogate: networks, evaluated in NumPy."""

import io

import numpy as np
import pytest

from hpobench_lab.testbeds.curves.surrogates import smooth
from hpobench_lab.testbeds.curves.surrogates.smooth import Networks, fit_networks


@pytest.fixture(scope="module")
def fitted() -> tuple[Networks, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    table = rng.random((600 * 4, 6)) * [1, 1, 1, 1, 5, 0]
    table[:, 5] = 3.0  # a constant feature
    logits = (np.sin(3 * table[:, 0]) + table[:, 1] * table[:, 4]).reshape(600, 4)
    return fit_networks(table[:2000], logits[:500]), table[2000:], logits[500:].ravel()


def test_networks_learn_a_smooth_function(fitted: tuple) -> None:  # type: ignore[type-arg]
    networks, table, truth = fitted
    error = networks.predict(table) - truth
    assert error.std() < 0.1 * truth.std()


def test_they_are_what_scikit_learn_trained() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.random((300, 3)), rng.random((150, 2))
    from sklearn.neural_network import MLPRegressor

    kept = []
    plain = MLPRegressor.fit

    def watched(self: MLPRegressor, x: np.ndarray, y: np.ndarray) -> MLPRegressor:
        kept.append(self)
        return plain(self, x, y)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MLPRegressor, "fit", watched)
        patch.setattr(smooth, "EPOCHS", 3)
        networks = fit_networks(x, y)
    scaled = (x - x.mean(axis=0)) / x.std(axis=0)
    expected = np.mean([k.predict(scaled) for k in kept], axis=0) * y.std() + y.mean()
    assert len(kept) == smooth.MEMBERS
    np.testing.assert_allclose(networks.predict(x), expected, atol=1e-5)


def test_a_row_has_the_same_bits_in_any_batch(fitted: tuple) -> None:  # type: ignore[type-arg]
    networks, table, _ = fitted
    together = networks.predict(table)
    for start, stop in ((0, 1), (5, 6), (3, 130), (31, 97)):
        np.testing.assert_array_equal(networks.predict(table[start:stop]), together[start:stop])
    turned = np.asfortranarray(table)
    np.testing.assert_array_equal(networks.predict(turned), together)


def test_fitting_twice_gives_the_same_weights() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.random((400, 3)), rng.random((100, 4))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(smooth, "EPOCHS", 2)
        one, two, other = fit_networks(x, y), fit_networks(x, y), fit_networks(x, y, seed=1)
    np.testing.assert_array_equal(one.first, two.first)
    assert not np.array_equal(one.first, other.first)


def test_arrays_are_small_and_read_back(fitted: tuple) -> None:  # type: ignore[type-arg]
    networks, table, _ = fitted
    arrays = networks.arrays("mlp_")
    again = Networks.from_arrays(arrays, "mlp_")
    np.testing.assert_array_equal(again.predict(table), networks.predict(table))
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    assert len(buffer.getvalue()) < 60_000
    with pytest.raises(ValueError, match="networks"):
        Networks.from_arrays({**arrays, "mlp_second": arrays["mlp_second"][:, :-1]}, "mlp_")
