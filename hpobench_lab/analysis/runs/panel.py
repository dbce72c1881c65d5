"""The runs of a study as one array: optimizer x testbed x seed, with each testbed's references."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.analysis.estimate import Caution
from hpobench_lab.analysis.inference.ranktests import midranks
from hpobench_lab.analysis.runs.aggregate import per_source
from hpobench_lab.analysis.runs.beds import Bed as Bed
from hpobench_lab.analysis.runs.beds import described, resolve
from hpobench_lab.analysis.runs.energy import run_energy
from hpobench_lab.analysis.runs.loaded import ResultsLike as ResultsLike
from hpobench_lab.analysis.runs.traces import (
    Steps,
    log_time_auc,
    normalised_regret,
    spent_regret,
    value_at,
)

__all__ = ["Bed", "Panel", "ResultsLike", "arrange"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

FLOOR = 1e-8
"""Smallest normalised regret that a logarithm sees; the smallest target of synthetic ECDFs."""


@dataclass(frozen=True)
class Panel:
    """Hold k optimizers, t testbeds and s seeds; all regrets are normalised.

    Args:
        optimizers: Labels in the study's order.
        beds: Testbeds in the order of their ids.
        seeds: Seeds (and outer folds) in order.
        run: Index of each run, shape (k, t, s); -1 where there is none.
        failed: Whether the run failed, shape (k, t, s).
        steps: Incumbents of all runs.
        source: Index of each testbed's source, shape (t,); -1 where excluded.
        sources: Names of the sources.
        cautions: What was found while arranging.
        no_energy: Why the axes ``joules`` and ``grams_co2e`` are unknown; "" when they are known.
    """

    optimizers: tuple[str, ...]
    beds: tuple[Bed, ...]
    seeds: tuple[tuple[int, int], ...]
    run: IntArray
    failed: BoolArray
    steps: Steps
    source: IntArray
    sources: tuple[str, ...]
    cautions: tuple[Caution, ...]
    no_energy: str = ""

    @property
    def present(self) -> BoolArray:
        """Return where there is a run, shape (k, t, s)."""
        return self.run >= 0

    def regret(
        self, axis: str, cuts: FloatArray, *, failures: str = "worst", before: float = 1.0
    ) -> FloatArray:
        """Return normalised regrets at cuts on an axis.

        Args:
            axis: One of ``traces.AXES``.
            cuts: Shape (t, g), by testbed.
            failures: ``worst``: 1, the regret of f_ref; ``drop``: NaN.
            before: Regret of a run that has no value yet.

        Returns:
            Shape (k, t, s, g); NaN where there is no run or the testbed is excluded.
        """
        out = np.full((*self.run.shape, cuts.shape[1]), np.nan)
        for j, bed in enumerate(self.beds):
            if bed.excluded:
                continue
            where = self.run[:, j] >= 0
            values = self._values(self.run[:, j][where], axis, cuts[j])
            regret = normalised_regret(values, bed.f_opt, bed.f_ref)
            out[:, j][where] = np.where(np.isnan(regret), before, regret)
        out[self.failed] = 1.0 if failures == "worst" else np.nan
        out[:, self.source < 0] = np.nan
        return out

    def _values(self, runs: IntArray, axis: str, cuts: FloatArray) -> FloatArray:
        s, at = self.steps, self.steps.position[axis]
        rows = [slice(s.offsets[i], s.offsets[i + 1]) for i in runs.tolist()]
        ends = np.concatenate([[0], np.cumsum([r.stop - r.start for r in rows])]).astype(np.int64)
        flat = [np.concatenate([a[r] for r in rows]) if rows else a[:0] for a in (at, s.value)]
        return value_at(flat[0], flat[1], ends, cuts)

    def auc(self, axis: str, cut: FloatArray, *, failures: str = "worst") -> FloatArray:
        """Return the log-time AUC of the normalised regret from b to the cut, shape (k, t, s).

        b is one evaluation where evaluations are counted, else a hundredth of the cut.
        """
        out = np.full(self.run.shape, np.nan)
        s = self.steps
        for i, j, n in zip(*np.nonzero(self.present & ~self.failed), strict=True):
            bed, r = self.beds[j], self.run[i, j, n]
            if bed.excluded:
                continue
            rows = slice(s.offsets[r], s.offsets[r + 1])
            height = normalised_regret(s.value[rows], bed.f_opt, bed.f_ref)
            start = auc_start(axis, float(cut[j]))
            out[i, j, n] = log_time_auc(s.position[axis][rows], height, start, float(cut[j]))
        out[self.failed] = 1.0 if failures == "worst" else np.nan
        out[:, self.source < 0] = np.nan
        return out

    def spent_regret(self, results: ResultsLike) -> FloatArray:
        """Return the cumulative regret per cost of runs, shape (k, t, s); failed ones have 1."""
        low, top = np.full((2, len(self.steps.offsets) - 1), np.nan)
        for j, bed in enumerate(self.beds):
            members = self.run[:, j][self.run[:, j] >= 0]
            low[members], top[members] = bed.f_opt, bed.f_ref
        offsets = np.asarray(results.offsets, dtype=np.int64)
        found = np.append(spent_regret(results.columns, offsets, low, top), np.nan)[self.run]
        found[self.failed] = 1.0
        found[:, self.source < 0] = np.nan
        return np.asarray(found)

    def ranks(self, regret: FloatArray) -> FloatArray:
        """Return ranks among the optimizers that have a run there; failed runs come last.

        Args:
            regret: Shape (k, t, s) or (k, t, s, g); infinite values rank last too.
        """
        g = regret[..., None] if regret.ndim == 3 else regret
        worst = np.where(self.failed[..., None] & np.isfinite(g), np.inf, g)
        ranks = np.moveaxis(midranks(np.moveaxis(worst, 0, -1)), -1, 0)
        return ranks.reshape(regret.shape)

    @property
    def families(self) -> tuple[str, ...]:
        """Return each testbed's family, such as the learner; its own id where none is declared."""
        return tuple(bed.family or bed.id for bed in self.beds)

    def over_folds(self, values: FloatArray) -> FloatArray:
        """Return means over the folds of each seed, what is missing left out.

        Args:
            values: Shape (k, t, s) or (k, t, s, g).

        Returns:
            With one entry a seed instead of one a seed and fold; the same array without folds.
        """
        owner = [seed for seed, _ in self.seeds]
        seeds = list(dict.fromkeys(owner))
        if len(seeds) == len(owner):
            return values
        members = [[i for i, x in enumerate(owner) if x == seed] for seed in seeds]
        folds = [_mean(np.moveaxis(values[:, :, at], 2, -1)) for at in members]
        return np.stack(folds, axis=2)

    def by_source(self, values: FloatArray) -> FloatArray:
        """Return medians over seeds, then over a source's testbeds, shape (k, sources).

        Folds are averaged within a seed before.
        """
        return per_source(self.over_folds(values), self.source)

    @property
    def served(self) -> BoolArray:
        """Return which sources an optimizer has runs on, shape (k, sources)."""
        beds: BoolArray = np.any(self.run >= 0, axis=2)
        columns = [beds[:, self.source == j].any(axis=1) for j in range(len(self.sources))]
        return np.stack(columns, axis=1) if columns else np.zeros((len(beds), 0), dtype=np.bool_)

    @property
    def ranked(self) -> BoolArray:
        """Return who is ranked, shape (k,): those who served just the sources of the widest."""
        served = self.served
        if not served.size:
            return np.ones(len(served), dtype=np.bool_)
        widest = served[int(served.sum(axis=1).argmax())]
        return np.asarray((served == widest).all(axis=1))

    def mean_ranks(self, regret: FloatArray) -> FloatArray:
        """Return ranks averaged over seeds, testbeds of a source and sources, shape (k,).

        Only those who are ``ranked`` take part; the others have NaN.
        """
        seeds = _mean(self.ranks(np.where(self.ranked[:, None, None], regret, np.nan)))
        columns = [_mean(seeds[:, self.source == j]) for j in range(len(self.sources))]
        return (
            _mean(np.stack(columns, axis=1)) if columns else np.full(len(self.optimizers), np.nan)
        )


