"""Fit a surrogate to the curves of a table: trees with XGBoost, networks beside them, noise.

What is fitted are the trainings of the first fold. A configuration that was trained several times
counts with the mean of its curves on the logistic scale; what a replicate shifts in all
configurations alike, as another split of the data does, is taken out before. A training that raised
is left out; one that diverged counts as the cap from there on. xgboost and scikit-learn are needed
here and never at evaluation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.space import Space
from hpobench_lab.testbeds.curves.storage.files import Curves
from hpobench_lab.testbeds.curves.surrogates.compiled import Predictor
from hpobench_lab.testbeds.curves.surrogates.features import Derived, config_columns, features
from hpobench_lab.testbeds.curves.surrogates.model import LEAST_LOSS, Model, Scale
from hpobench_lab.testbeds.curves.surrogates.noise import NONE, Noise
from hpobench_lab.testbeds.curves.surrogates.smooth import Networks, fit_networks
from hpobench_lab.testbeds.curves.surrogates.trees import Trees
from hpobench_lab.testbeds.training.xgb import import_xgboost

__all__ = ["LEAST", "Training", "boosted", "fit", "fit_noise", "fit_second"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
LEAST = 128
"""Configurations below which no surrogate is fitted."""
LEAST_PAIRS = 16
"""Repeated trainings below which a surrogate has no noise."""
LOSS_TREES, COST_TREES = 400, 80
LOSS = {"max_depth": 6, "eta": 0.06, "max_bin": 128, "lambda": 5.0}
COST = {"max_depth": 4, "eta": 0.12, "max_bin": 64}
COMMON = {
    "tree_method": "hist",
    "subsample": 0.6,
    "min_child_weight": 10,
    "nthread": 1,
    "seed": 0,
}


@dataclass(frozen=True)
class Training:
    """What a surrogate is fitted to: n configurations at L levels.

    Args:
        space: d parameters; the wide space where there is one.
        fidelity: Name of the fidelity.
        derived: Products among the features.
        levels: Ascending, shape (L,).
        values: Canonical values, shape (n, d).
        scale: Of the losses.
        logits: Of the losses, mean of the replicates, shape (n, L).
        cpu_s: Cumulative CPU seconds, shape (n, L), positive.
        paired: Configurations that were trained twice, shape (p,).
        residuals: Their residual curves in logits, with the variance of one training, (p, L).
    """

    space: Space
    fidelity: str
    derived: Derived
    levels: FloatArray
    values: FloatArray
    scale: Scale
    logits: FloatArray
    cpu_s: FloatArray
    paired: IntArray
    residuals: FloatArray

    @property
    def losses(self) -> FloatArray:
        """Return the losses behind the logits, shape (n, L)."""
        return self.scale.to_loss(self.logits)

    def take(self, rows: IntArray) -> Training:
        """Return the given configurations."""
        place = np.full(len(self.values), -1)
        place[rows] = np.arange(len(rows))
        kept = place[self.paired] >= 0
        return replace(
            self,
            values=self.values[rows],
            logits=self.logits[rows],
            cpu_s=self.cpu_s[rows],
            paired=place[self.paired[kept]],
            residuals=self.residuals[kept],
        )

    def table(self) -> FloatArray:
        """Return the features of every configuration at every level, shape (n * L, F)."""
        values = np.repeat(self.values, len(self.levels), axis=0)
        fidelity = np.tile(self.levels, len(self.values))
        x = self.space.encode(values)
        return features(self.space, values, x, fidelity, self.fidelity, self.derived)

    @classmethod
    def of(
        cls,
        space: Space,
        fidelity: str,
        derived: Derived,
        levels: FloatArray,
        curves: Curves,
        cap: float,
        objective: str = "valid_loss",
    ) -> Training:
        """Return what the first fold of a table teaches.

        Args:
            space: The space of ``curves.values``.
            fidelity: Name of the fidelity.
            derived: Products among the features.
            levels: Ascending, shape (L,).
            curves: Of a table.
            cap: Losses are clipped here.
            objective: Column of ``curves`` that is modelled.
        """
        usable = (curves.fold == 0) & (curves.message == "")
        usable &= np.isfinite(curves.columns["cpu_s"][:, 0])
        losses = np.nan_to_num(curves.columns[objective], nan=cap, posinf=cap, neginf=cap)
        losses = np.clip(losses, LEAST_LOSS, cap)
        losses[~usable] = cap  # other folds may lie below the floor of the first
        scale = Scale.of(losses, cap)
        logits = scale.to_logit(losses)
        first = np.flatnonzero(usable & (curves.replicate == 0))
        row = np.full(len(curves.values), -1)
        row[curves.configuration[first]] = np.arange(len(first))
        mean, paired, residuals = _replicates(curves, usable, logits, first, row)
        cpu_s = np.fmax.accumulate(curves.columns["cpu_s"][first], axis=1)
        return cls(
            space,
            fidelity,
            derived,
            np.asarray(levels, dtype=np.float64),
            curves.values[curves.configuration[first]],
            scale,
            mean,
            np.maximum(cpu_s, 1e-6),
            paired,
            residuals,
        )


def _replicates(
    curves: Curves, usable: NDArray[np.bool_], logits: FloatArray, first: IntArray, row: IntArray
) -> tuple[FloatArray, IntArray, FloatArray]:
    """Return the mean logits, the configurations trained again, and their residual curves."""
    total, count = logits[first].copy(), np.ones(len(first))
    paired, residuals = [np.zeros(0, np.intp)], [np.zeros((0, logits.shape[1]))]
    for replicate in np.unique(curves.replicate[usable & (curves.replicate > 0)]):
        again = np.flatnonzero(usable & (curves.replicate == replicate))
        again = again[row[curves.configuration[again]] >= 0]
        if not len(again):
            continue
        own = row[curves.configuration[again]]
        difference = logits[again] - logits[first[own]]
        difference -= np.median(difference, axis=0)
        total[own] += logits[first[own]] + difference
        count[own] += 1
        paired.append(own)
        residuals.append(difference / np.sqrt(2.0))
    return total / count[:, None], np.concatenate(paired), np.concatenate(residuals)


def boosted(
    table: FloatArray,
    target: FloatArray,
    params: Mapping[str, Any] = LOSS,
    count: int = LOSS_TREES,
) -> Any:
    """Return an ``xgboost.Booster`` fitted to features (n, F) and targets (n,), on one thread.

    Raises:
        MissingExtra: If xgboost is not installed.
    """
    xgb = import_xgboost("fitting a surrogate")
    data = xgb.DMatrix(table.astype(np.float32), target, nthread=1)
    return xgb.train(COMMON | dict(params), data, count)


def fit(training: Training) -> Model:
    """Fit the loss, the cost and the noise of a table.

    Args:
        training: n configurations at L levels.

    Returns:
        The model, in flat trees.

    Raises:
        MissingExtra: If xgboost is not installed.
    """
    table, count = training.table(), len(training.levels)
    columns = config_columns(training.space, training.fidelity, training.derived)
    total = training.cpu_s[:, -1]
    share = np.maximum.accumulate(np.median(training.cpu_s / total[:, None], axis=0))
    model = Model(
        training.space,
        training.fidelity,
        training.derived,
        training.scale,
        loss=Predictor(Trees.from_booster(boosted(table, training.logits.ravel()))),
        cost=Predictor(
            Trees.from_booster(boosted(table[::count, :columns], np.log(total), COST, COST_TREES))
        ),
        levels=training.levels,
        share=_rising(share / share[-1], training.levels),
    )
    return replace(model, noise=fit_noise(training, model))


def _rising(share: FloatArray, levels: FloatArray) -> FloatArray:
    """Return shares that rise strictly, at the slowest by a thousandth of the fidelity's share."""
    least = 1e-3 * levels / levels[-1]
    rising = np.maximum.accumulate(share - least) + least
    return np.asarray(rising / rising[-1])


def fit_noise(training: Training, model: Model) -> Noise:
    """Return the residual curves beside the losses that the model predicts for them."""
    if len(training.paired) < LEAST_PAIRS:
        return NONE
    means = model.scale.to_logit(model.full(training.values[training.paired]))
    return Noise.of(means, training.residuals)


def fit_second(training: Training, model: Model) -> tuple[Model, Networks]:
    """Return the model with networks for the losses, and these networks."""
    networks = fit_networks(training.table(), training.logits)
    return replace(model, loss=networks), networks
