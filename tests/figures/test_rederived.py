"""Every number of every figure agrees with what plain pandas derives from the results again."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hpobench_lab.analysis import analyse
from hpobench_lab.figures import plots
from hpobench_lab.results import load
from hpobench_lab.runner import run_study
from hpobench_lab.studyfile import parse
from tests.figures import rederive as script
from tests.figures.rederive_checks import read_csv
from tests.synthetic_results import Made, bed, make, rows_of, session, steady

QUALITY = {"random": 0.5, "tpe": 1.0, "sobol": 0.6, "cma": 0.9}
EPOCHS = {"name": "epochs", "unit": "epoch", "min": 1.0, "max": 9.0}


def made(beds: list[dict[str, Any]], seeds: int = 3, **more: Any) -> Made:
    losses = more.pop("losses", steady(QUALITY))
    study = make(list(QUALITY), beds, range(seeds), losses, baseline="random", **more)
    study.carbon.append(session(study))
    return study


def beds(n: int, **facts: Any) -> list[dict[str, Any]]:
    return [bed(f"synthetic/f{i:02}", **facts) for i in range(n)]


def crashes() -> Made:
    fine = steady(QUALITY)
    return made(
        beds(7),
        losses=lambda o, t, s: None if o == "tpe" and t[-1] in "01" and s else fine(o, t, s),
    )


def nothing_declared() -> Made:
    return made(beds(6, optimum=None, reference=None))


def shared_sources() -> Made:
    return made([bed(f"b{i:02}", source=f"s{i % 7}", family=f"f{i % 3}") for i in range(15)])


def some_do_not_apply() -> Made:
    study = made(beds(8))
    keep = [
        i
        for i, h in enumerate(study.headers)
        if h["optimizer"]["label"] != "cma" or h["testbed"]["id"][-1] in "01"
    ]
    skipped = [
        {"optimizer": "cma", "testbed": f"synthetic/f{i:02}", "missing": ["fidelity"]}
        for i in range(2, 8)
    ]
    study.study["not_applicable"] = skipped
    return only(study, keep)


def interrupted() -> Made:
    study = made(beds(7), seeds=4)
    return only(study, [i for i in range(len(study.headers)) if i % 5 != 3])


def folds() -> Made:
    study = made(beds(6), seeds=6)
    for h in study.headers:
        h["seed"], h["fold"] = divmod(h["seed"], 2)
    study.study["seeds"] = [0, 1, 2]
    return study


def rungs() -> Made:
    fine = steady(QUALITY)
    some = [bed(f"curves/m{i}", fidelity=EPOCHS) for i in range(6)]

    def losses(o: str, t: str, s: int) -> dict[str, Any]:
        run = fine(o, t, s)
        level = np.tile([1.0, 3.0, 9.0, 1.0], 5) if o == "tpe" else np.full(20, 9.0)
        run |= {"fidelity": level, "units": level, "end": np.cumsum(level)}
        run["parent"] = np.where(level > 1, run["id"] - 1, -1) if o == "tpe" else run["parent"]
        return run

    return made(some, losses=losses)


def surrogates() -> Made:
    return made(beds(8, kind="surrogate", quality={"mae_near_optimum": 0.03, "r2": 0.9}))


def two_energies() -> Made:
    """Return a study of a modelled session and a metered one in another country."""
    study = made(beds(6))
    second = session(study) | {"intensity_g_per_kwh": 20.0}
    for part in ("cpu", "ram"):
        second["kwh"][part]["method"] = "rapl"
    study.carbon += [second, session(study) | {"intensity_g_per_kwh": 100.0}]
    return study


def judged_outside() -> Made:
    study = made(beds(6))
    for i, h in enumerate(study.headers[:-5]):
        h["held_out"] = {"inner": 0.1 + i / 7, "outer": 0.3 + i / 9}
    study.headers[0]["held_out"]["outer"] = float("nan")
    return study


class TwoLosses(Made):
    """Hold a second loss too, as results do."""

    def run(self, i: int) -> Any:
        record = super().run(i)
        loss = record.columns["loss"]
        record.columns["loss.1"] = np.round(1.5 - loss + 0.3 * np.sin(7 * np.arange(len(loss))), 2)
        return record


def two_losses() -> Made:
    some = beds(6, reference_point=[2.0, 2.0])
    for b in some:
        b["objectives"] = ["loss", "latency"]
    del some[-1]["facts"]["reference_point"]
    study = made(some)
    return TwoLosses(study.headers, study.offsets, study.columns, study.study, carbon=study.carbon)


def late_and_noisy() -> Made:
    """Return runs whose first trials fail and whose incumbents' true values may rise."""

    def losses(o: str, t: str, s: int) -> dict[str, Any]:
        rng = np.random.default_rng(sum(map(ord, o + t)) + 99 * s)
        loss = rng.random(20)
        loss[: int(rng.integers(0, 6))] = np.nan
        return rows_of(loss, score=loss + 0.1 * rng.random(20))

    return made(beds(7), losses=losses)


