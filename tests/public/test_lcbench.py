"""LCBench in its documented form: the loader has not met the original file.

The fixture follows https://github.com/automl/LCBench: ``api.py`` (the nesting {data set: {id:
{"config", "log", "results"}}}; ids are text), ``notebooks/API Example.ipynb`` (all tags; logs of 52
entries; accuracies in per cent; constant entries of a configuration) and ``README.md`` (ranges).
The traps are those of ``TESTBEDS.md``, of Syne Tune's import of the same file (entries 0 and 51
dropped, ``num_layers`` true) and of LCBench issue 4.
"""

import json
import os
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpobench_lab.errors import DataError, UnknownName
from hpobench_lab.testbeds.public.lcbench import SPACE, instances, open_instance
from hpobench_lab.testing import check_testbed
from hpobench_lab.trial import Status, Trials

RUNS = 60
CONSTANT = {
    "imputation_strategy": "mean",
    "learning_rate_scheduler": "cosine_annealing",
    "loss": "cross_entropy_weighted",
    "network": "shapedmlpnet",
    "normalization_strategy": "standardize",
    "optimizer": "sgd",
    "cosine_annealing_T_max": 50,
    "cosine_annealing_eta_min": 1e-08,
    "activation": "relu",
    "mlp_shape": "funnel",
}


def _training(rng: np.random.Generator, number: int) -> dict[str, Any]:
    """Return one training as upstream writes it."""

    def curve(low: float, high: float) -> list[float]:
        fall = np.exp(-np.arange(52) / 12) * (high - low) + low + rng.normal(0, 0.01, 52)
        return [float(np.float32(v)) for v in fall]

    seconds = np.cumsum(rng.uniform(0.5, 1.5, 52))
    seconds[20] = seconds[18]  # not always monotone
    log: dict[str, list[Any]] = {
        "time": seconds.tolist(),
        "epoch": list(range(52)),
        "Train/loss": curve(0.3, 0.7),
        "Train/val_accuracy": [100 * v for v in curve(0.9, 0.5)],
        "Train/val_cross_entropy": curve(0.2, 1.2),
        "Train/val_balanced_accuracy": [100 * v for v in curve(0.8, 0.5)],
        "Train/test_result": [100 * v for v in curve(0.88, 0.5)],
        "Train/test_cross_entropy": curve(0.25, 1.2),
        "Train/lr": curve(0.0, 0.1),
    }
    for tag in ("Train/val_cross_entropy", "Train/test_cross_entropy"):
        log[tag][0], log[tag][51] = 1000.0, -1000.0  # the untrained net, and the odd last entry
    config = {
        "batch_size": int(rng.integers(16, 513)),
        "max_dropout": float(rng.random()),
        "max_units": int(rng.integers(64, 1025)),
        "num_layers": [True, 2, 3, 4][number % 4],
        "learning_rate": float(10 ** rng.uniform(-4, -1)),
        "momentum": float(rng.uniform(0.1, 0.99)),
        "weight_decay": float(rng.uniform(1e-5, 1e-1)),
    }
    results = {"OpenML_task_id": 189906, "seed": 1, "final_val_cross_entropy": 0.5, "classes": 2}
    return {"config": CONSTANT | config, "log": log, "results": results}


def _data() -> dict[str, dict[str, Any]]:
    rng = np.random.default_rng(0)
    order = rng.permutation(RUNS)  # ids need not ascend
    data = {
        name: {str(i): _training(rng, int(i)) for i in order}
        for name in ("Fashion-MNIST", "adult", "numerai28.6")
    }
    broke, short = data["adult"]["3"]["log"], data["adult"]["5"]["log"]
    for tag in ("Train/val_cross_entropy", "Train/test_cross_entropy"):
        broke[tag][30:] = [float("nan")] * 22  # diverged
    for tag in short:
        short[tag] = short[tag][:11]  # broke off after ten epochs
    return data


DATA = _data()


