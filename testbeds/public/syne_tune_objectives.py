"""Which columns of a blackbox may be told, which are held out, and what their names say of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hpobench_lab.errors import StudyError, suggestion
from hpobench_lab.problem import Objective

__all__ = ["held_out_of", "told"]

_UP = frozenset("acc accuracy auc f1 r2 precision recall score".split())
_DOWN = frozenset(
    "error loss entropy mse rmse mae nll crps perplexity regret time runtime latency elapsed "
    "params flops size".split()
)
_TIMES = frozenset("time runtime latency elapsed".split())
_VALID = frozenset("val valid validation".split())
_FCNET = {"metric_valid_loss": "metric_final_test_error"}


def told(
    instance: str,
    names: Sequence[str],
    *,
    default: str | None = None,
    objectives: list[str] | None = None,
    maximize: list[str] | None = None,
) -> tuple[Objective, ...]:
    """Return the objectives, each with its direction.

    Args:
        instance: For messages.
        names: All columns.
        default: What is told when nothing is asked for; else the first that is neither a time nor
            held out.
        objectives: What is asked for.
        maximize: Those to be maximised; default by their names.

    Raises:
        StudyError: If one is unknown, named twice or held out, or its name leaves its direction
            open and ``maximize`` does not say it.

    >>> [o.direction for o in told("lcbench/adult", ["val_accuracy", "test_accuracy", "time"])]
    ['maximize']
    """
    sealed = _held_out(names)
    if objectives is None:
        free = [n for n in names if n not in sealed and not _words(n) & _TIMES]
        objectives = [default] if default is not None and default in names else free[:1]
    if not objectives or len(set(objectives)) < len(objectives):
        raise StudyError(f"{instance}: objectives must be different columns, got {objectives}")
    for name in (*objectives, *(maximize or ())):
        if name not in names:
            hint = suggestion(name, names) or f" It has: {', '.join(names)}."
            raise StudyError(f"{instance}: unknown objective {name!r}.{hint}")
        if name in sealed:
            raise StudyError(f"{instance}: {name!r} is held out and cannot be an objective")
    return tuple(_objective(instance, name, maximize) for name in objectives)


def held_out_of(name: str, names: Sequence[str]) -> str:
    """Return the held-out counterpart of an objective, or "".

    >>> held_out_of("val_accuracy", ["val_accuracy", "test_accuracy"])
    'test_accuracy'
    >>> held_out_of("metric_error_val", ["metric_error", "metric_error_val"])
    'metric_error'
    """
    parts = re.split(r"([^A-Za-z0-9]+)", name)
    swapped = "".join("test" if part.lower() in _VALID else part for part in parts)
    plainer = re.sub(r"_val(id)?$", "", name)
    for other in (swapped, _FCNET.get(name, ""), plainer):
        if other in names and other != name:
            return other
    return ""


def _held_out(names: Sequence[str]) -> set[str]:
    return {n for n in names if "test" in _words(n)} | {held_out_of(n, names) for n in names}


def _words(name: str) -> frozenset[str]:
    return frozenset(re.split(r"[^a-z0-9]+", name.lower()))


def _objective(instance: str, name: str, maximize: list[str] | None) -> Objective:
    words = _words(name)
    up, down = bool(words & _UP), bool(words & _DOWN)
    if maximize is None and up == down:
        raise StudyError(
            f"{instance}: the name {name!r} does not tell whether it is to be maximised; "
            f"say maximize=[{name!r}], or maximize=[] to minimise it"
        )
    rises = up if maximize is None else name in maximize
    return Objective(name, "s" if words & _TIMES else "", "maximize" if rises else "minimize")
