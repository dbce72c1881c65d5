"""Breiman's two problems: the stated best errors follow from the densities, and are attained."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hpobench_lab.testbeds.training.data import DATASETS, breiman

Draw = Callable[[np.random.Generator, int], tuple[Any, Any]]
PROBLEMS = [
    ("ringnorm", breiman.draw_ringnorm, breiman.ringnorm_logits, 0.013),
    ("waveform", breiman.draw_waveform, breiman.waveform_logits, 0.14),
]


@pytest.mark.parametrize(("name", "draw", "logits", "published"), PROBLEMS)
def test_the_best_rule_errs_as_stated(name: str, draw: Draw, logits: Any, published: float) -> None:
    x, y = draw(np.random.default_rng(7), 100_000)
    z = logits(x)
    error = (z.argmax(axis=1) != y).mean()
    known = DATASETS[name].known
    assert error == pytest.approx(known["bayes_error"], abs=0.004)
    assert known["bayes_error"] == pytest.approx(published, abs=0.01)
    z = z - z.max(axis=1, keepdims=True)
    nats = (np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(y)), y]).mean()
    assert nats == pytest.approx(known["bayes_cross_entropy"], abs=0.006)


def test_the_density_of_a_waveform_is_the_integral_over_the_mixture() -> None:
    x, _ = breiman.draw_waveform(np.random.default_rng(0), 4)
    u = np.linspace(0.0, 1.0, 20_001)
    waves, summed = breiman._triangles(), []
    for first, second in breiman.PAIRS:
        mean = u[:, None] * waves[first] + (1 - u)[:, None] * waves[second]
        squares = ((x[:, None] - mean) ** 2).sum(axis=2)
        summed.append(np.log(np.trapezoid(np.exp(-0.5 * squares), u, axis=1)))
    difference = np.stack(summed, axis=1) - breiman.waveform_logits(x)
    np.testing.assert_allclose(difference, difference[:, :1] * np.ones((1, 3)), atol=1e-6)


@pytest.mark.parametrize(("name", "draw", "logits", "published"), PROBLEMS)
def test_the_classes_are_equally_likely(
    name: str, draw: Draw, logits: Any, published: float
) -> None:
    _, y = draw(np.random.default_rng(1), 60_000)
    share = np.bincount(y) / len(y)
    np.testing.assert_allclose(share, 1 / len(share), atol=0.01, err_msg=name)
