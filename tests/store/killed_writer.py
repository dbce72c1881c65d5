"""A program that is killed while it writes: one child a moment, each in a folder of its own.

Called with a folder; child number i works in ``<folder>/<i>``, kills itself at ``MOMENTS[i]`` and
notes each acknowledged run's number in ``<folder>/<i>.acknowledged`` before that.
"""

import os
import signal
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from hpobench_lab.store import Store
from hpobench_lab.store.runrecord import RunRecord
from hpobench_lab.store.segment import encode

MOMENTS = [
    *(("write", "before", n) for n in (1, 3)),
    *(("write", "half", n) for n in (1, 2, 4)),
    *(("write", "after", n) for n in (2, 3)),
    *(("fsync", "before", n) for n in (1, 2, 5, 6)),
    *(("fsync", "after", n) for n in (1, 2, 7, 8)),
    *(("replace", "before", n) for n in (1, 2, 4)),
    *(("replace", "after", n) for n in (1, 2, 4)),
]
"""Which call of the system the child dies at, when, and at how many calls of that kind."""


def record_of(number: int) -> RunRecord:
    """Return the record that every process writes for a number."""
    rng = np.random.default_rng(number)
    header = {"key": f"{number:032x}", "status": "ok", "optimizer": {"label": "random"}}
    return RunRecord(header, {"id": np.arange(50, dtype=np.int32), "loss": rng.random(50)})


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _deadly(real: Callable[..., Any], when: str, fatal: int) -> Callable[..., Any]:
    """Return a system call whose ``fatal``-th use kills the process before, amid or after."""
    calls = count(1)

    def call(*args: Any, **kwargs: Any) -> Any:
        now = next(calls) == fatal
        if now and when == "before":
            _die()
        if now and when == "half":
            real(args[0], args[1][: len(args[1]) // 2])
            _die()
        result = real(*args, **kwargs)
        if now:
            _die()
        return result

    return call


def _write_until_killed(folder: Path, call: str, when: str, nth: int) -> None:
    note = os.open(f"{folder}.acknowledged", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    real_write = os.write
    setattr(os, call, _deadly(getattr(os, call), when, nth))
    writer = Store(folder).writer()
    for number in range(0, 60, 3):
        for each in range(number, number + 3):
            writer.finished(record_of(each))
        writer.flush()
        real_write(note, f"{number} {number + 1} {number + 2} ".encode())
    os._exit(3)  # it should be dead by now


def main(folder: Path) -> int:
    """Run all children, one after the other; return how many were not killed."""
    encode([record_of(0)], "")  # import what is needed once
    survivors = 0
    for i, moment in enumerate(MOMENTS):
        child = os.fork()
        if not child:
            _write_until_killed(folder / str(i), *moment)
        status = os.waitpid(child, 0)[1]
        survivors += not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL)
    return survivors


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
