"""Read runs again for ``rederive``: plain loops and pandas, nothing of ``hpobench_lab.analysis``.

The rules are those of the specification: an incumbent is the least told loss so far, its value the
stored noise-free one; a step counts from the moment it happens; nothing is interpolated; a failed
run has regret 1 and ranks last.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

OK, CUT = 0, 5


@dataclass
class Bed:
    """Hold a testbed: references, source, and why it is not used."""

    id: str
    source: str
    family: str
    kind: str
    optimum: float
    reference: float
    full: float
    fidelity: Mapping[str, Any] | None
    error: float
    used: bool = True

    def regret(self, value: float) -> float:
        return (value - self.optimum) / (self.reference - self.optimum)


@dataclass
class Run:
    """Hold a run: where its incumbents began and their values, on four axes."""

    optimizer: str
    testbed: str
    seed: int
    fold: int
    failed: bool
    header: Mapping[str, Any]
    rows: dict[str, list[Any]]
    extra: dict[str, list[Any]]
    at: dict[str, list[float]] = field(default_factory=dict)
    value: list[float] = field(default_factory=list)
    own: list[bool] = field(default_factory=list)
    spent: dict[str, float] = field(default_factory=dict)

    def read(self, full: float) -> None:
        """Walk through the rows once."""
        axes = ("evaluations", "fidelity_units", "full_evaluations", "simulated_seconds")
        self.at = {axis: [] for axis in axes}
        told, units, clock, best = 0, 0.0, 0.0, math.inf
        columns = (self.rows[k] for k in ("status", "loss", "score", "units", "end"))
        for status, loss, score, cost, end in zip(*columns, strict=True):
            if status == CUT:
                continue
            told += 1
            units += 1.0 if math.isnan(cost) else cost
            clock = max(clock, end)
            if status == OK and math.isfinite(loss) and loss < best:
                best = loss
                self.own.append(not math.isfinite(score))
                self.value.append(loss if self.own[-1] else score)
                for axis, x in zip(axes, (told, units, units / full, end), strict=True):
                    self.at[axis].append(float(x))
        self.spent = dict(zip(axes, (float(told), units, units / full, clock), strict=True))

    def last(self, axis: str, x: float) -> float:
        """Return the incumbent's value at x; NaN before the first."""
        i = bisect.bisect_right(self.at[axis], x)
        return self.value[i - 1] if i else math.nan


