"""How far something is, on stderr: a bar on a terminal, a line every tenth elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hpobench_lab.cli.output import note

__all__ = ["Step", "shown"]

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

    def step(done: int, total: int, last: str) -> None:
        nonlocal tenth
        now = 10 * done // max(1, total)
        if now > tenth and total:
            tenth = now
            note(f"{what} {done}/{total} after {time.monotonic() - start:.0f} s")

    return step


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

        def step(done: int, total: int, last: str) -> None:
            bar.update(task, completed=done, total=total, last=last)

        yield step
