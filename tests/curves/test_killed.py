"""A collection that is killed takes its processes along."""

import subprocess
import sys
from pathlib import Path

BED = """
import threading
import hpobench_lab as hb

@hb.testbed(space={"lr": hb.Float(1e-4, 1.0, log=True)})
def train(config, seed):
    print("begun", flush=True)
    threading.Event().wait(300)
    return config["lr"]
"""
SCRIPT = """
from pathlib import Path
from hpobench_lab.collect import collect
collect("slow.py:train", configs=8, out=Path("out"), processes=2)
"""


def test_no_process_outlives_a_killed_collection(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(BED)
    command = [sys.executable, "-c", SCRIPT]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "begun\n"
        child.kill()
        rest, _ = child.communicate(timeout=60)  # the pipe closes when the last one has ended
    assert set(rest.split()) <= {"begun"}
