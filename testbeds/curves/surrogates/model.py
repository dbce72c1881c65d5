"""The fitted functions behind a surrogate, the numbers they are stored as, and their scale.

Losses are modelled on a logistic scale between a floor below every loss and a ceiling above the cap
at which losses were clipped, so whatever is extrapolated stays between the two. The cost of a full
training comes from trees over the configuration; along the fidelity it follows the table's median
share of that cost, so it rises strictly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.space import Space
from hpobench_lab.testbeds.curves.surrogates.compiled import Predictor
from hpobench_lab.testbeds.curves.surrogates.features import Derived, config_columns, features
from hpobench_lab.testbeds.curves.surrogates.noise import NONE, Noise
from hpobench_lab.testbeds.curves.surrogates.smooth import Networks
from hpobench_lab.testbeds.curves.surrogates.trees import Trees

__all__ = [
    "CEILING",
    "FLOOR",
    "LEAST_LOSS",
    "Model",
    "Regressor",
    "Scale",
    "model_arrays",
    "model_from_arrays",
]

FloatArray = NDArray[np.float64]
FLOOR = 0.8
"""The floor, as a share of the least loss."""
CEILING = 1.5
"""The ceiling, in caps: losses clipped at the cap do not lie in the far tail of the scale."""
LEAST_LOSS = 1e-6


@dataclass(frozen=True)
class Scale:
    """A logistic scale of losses.

    Args:
        floor: Below every loss.
        top: Above every loss.

    >>> scale = Scale(0.0, 2.0)
    >>> scale.to_logit(np.array([1.0])), scale.to_loss(np.array([0.0]))
    (array([0.]), array([1.]))
    """

    floor: float
    top: float

    @classmethod
    def of(cls, losses: FloatArray, cap: float) -> Scale:
        """Return the scale for losses that lie in (0, cap]."""
        return cls(FLOOR * float(losses.min()), CEILING * cap)

    def to_logit(self, losses: FloatArray) -> FloatArray:
        """Return log((loss - floor) / (top - loss)), any shape."""
        return np.asarray(np.log((losses - self.floor) / (self.top - losses)))

    def to_loss(self, logits: FloatArray) -> FloatArray:
        """Return the losses of logits, any shape."""
        return np.asarray(self.floor + (self.top - self.floor) / (1.0 + np.exp(-logits)))


class Regressor(Protocol):
    """What predicts logits from features."""

    def predict(self, features: FloatArray) -> FloatArray:
        """Return predictions, shape (n, F) to (n,)."""
        ...


@dataclass(frozen=True)
class Model:
    """The fitted functions.

    Args:
        space: d parameters; the wide space where the table has one.
        fidelity: Name of the fidelity.
        derived: Products among the features.
        scale: Of the losses.
        loss: Predicts the logit of the loss from configuration and fidelity.
        cost: Predicts the logarithm of a full training's CPU seconds from the configuration.
        levels: Fidelities of the table, ascending, shape (L,).
        share: Median share of a full training's seconds at each level, ascending to 1, shape (L,).
        noise: Residual curves of repeated trainings; empty when there are none.
    """

    space: Space
    fidelity: str
    derived: Derived
    scale: Scale
    loss: Regressor
    cost: Regressor
    levels: FloatArray
    share: FloatArray
    noise: Noise = NONE

    def table(self, values: FloatArray, x: FloatArray, fidelity: FloatArray) -> FloatArray:
        """Return the features that both functions read, shapes (n, d), (n, d), (n,) to (n, F)."""
        return features(self.space, values, x, fidelity, self.fidelity, self.derived)

    def logits(self, table: FloatArray) -> FloatArray:
        """Return predicted logits of losses, shape (n, F) to (n,)."""
        return self.loss.predict(table)

    def losses(self, table: FloatArray) -> FloatArray:
        """Return predicted losses, shape (n, F) to (n,)."""
        return self.scale.to_loss(self.logits(table))

    def full(self, values: FloatArray) -> FloatArray:
        """Return the predicted losses at full fidelity, shape (n, d) to (n,)."""
        x = self.space.encode(values)
        return self.losses(self.table(values, x, np.full(len(values), self.levels[-1])))

    def cost_s(self, table: FloatArray, fidelity: FloatArray) -> FloatArray:
        """Return predicted cumulative CPU seconds, shapes (n, F) and (n,) to (n,)."""
        columns = config_columns(self.space, self.fidelity, self.derived)
        shares = np.exp(np.interp(np.log(fidelity), np.log(self.levels), np.log(self.share)))
        return np.asarray(np.exp(self.cost.predict(table[:, :columns])) * shares)


def model_arrays(model: Model, second: Networks | None = None) -> dict[str, NDArray[Any]]:
    """Return the numbers that ``model_from_arrays`` reads; ``model`` must consist of trees."""
    loss, cost = (p.trees if isinstance(p, Predictor) else p for p in (model.loss, model.cost))
    if not isinstance(loss, Trees) or not isinstance(cost, Trees):
        raise TypeError("only a model of trees is stored; networks go beside it, as second")
    scale = np.array([model.scale.floor, model.scale.top])
    own = {"levels": model.levels, "share": model.share, "scale": scale}
    arrays = own | loss.arrays("loss_") | cost.arrays("cost_") | model.noise.arrays("noise_")
    return arrays | (second.arrays("mlp_") if second else {})


def model_from_arrays(
    arrays: Mapping[str, NDArray[Any]],
    space: Space,
    fidelity: str,
    derived: Derived,
    kind: str = "xgboost",
) -> Model:
    """Return the model that ``model_arrays`` wrote.

    Args:
        arrays: By name.
        space: The space that the model was fitted in.
        fidelity: Name of the fidelity.
        derived: Products among the features.
        kind: ``xgboost`` or ``mlp``: what predicts the losses.

    Raises:
        KeyError: If an array is missing.
        ValueError: If the arrays do not belong together.
    """
    levels, share = arrays["levels"], arrays["share"]
    noise = Noise.from_arrays(arrays, "noise_")
    if share.shape != levels.shape or (noise and noise.curves.shape[1:] != levels.shape):
        raise ValueError(f"{len(levels)} levels, shares {share.shape}, noise {noise.curves.shape}")
    trees = Predictor(Trees.from_arrays(arrays, "loss_"))
    return Model(
        space,
        fidelity,
        derived,
        Scale(*map(float, arrays["scale"])),
        loss=Networks.from_arrays(arrays, "mlp_") if kind == "mlp" else trees,
        cost=Predictor(Trees.from_arrays(arrays, "cost_")),
        levels=levels,
        share=share,
        noise=noise,
    )
