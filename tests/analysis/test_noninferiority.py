"""Gates: verdicts from intervals, the budget ratio, and the betting confidence sequence."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from hpobench_lab.analysis.estimate import Estimate
from hpobench_lab.analysis.inference.noninferiority import (
    Margin,
    betting_sequence,
    budget_ratio,
    capital,
    gate,
    hash_order,
)
from hpobench_lab.analysis.runs.panel import Panel, arrange
from tests.synthetic_results import bed, make, rows_of


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.7, 0.9, "SUPERIOR"),
        (0.7, 1.0, "NON-INFERIOR"),
        (1.01, 1.1, "NON-INFERIOR"),
        (0.9, 1.11, "INCONCLUSIVE"),
        (1.05, 1.2, "INCONCLUSIVE"),
        (1.11, 3.0, "INFERIOR"),
        (1.2, math.inf, "INFERIOR"),
        (0.5, math.inf, "INCONCLUSIVE"),
        (math.nan, math.nan, "INCONCLUSIVE"),
    ],
)
def test_verdicts(low: float, high: float, verdict: str) -> None:
    g = gate(Estimate(1.0, low, high, n=9), Margin())
    assert g.verdict == verdict
    assert g.sentence.startswith(verdict)
    assert g.passed == (verdict in ("SUPERIOR", "NON-INFERIOR"))


def test_margins_have_words_limits_and_a_hash() -> None:
    said = "at most 10 % more evaluations to reach the baseline's regret at half the budget"
    assert Margin().words == said
    assert (Margin("regret", 0.05).limit, Margin("losses", 0.1).limit) == (0.05, 0.6)
    assert Margin().digest == Margin("budget", 0.1).digest != Margin(amount=0.2).digest
    for bad in ({"kind": "p"}, {"amount": 0.0}, {"amount": math.nan}, {"axis": "moons"}):
        with pytest.raises(ValueError, match=r"unknown|finite"):
            Margin(**bad)  # type: ignore[arg-type]


BEDS = [bed(f"synthetic/f{i}") for i in range(8)]


def race(slow: dict[str, float], *, seeds: int = 6, noise: float = 0.0) -> Panel:
    """Return runs whose regret falls as 1/t, stretched in time by each optimizer's factor."""

    def losses(name: str, testbed: str, seed: int) -> dict[str, Any]:
        rng = np.random.default_rng([seed, *map(ord, name + testbed)])
        pace = slow[name] * np.exp(noise * rng.normal())
        return rows_of((pace / np.arange(1, 201)).tolist())

    return arrange(make(list(slow), BEDS, range(seeds), losses))


CUT = np.full(8, 200.0)


def test_an_optimizer_is_as_fast_as_itself() -> None:
    e = budget_ratio(race({"x": 1.0, "y": 1.0}, noise=0.3), "evaluations", CUT, "x", "x")
    assert (e.value, e.low, e.high, e.n, e.excluded) == (1, 1, 1, 8, 0)


@pytest.mark.parametrize(
    ("pace", "margin", "verdict"),
    [
        (0.5, 0.1, "SUPERIOR"),
        (1.2, 0.1, "INFERIOR"),
        (1.2, 0.25, "NON-INFERIOR"),
        (1.9, 0.1, "INFERIOR"),
    ],
)
def test_the_ratio_is_that_of_the_paces(pace: float, margin: float, verdict: str) -> None:
    panel = race({"other": pace, "base": 1.0})
    e = budget_ratio(panel, "evaluations", CUT, "other", "base")
    assert e.value == pytest.approx(pace)
    assert gate(e, Margin(amount=margin)).verdict == verdict


def test_never_reaching_the_level_is_infinite_and_inferior() -> None:
    panel = race({"slow": 3.0, "base": 1.0})
    e = budget_ratio(panel, "evaluations", CUT, "slow", "base")
    assert e.value == e.low == e.high == math.inf
    assert [c.text for c in e.warnings] == [
        "slow never reached the baseline's regret at half the budget on 8 of 8 sources."
    ]
    assert gate(e, Margin()).verdict == "INFERIOR"