class Study:
    """Hold the runs of results, and where they are read."""

    def __init__(self, results: Any) -> None:
        self.results = results
        self.runs = [_run(results, i) for i in range(len(results.headers))]
        self.beds = {h["testbed"]["id"]: _bed(h["testbed"]) for h in results.headers}
        for run in self.runs:
            run.read(self.beds[run.testbed].full)
        for bed in self.beds.values():
            _settle(bed, [r for r in self.runs if r.testbed == bed.id])
        seen = dict.fromkeys(r.optimizer for r in self.runs)
        self.seeds = sorted({r.seed for r in self.runs})
        self.labels = [x for x in results.study["labels"] if x in seen]
        self.primary = dict(results.study.get("primary") or {})
        self.baseline = str(self.primary.get("baseline") or "")
        self.axis, self.cuts = self._cut()
        self.used = {k: b for k, b in sorted(self.beds.items()) if b.used}
        self.sources = sorted({b.source for b in self.used.values()})
        self.ids = {r.optimizer: r.header["optimizer"]["id"] for r in self.runs}

    def _cut(self) -> tuple[str, dict[str, float]]:
        """Return the axis and each testbed's cut: the budget, or what the thriftiest spent."""
        budgets = [r.header["protocol"]["budget"] for r in self.runs]
        (axis, amount), *_ = min(budgets, key=lambda b: next(iter(b.values()))).items()
        amount = float((self.primary.get("budget") or {}).get(axis, amount))
        cuts = dict.fromkeys(self.beds, amount)
        if axis == "per_dimension":
            axis = "evaluations"
            cuts = {k: amount * self._dimensions(k) for k in cuts}
        if axis != "evaluations" or not any(self._mixed(k) for k in self.beds):
            return axis, cuts
        equal = {k: min(v, self._least(k)) if self._mixed(k) else v for k, v in cuts.items()}
        return "full_evaluations", equal

    def _dimensions(self, bed: str) -> int:
        i = next(i for i, r in enumerate(self.runs) if r.testbed == bed and not r.failed)
        return sum(name.startswith("p.") for name in self.results.run(i).columns)

    def _spent(self, bed: str, axis: str) -> dict[str, float]:
        mine = [r for r in self.runs if r.testbed == bed and not r.failed]
        table = pd.DataFrame({"o": [r.optimizer for r in mine], "x": [r.spent[axis] for r in mine]})
        return dict(table.groupby("o")["x"].median())

    def _mixed(self, bed: str) -> bool:
        told, full = self._spent(bed, "evaluations"), self._spent(bed, "full_evaluations")
        shares = [full[k] / told[k] for k in told if told[k] > 0]
        return bool(shares) and max(shares) > min(shares) * (1 + 1e-9)

    def _least(self, bed: str) -> float:
        return min(self._spent(bed, "full_evaluations").values())

    def table(self, x: Mapping[str, float], *, before: float = 1.0) -> pd.DataFrame:
        """Return one row a run with its normalised regret at x, by testbed; failed ones have 1."""
        rows = []
        for r in self.runs:
            bed = self.beds[r.testbed]
            if not bed.used:
                continue
            regret = bed.regret(r.last(self.axis, x[r.testbed]))
            regret = 1.0 if r.failed else before if math.isnan(regret) else regret
            rows.append((r.optimizer, r.testbed, bed.source, r.seed, r.fold, r.failed, regret))
        columns = ["optimizer", "testbed", "source", "seed", "fold", "failed", "regret"]
        return pd.DataFrame(rows, columns=columns)

    def at_cut(self) -> pd.DataFrame:
        """Return the table where the study is judged."""
        return self.table(self.cuts)

    @cached_property
    def final(self) -> pd.DataFrame:
        """Return the scores at the cut, optimizers x sources."""
        return scores(self.at_cut())

    @property
    def ranked(self) -> list[str]:
        """Return who served the same sources as the one who served most."""
        served: dict[str, set[str]] = {label: set() for label in self.labels}
        for r in self.runs:
            if self.beds[r.testbed].used:
                served[r.optimizer].add(self.beds[r.testbed].source)
        widest = max(served.values(), key=len)
        return [label for label in self.labels if served[label] == widest]

    @property
    def random(self) -> str:
        """Return the label of plain random search."""
        return next((x for x in self.labels if self.ids[x] == "random"), "")


def _run(results: Any, i: int) -> Run:
    h = results.headers[i]
    a, b = int(results.offsets[i]), int(results.offsets[i + 1])
    names = ("id", "parent", "status", "fidelity", "loss", "score", "units", "start", "end")
    rows = {k: results.columns[k][a:b].tolist() for k in names}
    energy = results.columns.get("energy_j", np.full(b, np.nan))[a:b].tolist()
    label, bed, failed = h["optimizer"]["label"], h["testbed"]["id"], h["status"] != "ok"
    return Run(label, bed, h["seed"], h.get("fold", 0), failed, h, rows, {"energy_j": energy})


def _bed(testbed: Mapping[str, Any]) -> Bed:
    facts, fidelity = testbed["facts"], testbed.get("fidelity")
    known = [math.nan if facts.get(k) is None else facts[k] for k in ("optimum", "reference")]
    kind, exact = facts.get("kind") or "function", str(facts.get("optimum_origin") or "")
    error = (facts.get("quality") or {}).get("mae_near_optimum", 0.0) if kind == "surrogate" else 0
    bed = Bed(
        testbed["id"],
        facts.get("source") or testbed["id"],
        facts.get("family") or "",
        kind,
        known[0],
        known[1],
        float(fidelity["max"]) if fidelity else 1.0,
        fidelity,
        float(error),
    )
    bed.used = exact.lower().startswith("exact")  # until ``_settle`` has read it
    return bed