def many() -> Made:
    quality = {"random": 0.5} | {f"o{i}": 0.4 + i / 15 for i in range(9)}
    return make(list(quality), beds(13), range(2), steady(quality), baseline="random")


def only(study: Made, keep: list[int]) -> Made:
    parts = [np.arange(study.offsets[i], study.offsets[i + 1]) for i in keep]
    rows = np.concatenate(parts)
    offsets = np.concatenate([[0], np.cumsum([len(p) for p in parts])])
    columns = {k: v[rows] for k, v in study.columns.items()}
    headers = [study.headers[i] for i in keep]
    return Made(headers, offsets, columns, study.study, study.paths, study.carbon)


STUDIES = {
    "crashes": crashes,
    "nothing declared": nothing_declared,
    "shared sources": shared_sources,
    "some do not apply": some_do_not_apply,
    "interrupted": interrupted,
    "folds": folds,
    "rungs": rungs,
    "surrogates": surrogates,
    "late and noisy": late_and_noisy,
    "many": many,
    "two kinds of energy": two_energies,
    "judged outside": judged_outside,
    "two losses": two_losses,
}


def drawn(study: Any, folder: Path) -> Path:
    for plot in plots(analyse(study), study):
        (folder / f"{plot.id}.csv").write_text(plot.csv, encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", STUDIES)
def test_every_number_of_every_figure_is_derived_again(name: str, tmp_path: Path) -> None:
    study = STUDIES[name]()
    found = script.rederive(study, drawn(study, tmp_path))
    assert found
    assert {stem: check.wrong[:3] for stem, check in found.items() if check.wrong} == {}
    assert all(check.n for check in found.values())


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Made, Path]:
    study = rungs()
    return study, drawn(study, tmp_path_factory.mktemp("rungs"))


COLUMNS = {
    "f1-regret": "x value low high",
    "f1-regret-by-testbed": "x value low high",
    "f2-ranks": "value low high",
    "f3-critical": "mean_rank low high n",
    "f5-pairs": "value n win tie loss",
    "f6-heatmap": "regret failed runs",
    "f7-strips": "value low high n",
    "f12-rungs": "fidelity loss",
    "f14-energy": "value regret low high",
    "f15-forest": "effect low high p_holm n margin",
    "f16-stability": "place least most low high first groups",
}


