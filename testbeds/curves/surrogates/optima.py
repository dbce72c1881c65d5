"""What a surrogate's best configuration is worth when it is really trained.

A search for the least value of a model also finds where the model errs most to the good. So the
best configuration is trained, and the error near the optimum, below which differences count as
ties, is at least the difference found.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hpobench_lab.testbeds.training.recipes import Recipe

__all__ = ["with_trained_optima"]


def with_trained_optima(header: Mapping[str, Any], recipe: Recipe) -> dict[str, Any]:
    """Return a header whose surrogates' best configurations of the normal space were trained.

    ``optimum_trained`` is the validation loss on fold 0, at most the cap. In ``quality``,
    ``mae_best_tenth`` is what ``mae_near_optimum`` was, ``error_at_optimum`` the absolute
    difference from ``f_opt``, and ``mae_near_optimum`` the larger of both.

    Args:
        header: ``table.json``.
        recipe: How the table was collected.
    """
    if not header.get("surrogate"):
        return dict(header)
    whole = dict(header["surrogate"])
    parts = [whole]
    if whole.get("second"):
        whole["second"] = dict(whole["second"])
        parts.append(whole["second"])
    configs = [part["optimum_config"] for part in parts]
    trained = recipe.train(configs, recipe.levels, 0, 0).columns["valid_loss"][:, -1]
    for part, loss in zip(parts, trained.tolist(), strict=True):
        known = min(loss, header["cap"]) if np.isfinite(loss) else header["cap"]
        quality = dict(part["quality"])
        tenth = quality.get("mae_best_tenth", quality["mae_near_optimum"])
        error = round(abs(known - part["f_opt"]), 5)
        measured = {"mae_best_tenth": tenth, "error_at_optimum": error}
        part["quality"] = quality | measured | {"mae_near_optimum": max(tenth, error)}
        part["optimum_trained"] = known
    return {**header, "surrogate": whole}
