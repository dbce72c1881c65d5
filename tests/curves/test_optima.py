"""The best configuration of a surrogate, really trained, bounds the error near the optimum."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from hpobench_lab.testbeds.curves.opening import built_in
from hpobench_lab.testbeds.curves.storage.files import read_header
from hpobench_lab.testbeds.curves.surrogates.optima import with_trained_optima
from hpobench_lab.testbeds.training.curves import Trained
from hpobench_lab.testbeds.training.recipes import RECIPES


def _header(f_opt: float, tenth: float) -> dict[str, Any]:
    part = {"f_opt": f_opt, "optimum_config": {"C": 1.0}, "quality": {"mae_near_optimum": tenth}}
    return {"cap": 2.0, "surrogate": part | {"second": dict(part)}}


@pytest.mark.parametrize(
    ("trained", "error", "near"),
    [(0.5, 0.1, 0.1), (0.41, 0.01, 0.03), (np.nan, 1.6, 1.6)],
    ids=["optimistic", "as good as said", "diverged"],
)
def test_the_larger_error_counts(trained: float, error: float, near: float) -> None:
    columns = {"valid_loss": np.array([[1.0, trained], [1.0, trained]])}
    recipe = dataclasses.replace(
        RECIPES["digits-svm"], train=lambda *given: Trained(columns, {}, {})
    )
    before = _header(0.4, 0.03)
    after = with_trained_optima(before, recipe)["surrogate"]
    for part in (after, after["second"]):
        assert part["quality"]["error_at_optimum"] == pytest.approx(error, abs=1e-9)
        assert part["quality"]["mae_near_optimum"] == pytest.approx(near, abs=1e-9)
        assert part["quality"]["mae_best_tenth"] == 0.03
        assert part["optimum_trained"] == (2.0 if np.isnan(trained) else trained)
    assert before == _header(0.4, 0.03)


def test_doing_it_twice_changes_nothing() -> None:
    columns = {"valid_loss": np.full((2, 1), 0.7)}
    recipe = dataclasses.replace(
        RECIPES["digits-svm"], train=lambda *given: Trained(columns, {}, {})
    )
    once = with_trained_optima(_header(0.4, 0.03), recipe)
    assert with_trained_optima(once, recipe) == once


@pytest.mark.parametrize("name", built_in())
def test_every_committed_table_states_it(name: str) -> None:
    found = read_header(built_in()[name])["surrogate"]
    for part in (found, found["second"]):
        quality = part["quality"]
        error = abs(part["optimum_trained"] - part["f_opt"])
        assert quality["error_at_optimum"] == pytest.approx(error, abs=1e-5)
        both = (quality["mae_best_tenth"], quality["error_at_optimum"])
        assert quality["mae_near_optimum"] == max(both)


def test_the_best_configuration_of_a_table_is_trained_again_to_the_stored_loss() -> None:
    header, recipe = read_header(built_in()["digits-svm"]), RECIPES["digits-svm"]
    again = with_trained_optima(header, recipe)["surrogate"]["optimum_trained"]
    assert again == pytest.approx(header["surrogate"]["optimum_trained"], rel=0.05)
