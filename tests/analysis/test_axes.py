"""Cuts on every axis, after the fact: what is exploratory, what is measured, what is unknown."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from hpobench_lab.analysis import analyse
from hpobench_lab.analysis.runs.panel import arrange
from tests.synthetic_results import Made, bed, make, rows_of, session, steady

BEDS = [bed(f"f{i}") for i in range(7)]
QUALITY = {"random": 0.5, "tpe": 1.0}


def study(**more: Any) -> Made:
    return make(list(QUALITY), BEDS, range(3), steady(QUALITY), baseline="random", **more)


def with_energy(method: str = "rapl", **fields: Any) -> Made:
    made = study()
    record = session(made) | fields
    for part in record["kwh"].values():
        part["method"] = method
    made.carbon.append(record)
    return made


def test_wall_seconds_are_added_one_trial_after_the_other() -> None:
    steps = arrange(study()).steps
    assert steps.position["wall_seconds"][0] == pytest.approx(1e-4 + 1e-5 + 1e-3, rel=1e-6)
    assert steps.spent["wall_seconds"] == pytest.approx(20 * (1e-4 + 1e-5 + 1e-3), rel=1e-6)


def test_energy_of_a_run_is_spread_as_its_wall_seconds() -> None:
    steps = arrange(with_energy()).steps
    share = steps.position["joules"] / np.repeat(steps.spent["joules"], np.diff(steps.offsets))
    np.testing.assert_allclose(share, steps.position["evaluations"] / 20, rtol=1e-6)


def test_half_of_the_energy_is_the_cut_at_half_of_the_evaluations() -> None:
    made = with_energy()
    panel = arrange(made)
    total = panel.steps.spent["joules"]
    assert np.ptp(total) == pytest.approx(0, abs=1e-9 * total[0])
    halves = analyse(made, axis="joules", at=total[0] / 2 * (1 + 1e-9))
    np.testing.assert_array_equal(halves.regret, analyse(made, at=10).regret)


def test_emissions_need_an_intensity() -> None:
    made = with_energy(intensity_g_per_kwh=400.0)
    steps = arrange(made).steps
    np.testing.assert_allclose(
        steps.spent["grams_co2e"], steps.spent["joules"] / 3.6e6 * 400.0, rtol=1e-12
    )
    with pytest.raises(ValueError, match="carbon intensity is unknown"):
        analyse(with_energy(intensity_g_per_kwh=None), axis="grams_co2e")


def test_an_axis_that_the_runs_do_not_tell_says_why() -> None:
    with pytest.raises(ValueError, match=r"'joules': 42 of 42 runs have no energy"):
        analyse(study(), axis="joules")


def test_metered_and_modelled_energy_are_never_mixed() -> None:
    made = with_energy("rapl")
    made.carbon += with_energy("cpu_load").carbon
    with pytest.raises(ValueError, match="different kinds"):
        analyse(made, axis="joules")


def test_a_measured_axis_says_that_it_is_measured() -> None:
    a = analyse(study(), axis="wall_seconds")
    assert "measured" in {c.code for c in a.cautions}
    assert a.cut.words == "the wall seconds that every optimizer spent"


def test_another_axis_without_an_amount_is_cut_where_the_thriftiest_ended() -> None:
    quick = {"random": 10, "tpe": 20}
    t = np.arange(1.0, 21.0)
    made = make(
        list(quick), BEDS, [0, 1], lambda o, _t, _s: rows_of(1 / t[: quick[o]]), baseline="random"
    )
    a = analyse(made, axis="simulated_seconds")
    assert a.cut.at.tolist() == [10.0] * len(BEDS)


@pytest.mark.parametrize("where", [{"at": 5}, {"axis": "simulated_seconds", "at": 20}])
def test_only_the_declared_budget_is_tested(where: dict[str, Any]) -> None:
    a = analyse(study(), **where)
    assert a.cut.exploratory
    assert all(math.isnan(c.p) and math.isnan(c.p_sign) for c in a.comparisons)
    assert math.isfinite(a.comparisons[0].low)
    assert a.verdict.sentence.startswith("Exploratory")
    assert not a.verdict.decided


def test_the_declared_budget_said_aloud_is_tested() -> None:
    a, b = analyse(study(), axis="evaluations", at=20), analyse(study())
    assert not a.cut.exploratory
    assert a.verdict == b.verdict


def test_a_cut_beyond_what_was_spent_raises_a_banner() -> None:
    a = analyse(study(), at=500)
    banner = next(c for c in a.cautions if c.code == "beyond-budget")
    assert banner.banner
    np.testing.assert_array_equal(a.regret, analyse(study()).regret)


def test_folds_are_averaged_within_a_seed_before_the_median_over_seeds() -> None:
    made = make(["a", "random"], BEDS[:1], range(6), steady({"a": 1.0, "random": 0.5}))
    final = {"a": [0.1, 0.5, 0.2, 0.2, 0.9, 0.1], "random": [0.6] * 6}
    for i, h in enumerate(made.headers):
        rows = slice(made.offsets[i], made.offsets[i + 1])
        value = final[h["optimizer"]["label"]][h["seed"]]
        made.columns["loss"][rows] = made.columns["score"][rows] = value
        h["seed"], h["fold"] = divmod(h["seed"], 2)
    a = analyse(made)
    mine = a.panel.optimizers.index("a")
    assert a.scores[mine, 0] == pytest.approx(np.median([0.3, 0.2, 0.5]))  # not 0.2


def test_runs_too_short_for_the_meter_have_no_energy_axis() -> None:
    made = with_energy()
    first = next(iter(made.carbon[0]["runs"]["kwh"]))
    made.carbon[0]["runs"]["kwh"][first] = 0.0
    with pytest.raises(ValueError, match=r"1 of 42 runs were too short"):
        analyse(made, axis="joules")


def test_modelled_energy_ranks_nobody() -> None:
    with pytest.raises(ValueError, match="modelled, processor seconds times a constant"):
        analyse(with_energy("load_model"), axis="joules")
