"""The margin that a study declares, judged for every optimizer of it."""

from __future__ import annotations

import pytest

from hpobench_lab.analysis import analyse
from tests.synthetic_results import Made, bed, make, steady

QUALITY = {"random": 0.5, "better": 1.5, "much worse": 0.05}


def study(margin: dict[str, float] | None) -> Made:
    beds = [bed(f"f{i}") for i in range(12)]
    made = make(list(QUALITY), beds, range(6), steady(QUALITY), baseline="random")
    made.study["primary"] = {"baseline": "random", "metric": "regret"}
    if margin:
        made.study["primary"]["margin"] = margin
    return made


@pytest.mark.parametrize("kind", ["budget", "regret", "losses"])
def test_each_kind_of_margin_tells_better_from_worse(kind: str) -> None:
    found = analyse(study({kind: 0.1})).gates
    assert found["better"].verdict == "SUPERIOR"
    assert found["much worse"].verdict == "INFERIOR"
    assert "random" not in found


def test_without_a_declared_margin_nothing_is_gated() -> None:
    assert analyse(study(None)).gates == {}


def test_away_from_the_declared_budget_nothing_is_gated() -> None:
    assert analyse(study({"regret": 0.1}), at=5).gates == {}
