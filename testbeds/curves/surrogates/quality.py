"""How well a surrogate predicts configurations that it was not fitted to, level by level."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.testbeds.curves.surrogates.fit import Training, fit, fit_second
from hpobench_lab.testbeds.curves.surrogates.model import Model

__all__ = ["ORIGIN", "judge", "qualities", "quality"]

FloatArray = NDArray[np.float64]
SPLIT_SEED = 20_260_102
NEIGHBOURS = 32
ORIGIN = "one fifth of the configurations, drawn from all of them, held out; shipped: fitted to all"


def qualities(training: Training) -> dict[str, tuple[dict[str, float], list[dict[str, float]]]]:
    """Return the quality of both kinds of surrogate, each fitted to four fifths.

    Returns:
        ``xgboost`` and ``mlp`` -> what ``judge`` returns.
    """
    order = np.random.Generator(np.random.Philox(SPLIT_SEED)).permutation(len(training.values))
    fifth = len(order) // 5
    rest, held = training.take(np.sort(order[fifth:])), training.take(order[:fifth])
    model = fit(rest)
    return {"xgboost": judge(model, held), "mlp": judge(fit_second(rest, model)[0], held)}


def quality(training: Training) -> dict[str, float]:
    """Return how well trees fitted to four fifths predict the rest; ``judge`` has the names."""
    return qualities(training)["xgboost"][0]


def judge(model: Model, held: Training) -> tuple[dict[str, float], list[dict[str, float]]]:
    """Compare predictions with configurations that the model does not know.

    Args:
        model: Fitted to other configurations.
        held: m configurations.

    Returns:
        A summary, and one dict a level with ``level`` and the same names:

        - ``r2``: of the loss's logarithm, at full fidelity; ``r2_all_levels``: of all levels at
          once (summary only);
        - ``spearman``, ``spearman_best_quarter``: rank correlation of the losses, over all and over
          the best quarter;
        - ``mae_near_optimum``: mean absolute error of the loss over the best tenth;
        - ``calibration_slope``, ``calibration_intercept``: of the line from predicted to true
          logits; 1 and 0 where predictions are neither too bold nor too shy;
        - ``coverage_90``: share of true losses inside an interval that holds 90 % of the residuals
          of the most similar predictions in the other half of the held-out configurations;
        - ``noise_coverage_90``: the same with the noise of training alone (with noise only); what
          is missing to 0.9 is the surrogate's own error;
        - ``cost_relative_error``: median over configurations (summary: and levels);
        - ``held_out_configurations``: m (summary only).
    """
    shape = held.logits.shape
    table = held.table()
    fidelity = np.tile(held.levels, shape[0])
    guess = model.logits(table).reshape(shape)
    cost = np.abs(model.cost_s(table, fidelity).reshape(shape) / held.cpu_s - 1.0)
    radius = _noise_radius(model, guess[:, -1]) if model.noise else None
    levels = []
    for i, level in enumerate(held.levels.tolist()):
        found = _one_level(model, held.logits[:, i], guess[:, i])
        if radius is not None:
            inside = np.abs(held.logits[:, i] - guess[:, i]) <= radius[:, i]
            found["noise_coverage_90"] = float(inside.mean())
        found["cost_relative_error"] = float(np.median(cost[:, i]))
        levels.append({"level": level} | _rounded(found))
    summary = {k: v for k, v in levels[-1].items() if k != "level"}
    truth, predicted = np.log(held.losses), np.log(model.scale.to_loss(guess))
    whole = {
        "r2_all_levels": _r2(truth, predicted),
        "cost_relative_error": float(np.median(cost)),
        "held_out_configurations": float(shape[0]),
    }
    return summary | _rounded(whole), levels


def _one_level(model: Model, truth: FloatArray, guess: FloatArray) -> dict[str, float]:
    loss, predicted = model.scale.to_loss(truth), model.scale.to_loss(guess)
    rank = np.argsort(loss, kind="stable")
    best, near = rank[: max(2, len(rank) // 4)], rank[: max(1, len(rank) // 10)]
    spread = float(guess.var())
    slope = float(np.cov(guess, truth, bias=True)[0, 1]) / spread if spread else 0.0
    return {
        "r2": _r2(np.log(loss), np.log(predicted)),
        "spearman": _spearman(loss, predicted),
        "spearman_best_quarter": _spearman(loss[best], predicted[best]),
        "mae_near_optimum": float(np.abs(loss - predicted)[near].mean()),
        "calibration_slope": slope,
        "calibration_intercept": float(truth.mean() - slope * guess.mean()),
        "coverage_90": _coverage(truth, guess),
    }


def _coverage(truth: FloatArray, guess: FloatArray) -> float:
    """Return the share inside intervals from the residuals of the other half."""
    error, inside = np.abs(truth - guess), []
    halves = np.arange(0, len(truth), 2), np.arange(1, len(truth), 2)
    for own, other in (halves, halves[::-1]):
        near = np.argsort(np.abs(guess[own][:, None] - guess[other]), axis=1, kind="stable")
        residuals = error[other][near[:, :NEIGHBOURS]]
        inside.append(error[own] <= np.quantile(residuals, 0.9, axis=1, method="higher"))
    return float(np.concatenate(inside).mean())


def _noise_radius(model: Model, mean: FloatArray) -> FloatArray:
    """Return what 90 % of the noise does not exceed, shapes (m,) to (m, L)."""
    return np.asarray(np.quantile(np.abs(model.noise.near(mean)), 0.9, axis=1))


def _spearman(truth: FloatArray, guess: FloatArray) -> float:
    """Return the rank correlation; 0 where one of the two is constant."""
    from scipy.stats import rankdata

    a, b = rankdata(truth), rankdata(guess)
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / norm if norm else 0.0


def _r2(truth: FloatArray, predicted: FloatArray) -> float:
    spread = float(((truth - truth.mean()) ** 2).sum())
    return 1.0 - float(((truth - predicted) ** 2).sum()) / spread if spread else 0.0


def _rounded(measured: dict[str, Any]) -> dict[str, float]:
    return {name: round(float(value), 5) for name, value in measured.items()}
