"""Blackbox folders of Syne Tune, written here in its form.

The fixtures follow syne-tune 0.16.0: ``blackbox_repository/blackbox_tabular.py`` (``serialize``:
files, axes, float32), ``serialize.py`` and ``config_space.py`` (``to_dict``), and the recipes under
``conversion_scripts/scripts`` (names of columns, of metadata, the layout of a task's own files in
``pd1_import.py``). Once, the loader was held against folders that syne-tune itself had written and
read again: 6,063 losses, 5,968 seconds and 5,922 held-out values of nine tasks were equal, bit by
bit.
"""

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hpobench_lab.errors import DataError, StudyError, UnknownName
from hpobench_lab.parameters import Categorical, Float, Int, Ordinal
from hpobench_lab.testbeds.public.syne_tune import instances, open_instance
from hpobench_lab.testbeds.public.syne_tune_objectives import told
from hpobench_lab.testbeds.public.syne_tune_space import read_space
from hpobench_lab.testing import check_testbed
from hpobench_lab.trial import Status, Trials

Columns = Mapping[str, Sequence[Any]]


def _domain(kind: str, sampler: str = "", **given: Any) -> dict[str, Any]:
    domain: dict[str, Any] = {"domain_cls": kind, "domain_kwargs": given}
    return domain | ({"sampler_cls": sampler, "sampler_kwargs": {}} if sampler else {})


def _choice(*categories: Any) -> dict[str, Any]:
    return _domain("Categorical", "Uniform", categories=list(categories))


LOG_UNIFORM = _domain("Float", "LogUniform", lower=1e-5, upper=10)
EPOCHS = {"epochs": _domain("Integer", "Uniform", lower=1, upper=100)}


