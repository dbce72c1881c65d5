"""Collecting: the first rows of a longer sequence, kills, wrong names."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpobench_lab.collect import collect
from hpobench_lab.errors import DataError, HpoBenchError, OutOfTime, StudyError, UnknownName
from hpobench_lab.testbeds.curves.opening import open_table, tables_in
from hpobench_lab.testbeds.curves.storage.files import read_header, read_table, verify
from hpobench_lab.testbeds.training import design
from hpobench_lab.testbeds.training.recipes import RECIPES

NAME = "breast-cancer-svm"
CONFIGS = 10
SMALL = dataclasses.replace(RECIPES[NAME], levels=(0.25, 1.0), chunk=2)

SCRIPT = f"""
import dataclasses, os, sys
from pathlib import Path
from hpobench_lab.collect import collect
from hpobench_lab.testbeds.training.recipes import RECIPES
RECIPES[{NAME!r}] = dataclasses.replace(RECIPES[{NAME!r}], levels=(0.25, 1.0), chunk=2)
replace, written = os.replace, []
def wait_before_the_third(old, new):
    written.append(new)
    if len(written) == 3:
        print("two chunks are durable, the third is not", flush=True)
        sys.stdin.read()
    replace(old, new)
os.replace = wait_before_the_third
collect({NAME!r}, configs={CONFIGS}, out=Path(sys.argv[1]))
"""


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RECIPES, NAME, SMALL)


def _assert_same_table(a: Path, b: Path) -> None:
    """Assert equal tables, apart from measured seconds and the header's dates and digests."""
    for name in ("configs.parquet", "trainings.parquet", "test.parquet"):
        assert (a / name).read_bytes() == (b / name).read_bytes()
    headers = [read_header(p) for p in (a, b)]
    left, right = (read_table(p, h, sealed=True) for p, h in zip((a, b), headers, strict=True))
    assert left.refit is not None
    assert right.refit is not None
    for one, other in ((left.columns, right.columns), (left.refit, right.refit)):
        for name in one:
            if not name.endswith("_s"):
                np.testing.assert_array_equal(one[name], other[name], err_msg=name)
    for header in headers:
        del header["files"], header["provenance"]
    assert headers[0] == headers[1]


def test_a_killed_collection_resumes_to_the_same_table(tmp_path: Path) -> None:
    whole = collect(NAME, configs=CONFIGS, out=tmp_path / "whole")
    out = tmp_path / "killed"
    child = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(out)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline()
        child.kill()
    assert tables_in(out) == {}
    seen: list[int] = []
    resumed = collect(NAME, configs=CONFIGS, out=out, progress=lambda d, *_: seen.append(d))
    assert seen[0] == 4
    _assert_same_table(whole, resumed)
    assert sorted(p.name for p in out.iterdir()) == [NAME]


def test_what_the_time_limit_stops_goes_on_to_the_same_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(design, "LEAST", 10)  # further folds and proposals, as in a large one
    progress: list[tuple[int, int]] = []
    whole = collect(
        NAME, configs=20, out=tmp_path / "whole", progress=lambda d, t, _: progress.append((d, t))
    )
    stops = []
    while True:
        try:
            resumed = collect(
                NAME,
                configs=20,
                out=tmp_path / "cut",
                time_limit_s=1e-9 if not stops else None,
                stop_after=9,
            )
        except OutOfTime as end:
            stops.append(end)
        else:
            break
    assert progress[-1] == (45, 45)  # 20, 5 with another seed, 10 on each of two further folds
    assert [(end.done, end.total) for end in stops][:2] == [(2, 45), (12, 45)]
    assert all(end.rest_s > 0 for end in stops)
    _assert_same_table(whole, resumed)
    curves = read_table(resumed, read_header(resumed))
    assert set(curves.fold) == {0, 1, 2}
    assert {"sobol", "wide", "tpe", "evolution-strategy"} <= set(curves.origin)


def test_a_collection_may_stop_after_some_trainings(tmp_path: Path) -> None:
    with pytest.raises(OutOfTime, match="4 of 12 trainings are done and kept") as end:
        collect(NAME, configs=CONFIGS, out=tmp_path, stop_after=3)
    assert end.value.exit_code == 130
    seen: list[int] = []
    collect(NAME, configs=CONFIGS, out=tmp_path, progress=lambda d, *_: seen.append(d))
    assert seen == [4, 6, 8, 10, 12]


