"""The files of a table: what is written is read again, and every breach is one sentence."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hpobench_lab.errors import DataError
from hpobench_lab.parameters import Categorical, Float, Int
from hpobench_lab.space import Space
from hpobench_lab.testbeds.curves.opening import open_table
from hpobench_lab.testbeds.curves.storage.columns import bits, rounded
from hpobench_lab.testbeds.curves.storage.files import (
    Curves,
    as_stored,
    file_sha256,
    read_header,
    read_table,
    verify,
    write_table,
)
from hpobench_lab.testbeds.curves.storage.spaces import translated
from tests.curves.made import made_curves, made_header, made_table

families = pytest.mark.parametrize("family", ["mlp", "svm"])


def _edited(folder: Path, file: str, edit: Any) -> Path:
    """Change a parquet file's columns and enter its new digest, as a careless writer would."""
    table = pq.ParquetFile(folder / file).read()
    columns = {name: table[name].to_pylist() for name in table.column_names}
    edit(columns)
    types = {name: table.schema.field(name).type for name in table.column_names}
    arrays = {name: pa.array(c, type=types.get(name)) for name, c in columns.items()}
    pq.write_table(pa.table(arrays), folder / file)
    _resealed(folder, file)
    return folder


def _resealed(folder: Path, file: str, **header: Any) -> None:
    stored = json.loads((folder / "table.json").read_text()) | header
    if file:
        stored["files"][file]["sha256"] = file_sha256(folder / file)
    (folder / "table.json").write_text(json.dumps(stored))


def _read(folder: Path) -> Curves:
    return read_table(folder, read_header(folder), sealed=True)


@families
def test_what_is_written_is_read_again_to_the_bit(tmp_path: Path, family: str) -> None:
    header = made_header(family, groups="made")
    curves = made_curves(header)
    write_table(tmp_path, header | {"configurations": len(curves.values)}, curves)
    found = _read(tmp_path)
    for name in ("values", "origin", "configuration", "fold", "replicate", "message"):
        np.testing.assert_array_equal(getattr(found, name), getattr(curves, name))
    for name in ("columns", "test", "refit"):
        ours, theirs = getattr(curves, name), getattr(found, name)
        assert list(ours) == list(theirs)
        for column in ours:
            np.testing.assert_array_equal(ours[column], theirs[column])
    assert verify(tmp_path)["schema"] == 2


def test_an_inactive_parameter_is_null_in_the_file(tmp_path: Path) -> None:
    folder = made_table(tmp_path, "svm")
    file = pq.ParquetFile(folder / "configs.parquet").read().to_pandas()
    assert set(file["kernel"]) == {"rbf", "poly", "linear"}
    assert (file["gamma"].isna() == (file["kernel"] == "linear")).all()
    assert (file["degree"].isna() == (file["kernel"] != "poly")).all()


def test_trainings_are_sorted_by_fold_replicate_and_configuration(tmp_path: Path) -> None:
    header = made_header()
    curves = made_curves(header)
    shuffled = curves.take(np.random.default_rng(0).permutation(len(curves.fold)))
    write_table(tmp_path, header, shuffled)
    found = _read(tmp_path)
    order = np.lexsort((found.configuration, found.replicate, found.fold))
    np.testing.assert_array_equal(order, np.arange(len(order)))
    np.testing.assert_array_equal(found.columns["valid_loss"], curves.columns["valid_loss"])
    assert found.refit is not None
    assert curves.refit is not None
    np.testing.assert_array_equal(found.refit["test_loss"], curves.refit["test_loss"])


@pytest.mark.parametrize(
    ("name", "error"), [("valid_loss", 1e-5), ("cpu_s", 2.5e-4), ("model_bytes", 2.5e-4)]
)
def test_rounding_stays_within_its_bits(name: str, error: float) -> None:
    numbers = np.exp(np.random.default_rng(0).uniform(-20, 20, 10_000)).astype(np.float32)
    found = rounded(name, numbers)
    assert np.abs(found / numbers - 1).max() <= error
    assert np.abs(found / numbers - 1).max() > error / 4
    np.testing.assert_array_equal(rounded(name, found), found)
    odd = np.array([np.nan, np.inf, -np.inf, 3.4028235e38, 0.0], dtype=np.float32)
    np.testing.assert_array_equal(rounded(name, odd), odd)


def test_error_rates_are_exact_float32() -> None:
    rates = np.arange(450) / 449
    assert bits("valid_error") == 23
    np.testing.assert_array_equal(rounded("valid_error", rates), rates.astype(np.float32))


def test_held_out_values_stay_closed_unless_asked_for(tmp_path: Path) -> None:
    folder = made_table(tmp_path)
    assert _read(folder).test is not None
    for name in ("test.parquet", "refit.parquet"):
        (folder / name).unlink()
    curves = read_table(folder, read_header(folder))
    assert curves.test is curves.refit is None
    with pytest.raises(DataError, match=r"test\.parquet cannot be read"):
        _read(folder)


