"""Whether a budget buys so much of an exact table that chance alone comes near its best."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hpobench_lab.analysis.estimate import Caution

__all__ = ["SHARE", "expected_best_rank", "scarce", "scarce_in", "trials_of"]

SHARE = 0.05
"""A budget of more than this share of the listed configurations is named."""

Mentioned = tuple[str, Mapping[str, Any], Mapping[str, Any] | None]
"""A testbed: its id, its facts with ``listed`` and ``dimension``, its fidelity."""


def expected_best_rank(rows: int, draws: float) -> float:
    """Return the expected rank of the best of some draws without replacement, 1 for the best row.

    Args:
        rows: How many configurations are listed.
        draws: How many of them are evaluated.

    References:
        The least of a uniform sample of size B from 1..N has the mean (N + 1) / (B + 1); David,
        Nagaraja (2003), Order Statistics, section 3.7.

    >>> expected_best_rank(2000, 60), expected_best_rank(10, 10)
    (32.80327868852459, 1.0)
    """
    return (rows + 1) / (min(draws, rows) + 1)


def trials_of(
    axis: str, amount: float, *, dimension: int = 0, fidelity: Mapping[str, Any] | None = None
) -> float | None:
    """Return how many trials at full fidelity a budget buys; None where that is not known.

    Args:
        axis: Of the budget.
        amount: Of the budget.
        dimension: Of the space.
        fidelity: The testbed's first, with ``max``, or None.

    >>> trials_of("fidelity_units", 500, fidelity={"max": 50})
    10.0
    """
    if axis in ("evaluations", "full_evaluations"):
        return amount
    if axis == "per_dimension":
        return amount * dimension if dimension else None
    if axis == "fidelity_units":
        return amount / float(fidelity["max"]) if fidelity else amount
    return None


def scarce(beds: Iterable[Mentioned], budget: Mapping[str, float]) -> list[Caution]:
    """Return a caution that names the tables of which the budget buys more than ``SHARE``.

    Args:
        beds: Those with candidates have ``listed`` among their facts.
        budget: Axis -> amount, one entry.
    """
    ((axis, amount),) = budget.items()
    found = []
    for name, facts, fidelity in beds:
        rows = int(facts.get("listed") or 0)
        dimension = int(facts.get("dimension") or 0)
        draws = trials_of(axis, amount, dimension=dimension, fidelity=fidelity)
        if rows and draws is not None and draws > SHARE * rows:
            rank = expected_best_rank(rows, draws)
            found.append(f"{name} ({min(draws, rows):g} of {rows:,}: rank {rank:.3g})")
    if not found:
        return []
    text = (
        f"The budget is more than {SHARE:.0%} of the listed configurations, so chance comes near "
        f"the best. Expected rank of the best of random search: {', '.join(found)}."
    )
    return [Caution("scarce-table", text)]


def scarce_in(headers: Sequence[Mapping[str, Any]]) -> list[Caution]:
    """Return the same caution for finished runs, from their headers."""
    if not headers or len(budget := (headers[0].get("protocol") or {}).get("budget") or {}) != 1:
        return []
    beds = {h["testbed"]["id"]: h["testbed"] for h in headers}
    return scarce(((i, b.get("facts") or {}, b.get("fidelity")) for i, b in beds.items()), budget)
