"""F14: seconds, joules, grams and their hatches; regret beside joules, without a ranking."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from hpobench_lab.analysis import analyse
from hpobench_lab.figures.f14_energy import HATCH, energy
from hpobench_lab.figures.plot import Plot
from tests.figures.on_axes import axes_of, marked, same, table, usual
from tests.synthetic_results import Made


def drawn(made: Made) -> Plot:
    return energy(analyse(made), made)


def simulated() -> Made:
    made = usual()
    made.columns["energy_j"] = np.full(made.offsets[-1], 0.25)
    return made


def metered() -> Made:
    made = usual()
    for part in ("cpu", "ram"):
        made.carbon[0]["kwh"][part]["method"] = "rapl"
    return made


def test_bars_are_the_sums_over_an_optimizers_runs() -> None:
    plot = drawn(usual(4, 7, 3))  # 21 runs of 20 evaluations each
    (own,) = table(plot, optimizer="o01", part="optimizer (ask, tell)")
    (rest,) = table(plot, optimizer="o01", part="evaluations")
    same([own["value"], rest["value"]], [21 * 20 * 1.1e-4, 21 * 20 * 1e-3])
    (joules,) = table(plot, panel="Energy (modelled)", optimizer="o01")
    same(joules["value"], 0.001 / 2 / 4 * 3.6e6)  # half of 1 Wh went to the runs of four
    (grams,) = table(plot, optimizer="o01", unit="gCO2e")
    same(grams["value"], 0.001 / 2 / 4 * 381.0)


@pytest.mark.parametrize(
    ("made", "kind"), [(usual, "modelled"), (metered, "metered"), (simulated, "simulated")]
)
def test_kinds_of_energy_are_named_and_hatched_differently(made: object, kind: str) -> None:
    plot = drawn(made())  # type: ignore[operator]
    ax = axes_of(plot, f"Energy ({kind})")
    assert {p.get_hatch() or "" for p in ax.patches} == {HATCH[kind]}
    assert len({HATCH[k] for k in ("metered", "modelled", "simulated")}) == 3


def test_stacked_bars_begin_where_the_last_part_ended() -> None:
    plot = drawn(usual())
    ax = axes_of(plot, "Time")
    for j, label in enumerate(plot.looks):
        own, rest = (r["value"] for r in table(plot, panel="Time", optimizer=label))
        first, second = marked(ax, f"o{j}-band")
        same([first.get_x(), first.get_width()], [0, own])
        same([second.get_x(), second.get_width()], [own, rest])


def test_simulated_joules_are_those_of_the_testbeds_and_emit_nothing() -> None:
    plot = drawn(simulated())
    (whole,) = table(plot, panel="Energy (simulated)", optimizer="o01")
    same(whole["value"], 21 * 20 * 0.25)
    (one,) = table(plot, part="one run", optimizer="o01")
    same(one["value"], 20 * 0.25)
    assert all(r["method"] != "simulated" for r in table(plot, unit="gCO2e"))


def test_regret_stands_beside_the_joules_of_one_run() -> None:
    made = simulated()
    a = analyse(made)
    plot = energy(a, made)
    ax = axes_of(plot, "Regret and energy (simulated)")
    for row in a.league:
        j = list(plot.looks).index(row.label)
        (mark,), (bar,) = marked(ax, f"o{j}-mark"), marked(ax, f"o{j}-band")
        same(mark.get_xydata(), [[5.0, row.regret.value]])
        same(bar.get_ydata(), [row.regret.low, row.regret.high])
    assert "No ranking follows" in plot.reading


def test_without_sessions_only_time_is_shown() -> None:
    made = usual()
    made.carbon.clear()
    assert drawn(made).panels == ["Time"]


def two_sessions(*, second: str = "load_model") -> Made:
    """Return two sessions of the same energy, at 381 and at 20 g/kWh."""
    made = usual(4, 7, 3)
    other = copy.deepcopy(made.carbon[0]) | {"intensity_g_per_kwh": 20.0}
    for part in ("cpu", "ram"):
        other["kwh"][part]["method"] = second
    made.carbon.append(other)
    return made


def test_every_session_counts_with_its_own_intensity() -> None:
    (grams,) = table(drawn(two_sessions()), optimizer="o01", unit="gCO2e")
    same(grams["value"], 0.001 / 2 / 4 * (381.0 + 20.0))
    assert grams["panel"] == "Carbon (modelled, 20 to 381 g/kWh)"


def test_metered_and_modelled_sessions_are_never_added() -> None:
    plot = drawn(two_sessions(second="rapl"))
    for kind, rate in (("metered", 20.0), ("modelled", 381.0)):
        (joules,) = table(plot, panel=f"Energy ({kind})", optimizer="o01")
        same(joules["value"], 0.001 / 2 / 4 * 3.6e6)
        (grams,) = table(plot, panel=f"Carbon ({kind}, {rate:.0f} g/kWh)", optimizer="o01")
        same(grams["value"], 0.001 / 2 / 4 * rate)
    assert not table(plot, part="one run")  # a run's joules are of both kinds


def test_without_the_intensity_of_a_session_grams_are_unknown() -> None:
    made = two_sessions()
    made.carbon[0]["intensity_g_per_kwh"] = None
    assert not table(drawn(made), unit="gCO2e")
