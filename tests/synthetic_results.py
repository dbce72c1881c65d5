"""Results made by hand: headers, offsets and columns as the contract between parts states them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

COLUMNS = (
    "id",
    "parent",
    "replicate",
    "status",
    "fidelity",
    "loss",
    "score",
    "cost_s",
    "units",
    "start",
    "end",
    "ask_wall_s",
    "tell_wall_s",
    "eval_wall_s",
)


@dataclass
class Made:
    """Look like ``hpobench_lab.results.Results``."""

    headers: list[dict[str, Any]]
    offsets: Any
    columns: dict[str, Any]
    study: dict[str, Any]
    paths: list[Path] = field(default_factory=lambda: [Path("results/made-abc123")])
    carbon: list[dict[str, Any]] = field(default_factory=list)

    def run(self, i: int) -> Any:
        rows = slice(self.offsets[i], self.offsets[i + 1])
        found = {k: v[rows] for k, v in self.columns.items()}
        return type("Record", (), {"header": self.headers[i], "columns": found | {"p.x": 0}})()


def rows_of(
    losses: Sequence[float],
    *,
    fidelity: Any = np.nan,
    units: Any = 1.0,
    score: Sequence[float] | None = None,
) -> dict[str, Any]:
    """Return the columns of one run; failed where the loss is not finite."""
    loss = np.asarray(losses, dtype=np.float64)
    n = len(loss)
    ok = np.isfinite(loss)
    best = np.minimum.accumulate(np.concatenate([[np.inf], np.where(ok, loss, np.inf)]))
    given = loss if score is None else np.asarray(score, dtype=np.float64)
    units = np.broadcast_to(np.asarray(units, dtype=np.float64), (n,))
    return {
        "id": np.arange(n, dtype=np.int32),
        "parent": np.full(n, -1, np.int32),
        "replicate": np.zeros(n, np.int32),
        "status": np.where(ok, 0, 1).astype(np.uint8),
        "fidelity": np.broadcast_to(np.asarray(fidelity, dtype=np.float64), (n,)),
        "loss": np.where(ok, loss, np.nan),
        "score": np.where(best[1:] < best[:-1], given, np.nan),
        "cost_s": units,
        "units": units,
        "start": np.cumsum(units) - units,
        "end": np.cumsum(units),
        "ask_wall_s": np.full(n, 1e-4, np.float32),
        "tell_wall_s": np.full(n, 1e-5, np.float32),
        "eval_wall_s": np.full(n, 1e-3, np.float32),
    }


def bed(name: str, **facts: Any) -> dict[str, Any]:
    """Return a testbed's header: optimum 0, reference 1 unless said otherwise."""
    fidelity = facts.pop("fidelity", None)
    known = {
        "name": name,
        "source": name,
        "family": "function",
        "kind": "function",
        "optimum": 0.0,
        "optimum_origin": "exact",
        "reference": 1.0,
        "reference_origin": "median of 10001 random evaluations",
        "quality": {},
        "citation": "Nobody (2020)",
    }
    return {
        "id": name,
        "version": "1",
        "params": {},
        "wrap": [],
        "fidelity": fidelity,
        "objectives": ["loss"],
        "facts": known | facts,
    }


Losses = Callable[[str, str, int], dict[str, Any] | None]
"""(optimizer, testbed, seed) -> columns, or None for a run that failed."""


