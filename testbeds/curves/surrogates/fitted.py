"""All that a table stores of its surrogates: the arrays, their quality, their best values."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.space import Space
from hpobench_lab.testbeds.curves.storage.files import Curves
from hpobench_lab.testbeds.curves.surrogates.features import Derived
from hpobench_lab.testbeds.curves.surrogates.fit import LEAST, Training, fit, fit_second
from hpobench_lab.testbeds.curves.surrogates.model import CEILING, FLOOR, Model, model_arrays
from hpobench_lab.testbeds.curves.surrogates.noise import NEAREST
from hpobench_lab.testbeds.curves.surrogates.optimum import MARGIN, best_known
from hpobench_lab.testbeds.curves.surrogates.quality import ORIGIN, qualities

__all__ = ["fit_all"]

FloatArray = NDArray[np.float64]
TREES = "XGBoost trees over configuration and log fidelity"
NETWORKS = "mean of neural networks over configuration and log fidelity (scikit-learn)"


def fit_all(
    stored: Space,
    space: Space,
    fidelity: str,
    derived: Derived,
    levels: Sequence[float] | FloatArray,
    curves: Curves,
    cap: float,
    *,
    objective: str = "valid_loss",
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]] | None:
    """Fit, measure and search both surrogates of a table.

    Args:
        stored: The space of ``curves.values``: the wide one where there is one.
        space: The normal space; the same where there is no wide one.
        fidelity: Name of the fidelity.
        derived: Products among the features.
        levels: Fidelities of the curves, ascending, shape (L,).
        curves: Of the table.
        cap: Losses are clipped here.
        objective: Column that is modelled.

    Returns:
        The arrays of ``surrogate.npz`` and the facts of ``header["surrogate"]``; None when fewer
        than ``LEAST`` configurations can be fitted.

    Raises:
        MissingExtra: If xgboost, which fits the trees, is not installed.
    """
    at = np.asarray(levels, dtype=np.float64)
    training = Training.of(stored, fidelity, derived, at, curves, cap, objective)
    if len(training.values) < LEAST:
        return None
    measured = qualities(training)
    model = fit(training)
    second, networks = fit_second(training, model)
    spaces = (stored, space)
    facts = {
        "model": f"{TREES}, {_scale_text()}",
        "objective": objective,
        "derived": [dict(powers) for powers in derived],
        "noise": _noise_facts(training, model),
        "quality_origin": ORIGIN,
        "xgboost": version("xgboost"),
        "scikit-learn": version("scikit-learn"),
    }
    facts |= _facts(model, training, spaces, measured["xgboost"])
    other = {"model": f"{NETWORKS}, {_scale_text()}"}
    facts["second"] = other | _facts(second, training, spaces, measured["mlp"], margin=MARGIN)
    return model_arrays(model, networks), facts


def _scale_text() -> str:
    return (
        f"for the logit of the loss between {FLOOR:g} of the least loss and {CEILING:g} caps; "
        "losses clipped at the cap, mean of the trainings of one configuration"
    )


def _noise_facts(training: Training, model: Model) -> dict[str, Any] | None:
    """Return what is said of the noise; None where there is none."""
    if not model.noise:
        return None
    full = training.residuals[:, -1]
    return {
        "model": f"whole residual curves in logits, one of the {NEAREST} configurations whose "
        "predicted loss is nearest, with a random sign",
        "pairs": len(training.paired),
        "curves": len(model.noise.means),
        "logit_deviation": round(float(np.sqrt((full**2).mean())), 5),
    }


def _facts(
    model: Model,
    training: Training,
    spaces: tuple[Space, Space],
    measured: tuple[dict[str, float], list[dict[str, float]]],
    margin: float = 0.0,
) -> dict[str, Any]:
    stored, space = spaces
    order = np.argsort(training.logits[:, -1], kind="stable")
    start = training.values[order]
    found = best_known(model.full, stored, space, start, margin=margin)
    wide = None
    if stored != space:
        best = stored.values([found["optimum_config"]])
        start = np.concatenate([best, start])
        wide = best_known(model.full, stored, stored, start, margin=margin)
        if found["f_opt"] < wide["f_opt"]:  # the normal space is a part of the wide one
            wide |= {name: found[name] for name in ("f_opt", "optimum_config")}
    return {"quality": measured[0], "quality_by_level": measured[1], **found, "wide": wide}
