"""The command ``plan``: what a study can find, with and without a pilot."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hpobench_lab import cli

NAMES = "branin hartmann6 ackley10 rosenbrock5 levy5 kernel-choice".split()
BEDS = ", ".join(f'{{ use = "synthetic/{name}" }}' for name in NAMES)
STUDY = f"""\
schema = 1
name   = "small"
seeds  = "0:3"
protocol = {{ budget = {{ evaluations = 6 }} }}
primary = {{ baseline = "random" }}
optimizer = [{{ use = "random" }}, {{ use = "sobol" }}, {{ use = "evolution-strategy" }}]
testbed = [{BEDS}]
carbon = {{ enabled = false }}
"""
Runs = Callable[..., tuple[int, str, str]]


@pytest.fixture
def lab(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Runs:
    """Return a function that runs the command line beside small.toml: (code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    Path("small.toml").write_text(STUDY)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the results of the small study."""
    from hpobench_lab.runner import run_study
    from hpobench_lab.studyfile import parse

    out = tmp_path_factory.mktemp("results")
    return run_study(parse(STUDY), out=out, reports=None, processes=0).folder


@pytest.fixture
def piloted(lab: Runs, results: Path) -> Runs:
    """Return the same, with a pilot under results/."""
    shutil.copytree(results, Path("results") / results.name)
    return lab


def test_without_a_pilot_only_the_attainable_p_is_told_and_how_to_get_one(lab: Runs) -> None:
    code, out, err = lab("plan", "small.toml")
    assert (code, err) == (0, "")
    assert out.startswith("small: 54 runs = 3 optimizers x 6 testbeds x 3 seeds")
    assert "2 comparisons with random over 6 sources" in out
    assert "is 0.0625, so this design cannot reach 0.05 whatever the results; 7 sources" in out
    assert "All 3 pairs would have 0.0938, out of reach of 0.05" in out
    assert "Without a pilot only the attainable p can be told." in out
    assert "--seeds 0:5" in out.replace("\n", " ")
    document = json.loads(lab("plan", "small.toml", "--json")[1])
    assert document["power"] is None
    assert document["reason"].startswith("Without a pilot")
    assert document["plan"]["smallest_p_pairs"] == 3 / 32


def test_a_pilot_of_the_same_name_is_found_and_named(piloted: Runs, results: Path) -> None:
    code, out, err = piloted("plan", "small.toml", "-o", "random", "-o", "sobol")
    assert (code, err) == (0, "")
    assert f"Pilot results/{results.name}: 6 sources, 3 seeds, read at 6 evaluations." in out
    lines = out.splitlines()
    head = next(i for i, line in enumerate(lines) if line.startswith("sources  3 seeds (now)"))
    assert [line.split()[0] for line in lines[head + 1 : head + 4]] == ["6", "9", "12"]
    assert "By optimizer, now: sobol" in out
    assert "add testbeds of other sources" in out or "shows no variance between" in out


def test_its_figures_are_those_of_the_analysis(piloted: Runs, results: Path) -> None:
    from hpobench_lab.analysis.inference.pilot import pilot_of
    from hpobench_lab.analysis.inference.power import Rule, detectable_effect
    from hpobench_lab.results import load

    options = ["-o", "random", "-o", "sobol", "--power", "0.9", "--json"]
    found = json.loads(piloted("plan", "small.toml", *options)[1])["power"]
    of = pilot_of(load(results), "random", optimizers=["random", "sobol"]).pooled
    assert found["pilot"]["between_seeds"] == of.within
    assert (found["comparisons"], found["power"], found["level"]) == (1, 0.9, 0.05)
    for row in found["detectable"]:
        design = {"sources": row["sources"], "seeds": row["seeds"]}
        assert row["effect"] == detectable_effect(of, Rule(1, power=0.9), **design)
        assert row["share"] == pytest.approx(row["effect"] / found["pilot"]["baseline_mean"])
    effects = {(row["sources"], row["seeds"]): row["effect"] for row in found["detectable"]}
    assert effects[12, 20] < effects[6, 20] <= effects[6, 5]


def test_where_the_level_is_out_of_reach_no_effect_is_announced(piloted: Runs) -> None:
    out = piloted("plan", "small.toml")[1]
    (line,) = [line for line in out.splitlines() if line.startswith("6 (now)")]
    assert line.split()[2:] == ["none"] * 4
    found = json.loads(piloted("plan", "small.toml", "--json")[1])["power"]
    assert found["detectable"][0]["effect"] is None


def test_an_effect_is_answered_by_sources_and_seeds(piloted: Runs) -> None:
    options = ["-o", "random", "-o", "sobol", "--effect"]
    assert "needs" in piloted("plan", "small.toml", *options, "0.5")[1]
    tiny = json.loads(piloted("plan", "small.toml", *options, "1e-9", "--json")[1])["power"]
    assert {row["sources"] for row in tiny["needed"]["sources"]} == {None}
    assert tiny["needed"]["seeds"] is None
    huge = json.loads(piloted("plan", "small.toml", *options, "1000", "--json")[1])["power"]
    assert {row["sources"] for row in huge["needed"]["sources"]} == {6}
    assert huge["needed"]["seeds"] == 1


def test_overrides_change_the_plan_and_any_pilot_may_be_named(lab: Runs, results: Path) -> None:
    code, out, _ = lab(
        *"plan quick --seeds 0:7 --budget 3evaluations -o random -o sobol -t synthetic/*".split(),
        *("--pilot", str(results)),
    )
    assert code == 0
    assert "x 7 seeds, 3 evaluations each" in out
    assert "read at 3 evaluations" in out.replace("\n", " ")
    assert "7 seeds (now)" in out


def test_a_pilot_without_the_baseline_says_so(lab: Runs, results: Path) -> None:
    options = ["--pilot", str(results), "-o", "tpe", "-o", "sobol", "--baseline", "tpe"]
    code, out, _ = lab("plan", "small.toml", *options)
    assert code == 0
    assert "the pilot has no runs of tpe" in out.replace("\n", " ")


def test_one_optimizer_has_nothing_to_find(piloted: Runs) -> None:
    code, out, _ = piloted("plan", "small.toml", "-o", "random")
    assert code == 0
    assert "Nothing is compared" in out


@pytest.mark.parametrize(
    ("arguments", "code", "wanted"),
    [
        ("plan smal.toml", 2, "there is no study file 'smal.toml'. Did you mean 'small.toml'?"),
        ("plan small.toml -o tpee -o random", 2, "-o tpee: unknown optimizer 'tpee'."),
        ("plan small.toml --power 1", 2, "--power must lie between 0.05, the level, and 1, got 1"),
        ("plan small.toml --effect -1", 2, "--effect must be a positive number, got -1"),
        ("plan small.toml --effect nan", 2, "--effect must be a positive number, got nan"),
        ("plan small.toml --pilot nowhere", 5, "nowhere: no such results folder"),
    ],
)
def test_a_mistake_is_one_message(lab: Runs, arguments: str, code: int, wanted: str) -> None:
    found, out, err = lab(*arguments.split())
    assert (found, out) == (code, "")
    assert wanted in err
    assert "Traceback" not in err


def test_the_help_ends_with_examples(lab: Runs) -> None:
    code, out, _ = lab("plan", "--help")
    assert code == 0
    assert "hpobench-lab plan quick" in out.partition("Examples:")[2]
    assert all(len(line) <= 100 for line in out.splitlines())