def make(
    optimizers: Sequence[str],
    beds: Sequence[dict[str, Any]],
    seeds: Sequence[int],
    losses: Losses,
    *,
    budget: tuple[str, float] = ("evaluations", 20.0),
    baseline: str | None = None,
    **study: Any,
) -> Made:
    """Return results of the product, sorted as the loader sorts them."""
    headers, parts = [], []
    for t in sorted(beds, key=lambda b: b["id"]):
        for name in optimizers:
            for seed in seeds:
                columns = losses(name, t["id"], seed)
                headers.append(_header(name, t, seed, budget, columns))
                parts.append(columns or rows_of([]))
    offsets = np.concatenate([[0], np.cumsum([len(p["id"]) for p in parts])]).astype(np.int64)
    joined = (
        {k: np.concatenate([p[k] for p in parts]) for k in COLUMNS}
        if parts
        else {k: rows_of([])[k] for k in COLUMNS}
    )
    settings = {
        "schema": 1,
        "optimizers": [
            {"label": o, "id": o.lower(), "version": "1", "params": {}} for o in optimizers
        ],
        "testbeds": [
            {"id": t["id"], "version": "1", "params": {}, "wrap": [], "data_sha256": ""}
            for t in beds
        ],
        "protocol": _protocol(budget),
        "primary": {"baseline": baseline, "metric": "regret"},
    }
    about = {
        "name": "made",
        "hash6": "abc123",
        "settings": settings,
        "seeds": list(seeds),
        "primary": {
            "baseline": baseline or (optimizers[0] if optimizers else None),
            "metric": "regret",
        },
        "labels": list(optimizers),
        "not_applicable": [],
        "planned": len(optimizers) * len(beds) * len(seeds),
    }
    return Made(headers, offsets, joined, about | study)


def _protocol(budget: tuple[str, float]) -> dict[str, Any]:
    return {
        "budget": {budget[0]: budget[1]},
        "use": "fixed-budget",
        "workers": 1,
        "synchronous": False,
        "overhead": "ignore",
        "recommendation": "best-observed",
        "failures": "worst",
        "max_trials": 1_000_000,
        "ask_timeout_s": 600.0,
    }


def _header(
    name: str,
    t: dict[str, Any],
    seed: int,
    budget: tuple[str, float],
    columns: dict[str, Any] | None,
) -> dict[str, Any]:
    n = 0 if columns is None else len(columns["id"])
    return {
        "schema": 1,
        "key": f"{name}|{t['id']}|{seed}",
        "optimizer": {
            "label": name,
            "id": name.lower(),
            "version": "1",
            "params": {},
            "supports": [],
        },
        "testbed": t,
        "protocol": _protocol(budget),
        "seed": seed,
        "fold": 0,
        "device": "cpu",
        "status": "failed" if columns is None else "ok",
        "reason": "error" if columns is None else "budget",
        "message": "Traceback\nValueError: <b>boom</b>" if columns is None else "",
        "spent": float(n),
        "n_trials": n,
        "n_told": n,
        "counts": {"ok": n},
        "fingerprint": "0" * 32,
        "platform": {
            "python": "3.11",
            "numpy": "2.4",
            "scipy": "1.17",
            "blas": "Zen",
            "simd": "AVX2",
            "machine": "x86_64",
        },
        "measured": {
            "wall_start": 0.0,
            "wall_end": 1.0,
            "ask_wall_s": 1e-4 * n,
            "tell_wall_s": 1e-5 * n,
            "eval_wall_s": 1e-3 * n,
            "cpu_s": 1.2e-3 * n,
            "host": "somewhere",
        },
    }


def steady(quality: dict[str, float], n: int = 20, *, scale: float = 1.0) -> Losses:
    """Return runs whose losses fall like a power of time; a higher quality falls faster."""

    def losses(name: str, testbed: str, seed: int) -> dict[str, Any]:
        salt = sum(map(ord, testbed)) + 1000 * seed + 77 * sum(map(ord, name))
        rng = np.random.default_rng(salt)
        t = np.arange(1, n + 1)
        noise = rng.lognormal(0.0, 0.5, size=n)
        return rows_of(scale * t ** -quality[name] * noise)

    return losses


def session(made: Made, kwh: float = 0.001) -> dict[str, Any]:
    """Return an energy session of which half went to the runs, in equal parts."""
    each = kwh / 2 / max(len(made.headers), 1)
    return {
        "kwh": {
            "cpu": {"kwh": 0.8 * kwh, "method": "load_model"},
            "ram": {"kwh": 0.2 * kwh, "method": "slot_model"},
            "gpu": {"kwh": 0.0, "method": "none"},
        },
        "kwh_reason": "",
        "total_kwh": kwh,
        "country": "DEU",
        "intensity_g_per_kwh": 381.0,
        "co2e_kg": 0.381 * kwh,
        "co2e_kg_reason": "",
        "coverage": 1.0,
        "runs": {"kwh": {h["key"]: each for h in made.headers}, "idle_kwh": kwh / 2},
    }
