"""What is known exactly of a table: its least loss, the median of a random choice, divergence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.testbeds.curves.listed import Listed, listed
from hpobench_lab.testbeds.curves.storage.files import Curves
from hpobench_lab.testbeds.curves.storage.spaces import asked_space

__all__ = ["ORIGIN", "exact_facts", "final_scores"]

FloatArray = NDArray[np.float64]
ORIGIN = "exact: the least of the listed configurations"
REFERENCE = "median of the listed configurations, diverged ones included"


def final_scores(header: Mapping[str, Any], curves: Curves, own: Listed) -> FloatArray:
    """Return the mean final loss over replicates, shape (r,); the cap where training broke down.

    Args:
        header: ``table.json``; its first objective is scored.
        curves: Of the table.
        own: Which trainings are of which configuration.
    """
    final = curves.columns[header["objectives"][0]["column"]][:, -1]
    cap = float(header["cap"])
    return own.mean(np.minimum(np.where(np.isnan(final), cap, final), cap))


def exact_facts(
    header: Mapping[str, Any], curves: Curves, *, wide: bool | None = None, fold: int = 0
) -> dict[str, Any]:
    """Return what belongs into ``header["table"]``.

    Args:
        header: ``table.json``, ``table`` and ``files`` not needed.
        curves: As stored (``as_stored``), so that what is exact is what the files hold.
        wide: One of the two spaces; by default the normal one, with the facts of the wide one
            under ``wide`` where there is one.
        fold: Outer fold.

    Returns:
        ``configurations``, ``replicated`` (those trained more than once), ``f_opt``,
        ``f_opt_origin``, ``optimum_config``, ``f_ref``, ``f_ref_origin``, ``diverged``,
        ``not_finite`` and perhaps ``wide``.
    """
    if wide is None:
        facts = exact_facts(header, curves, wide=False, fold=fold)
        if header.get("space_wide"):
            facts["wide"] = exact_facts(header, curves, wide=True, fold=fold)
        return facts
    own = listed(header, curves, wide=wide, fold=fold)
    scores = final_scores(header, curves, own)
    losses = curves.columns[header["objectives"][0]["column"]][own.trainings[:, 0]]
    best = int(scores.argmin())
    space = asked_space(header, wide=wide)
    return {
        "configurations": len(scores),
        "replicated": _trained_again(curves, own, fold),
        "f_opt": float(scores[best]),
        "f_opt_origin": ORIGIN + (", mean over replicates" if own.replicated else ""),
        "optimum_config": space.configs(own.values[best : best + 1])[0],
        "f_ref": float(np.median(scores)),
        "f_ref_origin": REFERENCE,
        "diverged": int((~(losses[:, -1] <= header["diverged_above"])).sum()),
        "not_finite": int((~np.isfinite(losses)).any(axis=1).sum()),
    }


def _trained_again(curves: Curves, own: Listed, fold: int) -> int:
    """Return how many of the listed configurations have another training in the fold."""
    again = curves.configuration[(curves.fold == fold) & (curves.replicate > 0)]
    return int(np.isin(curves.configuration[own.trainings[:, 0]], again).sum())
