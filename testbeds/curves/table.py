"""A learning-curve table as a testbed: choose among the listed configurations, exactly.

An asked fidelity counts as the largest level that is not above it, and costs what that level costs.
A configuration is ``diverged`` from the first level where its loss is not finite, and at full
fidelity when it ends worse than chance.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.errors import ContractError
from hpobench_lab.testbeds.curves.surrogate import table_facts, table_problem
from hpobench_lab.trial import Outcomes, Status, Trials

__all__ = ["Table"]

FloatArray = NDArray[np.float64]


class Table:
    """The testbed ``curves/<data>-<family>(mode="table")``.

    Args:
        header: ``table.json``.
        values: The configurations, shape (n, d).
        losses: Validation loss, shape (n, levels); non-finite where training broke down.
        cpu_s: Cumulative CPU seconds, shape (n, levels).
        name: Selector-style name.
        data_sha256: Digest of the files that were read.
    """

    def __init__(
        self,
        header: Mapping[str, Any],
        values: FloatArray,
        losses: FloatArray,
        cpu_s: FloatArray,
        *,
        name: str,
        data_sha256: str,
    ) -> None:
        self.problem = table_problem(header)
        space = self.problem.space
        candidates = space.encode(values)
        candidates.setflags(write=False)
        self.problem = table_problem(header, candidates)
        self.facts = table_facts(header, "table", name=name, data_sha256=data_sha256)
        self.losses, self.cpu_s = losses, np.maximum.accumulate(cpu_s, axis=1)
        self._levels = np.array(header["fidelity"]["levels"], dtype=np.float64)
        self._cap = float(header["cap"])
        broken = np.logical_or.accumulate(~np.isfinite(losses), axis=1)
        broken[:, -1] |= ~(losses[:, -1] <= header["diverged_above"])
        self._status = np.where(broken, Status.diverged, Status.ok).astype(np.uint8)
        self._row = {row.tobytes(): i for i, row in enumerate(space.decode(candidates))}

    def rows(self, values: FloatArray) -> NDArray[np.intp]:
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

    def evaluate(self, trials: Trials) -> Outcomes:
        """Return the stored losses and seconds at the largest levels not above those asked."""
        at = self.rows(trials.values), np.searchsorted(self._levels, trials.fidelity, "right") - 1
        return Outcomes.of(self.losses[at], self.cpu_s[at], status=self._status[at])

    def score(self, trials: Trials) -> FloatArray:
        """Return the losses at full fidelity, shape (n, 1); the cap where they are worse."""
        final = np.nan_to_num(self.losses[self.rows(trials.values), -1], nan=self._cap)
        return np.asarray(np.minimum(final, self._cap)[:, None])
