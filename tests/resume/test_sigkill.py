"""A study that is killed at any moment resumes to the bytes of an undisturbed one."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hpobench_lab.engine.lockstep
import hpobench_lab.store
import hpobench_lab.store.writer
from hpobench_lab import plugins
from hpobench_lab.problem import Budget
from hpobench_lab.protocol import Protocol
from hpobench_lab.results import load
from hpobench_lab.runner import run_study
from hpobench_lab.store import durable
from hpobench_lab.study import CarbonSettings, OptimizerSpec, Primary, Study, TestbedSpec
from tests.conftest import assert_same_run

SLOW = Path(__file__).with_name("slow_testbed.py")


def study() -> Study:
    beds = []
    for use in ("synthetic/branin", "synthetic/currin-mf", f"{SLOW}:slow"):
        bed = plugins.testbed(use)
        fidelity = bed.problem.fidelity
        beds.append(
            TestbedSpec(
                use,
                bed.facts.name,
                bed.facts.version,
                facts=asdict(bed.facts),
                fidelity=asdict(fidelity) if fidelity else None,
            )
        )
    optimizers = [
        OptimizerSpec(use, use, use, "1", supports=("float", "int"))
        for use in ("random", "tpe", "evolution-strategy")
    ]
    asha = OptimizerSpec("asha", "asha", "asha", "1", supports=("float",), requires=("fidelity",))
    return Study(
        "killed",
        (*optimizers, asha),
        tuple(beds),
        Protocol(Budget("full_evaluations", 12)),
        (0, 1),
        Primary("random"),
        CarbonSettings(False),
    )


def eagerly() -> None:
    """Store partial runs every few milliseconds, so that there is much to tear."""
    hpobench_lab.engine.lockstep.PARTIAL_EVERY_S = 0.02
    hpobench_lab.store.writer.MAX_AGE_S = 0.01


def run(out: Path) -> Path:
    return run_study(study(), out=out, reports=None, processes=0).folder


def in_child(work: Callable[[], None]) -> int:
    """Fork, work, and return the child's process id."""
    pid = os.fork()
    if pid == 0:
        try:
            eagerly()
            work()
        finally:
            os._exit(0)
    return pid


def segments(out: Path) -> int:
    """Return how many segments a study has written so far."""
    return sum(1 for _ in out.glob("killed-*/segments/*.parquet"))


def kill_once_there_are(out: Path, wanted: int) -> bool:
    """Kill the child as soon as it has written so many segments; return whether it still ran."""
    pid = in_child(lambda: run(out))
    while segments(out) < wanted and os.waitpid(pid, os.WNOHANG) == (0, 0):
        time.sleep(0.001)  # watches a process; nothing is asserted about its speed
    try:
        os.kill(pid, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    except (ProcessLookupError, ChildProcessError):
        return False


def kill_at_call(out: Path, name: str, nth: int, *, after: bool) -> bool:
    """Kill the child before or after its nth call of ``os.<name>``."""

    def work() -> None:
        real, count = getattr(os, name), [0]

        def deadly(*args: Any, **kwargs: Any) -> Any:
            count[0] += 1
            if count[0] == nth and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            answer = real(*args, **kwargs)
            if count[0] == nth:
                os.kill(os.getpid(), signal.SIGKILL)
            return answer

        setattr(durable.os, name, deadly)
        run(out)

    pid = in_child(work)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: Any) -> tuple[Path, int]:
    """Run the study once in a child, as the killed ones do; return its folder and segments."""
    load(run(tmp_path_factory.mktemp("warm")))  # children inherit what this imports
    out = tmp_path_factory.mktemp("undisturbed")
    pid = in_child(lambda: run(out))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    return next(out.iterdir()), segments(out)


def assert_resumes(out: Path, undisturbed: Path) -> int:
    """Resume and compare; return how many rows were on disk when the study died."""
    folder = next(iter(out.glob("killed-*")), None)
    stored = 0
    if folder is not None and (folder / "study.json").exists():
        stored = sum(piece.n for piece in hpobench_lab.store.Store(folder).pieces())
    resumed, whole = load(run(out)), load(undisturbed)
    assert len(resumed.headers) == len(whole.headers) == 22
    for i, header in enumerate(whole.headers):
        assert resumed.headers[i]["key"] == header["key"]
        assert_same_run(resumed.run(i), whole.run(i))
    return stored


def check_moments(tmp_path: Path, undisturbed: tuple[Path, int], n: int) -> None:
    folder, written = undisturbed
    killed, stored = 0, set()
    for i, wanted in enumerate(np.linspace(0, 0.7 * written, n).astype(int).tolist()):
        killed += kill_once_there_are(tmp_path / str(i), wanted)
        stored.add(assert_resumes(tmp_path / str(i), folder))
    assert killed >= 0.7 * n
    assert len(stored) > 0.4 * n  # the deaths found the study in different states


POINTS = [
    (name, nth, after)
    for name in ("fsync", "replace", "write")
    for nth in (1, 2, 3, 5, 8, 13)
    for after in (False, True)
]


def check_points(tmp_path: Path, undisturbed: Path, points: list[tuple[str, int, bool]]) -> None:
    killed = 0
    for i, (name, nth, after) in enumerate(points):
        killed += kill_at_call(tmp_path / str(i), name, nth, after=after)
        assert_resumes(tmp_path / str(i), undisturbed)
    assert killed >= 0.5 * len(points)


def test_a_study_killed_now_and_then_resumes_to_the_same_bytes(
    tmp_path: Path, undisturbed: tuple[Path, int]
) -> None:
    check_moments(tmp_path, undisturbed, 4)


def test_a_study_killed_inside_its_writes_resumes_to_the_same_bytes(
    tmp_path: Path, undisturbed: tuple[Path, int]
) -> None:
    check_points(tmp_path, undisturbed[0], POINTS[1::6])


@pytest.mark.long
def test_a_study_killed_at_fifty_moments_resumes_to_the_same_bytes(
    tmp_path: Path, undisturbed: tuple[Path, int]
) -> None:
    check_moments(tmp_path, undisturbed, 30)
    check_points(tmp_path / "points", undisturbed[0], POINTS)


def test_a_study_killed_twice_resumes_to_the_same_bytes(
    tmp_path: Path, undisturbed: tuple[Path, int]
) -> None:
    folder, written = undisturbed
    assert kill_once_there_are(tmp_path, written // 3)
    kill_once_there_are(tmp_path, segments(tmp_path) + written // 4)
    assert_resumes(tmp_path, folder)


def test_other_seeds_are_no_other_study() -> None:
    assert replace(study(), seeds=(5,)).folder == study().folder
