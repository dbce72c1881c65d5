"""A selector finds one plug-in, or says why not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpobench_lab import plugins
from hpobench_lab.errors import StudyError, UnknownName
from hpobench_lab.plugins.selectors import call_text, parse
from hpobench_lab.trial import Trials

OPTIMIZER = '''
class Mine:
    """Do nothing clever."""
    def __init__(self, problem, rng, *, step: float = 0.1, mode="a"):
        self.problem, self.rng = problem, rng
    def ask(self): return self.problem.space.sample(self.rng)
    def tell(self, evaluation): pass
'''
TESTBED = """
import hpobench_lab as hb
@hb.testbed(space={"x": hb.Float(0, 1)}, optimum=0.0)
def whatever(config):
    return config["x"]
"""
FUNCTION = """
import hpobench_lab as hb
@hb.optimizer
def local(history, problem, rng, *, step: float = 0.1):
    return problem.space.sample(rng)
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "optimizers").mkdir()
    (tmp_path / "testbeds").mkdir()
    (tmp_path / "optimizers" / "my_own.py").write_text(OPTIMIZER)
    (tmp_path / "testbeds" / "my_bed.py").write_text(TESTBED)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "selector", ["my-own", "my_own", "optimizers/my_own.py", "optimizers/my_own.py:Mine"]
)
def test_every_form_finds_the_same_class(project: Path, selector: str) -> None:
    plugin = plugins.optimizer(selector)
    assert plugin.factory.__name__ == "Mine"  # type: ignore[attr-defined]
    assert plugin.supports == plugins.SUPPORTS
    assert plugin.version.startswith("sha256:")
    assert list(plugin.signature.parameters) == ["step", "mode"]
    assert plugin.summary == "Do nothing clever."


def test_a_module_in_the_working_directory_is_found(project: Path) -> None:
    Path("loose_module_of_mine.py").write_text(OPTIMIZER)
    assert plugins.optimizer("loose_module_of_mine:Mine").name == "loose_module_of_mine:Mine"


def test_a_marked_function_is_an_optimizer(project: Path) -> None:
    Path("optimizers/by_function.py").write_text(FUNCTION)
    plugin = plugins.optimizer("by-function")
    assert list(plugin.signature.parameters) == ["step"]
    asked = plugin.factory(plugins.testbed("my-bed").problem, np.random.default_rng(0)).ask()
    assert asked


def test_a_local_testbed_goes_by_its_files_name(project: Path) -> None:
    bed = plugins.testbed("my-bed")
    assert bed.facts.name == "my-bed"
    assert bed.facts.version.startswith("sha256:")
    values = bed.problem.space.values([{"x": 0.25}])
    assert bed.evaluate(Trials.full(bed.problem.space, values)).losses.tolist() == [[0.25]]


def test_a_changed_file_has_another_version(project: Path) -> None:
    before = plugins.optimizer("my-own")
    Path("optimizers/my_own.py").write_text(OPTIMIZER + "\n# changed\n")
    after = plugins.optimizer("my-own")
    assert before.name == after.name
    assert before.version != after.version


def test_a_local_name_that_is_built_in_is_a_clash(project: Path) -> None:
    Path("optimizers/random.py").write_text(OPTIMIZER)
    with pytest.raises(StudyError, match=r"'random' is ambiguous: .*optimizers/random.py"):
        plugins.optimizer("random")
    assert plugins.optimizer("optimizers/random.py").name == "random"


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("import not_there_at_all\n", r"optimizers/bad.py:1: ModuleNotFoundError: No module named"),
        ("x = 1\n1 / 0\n", r"optimizers/bad.py:2: ZeroDivisionError: "),
        ("def f(:\n", r"optimizers/bad.py:1: SyntaxError: "),
        ("raise SystemExit(3)\n", r"optimizers/bad.py:1: SystemExit: 3"),
        ("x = 1\n", "defines no optimizer: it needs a class with ask and tell"),
        (OPTIMIZER + "class Other(Mine): pass\n", r"defines 2 optimizers \(Mine, Other\)"),
    ],
)
def test_a_plugin_that_cannot_be_used_says_where(project: Path, source: str, wanted: str) -> None:
    Path("optimizers/bad.py").write_text(source)
    with pytest.raises(StudyError, match=wanted):
        plugins.optimizer("bad")


@pytest.mark.parametrize(
    ("selector", "wanted"),
    [
        ("tpee", "unknown optimizer 'tpee'. Did you mean 'tpe'"),
        ("worker:./x", "worker selectors are not available"),
        ("gone.py:X", "cannot read gone.py: No such file"),
        ("optimizers/my_own.py:Mien", "has no 'Mien'. Did you mean 'Mine'"),
        ("no_such_module_here:X", "there is no module 'no_such_module_here'"),
        ("json:dumps", "is not an optimizer"),
        ("t*", "names several"),
        ("tpe(1)", "name=value pairs"),
        ("tpe(a=1, a=2)", "a is given twice"),
        ("tpe(a=__import__('os'))", "must be a number"),
        ("", "is not a selector"),
    ],
)
def test_a_bad_selector_is_one_message(project: Path, selector: str, wanted: str) -> None:
    with pytest.raises(StudyError) as caught:
        plugins.optimizer(selector)
    assert wanted in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_testbed_suggests_one() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'synthetic/branin'"):
        plugins.testbed("synthetic/brannin")


def test_parameters_of_a_testbed_are_checked(project: Path) -> None:
    with pytest.raises(StudyError, match="unknown parameter 'x'"):
        plugins.testbed("my-bed(x=1)")


@pytest.mark.parametrize(
    "params",
    [{"a": True, "b": 1, "c": 1e-3, "d": "word", "e": "two words", "f": [1, "x"], "g": "true"}],
)
def test_canonical_text_is_read_again(params: dict[str, Any]) -> None:
    assert parse(call_text("name", params)).params == params


def test_the_projects_own_folders_are_not_local_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).resolve().parents[2])
    assert plugins.optimizer("random").name == "random"
    assert plugins.optimizer_names().count("random") == 1
