"""``export``: what other programs read is what the results hold."""

from __future__ import annotations

import csv
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hpobench_lab as hb
from hpobench_lab import cli
from hpobench_lab.errors import DataError, UnknownName
from hpobench_lab.export import FORMATS, export
from hpobench_lab.export.tracking import SETTINGS
from hpobench_lab.results import Results
from tests.report.conftest import Study


@pytest.fixture(scope="module")
def results(small: Path) -> Results:
    return hb.load(small)


@pytest.fixture(scope="module")
def parquet(results: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parquet")
    assert [p.name for p in export(results, "parquet", folder)] == [
        "evaluations.parquet",
        "runs.parquet",
    ]
    return folder


def read(file: Path) -> Any:
    import pandas as pd

    return pd.read_parquet(file)


def test_parquet_has_every_evaluation_with_its_values(results: Results, parquet: Path) -> None:
    frame, own = read(parquet / "evaluations.parquet"), results.frame
    assert len(frame) == results.offsets[-1]
    for name in ("run", "seed", "id", "parent", "loss", "score", "end", "ask_wall_s"):
        np.testing.assert_array_equal(frame[name].to_numpy(), own[name].to_numpy(), err_msg=name)
    for name in ("testbed", "optimizer", "status"):
        assert frame[name].tolist() == own[name].astype(str).tolist()


def test_parameters_are_decoded_as_the_testbed_meant_them(results: Results, parquet: Path) -> None:
    frame = read(parquet / "evaluations.parquet")
    mine = frame[frame["testbed"] == "synthetic/kernel-choice"]
    assert set(mine["p.kernel"]) <= {"linear", "poly", "rbf"}
    assert set(mine["p.bits"]) <= {2.0, 4.0, 8.0, 16.0}
    assert mine.loc[mine["p.kernel"] == "linear", "p.gamma"].isna().all()
    assert mine.loc[mine["p.kernel"] == "poly", "p.degree"].between(2, 6).all()
    assert mine["p.x1"].isna().all()
    i = next(i for i, h in enumerate(results.headers) if h["testbed"]["id"] == "synthetic/levy5")
    stored = results.run(i).columns["p.x1"]
    np.testing.assert_array_equal(frame.loc[frame["run"] == i, "p.x1"].to_numpy(), stored)


def test_the_runs_table_has_a_row_a_run(results: Results, parquet: Path) -> None:
    frame = read(parquet / "runs.parquet")
    assert frame["key"].tolist() == [h["key"] for h in results.headers]
    assert frame["n_told"].sum() == results.offsets[-1]
    assert frame["f_ref"].notna().all()
    assert all(json.loads(p) is not None for p in frame["params"])


def test_csv_has_the_same_rows_as_parquet(results: Results, parquet: Path, tmp_path: Path) -> None:
    files = export(results, "csv", tmp_path)
    rows = list(csv.DictReader(files[0].read_text(encoding="utf-8").splitlines()))
    frame = read(parquet / "evaluations.parquet")
    assert list(rows[0]) == list(frame.columns)
    assert len(rows) == len(frame)
    assert [float(r["loss"]) for r in rows] == frame["loss"].tolist()
    assert [r["p.kernel"] or None for r in rows] == [
        x if isinstance(x, str) else None for x in frame["p.kernel"]
    ]


def test_a_name_that_means_numbers_here_and_words_there_is_text(run: Study, tmp_path: Path) -> None:
    from hpobench_lab.export.tidy import schema

    results = hb.load(run())
    for header in results.headers:
        if header["testbed"]["id"] == "synthetic/kernel-choice":
            for p in header["testbed"]["space"]["parameters"]:
                if p["name"] == "bits":
                    p["choices"] = [2, "four", 8, 16]
    assert str(schema(results).field("p.bits").type) == "string"
    file = export(results, "parquet", tmp_path)[0]
    assert set(read(file)["p.bits"].dropna()) <= {"2", "four", "8", "16"}


def test_exporting_again_gives_the_same_bytes(results: Results, tmp_path: Path) -> None:
    for form in ("parquet", "csv", "latex"):
        first = {p: p.read_bytes() for p in export(results, form, tmp_path)}
        again = {p: p.read_bytes() for p in export(results, form, tmp_path)}
        assert first == again


def test_latex_is_what_the_report_writes(results: Results, tmp_path: Path) -> None:
    from hpobench_lab.report import write_report

    files = {
        p.name: p.read_text(encoding="utf-8") for p in export(results, "latex", tmp_path / "a")
    }
    written = write_report(results, tmp_path / "b").paper
    for name in ("league.tex", "testbeds.tex", "methods.tex"):
        assert files[name] == next(p for p in written if p.name == name).read_text(encoding="utf-8")


def test_an_unknown_format_names_the_nearest(results: Results, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'parquet'"):
        export(results, "parqet", tmp_path)


@pytest.mark.parametrize("form", ["parquet", "csv", "latex"])
def test_a_folder_that_cannot_be_written_is_a_clear_error(
    results: Results, tmp_path: Path, form: str
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot write to"):
        export(results, form, tmp_path / "file")


def test_a_failed_export_leaves_no_half_file(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hpobench_lab.export import tidy

    def broken(_: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tidy, "evaluations", broken)
    with pytest.raises(DataError, match="No space left"):
        export(results, "parquet", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_mlflow_gets_a_run_each_once_and_nothing_is_left_in_the_environment(
    results: Results, tmp_path: Path
) -> None:
    tracking = pytest.importorskip("mlflow.tracking", reason="mlflow-skinny is not installed")
    before = {name: os.environ.get(name) for name in SETTINGS}
    for _ in range(2):
        (store,) = export(results, "mlflow", tmp_path)
    assert {name: os.environ.get(name) for name in SETTINGS} == before
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        client = tracking.MlflowClient(tracking_uri=store.as_uri())
        (experiment,) = [e for e in client.search_experiments() if e.name != "Default"]
        runs = client.search_runs([experiment.experiment_id], max_results=1000)
        history = client.get_metric_history(runs[0].info.run_id, "loss")
    keys = [r.data.tags["hpobench_lab.key"] for r in runs]
    assert sorted(keys) == sorted(h["key"] for h in results.headers)
    i = next(i for i, h in enumerate(results.headers) if h["key"] == keys[0])
    told = results.columns["loss"][results.offsets[i] : results.offsets[i + 1]]
    assert [m.value for m in sorted(history, key=lambda m: m.step)] == told.tolist()


def test_without_mlflow_the_error_says_what_to_install(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setitem(sys.modules, "mlflow.tracking", None)
    monkeypatch.setitem(sys.modules, "mlflow", None)
    assert cli.main(["export", str(small), "--to", "mlflow", "-o", str(tmp_path)]) == 2
    assert 'pip install ".[mlflow]"' in capsys.readouterr().err


def test_the_command_prints_what_it_wrote(small: Path, tmp_path: Path, capsys: Any) -> None:
    target = str(tmp_path / "out")
    assert cli.main(["export", str(small), "--to", "csv", "-o", target, "--json"]) == 0
    body = json.loads(capsys.readouterr().out)
    assert all(Path(file).is_file() for file in body["files"])
    assert cli.main(["export", str(small), "--to", "csv", "-o", target]) == 0
    assert capsys.readouterr().out.split() == body["files"]
    assert cli.main(["export", str(small), "--to", "cvs"]) == 2
    assert "Did you mean 'csv'" in capsys.readouterr().err


def test_the_formats_are_those_of_the_help() -> None:
    from hpobench_lab.cli import reference_markdown

    assert ", ".join(FORMATS).replace(", mlflow", " or mlflow") in reference_markdown()
