"""A surrogate of a learning-curve table: the whole space, at any fidelity, in microseconds.

The loss is a floor plus the exponential of a sum of trees over the configuration and the logarithm
of the fidelity; the floor keeps what is extrapolated from falling far below what was ever seen. The
cost is that of a full training, also from trees over the configuration, times the table's median
share of it at the asked fidelity; it rises strictly with the fidelity. Both are deterministic: the
surrogate is the mean, without the noise of training.

A configuration is ``diverged`` at full fidelity when its predicted loss is worse than chance, and
nowhere else. Differences smaller than ``facts.quality["mae_near_optimum"]`` mean nothing: the exact
table decides close calls.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.errors import DataError
from hpobench_lab.problem import Fidelity, Objective, Problem
from hpobench_lab.space import Space
from hpobench_lab.testbed import Facts
from hpobench_lab.testbeds.curves.features import Derived, config_columns, features
from hpobench_lab.testbeds.curves.files import checked
from hpobench_lab.testbeds.curves.trees import Trees
from hpobench_lab.trial import Outcomes, Status, Trials

__all__ = ["Model", "Surrogate", "read_model"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Model:
    """The fitted functions.

    Args:
        space: d parameters.
        fidelity: Name of the fidelity.
        derived: Products among the features.
        floor: Below every loss.
        loss: Trees for the logarithm of the loss above the floor, over configuration and fidelity.
        cost: Trees for the logarithm of a full training's CPU seconds over the configuration.
        levels: Fidelities of the table, ascending, shape (L,).
        share: Median share of a full training's seconds at each level, ascending to 1, shape (L,).
    """

    space: Space
    fidelity: str
    derived: Derived
    floor: float
    loss: Trees
    cost: Trees
    levels: FloatArray
    share: FloatArray

    def table(self, values: FloatArray, x: FloatArray, fidelity: FloatArray) -> FloatArray:
        """Return the features that both functions read, shapes (n, d), (n, d), (n,) to (n, F)."""
        return features(self.space, values, x, fidelity, self.fidelity, self.derived)

    def losses(self, table: FloatArray) -> FloatArray:
        """Return predicted losses, shape (n, F) to (n,)."""
        return np.asarray(self.floor + np.exp(self.loss.predict(table)))

    def cost_s(self, table: FloatArray, fidelity: FloatArray) -> FloatArray:
        """Return predicted cumulative CPU seconds, shapes (n, F) and (n,) to (n,)."""
        columns = config_columns(self.space, self.fidelity, self.derived)
        shares = np.exp(np.interp(np.log(fidelity), np.log(self.levels), np.log(self.share)))
        return np.asarray(np.exp(self.cost.predict(table[:, columns])) * shares)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the numbers that ``read_model`` reads."""
        own = {"levels": self.levels, "share": self.share, "floor": np.asarray(self.floor)}
        return own | self.loss.arrays("loss_") | self.cost.arrays("cost_")


def read_model(folder: Path, header: Mapping[str, Any]) -> Model:
    """Read ``surrogate.npz``.

    Raises:
        DataError: If the table has no surrogate or the file is damaged.
    """
    if not header.get("surrogate"):
        raise DataError(
            f"{folder} has no surrogate: it holds fewer than 128 configurations; "
            "use it as an exact table, mode='table'"
        )
    path = checked(folder, "surrogate.npz", header)
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        loss, cost = Trees.from_arrays(arrays, "loss_"), Trees.from_arrays(arrays, "cost_")
        levels, share, floor = arrays["levels"], arrays["share"], float(arrays["floor"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} cannot be read: {error}") from None
    space, derived = Space.from_json(header["space"]), header["surrogate"]["derived"]
    return Model(space, header["fidelity"]["name"], derived, floor, loss, cost, levels, share)


class Surrogate:
    """The testbed ``curves/<data>-<family>``.

    Args:
        header: ``table.json``.
        model: The fitted functions.
        name: Selector-style name.
        data_sha256: Digest of the files that were read.
    """

    def __init__(
        self, header: Mapping[str, Any], model: Model, *, name: str, data_sha256: str
    ) -> None:
        self.model = model
        self.problem = table_problem(header)
        self.facts = table_facts(header, "surrogate", name=name, data_sha256=data_sha256)
        self._worst = float(header["diverged_above"])

    def evaluate(self, trials: Trials) -> Outcomes:
        """Return the predicted losses and seconds at exactly the asked fidelities."""
        fidelity = np.ascontiguousarray(trials.fidelity)
        table = self.model.table(trials.values, trials.x, fidelity)
        losses = self.model.losses(table)
        bad = (fidelity >= self.model.levels[-1]) & (losses > self._worst)
        status = np.where(bad, Status.diverged, Status.ok)
        return Outcomes.of(losses, self.model.cost_s(table, fidelity), status=status)

    def score(self, trials: Trials) -> FloatArray:
        """Return the predicted losses at full fidelity, shape (n, 1), diverged ones included."""
        full = np.full(len(trials), self.model.levels[-1])
        return self.model.losses(self.model.table(trials.values, trials.x, full))[:, None]


def table_problem(header: Mapping[str, Any], candidates: FloatArray | None = None) -> Problem:
    """Return what an optimizer may know of a table or its surrogate."""
    fidelity = header["fidelity"]
    levels = fidelity["levels"]
    return Problem(
        Space.from_json(header["space"]),
        objectives=tuple(Objective(o["name"], o["unit"]) for o in header["objectives"]),
        fidelities=(Fidelity(fidelity["name"], levels[0], levels[-1], fidelity["unit"]),),
        candidates=candidates,
        continuation="same",
    )


def table_facts(header: Mapping[str, Any], kind: Any, *, name: str, data_sha256: str) -> Facts:
    """Return the declared facts of a table (``kind="table"``) or its surrogate."""
    measured = header[kind]
    space = Space.from_json(header["space"])
    return Facts(
        name,
        source=header["source"],
        family=header["family"],
        kind=kind,
        optimum=measured["f_opt"],
        optimum_origin=measured["f_opt_origin"],
        optimum_config=space.configs(space.values([measured["optimum_config"]]))[0],
        reference=measured["f_ref"],
        reference_origin=measured["f_ref_origin"],
        chance=header["diverged_above"],
        stochastic=False,
        version=str(header["version"]),
        citation=header["data"]["citation"],
        licence=header["data"]["licence"],
        data_sha256=data_sha256,
        quality=measured.get("quality", {}),
        title=header["title"],
    )
