"""A user's own testbed collected by command line, and the examples of the page about it."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpobench_lab import cli
from hpobench_lab.collect import collect
from hpobench_lab.errors import StudyError
from hpobench_lab.testbeds.curves.storage.files import read_table, verify
from tests.curves.own_function import FUNCTION, Write

DISCRETE = "@hb.testbed(space={'a': hb.Int(1, 9)})\ndef few(config): return config['a']\n"
BROKEN = (
    "import numpy as np\nfrom sklearn.naive_bayes import GaussianNB\n"
    "def rows(): return np.full((40, 2), np.nan), np.arange(40) % 2\n"
    "bad = hb.estimator(GaussianNB, space={'var_smoothing': hb.Float(0.1, 1)}, data=rows)\n"
)


def test_a_time_limit_ends_with_the_line_that_continues(write: Write, capsys: Any) -> None:
    write(f"{FUNCTION}    return 1.0 + config['a']\n")
    line = ["collect", "mine.py:train", "--configs", "8"]
    assert cli.main([*line, "--time-limit", "0.001s"]) == 130
    end = capsys.readouterr()
    assert "1 of 10 trainings are done and kept; the others take about 1 s" in end.err
    assert end.err.endswith("hpobench-lab collect mine.py:train --configs 8 --seed 0\n")
    assert cli.main([*line, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["found"], document["trainings"], document["finished"]) == (1, 10, True)


def test_an_estimate_trains_four_and_keeps_them(write: Write, capsys: Any) -> None:
    write(f"{FUNCTION}    return 1.0 + config['a']\n")
    line = ["collect", "mine.py:train", "--configs", "40"]
    assert cli.main([*line, "--estimate", "-j", "3"]) == 0
    out = capsys.readouterr().out
    assert re.match(r"50 trainings of \S+ s each; 4 are done and kept\n", out)
    assert [li.split()[1] for li in out.split("\n")[1:-1]] == ["1", "2", "3", "4"]
    assert cli.main([*line, "--estimate", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["done"] == 8


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ("mine.py:few --time-limit soon", 2, "must be like 90s, 30m, 2h or 1h30m, got 'soon'"),
        ("mine.py:few --time-limit 0s", 2, "got '0s'"),
        ("mine.py:few --configs 10", 2, "only 9 unlike configurations, 10 were asked for"),
        ("mine.py:fex --configs 3", 2, "mine.py has no 'fex'. Did you mean 'few'"),
        ("mime.py:few --configs 3", 2, "cannot read mime.py"),
        ("few --configs 3", 2, "or a testbed of your own, path/file.py:name"),
        ("mine.py:bad --configs 3", 5, "X must be finite, got nan at [0, 0] and 80 such values"),
    ],
)
def test_bad_input_is_one_line(
    arguments: str, code: int, message: str, write: Write, capsys: Any
) -> None:
    write(DISCRETE + BROKEN)
    assert cli.main(["collect", *arguments.split()]) == code
    end = capsys.readouterr()
    assert message in end.err
    assert (end.out, end.err.count("\n")) == ("", 1)
    assert sorted(path.name for path in Path().iterdir()) == ["mine.py"]


def test_two_processes_collect_the_same_table_of_a_function(write: Write) -> None:
    write(
        FUNCTION
        + "    if config['a'] > 0.8: raise ValueError('too large')\n"
        + "    return {'loss': config['a'] + 1 / fidelity + seed, 'test_loss': 1.0}\n"
    )
    tables = []
    for processes in (1, 2):
        out = Path(f"tables{processes}")
        folder = collect("mine.py:train", configs=12, out=out, processes=processes)
        tables.append(read_table(folder, verify(folder), sealed=True))
    one, two = tables
    np.testing.assert_array_equal(one.values, two.values)
    np.testing.assert_array_equal(one.message, two.message)
    assert set(one.message) == {"", "ValueError: too large"}
    np.testing.assert_array_equal(one.columns["valid_loss"], two.columns["valid_loss"])
    assert one.test is not None
    assert two.test is not None
    np.testing.assert_array_equal(one.test["test_loss"], two.test["test_loss"])
    assert list(one.replicate) == [0] * 12 + [1] * 3


def test_a_small_space_is_collected_once_each_and_repeats_nothing(write: Write) -> None:
    write(DISCRETE)
    folder = collect("mine.py:few", configs=9, out=Path("tables"))
    table = read_table(folder, verify(folder))
    assert sorted(table.values[:, 0]) == list(range(1, 10))
    assert set(table.replicate) == {0}  # declared deterministic
    np.testing.assert_array_equal(table.columns["valid_loss"], table.values)


def test_changed_code_does_not_replace_a_finished_table(write: Write) -> None:
    write(DISCRETE)
    collect("mine.py:few", configs=3, out=Path("tables"))
    write(DISCRETE.replace("config['a']\n", "-config['a']\n"))
    with pytest.raises(StudyError, match=r"holds a finished table .* choose another --out"):
        collect("mine.py:few", configs=3, out=Path("tables"))
    folder = collect("mine.py:few", configs=3, out=Path("others"))
    assert (read_table(folder, verify(folder)).columns["valid_loss"] < 0).all()


# ------------------------------------------------------------------------- the page's examples

PAGE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "collect.md"
CODE = re.findall(r"```python\n# (\w+\.py)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_first_example_has_under_ten_lines() -> None:
    assert len([line for line in CODE[0][1].split("\n") if line.strip()]) < 10


STUDY = """\
schema = 1
name   = "own"
seeds  = "0:2"
[protocol]
budget = {{ evaluations = 6 }}
[primary]
baseline = "random"
[[optimizer]]
use = "random"
[[optimizer]]
use = "successive-halving"
[[testbed]]
use = "{table}"
[carbon]
enabled = false
"""


@pytest.mark.parametrize(("file", "code"), CODE, ids=[file for file, _ in CODE])
def test_an_example_of_the_page_is_collected_checked_and_used(
    file: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(file).write_text(code, encoding="utf-8")
    name = re.findall(r"^(?:def )?(\w+)(?: = hb|\()", code, re.MULTILINE)[0]
    table = f"collected/{file.removesuffix('.py')}-{name}"
    assert cli.main(["collect", f"{file}:{name}", "--configs", "12"]) == 0
    assert f"hpobench-lab list testbeds {table}\n" in capsys.readouterr().err
    assert cli.main(["check", table]) == 0
    Path("study.toml").write_text(STUDY.format(table=table), encoding="utf-8")
    assert cli.main(["run", "study.toml", "--no-report"]) == 0
    assert "4 of 4 runs ok" in capsys.readouterr().err
