"""The whole analysis on results made by hand: policies, cuts, the verdict, and bad input."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from hpobench_lab.analysis import Analysis, analyse
from tests.synthetic_results import Made, bed, make, rows_of, session, steady

BEDS = [bed(f"synthetic/f{i}") for i in range(9)]
QUALITY = {"random": 0.5, "tpe": 1.0, "sobol": 0.5}


def study(**more: Any) -> Made:
    return make(list(QUALITY), BEDS, range(4), steady(QUALITY), baseline="random", **more)


def codes(analysis: Analysis) -> set[str]:
    return {c.code for c in analysis.cautions}


def test_a_clear_winner_is_named_with_effect_interval_n_and_crashes() -> None:
    a = analyse(study())
    assert (a.verdict.best, a.verdict.decided) == ("tpe", True)
    c = next(c for c in a.comparisons if c.a == "tpe")
    assert (c.win, c.n, c.p, c.p_holm) == (9, 9, 2 / 2**9, 4 / 2**9)
    assert c.low <= c.effect <= c.high < 0
    for part in ("tpe beats random after 20 evaluations", "9 sources", "95 %", "0 of 108 runs"):
        assert part in a.verdict.sentence


def test_effect_and_regret_agree_with_an_independent_derivation() -> None:
    made = study()
    a = analyse(made)
    final: dict[tuple[str, str], list[float]] = {}
    for i, h in enumerate(made.headers):
        loss = made.columns["loss"][made.offsets[i] : made.offsets[i + 1]]
        final.setdefault((h["optimizer"]["label"], h["testbed"]["id"]), []).append(loss.min())
    gap = [np.median(final["tpe", t["id"]]) - np.median(final["random", t["id"]]) for t in BEDS]
    assert a.comparisons[0].effect == pytest.approx(np.median(gap))
    scores = sorted(float(np.median(final["tpe", t["id"]])) for t in BEDS)
    inner = (0.75 * scores[2] + sum(scores[3:6]) + 0.75 * scores[6]) / 4.5  # IQM of nine
    assert a.league[0].regret.value == pytest.approx(inner)


def test_adding_an_optimizer_changes_nobodys_score() -> None:
    few = make(["random", "tpe"], BEDS, range(4), steady(QUALITY), baseline="random")
    scores = {r.label: r.regret.value for r in analyse(study()).league}
    assert {r.label: r.regret.value for r in analyse(few).league}.items() <= scores.items()


def test_a_failed_run_counts_as_one_random_evaluation_and_ranks_last() -> None:
    fine = steady(QUALITY)
    made = make(
        ["random", "tpe"],
        BEDS,
        [0],
        baseline="random",
        losses=lambda o, t, s: None if o == "tpe" and t.endswith("0") else fine(o, t, s),
    )
    a = analyse(made)
    i = a.panel.optimizers.index("tpe")
    assert a.regret[i, 0, 0] == 1.0
    assert a.panel.ranks(a.regret)[i, 0, 0] == 2.0
    row = next(r for r in a.league if r.label == "tpe")
    assert (row.completion.ok, row.completion.failed, row.completion.planned) == (8, 1, 9)
    assert "crashed" in codes(a)
    assert "1 of 18 runs crashed" in a.verdict.sentence


def test_a_winner_that_depends_on_the_failure_policy_raises_a_banner() -> None:
    fine = steady(QUALITY)
    made = make(
        ["random", "tpe"],
        BEDS,
        range(3),
        baseline="random",
        losses=lambda o, t, s: None if o == "tpe" and s > 0 and t[-1] in "012" else fine(o, t, s),
    )
    a = analyse(made)
    assert a.sensitivity["failed runs dropped"] == "tpe"
    assert a.sensitivity["normalised regret"] == ""
    assert "flip" in codes(a)


def test_testbeds_of_one_source_count_once() -> None:
    twice = [bed(f"b{i}", source=f"s{i // 2}") for i in range(12)]
    a = analyse(make(list(QUALITY), twice, range(3), steady(QUALITY), baseline="random"))
    assert len(a.panel.sources) == 6
    assert {c.n for c in a.comparisons} == {6}


def test_few_sources_give_effects_without_p() -> None:
    a = analyse(make(list(QUALITY), BEDS[:5], range(3), steady(QUALITY), baseline="random"))
    c = a.comparisons[0]
    assert math.isnan(c.p)
    assert c.reason.startswith("too few for 5 %")
    assert c.effect < 0
    assert not a.verdict.decided
    assert "too few" in a.verdict.sentence


def test_a_design_that_cannot_decide_says_so() -> None:
    many = {f"o{i}": 0.5 + 0.1 * i for i in range(6)}
    a = analyse(make(list(many), BEDS[:6], range(2), steady(many), baseline="o0"))
    assert not a.verdict.decided
    assert "smallest corrected p is 0.156" in a.verdict.sentence


def test_missing_references_are_taken_from_the_study_and_marked() -> None:
    beds = [bed(f"b{i}", optimum=None, reference=None) for i in range(6)]
    a = analyse(make(list(QUALITY), beds, range(3), steady(QUALITY), baseline="random"))
    assert {"no-optimum", "no-reference"} <= codes(a)
    assert all("seen in this study" in b.f_opt_origin for b in a.panel.beds)
    assert a.regret.min() == 0.0


def test_a_degenerate_testbed_is_left_out_by_name() -> None:
    a = analyse(
        make(
            list(QUALITY),
            [*BEDS, bed("z/flat", reference=0.0)],
            range(2),
            steady(QUALITY),
            baseline="random",
        )
    )
    assert len(a.panel.sources) == 9
    assert any("z/flat is left out" in c.text for c in a.cautions)
    assert np.isnan(a.regret[:, -1]).all()


def test_a_value_below_an_exact_optimum_excludes_the_testbed_loudly() -> None:
    a = analyse(make(["a", "b"], [bed("t", optimum=0.5)], [0, 1], steady({"a": 2.0, "b": 1.0})))
    assert {"negative-regret", "excluded"} <= codes(a)
    b = analyse(
        make(
            ["a", "b"],
            [bed("t", optimum=0.5, optimum_origin="best of 100")],
            [0, 1],
            steady({"a": 2.0, "b": 1.0}),
        )
    )
    assert "best-known-improved" in codes(b)
    assert b.panel.beds[0].f_opt < 0.5


def test_mixed_fidelities_are_cut_at_equal_cost() -> None:
    f = {"name": "epochs", "unit": "epoch", "min": 1.0, "max": 10.0}
    t = np.arange(1.0, 21.0)
    made = make(
        ["random", "sh"],
        [bed("t", fidelity=f)],
        [0],
        baseline="random",
        losses=lambda o, _t, _s: (
            rows_of(1 / t, fidelity=10.0, units=10.0)
            if o == "random"
            else rows_of(1 / t, fidelity=2.0, units=2.0)
        ),
    )
    a = analyse(made)
    assert "mixed-fidelities" in codes(a)
    assert (a.cut.axis, a.cut.at.tolist()) == ("full_evaluations", [4.0])
    np.testing.assert_allclose(a.regret[:, 0, 0], [1 / 4, 1 / 20])


def test_a_cut_at_any_budget_after_the_fact() -> None:
    a = analyse(study(), at=5)
    assert a.cut.words == "5 evaluations"
    assert "after 5 evaluations" in a.verdict.sentence
    assert analyse(study(), axis="simulated_seconds", at=5).cut.axis == "simulated_seconds"
    with pytest.raises(ValueError, match="unknown axis"):
        analyse(study(), axis="moons")


def test_energy_is_attributed_and_its_method_named() -> None:
    made = study()
    made.carbon.append(session(made))
    a = analyse(made)
    assert a.session.method == "modelled"
    total = sum(r.cost.energy_j for r in a.league)
    assert total == pytest.approx(a.session.total_kwh * 3.6e6 / 2)


def nan_everywhere(_o: str, _t: str, _s: int) -> dict[str, Any]:
    return rows_of([np.nan] * 5)


def same(_o: str, t: str, s: int) -> dict[str, Any]:
    return rows_of(0.3 + np.random.default_rng(s + ord(t[-1])).random(20))


def worse(o: str, t: str, s: int) -> dict[str, Any]:
    return steady({"random": 1.0, "tpe": 0.2, "sobol": 0.2})(o, t, s)


BAD: dict[str, tuple[Made, str]] = {
    "one optimizer": (make(["tpe"], BEDS[:3], range(3), steady(QUALITY)), "only optimizer"),
    "one seed": (make(list(QUALITY), BEDS, [0], steady(QUALITY), baseline="random"), "beats"),
    "one testbed": (make(list(QUALITY), BEDS[:1], range(3), steady(QUALITY)), "too few for 5 %"),
    "all crashed": (make(list(QUALITY), BEDS[:3], range(2), lambda *_: None), "every run crashed"),
    "ties": (make(list(QUALITY), BEDS, range(2), same), "ties with random on every source"),
    "nan": (make(list(QUALITY), BEDS, range(2), nan_everywhere), "ties with random"),
    "nan, nothing declared": (
        make(list(QUALITY), [bed("t", optimum=None, reference=None)], [0, 1], nan_everywhere),
        "no testbed can be normalised",
    ),
    "no runs": (make([], [], [], steady({})), "no finished runs"),
    "no baseline": (
        make(list(QUALITY), BEDS, [0], steady(QUALITY), baseline="gone"),
        "no baseline",
    ),
    "worse": (make(list(QUALITY), BEDS, range(3), worse, baseline="random"), "Nothing beats"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_says_what_can_be_concluded(case: str) -> None:
    made, words = BAD[case]
    assert words in analyse(made).verdict.sentence


def surrogates(error: float) -> Made:
    quality = {"mae_near_optimum": error, "r2": 0.9}
    beds = [bed(f"c/s{i}", kind="surrogate", quality=quality) for i in range(6)]
    return make(list(QUALITY), beds, range(3), steady(QUALITY), baseline="random")


def test_differences_below_the_error_of_a_surrogate_count_as_ties() -> None:
    small, large = analyse(surrogates(1e-6)), analyse(surrogates(10.0))
    assert (small.comparisons[0].win, small.comparisons[0].tie) == (6, 0)
    assert (large.comparisons[0].win, large.comparisons[0].tie) == (0, 6)
    assert large.comparisons[0].effect == small.comparisons[0].effect < 0
    assert "surrogate-ties" in codes(large) - codes(small)


def test_a_source_with_an_exact_testbed_is_decided_by_it() -> None:
    quality = {"mae_near_optimum": 10.0}
    beds = [bed(f"c/s{i}", source=f"s{i % 6}", quality=quality) for i in range(12)]
    for one in beds[:6]:
        one["facts"]["kind"] = "surrogate"
    a = analyse(make(list(QUALITY), beds, range(3), steady(QUALITY), baseline="random"))
    assert a.comparisons[0].tie == 0


@pytest.mark.parametrize(
    ("metric", "words"), [("log-regret", "log10 regret"), ("auc", "log-time AUC")]
)
def test_the_declared_metric_is_what_is_tested(metric: str, words: str) -> None:
    made = study()
    made.study["primary"] = {"baseline": "random", "metric": metric}
    a = analyse(made)
    assert f"its {words} is lower by" in a.verdict.sentence
    assert next(iter(a.sensitivity)) == words
    assert a.comparisons[0].effect != analyse(study()).comparisons[0].effect


def test_the_declared_cut_is_the_one_that_is_tested() -> None:
    made = study()
    made.study["primary"] = {"baseline": "random", "metric": "regret", "budget": {"evaluations": 5}}
    a = analyse(made)
    assert not a.cut.exploratory
    assert "beats random after 5 evaluations" in a.verdict.sentence
    assert analyse(made, at=20).cut.exploratory


def test_a_told_loss_below_a_declared_optimum_raises_a_banner() -> None:
    made = make(
        ["random", "tpe"],
        [bed("t", optimum=0.5, kind="training")],
        [0, 1],
        lambda o, _t, _s: rows_of([0.9, 0.2], score=[math.nan, math.nan]),
        baseline="random",
    )
    assert "below-optimum" in codes(analyse(made))


def test_an_optimizer_without_any_run_is_named() -> None:
    made = study()
    made.study["settings"] = {"optimizers": [{"label": x} for x in (*QUALITY, "gone")]}
    a = analyse(made)
    assert any(c.text == "gone has no runs in these results." for c in a.cautions)


def test_nobody_is_placed_without_a_finite_loss() -> None:
    made = make(list(QUALITY), [bed("t", optimum=None, reference=None)], [0], nan_everywhere)
    assert [r.place for r in analyse(made).league] == [None, None, None]