def test_a_table_may_have_no_held_out_values(tmp_path: Path) -> None:
    curves = _read(made_table(tmp_path, held_out=False))
    assert curves.test is curves.refit is None


def test_a_refit_of_a_replicate_is_not_stored(tmp_path: Path) -> None:
    curves = _read(made_table(tmp_path))
    assert curves.refit is not None
    missing = np.isnan(curves.refit["test_loss"])
    assert (missing[curves.replicate == 1]).all()
    assert not missing[(curves.replicate == 0) & (curves.fold > 0)].any()


# ------------------------------------------------------------------ what must not be


def _set(column: str, row: int, value: Any) -> Any:
    def edit(columns: dict[str, list[Any]]) -> None:
        columns[column][row] = value

    return edit


def _copy(row: int, onto: int) -> Any:
    def edit(columns: dict[str, list[Any]]) -> None:
        for values in columns.values():
            values[onto] = values[row]

    return edit


def _drop(rows: int) -> Any:
    def edit(columns: dict[str, list[Any]]) -> None:
        for values in columns.values():
            del values[-rows:]

    return edit


def _swap(column: str, a: int, b: int) -> Any:
    def edit(columns: dict[str, list[Any]]) -> None:
        v = columns[column]
        v[a], v[b] = v[b], v[a]

    return edit


def _without(column: str) -> Any:
    def edit(columns: dict[str, list[Any]]) -> None:
        del columns[column]

    return edit


BREACHES = {
    "nan inside": (
        "curves.parquet",
        _set("valid_loss", 8, float("nan")),
        "valid_loss of training 1 is NaN at 4 and a number at 8",
    ),
    "nan first": (
        "curves.parquet",
        _set("cpu_s", 0, float("nan")),
        "cpu_s of training 0 is NaN at 1 and a number at 2",
    ),
    "nan inside the sealed": (
        "test.parquet",
        _set("test_loss", 8, float("nan")),
        "test_loss of training 1 is NaN at 4",
    ),
    "unsorted": ("curves.parquet", _swap("epochs", 7, 8), "fidelities of training 1 are not sort"),
    "other levels": (
        "curves.parquet",
        _set("epochs", 5, 40),
        "fidelities of training 0 are not those of table.json",
    ),
    "twin configurations": ("configs.parquet", _copy(3, 9), "twice: rows 3 and 9"),
    "twin trainings": (
        "trainings.parquet",
        _copy(3, 4),
        "a training twice: configuration 3, fold 0, replicate 0",
    ),
    "short curves": ("curves.parquet", _drop(1), "row counts disagree"),
    "short by a training": ("curves.parquet", _drop(6), "row counts disagree"),
    "short trainings": ("trainings.parquet", _drop(1), "row counts disagree"),
    "short configurations": ("configs.parquet", _drop(1), "row counts disagree"),
    "short sealed": ("test.parquet", _drop(6), "row counts disagree"),
    "short refits": ("refit.parquet", _drop(1), "row counts disagree"),
    "mixed up": ("curves.parquet", _swap("training", 5, 6), "not training after training"),
    "no loss": ("curves.parquet", _without("valid_loss"), "lacks the column 'valid_loss'"),
    "no seconds": ("curves.parquet", _without("cpu_s"), "lacks the column 'cpu_s'"),
    "no fidelity": ("curves.parquet", _without("epochs"), "lacks the column 'epochs'"),
    "no parameter": ("configs.parquet", _without("lr"), "lacks the column 'lr'"),
    "no fold": ("trainings.parquet", _without("fold"), "lacks the column 'fold'"),
    "outside": ("configs.parquet", _set("lr", 2, 77.0), "a value of 'lr' must lie in"),
    "no choice": ("configs.parquet", _set("activation", 2, "elu"), "a value of 'activation' must"),
    "absent": ("configs.parquet", _set("lr", 2, None), "configuration 2 lacks the active"),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_a_breach_is_one_sentence(tmp_path: Path, breach: str) -> None:
    file, edit, said = BREACHES[breach]
    folder = _edited(made_table(tmp_path), file, edit)
    with pytest.raises(DataError) as caught:
        verify(folder)
    assert said in str(caught.value)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_parameter_that_is_set_while_inactive_is_named(tmp_path: Path) -> None:
    folder = made_table(tmp_path, "svm")
    kernels = pq.ParquetFile(folder / "configs.parquet").read()["kernel"].to_pylist()
    row = kernels.index("linear")
    _edited(folder, "configs.parquet", _set("gamma", row, 0.1))
    with pytest.raises(DataError, match=f"configuration {row} sets the inactive parameter 'gamma'"):
        verify(folder)


def test_the_same_numbers_with_another_inactive_one_are_still_twins(tmp_path: Path) -> None:
    folder = made_table(tmp_path, "svm")
    kernels = pq.ParquetFile(folder / "configs.parquet").read()["kernel"].to_pylist()
    first = kernels.index("linear")
    _edited(folder, "configs.parquet", _copy(first, first + 1))
    with pytest.raises(DataError, match=f"twice: rows {first} and {first + 1}"):
        verify(folder)


SERVED = ["configs.parquet", "trainings.parquet", "curves.parquet"]


@pytest.mark.parametrize("file", SERVED)
def test_a_changed_byte_is_named(tmp_path: Path, file: str) -> None:
    path = made_table(tmp_path) / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=rf"{file} is damaged: its sha256"):
        open_table(path.parent, mode="table")


