"""One codecarbon tracker a machine, in the coordinator, and its session as plain data."""

from __future__ import annotations

import importlib.metadata
import logging
import math
import os
import platform
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hpobench_lab.carbon.country import intensity
from hpobench_lab.carbon.methods import PARTS, UNCERTAINTY, methods_of
from hpobench_lab.carbon.samples import Samples
from hpobench_lab.study import CarbonSettings

__all__ = ["Tracker", "track"]

INTERVAL_S = 1.0
SHORTEST_S = 0.05  # codecarbon repeats its last figures when asked again sooner


class _Tape:
    """Collect readings; codecarbon calls it as one of its output handlers."""

    def __init__(self) -> None:
        self.rows: list[tuple[float, ...]] = []
        self._arrived = threading.Condition()
        self.pue = 1.0
        self.facts: dict[str, Any] = {}

    def live_out(self, total: Any, delta: Any) -> None:
        self.read(total)

    def out(self, total: Any, delta: Any) -> None:
        self.read(total)

    def task_out(self, data: Any, experiment_name: str) -> None:
        """Do nothing: there are no tasks."""

    def exit(self) -> None:
        """Do nothing: nothing is open."""

    def read(self, total: Any) -> None:
        busy, capacity = _machine_cpu_seconds()
        energies = (total.cpu_energy, total.gpu_energy, total.ram_energy)
        row = (time.time(), *map(float, energies), busy, capacity)
        self.pue = float(total.pue)
        self.facts = {
            "cpu_model": total.cpu_model,
            "cpu_count": total.cpu_count,
            "gpu_model": total.gpu_model or "",
            "gpu_count": total.gpu_count or 0,
            "ram_gb": total.ram_total_size,
        }
        with self._arrived:
            self.rows.append(row)
            self._arrived.notify_all()

    def wait(self, readings: int, timeout_s: float) -> bool:
        """Wait until there are so many readings; return whether there are."""
        with self._arrived:
            return self._arrived.wait_for(lambda: len(self.rows) >= readings, timeout_s)


def _machine_cpu_seconds() -> tuple[float, float]:
    """Return the CPU seconds that all processes have used since boot, and all that there were."""
    import psutil  # comes with codecarbon

    times = psutil.cpu_times()
    total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    return total - times.idle - getattr(times, "iowait", 0.0), total


