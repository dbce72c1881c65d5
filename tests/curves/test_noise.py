"""Noise as whole residual curves of repeated trainings."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hpobench_lab.errors import StudyError
from hpobench_lab.testbeds.curves.opening import open_table
from hpobench_lab.testbeds.curves.surrogate import Surrogate
from hpobench_lab.testbeds.curves.surrogates.noise import MOST, NEAREST, NONE, Noise
from hpobench_lab.trial import Trials

LEVELS = np.array([1.0, 2.0, 4.0, 8.0, 16.0])


def _pairs(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return means in [-3, 3] and curves: deviation .02 to .2 by the mean, neighbours at .9."""
    rng = np.random.default_rng(seed)
    means = rng.uniform(-3, 3, n)
    steps = rng.standard_normal((n, len(LEVELS)))
    curves = np.empty_like(steps)
    curves[:, 0] = steps[:, 0]
    for level in range(1, len(LEVELS)):
        curves[:, level] = 0.9 * curves[:, level - 1] + np.sqrt(1 - 0.81) * steps[:, level]
    return means, (0.02 + 0.03 * (means + 3))[:, None] * curves


def _drawn(noise: Noise, means: np.ndarray, seed: int = 5) -> np.ndarray:
    seeds = np.random.default_rng(seed).integers(0, 2**63, len(means)).astype(np.uint64)
    columns = [noise.draw(seeds, means, np.full(len(means), f), LEVELS) for f in LEVELS]
    return np.stack(columns, axis=1)


@pytest.mark.parametrize(("low", "high"), [(-3, -1), (-1, 1), (1, 3)])
def test_drawn_curves_have_the_deviation_and_the_correlation_of_held_out_pairs(
    low: float, high: float
) -> None:
    noise = Noise.of(*_pairs(MOST, seed=0))
    means, curves = _pairs(6000, seed=1)
    some = (means > low) & (means < high)
    truth, drawn = curves[some], _drawn(noise, means[some])
    assert drawn.std() == pytest.approx(truth.std(), rel=0.25)
    assert abs(drawn.mean()) < 0.05 * truth.std()
    for level in range(len(LEVELS) - 1):
        neighbours = np.corrcoef(drawn[:, level], drawn[:, level + 1])[0, 1]
        assert neighbours == pytest.approx(0.9, abs=0.08)


def test_one_stream_is_one_curve_at_every_fidelity() -> None:
    noise = Noise.of(*_pairs(128, seed=0))
    means = np.zeros(300)
    drawn = _drawn(noise, means)
    stored = np.concatenate([noise.curves, -noise.curves]).astype(np.float64)
    for row in drawn:
        assert (np.abs(stored - row).max(axis=1) < 1e-12).any()
    between = noise.draw(np.array([3], np.uint64), means[:1], np.array([np.sqrt(2.0)]), LEVELS)
    ends = [noise.draw(np.array([3], np.uint64), means[:1], np.array([f]), LEVELS) for f in (1, 2)]
    assert between[0] == pytest.approx(0.5 * (ends[0][0] + ends[1][0]))


