"""Lanes: what dies, hangs or eats the memory costs its own run only."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hpobench_lab.engine.record import lost_record
from hpobench_lab.pool import _Coordinator, _Lane, chunks
from hpobench_lab.problem import Budget
from hpobench_lab.protocol import Protocol
from hpobench_lab.results import RunRecord, load
from hpobench_lab.runner import RunSummary, run_study
from hpobench_lab.store import Store
from hpobench_lab.study import CarbonSettings, OptimizerSpec, Primary, Study, TestbedSpec
from tests.conftest import assert_same_run

FILE = Path(__file__).with_name("plugins_for_tests.py")
BED = TestbedSpec("synthetic/branin", "synthetic/branin", "1", facts={"kind": "function"})


def study(*names: str, seeds: tuple[int, ...] = (0, 1, 2), **protocol: Any) -> Study:
    optimizers = tuple(OptimizerSpec(f"{FILE}:{n}", n, n, "1") for n in names)
    rules = Protocol(Budget("evaluations", 20), **protocol)
    return Study("t", optimizers, (BED,), rules, seeds, Primary("Good"), CarbonSettings(False))


def run(folder: Path, what: Study, **options: Any) -> RunSummary:
    return run_study(what, out=folder, reports=None, **options)


def records(summary: RunSummary) -> dict[tuple[str, int], Any]:
    results = load(summary.folder)
    return {
        (h["optimizer"]["label"], h["seed"]): results.run(i) for i, h in enumerate(results.headers)
    }


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: Any) -> dict[tuple[str, int], Any]:
    return records(run(tmp_path_factory.mktemp("undisturbed"), study("Good"), processes=0))


def assert_good_runs_agree(found: Any, undisturbed: Any) -> None:
    for key, record in undisturbed.items():
        assert_same_run(record, found[key])


@pytest.mark.parametrize("processes", [1, 2])
def test_processes_change_nothing(tmp_path: Path, undisturbed: Any, processes: int) -> None:
    found = records(run(tmp_path, study("Good"), processes=processes))
    assert_good_runs_agree(found, undisturbed)


@pytest.mark.parametrize(
    ("name", "reason", "words", "options", "protocol"),
    [
        ("Kills", "crashed", "ended its process 2 times", {}, {}),
        ("Interrupts", "crashed", "ended its process 2 times", {}, {}),
        ("Hangs", "timeout", "ask_timeout_s = 1.5", {}, {"ask_timeout_s": 1.5}),
        ("Hungry", "error", "MemoryError", {"memory_mb": 4096}, {}),
    ],
)
def test_a_run_that_takes_its_process_along_fails_alone(
    tmp_path: Path,
    undisturbed: Any,
    name: str,
    reason: str,
    words: str,
    options: dict[str, int],
    protocol: dict[str, float],
) -> None:
    summary = run(tmp_path, study("Good", name, **protocol), processes=1, **options)
    assert (summary.ok, summary.failed, summary.planned) == (3, 3, 6)
    found = records(summary)
    for seed in range(3):
        header = found[name, seed].header
        assert (header["status"], header["reason"]) == ("failed", reason)
        assert words in header["message"]
    assert_good_runs_agree(found, undisturbed)


def test_a_process_that_dies_once_is_replaced_and_nothing_is_blamed(
    tmp_path: Path,
) -> None:
    what = study("Good", "KillsOnce", seeds=(0,))
    once = replace(what.optimizers[1], params={"marker": str(tmp_path / "marker")})
    summary = run(tmp_path, replace(what, optimizers=(what.optimizers[0], once)), processes=1)
    assert (tmp_path / "marker").exists()
    assert (summary.ok, summary.failed) == (2, 0)


def test_a_testbed_that_ends_its_process_costs_the_runs_that_go_there(tmp_path: Path) -> None:
    deadly = TestbedSpec(
        f"{FILE}:deadly", "deadly", "1", facts={"kind": "function"}, objectives=("loss",)
    )
    what = replace(study("Good", seeds=tuple(range(12))), testbeds=(deadly, BED))
    headers: list[Any] = []
    summary = run(tmp_path, what, processes=1, progress=lambda now: headers.append(now.last))
    assert summary.ok + summary.failed == summary.planned == 24
    results = load(summary.folder)
    for i, header in enumerate(results.headers):
        died = header["status"] == "failed"
        assert not died or header["testbed"]["id"] == "deadly"
        if died:
            assert header["reason"] == "crashed"
            assert "testbed deadly ended its process" in header["message"]
        elif header["testbed"]["id"] == "deadly":
            assert (results.run(i).columns["p.a"] <= 0.98).all()
    assert 0 < summary.failed < 12


def test_a_lane_that_dies_while_idle_is_replaced(tmp_path: Path, undisturbed: Any) -> None:
    what = study("Good")
    store = Store.create_or_open(tmp_path, what)
    done: list[Any] = []
    coordinator = _Coordinator(deque(chunks(what.runs(), store.folder, 1)), done.append, None)
    coordinator.lanes = [_Lane(coordinator._context, None)]
    coordinator.lanes[0].process.kill()
    coordinator.lanes[0].process.join()
    try:
        coordinator.run(0)
    finally:
        for lane in coordinator.lanes:
            lane.end()
    assert len(done) == 3
    results = load(store.folder)
    found = {("Good", h["seed"]): results.run(i) for i, h in enumerate(results.headers)}
    assert_good_runs_agree(found, undisturbed)


def test_every_run_is_counted_once(tmp_path: Path) -> None:
    seen: list[Any] = []
    run(tmp_path, study("Good", "Kills"), processes=1, progress=seen.append)
    assert [p.done for p in seen] == sorted(p.done for p in seen)
    assert seen[-1].done == seen[-1].planned == 6


def test_a_run_that_is_given_up_keeps_the_rows_it_had_stored(
    tmp_path: Path,
) -> None:
    what = study("Good", seeds=(0,))
    store = Store.create_or_open(tmp_path, what)
    whole = records(run(tmp_path / "whole", what, processes=0))["Good", 0]
    header = {k: v for k, v in whole.header.items() if k not in ("status", "reason", "message")}
    with store.writer() as writer:
        writer.partial(RunRecord(header, {k: v[:7] for k, v in whole.columns.items()}, 0))
    (lost,) = what.runs()
    record = lost_record(lost, "crashed", "gone", Store(store.folder).partial(lost.key))
    assert (record.header["n_told"], record.header["counts"]) == (7, {"ok": 7})
    with store.writer() as writer:
        writer.finished(record)
    assert Store(store.folder).finished_keys() == {lost.key}


def test_a_finished_study_evaluates_nothing(tmp_path: Path) -> None:
    first = run(tmp_path, study("Good"), processes=0)
    segments = Store(first.folder).segment_names()
    again = run(tmp_path, study("Good"), processes=0)
    assert (again.reused, again.ok) == (3, 3)
    assert Store(first.folder).segment_names() == segments


def test_a_study_file_can_be_run_from_python(tmp_path: Path) -> None:
    file = tmp_path / "study.toml"
    file.write_text(
        'schema = 1\nname = "t"\nseeds = "0:2"\n[protocol]\nbudget = { evaluations = 5 }\n'
        '[primary]\nbaseline = "random"\n[[optimizer]]\nuse = "random"\n'
        '[[optimizer]]\nuse = "sobol"\n[[testbed]]\nuse = "synthetic/branin"\n'
        "[carbon]\nenabled = false\n"
    )
    summary = run_study(file, out=tmp_path, reports=None, processes=0)
    assert (summary.planned, summary.ok) == (4, 4)


def test_more_seeds_extend_the_folder(tmp_path: Path, undisturbed: Any) -> None:
    run(tmp_path, study("Good", seeds=(0,)), processes=0)
    summary = run(tmp_path, study("Good", seeds=(1, 2)), processes=0)
    assert_good_runs_agree(records(summary), undisturbed)
