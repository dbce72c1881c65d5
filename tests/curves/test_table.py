"""Exact tables: the committed ones as they are, made ones for every corner."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from hpobench_lab.errors import ContractError, DataError, StudyError, UnknownName
from hpobench_lab.space import Space
from hpobench_lab.testbeds.curves.exact import exact_facts
from hpobench_lab.testbeds.curves.opening import built_in, open_exact, open_table
from hpobench_lab.testbeds.curves.storage.files import read_header, read_table, verify
from hpobench_lab.testbeds.curves.table import Table
from hpobench_lab.testing import check_testbed
from hpobench_lab.trial import Status, Trials
from tests.curves.made import CHANCE, made_table

TABLES = built_in()
names = pytest.mark.parametrize("name", TABLES)
families = pytest.mark.parametrize("family", ["mlp", "svm"])


def _table(folder: Path, *, wide: bool = False, objectives: tuple[str, ...] = ()) -> Table:
    testbed = open_exact(folder, wide=wide, objectives=objectives)
    assert isinstance(testbed, Table)
    return testbed


def _all(testbed: Table, fidelity: float | None = None, *, seed: int = 0) -> Trials:
    """Return every candidate at one fidelity under one noise stream."""
    space, candidates = testbed.problem.space, testbed.problem.candidates
    assert candidates is not None
    full = testbed.problem.fidelities[0].max
    trials = Trials.full(space, space.decode(candidates), [full if fidelity is None else fidelity])
    return replace(trials, seed=np.full(len(trials), seed, dtype=np.uint64))


# ------------------------------------------------------------------ the collection


@names
def test_the_files_are_those_of_the_header(name: str) -> None:
    header = verify(TABLES[name])
    curves = read_table(TABLES[name], header)
    assert header["configurations"] == len(curves.values)
    assert set(curves.fold.tolist()) == set(header["folds"]["collected"])
    assert len(header["fidelity"]["levels"]) <= 20
    assert (curves.fold == 0).sum() >= len(curves.values)


@names
@pytest.mark.parametrize("wide", [False, True])
def test_what_the_header_says_of_a_table_is_what_its_files_hold(name: str, wide: bool) -> None:
    header = read_header(TABLES[name])
    if wide and not header.get("space_wide"):
        pytest.skip("one space only")
    found = exact_facts(header, read_table(TABLES[name], header), wide=wide)
    stored = header["table"].get("wide") if wide else header["table"]
    assert {k: stored[k] for k in found} == found


@names
def test_its_losses_are_those_of_the_file(name: str) -> None:
    header, testbed = read_header(TABLES[name]), _table(TABLES[name])
    level = header["fidelity"]["levels"][2]
    trainings = pq.ParquetFile(TABLES[name] / "trainings.parquet").read().to_pandas()
    curves = pq.ParquetFile(TABLES[name] / "curves.parquet").read().to_pandas()
    first = trainings[(trainings.fold == 0) & (trainings.replicate == 0)].index
    at = curves[curves[header["fidelity"]["name"]] == level].set_index("training").loc[first]
    outcomes = testbed.evaluate(_all(testbed, level))
    stored = at[header["objectives"][0]["column"]].to_numpy(np.float64)
    told = outcomes.losses[:, 0]
    assert np.isin(told[np.isfinite(told)], stored).all()
    assert len(told) <= len(stored)


# ------------------------------------------------------------------ made tables


@families
@pytest.mark.parametrize("wide", [False, True])
def test_a_made_table_conforms(tmp_path: Path, family: str, wide: bool) -> None:
    if wide and family == "svm":
        pytest.skip("one space only")
    report = check_testbed(_table(made_table(tmp_path, family), wide=wide))
    assert report.ok, report.text()


def test_a_table_without_replicates_is_not_stochastic(tmp_path: Path) -> None:
    testbed = _table(made_table(tmp_path, replicates=0))
    assert not testbed.facts.stochastic
    report = check_testbed(testbed)
    assert report.ok, report.text()
    assert report["scores what it evaluates"].status == "passed"


def test_between_levels_a_table_answers_the_level_below(tmp_path: Path) -> None:
    testbed = _table(made_table(tmp_path))
    below, between = (testbed.evaluate(_all(testbed, f)) for f in (8, 15.9))
    np.testing.assert_array_equal(between.losses, below.losses)
    np.testing.assert_array_equal(between.cost_s, below.cost_s)
    assert (testbed.evaluate(_all(testbed, 16)).cost_s > below.cost_s)[:50].all()


def test_a_configuration_that_is_not_listed_is_a_contract_error(tmp_path: Path) -> None:
    testbed = _table(made_table(tmp_path))
    config = {"lr": 0.123456, "width": 9, "activation": "relu"}
    values = testbed.problem.space.values([config])
    with pytest.raises(ContractError, match="not among its"):
        testbed.evaluate(Trials.full(testbed.problem.space, values, [1.0]))


def test_the_normal_space_lists_only_what_lies_inside_it(tmp_path: Path) -> None:
    folder = made_table(tmp_path)
    header = read_header(folder)
    curves = read_table(folder, header)
    lr = curves.values[:, 0]
    normal, wide = _table(folder), _table(folder, wide=True)
    assert normal.problem.candidates is not None
    assert wide.problem.candidates is not None
    inside = (lr >= 1e-3) & (lr <= 1.0)
    assert len(normal.problem.candidates) == inside.sum() < len(wide.problem.candidates) == len(lr)
    assert normal.problem.space == Space.from_json(header["space"])
    assert wide.problem.space == Space.from_json(header["space_wide"])
    told = normal.evaluate(_all(normal)).losses
    np.testing.assert_array_equal(told, wide.evaluate(_all(wide)).losses[inside])


def test_a_table_of_one_space_has_no_wide_variant(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="one space only"):
        open_table(made_table(tmp_path, "svm"), mode="table", wide=True)


@families
@pytest.mark.parametrize("fold", [0, 1])
def test_the_optimum_is_the_least_score_and_is_attained(
    tmp_path: Path, family: str, fold: int
) -> None:
    testbed = _table(made_table(tmp_path, family)).fold(fold)
    facts, space = testbed.facts, testbed.problem.space
    scores = testbed.score(_all(testbed))[:, 0]
    assert facts.optimum == scores.min()
    assert facts.reference == np.median(scores)
    assert facts.optimum_config is not None
    assert facts.optimum_origin.startswith("exact")
    best = Trials.full(space, space.values([facts.optimum_config]), [1.0])
    assert testbed.score(best)[0, 0] == facts.optimum


def test_the_noise_stream_draws_a_stored_training(tmp_path: Path) -> None:
    folder = made_table(tmp_path, broken=0, replicates=64)
    testbed, curves = _table(folder, wide=True), read_table(folder, read_header(folder))
    assert testbed.facts.stochastic
    assert testbed.facts.optimum_origin.endswith("mean over replicates")
    assert check_testbed(testbed).ok
    losses = curves.columns["valid_loss"][:, -1]
    pairs = np.stack([losses[(curves.fold == 0) & (curves.replicate == r)] for r in (0, 1)])
    told = np.stack([testbed.evaluate(_all(testbed, seed=s)).losses[:, 0] for s in range(64)])
    assert ((told == pairs[0]) | (told == pairs[1])).all()
    assert (told[0] == pairs[0]).all()
    assert 0.3 < (told == pairs[1]).mean() < 0.7
    np.testing.assert_array_equal(testbed.score(_all(testbed))[:, 0], pairs.mean(axis=0))


def test_two_fidelities_of_one_stream_show_one_training(tmp_path: Path) -> None:
    folder = made_table(tmp_path, broken=0, replicates=64)
    testbed, curves = _table(folder, wide=True), read_table(folder, read_header(folder))
    shown = set()
    for seed in range(8):
        low, high = (testbed.evaluate(_all(testbed, f, seed=seed)).losses[:, 0] for f in (2, 32))
        for i, (a, b) in enumerate(zip(low, high, strict=True)):
            own = (curves.configuration == i) & (curves.fold == 0)
            pairs = curves.columns["valid_loss"][own][:, [1, -1]].tolist()
            shown.add(pairs.index([a, b]))
    assert shown == {0, 1}


def test_replicates_of_some_do_not_set_them_apart(tmp_path: Path) -> None:
    folder = made_table(tmp_path, broken=0)
    testbed, curves = _table(folder, wide=True), read_table(folder, read_header(folder))
    assert (curves.replicate == 1).sum() == 16
    assert read_header(folder)["table"]["wide"]["replicated"] == 16
    assert not testbed.facts.stochastic
    first = curves.columns["valid_loss"][(curves.fold == 0) & (curves.replicate == 0), -1]
    for seed in (0, 1, 2):
        told = testbed.evaluate(_all(testbed, seed=seed)).losses[:, 0]
        np.testing.assert_array_equal(told, first)
    np.testing.assert_array_equal(testbed.score(_all(testbed))[:, 0], first)


def test_a_training_that_raised_failed_and_one_that_broke_down_diverged(tmp_path: Path) -> None:
    testbed = _table(made_table(tmp_path, "svm"))
    first, last = (testbed.evaluate(_all(testbed, f)) for f in (0.125, 1.0))
    assert first.status[-2:].tolist() == [Status.ok, Status.failed]
    assert last.status[-2:].tolist() == [Status.diverged, Status.failed]
    assert last.messages == {63: "ValueError: made to fail"}
    assert np.isnan(last.losses[-2:]).all()
    assert last.cost_s[-2] > 0
    scores = testbed.score(_all(testbed))[:, 0]
    assert scores[-2:].tolist() == [1.5 * CHANCE] * 2
    assert np.isfinite(scores).all()


def test_seconds_never_fall(tmp_path: Path) -> None:
    testbed = _table(made_table(tmp_path))
    testbed._cost[:, 2] = 0.0
    curves = replace(testbed._curves, columns={**testbed._curves.columns, "cpu_s": testbed._cost})
    again = Table(testbed._header, curves, name="x", data_sha256="")
    costs = [again.evaluate(_all(again, f)).cost_s for f in (1, 2, 4, 8, 16, 32)]
    assert (np.diff(costs, axis=0) >= 0).all()
    np.testing.assert_array_equal(costs[2], costs[1])


def test_an_exact_table_needs_neither_pandas_nor_what_trained_it(tmp_path: Path) -> None:
    script = f"""
