"""A time limit on a plug-in's code in the process that plans a study; lanes are watched outside."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from hpobench_lab.errors import StudyError

__all__ = ["CONSTRUCTOR_S", "IMPORT_S", "time_limit"]

CONSTRUCTOR_S = 30.0
"""The first constructor may import scipy; on a machine with other work that took over ten."""
IMPORT_S = 60.0
"""Importing a deep-learning library from a cold network disk takes tens of seconds."""


class _TookTooLong(BaseException):
    """Time is up; no ``except Exception`` of a plug-in catches it."""


@contextmanager
def time_limit(seconds: float, what: str) -> Iterator[None]:
    """Interrupt what takes longer, where the system can: in the main thread, outside lanes.

    Raises:
        StudyError: ``what`` took longer than so many seconds.

    >>> import time
    >>> with time_limit(0.01, "mine: its constructor"):
    ...     time.sleep(60)
    Traceback (most recent call last):
        ...
    hpobench_lab.errors.StudyError: mine: its constructor took longer than 0.01 s
    """
    main = threading.current_thread() is threading.main_thread()
    if not main or not hasattr(signal, "setitimer") or multiprocessing.parent_process() is not None:
        yield
        return

    def ring(number: int, frame: object) -> None:
        raise _TookTooLong

    before = signal.signal(signal.SIGALRM, ring)
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except _TookTooLong:
        raise StudyError(f"{what} took longer than {seconds:g} s") from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, left, interval)
        signal.signal(signal.SIGALRM, before)
