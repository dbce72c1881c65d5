"""Ctrl-C and SIGTERM end a command in good order, however often they come."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hpobench_lab import cli
from hpobench_lab.store import Store

SLOW = """\
import time
class Slow:
    def __init__(self, problem, rng): self.problem, self.rng = problem, rng
    def ask(self):
        time.sleep(0.05)
        return self.problem.space.sample(self.rng)
    def tell(self, evaluation): pass
"""
STUDY = """\
schema = 1
name   = "slow"
seeds  = "0:2"
[protocol]
budget = { evaluations = 100_000 }
[primary]
baseline = "slow"
[[optimizer]]
use = "slow.py"
[[testbed]]
use = "synthetic/branin"
[carbon]
enabled = false
"""
pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are sent as POSIX does")


@pytest.mark.parametrize(
    ("sent", "pause"),
    [
        ([signal.SIGINT], 0.0),
        ([signal.SIGTERM], 0.0),
        ([signal.SIGINT, signal.SIGINT], 0.05),
        ([signal.SIGTERM, signal.SIGINT, signal.SIGTERM], 0.02),
    ],
)
def test_the_line_that_continues_is_printed_once_with_exit_130(
    tmp_path: Path, sent: list[signal.Signals], pause: float
) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    (tmp_path / "study.toml").write_text(STUDY)
    command = [sys.executable, "-m", "hpobench_lab", "run", "study.toml", "--no-report"]
    environment = dict(os.environ) | {"PYTHONPATH": str(Path(cli.__file__).parents[2])}
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    )
    _wait_for(tmp_path, process)
    for number in sent:
        process.send_signal(number)
        time.sleep(pause)
    err = process.communicate(timeout=60)[1]
    (folder,) = (tmp_path / "results").iterdir()
    assert process.returncode == 130
    assert err.count(f"hpobench-lab resume results/{folder.name}") == 1
    assert "Traceback" not in err
    Store.open(folder).pieces()


def _wait_for(tmp_path: Path, process: subprocess.Popen[str]) -> None:
    """Wait until the study has begun."""
    end = time.monotonic() + 60
    while not list(tmp_path.glob("results/*/environment/*")) and time.monotonic() < end:
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(0.5)
