"""Derive run-time distributions and workers again, for ``rederive``."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable

import numpy as np
import pandas as pd

from tests.figures.rederive_checks import ERRORS, Check
from tests.figures.rederive_first import OWN_DRAWS, TWICE, cuts_at
from tests.figures.rederive_runs import Bed, Run, Study

TARGETS, RESTARTS, OWN_RESTARTS = 51, 100, 300


def goals(bed: Bed) -> list[float]:
    """Return the losses at the 51 targets: 10^2 to 10^-8 on functions, else 1 to 10^-3."""
    high, low, unit = 2.0, -8.0, 1.0
    if bed.kind != "function":
        high, low, unit = 0.0, -3.0, bed.reference - bed.optimum
    step = (low - high) / (TARGETS - 1)
    return [bed.optimum + unit * 10 ** (high + step * i) for i in range(TARGETS)]


def hits(study: Study, run: Run) -> list[float]:
    """Return when a run first had a value at or below each target; infinite for never."""
    cut = study.cuts[run.testbed]
    steps = list(zip(run.at[study.axis], run.value, strict=True)) if not run.failed else []
    return [
        next((x for x, v in steps if x <= cut and v <= goal), math.inf)
        for goal in goals(study.beds[run.testbed])
    ]


def run_time_ecdf(study: Study, rows: pd.DataFrame, check: Check) -> None:
    """F4: share of pairs of a run and a target that are reached, sources weighing the same."""
    at, ranked = cuts_at(study, rows), study.ranked
    twice = study.random in ranked and len(study.seeds) > 1
    expected = [*ranked, *([TWICE] if twice else [])]
    check.same("optimizers", sorted(rows["optimizer"].unique()), sorted(expected))
    found = {label: {bed: _times(study, bed, label) for bed in study.used} for label in expected}
    n = len(study.sources)
    weight = np.random.default_rng(1).multinomial(n, [1 / n] * n, size=OWN_DRAWS) / n
    for label, mine in rows.groupby("optimizer"):
        times = found[label]
        curve = _curve(
            study, {k: sorted(x for run in v for x in run) for k, v in times.items()}, at
        )
        runs = mine[mine["series"] == "runs"]
        check.steps(str(label), runs, [], lambda x, c=curve: [float(np.mean(c(x)))])
        for x, low, high in runs[["x", "low", "high"]].to_numpy().tolist() if n > 1 else ():
            check.ends(f"{label} at {x:g}", low, high, weight @ curve(x), 2000)
        end = mine[mine["series"] == "end"]
        check.number(f"{label}: end, x", end["x"].item(), runs["x"].max())
        check.number(f"{label}: end", end["value"].item(), runs["value"].tolist()[-1])
        again = mine[mine["series"] == "restarts"]
        if len(again):
            _restarts(study, str(label), again, runs["value"].tolist()[-1], check)


def _times(study: Study, bed: str, label: str) -> list[list[float]]:
    """Return the times of each run; of random search twice, the earlier of a seed and the next."""
    name = study.random if label == TWICE else label
    mine = {(r.seed, r.fold): hits(study, r) for r in study.runs
            if (r.testbed, r.optimizer) == (bed, name)}  # fmt: skip
    if label != TWICE:
        return list(mine.values())
    following = dict(zip(study.seeds, study.seeds[1:] + study.seeds[:1], strict=True))
    pairs = [(mine[s, f], mine[following[s], f]) for s, f in mine if (following[s], f) in mine]
    return [[min(u, v) for u, v in zip(a, b, strict=True)] for a, b in pairs]


def _curve(
    study: Study, times: dict[str, list[float]], at: Callable[[float], dict[str, float]]
) -> Callable[[float], np.ndarray]:
    def by_source(x: float) -> np.ndarray:
        cuts, shares = at(x), dict[str, list[float]]()
        for bed, found in times.items():
            if found:
                share = bisect.bisect_right(found, cuts[bed]) / len(found)
                shares.setdefault(study.beds[bed].source, []).append(share)
        return np.array([np.mean(shares[s]) for s in study.sources])

    return by_source


def _restarts(study: Study, label: str, rows: pd.DataFrame, end: float, check: Check) -> None:
    """Compare shares of simulated restarts, by the error of both simulations.

    A share is a mean of 0 and 1 over the draws and targets of each testbed, whose variance is 1/4
    at most; sources weigh the same, and so do the testbeds of a source.
    """
    rng, simulated, variance = np.random.default_rng(1), dict[str, list[float]](), 0.0
    for bed in study.used.values():
        mine = [r for r in study.runs if (r.testbed, r.optimizer) == (bed.id, label)]
        size = sum(b.source == bed.source for b in study.used.values()) * len(study.sources)
        variance += (1 / RESTARTS + 1 / OWN_RESTARTS) / (4 * TARGETS * size**2)
        cut = study.cuts[bed.id]
        spent = [cut if r.failed else min(cut, r.spent[study.axis]) for r in mine]
        times = [hits(study, r) for r in mine]
        out = simulated[bed.id] = []
        for goal in range(TARGETS):
            each = [t[goal] for t in times]
            out += [_restarted(each, spent, rng, 10.5 * cut) for _ in range(OWN_RESTARTS)]
        out.sort()
    start = rows["x"].min()
    curve = _curve(study, simulated, lambda f: {k: f * cut for k, cut in study.cuts.items()})
    for x, value in rows[["x", "value"]].to_numpy().tolist():
        want = max(end, float(np.mean(curve(x / start * (1 + 1e-12))))) if x > start else end
        check.n += 1
        if not abs(value - want) <= ERRORS * math.sqrt(variance) * (x > start) + 1e-12:
            check.wrong.append(f"{label}, restarts at {x:g}: {value!r}, simulated {want!r}")


def _restarted(
    times: list[float], spent: list[float], rng: np.random.Generator, most: float
) -> float:
    if not any(math.isfinite(t) for t in times):
        return math.inf
    total = 0.0
    while total <= most:  # later is beyond the figure
        i = int(rng.random() * len(times))
        if math.isfinite(times[i]):
            return total + times[i]
        total += spent[i]
    return math.inf


def gantt(study: Study, rows: pd.DataFrame, check: Check) -> None:
    """F13: which simulated worker had which trial, and the share of their time that was used."""
    chosen = _on_one_testbed(study)
    shown = list(dict.fromkeys(rows["optimizer"]))
    check.same("optimizers", set(shown) <= {r.optimizer for r in chosen}, True)
    check.same("number of optimizers", len(shown), min(len(chosen), 12))
    for run in chosen:
        mine = rows[rows["optimizer"] == run.optimizer].set_index("trial")
        if not len(mine):
            continue
        workers = run.header["protocol"]["workers"]
        columns = (run.rows[k] for k in ("id", "start", "end", "status"))
        trials = sorted(zip(*columns, strict=True), key=lambda t: (t[1], t[0]))
        trials = [t for t in trials if math.isfinite(t[1]) and math.isfinite(t[2])]
        budget = run.header["protocol"]["budget"].get("simulated_seconds")
        stop = float(budget or max(t[2] for t in trials))
        free, busy = [0.0] * workers, 0.0
        check.same(f"{run.optimizer}: trials", len(mine), min(len(trials), 120))
        for i, (trial, start, end, status) in enumerate(trials):
            worker = free.index(min(free))
            free[worker] = end
            busy += max(0.0, min(end, stop) - min(start, stop))
            if i >= len(mine):
                continue
            row, where = mine.loc[trial], f"{run.optimizer}, trial {trial}"
            for name, want in (("worker", worker + 1), ("start", start), ("end", end)):
                check.number(f"{where}, {name}", row[name], want)
            state = {0: "ok", 5: "cut"}.get(status, "failed")
            check.same(f"{where}, state", row["state"], state)
        for name, want in (("stop", stop), ("workers", workers), ("used", busy / workers / stop)):
            check.number(f"{run.optimizer}, {name}", mine[name].iloc[0], want)


def _on_one_testbed(study: Study) -> list[Run]:
    """Return a run of each optimizer with several workers, where trials last differently long."""
    found = []
    for bed in sorted(study.beds):
        runs = []
        for label in study.labels:
            mine = [r for r in study.runs if (r.testbed, r.optimizer) == (bed, label)]
            done = [r for r in mine if not r.failed][:1]
            runs += [r for r in done if (r.header["protocol"].get("workers") or 1) > 1]
        found += [runs] if runs else []
    for runs in found:
        for r in runs:
            last = [b - a for a, b in zip(r.rows["start"], r.rows["end"], strict=True)]
            if last and max(last) > min(last) * (1 + 1e-6):
                return runs
    return found[0] if found else []