def _shared(
    folder: Path,
    space: Mapping[str, Any],
    columns: Columns,
    evaluations: np.ndarray,
    *,
    names: Sequence[str],
    tasks: Sequence[str] = ("adult",),
    levels: Any = None,
    **metadata: Any,
) -> Path:
    """Write a blackbox whose tasks share their configurations, as ``serialize`` does."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "configspace.json").write_text(json.dumps(space))
    (folder / "fidelityspace.json").write_text(json.dumps(EPOCHS))
    pq.write_table(pa.table(dict(columns)), folder / "hyperparameters.parquet", compression="gzip")
    np.save(folder / "objectives_evaluations.npy", evaluations.astype(np.float32))
    length = evaluations.shape[3]
    np.save(
        folder / "fidelities_values.npy", np.arange(1, length + 1) if levels is None else levels
    )
    known = {"objectives_names": list(names), "task_names": list(tasks)}
    (folder / "metadata.json").write_text(json.dumps(metadata | known))
    return folder


def _random(*shape: int, seconds: Sequence[int] = ()) -> np.ndarray:
    """Return evaluations; some columns count seconds."""
    evaluations = np.random.default_rng(0).random(shape)
    for k in seconds:
        evaluations[..., k] = np.cumsum(evaluations[..., k], axis=-1)
    return evaluations.astype(np.float32)


# --------------------------------------------------- LCBench: listed, maximised, with test columns

LC_NAMES = ("val_accuracy", "val_cross_entropy", "test_accuracy", "test_cross_entropy", "time")
LC_ROWS = 24
LC_SPACE = {
    "num_layers": _choice("True", "2", "3", "4"),
    "learning_rate": _domain("Float", "LogUniform", lower=1e-4, upper=1e-1),
    "momentum": _domain("Float", "Uniform", lower=0.1, upper=0.99),
    "max_units": _domain("Integer", "LogUniform", lower=64, upper=1024),
    "optimizer": "sgd",
}


def _lc_columns() -> dict[str, list[Any]]:
    rng = np.random.default_rng(1)
    return {
        "momentum": rng.uniform(0.1, 0.99, LC_ROWS).tolist(),  # columns in another order
        "num_layers": [("True", "2", "3", "4")[i % 4] for i in range(LC_ROWS)],
        "learning_rate": (10 ** rng.uniform(-4, -1, LC_ROWS)).tolist(),
        "max_units": rng.integers(64, 1025, LC_ROWS).tolist(),
    }


LC = _random(2, LC_ROWS, 1, 50, 5, seconds=[4])
LC[:, 3, 0, 20:, :4] = np.nan  # a training that broke off
LC[:, 6, 0, 30, 4] = LC[:, 6, 0, 28, 4]  # time is not always monotone


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("blackbox")
    _shared(
        folder / "lcbench",
        LC_SPACE,
        _lc_columns(),
        LC,
        names=LC_NAMES,
        tasks=("Fashion-MNIST", "adult"),
        metric_elapsed_time="time",
        metric_default="val_accuracy",
        time_attr="epoch",
    )
    _grid(folder / "fcnet")
    _own(folder / "pd1")
    return folder


def _listed(bed: Any, level: float | None = None) -> Trials:
    space = bed.problem.space
    full = [] if bed.problem.fidelity is None else [bed.problem.fidelity.max]
    values = space.decode(bed.problem.candidates)
    return Trials.full(space, values, full if level is None else [level])


def test_the_tasks_of_all_blackboxes_are_listed(made: Path) -> None:
    assert instances(made) == [
        "fcnet/naval_propulsion",
        "fcnet/protein_structure",
        "lcbench/Fashion-MNIST",
        "lcbench/adult",
        "pd1/lm1b",
        "pd1/mnist",
    ]
    assert instances(made / "lcbench") == ["Fashion-MNIST", "adult"]
    assert instances(made / "nowhere") == []


@pytest.mark.parametrize("task", [0, 1])
@pytest.mark.parametrize("level", [1, 17, 50])
def test_a_maximised_score_is_negated_at_the_door(made: Path, task: int, level: int) -> None:
    bed = open_instance(made, ("lcbench/Fashion-MNIST", "lcbench/adult")[task])
    out = bed.evaluate(_listed(bed, level))
    stored = LC[task, :, 0, level - 1, 0]
    assert bed.problem.objectives[0].direction == "maximize"
    assert np.array_equal(-out.losses[:, 0], stored, equal_nan=True)
    assert np.flatnonzero(out.status == Status.diverged).tolist() == ([3] if level > 20 else [])


def test_the_test_columns_are_held_out_and_belong_to_their_objective(made: Path) -> None:
    wanted = ["val_cross_entropy", "val_accuracy"]
    bed = open_instance(made, "lcbench/adult", objectives=wanted)
    held = bed.held_out(_listed(bed, 11))
    assert np.array_equal(held[:, 0], LC[1, :, 0, 10, 3], equal_nan=True)
    assert np.array_equal(-held[:, 1], LC[1, :, 0, 10, 2], equal_nan=True)


def test_the_elapsed_time_is_the_column_of_the_metadata(made: Path) -> None:
    bed = open_instance(made, "lcbench/adult")
    stored = LC[1, :, 0, :, 4]
    assert (np.diff(stored, axis=1) < 0).any(), "the fixture lacks the trap"
    costs = np.stack([bed.evaluate(_listed(bed, e)).cost_s for e in range(1, 51)], axis=1)
    assert np.array_equal(costs, np.maximum.accumulate(stored, axis=1).astype(np.float64))


def test_seconds_per_step_are_summed(made: Path) -> None:
    bed = open_instance(made, "lcbench/adult", elapsed="per-step")
    costs = bed.evaluate(_listed(bed, 50)).cost_s
    assert costs == pytest.approx(LC[1, :, 0, :, 4].sum(axis=1, dtype=np.float64), rel=1e-12)


def test_the_layers_called_true_are_one_layer(made: Path) -> None:
    bed = open_instance(made, "lcbench/adult")
    assert bed.problem.space["num_layers"] == Ordinal((1, 2, 3, 4))
    assert "optimizer" not in bed.problem.space
    listed, columns = _listed(bed).configs(), _lc_columns()
    for i, config in enumerate(listed):
        assert config["num_layers"] == (1, 2, 3, 4)[i % 4]
        assert config["max_units"] == columns["max_units"][i]
        assert config["momentum"] == pytest.approx(columns["momentum"][i], rel=1e-12)


def test_a_blackbox_opens_without_its_folder_level(made: Path) -> None:
    one, other = open_instance(made / "lcbench", "adult"), open_instance(made, "lcbench/adult")
    assert np.array_equal(one.losses, other.losses, equal_nan=True)
    assert (one.facts.name, other.facts.name) == ("blackbox/adult", "blackbox/lcbench/adult")


# -------------------------------------------------- FCNet: a full grid in any order, several seeds

FC_NAMES = (
    "metric_valid_loss",
    "metric_final_test_error",
    "metric_n_params",
    "metric_elapsed_time",
)
FC_SPACE = {
    "hp_activation_fn_1": _choice("tanh", "relu"),
    "hp_batch_size": _domain(
        "FiniteRange", lower=8, upper=64, log_scale=True, cast_int=True, size=4
    ),
    "hp_dropout_1": _domain(
        "FiniteRange", lower=0.0, upper=0.6, log_scale=False, cast_int=False, size=3
    ),
    "hp_init_lr": _choice(0.0005, 0.001, 0.1),
}
FC_GRID = list(
    itertools.product(("relu", "tanh"), (8, 16, 32, 64), (0.0, 0.3, 0.6), (0.0005, 0.001, 0.1))
)
np.random.default_rng(3).shuffle(FC_GRID)
FC = _random(2, 72, 4, 5, 4, seconds=[3])
FC[:, :, 3, :, :3][:, 10] = np.nan  # one seed of configuration 10 was not run
FC[:, :, 0, :, :3][:, 11] = np.nan  # nor the first of configuration 11


def _grid(folder: Path) -> Path:
    columns = {n: [row[j] for row in FC_GRID] for j, n in enumerate(FC_SPACE)}
    return _shared(
        folder,
        FC_SPACE,
        columns,
        FC,
        names=FC_NAMES,
        tasks=("naval_propulsion", "protein_structure"),
        metric_elapsed_time="metric_elapsed_time",
        metric_default="metric_valid_loss",
        time_attr="hp_epoch",
    )


def test_a_full_grid_is_a_plain_space_whatever_its_order(made: Path) -> None:
    bed = open_instance(made, "fcnet/protein_structure")
    assert bed.problem.candidates is None
    assert bed.problem.space.parameters == (
        Categorical(("tanh", "relu")),
        Ordinal((8, 16, 32, 64)),
        Ordinal((0.0, 0.3, 0.6)),
        Categorical((0.0005, 0.001, 0.1)),
    )
    space = bed.problem.space
    configs = [dict(zip(FC_SPACE, row, strict=True)) for row in FC_GRID]
    trials = Trials.full(space, space.values(configs), [3])
    losses = bed.evaluate(trials).losses[:, 0]
    for i, loss in enumerate(losses):
        assert loss in FC[1, i, :, 2, 0]
        k = FC[1, i, :, 2, 0].tolist().index(np.float32(loss))
        assert bed.evaluate(trials).cost_s[i] == FC[1, i, k, 2, 3]
        assert bed.held_out(trials)[i, 0] == FC[1, i, k, 2, 1]


def test_seeds_that_were_not_run_are_not_observed(made: Path) -> None:
    bed = open_instance(made, "fcnet/protein_structure")
    space, rng = bed.problem.space, np.random.default_rng(0)
    for i in (10, 11, 12):
        values = space.values([dict(zip(FC_SPACE, FC_GRID[i], strict=True))])
        trials = Trials.full(space, np.tile(values, (200, 1)), [5])
        trials = replace(trials, seed=rng.integers(0, 2**63, 200).astype(np.uint64))
        there = FC[1, i, :, 4, 0][np.isfinite(FC[1, i, :, 4, 0])]
        assert sorted(set(bed.evaluate(trials).losses[:, 0])) == sorted(there.astype(float))
        assert bed.score(trials)[0, 0] == pytest.approx(there.mean(dtype=np.float64), rel=1e-12)


# ---------------------------------------------------- PD1: each task its own configurations, levels


def _own(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "configspace.json").write_text(json.dumps({"lr_initial_value": LOG_UNIFORM}))
    names = ["metric_valid_error_rate", "metric_elapsed_time"]
    known = {"objectives_names": names, "task_names": ["lm1b", "mnist"]}
    times = {"metric_elapsed_time": names[1], "time_attr": "global_step"}
    (folder / "metadata.json").write_text(json.dumps(known | times))
    for task, n, length in (("lm1b", 12, 7), ("mnist", 9, 4)):
        rates = (10 ** np.random.default_rng(n).uniform(-5, 1, n)).tolist()
        pq.write_table(
            pa.table({"lr_initial_value": rates}), folder / f"{task}-hyperparameters.parquet"
        )
        evaluations = _random(n, 1, length, 2, seconds=[1])
        evaluations[1, 0, 2:] = np.nan
        evaluations[4] = np.nan  # failed before its first measurement
        np.save(folder / f"{task}-objectives_evaluations.npy", evaluations)
        np.save(folder / f"{task}-fidelity_values.npy", np.arange(1, length + 1))
        step = {"global_step": _domain("Integer", "Uniform", lower=1, upper=length)}
        (folder / f"{task}-fidelity_space.json").write_text(json.dumps(step))
    return folder


@pytest.mark.parametrize(("task", "n", "length"), [("lm1b", 12, 7), ("mnist", 9, 4)])
def test_a_task_may_have_files_of_its_own(made: Path, task: str, n: int, length: int) -> None:
    bed = open_instance(made, f"pd1/{task}")
    assert bed.problem.fidelity is not None
    assert (bed.problem.fidelity.name, bed.problem.fidelity.max) == ("global_step", length)
    out = bed.evaluate(_listed(bed))
    assert np.flatnonzero(out.status == Status.diverged).tolist() == [1, 4]
    stored = np.load(made / "pd1" / f"{task}-objectives_evaluations.npy")
    alive = ~np.isin(np.arange(n), [1, 4])
    assert out.losses[alive, 0].tolist() == stored[alive, 0, -1, 0].tolist()
    assert out.cost_s[alive].tolist() == stored[alive, 0, -1, 1].tolist()


# ------------------------------------------------------------- what else the repository does


def _small(folder: Path, names: Sequence[str], **more: Any) -> Path:
    rates = [1e-4, 1e-3, 1e-2, 0.1, 1.0, 5.0]
    evaluations = more.pop("evaluations", _random(1, 6, 1, 1, len(names)))
    space = {"lr": LOG_UNIFORM}
    return _shared(folder / "box", space, {"lr": rates}, evaluations, names=names, **more)


def test_a_plainer_name_beside_val_is_the_test_error(tmp_path: Path) -> None:
    names = ("metric_error", "metric_error_val", "metric_elapsed_time", "rank")  # TabRepo
    _small(tmp_path, names, metric_elapsed_time="metric_elapsed_time")
    bed = open_instance(tmp_path, "box/adult")
    stored = np.load(tmp_path / "box" / "objectives_evaluations.npy")[0, :, 0, 0]
    assert bed.problem.objectives[0].name == "metric_error_val"
    assert bed.evaluate(_listed(bed)).losses[:, 0].tolist() == stored[:, 1].tolist()
    assert bed.held_out(_listed(bed))[:, 0].tolist() == stored[:, 0].tolist()
    with pytest.raises(StudyError, match="'metric_error' is held out"):
        open_instance(tmp_path, "box/adult", objectives=["metric_error"])


def test_one_level_is_no_fidelity_even_when_it_is_called_zero(tmp_path: Path) -> None:
    _small(tmp_path, ("valid_r2",), levels=np.arange(1))  # autoencodix
    bed = open_instance(tmp_path, "box/adult")
    assert bed.problem.fidelity is None
    assert bed.evaluate(_listed(bed)).cost_s.tolist() == [1.0] * 6
    assert check_testbed(bed).ok


def test_without_a_time_a_unit_of_fidelity_costs_a_second(tmp_path: Path) -> None:
    _small(tmp_path, ("loss",), evaluations=_random(1, 6, 2, 3, 1), levels=np.array([1, 3, 9]))
    bed = open_instance(tmp_path, "box/adult")
    assert [bed.evaluate(_listed(bed, e)).cost_s[0] for e in (1, 2, 3, 9)] == [1, 1, 3, 9]


def test_nasbench_says_that_its_validation_is_the_test_split(tmp_path: Path) -> None:
    _small(tmp_path, ("metric_valid_error",))
    (tmp_path / "box").rename(tmp_path / "nasbench201")
    assert "test split" in open_instance(tmp_path, "nasbench201/adult").facts.title


@pytest.mark.parametrize("task", ["lcbench/adult", "fcnet/protein_structure", "pd1/mnist"])
def test_it_conforms(made: Path, task: str) -> None:
    for objectives in (None, ["val_accuracy", "val_cross_entropy"]):
        if objectives is None or task.startswith("lcbench"):
            report = check_testbed(open_instance(made, task, objectives=objectives))
            assert report.ok, report.text()


# -------------------------------------------------------------------------------- objectives


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("val_accuracy", "maximize"),
        ("weighted_avg_auc_downstream_performance", "maximize"),
        ("valid_r2", "maximize"),
        ("metric_valid_error_rate", "minimize"),
        ("metric_CRPS", "minimize"),
        ("metric_n_params", "minimize"),
    ],
)
def test_the_direction_is_read_off_the_name(name: str, direction: str) -> None:
    assert told("x", [name])[0].direction == direction


def test_a_name_that_leaves_the_direction_open_must_be_told() -> None:
    for name in ("metric_y0", "accuracy_loss"):
        with pytest.raises(StudyError, match=r"say maximize=\['"):
            told("x", [name])
        assert told("x", [name], maximize=[])[0].direction == "minimize"
        assert told("x", [name], maximize=[name])[0].direction == "maximize"


def test_times_and_held_out_columns_are_no_default() -> None:
    names = ["training_runtime", "test_error", "val_error"]
    assert [o.name for o in told("x", names)] == ["val_error"]
    with pytest.raises(StudyError, match="must be different columns, got \\[\\]"):
        told("x", names[:2])


def test_an_unknown_objective_names_the_nearest(made: Path) -> None:
    with pytest.raises(StudyError, match="Did you mean 'val_accuracy'"):
        open_instance(made, "lcbench/adult", objectives=["val_acuracy"])
    with pytest.raises(StudyError, match="'test_accuracy' is held out"):
        open_instance(made, "lcbench/adult", maximize=["test_accuracy"])


# ------------------------------------------------------------------------------------- space


def test_every_domain_has_its_parameter() -> None:
    declared = {
        "a": _domain("Float", "Uniform", lower=0, upper=1),
        "b": LOG_UNIFORM,
        "c": _domain("Integer", "LogUniform", lower=1, upper=64),
        "d": _domain("OrdinalNearestNeighbor", categories=[1, 10, 100], log_scale=True),
        "e": _domain("Ordinal", "Uniform", categories=["s", "m", "l"]),
        "f": _choice(True, False),
        "g": _domain("FiniteRange", lower=1e-3, upper=1.0, log_scale=True, cast_int=False, size=4),
        "h": _choice(7),
        "i": _domain("Integer", "Uniform", lower=3, upper=3),
        "j": 50,
    }
    rows = {
        "a": [0.5],
        "b": [0.1],
        "c": [8],
        "d": [10],
        "e": ["l"],
        "f": [False],
        "g": [0.0100001e0],
    }
    rows["g"] = [0.01 * (1 + 1e-9)]  # numbers may differ in their last digits
    space, values = read_space(declared, rows | {"h": [7], "i": [3], "j": [50]})
    assert dict(space.items()) == {
        "a": Float(0, 1),
        "b": Float(1e-5, 10, log=True),
        "c": Int(1, 64, log=True),
        "d": Ordinal((1, 10, 100)),
        "e": Ordinal(("s", "m", "l")),
        "f": Categorical((True, False)),
        "g": Ordinal((1e-3, 1e-2, 1e-1, 1.0)),
    }
    assert values.tolist() == [[0.5, 0.1, 8.0, 1.0, 2.0, 1.0, 1.0]]


def test_whole_numbers_that_were_stored_as_logarithms_are_whole() -> None:
    domain = {"layers": _domain("Integer", "Uniform", lower=2, upper=4)}
    stored = np.exp(np.log([2, 3, 4])).tolist()
    space, values = read_space(domain, {"layers": stored})
    assert space["layers"] == Int(2, 4)
    assert values[:, 0].tolist() == [2.0, 3.0, 4.0]
    space, values = read_space(domain, {"layers": [2.5, 3.7]})
    assert space["layers"] == Float(2, 4)


def test_listed_values_widen_the_declared_range() -> None:
    space, _ = read_space({"lr": LOG_UNIFORM}, {"lr": [1e-6, 0.1]})
    assert space["lr"] == Float(1e-6, 10, log=True)
    space, _ = read_space({"lr": LOG_UNIFORM}, {"lr": [0.0, 0.1]})
    assert space["lr"] == Float(0.0, 10)


def test_none_is_the_choice_of_that_name() -> None:
    space, values = read_space({"skew": _choice("0.9", "None")}, {"skew": ["0.9", None, "None"]})
    assert values[:, 0].tolist() == [0.0, 1.0, 1.0]
    assert space["skew"] == Categorical(("0.9", "None"))


@pytest.mark.parametrize(
    ("declared", "rows", "message"),
    [
        ({"lr": LOG_UNIFORM}, {}, "'lr' is declared, but no values are listed"),
        ({"lr": _domain("Grid")}, {"lr": [1]}, "unknown domain 'Grid'"),
        (
            {"lr": {"kind": "float"}},
            {"lr": [1]},
            "hyperparameter 'lr': its domain lacks 'domain_cls'",
        ),
        ({"lr": _choice("a", "b")}, {"lr": ["c"]}, "'c' is none of"),
        ({"lr": _choice(1, 2)}, {"lr": [1.5]}, "1.5 is none of"),
        ({"lr": _choice(1, 2)}, {"lr": [True]}, "True is none of"),
        ({"lr": LOG_UNIFORM}, {"lr": [0.1, None]}, "configuration 1 has no finite value"),
        ({"lr": LOG_UNIFORM}, {"lr": ["fast"]}, "hyperparameter 'lr': "),
        ({"epochs": 50}, {}, "no hyperparameter varies"),
    ],
)
def test_a_space_that_does_not_fit_is_one_message(
    declared: Mapping[str, Any], rows: Columns, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read_space(declared, rows)


# ------------------------------------------------------------------------------------ damage


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def test_an_unknown_task_names_the_nearest(made: Path) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'lcbench/adult'"):
        open_instance(made, "lcbench/adults")


@pytest.mark.parametrize(
    "name",
    [
        "metadata.json",
        "configspace.json",
        "fidelityspace.json",
        "hyperparameters.parquet",
        "objectives_evaluations.npy",
        "fidelities_values.npy",
    ],
)
def test_a_truncated_file_is_one_message(tmp_path: Path, name: str) -> None:
    box = _small(tmp_path, ("loss",), evaluations=_random(1, 6, 1, 9, 1))
    _cut(box / name)
    with pytest.raises(DataError, match=name.replace(".", r"\.")) as caught:
        open_instance(tmp_path, "box/adult")
    assert "\n" not in str(caught.value)


def test_an_array_of_objects_is_refused(tmp_path: Path) -> None:
    box = _small(tmp_path, ("loss",))
    stored = np.empty((1, 6, 1, 1, 1), dtype=object)
    np.save(box / "objectives_evaluations.npy", stored, allow_pickle=True)
    with pytest.raises(DataError, match=r"objectives_evaluations\.npy cannot be read"):
        open_instance(tmp_path, "box/adult")


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((6, 1, 1, 1), "expected \\(tasks, configurations"),
        ((2, 6, 1, 1, 1), "with 1 tasks"),
        ((1, 5, 1, 1, 1), "expected floats for 6 configurations"),
        ((1, 6, 1, 2, 1), "1 levels"),
        ((1, 6, 1, 1, 2), "1 objectives"),
    ],
)
def test_axes_that_disagree_are_one_message(
    tmp_path: Path, shape: tuple[int, ...], message: str
) -> None:
    box = _small(tmp_path, ("loss",))
    np.save(box / "objectives_evaluations.npy", _random(*shape))
    with pytest.raises(DataError, match=message):
        open_instance(tmp_path, "box/adult")


def test_levels_that_do_not_ascend_and_holes_are_errors(tmp_path: Path) -> None:
    _small(tmp_path, ("loss",), evaluations=_random(1, 6, 1, 3, 1), levels=np.array([1, 9, 3]))
    with pytest.raises(DataError, match="strictly ascending"):
        open_instance(tmp_path, "box/adult")
    holes = _random(1, 6, 1, 3, 1)
    holes[0, 2, 0, 1, 0] = np.nan
    _small(tmp_path, ("loss",), evaluations=holes)
    with pytest.raises(DataError, match="NaN inside a curve"):
        open_instance(tmp_path, "box/adult")


def test_a_configuration_that_is_listed_twice_is_an_error(tmp_path: Path) -> None:
    box = _small(tmp_path, ("loss",))
    pq.write_table(
        pa.table({"lr": [0.1, 0.2, 0.3, 0.2, 1.0, 5.0]}), box / "hyperparameters.parquet"
    )
    with pytest.raises(DataError, match="configurations 1 and 3 are the same"):
        open_instance(tmp_path, "box/adult")


@pytest.mark.parametrize("metadata", [[], {}, {"task_names": "adult"}, {"task_names": []}])
def test_metadata_without_names_are_an_error(tmp_path: Path, metadata: Any) -> None:
    box = _small(tmp_path, ("loss",))
    (box / "metadata.json").write_text(json.dumps(metadata))
    with pytest.raises(DataError, match=r"metadata\.json"):
        instances(tmp_path)
