"""Where a study is judged: the axis and, for each testbed, the cut on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.analysis.applicability import listed
from hpobench_lab.analysis.estimate import Caution
from hpobench_lab.analysis.runs.aggregate import median
from hpobench_lab.analysis.runs.energy import sessions
from hpobench_lab.analysis.runs.panel import Panel, ResultsLike
from hpobench_lab.analysis.runs.traces import AXES, MEASURED

__all__ = ["Cut", "choose_cut"]

FloatArray = NDArray[np.float64]

COUNTED = ("evaluations", "per_dimension")


@dataclass(frozen=True)
class Cut:
    """Say where the runs are read.

    Args:
        axis: One of ``traces.AXES``.
        amount: The budget in words' units, the largest cut.
        at: Cut of each testbed, shape (t,).
        words: For example ``"100 evaluations"``.
        declared: The budget as the protocol states it.
        cautions: What the reader must know about the choice.
        exploratory: Whether it is not what the study declared: effects and intervals, no tests.
    """

    axis: str
    amount: float
    at: FloatArray
    words: str
    declared: tuple[str, float]
    cautions: tuple[Caution, ...] = ()
    exploratory: bool = False


def choose_cut(
    results: ResultsLike, panel: Panel, *, axis: str | None = None, at: float | None = None
) -> Cut:
    """Return the declared budget, or the given cut; full-fidelity equivalents where they differ.

    On the axis ``evaluations`` every trial counts one at any fidelity. Where optimizers used
    different fidelities of a testbed, it is cut at the full-fidelity equivalents that the
    thriftiest of them spent there (median over its runs). Another axis without an amount is cut in
    the same way, so that all are read at equal cost.

    Raises:
        ValueError: If the axis is unknown, or the runs do not tell it.
    """
    declared, cautions = _declared(results)
    name, amount = _asked(panel, declared, axis, at)
    _refuse_modelled(results, name)
    exploratory = (name, amount) != declared
    if np.isnan(amount):
        cuts = _thriftiest(panel, name)
        amount = float(cuts[np.isfinite(cuts)].max(initial=0.0))
        words = f"the {AXES[name]} that every optimizer spent"
        return Cut(name, amount, cuts, words, declared, (*cautions, *_measured(name)), True)
    cuts = np.full(len(panel.beds), amount)
    if name == "per_dimension":
        cuts = cuts * _dimensions(results, panel)
    if name in COUNTED and (mixed := _mixed(panel)).any():
        cuts = np.where(mixed, np.minimum(cuts, _thriftiest(panel, "full_evaluations")), cuts)
        words = f"{_budget_words(name, amount)}, counted as full-fidelity equivalents"
        caution = _mixed_caution(panel, mixed, cuts)
        every = (*cautions, caution)
        return Cut("full_evaluations", amount, cuts, words, declared, every, exploratory)
    real = "evaluations" if name == "per_dimension" else name
    found = (
        *cautions,
        *_measured(real),
        *(_beyond(results, panel, real, cuts) if exploratory else ()),
    )
    return Cut(real, amount, cuts, _budget_words(name, amount), declared, found, exploratory)


def _asked(
    panel: Panel, declared: tuple[str, float], axis: str | None, at: float | None
) -> tuple[str, float]:
    """Return axis and amount; NaN for another axis without an amount."""
    if axis is not None and axis not in AXES:
        raise ValueError(f"unknown axis {axis!r}; known: {', '.join(AXES)}")
    if axis is not None and axis not in panel.steps.position:
        why = panel.no_energy or "their wall seconds are not stored"
        if axis == "grams_co2e" and not panel.no_energy:
            why = "the carbon intensity is unknown"
        raise ValueError(f"these runs cannot be read on the axis {axis!r}: {why}")
    if axis is None or axis == declared[0]:
        own = declared[0] if axis or at is None or declared[0] not in COUNTED else "evaluations"
        return own, declared[1] if at is None else at
    return axis, float("nan") if at is None else at


def _refuse_modelled(results: ResultsLike, axis: str) -> None:
    declared = np.asarray(results.columns.get("energy_j", [np.nan]), dtype=np.float64)
    if axis not in ("joules", "grams_co2e") or bool(np.isfinite(declared).all()):
        return
    if sessions(results.carbon).method == "modelled":
        raise ValueError(
            f"these runs cannot be read on the axis {axis!r}: their energy is modelled, processor "
            "seconds times a constant, and ranks nobody; read them on wall_seconds"
        )


def _measured(axis: str) -> tuple[Caution, ...]:
    if axis not in MEASURED:
        return ()
    text = (
        f"The {AXES[axis]} are measured on the machine that ran the study, one trial after the "
        "other: another machine, or another day, gives other numbers."
    )
    return (Caution("measured", text, level="info"),)


def _beyond(results: ResultsLike, panel: Panel, axis: str, cuts: FloatArray) -> tuple[Caution, ...]:
    """Return a banner that names whose runs were ended by their budget before the cut."""
    by_budget = np.array([h.get("reason") == "budget" for h in results.headers] + [False])
    spent = np.append(panel.steps.spent[axis], np.inf)[panel.run]
    short: NDArray[np.bool_] = (
        by_budget[panel.run] & panel.present & (spent < cuts[:, None] * (1 - 1e-9))
    )
    who = [panel.optimizers[i] for i in np.unique(np.nonzero(short)[0]).tolist()]
    if not who:
        return ()
    beds = len(np.unique(np.nonzero(short)[1]))
    text = (
        f"The budget ended runs of {listed(who)} before this cut, on {beds} of {len(cuts)} "
        "testbeds: they are read at their end, and nothing is known of what they would have done "
        "after it."
    )
    return (Caution("beyond-budget", text),)


def _budget_words(axis: str, amount: float) -> str:
    number = f"{amount:,.10g}"
    if axis == "per_dimension":
        return f"{number} evaluations per dimension"
    return f"{number} {AXES[axis] if amount != 1 else AXES[axis].removesuffix('s')}"


def _declared(results: ResultsLike) -> tuple[tuple[str, float], tuple[Caution, ...]]:
    budgets: list[tuple[str, float]] = []
    for header in results.headers:
        for axis, amount in header["protocol"]["budget"].items():
            if (axis, float(amount)) not in budgets:
                budgets.append((axis, float(amount)))
    primary = results.study.get("primary") or {}
    cut = primary.get("budget") if isinstance(primary, Mapping) else None
    if cut and len(budgets) == 1:
        return (str(budgets[0][0]), float(cut.get(budgets[0][0], budgets[0][1]))), ()
    if not budgets:
        protocol: Any = results.study.get("settings", {}).get("protocol", {})
        stated = list((protocol.get("budget") or {"evaluations": 1.0}).items())
        return (stated[0][0], float(stated[0][1])), ()
    if len(budgets) == 1:
        return budgets[0], ()
    same = {axis for axis, _ in budgets} == {budgets[0][0]}
    shown = ", ".join(_budget_words(a, b) for a, b in budgets)
    chosen = min(budgets, key=lambda b: b[1]) if same else ("evaluations", _shortest(results))
    text = f"The runs had different budgets ({shown}); all are read at {_budget_words(*chosen)}."
    return chosen, (Caution("mixed-budgets", text),)


def _shortest(results: ResultsLike) -> float:
    counts = [h["n_told"] for h in results.headers if h["status"] == "ok" and h["n_told"]]
    return float(min(counts, default=1))


def _dimensions(results: Any, panel: Panel) -> FloatArray:
    """Return the number of parameters of each testbed, as its first finished run stored them."""
    dims = []
    for j in range(len(panel.beds)):
        done = panel.run[:, j][panel.present[:, j] & ~panel.failed[:, j]]
        names = results.run(int(done[0])).columns if len(done) else ()
        dims.append(max(1, sum(c.startswith("p.") for c in names)))
    return np.array(dims, dtype=np.float64)


def _spending(panel: Panel, axis: str) -> FloatArray:
    """Return the median spending of finished runs, shape (k, t); NaN where there are none."""
    spent = np.append(panel.steps.spent[axis], np.nan)[panel.run]
    return median(np.where(panel.present & ~panel.failed, spent, np.nan))


def _mixed(panel: Panel) -> NDArray[np.bool_]:
    told = _spending(panel, "evaluations")
    share = _spending(panel, "full_evaluations") / np.where(told > 0, told, np.nan)
    low = np.where(np.isnan(share), np.inf, share).min(axis=0, initial=np.inf)
    high = np.where(np.isnan(share), -np.inf, share).max(axis=0, initial=-np.inf)
    return np.asarray(high > low * (1 + 1e-9))


def _thriftiest(panel: Panel, axis: str) -> FloatArray:
    spent = _spending(panel, axis)
    return np.asarray(np.where(np.isnan(spent), np.inf, spent).min(axis=0, initial=np.inf))


def _mixed_caution(panel: Panel, mixed: NDArray[np.bool_], cuts: FloatArray) -> Caution:
    where = ", ".join(f"{panel.beds[j].id} at {cuts[j]:.3g}" for j in np.flatnonzero(mixed))
    return Caution(
        "mixed-fidelities",
        "Optimizers used different fidelities while every trial counted as one evaluation. To be "
        "fair at equal cost, the ranking reads these testbeds at the full-fidelity equivalents "
        f"that every optimizer spent: {where}.",
    )
