"""Derive hypervolumes and the losses outside of a run again, for ``rederive``."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from tests.figures.rederive_checks import Check
from tests.figures.rederive_runs import Study
from tests.figures.rederive_times import told_losses


def hypervolumes(study: Study, rows: pd.DataFrame, check: Check) -> None:
    """F11: the area between two losses and the stored reference, median and quartiles over runs."""
    found = told_losses(study)
    facts = {h["testbed"]["id"]: h["testbed"]["facts"] for h in study.results.headers}
    corner = {bed: facts[bed].get("reference_point") for bed, _ in found}
    expected = {key for key in found if corner[key[0]]}
    check.same("pairs", set(zip(rows["panel"], rows["optimizer"], strict=True)), expected)
    for (panel, label), group in rows.groupby(["panel", "optimizer"], sort=False):
        runs, known = found[panel, label], dict[float, list[float]]()
        for k in range(1, max(map(len, runs)) + 1):
            areas = [_area(r[:k], corner[panel]) for r in runs]
            known[float(k)] = np.quantile(areas, [0.5, 0.25, 0.75]).tolist()
        check.steps(f"{panel}, {label}", group, known, known.__getitem__, ("value", "low", "high"))


def _area(points: np.ndarray, corner: list[float]) -> float:
    """Return the area that two losses dominate below the corner, strip by strip."""
    right, top = corner
    inside = sorted((x, y) for x, y in points.tolist() if x < right and y < top)
    edges = [*(x for x, _ in inside), right]
    lowest, area = top, 0.0
    for i, (_, y) in enumerate(inside):
        lowest = min(lowest, y)
        area += (edges[i + 1] - edges[i]) * (top - lowest)
    return area


def optimism(study: Study, rows: pd.DataFrame, check: Check) -> None:
    """F17: told and held-out losses of finished runs that say them, and their means."""
    told = [
        {"panel": h["testbed"]["id"], "optimizer": h["optimizer"]["label"], **h["held_out"]}
        for h in study.results.headers
        if h.get("held_out") and h["status"] == "ok"
    ]
    table = pd.DataFrame(told).astype({"inner": float, "outer": float})
    table = table[np.isfinite(table["inner"]) & np.isfinite(table["outer"])]
    keys = ["panel", "optimizer"]
    pairs = {key for key, _ in table.groupby(keys)}
    check.same("pairs", {key for key, _ in rows.groupby(keys)}, pairs)
    for key, group in rows.groupby(keys, sort=False):
        mine = table[(table["panel"] == key[0]) & (table["optimizer"] == key[1])]
        means = {k: math.fsum(mine[k]) / len(mine) for k in ("inner", "outer")}
        want = [*mine[["inner", "outer"]].itertuples(index=False, name=None), tuple(means.values())]
        series = ["run"] * len(mine) + ["mean"]
        check.same(f"{key}, series", group["series"].tolist(), series)
        for row, (inner, outer) in zip(group.itertuples(), want, strict=False):
            for name, value in (("inner", inner), ("outer", outer), ("gap", outer - inner)):
                check.number(f"{key}, {row.series}, {name}", getattr(row, name), value)
            check.number(f"{key}, n", row.n, len(mine))
