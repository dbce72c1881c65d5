"""``run`` and ``resume``: execute a study."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hpobench_lab.cli.interrupt import resumable
from hpobench_lab.cli.options import (
    Debug,
    Json,
    MemoryLimit,
    NoCarbon,
    NoReport,
    Out,
    Processes,
    Reports,
    examples,
)
from hpobench_lab.cli.output import emit, note, say, terminal_width
from hpobench_lab.cli.progress import Step, shown
from hpobench_lab.errors import StudyError, suggestion

if TYPE_CHECKING:
    from hpobench_lab.plan import Plan
    from hpobench_lab.runner import Progress, RunSummary
    from hpobench_lab.study import Study

__all__ = ["newest", "register"]

SOME_FAILED = 4


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command(
        "run",
        short_help="Run a study, then write its report.",
        epilog=examples(
            "hpobench-lab run quick",
            "hpobench-lab run quick --seeds 0:20 -j 4",
            "hpobench-lab run my_study.toml --dry-run",
            "hpobench-lab run quick -o random -o optimizers/mine.py -t 'synthetic/*' --budget 100",
        ),
    )(run)
    app.command(
        "resume",
        short_help="Continue an interrupted study.",
        epilog=examples(
            "hpobench-lab resume                        the newest folder in results/",
            "hpobench-lab resume results/quick-3f2a91 -j 4",
        ),
    )(resume)


StudyName = Annotated[str, typer.Argument(help="A TOML file or a suite's name.", metavar="STUDY")]
Optimizers = Annotated[
    list[str] | None,
    typer.Option("-o", "--optimizer", help="Instead of the study's; repeat.", metavar="OPT"),
]
Testbeds = Annotated[
    list[str] | None,
    typer.Option("-t", "--testbed", help="Instead of the study's; repeat.", metavar="TESTBED"),
]
Seeds = Annotated[str | None, typer.Option(help="Half-open range, such as 0:20.", metavar="A:B")]
Budget = Annotated[
    str | None,
    typer.Option(help="100 of the study's unit, 100evaluations, 600s.", metavar="N[UNIT]"),
]
Workers = Annotated[int | None, typer.Option(help="Simulated workers.", metavar="N")]
Baseline = Annotated[
    str | None, typer.Option(help="Label that the others are compared with.", metavar="LABEL")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop.")]
Result = Annotated[
    Path | None, typer.Argument(help="A results folder; default the newest.", metavar="RESULT")
]


def run(
    study: StudyName,
    optimizer: Optimizers = None,
    testbed: Testbeds = None,
    seeds: Seeds = None,
    budget: Budget = None,
    workers: Workers = None,
    baseline: Baseline = None,
    processes: Processes = 1,
    memory_limit: MemoryLimit = None,
    out: Out = Path("results"),
    reports: Reports = Path("reports"),
    no_report: NoReport = False,
    dry_run: DryRun = False,
    no_carbon: NoCarbon = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Run a study: every optimizer on every testbed with every seed, then the report.

    What is stored already is not done again: run it twice, or with more seeds.
    """
    from hpobench_lab.plan import plan_of
    from hpobench_lab.studyfile import Overrides, load

    chosen = tuple(optimizer or ()), tuple(testbed or ())
    wanted = load(study, Overrides(*chosen, seeds, budget, workers, baseline))
    plan = plan_of(wanted)
    note(plan.text())
    if dry_run:
        if as_json:
            emit({"plan": asdict(plan)})
        return
    how = _How(out, None if no_report else reports, processes, memory_limit, no_carbon, as_json)
    _execute(wanted, how, plan)