def test_a_damaged_part_is_trained_again(tmp_path: Path) -> None:
    from hpobench_lab.testbeds.training.parts import parts_folder, train_parts

    whole = collect(NAME, configs=6, out=tmp_path / "whole")
    out = tmp_path / "damaged"
    train_parts(SMALL, out, configs=6, seed=0, processes=1, progress=lambda *_: None)
    part = sorted(parts_folder(SMALL, out, 0).glob("*.npz"))[1]
    part.write_bytes(part.read_bytes()[:100])
    _assert_same_table(whole, collect(NAME, configs=6, out=out))


def test_a_finished_table_is_not_collected_again(tmp_path: Path) -> None:
    folder = collect(NAME, configs=4, out=tmp_path)
    before = (folder / "table.json").stat().st_mtime_ns
    seen: list[tuple[int, int]] = []
    collect(NAME, configs=4, out=tmp_path, progress=lambda d, t, _: seen.append((d, t)))
    assert seen == [(5, 5)]  # one of them with another seed
    assert (folder / "table.json").stat().st_mtime_ns == before


def test_fewer_configurations_are_the_first_of_more(tmp_path: Path) -> None:
    few, many = (collect(NAME, configs=n, out=tmp_path / str(n)) for n in (3, 8))
    small, large = (read_table(p, read_header(p)) for p in (few, many))
    np.testing.assert_array_equal(small.values, large.values[:3])
    losses = [t.columns["valid_loss"][:3] for t in (small, large)]
    np.testing.assert_array_equal(*losses)


def test_a_larger_collection_takes_the_place_of_a_smaller_one(tmp_path: Path) -> None:
    for n in (2, 3):
        assert verify(collect(NAME, configs=n, out=tmp_path))["configurations"] == n


@pytest.mark.parametrize("other", [{"configs": 2}, {"configs": 3, "seed": 1}])
def test_a_finished_table_is_not_destroyed_by_another(tmp_path: Path, other: Any) -> None:
    folder = collect(NAME, configs=3, out=tmp_path)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(StudyError, match=r"holds a finished table of 3 .*choose another --out"):
        collect(NAME, out=tmp_path, **other)
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_damaged_table_is_collected_again(tmp_path: Path) -> None:
    folder = collect(NAME, configs=3, out=tmp_path)
    (folder / "curves.parquet").write_bytes(b"")
    assert verify(collect(NAME, configs=2, out=tmp_path))["configurations"] == 2


def test_two_processes_give_the_same_table(tmp_path: Path) -> None:
    alone = collect(NAME, configs=4, out=tmp_path / "alone")
    _assert_same_table(alone, collect(NAME, configs=4, out=tmp_path / "two", processes=2))


def test_a_small_table_is_a_testbed_without_a_surrogate(tmp_path: Path) -> None:
    folder = collect(f"curves/{NAME}", configs=4, out=tmp_path)
    assert verify(folder)["surrogate"] is None
    assert open_table(folder, mode="table").facts.kind == "table"
    with pytest.raises(DataError, match="no surrogate"):
        open_table(folder)


def test_an_unknown_name_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=r"'digit-mlp'.*Did you mean 'digits-mlp'"):
        collect("digit-mlp", configs=4, out=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("argument", "value"), [("configs", 0), ("configs", 10**6), ("seed", -1), ("processes", 0)]
)
def test_a_number_out_of_range_is_named(tmp_path: Path, argument: str, value: int) -> None:
    arguments: dict[str, Any] = {"configs": 4} | {argument: value}
    with pytest.raises(StudyError, match=f"{argument} must"):
        collect(NAME, out=tmp_path, **arguments)


def test_a_folder_that_cannot_be_written_is_a_data_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot write"):
        collect(NAME, configs=4, out=tmp_path / "file")


@pytest.mark.parametrize(("package", "extra"), [("torch", "training"), ("xgboost", "surrogates")])
def test_a_missing_package_names_the_pip_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, package: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    name = {"torch": "breast-cancer-mlp", "xgboost": "breast-cancer-xgb"}[package]
    with pytest.raises(HpoBenchError, match=rf"pip install 'hpobench_lab\[{extra}\]'"):
        collect(name, configs=2, out=tmp_path)


def test_the_header_is_plain_json_with_its_origin(tmp_path: Path) -> None:
    folder = collect(NAME, configs=4, out=tmp_path)
    header = json.loads((folder / "table.json").read_text())
    assert header["data"]["licence"]
    assert header["provenance"]["command"].startswith("hpobench-lab collect curves/")
    names = ("configs", "trainings", "curves", "test", "refit")
    assert set(header["files"]) == {f"{name}.parquet" for name in names}