import sys, numpy as np
from pathlib import Path
from hpobench_lab.testbeds.curves.opening import open_table
from hpobench_lab.trial import Trials
t = open_table(Path({str(made_table(tmp_path))!r}), mode="table")
s = t.problem.space
t.evaluate(Trials.full(s, s.decode(t.problem.candidates[:3]), [4.0]))
t.fold(1).refit(s.configs(s.decode(t.fold(1).problem.candidates[:3])))
found = {{"xgboost", "torch", "sklearn", "pandas", "scipy", "matplotlib"}} & set(sys.modules)
assert not found, found
"""
    subprocess.run([sys.executable, "-c", script], check=True)


# ------------------------------------------------------------------ folds


def test_a_fold_lists_its_own_configurations(tmp_path: Path) -> None:
    folder = made_table(tmp_path)
    testbed, curves = _table(folder, wide=True), read_table(folder, read_header(folder))
    assert testbed.folds == 3
    for k in (0, 1, 2):
        fold = testbed.fold(k)
        own = curves.configuration[(curves.fold == k) & (curves.replicate == 0)]
        assert fold.problem.candidates is not None
        np.testing.assert_array_equal(_all(fold).values, curves.values[own])
        stored = curves.columns["valid_loss"][(curves.fold == k) & (curves.replicate == 0), -1]
        told = fold.evaluate(_all(fold)).losses[:, 0]
        np.testing.assert_array_equal(told, np.where(stored <= 1.001 * CHANCE, stored, np.nan))
        assert fold.problem.space == testbed.problem.space
    assert testbed.fold(1).facts.optimum != testbed.facts.optimum


@families
def test_the_first_fold_is_the_table_itself(tmp_path: Path, family: str) -> None:
    testbed = _table(made_table(tmp_path, family, broken=0, replicates=64))
    assert testbed.facts.stochastic
    assert testbed.fold(0).facts == testbed.facts
    assert testbed.fold(1).facts.chance == testbed.facts.chance == 1.001 * CHANCE


def test_more_rows_are_a_new_training_and_more_epochs_are_not(tmp_path: Path) -> None:
    for family, wanted in (("mlp", "same"), ("svm", "none")):
        assert _table(made_table(tmp_path, family)).problem.continuation == wanted


def test_a_fold_that_was_not_collected_is_named(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="no fold 3; its folds are 0, 1, 2"):
        _table(made_table(tmp_path)).fold(3)


def test_held_out_losses_are_those_of_the_training_that_was_told(tmp_path: Path) -> None:
    folder = made_table(tmp_path, broken=0)
    curves = read_table(folder, read_header(folder), sealed=True)
    assert curves.test is not None
    test = dict(
        zip(curves.columns["valid_loss"][:, 3], curves.test["test_loss"][:, 3], strict=True)
    )
    for k in (0, 2):
        fold = _table(folder).fold(k)
        for seed in (0, 1):
            trials = _all(fold, 8, seed=seed)
            told = fold.evaluate(trials).losses[:, 0]
            assert fold.held_out(trials)[:, 0].tolist() == [test[v] for v in told]


def test_a_refit_is_the_stored_one_of_that_fold(tmp_path: Path) -> None:
    folder = made_table(tmp_path, broken=0)
    curves = read_table(folder, read_header(folder), sealed=True)
    assert curves.refit is not None
    fold = _table(folder, wide=True).fold(1)
    own = (curves.fold == 1) & (curves.replicate == 0)
    found = fold.refit(_all(fold).configs())
    np.testing.assert_array_equal(found[:, 0], curves.refit["test_loss"][own])
    assert fold.refit(_all(fold).configs()[:1], 32.0)[0, 0] == found[0, 0]
    with pytest.raises(StudyError, match="at full fidelity"):
        fold.refit(_all(fold).configs()[:1], 16.0)


def test_only_what_is_held_out_opens_the_seal(tmp_path: Path) -> None:
    folder = made_table(tmp_path)
    for file in ("test.parquet", "refit.parquet"):
        (folder / file).unlink()
    fold = _table(folder).fold(1)
    fold.evaluate(_all(fold))
    fold.score(_all(fold))
    with pytest.raises(DataError, match=r"test\.parquet cannot be read"):
        fold.held_out(_all(fold))
    with pytest.raises(DataError, match=r"test\.parquet cannot be read"):
        fold.refit(_all(fold).configs()[:1])


def test_a_table_without_held_out_values_has_no_folds(tmp_path: Path) -> None:
    testbed = _table(made_table(tmp_path, held_out=False))
    assert testbed.folds == 0
    with pytest.raises(StudyError, match="holds no test losses"):
        testbed.held_out(_all(testbed))
    with pytest.raises(StudyError, match="holds no fits on outer-train"):
        testbed.refit(_all(testbed).configs()[:1])


# ------------------------------------------------------------------ how it is opened


def test_an_unknown_mode_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="mode must be"):
        open_table(made_table(tmp_path), mode="nearest")


def test_options_of_a_surrogate_are_refused_by_an_exact_table(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="belong to mode='surrogate'"):
        open_table(made_table(tmp_path), mode="table", noise=False)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a working directory with two tables of one data set and one of another."""
    monkeypatch.chdir(tmp_path)
    for family, data in (("mlp", "made"), ("svm", "made"), ("mlp", "loans")):
        made_table(tmp_path / "testbeds" / "mine", family, data, groups="g" * (data == "loans"))
    return tmp_path


