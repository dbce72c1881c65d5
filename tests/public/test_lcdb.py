"""LCDB in both forms; the real files are opened where they lie beside the repository.

The fixture follows LCDB 1.0 (fmohr/lcdb, README and ``database-*.csv``): anchors at powers of the
square root of 2 and the largest size, ``outer_seed`` and ``inner_seed`` name the split, and some
learners lack their largest anchors, their smallest ones, or some splits.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpobench_lab.errors import DataError, UnknownName
from hpobench_lab.testbeds.public.arrays import ArrayTable
from hpobench_lab.testbeds.public.lcdb import instances, open_instance
from hpobench_lab.testing import check_testbed
from hpobench_lab.trial import Trials
from tests.public.shared import needs, shared

REAL = shared("lcdb")
SIZES = (16, 23, 32, 45, 60)
LEARNERS = ("SVC_linear", "sklearn.A", "sklearn.B", "sklearn.Late", "sklearn.Slow", "sklearn.Some")
COLUMNS = "openmlid,learner,size_train,size_test,outer_seed,inner_seed,traintime,score_train,"


def _rows() -> list[dict[str, Any]]:
    """Return 6 learners on data set 7: Late lacks size 16, Slow 60, Some two of the 4 splits."""
    rows = []
    for i, learner in enumerate(LEARNERS):
        for outer in range(2):
            for inner in range(2):
                for j, size in enumerate(SIZES):
                    lacking = {
                        "sklearn.Late": size == 16,
                        "sklearn.Slow": size == 60,
                        "sklearn.Some": outer == 1 and (inner == 0 or size >= 45),
                    }
                    if lacking.get(learner, False):
                        continue
                    valid = 0.5 + 0.06 * j + 0.01 * i + 0.003 * (2 * outer + inner)
                    rows.append(
                        {"openmlid": 7, "learner": learner, "size_train": size, "size_test": 9}
                        | {"outer_seed": outer, "inner_seed": inner, "traintime": 0.1 * (j + 1)}
                        | {"score_train": 1.0, "score_valid": valid, "score_test": valid - 0.25}
                    )
    return rows


def _write(folder: Path, rows: list[dict[str, Any]], metric: str = "accuracy") -> Path:
    lines = [",".join(str(v) for v in row.values()) for row in rows]
    text = "\n".join([COLUMNS + "score_valid,score_test", *lines]) + "\n"
    (folder / f"database-{metric}.csv").write_text(text, encoding="utf-8")
    (folder / "datasets.csv").write_text("openmlid,Name\n7,made-up\n8,other\n", encoding="utf-8")
    return folder


def _open(folder: Path, instance: str = "7", **params: Any) -> ArrayTable:
    table = open_instance(folder, instance, **params)
    assert isinstance(table, ArrayTable)
    return table


def _learners(table: ArrayTable) -> tuple[str, ...]:
    return tuple(table.problem.space["learner"].choices)  # type: ignore[union-attr]


def _asked(table: ArrayTable, size: float | None = None) -> Trials:
    space, top = table.problem.space, table.problem.fidelities[0].max
    values = space.values([{"learner": name} for name in _learners(table)])
    return Trials.full(space, values, [top if size is None else size])


@pytest.mark.parametrize("splits", ["mean", "raw"])
@pytest.mark.parametrize("learners", ["complete", "all"])
def test_every_form_conforms(tmp_path: Path, splits: str, learners: str) -> None:
    report = check_testbed(_open(_write(tmp_path, _rows()), splits=splits, learners=learners))
    assert report.ok, report.text()
    assert report["declares its facts"].detail == ""


def test_complete_lists_those_that_reached_the_largest_size(tmp_path: Path) -> None:
    table = _open(_write(tmp_path, _rows()))
    assert _learners(table) == tuple(n for n in LEARNERS if n != "sklearn.Slow")
    assert table.problem.fidelities[0].max == 60


def test_all_lists_everyone_and_ends_at_the_largest_common_size(tmp_path: Path) -> None:
    table = _open(_write(tmp_path, _rows()), learners="all")
    assert _learners(table) == LEARNERS
    assert table.problem.fidelities[0].max == 45


@pytest.mark.parametrize("learners", ["complete", "all"])
def test_levels_are_those_that_every_listed_learner_has(tmp_path: Path, learners: str) -> None:
    table = _open(_write(tmp_path, _rows()), learners=learners)
    assert table.problem.fidelities[0].min == 23  # Late has no 16
    assert table.losses.shape[2] == {"complete": 4, "all": 3}[learners]


def test_the_loss_is_one_minus_accuracy_averaged_over_the_splits(tmp_path: Path) -> None:
    table = _open(_write(tmp_path, _rows()))
    out = table.evaluate(_asked(table, 32))
    expected = [1 - (0.5 + 0.06 * 2 + 0.01 * i + 0.003 * 1.5) for i in (0, 1, 2, 3)]
    assert np.allclose(out.losses[:4, 0], expected, rtol=1e-12)
    assert np.allclose(out.cost_s, 0.3, rtol=1e-12)
    assert np.allclose(table.held_out(_asked(table, 32)), out.losses + 0.25, rtol=1e-12)


def test_raw_splits_are_observed_one_at_a_time_and_only_whole_ones(tmp_path: Path) -> None:
    table = _open(_write(tmp_path, _rows()), splits="raw")
    assert table.facts.stochastic
    some = _learners(table).index("sklearn.Some")
    trials = _asked(table)
    seen = set()
    for seed in range(64):
        trials.seed[:] = seed
        seen.add(round(float(table.evaluate(trials).losses[some, 0]), 9))
    expected = {round(1 - (0.5 + 0.06 * 4 + 0.05 + 0.003 * k), 9) for k in (0, 1)}
    assert seen == expected
    assert table.score(trials)[some, 0] == pytest.approx(np.mean(list(expected)), rel=1e-8)


def test_logloss_is_served_as_it_is(tmp_path: Path) -> None:
    table = _open(_write(tmp_path, _rows(), "logloss"), metric="logloss")
    assert table.problem.objectives[0].name == "log-loss"
    assert table.evaluate(_asked(table)).losses[0, 0] == pytest.approx(0.5 + 0.24 + 0.0045)


def test_training_on_more_rows_starts_anew(tmp_path: Path) -> None:
    assert _open(_write(tmp_path, _rows())).problem.continuation == "none"


def test_the_facts_say_that_version_1_0_leaks(tmp_path: Path) -> None:
    facts = _open(_write(tmp_path, _rows())).facts
    assert "leak" in facts.title
    assert "made-up" in facts.title
    assert facts.name == "lcdb/7"


def test_no_test_score_is_told(tmp_path: Path) -> None:
    rows = [row | {"score_test": -1e6} for row in _rows()]
    table = _open(_write(tmp_path, rows))
    assert (table.evaluate(_asked(table)).losses < 1).all()
    assert (table.held_out(_asked(table)) > 1e5).all()


def test_an_unknown_data_set_names_the_nearest(tmp_path: Path) -> None:
    folder = _write(tmp_path, _rows())
    with pytest.raises(UnknownName, match=r"lcdb has no data set '71'\. Did you mean '7'"):
        _open(folder, "71")
    with pytest.raises(UnknownName, match="named by its OpenML id: lcdb/7"):
        _open(folder, "made-up")
    with pytest.raises(UnknownName, match="has 1: 7"):
        _open(folder, "other")


def test_an_unknown_choice_of_a_parameter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected one of accuracy, logloss, got 'auc'"):
        _open(_write(tmp_path, _rows()), metric="auc")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    _write(tmp_path, _rows())
    with pytest.raises(DataError, match=re.escape("lacks lcdb_mean.parquet or database-logloss")):
        _open(tmp_path, metric="logloss")


def _changed(**fields: Any) -> list[dict[str, Any]]:
    rows = _rows()
    rows[7] |= fields
    return rows


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([*_rows(), _rows()[4]], "a learner twice at one size and split"),
        (_changed(traintime=-1.0), "-1.0 seconds"),
        (_changed(traintime="nan"), "nan seconds"),
        (_changed(score_valid="nan"), "NaN inside a curve: configuration 0, replicate 1"),
        (_changed(size_train=-5), "a training size of -5"),
        (_changed(score_valid="high"), "cannot be read"),
        ([row for row in _rows() if row["learner"] == "sklearn.A"], "1 learners have data"),
    ],
)
def test_bad_rows_are_one_message(tmp_path: Path, rows: Any, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        _open(_write(tmp_path, rows), splits="raw")
    assert caught.value.exit_code == 5


def test_a_truncated_csv_file_is_one_message(tmp_path: Path) -> None:
    path = _write(tmp_path, _rows()) / "database-accuracy.csv"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"database-accuracy\.csv cannot be read") as caught:
        _open(tmp_path)
    assert "\n" not in str(caught.value)


def test_an_empty_csv_file_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "database-accuracy.csv").touch()
    with pytest.raises(DataError, match="it is empty"):
        instances(tmp_path)


def test_a_csv_file_without_a_column_is_one_message(tmp_path: Path) -> None:
    path = _write(tmp_path, _rows()) / "database-accuracy.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("traintime", "time"), encoding="utf-8")
    with pytest.raises(DataError, match="traintime"):
        _open(tmp_path)


def test_a_truncated_parquet_file_is_one_message(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "lcdb_mean.parquet"
    pq.write_table(pa.table({"openmlid": [7] * 1000}), path)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match=r"lcdb_mean\.parquet cannot be read") as caught:
        instances(tmp_path)
    assert "\n" not in str(caught.value)


@needs("lcdb")
def test_the_real_files_hold_248_data_sets() -> None:
    assert len(instances(REAL)) == 248


@needs("lcdb")
@pytest.mark.parametrize("splits", ["mean", "raw"])
@pytest.mark.parametrize("metric", ["accuracy", "logloss"])
def test_a_real_data_set_conforms(metric: str, splits: str) -> None:
    report = check_testbed(_open(REAL, "44", metric=metric, splits=splits))
    assert report.ok, report.text()
    assert report["declares its facts"].detail == ""


@needs("lcdb")
@pytest.mark.parametrize("number", ["3", "41167", "1457", "42732"])
@pytest.mark.parametrize("learners", ["complete", "all"])
def test_real_data_sets_with_unequal_anchors_conform(number: str, learners: str) -> None:
    """41167 lists 4 of 9 learners when complete, 1457 shares 4 anchors, 42732 is the largest."""
    report = check_testbed(_open(REAL, number, learners=learners))
    assert report.ok, report.text()


@needs("lcdb")
def test_complete_keeps_nearly_all_real_learners() -> None:
    """17.2 of 17.6 learners a data set on average; counted in the file with pandas."""
    listed = [len(_learners(_open(REAL, number))) for number in instances(REAL)]
    assert np.mean(listed) == pytest.approx(17.205645, abs=1e-6)


@needs("lcdb")
@pytest.mark.parametrize("metric", ["accuracy", "logloss"])
def test_the_raw_rows_average_to_the_real_means(metric: str, tmp_path: Path) -> None:
    """Two files that were written apart: `lcdb_mean.parquet` (float32) and the heads."""
    head = f"database-{metric}.head5000.csv"
    (tmp_path / head).symlink_to(REAL / head)
    mean, raw = _open(REAL, "44", metric=metric), _open(tmp_path, "44", metric=metric)
    whole = _learners(raw)[:10]  # the head cuts the last ones short
    assert len(whole) == 10
    for size in (16, 128, 3726):
        found = dict(zip(_learners(mean), mean.evaluate(_asked(mean, size)).losses, strict=True))
        own = dict(zip(_learners(raw), raw.evaluate(_asked(raw, size)).losses, strict=True))
        held = dict(zip(_learners(mean), mean.held_out(_asked(mean, size)), strict=True))
        mine = dict(zip(_learners(raw), raw.held_out(_asked(raw, size)), strict=True))
        for learner in whole:
            assert own[learner] == pytest.approx(found[learner], rel=1e-5, abs=1e-6)
            assert mine[learner] == pytest.approx(held[learner], rel=1e-5, abs=1e-6)


@needs("lcdb")
def test_a_real_number_is_the_one_in_the_file() -> None:
    """lcdb_mean.parquet, data set 44, SVC_linear, size 1024: score_valid .842992."""
    table = _open(REAL, "44")
    row = _learners(table).index("SVC_linear")
    assert table.evaluate(_asked(table, 1024)).losses[row, 0] == pytest.approx(1 - 0.842992)
    assert table.evaluate(_asked(table, 1447)).losses[row, 0] == pytest.approx(1 - 0.842992)
    assert table.evaluate(_asked(table, 1024)).cost_s[row] == pytest.approx(0.059464)
