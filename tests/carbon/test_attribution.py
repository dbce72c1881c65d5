"""Every joule belongs to exactly one of: a run, other processes, idle."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpobench_lab.carbon import Attribution, RunSpan, Samples, attribute


def tape(*rows: tuple[float, ...]) -> Samples:
    return Samples.of(rows)


def by_hand(samples: Samples, runs: list[RunSpan]) -> list[float]:
    """Return each run's energy by the definition, interval by interval; no GPU."""
    shares = [0.0] * len(runs)
    rows = list(zip(*(getattr(samples, c) for c in samples.__dataclass_fields__), strict=True))
    for (t0, c0, _, r0, b0, f0), (t1, c1, _, r1, b1, f1) in pairwise(rows):
        inside = [
            run.cpu_s
            * max(0.0, min(t1, run.wall_end) - max(t0, run.wall_start))
            / (run.wall_end - run.wall_start)
            for run in runs
        ]
        capacity = max(f1 - f0, b1 - b0, sum(inside))
        for i, used in enumerate(inside):
            shares[i] += (c1 - c0 + r1 - r0) * used / capacity if capacity else 0.0
    return shares


def everything(shares: Attribution) -> float:
    return float(shares.kwh.sum()) + shares.idle_kwh + shares.other_kwh


steps = st.lists(
    st.tuples(*[st.floats(0.0, 5.0) for _ in range(6)]).map(lambda s: (s[0] + 0.01, *s[1:])),
    min_size=1,
    max_size=20,
)
spans = st.lists(
    st.tuples(st.floats(-5, 60), st.floats(0.0, 40), st.floats(0, 100), st.booleans()),
    max_size=12,
)


@given(steps, spans)
def test_runs_and_the_rest_sum_to_the_total(
    deltas: list[tuple[float, ...]], spans: list[tuple[float, float, float, bool]]
) -> None:
    rows = np.vstack([np.zeros(6), np.cumsum(np.array(deltas), axis=0)])
    samples = tape(*map(tuple, rows.tolist()))
    runs = [RunSpan(str(i), s, s + d, c, g) for i, (s, d, c, g) in enumerate(spans)]
    shares = attribute(samples, runs)
    assert everything(shares) == pytest.approx(shares.total_kwh, rel=1e-9, abs=1e-9)
    assert shares.total_kwh == pytest.approx(sum(map(samples.kwh, ("cpu", "gpu", "ram"))))
    assert (shares.kwh >= -1e-9).all()
    assert shares.idle_kwh >= -1e-9
    assert shares.other_kwh >= -1e-9
    assert ((shares.coverage >= -1e-9) & (shares.coverage <= 1 + 1e-9)).all()


def test_the_sum_holds_with_unix_times_and_thousands_of_runs() -> None:
    rng = np.random.default_rng(0)
    deltas = rng.random((3600, 6)) * [0.0, 1e-5, 1e-5, 1e-6, 2.0, 0.0] + [1, 0, 0, 0, 0, 2.0]
    rows = np.cumsum(np.vstack([[1.8e9, 0, 0, 0, 500, 900], deltas]), axis=0)
    begin = 1.8e9 + rng.random(5000) * 3600
    runs = [
        RunSpan(str(i), b, b + 10 * d, d, gpu=i % 7 == 0)
        for i, (b, d) in enumerate(zip(begin.tolist(), rng.random(5000).tolist(), strict=True))
    ]
    shares = attribute(tape(*map(tuple, rows.tolist())), runs)
    assert everything(shares) == pytest.approx(shares.total_kwh, rel=1e-9)


def test_shares_follow_the_definition() -> None:
    samples = tape((0, 0, 0, 0, 0, 0), (1, 2.0, 0, 1.0, 1.5, 2), (3, 5.0, 0, 2.0, 4.0, 6))
    runs = [RunSpan("a", 0.5, 2.0, 1.2), RunSpan("b", -1.0, 5.0, 6.0), RunSpan("c", 2, 3, 0.1)]
    shares = attribute(samples, runs)
    assert shares.kwh.tolist() == pytest.approx(by_hand(samples, runs), rel=1e-12)
    assert shares.keys == ("a", "b", "c")


def test_two_equal_runs_get_equal_energy() -> None:
    samples = tape((0, 0, 0, 0, 0, 0), (10, 8.0, 0, 0, 15, 20))
    shares = attribute(samples, [RunSpan("a", 2, 4, 1.0), RunSpan("b", 2, 4, 1.0)])
    assert shares.kwh[0] == shares.kwh[1] > 0


def test_more_cpu_seconds_than_the_machine_reported_take_no_more_than_there_is() -> None:
    samples = tape((0, 0, 0, 0, 0, 0), (1, 1.0, 0, 0, 0.5, 1.0))
    shares = attribute(samples, [RunSpan("a", 0, 1, 1.01)])
    assert shares.kwh[0] == pytest.approx(1.0)
    assert (shares.idle_kwh, shares.other_kwh) == (pytest.approx(0.0), pytest.approx(0.0))


def test_graphics_energy_goes_to_the_lease_and_otherwise_to_idle() -> None:
    samples = tape((0, 0, 0, 0, 0, 0), (1, 0, 3.0, 0, 1, 2), (2, 0, 5.0, 0, 2, 4))
    shares = attribute(samples, [RunSpan("a", 0, 1, 0.5, gpu=True), RunSpan("b", 0, 2, 1.0)])
    assert shares.kwh.tolist() == [pytest.approx(3.0), 0.0]
    assert shares.idle_kwh == pytest.approx(2.0)


def test_a_run_outside_the_readings_gets_nothing_and_says_so() -> None:
    samples = tape((10, 0, 0, 0, 0, 0), (12, 1.0, 0, 0, 2, 4))
    shares = attribute(samples, [RunSpan("early", 0, 9, 5.0), RunSpan("half", 9, 11, 1.0)])
    assert shares.kwh[0] == 0.0
    assert shares.coverage.tolist() == [0.0, 0.5]


def test_a_run_without_duration_is_harmless() -> None:
    samples = tape((0, 0, 0, 0, 0, 0), (2, 1.0, 0, 0, 2, 4))
    shares = attribute(samples, [RunSpan("a", 1, 1, 0.0), RunSpan("b", 1, 1, float("nan"))])
    assert shares.kwh.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("rows", [[], [(0.0,) * 6]])
def test_without_two_readings_nothing_is_attributed(rows: list[tuple[float, ...]]) -> None:
    shares = attribute(tape(*rows), [RunSpan("a", 0, 1, 1.0)])
    assert (shares.kwh.tolist(), shares.total_kwh) == ([0.0], 0.0)


def test_no_runs_leave_all_to_idle_and_others() -> None:
    shares = attribute(tape((0, 0, 0, 0, 0, 0), (1, 4.0, 0, 0, 1, 4)), [])
    assert (shares.other_kwh, shares.idle_kwh) == (1.0, 3.0)


def test_readings_out_of_order_are_sorted_and_never_fall() -> None:
    samples = tape(
        (2, 3.0, 0, 0, 2, 4), (0, 0, 0, 0, 0, 0), (1, 1.0, 0, 0, 1, 2), (3, 2.9, 0, 0, 3, 6)
    )
    assert samples.cpu_kwh.tolist() == [0.0, 1.0, 3.0, 3.0]


def test_samples_survive_json() -> None:
    samples = tape((0, 0, 0, 0, 0, 0), (1, 4.0, 0.5, 0.25, 1, 4))
    again = Samples.from_json(samples.to_json())
    assert again.to_json() == samples.to_json()
