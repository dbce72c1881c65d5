"""Optimizers that served some sources only: listed below, unranked, outside the Holm family."""

from __future__ import annotations

import math

import numpy as np

from hpobench_lab.analysis import analyse, attainable_p, family
from hpobench_lab.analysis.applicability import sentences
from hpobench_lab.figures import plots
from hpobench_lab.report import league_text, result_json
from hpobench_lab.report.tables import league_rows
from tests.synthetic_results import Made, bed, make, steady

QUALITY = {"random": 0.5, "sobol": 0.5, "evolution-strategy": 0.8, "tpe": 1.0}
PARTLY = {"successive-halving": 2.0, "asha": 3.0}
BEDS = [bed(f"synthetic/f{i}") for i in range(9)]
PAIRS = [
    {"optimizer": o, "testbed": t["id"], "missing": ["fidelity"], "instead": "random"}
    for t in BEDS[:6]
    for o in PARTLY
]


def partial() -> Made:
    """Return results in which two better optimizers served 3 of 9 sources only."""
    labels, skipped = [*QUALITY, *PARTLY], {(p["optimizer"], p["testbed"]) for p in PAIRS}
    every = make(labels, BEDS, range(3), steady(QUALITY | PARTLY), baseline="random")
    keep = [
        i
        for i, h in enumerate(every.headers)
        if (h["optimizer"]["label"], h["testbed"]["id"]) not in skipped
    ]
    rows = np.concatenate([np.arange(every.offsets[i], every.offsets[i + 1]) for i in keep])
    sizes = [every.offsets[i + 1] - every.offsets[i] for i in keep]
    return Made(
        [every.headers[i] for i in keep],
        np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        {k: v[rows] for k, v in every.columns.items()},
        every.study | {"not_applicable": PAIRS},
    )


def test_who_served_all_sources_is_ranked_and_the_others_stand_below() -> None:
    a = analyse(partial())
    assert [r.label for r in a.league[4:]] == ["asha", "successive-halving"]
    assert [r.place for r in a.league] == [1, 2, 3, 4, None, None]
    assert a.league[4].regret.value < a.league[0].regret.value  # better, and yet not ranked
    assert a.league[4].rank_reason == "served 3 of 9 sources only, needing a fidelity"
    assert a.verdict.best == "tpe"


def test_mean_ranks_are_those_of_the_ranked_alone() -> None:
    alone = make(list(QUALITY), BEDS, range(3), steady(QUALITY), baseline="random")
    expected = {r.label: r.mean_rank for r in analyse(alone).league}
    found = {r.label: r.mean_rank for r in analyse(partial()).league}
    assert {k: found[k] for k in expected} == expected
    assert all(math.isnan(found[k]) for k in PARTLY)


def test_the_holm_family_is_what_can_be_tested_by_design() -> None:
    a = analyse(partial())
    assert {c.a: c.n for c in a.comparisons} == {
        "sobol": 9,
        "evolution-strategy": 9,
        "tpe": 9,
        "successive-halving": 3,
        "asha": 3,
    }
    assert [c.a for c in family(a.comparisons)] == ["sobol", "evolution-strategy", "tpe"]
    assert attainable_p(a.comparisons) == 2 / 2**9 * 3
    assert next(c for c in a.comparisons if c.a == "tpe").p_holm == 2 / 2**9 * 3
    assert "after Holm over 3 comparisons" in a.verdict.sentence
    assert any("share fewer than 6 sources with random" in s for s in a.verdict.further)


def test_one_line_of_information_replaces_a_banner_for_each() -> None:
    found = [c for c in analyse(partial()).cautions if c.code == "not-applicable"]
    assert [c.level for c in found] == ["info"]
    start = "asha and successive-halving served 3 of 9 sources only, needing a fidelity. "
    assert found[0].text.startswith(start)


def test_every_output_says_so() -> None:
    a = analyse(partial())
    assert league_rows(a)[4][:2] == ("–", "asha (3 of 9 sources)")
    text = league_text(a)
    assert "\n\n–  asha (3 of 9 sources)" in text
    assert "! " not in text
    rows = {o["label"]: o for o in result_json(partial())["optimizers"]}
    assert rows["tpe"]["rank"] == 1
    assert rows["asha"]["rank"] is None
    assert rows["asha"]["rank_reason"] == a.league[4].rank_reason
    assert rows["asha"]["mean_rank"] is None


def test_aggregate_curves_leave_them_out_by_name() -> None:
    made = partial()
    every = {p.id: p for p in plots(analyse(made), made)}
    for name in ("f1-regret", "f2-ranks"):
        drawn = set(every[name].rows["optimizer"])
        assert drawn - {"random ×2"} == set(QUALITY)
        assert drawn == set(every[name].looks)
        assert "asha and successive-halving served 3 of 9 sources only" in every[name].reading
    assert set(PARTLY) < set(every["f1-regret-by-testbed"].rows["optimizer"])


def test_pairs_are_grouped_by_what_is_missing_and_where() -> None:
    fine = "flat on a: does not support categorical, conditional; random does"
    missing = ["categorical", "conditional"]
    flat = {"optimizer": "flat", "testbed": "a", "missing": missing, "instead": "random"}
    assert sentences([*PAIRS, flat]) == [
        "successive-halving and asha need a fidelity, which 6 testbeds lack (synthetic/f0, "
        "synthetic/f1, synthetic/f2, …): those 12 pairs are not planned",
        fine,
    ]
    assert sentences(()) == []
