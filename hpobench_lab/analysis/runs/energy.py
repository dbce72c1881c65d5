"""What the study cost to run: seconds by optimizer, and energy with its method."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.analysis.runs.loaded import ResultsLike

__all__ = ["Cost", "Session", "costs", "run_energy", "sessions"]

JOULES_PER_KWH = 3.6e6
METERED = frozenset({"rapl", "nvml_counter", "nvml_power", "meter"})


@dataclass(frozen=True)
class Cost:
    """Hold what the runs of one optimizer took; measured, so it differs from day to day.

    Args:
        label: The optimizer.
        runs: Runs counted.
        ask_tell_s: Wall seconds inside ask and tell, in all.
        eval_s: Wall seconds of evaluations, in all.
        cpu_s: Processor seconds, in all.
        energy_j: Energy attributed to its runs; NaN unknown.
        method: ``metered``, ``modelled``, or "" when there is no energy.
    """

    label: str
    runs: int
    ask_tell_s: float
    eval_s: float
    cpu_s: float
    energy_j: float
    method: str


@dataclass(frozen=True)
class Session:
    """Sum up all energy sessions of a study.

    Args:
        kwh: By part (cpu, gpu, ram).
        methods: By part, how it was obtained.
        co2e_kg: Emissions; NaN when unknown.
        co2e_reason: Why they are unknown.
        country: ISO code, or "".
        intensity_g_per_kwh: NaN when unknown.
        coverage: Share of the wall time that was watched, the smallest of any session.
        reason: Why no energy is known; "" otherwise.
    """

    kwh: Mapping[str, float]
    methods: Mapping[str, str]
    co2e_kg: float = math.nan
    co2e_reason: str = ""
    country: str = ""
    intensity_g_per_kwh: float = math.nan
    coverage: float = math.nan
    reason: str = ""

    @property
    def total_kwh(self) -> float:
        """Return the sum over parts; NaN when there are none."""
        return sum(self.kwh.values()) if self.kwh else math.nan

    @property
    def method(self) -> str:
        """Return ``metered`` when a counter measured every part that used energy."""
        used = {self.methods.get(part, "unknown") for part, kwh in self.kwh.items() if kwh > 0}
        return "" if not used else "metered" if used <= METERED else "modelled"


def sessions(records: Sequence[Mapping[str, Any]]) -> Session:
    """Return the sum of the stored session records."""
    kwh: dict[str, float] = {}
    methods: dict[str, str] = {}
    known = [r for r in records if isinstance(r.get("kwh"), Mapping) and not r.get("kwh_reason")]
    for record in known:
        for part, found in record["kwh"].items():
            if found.get("kwh") is not None and found.get("method") != "none":
                kwh[part] = kwh.get(part, 0.0) + float(found["kwh"])
                methods[part] = str(found.get("method") or "unknown")
    if not kwh:
        reasons = [str(r["kwh_reason"]) for r in records if r.get("kwh_reason")]
        return Session({}, {}, reason=reasons[0] if reasons else "energy was not tracked")
    grams = [math.nan if r.get("co2e_kg") is None else float(r["co2e_kg"]) for r in known]
    last = known[-1]
    intensity = last.get("intensity_g_per_kwh")
    return Session(
        kwh,
        methods,
        sum(grams),
        next((str(r["co2e_kg_reason"]) for r in known if r.get("co2e_kg_reason")), ""),
        str(last.get("country") or ""),
        math.nan if intensity is None else float(intensity),
        min(float(r.get("coverage") or 0.0) for r in known),
    )


def costs(results: ResultsLike, labels: Sequence[str]) -> tuple[Cost, ...]:
    """Return the cost of each optimizer; energy as ``carbon.attribute`` shared it out."""
    method = sessions(results.carbon).method
    joules = _attributed(results)
    out = []
    for label in labels:
        mine = [h for h in results.headers if h["optimizer"]["label"] == label]
        took = [h.get("measured") or {} for h in mine]
        energy = [joules[h["key"]] for h in mine if h.get("key") in joules]
        out.append(
            Cost(
                label,
                len(mine),
                sum(_finite(m.get("ask_wall_s")) + _finite(m.get("tell_wall_s")) for m in took),
                sum(_finite(m.get("eval_wall_s")) for m in took),
                sum(_finite(m.get("cpu_s")) for m in took),
                sum(energy) if energy else math.nan,
                method if energy else "",
            )
        )
    return tuple(out)


def run_energy(results: ResultsLike) -> tuple[dict[str, NDArray[np.float64]], str]:
    """Return joules and grams of CO2e by run, and why they are unknown ("" when known).

    Returns:
        ``joules`` and, where an intensity is known, ``grams_co2e``, each of shape (n_runs,); empty
        unless all runs have energy that was obtained in the same way.
    """
    keys = [h.get("key") for h in results.headers]
    joules, grams, methods = dict[Any, float](), dict[Any, float](), set[str]()
    for record in results.carbon:
        intensity, method = record.get("intensity_g_per_kwh"), sessions([record]).method
        for key, kwh in ((record.get("runs") or {}).get("kwh") or {}).items():
            if kwh is None:
                continue
            joules[key] = joules.get(key, 0.0) + float(kwh) * JOULES_PER_KWH
            rate = math.nan if intensity is None else float(intensity)
            grams[key] = grams.get(key, 0.0) + float(kwh) * rate
            methods.add(method)
    missing = sum(key not in joules for key in keys)
    if not keys or missing:
        return {}, f"{missing or 'all'} of {len(keys)} runs have no energy"
    if len(methods) > 1:
        return {}, f"energy of different kinds cannot be added: {', '.join(sorted(methods))}"
    small = sum(joules[key] <= 0 for key in keys)
    if small:
        return {}, f"{small} of {len(keys)} runs were too short for their energy to be told"
    found = {"joules": np.array([joules[k] for k in keys], dtype=np.float64)}
    emitted = np.array([grams[k] for k in keys], dtype=np.float64)
    if bool(np.isfinite(emitted).all()):
        found["grams_co2e"] = emitted
    return found, ""


def _attributed(results: ResultsLike) -> dict[str, float]:
    """Return joules by run key, over all sessions; what was attributed when they ended."""
    joules: dict[str, float] = {}
    for record in results.carbon:
        for key, kwh in ((record.get("runs") or {}).get("kwh") or {}).items():
            if kwh is not None:
                joules[key] = joules.get(key, 0.0) + float(kwh) * JOULES_PER_KWH
    return joules


def _finite(value: Any) -> float:
    return float(value) if value is not None and math.isfinite(value) else 0.0