def _write(folder: Path, data: Any = DATA) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "data_2k.json").write_text(json.dumps(data), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _write(tmp_path_factory.mktemp("data") / "lcbench")


def _all(bed: Any, epoch: float = 50.0) -> Trials:
    """Return all listed configurations, in the order of the ids."""
    space = bed.problem.space
    return Trials.full(space, space.decode(bed.problem.candidates), [epoch])


def _logs(name: str, tag: str) -> np.ndarray:
    """Return the entries of the file, shape (runs, 52); NaN behind the end."""
    out = np.full((RUNS, 52), np.nan)
    for i in range(RUNS):
        log = DATA[name][str(i)]["log"][tag]
        out[i, : len(log)] = log
    return out


def test_the_data_sets_are_listed(made: Path) -> None:
    assert instances(made) == ["Fashion-MNIST", "adult", "numerai28.6"]
    assert instances(made.parent) == instances(made)
    assert instances(made / "nowhere") == []


@pytest.mark.parametrize("epoch", [1, 2, 25, 50])
def test_epoch_e_is_entry_e_and_neither_the_first_nor_the_last_is_served(
    made: Path, epoch: int
) -> None:
    bed = open_instance(made, "Fashion-MNIST")
    assert bed.problem.fidelity is not None
    assert (bed.problem.fidelity.min, bed.problem.fidelity.max) == (1.0, 50.0)
    losses = bed.evaluate(_all(bed, epoch)).losses[:, 0]
    assert losses.tolist() == _logs("Fashion-MNIST", "Train/val_cross_entropy")[:, epoch].tolist()


def test_true_layers_are_one_layer(made: Path) -> None:
    configs = _all(bed := open_instance(made, "adult")).configs()
    assert [c["num_layers"] for c in configs] == [(1, 2, 3, 4)[i % 4] for i in range(RUNS)]
    assert all(type(c["num_layers"]) is int for c in configs)
    for i, config in enumerate(configs):
        stored = DATA["adult"][str(i)]["config"]
        assert config == pytest.approx({name: float(stored[name]) for name in SPACE.names})
    assert bed.problem.space == SPACE


def test_true_layers_may_be_text(tmp_path: Path) -> None:
    data = {"adult": {k: json.loads(json.dumps(v)) for k, v in DATA["adult"].items()}}
    for run in data["adult"].values():
        run["config"]["num_layers"] = str(run["config"]["num_layers"])
    configs = _all(open_instance(_write(tmp_path, data), "adult")).configs()
    assert [c["num_layers"] for c in configs] == [(1, 2, 3, 4)[i % 4] for i in range(RUNS)]


def test_time_is_a_running_maximum(made: Path) -> None:
    bed = open_instance(made, "Fashion-MNIST")
    costs = np.stack([bed.evaluate(_all(bed, e)).cost_s for e in range(1, 51)], axis=1)
    stored = _logs("Fashion-MNIST", "time")[:, 1:51]
    assert (np.diff(stored, axis=1) < 0).any(), "the fixture lacks the trap"
    assert costs.tolist() == np.maximum.accumulate(stored, axis=1).tolist()


def test_what_broke_off_has_diverged_from_there_on(made: Path) -> None:
    bed = open_instance(made, "adult")
    diverged = {e: bed.evaluate(_all(bed, e)).status == Status.diverged for e in (10, 11, 29, 30)}
    assert {e: np.flatnonzero(d).tolist() for e, d in diverged.items()} == {
        10: [],
        11: [5],
        29: [5],
        30: [3, 5],
    }


def test_accuracy_is_negated_and_its_test_values_too(made: Path) -> None:
    bed = open_instance(made, "adult", measure="accuracy")
    assert bed.problem.objectives[0].direction == "maximize"
    alive = ~np.isin(np.arange(RUNS), [3, 5])
    told, held = bed.evaluate(_all(bed)).losses[:, 0], bed.held_out(_all(bed))[:, 0]
    assert (-told[alive]).tolist() == _logs("adult", "Train/val_accuracy")[alive, 50].tolist()
    assert (-held[alive]).tolist() == _logs("adult", "Train/test_result")[alive, 50].tolist()


def test_test_values_are_sealed_in_a_file_of_their_own(tmp_path: Path) -> None:
    bed = open_instance(_write(tmp_path), "adult")
    sealed = tmp_path / "data_2k.json.sealed.npz"
    moved = sealed.rename(tmp_path / "elsewhere")
    out, score = bed.evaluate(_all(bed)), bed.score(_all(bed))
    assert np.isfinite(out.losses[0, 0])
    assert np.isfinite(score[0, 0])
    with pytest.raises(DataError, match=r"sealed\.npz is missing"):
        bed.held_out(_all(bed))
    moved.rename(sealed)
    held = bed.held_out(_all(bed, 7))[:, 0]
    assert held.tolist() == _logs("adult", "Train/test_cross_entropy")[:, 7].tolist()


def test_the_columns_hold_no_test_values(made: Path) -> None:
    instances(made)
    with np.load(made / "data_2k.json.columns.npz") as told:
        columns = {name.partition(".")[2] for name in told.files}
    assert columns == {"", "values", "cross_entropy", "accuracy", "time"}


def test_the_json_is_read_once(tmp_path: Path) -> None:
    path = _write(tmp_path) / "data_2k.json"
    first = open_instance(tmp_path, "adult")
    state = path.stat()
    path.write_bytes(b"?" * state.st_size)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    again = open_instance(tmp_path, "adult")
    assert again.facts == first.facts
    assert np.array_equal(again.losses, first.losses, equal_nan=True)


def test_another_json_is_read_again(tmp_path: Path) -> None:
    assert "adult" in instances(_write(tmp_path))
    _write(tmp_path, {"higgs": DATA["adult"]})
    assert instances(tmp_path) == ["higgs"]
    assert open_instance(tmp_path, "higgs").facts.name == "lcbench/higgs"


def test_a_conversion_that_fails_leaves_nothing(tmp_path: Path) -> None:
    text = json.dumps(DATA)
    (tmp_path / "data_2k.json").write_text(text[: len(text) // 2], encoding="utf-8")
    with pytest.raises(DataError, match="cut short"):
        instances(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["data_2k.json"]


def test_a_folder_that_is_not_writable_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(np, "savez_compressed", refuse)
    with pytest.raises(DataError, match=r"cannot be written .* move the JSON to a folder"):
        instances(_write(tmp_path))
    assert [p.name for p in tmp_path.iterdir()] == ["data_2k.json"]


def test_the_zip_file_is_read_as_it_is(made: Path, tmp_path: Path) -> None:
    path = tmp_path / "data_2k_lw.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(made / "data_2k.json", "data_2k_lw.json")
    zipped, plain = open_instance(tmp_path, "adult"), open_instance(made, "adult")
    assert np.array_equal(zipped.losses, plain.losses, equal_nan=True)


@pytest.mark.parametrize("name", ["Fashion-MNIST", "adult"])
@pytest.mark.parametrize("measure", ["cross_entropy", "accuracy"])
def test_it_conforms(made: Path, name: str, measure: Any) -> None:
    report = check_testbed(open_instance(made, name, measure=measure))
    assert report.ok, report.text()


def test_an_unknown_data_set_names_the_nearest(made: Path) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'Fashion-MNIST'"):
        open_instance(made, "fashion-MNIST")
    with pytest.raises(DataError, match=r"none of data_2k\.json"):
        open_instance(made / "nowhere", "adult")


def _spoiled(change: Any) -> dict[str, Any]:
    data = json.loads(json.dumps({"adult": DATA["adult"]}))
    change(data["adult"]["7"])
    return dict(data)


def _drop(run: Any) -> None:
    del run["config"]["momentum"]


def _longer(run: Any) -> None:
    for log in run["log"].values():
        log.append(0.5)


def _uneven(run: Any) -> None:
    run["log"]["time"].pop()


def _hole(run: Any) -> None:
    run["log"]["Train/val_cross_entropy"][9] = None


def _outside(run: Any) -> None:
    run["config"]["max_units"] = 4096


def _text(run: Any) -> None:
    run["log"]["Train/val_cross_entropy"][9] = "low"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_drop, "lacks 'momentum'"),
        (_longer, r"logs of \[53\] entries, expected 52"),
        (_uneven, r"logs of \[51, 52\] entries"),
        (_hole, "NaN inside a curve"),
        (_outside, "lies outside the space: max_units"),
        (_text, "cannot be read"),
    ],
)
def test_a_damaged_file_is_one_message(tmp_path: Path, change: Any, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        open_instance(_write(tmp_path, _spoiled(change)), "adult")
    assert "\n" not in str(caught.value)


def test_a_truncated_column_file_is_one_message(tmp_path: Path) -> None:
    instances(_write(tmp_path))
    path = tmp_path / "data_2k.json.columns.npz"
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(DataError, match=r"columns\.npz cannot be read: .*; delete it, and"):
        open_instance(tmp_path, "adult")
    path.unlink()
    assert open_instance(tmp_path, "adult").facts.optimum is not None


def test_the_noise_stream_does_not_matter(made: Path) -> None:
    bed = open_instance(made, "adult")
    trials = _all(bed, 9)
    other = replace(trials, seed=trials.seed + np.uint64(7))
    assert not bed.facts.stochastic
    assert np.array_equal(bed.evaluate(trials).losses, bed.evaluate(other).losses, equal_nan=True)
