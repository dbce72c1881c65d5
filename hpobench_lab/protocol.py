"""The protocol: under which rules every run of a study is executed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from hpobench_lab.problem import Budget

__all__ = ["Protocol"]


@dataclass(frozen=True)
class Protocol:
    """Fix budget, workers and policies; ``protocols/`` holds one file a protocol.

    Args:
        budget: What a run may spend.
        use: Name of the protocol file.
        workers: Simulated workers, W >= 1.
        synchronous: Ask only when nothing is pending.
        overhead: ``ignore``: ask and tell are timed, not charged.
        recommendation: ``best-observed``: the incumbent is the best told loss.
        failures: ``worst``: a failed run ranks last with the regret of f_ref.
        max_trials: Cap on submissions on every axis.
        ask_timeout_s: Wall seconds after which one turn of an optimizer counts as hung.

    Raises:
        ValueError: If workers, max_trials or the timeout is out of range.

    >>> Protocol(Budget("evaluations", 100), workers=4).to_json()["budget"]
    {'evaluations': 100.0}
    """

    budget: Budget
    use: str = "fixed-budget"
    workers: int = 1
    synchronous: bool = False
    overhead: Literal["ignore"] = "ignore"
    recommendation: Literal["best-observed"] = "best-observed"
    failures: Literal["worst"] = "worst"
    max_trials: int = 1_000_000
    ask_timeout_s: float = 600.0

    def __post_init__(self) -> None:
        for name in ("workers", "max_trials"):
            if not isinstance(getattr(self, name), int) or getattr(self, name) < 1:
                raise ValueError(f"{name} must be a whole number >= 1, got {getattr(self, name)}")
        if not self.ask_timeout_s > 0:
            raise ValueError(f"ask_timeout_s must be positive, got {self.ask_timeout_s}")

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain data, the budget as ``{axis: amount}``."""
        return vars(self) | {"budget": {self.budget.axis: self.budget.amount}}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Protocol:
        """Return the protocol that ``to_json`` wrote."""
        ((axis, amount),) = data["budget"].items()
        return cls(**(data | {"budget": Budget(axis, amount)}))
