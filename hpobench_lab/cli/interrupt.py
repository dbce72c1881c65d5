"""Ctrl-C and SIGTERM: one orderly end, exit code 130, and the line that continues, once.

The first signal raises ``KeyboardInterrupt``, so that every ``finally`` stores what it knows. Those
that follow find the end under way and change nothing; a third one ends the process at once, which
the store survives like any other death.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from hpobench_lab.cli.output import note

__all__ = ["INTERRUPTED", "resumable", "signals"]

INTERRUPTED = 130
PATIENCE = 3
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _State:
    """Count the signals and hold the line that continues, until it is said."""

    count = 0
    line = ""

    def tell(self) -> None:
        """Print the line, if it has not been printed."""
        line, self.line = self.line, ""
        if line:
            note(line)


_state = _State()


def _received(number: int, frame: object) -> None:
    _state.count += 1
    if _state.count == 1:
        raise KeyboardInterrupt
    if _state.count >= PATIENCE:
        _state.tell()
        os._exit(INTERRUPTED)


@contextmanager
def signals(*, own_process: bool) -> Iterator[None]:
    """Treat Ctrl-C and SIGTERM alike for the time of a command.

    Args:
        own_process: The process ends after the command: once interrupted, it stays deaf until then.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _state.count = 0
    before = [(number, signal.signal(number, _received)) for number in _SIGNALS]
    try:
        yield
    finally:
        deaf = own_process and _state.count > 0  # the interpreter's own end knows no handler
        for number, handler in before:
            signal.signal(number, signal.SIG_IGN if deaf else handler)


@contextmanager
def resumable(line: str) -> Iterator[None]:
    """Say how to continue when the block is interrupted, then end with exit code 130."""
    _state.line = f"\ninterrupted; what finished is stored. Continue with:\n  {line}"
    try:
        yield
    except KeyboardInterrupt:
        _state.tell()
        raise SystemExit(INTERRUPTED) from None
    finally:
        _state.line = ""
