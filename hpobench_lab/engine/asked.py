"""What an optimizer asked: read, copied and checked at the engine's door."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hpobench_lab.engine.log import Log
from hpobench_lab.errors import ContractError
from hpobench_lab.trial import Trial

__all__ = ["Row", "as_trial", "check_fidelity_names", "level_of", "parent_of", "row_of", "same_row"]

Row = Any
"""What a trial asks: a configuration (dict) or a unit row (array-like)."""


def as_trial(asked: object) -> Trial:
    """Return a trial of what ``ask`` returned; raise ``ContractError`` for anything else."""
    if isinstance(asked, Trial):
        return asked
    if isinstance(asked, dict):
        return Trial(asked)
    raise ContractError(
        f"ask() returned {asked!r:.200}; it must return a configuration (dict), a Trial or None"
    )


def row_of(trial: Trial) -> Row:
    """Return what was asked, safe from what the optimizer does to its own arrays later."""
    x = trial.x
    if type(x) is np.ndarray:
        return x.copy()
    return list(x) if isinstance(x, list) else x if trial.config is None else dict(trial.config)


def check_fidelity_names(trial: Trial, names: tuple[str, ...]) -> None:
    """Raise ``ValueError`` when a trial asks a fidelity that the testbed has not."""
    if trial.fidelity is not None and not names:
        raise ValueError(f"trial {trial.id}: asks a fidelity, but this testbed has none")
    for name in trial.fidelity if isinstance(trial.fidelity, Mapping) else ():
        if name not in names:
            raise ValueError(f"trial {trial.id}: unknown fidelity {name!r}; known: {names}")


def parent_of(trial: Trial, has_fidelity: bool) -> int:
    """Return the id that a trial continues; raise ``ValueError`` when it was never asked."""
    if not has_fidelity:
        raise ValueError(f"trial {trial.id}: names a parent, but this testbed has no fidelity")
    parent = trial.parent
    if isinstance(parent, bool) or not isinstance(parent, (int, np.integer)):
        raise ValueError(f"trial {trial.id}: parent must be a trial's id, got {parent!r}")
    if not 0 <= parent < trial.id:
        raise ValueError(f"trial {trial.id}: its parent {parent} was never asked")
    return int(parent)


def level_of(trial: Trial, name: str, low: float, high: float, index: int) -> float:
    """Return the asked amount of the fidelity at ``index``; raise ``ValueError`` out of range."""
    asked = trial.fidelity
    if isinstance(asked, Mapping):
        asked = asked.get(name)
    elif index:
        asked = None
    if asked is None:
        return high
    if not isinstance(asked, bool) and isinstance(asked, (int, float)) and low <= asked <= high:
        return float(asked)
    try:
        level = float(asked)  # NumPy scalars
    except (TypeError, ValueError, OverflowError):
        level = float("nan")
    if isinstance(asked, bool) or not low <= level <= high:
        raise ValueError(
            f"trial {trial.id}: fidelity {name!r} must lie in [{low:g}, {high:g}], got {asked!r}"
        )
    return level


def same_row(log: Log, a: int, b: int) -> bool:
    """Return whether two trials have the same configuration."""
    return bool((log.x[a] == log.x[b]).all())
