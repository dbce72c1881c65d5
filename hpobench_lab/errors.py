"""The errors that a user may meet, each with the exit code of the command line.

::

    HpoBenchError             a message for a person; never shown with a traceback
    ├── StudyError       (2)  a study file, a selector or an option is wrong; nothing was run
    │   └── UnknownName  (2)  no plug-in, suite or parameter has this name
    ├── MissingExtra     (2)  a feature needs an optional dependency
    ├── CheckFailed      (1)  a gate or a conformance check failed
    ├── OutOfTime      (130)  a time limit was reached; what finished is kept
    ├── DataError        (5)  data or results are missing, damaged or not writable
    └── ContractError    (-)  a plug-in broke its contract; its run is recorded as failed
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "CheckFailed",
    "ContractError",
    "DataError",
    "HpoBenchError",
    "MissingExtra",
    "OutOfTime",
    "StudyError",
    "UnknownName",
    "missing_extra",
    "pip_line",
    "suggestion",
]


class HpoBenchError(Exception):
    """A mistake that a person can mend; the message says what, where and how."""

    exit_code = 1


class StudyError(HpoBenchError):
    """A study file, a selector or an option is wrong; nothing was run."""

    exit_code = 2


class UnknownName(StudyError):
    """No plug-in, suite, parameter or option has this name."""


class MissingExtra(StudyError):
    """A feature needs an optional dependency that is not installed."""


class CheckFailed(HpoBenchError):
    """A gate or a conformance check failed."""

    exit_code = 1


class OutOfTime(HpoBenchError):
    """A time limit was reached; what finished is kept, and a second call goes on from there.

    Args:
        done: Trainings that are kept, at least.
        total: Trainings in all.
        each_s: Seconds that one took with as many processes as there were; NaN when not known.
    """

    exit_code = 130

    def __init__(self, done: int, total: int, each_s: float) -> None:
        super().__init__(f"the time is up: {done} of {total} trainings are done and kept")
        self.done, self.total, self.each_s = done, total, each_s

    @property
    def rest_s(self) -> float:
        """Return how many seconds the others will take at this pace."""
        return (self.total - self.done) * self.each_s


class DataError(HpoBenchError):
    """Data or results are missing, damaged or not writable."""

    exit_code = 5


class ContractError(HpoBenchError):
    """A plug-in broke its contract; its run is recorded as failed."""


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return ``" Did you mean 'x'?"`` for the nearest known names, or ``""``.

    >>> suggestion("tpee", ["tpe", "random"])
    " Did you mean 'tpe'?"
    """
    near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.6)
    return f" Did you mean {' or '.join(repr(n) for n in near)}?" if near else ""


def missing_extra(feature: str, package: str, extra: str) -> MissingExtra:
    """Return the error for a feature whose optional dependency is absent.

    >>> print(missing_extra("collect", "xgboost", "surrogates"))
    collect needs xgboost, which is not installed: pip install ".[surrogates]"
    (in a clone; from an index: pip install 'hpobench_lab[surrogates]')
    """
    return MissingExtra(f"{feature} needs {package}, which is not installed: {pip_line(extra)}")


def pip_line(extra: str) -> str:
    """Return how an extra is installed."""
    index = f"pip install 'hpobench_lab[{extra}]'"
    return f'pip install ".[{extra}]" (in a clone; from an index: {index})'
