"""What a table says of itself: the problem for optimizers, the facts for analysis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.problem import Continuation, Fidelity, Objective, Problem
from hpobench_lab.testbed import Facts
from hpobench_lab.testbeds.curves.storage.spaces import asked_space

__all__ = ["table_facts", "table_problem"]

FloatArray = NDArray[np.float64]


def table_problem(
    header: Mapping[str, Any],
    *,
    wide: bool = False,
    candidates: FloatArray | None = None,
    objectives: Sequence[Objective] | None = None,
) -> Problem:
    """Return what an optimizer may know of a table or its surrogate.

    Args:
        header: ``table.json``.
        wide: Whether the wide space is served.
        candidates: Unit rows of the served space that may be asked, shape (r, d), or None.
        objectives: Default those of the header.

    Raises:
        StudyError: If the wide space is asked and there is none.
    """
    fidelity = header["fidelity"]
    levels = fidelity["levels"]
    stored = tuple(Objective(o["name"], o["unit"]) for o in header["objectives"])
    return Problem(
        asked_space(header, wide=wide),
        objectives=stored if objectives is None else tuple(objectives),
        fidelities=(Fidelity(fidelity["name"], levels[0], levels[-1], fidelity["unit"]),),
        candidates=candidates,
        continuation=_continuation(header),
    )


def _continuation(header: Mapping[str, Any]) -> Continuation:
    """Return whether a training goes on where it stopped; on more of the rows it begins anew."""
    share = header["fidelity"]["name"] == "share"
    found: Continuation = header.get("continuation") or ("none" if share else "same")
    return found


def table_facts(
    header: Mapping[str, Any],
    kind: Any,
    *,
    name: str,
    data_sha256: str,
    wide: bool = False,
    stochastic: bool = False,
    surrogate: str = "xgboost",
) -> Facts:
    """Return the declared facts of a table (``kind="table"``) or its surrogate.

    What ``header[kind]`` says of the normal space, ``header[kind]["wide"]`` says of the wide one.

    Args:
        header: ``table.json``.
        kind: ``table`` or ``surrogate``.
        name: Selector-style name.
        data_sha256: Digest of the files that were read.
        wide: Whether the wide space is served.
        stochastic: Whether the noise of training is served.
        surrogate: Which surrogate is served, for what is known of its rankings of optimizers.
    """
    measured = header[kind]
    measured = measured | (measured.get("wide") or {}) if wide else measured
    space, data = asked_space(header, wide=wide), header.get("data") or {}
    best = measured.get("optimum_config")
    return Facts(
        name,
        source=header["source"],
        family=header["family"],
        kind=kind,
        optimum=measured["f_opt"],
        optimum_origin=measured["f_opt_origin"],
        optimum_config=space.configs(space.values([best]))[0] if best else None,
        reference=measured["f_ref"],
        reference_origin=measured["f_ref_origin"],
        chance=header["diverged_above"],
        stochastic=stochastic,
        version=str(header["version"]),
        citation=data.get("citation", ""),
        licence=data.get("licence", ""),
        data_sha256=data_sha256,
        quality={} if kind == "table" else _quality(header, measured, surrogate),
        title=header["title"],
    )


def _quality(
    header: Mapping[str, Any], measured: Mapping[str, Any], surrogate: str
) -> dict[str, float]:
    """Return the held-out quality, with the agreement of optimizer rankings where it is known."""
    taus = (header.get("trust") or {}).get("kendall_tau") or {}
    tau = taus.get(f"table/{surrogate}")
    return {**measured.get("quality", {}), **({} if tau is None else {"kendall_tau": tau})}