def resume(
    result: Result = None,
    processes: Processes = 1,
    memory_limit: MemoryLimit = None,
    out: Out = Path("results"),
    reports: Reports = Path("reports"),
    no_report: NoReport = False,
    no_carbon: NoCarbon = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Continue a study that was interrupted, from its results folder."""
    from hpobench_lab.runner import changed_code
    from hpobench_lab.store import Store

    folder = result or newest(out)
    if not (folder / "study.json").is_file():
        known = [str(p.parent) for p in out.glob("*/study.json")]
        raise StudyError(f"{folder} is no results folder.{suggestion(str(folder), known)}")
    study = Store.open(folder).study()
    if folder.resolve().name != study.folder:
        raise StudyError(
            f"{folder} was renamed: it holds the study {study.folder}; rename it back to resume"
        )
    for line in changed_code(study):
        note(f"warning: {line}")
    there = None if no_report else reports
    _execute(study, _How(folder.parent, there, processes, memory_limit, no_carbon, as_json))


@dataclass(frozen=True)
class _How:
    """Hold how a study is executed; what it finds does not depend on it."""

    out: Path
    reports: Path | None
    processes: int
    memory_mb: int | None
    no_carbon: bool
    as_json: bool


def _execute(study: Study, how: _How, plan: Plan | None = None) -> None:
    """Execute a study and say what became of it."""
    from hpobench_lab.runner import run_study
    from hpobench_lab.store.durable import check_writable
    from hpobench_lab.study import CarbonSettings

    if how.no_carbon:
        study = replace(study, carbon=CarbonSettings(enabled=False))
    if how.reports is not None:
        check_writable(how.reports / study.name, "--reports")
    heard = _Heard()
    folder = how.out / study.folder
    with (
        resumable(f"hpobench-lab resume {shlex.quote(str(folder))}"),
        shown(study.name, quiet=how.as_json) as step,
    ):
        summary = run_study(
            study,
            out=how.out,
            processes=how.processes,
            memory_mb=how.memory_mb,
            progress=heard.by(step),
            reports=how.reports,
        )
    _finish(summary, plan, heard, how.as_json)


def newest(out: Path) -> Path:
    """Return the results folder that was written to last.

    Raises:
        StudyError: If there is none.
    """
    found = [path.parent for path in out.glob("*/study.json")]
    if not found:
        raise StudyError(f"there are no results in {out}/; start with: hpobench-lab run quick")
    return max(found, key=_written)


def _written(folder: Path) -> float:
    """Return when the newest file of a results folder was written."""
    files = [folder / "study.json", *folder.glob("segments/*")]
    return max((path.stat().st_mtime for path in files if path.is_file()), default=0.0)


@dataclass
class _Heard:
    """Keep what a person must be told of runs, by label."""

    failures: dict[str, list[str]] = field(default_factory=dict)
    idle: Counter[str] = field(default_factory=Counter)

    def by(self, step: Step) -> Callable[[Progress], None]:
        """Return the runner's callback, which shows progress too."""

        def progress(now: Progress) -> None:
            step(now.done, now.planned, _last(now.last))
            self.take(now.last or {})

        return progress

    def take(self, receipt: Mapping[str, Any]) -> None:
        """Keep what is notable in the receipt of a run."""
        label = str(receipt.get("label"))
        if receipt.get("status") == "failed":
            why = str(receipt.get("message") or receipt.get("reason") or "").strip()
            self.failures.setdefault(label, []).append(why.split("\n")[-1])
        elif receipt.get("n_trials") == 0:
            self.idle[label] += 1

    def tell(self) -> None:
        """Write it to stderr."""
        for label, reasons in self.failures.items():
            note(f"{label}: {len(reasons)} failed, the first with: {reasons[0]}")
        for label, n in self.idle.items():
            note(f"warning: {label}: {n} {'run' if n == 1 else 'runs'} asked for nothing")


def _last(receipt: dict[str, Any] | None) -> str:
    if not receipt:
        return ""
    failed = " FAILED" if receipt.get("status") == "failed" else ""
    return f"{receipt.get('label')} on {receipt.get('testbed')}{failed}"


def _finish(summary: RunSummary, plan: Plan | None, heard: _Heard, as_json: bool) -> None:
    """Say what became of it, decide the exit code."""
    for path in summary.quarantined:
        note(f"warning: {path} was damaged; it lies in quarantine/ now, {_mended(path)}")
    heard.tell()
    reused = f", {summary.reused} of them stored before" if summary.reused else ""
    failed = f", {summary.failed} failed (kept)" if summary.failed else ""
    note(f"{summary.ok} of {summary.planned} runs ok{failed}{reused}")
    if as_json:
        emit(_document(summary, plan))
    else:
        _league(summary)
    if summary.failed:
        raise typer.Exit(SOME_FAILED)


def _mended(path: str) -> str:
    """Return what was done about a damaged file of a results folder."""
    if path == "study.json":
        return "a new one was written"
    if path.startswith(("carbon/", "environment/")):
        return f"its {path.partition('/')[0]} notes are lost, no results are"
    return "and its runs were done again"


def _document(summary: RunSummary, plan: Plan | None) -> dict[str, Any]:
    document: dict[str, Any] = asdict(summary)
    if plan is not None:
        document["plan"] = asdict(plan)
    if summary.report is not None:
        result = summary.report.with_name("result.json")
        if result.is_file():
            document["result"] = json.loads(result.read_text(encoding="utf-8"))
    return document


def _league(summary: RunSummary) -> None:
    from hpobench_lab.report import league_text
    from hpobench_lab.results import load

    say(league_text(load(summary.folder), table_width=terminal_width()))
    say(f"\nresults  {summary.folder}")
    if summary.report is not None:
        say(f"report   {summary.report}")
