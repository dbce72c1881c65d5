"""Winners and places when a source or a family is left out."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hpobench_lab.analysis.inference.stability import Flip, rank_stability, stability_of_panel
from hpobench_lab.analysis.runs.panel import arrange
from tests.synthetic_results import bed, make, steady


def test_a_winner_that_one_family_carries_flips_with_a_banner() -> None:
    scores = [[0.5, 0.5, 0.5, 0.0, 0.0, 0.0], [0.4, 0.4, 0.4, 0.4, 0.4, 0.4]]
    groups = ["x", "x", "x", "y", "y", "y"]
    s = rank_stability(scores, ["a", "b"], groups, by="family")
    assert s.winner == "a"
    assert s.flips == (Flip("y", "b"),)
    assert (s.n, s.excluded) == (2, 0)
    assert [c.code for c in s.warnings if c.banner] == ["flip"]
    assert "first without y: b" in s.warnings[0].text
    np.testing.assert_array_equal(s.least, [1, 1])
    np.testing.assert_array_equal(s.most, [2, 2])


def test_a_clear_winner_stays() -> None:
    scores = np.arange(3.0)[:, None] + np.random.default_rng(0).uniform(0, 0.5, size=(3, 9))
    s = rank_stability(scores, list("abc"), [f"s{i}" for i in range(9)])
    assert (s.winner, s.flips, s.warnings) == ("a", (), ())
    for got in (s.place, s.least, s.most, s.low, s.high):
        np.testing.assert_array_equal(got, [1, 2, 3])
    np.testing.assert_array_equal(s.first, [1, 0, 0])


def test_places_agree_with_leaving_out_by_hand() -> None:
    from scipy.stats import rankdata

    rng = np.random.default_rng(3)
    scores = rng.random((4, 8))  # eight: 2 of the outer values on either side are cut, 7: 1.75
    s = rank_stability(scores, list("abcd"), [str(i) for i in range(8)])

    def iqm(x: np.ndarray) -> float:
        fine = np.repeat(np.sort(x), 4 * 7 * 8)
        return float(fine[len(fine) // 4 : -len(fine) // 4].mean())

    hand = [rankdata([iqm(np.delete(row, i)) for row in scores]) for i in range(8)]
    np.testing.assert_array_equal(s.least, np.min(hand, axis=0))
    np.testing.assert_array_equal(s.most, np.max(hand, axis=0))
    assert (s.low <= s.place).all()
    assert (s.place <= s.high).all()
    assert s.first.sum() == pytest.approx(1)


def test_equals_share_the_first_place_and_do_not_flip() -> None:
    s = rank_stability(np.ones((2, 5)), ["a", "b"], list("vwxyz"))
    assert (s.winner, s.flips) == ("a and b", ())
    np.testing.assert_array_equal(s.first, [0.5, 0.5])


def test_the_same_seed_gives_the_same_intervals() -> None:
    scores = np.random.default_rng(1).random((3, 7))
    groups = list("xxyyzzz")
    a, b = (rank_stability(scores, list("abc"), groups, rng=4, draws=50) for _ in range(2))
    np.testing.assert_array_equal(a.low, b.low)
    np.testing.assert_array_equal(a.first, b.first)


def test_sources_that_lack_somebody_are_left_out_and_counted() -> None:
    s = rank_stability([[0.1, math.nan, 0.1], [0.2, 0.0, 0.2]], ["a", "b"], list("xyz"))
    assert (s.winner, s.n, s.excluded) == ("a", 2, 1)


def test_infinite_scores_come_last() -> None:
    s = rank_stability([[math.inf] * 4, [9.0] * 4], ["a", "b"], list("wxyz"))
    assert s.winner == "b"


def test_one_group_or_none_is_said_and_not_raised() -> None:
    one = rank_stability([[0.1], [0.2]], ["a", "b"], ["x"])
    assert (one.winner, one.flips, [c.code for c in one.warnings]) == ("a", (), ["one-group"])
    none = rank_stability(np.zeros((2, 0)), ["a", "b"], [])
    assert (none.winner, none.n) == ("", 0)
    assert np.isnan(none.place).all()
    assert rank_stability(np.zeros((0, 0)), [], []).winner == ""
    with pytest.raises(ValueError, match="1 groups for"):
        rank_stability([[1.0, 2.0]], ["a"], ["x"])


def test_a_panel_is_read_by_source_and_by_family() -> None:
    beds = [bed(f"synthetic/f{i}") for i in range(6)]
    panel = arrange(make(["x", "y"], beds, range(2), steady({"x": 0.5, "y": 1.0})))
    regret = panel.regret("evaluations", np.full((6, 1), 20.0))[..., 0]
    scores = panel.by_source(regret)
    assert stability_of_panel(panel, scores).n == 6
    assert stability_of_panel(panel, scores, by="family").labels == ("x", "y")
    with pytest.raises(ValueError, match="a source or a family"):
        stability_of_panel(panel, scores, by="moon")
