"""A surrogate of a learning-curve table: the whole space, at any fidelity, in microseconds.

The score is the surrogate's mean. An evaluation adds the noise of one training to it, where the
table holds repeated trainings: a whole residual curve that the trial's noise stream draws, so two
fidelities of one training belong together and a repeated trial is a fresh draw. ``noise=false``
leaves the mean alone.

A configuration is ``diverged`` at full fidelity when its loss is worse than chance, and nowhere
else. Differences smaller than ``facts.quality["mae_near_optimum"]`` mean nothing: the exact table
decides close calls.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.errors import DataError, StudyError, UnknownName, suggestion
from hpobench_lab.testbeds.curves.describing import table_facts, table_problem
from hpobench_lab.testbeds.curves.storage.files import checked, stored_space
from hpobench_lab.testbeds.curves.storage.spaces import translated
from hpobench_lab.testbeds.curves.surrogates.model import Model, model_from_arrays
from hpobench_lab.trial import Outcomes, Status, Trials

__all__ = ["KINDS", "Model", "Surrogate", "read_model"]

FloatArray = NDArray[np.float64]
KINDS = ("xgboost", "mlp")
"""What a surrogate may predict the losses with."""


def read_model(folder: Path, header: Mapping[str, Any], surrogate: str = "xgboost") -> Model:
    """Read ``surrogate.npz``.

    Args:
        folder: Of the table.
        header: ``table.json``.
        surrogate: One of ``KINDS``.

    Raises:
        DataError: If the table has no surrogate or the file is damaged.
        UnknownName: If there is no such kind of surrogate.
    """
    if surrogate not in KINDS:
        known = ", ".join(KINDS)
        raise UnknownName(
            f"unknown surrogate {surrogate!r}.{suggestion(surrogate, KINDS)} Known: {known}"
        )
    if not header.get("surrogate"):
        raise DataError(
            f"{folder} has no surrogate: it holds fewer than 128 configurations; "
            "use it as an exact table, mode='table'"
        )
    path = checked(folder, "surrogate.npz", header)
    derived, name = header["surrogate"]["derived"], header["fidelity"]["name"]
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {key: stored[key] for key in stored.files}
        return model_from_arrays(arrays, stored_space(header), name, derived, surrogate)
    except (
        OSError,
        ValueError,
        KeyError,
        EOFError,
        IndexError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise DataError(f"{path} cannot be read: {error}") from None


class Surrogate:
    """The testbed ``curves/<data>-<family>``.

    Args:
        header: ``table.json``.
        model: The fitted functions.
        name: Selector-style name.
        data_sha256: Digest of the files that were read.
        surrogate: Which of ``KINDS`` the model is.
        noise: Whether evaluations carry the noise of training; default: where there is any.
        wide: Whether the wide space is served.

    Raises:
        StudyError: If noise is asked of a table without repeated trainings, or a wide space of a
            table without one.
    """

    def __init__(
        self,
        header: Mapping[str, Any],
        model: Model,
        *,
        name: str,
        data_sha256: str,
        surrogate: str = "xgboost",
        noise: bool | None = None,
        wide: bool = False,
    ) -> None:
        if noise and not model.noise:
            raise StudyError(
                f"{name} has no repeated trainings to draw noise from; leave out noise=true"
            )
        self.model = model
        self.noise = bool(model.noise) if noise is None else noise
        self.problem = table_problem(header, wide=wide)
        if surrogate == "mlp":
            measured = header["surrogate"] | header["surrogate"]["second"]
            header = {**header, "surrogate": measured}
        self.facts = table_facts(
            header,
            "surrogate",
            name=name,
            data_sha256=data_sha256,
            wide=wide,
            stochastic=self.noise,
            surrogate=surrogate,
        )
        self._worst = float(header["diverged_above"])
        self._same = self.problem.space == model.space

    def evaluate(self, trials: Trials) -> Outcomes:
        """Return losses and seconds at exactly the asked fidelities."""
        model, fidelity = self.model, np.ascontiguousarray(trials.fidelity)
        values, x = self._rows(trials)
        table = model.table(values, x, fidelity)
        logits = model.logits(table)
        if self.noise:
            mean = logits
            if (fidelity != model.levels[-1]).any():
                full = np.full(len(trials), model.levels[-1])
                mean = model.logits(model.table(values, x, full))
            logits = logits + model.noise.draw(trials.seed, mean, fidelity, model.levels)
        losses = model.scale.to_loss(logits)
        bad = (fidelity >= model.levels[-1]) & (losses > self._worst)
        status = np.where(bad, Status.diverged, Status.ok)
        return Outcomes.of(losses, model.cost_s(table, fidelity), status=status)

    def score(self, trials: Trials) -> FloatArray:
        """Return the mean losses at full fidelity, shape (n, 1), diverged ones included."""
        values, x = self._rows(trials)
        full = np.full(len(trials), self.model.levels[-1])
        return self.model.losses(self.model.table(values, x, full))[:, None]

    def _rows(self, trials: Trials) -> tuple[FloatArray, FloatArray]:
        """Return values and unit rows in the space of the model, shape (n, d) each."""
        if self._same:
            return trials.values, trials.x
        values, _ = translated(trials.values, self.problem.space, self.model.space)
        return values, self.model.space.encode(values)