@pytest.mark.parametrize(
    ("selector", "rows"),
    [
        ("mine/made-mlp", 58),
        ("mine/made-mlp(mode=table)", 58),
        ("mine/made-mlp(wide=true)", 64),
        ("mine/made-cash", 122),
        ("mine/loans-mlp(objectives=[error, gap])", 58),
    ],
)
def test_a_table_resolves_by_name(project: Path, selector: str, rows: int) -> None:
    from hpobench_lab import plugins

    testbed = plugins.testbed(selector)
    assert testbed.problem.candidates is not None
    assert len(testbed.problem.candidates) == rows
    assert testbed.facts.name == selector.replace("(mode=table)", "")


def test_an_unknown_objective_is_a_study_error(project: Path) -> None:
    from hpobench_lab import plugins

    said = "'objectives' must be a list of 'error' or 'latency' or 'size' or 'gap', got"
    with pytest.raises(StudyError, match=said):
        plugins.testbed("mine/made-mlp(objectives=[speed])")
    with pytest.raises(UnknownName, match="unknown objective 'sizes'"):
        open_table(project / "testbeds/mine/made-mlp", objectives=["sizes"])


@pytest.mark.parametrize("command", [["check"], ["run", "quick", "--no-report", "-t"]])
def test_a_damaged_table_exits_5_with_one_sentence(
    project: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    from hpobench_lab.cli.entry import main

    path = project / "testbeds/mine/made-mlp/curves.parquet"
    path.write_bytes(path.read_bytes() + b"x")
    for name in ("mine/made-mlp", "mine/made-cash"):
        assert main([*command, name]) == 5
        said = capsys.readouterr()
        assert "curves.parquet is damaged: its sha256" in said.err
        assert "Traceback" not in said.err
        assert said.out == ""
    assert not (project / "results").exists()


def test_data_of_one_family_has_no_cash_testbed(project: Path) -> None:
    from hpobench_lab import plugins

    assert "mine/made-cash" in plugins.testbed_names("mine/*")
    with pytest.raises(UnknownName, match="mine/loans-cash"):
        plugins.testbed("mine/loans-cash")


def test_list_says_what_a_table_holds(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from hpobench_lab.cli.entry import main

    folder = project / "testbeds/mine/made-mlp"
    header = json.loads((folder / "table.json").read_text())
    header["surrogate"] = {
        "f_opt": 0.19,
        "f_opt_origin": "best known: long search",
        "quality": {
            "r2": 0.95,
            "spearman": 0.96,
            "spearman_best_quarter": 0.71,
            "mae_near_optimum": 0.012,
            "calibration_slope": 1.02,
            "coverage_90": 0.88,
        },
    }
    header["trust"] = {"kendall_tau": {"table/xgboost": 0.87, "table/again": 0.93}}
    (folder / "table.json").write_text(json.dumps(header))
    assert main(["list", "testbeds", "mine/*", "-v"]) == 0
    out = capsys.readouterr().out
    for words in (
        "64 configurations, 3 folds, 16 configurations trained twice, a wide space (wide=true)",
        "R² 0.95, Spearman 0.96, in the best quarter 0.71, error near the optimum 0.012, "
        "calibration slope 1.02, 90 % intervals hold 0.88, Kendall's tau of optimizer rankings "
        "with the table 0.87, of the table with itself 0.93; f_opt 0.19, best known",
        "f_opt 0.2029, exact",
        "made data; licence: CC0",
        "none: an exact table only",
        "mine/made-cash",
    ):
        assert words in out
    assert main(["list", "testbeds", "mine/*", "-v", "--json"]) == 0
    entries = {e["name"]: e for e in json.loads(capsys.readouterr().out)["testbeds"]}
    assert entries["mine/made-mlp"]["table"]["quality"]["spearman_best_quarter"] == 0.71
    assert "table" not in entries["mine/made-cash"]
    assert main(["list", "testbeds", "mine/made-svm"]) == 0
    assert "licence" not in capsys.readouterr().out