def test_every_similar_curve_and_both_signs_are_drawn_alike_often() -> None:
    curves = np.arange(1, 101)[:, None] * np.ones(len(LEVELS))
    noise = Noise.of(np.linspace(-1, 1, 100), curves)
    drawn = _drawn(noise, np.zeros(24_000))[:, 0]
    values, counts = np.unique(drawn, return_counts=True)
    assert len(values) == 2 * NEAREST
    assert set(np.abs(values)) == set(range(51 - NEAREST // 2, 51 + NEAREST // 2))
    assert counts.min() > 0.8 * 24_000 / (2 * NEAREST)
    edge = np.abs(_drawn(noise, np.full(2000, -9.0))[:, 0])
    assert set(edge) == set(range(1, NEAREST + 1))


def test_streams_that_differ_by_one_are_independent() -> None:
    noise = Noise.of(*_pairs(128, seed=0))
    seeds = np.arange(4000, dtype=np.uint64)
    drawn = noise.draw(seeds, np.zeros(4000), np.full(4000, 16.0), LEVELS)
    assert abs(np.corrcoef(drawn[:-1], drawn[1:])[0, 1]) < 0.05


def test_many_curves_are_thinned_evenly_over_the_means() -> None:
    means, curves = _pairs(5 * MOST, seed=0)
    noise = Noise.of(means, curves)
    assert len(noise.means) == MOST
    assert (np.diff(noise.means) >= 0).all()
    np.testing.assert_allclose(np.median(noise.means), np.median(means), atol=0.05)
    assert noise.curves.nbytes <= 2 * MOST * len(LEVELS)


def test_arrays_are_read_back() -> None:
    for noise in (Noise.of(*_pairs(30, seed=0)), NONE):
        again = Noise.from_arrays(noise.arrays("noise_"), "noise_")
        np.testing.assert_array_equal(again.curves, noise.curves)
        assert bool(again) is bool(noise)
    with pytest.raises(ValueError, match="noise"):
        Noise.from_arrays({"means": np.zeros(3), "curves": np.zeros((2, 5))}, "")


def _repeated(testbed: Surrogate, n: int, level: float, seed: int = 0) -> Trials:
    """Return one configuration n times, each with its own stream."""
    rng, space = np.random.default_rng(seed), testbed.problem.space
    values = np.repeat(space.decode(space.uniform(rng, 1)), n, axis=0)
    streams = rng.integers(0, 2**63, n).astype(np.uint64)
    return replace(Trials.full(space, values, [level]), seed=streams)


@pytest.mark.parametrize("kind", ["xgboost", "mlp"])
def test_an_evaluation_is_the_score_plus_noise(fitted_tables: Any, kind: str) -> None:
    testbed = open_table(fitted_tables["mlp"][0], surrogate=kind)
    assert isinstance(testbed, Surrogate)
    assert testbed.facts.stochastic
    trials = _repeated(testbed, 2000, 32.0)
    scores, losses = testbed.score(trials), testbed.evaluate(trials).losses
    assert len(np.unique(scores)) == 1
    assert len(np.unique(losses)) > NEAREST
    logits = testbed.model.scale.to_logit(losses[:, 0])
    mean = testbed.model.scale.to_logit(scores[:1, 0])
    assert logits.mean() == pytest.approx(mean[0], abs=0.1 * logits.std() + 1e-3)
    again = testbed.evaluate(trials)
    np.testing.assert_array_equal(again.losses, losses)


def test_two_fidelities_of_one_training_belong_together(fitted_tables: Any) -> None:
    testbed = open_table(fitted_tables["mlp"][0])
    assert isinstance(testbed, Surrogate)
    logits = []
    for level in (16.0, 32.0):
        losses = testbed.evaluate(_repeated(testbed, 500, level)).losses[:, 0]
        logits.append(testbed.model.scale.to_logit(losses))
    assert np.corrcoef(*logits)[0, 1] > 0.8  # the made noise shifts a whole curve


def test_without_noise_an_evaluation_is_the_score(fitted_tables: Any) -> None:
    testbed = open_table(fitted_tables["mlp"][0], noise=False)
    assert isinstance(testbed, Surrogate)
    assert not testbed.facts.stochastic
    trials = _repeated(testbed, 10, 32.0)
    np.testing.assert_array_equal(testbed.evaluate(trials).losses, testbed.score(trials))


def test_noise_is_refused_where_nothing_was_repeated(fitted_tables: Any) -> None:
    testbed = open_table(fitted_tables["mlp"][0])
    assert isinstance(testbed, Surrogate)
    from hpobench_lab.testbeds.curves.storage.files import read_header

    header = read_header(fitted_tables["mlp"][0])
    silent = replace(testbed.model, noise=NONE)
    quiet = Surrogate(header, silent, name="x", data_sha256="")
    assert not quiet.facts.stochastic
    with pytest.raises(StudyError, match="no repeated trainings"):
        Surrogate(header, silent, name="x", data_sha256="", noise=True)
