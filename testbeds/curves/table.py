"""A learning-curve table as a testbed: choose among the listed configurations, exactly.

An asked fidelity counts as the largest level that is not above it, and costs what that level costs.
A configuration is ``diverged`` from the first level where a loss is not finite, and at full
fidelity when it ends worse than chance. Where every configuration was trained several times, the
trial's noise stream says which training is shown, and the score is the mean over all of them. Where
only some were, the first training of each is shown: another split of the rows may be easier or
harder for all, and a mean would say so of some alone.

Folds: ``testbed.fold(k)`` lists what was trained on outer fold k. Its inner losses are told; what
was held out is read from sealed files when ``held_out`` or ``refit`` is called, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.errors import ContractError, StudyError
from hpobench_lab.problem import Objective
from hpobench_lab.space import Config
from hpobench_lab.testbeds.curves.describing import table_facts, table_problem
from hpobench_lab.testbeds.curves.exact import exact_facts
from hpobench_lab.testbeds.curves.listed import listed
from hpobench_lab.testbeds.curves.multi import Axis, axes_of, front_facts
from hpobench_lab.testbeds.curves.storage.files import Curves, read_sealed
from hpobench_lab.trial import Outcomes, Status, Trials

__all__ = ["Table"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
_MIX = np.uint64(0x9E3779B97F4A7C15)
"""Odd, near 2**64 over the golden ratio: its multiples differ in their upper bits (Knuth 6.4)."""


class Table:
    """The testbed ``curves/<data>-<family>(mode="table")``.

    Args:
        header: ``table.json``.
        curves: What was read; sealed values are not needed.
        name: Selector-style name.
        data_sha256: Digest of the files that were read.
        folder: Where the sealed files lie; None for a table without folder.
        wide: Whether configurations of the wide space are listed, too.
        fold: Outer fold.
        axes: The objectives; by default the first of the header. With several, the first training
            of each configuration is served alone, so that their front is exact.
    """

    def __init__(
        self,
        header: Mapping[str, Any],
        curves: Curves,
        *,
        name: str,
        data_sha256: str,
        folder: Path | None = None,
        wide: bool = False,
        fold: int = 0,
        axes: Sequence[Axis] = (),
    ) -> None:
        self._header, self._curves, self._folder = header, curves, folder
        self._wide, self._fold = wide, fold
        self._axes = tuple(axes) or (_first_axis(header),)
        own = listed(header, curves, wide=wide, fold=fold)
        self._single = bool(axes)
        self._own = own.first() if axes else own
        self.problem = table_problem(
            header,
            wide=wide,
            candidates=_candidates(header, self._own.values, wide),
            objectives=[axis.objective for axis in self._axes],
        )
        if fold:
            header = {**header, "table": exact_facts(header, curves, wide=wide, fold=fold)}
        self.facts = table_facts(
            header,
            "table",
            name=name,
            data_sha256=data_sha256,
            wide=wide,
            stochastic=self._own.replicated,
        )
        self._levels = np.array(header["fidelity"]["levels"], dtype=np.float64)
        self._cost = np.maximum.accumulate(_filled(curves.columns["cpu_s"]), axis=1)
        scaled = [axis.scale * curves.columns[axis.column] for axis in self._axes]
        self._losses = np.stack(scaled, axis=2)
        self._status = self._statuses()
        self._row = {row.tobytes(): i for i, row in enumerate(self._own.values)}
        if axes:
            self.facts = front_facts(self.facts, self.problem, self.scores, self.ended_well)

    def _statuses(self) -> NDArray[np.uint8]:
        """Return the status of each training at each level, shape (T, L)."""
        told = self._curves.columns[self._header["objectives"][0]["column"]]
        broken = np.logical_or.accumulate(~np.isfinite(self._losses).all(axis=2), axis=1)
        broken[:, -1] |= ~(told[:, -1] <= self._header["diverged_above"])
        status = np.where(broken, Status.diverged, Status.ok).astype(np.uint8)
        status[self._curves.message != ""] = Status.failed
        return status

    def rows(self, values: FloatArray) -> IntArray:
        """Return the listed number of each configuration, shape (n, d) to (n,).

        Raises:
            ContractError: If a configuration is not listed.
        """
        try:
            found = [self._row[row.tobytes()] for row in np.ascontiguousarray(values)]
        except KeyError:
            raise ContractError(
                f"{self.facts.name} is an exact table: a configuration was asked that is not among "
                f"its {len(self._row)}; choose rows of problem.candidates"
            ) from None
        return np.array(found, dtype=np.intp)

    def _trainings(self, trials: Trials) -> IntArray:
        """Return the training that each trial shows, shape (n,)."""
        rows = self.rows(trials.values)
        drawn = (trials.seed * _MIX >> np.uint64(32)) % self._own.count[rows].astype(np.uint64)
        return np.asarray(self._own.trainings[rows, drawn.astype(np.intp)])

    def evaluate(self, trials: Trials) -> Outcomes:
        """Return the stored losses and seconds at the largest levels not above those asked."""
        training = self._trainings(trials)
        at = training, np.searchsorted(self._levels, trials.fidelity, "right") - 1
        texts = self._curves.message[training]
        return Outcomes.of(
            self._losses[at],
            self._cost[at],
            status=self._status[at],
            messages={int(i): str(texts[i]) for i in np.flatnonzero(texts != "")},
        )

    def score(self, trials: Trials) -> FloatArray:
        """Return the losses at full fidelity, means over replicates, shape (n, m).

        Where training broke down, and where a loss is above it, the cap counts.
        """
        return self.scores[self.rows(trials.values)]

    @property
    def scores(self) -> FloatArray:
        """Return the score of every candidate, shape (r, m)."""
        caps = np.array([axis.cap for axis in self._axes])
        final = self._losses[:, -1]
        means = self._own.mean(np.minimum(np.where(np.isnan(final), caps, final), caps))
        if self._single:  # a low error of one that diverged by its loss is none
            means[~self.ended_well] = caps
        return means

    @property
    def ended_well(self) -> NDArray[np.bool_]:
        """Return which candidates end ``ok`` at full fidelity, shape (r,)."""
        return np.asarray(self._status[self._own.trainings[:, 0], -1] == Status.ok)

    # --- folds ------------------------------------------------------------------------------

    @property
    def folds(self) -> int:
        """Return how many outer folds were collected; 0 without held-out values."""
        sealed = "test.parquet" in self._header.get("files", {})
        return len(set(self._curves.fold.tolist())) if sealed else 0

    def fold(self, k: int) -> Table:
        """Return the table of outer fold k, with that fold's configurations.

        Raises:
            StudyError: If the fold was not collected.
        """
        names = [axis.objective.name for axis in self._axes] if self._single else []
        return Table(
            self._header,
            self._curves,
            name=self.facts.name,
            data_sha256=self.facts.data_sha256,
            folder=self._folder,
            wide=self._wide,
            fold=k,
            axes=axes_of(self._header, self._curves, names, wide=self._wide, fold=k),
        )

    def held_out(self, trials: Trials) -> FloatArray:
        """Return test losses of the very trainings that ``evaluate`` shows, shape (n, m).

        Opens the sealed file. Latency and size are no matter of the rows: as told.

        Raises:
            StudyError: If the table holds none.
            DataError: If the file is damaged.
        """
        test = self._sealed().test
        if test is None:
            raise StudyError(f"{self.facts.name} holds no test losses")
        level = np.searchsorted(self._levels, trials.fidelity, "right") - 1
        at = self._trainings(trials), level
        return self._stacked({**self._curves.columns, **test}, at)

    def refit(self, configs: Sequence[Config], fidelity: float | None = None) -> FloatArray:
        """Return test losses of fits on all of outer-train, shape (n, m). Opens the sealed file.

        Args:
            configs: Listed configurations.
            fidelity: Refits were trained at full fidelity only; None or the maximum.

        Raises:
            StudyError: If the table holds none, or another fidelity is asked.
            DataError: If the file is damaged.
        """
        if fidelity is not None and fidelity != self._levels[-1]:
            raise StudyError(
                f"{self.facts.name} was fitted to outer-train at full fidelity "
                f"({self._levels[-1]:g}) only, asked was {fidelity:g}"
            )
        refit = self._sealed().refit
        if refit is None:
            raise StudyError(f"{self.facts.name} holds no fits on outer-train")
        first = self._own.trainings[self.rows(self.problem.space.values(configs)), 0]
        return self._stacked(refit, first)

    def _stacked(self, columns: Mapping[str, FloatArray], at: Any) -> FloatArray:
        """Return the objectives' columns of held-out rows, shape (n, m)."""
        names = [axis.column.replace("valid_", "test_") for axis in self._axes]
        missing = [name for name in names if name not in columns]
        if missing:
            raise StudyError(f"{self.facts.name} holds no {missing[0]}")
        return np.stack(
            [axis.scale * columns[n][at] for axis, n in zip(self._axes, names, strict=True)], axis=1
        )

    def _sealed(self) -> Curves:
        if self._folder is None:
            return self._curves
        return read_sealed(self._folder, self._header, self._curves)


def _first_axis(header: Mapping[str, Any]) -> Axis:
    first = header["objectives"][0]
    return Axis(Objective(first["name"], first["unit"]), first["column"], float(header["cap"]))


def _candidates(header: Mapping[str, Any], values: FloatArray, wide: bool) -> FloatArray:
    candidates = table_problem(header, wide=wide).space.encode(values)
    candidates.setflags(write=False)
    return candidates


def _filled(seconds: FloatArray) -> FloatArray:
    """Return cumulative seconds; a training that broke down costs what it had cost, or nothing."""
    return np.nan_to_num(np.fmax.accumulate(seconds, axis=1), nan=0.0)
