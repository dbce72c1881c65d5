"""A training that raises: it alone is kept as a failure, and a second fit is no training."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hpobench_lab.testbeds.training.curves import Measured
from hpobench_lab.testbeds.training.families import FAMILIES
from hpobench_lab.testbeds.training.own.estimator import estimator
from hpobench_lab.testbeds.training.own.training import train_estimator
from hpobench_lab.testbeds.training.recipes import train_family

WHOLE = 300
"""More rows than train has (284 of breast-cancer), fewer than train and validation (426)."""


def _fit(configs: Any, data: Any, levels: Any, seed: int) -> Iterator[Measured]:
    for row, config in enumerate(configs):
        if config["breaks"] == "always" or (config["breaks"] == "whole" and data.sizes[0] > WHOLE):
            raise ValueError(f"breaks {config['breaks']}")
        for level, _ in enumerate(levels):
            outputs = np.tile([0.0, 1.0 + level], (len(data.x), 1))
            yield Measured(row, level, outputs, 1.0 + level, 1.0 + level, 0.1, 8.0, 8.0)


@pytest.fixture
def breaking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FAMILIES, "breaking", replace(FAMILIES["linear"], fit=_fit))


@pytest.mark.usefixtures("breaking")
def test_what_raises_is_kept_with_its_message_and_spares_the_others() -> None:
    configs = [{"breaks": "never"}, {"breaks": "always"}, {"breaks": "never"}]
    found = train_family("breaking", "breast-cancer", configs, (1, 2), 0, 0)
    assert found.messages == {1: "ValueError: breaks always"}
    finite = np.isfinite(found.columns["valid_loss"]).all(axis=1)
    assert finite.tolist() == [True, False, True]
    assert np.isnan(found.columns["cpu_s"][1]).all()
    assert np.isfinite(found.refit["test_loss"]).tolist() == [True, False, True]


@pytest.mark.usefixtures("breaking")
def test_a_second_fit_that_alone_raises_is_no_failed_training() -> None:
    configs = [{"breaks": "whole"}, {"breaks": "never"}]
    found = train_family("breaking", "breast-cancer", configs, (1, 2), 0, 0)
    assert found.messages == {}
    assert np.isfinite(found.columns["valid_loss"]).all()
    assert np.isfinite(found.refit["test_loss"]).tolist() == [False, True]


def test_the_same_holds_of_an_estimator() -> None:
    from sklearn.naive_bayes import GaussianNB

    class Small(GaussianNB):  # type: ignore[misc]
        def fit(self, x: Any, y: Any) -> Any:
            if len(x) > WHOLE:
                raise MemoryError("too many rows")
            return super().fit(x, y)

    from hpobench_lab.parameters import Float

    space = {"var_smoothing": Float(1e-9, 1.0, log=True)}
    bed = estimator(Small, space=space, data="breast-cancer")
    found = train_estimator(bed, [{"var_smoothing": 0.1}], (1.0,), 0, 0)
    assert found.messages == {}
    assert np.isfinite(found.columns["valid_loss"]).all()
    assert np.isnan(found.columns["model_bytes"]).all()  # a local class cannot be pickled
    assert np.isnan(found.refit["test_loss"]).all()