@pytest.mark.parametrize("file", ["test.parquet", "refit.parquet"])
def test_verify_looks_at_the_sealed_files_too(tmp_path: Path, file: str) -> None:
    path = made_table(tmp_path) / file
    path.write_bytes(path.read_bytes() + b"x")
    open_table(path.parent, mode="table")
    with pytest.raises(DataError, match=rf"{file} is damaged: its sha256"):
        verify(path.parent)


@pytest.mark.parametrize("cut", [8, 500])
@pytest.mark.parametrize("file", SERVED)
def test_a_truncated_file_is_named_even_under_its_own_digest(
    tmp_path: Path, file: str, cut: int
) -> None:
    path = made_table(tmp_path) / file
    path.write_bytes(path.read_bytes()[:-cut])
    _resealed(path.parent, file)
    with pytest.raises(DataError, match=rf"{file} cannot be read"):
        open_table(path.parent, mode="table")


@pytest.mark.parametrize("file", SERVED)
def test_a_missing_file_is_named(tmp_path: Path, file: str) -> None:
    folder = made_table(tmp_path)
    (folder / file).unlink()
    with pytest.raises(DataError, match=rf"{file} cannot be read"):
        open_table(folder, mode="table")


def test_an_older_schema_says_collect_again(tmp_path: Path) -> None:
    folder = made_table(tmp_path)
    _resealed(folder, "", schema=1)
    with pytest.raises(DataError, match=r"collected by an older version.*collect again"):
        open_table(folder)


@pytest.mark.parametrize("levels", [[1, 2, 2], [4, 2, 1], [0, 1], [], ["a"], [1, float("nan")]])
def test_levels_that_do_not_rise_are_a_data_error(tmp_path: Path, levels: list[Any]) -> None:
    folder = made_table(tmp_path)
    fidelity = {"name": "epochs", "unit": "epoch", "levels": levels}
    _resealed(folder, "", fidelity=fidelity)
    with pytest.raises(DataError, match="the levels of the fidelity"):
        open_table(folder, mode="table")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 99}', '{"schema": 2}', '"x"'])
def test_a_bad_header_is_a_data_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "table.json").write_text(text)
    with pytest.raises(DataError, match=r"table\.json"):
        open_table(tmp_path)


def test_a_folder_without_a_header_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is no table"):
        open_table(tmp_path)


def test_a_writer_that_breaks_a_promise_writes_nothing(tmp_path: Path) -> None:
    header = made_header()
    curves = made_curves(header)
    loss = curves.columns["valid_loss"].copy()
    loss[5, 2] = np.nan
    bad = replace(curves, columns={**curves.columns, "valid_loss": loss})
    with pytest.raises(DataError, match="valid_loss of training 5 is NaN at 4"):
        write_table(tmp_path / "new", header, bad)
    assert not (tmp_path / "new").exists()


def test_storing_twice_changes_nothing() -> None:
    curves = made_curves(made_header())
    again = as_stored(curves)
    for name, column in curves.columns.items():
        np.testing.assert_array_equal(again.columns[name], column)


# ------------------------------------------------------------------ columns and spaces


def test_choices_of_unlike_types_survive(tmp_path: Path) -> None:
    space = Space({"depth": Categorical((3, "auto", True)), "x": Float(0, 1), "n": Int(1, 9)})
    values = space.decode(space.uniform(np.random.default_rng(0), 30))
    header = made_header() | {"space": space.to_json(), "space_wide": None}
    one = np.zeros(30, dtype=np.int64)
    columns = {"valid_loss": np.ones((30, 6)), "cpu_s": np.ones((30, 6))}
    texts = np.full(30, "")
    curves = Curves(values, texts, np.arange(30), one, one, texts, columns)
    write_table(tmp_path, header, curves)
    np.testing.assert_array_equal(_read(tmp_path).values, values)


def test_a_configuration_keeps_its_values_in_the_narrower_space() -> None:
    wide = Space({"k": Categorical(("a", "b", "c")), "lr": Float(1e-5, 10.0, log=True)})
    normal = Space({"k": Categorical(("c", "a")), "lr": Float(1e-3, 1.0, log=True)})
    values = normal.decode(normal.uniform(np.random.default_rng(0), 500))
    there, inside = translated(values, normal, wide)
    back, again = translated(there, wide, normal)
    assert inside.all()
    assert again.all()
    np.testing.assert_array_equal(back, values)
    np.testing.assert_array_equal(wide.decode(wide.encode(there)), there)
    outside = translated(np.array([[1.0, 0.1], [0.0, 5.0], [0.0, 0.1]]), wide, normal)[1]
    assert outside.tolist() == [False, False, True]