def _settle(bed: Bed, runs: list[Run]) -> None:
    """Fill what is not declared from the study; leave out what cannot be normalised."""
    exact = bed.used
    true = [v for r in runs for v, own in zip(r.value, r.own, strict=True) if not own]
    seen = true or [v for r in runs for v in r.value]
    below = min(true, default=math.inf) < bed.optimum - 1e-9 * max(1.0, abs(bed.optimum))
    if math.isnan(bed.optimum) or (below and not exact):
        bed.optimum = min(seen, default=math.nan)
    if math.isnan(bed.reference):
        some = [r for r in runs if r.value]
        chosen = [r for r in some if r.header["optimizer"]["id"] == "random"] or some
        bed.reference = float(np.median([r.value[0] for r in chosen])) if chosen else math.nan
    spread = bed.reference - bed.optimum
    bed.used = math.isfinite(spread) and spread > 0 and not (below and exact)


def over_folds(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row a seed, its folds averaged."""
    keys = ["optimizer", "testbed", "source", "seed"]
    return table.groupby(keys, as_index=False, sort=False)["regret"].mean()


def scores(table: pd.DataFrame) -> pd.DataFrame:
    """Return medians over seeds, then over the testbeds of a source: optimizers x sources."""
    beds = over_folds(table).groupby(["optimizer", "source", "testbed"])["regret"].median()
    return beds.groupby(["optimizer", "source"]).median().unstack()


def with_twice(table: pd.DataFrame, random: str, name: str, seeds: list[int]) -> pd.DataFrame:
    """Add random search at twice the budget: the better of a seed's run and the next seed's.

    The next seed of the last one is the first; a seed without a run on a testbed has no better.
    """
    mine = table[table["optimizer"] == random]
    if len(seeds) < 2:
        return table
    before = dict(zip(seeds[1:] + seeds[:1], seeds, strict=True))
    keys = ["testbed", "fold", "seed"]
    other = mine.assign(seed=mine["seed"].map(before))[[*keys, "regret"]]
    both = mine.merge(other, on=keys, suffixes=("", "_"))
    both["regret"] = both[["regret", "regret_"]].min(axis=1)
    return pd.concat([table, both.drop(columns="regret_").assign(optimizer=name)])


def ranks(table: pd.DataFrame) -> pd.DataFrame:
    """Return mean ranks, optimizers x sources: over seeds, then over a source's testbeds."""
    worst = table.assign(regret=table["regret"].where(~table["failed"], math.inf))
    rank = worst.groupby(["testbed", "seed", "fold"])["regret"].rank(method="average")
    beds = worst.assign(rank=rank).groupby(["optimizer", "source", "testbed"])["rank"].mean()
    return beds.groupby(["optimizer", "source"]).mean().unstack()


def nanmedian(values: np.ndarray) -> np.ndarray:
    """Return medians along the last axis, NaN left out."""
    empty = np.isnan(values).all(axis=-1)
    out = np.nanmedian(np.where(empty[..., None], 0.0, values), axis=-1)
    return np.where(empty, np.nan, out)


def interquartile_mean(values: np.ndarray) -> float:
    """Return the mean of the middle half, every value cut into four equal parts."""
    known = np.sort(values[~np.isnan(values)])
    parts, n = np.repeat(known, 4), len(known)  # 4 n parts, of which the middle 2 n count
    return float(parts[n : 3 * n].mean()) if n else math.nan


def signed_rank_p(differences: list[float]) -> float:
    """Return the two-sided p of all sign flips of the ranks, zeros ranked and then dropped."""
    d = pd.Series(differences).round(12)
    rank = d.abs().rank()
    kept = [int(2 * r) for r in rank[d != 0]]
    plus, minus = int(2 * rank[d > 0].sum()), int(2 * rank[d < 0].sum())
    chances = {0: 1}
    for r in kept:
        grown: dict[int, int] = {}
        for total, n in chances.items():
            for new in (total, total + r):
                grown[new] = grown.get(new, 0) + n
        chances = grown
    tail = sum(n for total, n in chances.items() if total <= min(plus, minus))
    return min(1.0, 2 * tail / 2 ** len(kept))


def holm(raw: list[float]) -> list[float]:
    """Return p values multiplied by how many are left, never falling; NaN is not counted."""
    order = sorted((p, i) for i, p in enumerate(raw) if not math.isnan(p))
    out, least = [math.nan] * len(raw), 0.0
    for left, (p, i) in zip(itertools.count(len(order), -1), order, strict=False):
        least = out[i] = max(least, min(1.0, p * left))
    return out