@pytest.mark.parametrize(
    ("stem", "column"), [(k, c) for k, v in COLUMNS.items() for c in v.split()]
)
def test_a_number_that_is_not_that_of_the_results_is_found(
    stem: str, column: str, shown: tuple[Made, Path], tmp_path: Path
) -> None:
    study, folder = shown
    rows = pd.read_csv(folder / f"{stem}.csv", keep_default_na=False, dtype=str)
    known = [i for i, v in enumerate(rows[column]) if v] or [len(rows) - 1]
    at = known[len(known) // 2]
    rows.loc[at, column] = repr(float(rows.loc[at, column] or 0.0) * 1.5 + 1.0)
    rows.to_csv(tmp_path / f"{stem}.csv", index=False)
    (check,) = script.rederive(study, tmp_path).values()
    assert check.wrong


@pytest.mark.parametrize("stem", ["f1-regret", "f3-critical", "f6-heatmap", "f15-forest"])
def test_a_small_difference_is_found(stem: str, shown: tuple[Made, Path], tmp_path: Path) -> None:
    study, folder = shown
    column = COLUMNS[stem].replace("x ", "").split()[0]
    rows = read_csv(folder / f"{stem}.csv")
    rows.loc[0, column] *= 1 + 1e-7
    rows.to_csv(tmp_path / f"{stem}.csv", index=False)
    (check,) = script.rederive(study, tmp_path).values()
    assert check.wrong
    assert 0 < check.largest < 1e-6


@pytest.mark.parametrize(
    ("name", "stem", "column"),
    [
        ("two kinds of energy", "f14-energy", "value"),
        ("two losses", "f11-hypervolume", "value"),
        ("two losses", "f11-hypervolume", "low"),
        ("two losses", "f11-pareto", "y"),
        ("judged outside", "f17-optimism", "outer"),
        ("judged outside", "f17-optimism", "n"),
        ("surrogates", "f5-pairs", "tie"),
    ],
)
def test_a_wrong_number_of_a_rare_figure_is_found(
    name: str, stem: str, column: str, tmp_path: Path
) -> None:
    study = STUDIES[name]()
    drawn(study, tmp_path)
    for file in tmp_path.glob("*.csv"):
        if file.stem != stem:
            file.unlink()
    rows = pd.read_csv(tmp_path / f"{stem}.csv", keep_default_na=False, dtype=str)
    at = len(rows) - 1
    rows.loc[at, column] = repr(float(rows.loc[at, column]) * 1.5 + 1.0)
    rows.to_csv(tmp_path / f"{stem}.csv", index=False)
    (check,) = script.rederive(study, tmp_path).values()
    assert check.wrong


@pytest.mark.parametrize("stem", ["f1-regret", "f2-ranks", "f5-pairs", "f7-strips", "f15-forest"])
def test_a_row_that_is_missing_is_found(
    stem: str, shown: tuple[Made, Path], tmp_path: Path
) -> None:
    study, folder = shown
    rows = pd.read_csv(folder / f"{stem}.csv", keep_default_na=False, dtype=str)
    rows[rows["optimizer"] != "tpe"].to_csv(tmp_path / f"{stem}.csv", index=False)
    (check,) = script.rederive(study, tmp_path).values()
    assert check.wrong


def test_a_figure_that_nobody_derives_again_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "f99-new.csv").write_text("panel,value\n,1.0\n", encoding="utf-8")
    (check,) = script.rederive(rungs(), tmp_path).values()
    assert "f99-new" in check.wrong[0]


def test_the_script_imports_nothing_of_what_it_checks() -> None:
    for file in Path(script.__file__).parent.glob("rederive*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            ours = [n for n in names if n.startswith("hpobench_lab")]
            assert set(ours) <= {"hpobench_lab.results"}, file.name


STUDY = """
schema = 1
name = "real"
seeds = "0:2"
protocol = { budget = { full_evaluations = 9 }, workers = 2 }
primary = { baseline = "random", margin = { budget = 0.1 } }
optimizer = [{ use = "random" }, { use = "sobol" }, { use = "asha" }]
testbed = [
    { use = "synthetic/branin" }, { use = "synthetic/hartmann6" }, { use = "synthetic/levy5" },
    { use = "synthetic/ackley10" }, { use = "synthetic/rosenbrock5" },
    { use = "synthetic/kernel-choice" }, { use = "synthetic/currin-mf" },
]
carbon = { enabled = false }
"""


def test_the_program_agrees_with_a_study_that_ran_and_fails_on_a_changed_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_study(parse(STUDY), out=tmp_path / "results", reports=None, processes=0)
    figures = tmp_path / "report" / "figures"
    figures.mkdir(parents=True)
    drawn(load(run.folder), figures)
    arguments = [str(run.folder), str(tmp_path / "report")]
    assert script.main(arguments) == 0, capsys.readouterr().out
    said = capsys.readouterr().out
    assert "f1-regret " in said
    assert "largest difference" in said
    file = figures / "f6-heatmap.csv"
    lines = file.read_text(encoding="utf-8").split("\n")
    cells = lines[1].split(",")
    cells[3] = "0.123456"
    file.write_text("\n".join([lines[0], ",".join(cells), *lines[2:]]), encoding="utf-8")
    assert script.main(arguments) == 1
    assert "WRONG" in capsys.readouterr().out
    assert script.main([]) == 2
