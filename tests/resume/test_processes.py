"""The real command, with processes of its own, killed from outside."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from hpobench_lab.results import load
from tests.conftest import assert_same_run

SLOW = Path(__file__).with_name("slow_testbed.py")
STUDY = f"""\
schema = 1
name   = "killed"
seeds  = "0:4"
[protocol]
budget = {{ full_evaluations = 60 }}
workers = 2
[primary]
baseline = "random"
[[optimizer]]
use = "random"
[[optimizer]]
use = "asha"
[[optimizer]]
use = "tpe"
[[testbed]]
use = "{SLOW}:slow"
[[testbed]]
use = "synthetic/currin-mf"
[carbon]
enabled = false
"""
LAB = [sys.executable, "-m", "hpobench_lab"]


def start(folder: Path) -> subprocess.Popen[bytes]:
    command = [*LAB, "run", "killed.toml", "-j", "2", "--no-report"]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def has_segments(folder: Path) -> bool:
    return any(folder.glob("results/*/segments/*.parquet"))


def wait_for(what: Any, process: subprocess.Popen[bytes], limit_s: float = 60.0) -> None:
    """Watch until something holds; fail when the process ends or the limit passes before."""
    until = time.monotonic() + limit_s
    while not what():
        assert process.poll() is None, "the study ended before it could be killed"
        assert time.monotonic() < until
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "killed.toml").write_text(STUDY)
    assert start(folder).wait(120) == 0
    return load(*folder.glob("results/*"))


@pytest.mark.parametrize("deadly", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_command_leaves_no_process_and_resumes(
    tmp_path: Path, undisturbed: Any, deadly: int
) -> None:
    (tmp_path / "killed.toml").write_text(STUDY)
    process = start(tmp_path)
    wait_for(lambda: has_segments(tmp_path), process)
    family = psutil.Process(process.pid).children(recursive=True)
    assert family
    process.send_signal(deadly)
    assert process.wait(30) == (130 if deadly == signal.SIGINT else -signal.SIGKILL)
    _, alive = psutil.wait_procs(family, timeout=30)
    assert not alive
    done = subprocess.run(
        [*LAB, "resume", "--no-report"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    resumed = load(*tmp_path.glob("results/*"))
    assert [h["key"] for h in resumed.headers] == [h["key"] for h in undisturbed.headers]
    for i in range(len(undisturbed.headers)):
        assert_same_run(resumed.run(i), undisturbed.run(i))
