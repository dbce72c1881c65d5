"""The fixed-budget protocol: every optimizer spends the same amount of one resource."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from hpobench_lab.problem import Budget
from hpobench_lab.protocol import Protocol

__all__ = ["fixed_budget"]


def fixed_budget(
    *,
    budget: Mapping[str, float],
    workers: int = 1,
    synchronous: bool = False,
    overhead: Literal["ignore"] = "ignore",
    recommendation: Literal["best-observed"] = "best-observed",
    failures: Literal["worst"] = "worst",
    max_trials: int = 1_000_000,
    ask_timeout_s: float = 600.0,
) -> Protocol:
    """Give every optimizer the same budget; the incumbent at its end is what counts.

    The axes: ``evaluations`` counts submissions at any fidelity; ``per_dimension`` is evaluations
    per parameter of the space; ``full_evaluations`` and ``fidelity_units`` charge what a trial's
    fidelity costs; ``simulated_seconds`` stops the virtual clock.

    Args:
        budget: Exactly one ``{axis: amount}``.
        workers: Simulated workers.
        synchronous: Ask only when nothing is pending.
        overhead: ``ignore``: ask and tell are timed, not charged.
        recommendation: ``best-observed``: the incumbent is the best told loss.
        failures: ``worst``: a failed run ranks last.
        max_trials: Cap on submissions.
        ask_timeout_s: Wall seconds after which an optimizer counts as hung.

    Raises:
        ValueError: If the budget does not name exactly one axis, or a value is out of range.

    >>> fixed_budget(budget={"evaluations": 100}).budget
    Budget(axis='evaluations', amount=100.0)
    """
    if len(budget) != 1:
        raise ValueError(f"budget must name exactly one axis, got {', '.join(budget) or 'none'}")
    ((axis, amount),) = budget.items()
    return Protocol(
        budget=Budget(axis, amount),
        use="fixed-budget",
        workers=workers,
        synchronous=synchronous,
        overhead=overhead,
        recommendation=recommendation,
        failures=failures,
        max_trials=max_trials,
        ask_timeout_s=ask_timeout_s,
    )
