"""Several objectives of one table: exact points, a known front, a volume that is bounded by it."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from hpobench_lab import catalogue, plugins
from hpobench_lab.analysis.measures.hypervolume import front, hypervolume
from hpobench_lab.engine.projected import Projected
from hpobench_lab.errors import StudyError, UnknownName
from hpobench_lab.figures.f11_pareto import hypervolumes, volumes
from hpobench_lab.plugins import local
from hpobench_lab.problem import Budget, Problem
from hpobench_lab.runner import run_study
from hpobench_lab.studyfile import parse
from hpobench_lab.testbeds.curves.opening import open_exact
from hpobench_lab.testbeds.curves.storage.files import read_header, read_table
from hpobench_lab.testbeds.curves.table import Table
from hpobench_lab.testing import check_testbed
from hpobench_lab.trial import Status, Trials
from tests.conftest import execute
from tests.curves.made import made_table

FOUR = ("error", "latency", "size", "gap")
COLUMNS = {
    "error": "valid_error",
    "latency": "predict_s",
    "size": "model_bytes",
    "gap": "valid_gap",
}
WITH_GROUPS = {
    name: path
    for name, path in catalogue.tables().items()
    if local.table_header(path).get("data", {}).get("groups")
}


def _open(folder: Path, objectives: tuple[str, ...] = FOUR) -> Table:
    testbed = open_exact(folder, objectives=objectives)
    assert isinstance(testbed, Table)
    return testbed


def _all(testbed: Table) -> Trials:
    space, candidates = testbed.problem.space, testbed.problem.candidates
    assert candidates is not None
    return Trials.full(space, space.decode(candidates), [testbed.problem.fidelities[0].max])


@pytest.mark.parametrize("objectives", [FOUR, ("latency", "error"), ("gap",)])
def test_several_objectives_conform(tmp_path: Path, objectives: tuple[str, ...]) -> None:
    testbed = _open(made_table(tmp_path, groups="made"), objectives)
    assert [o.name for o in testbed.problem.objectives] == list(objectives)
    assert ("multiobjective" in testbed.problem.requirements) == (len(objectives) > 1)
    report = check_testbed(testbed)
    assert report.ok, report.text()
    assert report["scores what it evaluates"].status == "passed"
    assert report["declares its facts"].detail == ""


def test_a_point_is_what_the_file_holds_in_the_units_it_says(tmp_path: Path) -> None:
    folder = made_table(tmp_path, groups="made", broken=0)
    testbed, curves = _open(folder), read_table(folder, read_header(folder))
    units = {o.name: o.unit for o in testbed.problem.objectives}
    assert units == {"error": "", "latency": "ms per 1,000 rows", "size": "kB", "gap": ""}
    first = (curves.fold == 0) & (curves.replicate == 0)
    inside = (curves.values[:, 0] >= 1e-3) & (curves.values[:, 0] <= 1.0)
    told = testbed.evaluate(_all(testbed)).losses
    for j, (name, scale) in enumerate(zip(FOUR, (1, 1e3, 1e-3, 1), strict=True)):
        stored = curves.columns[COLUMNS[name]][first, -1][inside]
        np.testing.assert_array_equal(told[:, j], stored * scale)


def test_the_front_is_that_of_all_configurations_that_end_well(tmp_path: Path) -> None:
    testbed = _open(made_table(tmp_path, groups="made"))
    out, facts = testbed.evaluate(_all(testbed)), testbed.facts
    well = out.losses[out.status == Status.ok]
    assert len(well) == len(out.losses) - 2
    corner = np.array(facts.reference_point)
    np.testing.assert_allclose(corner, 1.1 * well.max(axis=0), rtol=1e-12)
    assert facts.hypervolume == pytest.approx(hypervolume(front(well), corner), rel=1e-12)
    few = _open(made_table(tmp_path / "few", n=7, broken=0, groups="made"), ("error", "size"))
    points = few.evaluate(_all(few)).losses
    assert few.facts.hypervolume == pytest.approx(
        _by_cells(points, np.array(few.facts.reference_point)), rel=1e-12
    )


def _by_cells(points: np.ndarray, corner: np.ndarray) -> float:
    """Return the volume cell by cell of the grid through all points: another way to count it."""
    edges = [np.append(np.unique(points[:, j]), corner[j]) for j in range(points.shape[1])]
    total = 0.0
    for cell in product(*(range(len(e) - 1) for e in edges)):
        low = np.array([e[k] for e, k in zip(edges, cell, strict=True)])
        high = np.array([e[k + 1] for e, k in zip(edges, cell, strict=True)])
        total += float(np.prod(high - low)) if (points <= low).all(axis=1).any() else 0.0
    return total


def test_whoever_asks_for_everything_reaches_the_known_volume_and_nobody_more(
    tmp_path: Path,
) -> None:
    testbed = _open(made_table(tmp_path, groups="made"))
    points = testbed.evaluate(_all(testbed)).losses
    facts = testbed.facts
    plot = volumes({("t", "all"): [points]}, {"t": facts.reference_point}, {"t": facts.hypervolume})
    assert plot.rows["value"][-1] == pytest.approx(1.0, rel=1e-12)
    assert max(plot.rows["value"]) <= 1.0 + 1e-12
    assert plot.rows["value"][0] < 1.0


def test_a_diverged_configuration_is_not_on_the_front_for_a_low_error(tmp_path: Path) -> None:
    testbed = _open(made_table(tmp_path, groups="made"), ("error", "size"))
    testbed._losses[:, -1, 0][testbed._status[:, -1] == Status.diverged] = 0.0
    bad = ~testbed.ended_well
    assert bad.sum() == 2
    scores = testbed.scores
    assert (scores[bad] == testbed.facts.reference_point).all()
    assert np.isnan(testbed.evaluate(_all(testbed)).losses[bad]).all()


def test_a_fold_has_a_front_of_its_own(tmp_path: Path) -> None:
    testbed = _open(made_table(tmp_path, groups="made"), ("error", "latency"))
    fold = testbed.fold(1)
    out = fold.evaluate(_all(fold))
    well = out.losses[out.status == Status.ok]
    assert fold.facts.hypervolume != testbed.facts.hypervolume
    corner = fold.facts.reference_point
    assert fold.facts.hypervolume == pytest.approx(
        hypervolume(well, testbed.facts.reference_point if corner == () else corner)
    )
    assert (fold.scores <= corner).all()
    assert testbed.fold(0).facts == testbed.facts
    held = fold.held_out(_all(fold))
    np.testing.assert_array_equal(held[:, 1], out.losses[:, 1])
    assert (held[:, 0] != out.losses[:, 0]).all()


def test_a_gap_without_groups_is_a_study_error_that_names_what_there_is(tmp_path: Path) -> None:
    folder = made_table(tmp_path)
    with pytest.raises(
        StudyError, match=r"no objective 'gap': its data has no groups; there are error, latency,"
    ):
        _open(folder, ("error", "gap"))
    with pytest.raises(UnknownName, match=r"unknown objective 'latence'\. Did you mean 'latency'"):
        _open(folder, ("latence",))
    with pytest.raises(StudyError, match="named twice"):
        _open(folder, ("error", "error"))


@pytest.mark.parametrize("optimizer", ["random", "sobol"])
def test_optimizers_that_ignore_losses_run_on_it(tmp_path: Path, optimizer: str) -> None:
    testbed, plugin = _open(made_table(tmp_path, groups="made")), plugins.optimizer(optimizer)
    assert testbed.problem.requirements <= plugin.supports

    def factory(problem: Problem, rng: np.random.Generator) -> object:
        return Projected(lambda seen: plugin.factory(seen, rng), problem)

    record = execute({optimizer: factory}, testbed, budget=Budget("evaluations", 30)).only
    assert record.header["status"] == "ok"
    assert {"loss", "loss.1", "loss.2", "loss.3"} <= set(record.columns)


def test_the_report_draws_its_hypervolume_against_the_true_front(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hpobench_lab.analysis import analyse
    from hpobench_lab.results import load

    monkeypatch.chdir(tmp_path)
    made_table(tmp_path / "testbeds" / "mine", groups="made", n=40)
    study = parse(
        """schema = 1
name = "mo"
seeds = "0:2"
protocol = { budget = { evaluations = 40 } }
primary = { baseline = "random" }
carbon = { enabled = false }
optimizer = [{ use = "random" }, { use = "sobol" }]
testbed = [{ use = "mine/made-mlp", params = { objectives = ["error", "size", "gap"] } }]
"""
    )
    results = load(run_study(study, out=tmp_path, reports=None, processes=0).folder)
    plot = hypervolumes(analyse(results), results)
    value, high = np.array(plot.rows["value"]), np.array(plot.rows["high"])
    assert set(plot.rows["optimizer"]) == {"random (projected)", "sobol (projected)"}
    assert high.max() == pytest.approx(1.0)  # with every configuration asked
    assert 0 < value[0] < 1


@pytest.mark.parametrize("name", WITH_GROUPS)
def test_the_committed_tables_with_groups_have_all_four(name: str) -> None:
    testbed = _open(WITH_GROUPS[name])
    report = check_testbed(testbed)
    assert report.ok, report.text()
    corner = np.array(testbed.facts.reference_point)
    assert testbed.facts.hypervolume is not None
    assert 0 < testbed.facts.hypervolume < corner.prod()