def test_the_interval_of_equals_covers_one() -> None:
    covered = 0
    for study in range(100):
        names = (f"x{study}", f"base{study}")
        panel = race(dict.fromkeys(names, 1.0), noise=0.4, seeds=8)
        e = budget_ratio(panel, "evaluations", CUT, *names)
        covered += e.low <= 1 <= e.high
    assert 88 <= covered <= 99


def looks(statistic: np.ndarray) -> float:
    """Return how often a study stops by looking after every source from 5 to 60."""
    return float((statistic[:, 4:] <= 0.05).any(axis=1).mean())


def test_betting_survives_optional_stopping_where_p_values_do_not() -> None:
    from scipy.special import stdtr

    d = np.random.default_rng(0).normal(size=(4000, 60))
    n = np.arange(1, 61)
    mean = np.cumsum(d, axis=1) / n
    variance = np.maximum(np.cumsum(d**2, axis=1) - n * mean**2, 1e-12) / np.maximum(n - 1, 1)
    p = 2 * stdtr(np.maximum(n - 1, 1), -np.abs(mean / np.sqrt(variance / n)))
    assert looks(p) == pytest.approx(0.29, abs=0.03)
    assert looks(1 / capital(d > 0, [0.5])[..., 0]) <= 0.06


def test_betting_with_ties_keeps_its_level() -> None:
    rng = np.random.default_rng(1)
    wins = rng.choice([0.0, 0.5, 1.0], p=[0.3, 0.4, 0.3], size=(4000, 60))
    assert looks(1 / capital(wins, [0.5])[..., 0]) <= 0.06


@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
def test_the_sequence_covers_the_share_at_all_times_at_once(share: float) -> None:
    wins = np.random.default_rng(2).random((2000, 80)) < share
    missed = (capital(wins, [share])[..., 0] >= 20).any(axis=1).mean()
    assert missed <= 0.05


def test_capital_is_a_martingale_at_the_true_share() -> None:
    """All 2^8 sequences of a fair coin: the mixture of both bets earns nothing on average."""
    every = (np.arange(256)[:, None] >> np.arange(8)) & 1
    assert capital(every, [0.5])[:, -1, 0].mean() <= 1 + 1e-12


def test_the_sequence_narrows_and_finds_a_clear_winner() -> None:
    wins = (np.random.default_rng(3).random(200) < 0.8).astype(float)
    s = betting_sequence(wins)
    assert (np.diff(s.low) >= 0).all()
    assert (np.diff(s.high) <= 0).all()
    assert s.low[-1] <= s.value <= s.high[-1]
    assert s.high[-1] - s.low[-1] < 0.25
    assert s.p < 1e-6
    assert gate(s.losses, Margin("losses", 0.1)).verdict == "SUPERIOR"


def test_two_opposed_optimizers_mirror() -> None:
    wins = (np.random.default_rng(4).random(50) < 0.7).astype(float)
    a, b = betting_sequence(wins), betting_sequence(1 - wins)
    np.testing.assert_allclose(a.low, 1 - b.high, atol=1e-12)
    assert a.p == pytest.approx(b.p)


def test_too_few_or_no_sources_decide_nothing() -> None:
    assert betting_sequence(np.ones(5)).p > 0.05
    none = betting_sequence([math.nan])
    assert (none.n, none.excluded) == (0, 1)
    assert gate(none.losses, Margin("losses")).verdict == "INCONCLUSIVE"
    with pytest.raises(ValueError, match="between 0 and 1"):
        betting_sequence([2.0])


def test_the_order_of_testbeds_is_fixed_by_the_protocol_hash() -> None:
    ids = [f"t{i}" for i in range(20)]
    assert hash_order(ids, "one") == hash_order(ids[::-1], "one")
    assert hash_order(ids, "one") != hash_order(ids, "two")
    assert sorted(hash_order(ids, "one")) == sorted(ids)
