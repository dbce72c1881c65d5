"""The control lines, and who is not shown to beat them."""

from __future__ import annotations

import numpy as np
import pytest

from hpobench_lab.analysis import Analysis, analyse
from hpobench_lab.analysis.controls import control_names, twice, with_controls
from tests.synthetic_results import bed, make, rows_of, steady

BEDS = [bed(f"f{i}") for i in range(9)]
CONTROLS = ("random", "random ×2")


def study(quality: dict[str, float], seeds: int = 4) -> Analysis:
    return analyse(make(list(quality), BEDS, range(seeds), steady(quality), baseline="random"))


def test_twice_the_budget_is_the_better_of_neighbouring_seeds() -> None:
    regret = np.array([[0.5, 0.2, 0.4]])
    np.testing.assert_array_equal(twice(regret), [[0.2, 0.2, 0.4]])
    curves = np.stack([regret, regret / 2], axis=-1)
    np.testing.assert_array_equal(twice(curves)[..., 1], twice(regret) / 2)


def test_a_single_seed_has_no_second_half_of_the_budget() -> None:
    assert np.isnan(twice(np.array([[0.5]]))).all()


def test_twice_the_budget_agrees_with_runs_that_really_had_it() -> None:
    """The better of two runs of n draws is distributed as one run of 2 n draws: for uniform losses
    the least of m has the mean 1 / (m + 1)."""
    runs = np.random.default_rng(0).random((1, 40_000, 10)).min(axis=2)
    assert twice(runs).mean() == pytest.approx(1 / 21, rel=0.02)
    assert runs.mean() == pytest.approx(1 / 11, rel=0.02)


def test_the_controls_are_named_by_what_the_study_holds() -> None:
    assert control_names({"tpe": {"id": "tpe"}}) == ()
    both = {"rs": {"id": "random"}, "ms": {"id": "median-stopping"}}
    assert control_names(both)[-1] == ("random with median stopping", "ms")
    assert with_controls(np.zeros((2, 3, 4)), list(both), control_names(both)).shape == (5, 3, 4)


def test_methods_that_do_not_beat_a_control_are_listed_by_name() -> None:
    a = study({"random": 0.5, "good": 2.0, "alike": 0.5, "bad": 0.2})
    assert tuple(c.name for c in a.controls) == CONTROLS
    for control in a.controls:
        assert "good" not in control.unbeaten
        assert {"bad", "alike"} <= set(control.unbeaten)
    said = [c.text for c in a.cautions if c.code == "control"]
    assert all("bad" in text and "good" not in text for text in said)
    assert len(said) == len(CONTROLS)


def test_the_control_at_twice_the_budget_is_harder_to_beat() -> None:
    once, both = (c.regret.value for c in study({"random": 0.5, "good": 2.0}).controls)
    assert both < once


def test_five_sources_show_nothing_against_a_control() -> None:
    made = make(
        ["random", "good"], BEDS[:5], range(4), steady({"random": 0.5, "good": 3.0}),
        baseline="random",
    )  # fmt: skip
    assert all("good" in c.unbeaten for c in analyse(made).controls)


def test_a_study_without_random_search_says_what_is_missing() -> None:
    made = make(["a", "b"], BEDS, range(2), steady({"a": 1.0, "b": 0.5}), baseline="b")
    a = analyse(made)
    assert a.controls == ()
    assert a.worth == {}
    assert "no-control" in {c.code for c in a.cautions}


def test_random_search_is_worth_about_one_of_its_own_kind() -> None:
    """Two optimizers that draw alike: one evaluation of either is worth one of the other."""

    def draws(o: str, t: str, s: int) -> dict[str, object]:
        seed = [ord(o[0]), int(t[-1]), s]
        return rows_of(np.random.default_rng(seed).random(20))

    made = make(["random", "other"], BEDS, range(40), draws, baseline="random")
    worth = analyse(made).worth["other"]
    assert 0.7 < worth.value < 1.4
    assert worth.low <= worth.value <= worth.high


def test_those_with_too_few_sources_do_not_make_the_others_pay() -> None:
    """The verdict and the list must agree on an optimizer that beats a baseline that is random."""
    quality = {"random": 0.5, "good": 3.0, "a": 1.0, "b": 1.0, "c": 1.0, "d": 1.0}
    few = {"a", "b", "c", "d"}
    fine = steady(quality)
    made = make(list(quality), BEDS[:6], range(4), fine, baseline="random")
    keep = [
        i
        for i, h in enumerate(made.headers)
        if h["optimizer"]["label"] not in few or h["testbed"]["id"] == "f0"
    ]
    rows = np.concatenate([np.arange(made.offsets[i], made.offsets[i + 1]) for i in keep])
    sizes = np.diff(made.offsets)[keep]
    made.columns = {k: v[rows] for k, v in made.columns.items()}
    made.headers = [made.headers[i] for i in keep]
    made.offsets = np.concatenate([[0], np.cumsum(sizes)])
    a = analyse(made)
    assert a.verdict.best == "good"
    assert "good" not in a.controls[0].unbeaten
