"""Run a study: what is stored is not done again, everything else goes to the lanes."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import threadpoolctl

from hpobench_lab import plugins
from hpobench_lab.carbon import RunSpan, Tracker, attribute, track
from hpobench_lab.engine.record import platform_facts
from hpobench_lab.lane import RunDone, run_chunk
from hpobench_lab.pool import chunks, run_in_lanes
from hpobench_lab.store import Store
from hpobench_lab.study import CarbonSettings, Run, Study

__all__ = ["Progress", "RunSummary", "changed_code", "run_study"]


@dataclass(frozen=True)
class Progress:
    """Say how far a study is: runs done of planned, and the header of the last one."""

    done: int
    planned: int
    last: dict[str, Any] | None = None


@dataclass
class RunSummary:
    """Say what became of a study.

    Args:
        folder: The results folder.
        planned: Runs that the study asks for; ``ok + failed`` when it is complete.
        ok: Runs that ended well.
        failed: Runs that failed; they are kept.
        reused: Of these, how many were stored before.
        quarantined: Damaged files that were set aside; runs of damaged segments were done again.
        not_applicable: Pairs that cannot work, not planned.
        report: The page, or None.
    """

    folder: Path
    planned: int
    ok: int = 0
    failed: int = 0
    reused: int = 0
    quarantined: list[str] = field(default_factory=list)
    not_applicable: int = 0
    report: Path | None = None


def run_study(
    study: Study | Path | str,
    *,
    out: Path = Path("results"),
    reports: Path | None = Path("reports"),
    processes: int = 1,
    memory_mb: int | None = None,
    progress: Callable[[Progress], None] = lambda progress: None,
) -> RunSummary:
    """Execute a study and write its report.

    Args:
        study: A validated study, a study file, or the name of a suite such as ``"quick"``.
        out: Where results folders lie; this one is ``<out>/<name>-<hash6>``.
        reports: Where reports lie; this one is ``<reports>/<name>``. None: no report.
        processes: Lanes. 0 runs in this process: no timeouts, and a crash takes it along.
        memory_mb: Address space of a lane, in MiB.
        progress: Called for every finished run.

    Raises:
        StudyError: If the folder belongs to a study with other settings.
        DataError: If something cannot be written.

    >>> import tempfile
    >>> from dataclasses import replace
    >>> from hpobench_lab.studyfile import Overrides, load
    >>> few = Overrides(("random", "tpe"), ("synthetic/branin",), seeds="0:2", budget="5")
    >>> study = replace(load("quick", few), carbon=CarbonSettings(enabled=False))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     summary = run_study(study, out=Path(folder), reports=None, processes=0)
    >>> summary.ok, summary.failed
    (4, 0)
    """
    if not isinstance(study, Study):
        from hpobench_lab.studyfile import load as load_study

        study = load_study(str(study))
    store = Store.create_or_open(out, study)
    quarantined = store.quarantine()
    finished = store.finished_keys()
    runs = study.runs()
    todo = [run for run in runs if run.key not in finished]
    reused = len(runs) - len(todo)
    progress(Progress(reused, len(runs)))
    if todo:
        seen: set[str] = set()  # a run that died with its process may come twice

        def done(header: dict[str, Any]) -> None:
            seen.add(header["key"])
            progress(Progress(reused + len(seen), len(runs), header))

        _execute(store, study, todo, done, processes, memory_mb)
    summary = RunSummary(store.folder, len(runs), reused=reused, quarantined=quarantined)
    summary.not_applicable = len(study.optimizers) * len(study.testbeds) - len(runs) // max(
        1, len(study.seeds)
    )
    _count(summary, store, {run.key for run in runs})
    if reports is not None:
        summary.report = _report(store.folder, reports / study.name)
    return summary


def _execute(
    store: Store,
    study: Study,
    todo: list[Run],
    done: RunDone,
    processes: int,
    memory_mb: int | None,
) -> None:
    """Execute runs under the energy tracker; store them, the machine and the energy."""
    spans: dict[str, RunSpan] = {}

    def noted(header: dict[str, Any]) -> None:
        spans[header["key"]] = _span(header)
        done(header)

    store.add_environment(environment())
    with track(study.carbon) as tracker:
        if processes:
            work = chunks(todo, store.folder, processes)
            run_in_lanes(work, processes, noted, memory_mb=memory_mb)
        else:
            with threadpoolctl.threadpool_limits(1):  # as in a lane
                for chunk in chunks(todo, store.folder, 1):
                    run_chunk(chunk, store, noted)
    store.add_carbon(_energy(tracker, list(spans.values()), study.carbon))


def changed_code(study: Study) -> list[str]:
    """Return a line for every plug-in whose code is not what the study began with.

    Finished runs are kept; for an interrupted one replay decides whether the code still does the
    same.
    """
    now = {o.label: (o.version, plugins.optimizer(o.use).version) for o in study.optimizers}
    for bed in study.testbeds:
        live = plugins.testbed(bed.use, dict(bed.params), [dict(w) for w in bed.wrap])
        now[bed.id] = (bed.version, live.facts.version)
    return [
        f"the code of {name} changed since the study began (version {was[:12]}, now {is_[:12]}); "
        "start anew with 'run' to compare like with like"
        for name, (was, is_) in now.items()
        if was != is_
    ]


def _count(summary: RunSummary, store: Store, keys: set[str]) -> None:
    states = [p.header["status"] for key, p in store.finished().items() if key in keys]
    summary.ok, summary.failed = states.count("ok"), states.count("failed")


def _report(folder: Path, out: Path) -> Path:
    from hpobench_lab.report import write_report
    from hpobench_lab.results import load

    return Path(write_report(load(folder), out).html)


def _span(header: dict[str, Any]) -> RunSpan:
    measured = header.get("measured", header)
    return RunSpan(
        header["key"],
        measured["wall_start"],
        max(measured["wall_end"], measured["wall_start"] + 1e-3),
        measured.get("cpu_s", 0.0),
    )


def _energy(tracker: Tracker, spans: list[RunSpan], settings: CarbonSettings) -> dict[str, Any]:
    """Return the session's record with each run's share; the shares and the rest sum to it."""
    record = tracker.record()
    if settings.enabled and record.get("kwh") is not None:
        shares = attribute(tracker.samples, spans)
        record["runs"] = {
            "kwh": dict(zip(shares.keys, shares.kwh.tolist(), strict=True)),
            "idle_kwh": shares.idle_kwh,
            "other_kwh": shares.other_kwh,
            "total_kwh": shares.total_kwh,
        }
    return record


def environment() -> dict[str, Any]:
    """Return the machine and the package versions, for provenance; not part of any key."""
    from importlib.metadata import PackageNotFoundError, version

    names = "numpy scipy pandas scikit-learn matplotlib codecarbon pyarrow xgboost torch numba"
    packages = {}
    for name in ("hpobench_lab", *names.split()):
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "python": sys.version.split()[0],
        "implementation": platform.python_implementation(),
        "system": platform.platform(),
        "host": platform.node(),
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "threads_per_lane": 1,
        "packages": packages,
        "platform": platform_facts(),
    }


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().split("\n")
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
