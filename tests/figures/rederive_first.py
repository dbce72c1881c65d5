"""Derive regret curves, ranks, heat map, rungs, energy and forest again, for ``rederive``."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from tests.figures.rederive_checks import Check
from tests.figures.rederive_intervals import window_ends
from tests.figures.rederive_runs import (
    Run,
    Study,
    interquartile_mean,
    over_folds,
    ranks,
    scores,
    with_twice,
)

TWICE = "random ×2"
GREY = ("random", "median-stopping")
OWN_DRAWS = 4000


def cuts_at(study: Study, rows: pd.DataFrame) -> Callable[[float], dict[str, float]]:
    """Return what x means on each testbed: units of the axis, or a share of its cut."""
    if (rows["axis"] == "share of the budget").all():
        return lambda x: {k: x * cut for k, cut in study.cuts.items()}
    return lambda x: dict.fromkeys(study.cuts, x)


def regret_over_sources(study: Study, rows: pd.DataFrame, check: Check) -> None:
    """F1: median and quartiles over sources, and the sources behind."""
    at = cuts_at(study, rows)
    twice = bool(study.random in study.ranked) and len(study.seeds) > 1
    wide: dict[float, pd.DataFrame] = {}
    for x in sorted(rows["x"].unique().tolist()):
        table = study.table(at(x))
        wide[x] = scores(with_twice(table, study.random, TWICE, study.seeds) if twice else table)
    expected = [*study.ranked, *([TWICE] if twice else [])]
    check.same("optimizers", sorted(rows["optimizer"].unique()), sorted(expected))
    last = max(wide)
    check.number("last x", last, 1.0 if at(1.0) == study.cuts else max(study.cuts.values()))
    for (label, series), group in rows.groupby(["optimizer", "series"], sort=False):
        if series == "median":
            columns = ("value", "low", "high")

            def want(x: float, label: str = label) -> list[float]:
                return np.quantile(wide[x].loc[label].dropna(), [0.5, 0.25, 0.75]).tolist()
        else:
            columns = ("value",)

            def want(x: float, label: str = label, series: str = series) -> list[float]:
                return [wide[x].loc[label, series.removeprefix("source ")]]

        check.steps(f"{label}, {series}", group, wide, want, columns)
    for label, group in rows.groupby("optimizer"):
        known = {f"source {s}" for s in wide[last].loc[label].dropna().index}
        found = set(group["series"]) - {"median"}
        check.same(f"sources of {label}", found in (set(), known), True)


def regret_by_testbed(study: Study, rows: pd.DataFrame, check: Check) -> None:
    """F1 by testbed: runs as they were, median and quartiles over seeds."""
    check.same("testbeds", sorted(rows["panel"].unique()), sorted(study.used))
    fewest = 60 if len(study.used) > 12 else 120
    for bed, panel in rows.groupby("panel"):
        runs = [r for r in study.runs if r.testbed == bed]
        cut = study.cuts[bed]
        events = {x for r in runs for x in r.at[study.axis] if x <= cut} | {cut}
        grid = events if len(events) <= fewest else set()  # else thinned, read at its own x
        labels = [label for label in study.labels if any(r.optimizer == label for r in runs)]
        found = set(panel.loc[panel["series"] == "median", "optimizer"])
        check.same(f"{bed}: optimizers", found - {TWICE}, set(labels))
        for (label, series), group in panel.groupby(["optimizer", "series"], sort=False):
            where = f"{bed}, {label}, {series}"
            if series == "median":
                columns = ("value", "low", "high")
                check.steps(where, group, grid, _quartiles(study, bed, str(label)), columns)
            else:
                _one_seed(study, bed, str(label), str(series), group, check)


def _quartiles(study: Study, bed: str, label: str) -> Callable[[float], list[float]]:
    first = study.random if label == TWICE else label
    mine = [r for r in study.runs if (r.testbed, r.optimizer) == (bed, first)]

    def want(x: float) -> list[float]:
        table = pd.DataFrame(
            {
                "optimizer": first,
                "testbed": bed,
                "source": "",
                "seed": [r.seed for r in mine],
                "fold": [r.fold for r in mine],
                "regret": [_regret(study, r, x) for r in mine],
            }
        )
        table = with_twice(table, first, TWICE, study.seeds) if label == TWICE else table
        seeds = over_folds(table[table["optimizer"] == label])["regret"]
        return np.quantile(seeds, [0.5, 0.25, 0.75]).tolist()

    return want


def _regret(study: Study, run: Run, x: float) -> float:
    regret = study.beds[run.testbed].regret(run.last(study.axis, x))
    return 1.0 if run.failed or math.isnan(regret) else regret


def _one_seed(
    study: Study, bed: str, label: str, series: str, group: pd.DataFrame, check: Check
) -> None:
    seed, fold = (series.removeprefix("seed ") + " fold 0").split(" fold ")[:2]
    run = next(
        r
        for r in study.runs
        if (r.testbed, r.optimizer, r.seed, r.fold) == (bed, label, int(seed), int(fold))
    )
    cut = study.cuts[bed]
    steps = [
        (x, study.beds[bed].regret(v))
        for x, v in zip(run.at[study.axis], run.value, strict=True)
        if x <= cut
    ]
    if steps:
        steps.append((cut, steps[-1][1]))
    where = f"{bed}, {label}, {series}"
    check.same(f"{where}: failed", run.failed, False)
    check.same(f"{where}: number of steps", len(group), len(steps))
    for got, want in zip(group[["x", "value"]].to_numpy().tolist(), steps, strict=False):
        check.number(where, got[0], want[0])
        check.number(where, got[1], want[1])


def rank_over_time(study: Study, rows: pd.DataFrame, check: Check) -> None:
    """F2: mean ranks; no value yet, or failed, is last; band from resampled sources."""
    at, ranked = cuts_at(study, rows), study.ranked
    check.same("optimizers", sorted(rows["optimizer"].unique()), sorted(ranked))
    rng = np.random.default_rng(1)
    wide = {}
    for x in rows["x"].unique().tolist():
        table = study.table(at(x), before=math.inf)
        wide[x] = ranks(table[table["optimizer"].isin(ranked)])
    n = next(iter(wide.values())).shape[1]
    drawn = rng.integers(0, n, size=(OWN_DRAWS, n))
    for label, group in rows.groupby("optimizer"):
        check.steps(str(label), group, wide, lambda x, o=label: [wide[x].loc[o].mean()])
        for x, low, high in group[["x", "low", "high"]].to_numpy().tolist():
            means = np.nanmean(wide[x].loc[label].to_numpy()[drawn], axis=1)
            check.ends(f"{label} at {x:g}", low, high, means, 2000)


def heat_map(study: Study, rows: pd.DataFrame, check: Check) -> None:
    """F6: median over seeds at the cut, and how many runs failed."""
    pairs = {(b, o) for b in study.beds for o in study.labels}
    found = set(zip(rows["testbed"], rows["optimizer"], strict=True))
    check.same("cells", found, pairs)
    middle = over_folds(study.at_cut()).groupby(["testbed", "optimizer"])["regret"].median()
    for row in rows.itertuples():
        key = (row.testbed, row.optimizer)
        mine = [r for r in study.runs if (r.testbed, r.optimizer) == key]
        check.number(f"{key}", row.regret, float(middle.get(key, math.nan)))
        check.number(f"{key} failed", row.failed, sum(r.failed for r in mine))
        check.number(f"{key} runs", row.runs, len(mine))


def rungs(study: Study, rows: pd.DataFrame, check: Check) -> None:
    """F12: the told trials of the first finished run of each pair that used several fidelities."""
    expected = []
    for bed in study.beds.values():
        for label in study.labels if bed.fidelity else ():
            mine = [r for r in study.runs if (r.testbed, r.optimizer) == (bed.id, label)]
            run = next((r for r in mine if not r.failed), None)
            if run is None:
                continue
            trials = [
                (i, p, f, v)
                for i, p, f, v, s in zip(
                    *(run.rows[k] for k in ("id", "parent", "fidelity", "loss", "status")),
                    strict=True,
                )
                if s == 0 and math.isfinite(v) and math.isfinite(f)
            ]
            if len({f for _, _, f, _ in trials}) > 1:
                expected += [(f"{bed.id}: {label}", label, *t) for t in trials]
    check.same("panels", set(rows["panel"]), {e[0] for e in expected})
    key = ["panel", "trial"]
    want = pd.DataFrame(
        expected, columns=["panel", "optimizer", "trial", "parent", "fidelity", "loss"]
    )
    both = rows.merge(want, on=key, how="outer", suffixes=("", " again"), indicator=True)
    missing = both[both["_merge"] == "right_only"]
    shown = rows.groupby("panel").size()
    check.same("left out", [p for p in missing["panel"].unique() if shown[p] < 390], [])
    for row in both[both["_merge"] != "right_only"].to_dict("records"):
        for column in ("parent", "fidelity", "loss"):
            check.number(f"{row['panel']}, trial {row['trial']}, {column}", row[column],
                         row[f"{column} again"])  # fmt: skip


def energy(study: Study, rows: pd.DataFrame, check: Check) -> None:
    """F14: seconds of all runs of an optimizer, joules, grams, and the regret beside joules."""
    given = _sessions(study)
    declared = [sum(r.extra["energy_j"]) for r in study.runs]
    if declared and all(math.isfinite(j) for j in declared):
        keys = [r.header["key"] for r in study.runs]
        given["simulated", "J"] = dict(zip(keys, declared, strict=True))
        given = {k: v for k, v in given.items() if k[0] == "simulated" or k[1] != "J"}
    for row in rows.itertuples():
        mine = [r for r in study.runs if r.optimizer == row.optimizer]
        took = pd.DataFrame([r.header.get("measured") or {} for r in mine]).fillna(0.0)
        where = f"{row.optimizer}, {row.panel}, {row.part}"
        if row.part == "optimizer (ask, tell)":
            want = took["ask_wall_s"].sum() + took["tell_wall_s"].sum()
        elif row.part == "evaluations":
            want = took["eval_wall_s"].sum()
        elif row.part == "whole run":
            source = given[row.method, row.unit]
            want = sum(source.get(r.header["key"], 0.0) for r in mine)
        else:
            source = given[row.method, "J"]
            want = np.median([source[r.header["key"]] for r in mine if not r.failed])
            score = study.final.loc[row.optimizer].dropna().to_numpy()
            check.number(f"{where}, regret", row.regret, interquartile_mean(score))
            check.both(f"{where}, regret", row.low, row.high, window_ends(score))
        check.number(where, row.value, float(want))
        if row.part in ("whole run", "one run"):
            check.same(f"{where}, panel", f"({row.method}" in row.panel, True)
    for part in ("optimizer (ask, tell)", "evaluations"):
        found = rows.loc[rows["part"] == part, "optimizer"]
        check.same(f"optimizers, {part}", sorted(found), sorted(study.labels))
    shown = rows[rows["part"] == "whole run"]
    kinds = {k for k, v in given.items() if all(map(math.isfinite, v.values()))}
    check.same("kinds", set(zip(shown["method"], shown["unit"], strict=True)), kinds)


def _sessions(study: Study) -> dict[tuple[str, str], dict[str, float]]:
    """Return (method, unit) -> joules or grams of each run, as the sessions gave them out."""
    out: dict[tuple[str, str], dict[str, float]] = {}
    for session in study.results.carbon:
        rate = session.get("intensity_g_per_kwh")
        method = _method(session)
        for key, kwh in ((session.get("runs") or {}).get("kwh") or {}).items():
            if kwh is None or not method:
                continue
            for unit, factor in (("J", 3.6e6), ("gCO2e", math.nan if rate is None else rate)):
                each = out.setdefault((method, unit), {})
                each[key] = each.get(key, 0.0) + kwh * factor
    return out


def _method(session: dict[str, Any]) -> str:
    """Return ``metered`` where a counter measured every part that used energy."""
    used = {p["method"] for p in (session.get("kwh") or {}).values() if p["kwh"]}
    metered = used <= {"rapl", "nvml_counter", "nvml_power", "meter"}
    return "" if not used else "metered" if metered else "modelled"