class Tracker:
    """Watch the machine during one session; made by ``track``.

    Starting takes about two seconds the first time, hence the thread: what happens before the
    first reading is not covered, and the record says how much that is.
    """

    def __init__(self, settings: CarbonSettings) -> None:
        self.settings = settings
        self._intensity = intensity(settings.country) if settings.enabled else None
        self._tape = _Tape()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._source: Any = None
        self._methods: dict[str, Any] = {}
        self._failure = ""
        self._begin = self._end = math.nan

    def start(self) -> None:
        """Begin, in a thread; nothing waits for it."""
        self._begin = time.time()
        if self.settings.enabled:
            self._thread = threading.Thread(target=self._open, name="carbon", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Take the last reading; a start that is still under way is called off."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._source is not None:
            self._source.stop()
            self._source = None
        self._end = time.time()

    def wait(self, readings: int = 2, timeout_s: float = 60.0) -> bool:
        """Wait until there are so many readings, one a second; return whether there are."""
        return self._tape.wait(readings, timeout_s)

    @property
    def samples(self) -> Samples:
        """Return the readings so far."""
        return Samples.of(list(self._tape.rows))

    def record(self) -> dict[str, Any]:
        """Return the session as plain data (JSON; an unknown number is null beside its reason)."""
        samples = self.samples
        end = time.time() if math.isnan(self._end) else self._end
        session = {
            "schema": 1,
            "kind": "metered",
            "host": platform.node(),
            "pid": os.getpid(),
            "wall_start": self._begin,
            "wall_end": end,
            "interval_s": INTERVAL_S,
            "enabled": self.settings.enabled,
        }
        return session | self._energy(samples, end) | {"samples": samples.to_json()}

    def _energy(self, samples: Samples, end: float) -> dict[str, Any]:
        reason = self._reason(samples)
        methods = self._methods.get("methods", {})
        parts = {
            part: {
                "kwh": samples.kwh(part),
                "method": methods.get(part, "unknown" if len(samples) else "none"),
                "uncertainty": UNCERTAINTY[methods.get(part, "unknown")],
            }
            for part in PARTS
        }
        total = None if reason else sum(samples.kwh(part) for part in PARTS)
        covered = 0.0 if reason else float(samples.wall[-1] - samples.wall[0])
        there = self._intensity
        return {
            "kwh": None if reason else parts,
            "total_kwh": total,
            "kwh_reason": reason,
            "tdp_w": self._methods.get("tdp_w"),
            "tdp_source": self._methods.get("tdp_source", ""),
            **self._tape.facts,
            "pue": self._tape.pue,
            "pue_in_kwh": True,
            "country": self.settings.country,
            "intensity_g_per_kwh": there.g_per_kwh if there else None,
            "intensity_year": there.year if there else None,
            "intensity_source": there.source if there else "",
            "co2e_kg": total * there.g_per_kwh / 1000.0 if there and total is not None else None,
            "co2e_kg_reason": reason or ("" if there else _NO_COUNTRY),
            "coverage": min(1.0, covered / max(end - self._begin, 1e-9)) if covered else 0.0,
            "tool": _version(),
        }

    def _reason(self, samples: Samples) -> str:
        if not self.settings.enabled:
            return "energy tracking is off"
        if self._failure:
            return self._failure
        if len(samples) < 2 or samples.wall[-1] - samples.wall[0] < SHORTEST_S:
            return "the session ended before the tracker had two readings; nothing is invented"
        return ""

    def _open(self) -> None:
        try:
            self._open_quietly()
        except Exception as error:  # a broken meter must not cost the study its results
            self._failure = f"the energy tracker did not start: {type(error).__name__}: {error}"

    def _open_quietly(self) -> None:
        log = logging.getLogger("codecarbon")
        log.disabled = True  # its log_level alone leaves messages, some of them at import
        from codecarbon import OfflineEmissionsTracker

        if self._ending.is_set():
            return
        source = OfflineEmissionsTracker(**self._arguments())
        source.start()
        if not self._tape.rows:  # start() swallows its exceptions
            source.stop()
            self._failure = "the energy tracker gave no first reading"
            return
        self._methods = methods_of(source)
        self._source = source

    def _arguments(self) -> dict[str, Any]:
        """Return every setting that could write, print, lock or ask the network; PUE stays free."""
        return {
            "measure_power_secs": INTERVAL_S,
            "api_call_interval": 1,
            "tracking_mode": "machine",
            "output_methods": [],
            "output_handlers": [self._tape],
            "emissions_endpoint": None,
            "electricitymaps_api_token": None,
            "output_dir": ".",
            "log_level": "critical",
            "allow_multiple_runs": True,  # a lock would outlive kill -9
            "country_iso_code": self.settings.country or "WOR",
            "region": None,
            "cloud_provider": None,
            "cloud_region": None,
            "force_carbon_intensity_g_co2e_kwh": (
                self._intensity.g_per_kwh if self._intensity else 0.0
            ),
        }


_NO_COUNTRY = 'no country given: set country = "DEU" (an ISO code) under [carbon] in the study file'


@contextmanager
def track(settings: CarbonSettings) -> Iterator[Tracker]:
    """Watch the machine's energy while the block runs; once a machine, in the coordinator.

    Args:
        settings: Whether to track, and the country.

    Raises:
        StudyError: If the country is unknown; before anything starts.

    >>> with track(CarbonSettings(enabled=False)) as tracker:
    ...     pass
    >>> tracker.record()["kwh_reason"]
    'energy tracking is off'
    """
    tracker = Tracker(settings)
    tracker.start()
    try:
        yield tracker
    finally:
        tracker.stop()


def _version() -> str:
    try:
        return f"codecarbon {importlib.metadata.version('codecarbon')}"
    except importlib.metadata.PackageNotFoundError:
        return ""
