"""Derive importances and parallel coordinates again, for ``rederive``: sklearn and sampling."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from tests.figures.rederive_checks import Check
from tests.figures.rederive_runs import Study

SAMPLES, FEWER, GRID = 2**14, 2**11, 48
NEAR = 0.03
"""A fraction by sampling differs from the exact one by less."""


def read(study: Study, testbed: str) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray, str]:
    """Return names, unit and coded configurations, losses, and whose runs are used."""
    runs = [(i, r) for i, r in enumerate(study.runs) if r.testbed == testbed and r.rows["id"]]
    bed = study.beds[testbed]
    most = bed.full if bed.fidelity else math.inf

    def rows_of(i: int) -> list[int]:
        r = study.runs[i].rows
        return [
            k
            for k, (s, v, f) in enumerate(zip(r["status"], r["loss"], r["fidelity"], strict=True))
            if s == 0 and math.isfinite(v) and not (math.isfinite(most) and f < most * (1 - 1e-12))
        ]

    even = [(i, r) for i, r in runs if r.header["optimizer"]["id"] in ("random", "sobol")]
    enough = sum(len(rows_of(i)) for i, _ in even) >= 40
    used = [(i, k) for i, _ in (even if enough else runs) for k in rows_of(i)]
    if len(used) > 500:
        used = [used[round(x)] for x in np.linspace(0, len(used) - 1, 500).tolist()]
    space = next(r.header["testbed"]["space"] for _, r in runs if r.header["testbed"].get("space"))
    records: dict[int, Any] = {i: study.results.run(i).columns for i, _ in runs}
    unit, codes = [], []
    for p in space["parameters"]:
        v = np.array([records[i][f"p.{p['name']}"][k] for i, k in used], dtype=np.float64)
        unit.append(_unit(p, v))
        codes.append(v if "choices" in p else unit[-1])
    loss = np.array([study.runs[i].rows["loss"][k] for i, k in used])
    names = [p["name"] for p in space["parameters"]]
    words = "random and Sobol" if enough else "all"
    return names, np.array(unit).T, np.array(codes).T, loss, words


def _unit(p: Mapping[str, Any], v: np.ndarray) -> np.ndarray:
    """Return a parameter's values in the unit interval, each integer or choice mid-interval."""
    if "choices" in p:
        return (v + 0.5) / len(p["choices"])
    low, high = (float(p[k]) for k in ("low", "high"))
    if p["kind"] == "int":
        low, high = low - 0.5, high + 0.5
    if p.get("log"):
        low, high, v = math.log(low), math.log(high), np.log(v)
    return (v - low) / (high - low)


def importances(study: Study, rows: pd.DataFrame, check: Check) -> None:
    """F10: refit the forest; its fractions by sampling, its out-of-bag R² exactly."""
    from sklearn.ensemble import RandomForestRegressor

    for panel, group in rows.groupby("panel", sort=False):
        names, _, codes, loss, words = read(study, str(panel))
        check.same(f"{panel}, runs", set(group["runs"]), {words})
        check.same(f"{panel}, n", set(group["n"]), {float(len(loss))})
        space = study.results.headers
        parameters = next(
            h["testbed"]["space"]["parameters"] for h in space
            if h["testbed"]["id"] == panel and h["testbed"].get("space")
        )  # fmt: skip
        x = codes.copy()
        for j, p in enumerate(parameters):
            known = np.sort(x[~np.isnan(x[:, j]), j])
            x[np.isnan(x[:, j]), j] = known[(len(known) - 1) // 2] if len(known) else 0.0
            if "choices" in p:
                x[:, j] = (x[:, j] + 0.5) / len(p["choices"])
        forest = RandomForestRegressor(24, min_samples_leaf=2, oob_score=True, random_state=0)
        forest.fit(x, loss)
        check.number(f"{panel}, R²", group["r2"].iloc[0], float(forest.oob_score_), 1e-6)
        mains, total = _mains(forest, len(names))
        fraction = dict(zip(zip(group["kind"], group["name"], strict=True), group["fraction"],
                            strict=True))  # fmt: skip
        for name, main in zip(names, mains, strict=True):
            got = fraction["main", name]
            check.n += 1
            if not abs(got - main / total) <= NEAR:
                check.wrong.append(f"{panel}, {name}: {got!r} in the CSV, {main / total!r} again")
        pairs = {f"{a} × {b}" for a, b in itertools.combinations(names, 2)}
        check.same(f"{panel}, pairs", {n for k, n in fraction if k == "pair"}, pairs)
        check.number(f"{panel}, sum", sum(fraction.values()), 1.0, 1e-6)


def _mains(forest: Any, d: int) -> tuple[list[float], float]:
    rng = np.random.default_rng(1)
    cells = np.stack([rng.permutation(SAMPLES) for _ in range(d)], axis=1)
    points = (cells + rng.random((SAMPLES, d))) / SAMPLES  # a Latin hypercube
    value = forest.predict(points)
    out = []
    for j in range(d):
        level = []
        for x in (np.arange(GRID) + 0.5) / GRID:
            fixed = points[:FEWER].copy()
            fixed[:, j] = x
            level.append(forest.predict(fixed).mean())
        out.append(float(np.var(level)))
    return out, float(value.var())


def coordinates(study: Study, rows: pd.DataFrame, check: Check) -> None:
    """F10: the configurations in the unit cube, the tenth with the least losses marked."""
    for panel, group in rows.groupby("panel", sort=False):
        names, unit, _, loss, _ = read(study, str(panel))
        n = len(loss)
        keep = [round(x) for x in np.linspace(0, n - 1, min(n, 150)).tolist()]
        check.same(f"{panel}, parameters", group["parameter"].tolist(), names * len(keep))
        best = set(sorted(range(len(keep)), key=lambda k: loss[keep[k]])[: -(-len(keep) // 10)])
        for row in group.to_dict("records"):
            k, j = int(row["configuration"]), names.index(row["parameter"])
            where = f"{panel}, configuration {k}, {row['parameter']}"
            check.number(where, row["place"], float(unit[keep[k], j]), 1e-6)
            check.number(f"{where}, loss", row["loss"], float(loss[keep[k]]))
            check.same(f"{where}, best", row["best"], float(k in best))
