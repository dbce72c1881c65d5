"""A session is measured once, says how, and invents nothing."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from hpobench_lab import carbon
from hpobench_lab.carbon import session
from hpobench_lab.errors import StudyError
from hpobench_lab.study import CarbonSettings


class FakeTracker:
    """Stand in for codecarbon's tracker: three readings at given times, two kWh in all."""

    readings: tuple[tuple[float, float], ...] = ((100.0, 0.0), (101.0, 1.0), (102.0, 2.0))
    arguments: dict[str, Any]

    def __init__(self, **arguments: Any) -> None:
        FakeTracker.arguments = arguments
        self.tape = arguments["output_handlers"][0]
        self._hardware = [CPU(), RAM()]

    def start(self) -> None:
        for wall, kwh in self.readings:
            self.tape.rows.append((wall, kwh, 0.0, 0.0, wall, 2 * wall))

    def stop(self) -> None:
        self.tape.out(_reading(2.0), _reading(2.0))


class CPU:
    _mode, _tdp, _model, _is_generic_tdp = "constant", 85.0, "x", True


class RAM:
    pass


def _reading(kwh: float) -> SimpleNamespace:
    names = {"cpu_model": "x", "cpu_count": 2, "gpu_model": "", "gpu_count": 0}
    energies = {"cpu_energy": kwh, "gpu_energy": 0.0, "ram_energy": 0.0}
    return SimpleNamespace(**names, **energies, ram_total_size=8.0, pue=1.5)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> type[FakeTracker]:
    import codecarbon

    monkeypatch.setattr(codecarbon, "OfflineEmissionsTracker", FakeTracker)
    monkeypatch.setattr(session, "_machine_cpu_seconds", lambda: (103.0, 206.0))
    monkeypatch.setattr(session.time, "time", lambda: 103.0)
    return FakeTracker


def run(settings: CarbonSettings) -> dict[str, Any]:
    with carbon.track(settings) as tracker:
        if tracker._thread is not None:
            tracker._thread.join()
    return tracker.record()


def test_a_session_states_energy_method_and_carbon(fake: type[FakeTracker]) -> None:
    record = run(CarbonSettings(country="DEU"))
    assert record["total_kwh"] == pytest.approx(2.0)
    assert record["co2e_kg"] == pytest.approx(2.0 * carbon.intensity("DEU").g_per_kwh / 1000)
    assert {p: v["method"] for p, v in record["kwh"].items()} == {
        "cpu": "tdp_constant",
        "gpu": "none",
        "ram": "slot_model",
    }
    assert (record["pue"], record["tdp_w"]) == (1.5, 85.0)
    assert record["intensity_year"] >= 2020


def test_the_record_is_strict_json(fake: type[FakeTracker]) -> None:
    record = run(CarbonSettings())
    assert json.loads(json.dumps(record, allow_nan=False)) == record


def test_without_a_country_energy_is_known_and_carbon_is_not(fake: type[FakeTracker]) -> None:
    record = run(CarbonSettings())
    assert record["total_kwh"] == pytest.approx(2.0)
    assert record["co2e_kg"] is None
    assert "no country" in record["co2e_kg_reason"]


def test_the_tracker_neither_writes_nor_locks_nor_calls_home(fake: type[FakeTracker]) -> None:
    run(CarbonSettings())
    given = FakeTracker.arguments
    assert given["output_methods"] == []
    assert given["allow_multiple_runs"] is True
    assert given["emissions_endpoint"] is None
    assert given["tracking_mode"] == "machine"
    assert logging.getLogger("codecarbon").disabled


@pytest.mark.parametrize("readings", [(), ((100.0, 0.0),)])
def test_too_few_readings_are_said_and_not_filled(
    fake: type[FakeTracker], monkeypatch: pytest.MonkeyPatch, readings: tuple[Any, ...]
) -> None:
    monkeypatch.setattr(FakeTracker, "readings", readings)
    monkeypatch.setattr(FakeTracker, "stop", lambda self: None)
    record = run(CarbonSettings(country="DEU"))
    assert record["kwh"] is None
    assert record["co2e_kg"] is None
    assert record["kwh_reason"]
    assert record["coverage"] == 0.0


def test_a_tracker_that_raises_costs_the_energy_figure_only(
    fake: type[FakeTracker], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: FakeTracker) -> None:
        raise RuntimeError("no meter")

    monkeypatch.setattr(FakeTracker, "start", broken)
    assert "no meter" in run(CarbonSettings())["kwh_reason"]


@pytest.mark.parametrize(
    ("country", "meant"),
    [("GER", "DEU"), ("DE", "DEU"), ("germany", "DEU"), ("deu", "DEU"), ("frnace", "FRA")],
)
def test_an_unknown_country_is_an_error_with_a_suggestion(country: str, meant: str) -> None:
    with pytest.raises(StudyError, match=meant), carbon.track(CarbonSettings(country=country)):
        pytest.fail("nothing may start")


def test_switched_off_it_imports_nothing_of_codecarbon() -> None:
    code = (
        "import sys; from hpobench_lab import carbon\n"
        "from hpobench_lab.study import CarbonSettings\n"
        "with carbon.track(CarbonSettings(enabled=False, country='DEU')) as t: pass\n"
        "assert t.record()['kwh'] is None\n"
        "sys.exit('codecarbon' in sys.modules or 'psutil' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_real_session_gives_a_first_reading_and_names_its_methods() -> None:
    with carbon.track(CarbonSettings(country="FRA")) as tracker:
        assert tracker.wait(readings=2)
    record = tracker.record()
    assert record["kwh_reason"] == ""
    assert record["total_kwh"] > 0.0
    assert record["kwh"]["cpu"]["method"] != "unknown"
    assert record["kwh"]["ram"]["method"] != "none"
    assert record["tdp_source"] or record["kwh"]["cpu"]["method"] == "rapl"
    spans = [carbon.RunSpan("a", record["wall_start"], record["wall_end"], 0.5)]
    shares = carbon.attribute(tracker.samples, spans)
    assert float(shares.kwh.sum()) + shares.idle_kwh + shares.other_kwh == pytest.approx(
        record["total_kwh"], rel=1e-9
    )