def auc_start(axis: str, cut: float) -> float:
    """Return where the log-time axis begins.

    >>> auc_start("evaluations", 100.0), auc_start("simulated_seconds", 100.0)
    (1.0, 1.0)
    """
    return 1.0 if axis == "evaluations" and cut > 1 else cut / 100


def _mean(values: FloatArray) -> FloatArray:
    known = ~np.isnan(values)
    n = known.sum(axis=-1)
    total = np.where(known, values, 0.0).sum(axis=-1)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)


def arrange(results: ResultsLike, *, incumbent: str = "true") -> Panel:
    """Return the panel of loaded results; what cannot be normalised is excluded by name.

    Args:
        results: As ``hpobench_lab.results.load`` returns them.
        incumbent: One of ``traces.INCUMBENTS``.

    Raises:
        ValueError: If the kind of incumbent is unknown.
    """
    headers = results.headers
    optimizers = _labels(results)
    ids = sorted({h["testbed"]["id"] for h in headers})
    seeds = sorted({(int(h["seed"]), int(h.get("fold", 0))) for h in headers})
    run = np.full((len(optimizers), len(ids), len(seeds)), -1, dtype=np.int64)
    for i, h in enumerate(headers):
        where = seeds.index((int(h["seed"]), int(h.get("fold", 0))))
        run[optimizers.index(h["optimizer"]["label"]), ids.index(h["testbed"]["id"]), where] = i
    crashed = np.array([h["status"] != "ok" for h in headers] + [False])
    full = np.array([_full(h["testbed"]) for h in headers], dtype=np.float64)
    shared, no_energy = run_energy(results)
    offsets = np.asarray(results.offsets, dtype=np.int64)
    steps = Steps.of(results.columns, offsets, full, shared=shared, incumbent=incumbent)
    beds, cautions = [], list[Caution]()
    for j in range(len(ids)):
        members = run[:, j][run[:, j] >= 0]
        bed, found = resolve(described(headers[members[0]]["testbed"]), members, headers, steps)
        beds.append(bed)
        cautions += [c for c in found if incumbent != "any-fidelity" or c.code != "own-loss"]
    sources = sorted({b.source for b in beds if not b.excluded})
    index = [sources.index(b.source) if not b.excluded else -1 for b in beds]
    return Panel(
        tuple(optimizers),
        tuple(beds),
        tuple(seeds),
        run,
        crashed[run] & (run >= 0),
        steps,
        np.array(index, dtype=np.int64),
        tuple(sources),
        tuple(cautions),
        no_energy,
    )


def _labels(results: ResultsLike) -> list[str]:
    declared = [str(x) for x in results.study.get("labels") or []]
    seen = dict.fromkeys(h["optimizer"]["label"] for h in results.headers)
    return [x for x in declared if x in seen] + [x for x in seen if x not in declared]


def _full(testbed: Mapping[str, Any]) -> float:
    fidelity = testbed.get("fidelity")
    return float(fidelity["max"]) if fidelity else 1.0
