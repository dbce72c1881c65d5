"""A process that is killed in the midst of writing loses nothing that was acknowledged."""

import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hpobench_lab.store import Store
from hpobench_lab.store.runrecord import difference

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("killed_writer.py")
PARTS = runpy.run_path(str(PROGRAM))
MOMENTS: list[tuple[str, str, int]] = PARTS["MOMENTS"]

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the program forks its children")

each_moment = pytest.mark.parametrize(
    "moment", range(len(MOMENTS)), ids=["-".join(map(str, moment)) for moment in MOMENTS]
)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders that the killed children left."""
    folder = tmp_path_factory.mktemp("killed")
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": path}
    subprocess.run([sys.executable, str(PROGRAM), str(folder)], check=True, env=environment)
    return folder


def _acknowledged(killed: Path, moment: int) -> list[int]:
    text = (killed / f"{moment}.acknowledged").read_text()
    return [int(number) for number in text.split()]


@each_moment
def test_every_acknowledged_run_is_there_and_nothing_is_torn(killed: Path, moment: int) -> None:
    store = Store(killed / str(moment))
    finished = store.finished_keys()
    numbers = _acknowledged(killed, moment)
    assert {f"{number:032x}" for number in numbers} <= finished
    for key in finished:
        back: Any = store.record(key)
        assert difference(back, PARTS["record_of"](int(key, 16))) == ""
    assert store.quarantine() == []


@each_moment
def test_a_folder_is_written_on_after_a_kill(killed: Path, moment: int) -> None:
    store = Store(killed / str(moment))
    with store.writer() as writer:
        writer.finished(PARTS["record_of"](100))
    assert f"{100:032x}" in store.finished_keys()


def test_the_children_died_at_different_amounts_of_work(killed: Path) -> None:
    done = {len(_acknowledged(killed, moment)) for moment in range(len(MOMENTS))}
    assert {0, 3, 6, 9} <= done
