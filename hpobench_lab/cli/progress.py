"""How far something is, on stderr: a bar on a terminal, a line every tenth elsewhere."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hpobench_lab.cli.output import note

__all__ = ["Step", "duration", "shown"]

Step = Callable[[int, int, str], None]
"""Called with (done, in all, what was last)."""


@contextmanager
def shown(what: str, *, quiet: bool = False) -> Iterator[Step]:
    """Yield a function that shows progress for the time of the block."""
    if quiet:
        yield lambda done, total, last: None
    elif sys.stderr.isatty():
        with _bar(what) as step:
            yield step
    else:
        yield _lines(what)


def _lines(what: str) -> Step:
    tenth = -1
    start = time.monotonic()
    found: tuple[int, float] | None = None  # what was done when the first step was shown, and when

    def step(done: int, total: int, last: str) -> None:
        nonlocal tenth, found
        passed = time.monotonic() - start
        found = found or (done, passed)
        now = 10 * done // max(1, total)
        if now > tenth and total:
            tenth = now
            left = _left(done - found[0], total - done, passed - found[1])
            note(f"{what} {done}/{total} after {passed:.0f} s{left}")

    return step


def _left(new: int, rest: int, passed: float) -> str:
    """Return how long the rest takes at the pace of what is new; nothing where neither is."""
    return f", about {duration(rest * passed / new)} left" if new > 0 and rest else ""


def duration(seconds: float) -> str:
    """Return seconds for people.

    >>> duration(40), duration(400), duration(40_000)
    ('40 s', '7 min', '11.1 h')
    """
    if seconds < 100:
        return f"{math.ceil(seconds)} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


@contextmanager
def _bar(what: str) -> Iterator[Step]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[last]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None, last="")

        begun = False

        def step(done: int, total: int, last: str) -> None:
            nonlocal begun
            if not begun:  # what was found done already says nothing of the pace
                bar.reset(task, total=total, completed=done)
            begun = True
            bar.update(task, completed=done, total=total, last=last)

        yield step
