"""``run`` and ``resume``: execute a study."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hpobench_lab.cli.options import Debug, Json, NoCarbon, Out, Processes, Reports, examples
from hpobench_lab.cli.output import emit, note, say
from hpobench_lab.cli.progress import Step, shown
from hpobench_lab.errors import StudyError, suggestion

if TYPE_CHECKING:
    from hpobench_lab.plan import Plan
    from hpobench_lab.runner import Progress, RunSummary

__all__ = ["register"]

SOME_FAILED = 4
INTERRUPTED = 130


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


def run(
    study: Annotated[str, typer.Argument(help="A TOML file or a suite's name.", metavar="STUDY")],
    optimizer: Annotated[
        list[str] | None,
        typer.Option("-o", "--optimizer", help="Instead of the study's; repeat.", metavar="OPT"),
    ] = None,
    testbed: Annotated[
        list[str] | None,
        typer.Option("-t", "--testbed", help="Instead of the study's; repeat.", metavar="TESTBED"),
    ] = None,
    seeds: Annotated[
        str | None, typer.Option(help="Half-open range, such as 0:20.", metavar="A:B")
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(help="100 of the study's unit, 100evaluations, 600s.", metavar="N[UNIT]"),
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Simulated workers.", metavar="N")] = None,
    baseline: Annotated[
        str | None, typer.Option(help="Label that the others are compared with.", metavar="LABEL")
    ] = None,
    processes: Processes = 1,
    out: Out = Path("results"),
    reports: Reports = Path("reports"),
    no_report: Annotated[bool, typer.Option("--no-report", help="Write no report.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop.")] = False,
    no_carbon: NoCarbon = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Run a study: every optimizer on every testbed with every seed, then the report.

    What is stored already is not done again: run it twice, or with more seeds.
    """
    from hpobench_lab.plan import plan_of
    from hpobench_lab.study import CarbonSettings
    from hpobench_lab.studyfile import Overrides, load

    overrides = Overrides(
        tuple(optimizer or ()), tuple(testbed or ()), seeds, budget, workers, baseline
    )
    wanted = load(study, overrides)
    if no_carbon:
        wanted = replace(wanted, carbon=CarbonSettings(enabled=False))
    plan = plan_of(wanted)
    note(plan.text())
    if dry_run:
        if as_json:
            emit({"plan": asdict(plan)})
        return
    from hpobench_lab.runner import run_study

    failures: dict[str, list[str]] = {}
    with _resumable(out / wanted.folder), shown(wanted.name, quiet=as_json) as step:
        summary = run_study(
            wanted,
            out=out,
            processes=processes,
            progress=_told(step, failures),
            reports=None if no_report else reports,
        )
    _finish(summary, plan, failures, as_json)


def resume(
    result: Annotated[
        Path | None, typer.Argument(help="A results folder; default the newest.", metavar="RESULT")
    ] = None,
    processes: Processes = 1,
    out: Out = Path("results"),
    reports: Reports = Path("reports"),
    no_report: Annotated[bool, typer.Option("--no-report", help="Write no report.")] = False,
    no_carbon: NoCarbon = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Continue a study that was interrupted, from its results folder."""
    from hpobench_lab.runner import changed_code, run_study
    from hpobench_lab.store import Store
    from hpobench_lab.study import CarbonSettings

    folder = result or newest(out)
    if not (folder / "study.json").is_file():
        known = [str(p.parent) for p in out.glob("*/study.json")]
        raise StudyError(f"{folder} is no results folder.{suggestion(str(folder), known)}")
    study = Store.open(folder).study()
    if no_carbon:
        study = replace(study, carbon=CarbonSettings(enabled=False))
    if folder.resolve().name != study.folder:
        raise StudyError(
            f"{folder} was renamed: it holds the study {study.folder}; rename it back to resume"
        )
    for line in changed_code(study):
        note(f"warning: {line}")
    failures: dict[str, list[str]] = {}
    with _resumable(folder), shown(study.name, quiet=as_json) as step:
        summary = run_study(
            study,
            out=folder.parent,
            processes=processes,
            progress=_told(step, failures),
            reports=None if no_report else reports,
        )
    _finish(summary, None, failures, as_json)


def newest(out: Path) -> Path:
    """Return the results folder that was changed last.

    Raises:
        StudyError: If there is none.
    """
    found = sorted(out.glob("*/study.json"), key=lambda p: p.parent.stat().st_mtime)
    if not found:
        raise StudyError(f"there are no results in {out}/; start with: hpobench-lab run quick")
    return found[-1].parent


class _resumable:  # noqa: N801 - reads as a verb in a with statement
    """Turn Ctrl-C into exit code 130 with the line that continues."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> None:
        """Do nothing yet."""

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            note(
                f"\ninterrupted; what finished is stored. Continue with:\n"
                f"  hpobench-lab resume {self.folder}"
            )
            raise SystemExit(INTERRUPTED)


def _told(step: Step, failures: dict[str, list[str]]) -> Any:
    """Return the runner's callback; it shows progress and keeps why runs failed, by label."""

    def progress(now: Progress) -> None:
        step(now.done, now.planned, _last(now.last))
        if now.last and now.last.get("status") == "failed":
            why = str(now.last.get("message") or now.last.get("reason") or "").strip()
            failures.setdefault(str(now.last.get("label")), []).append(why.split("\n")[-1])

    return progress


def _last(receipt: dict[str, Any] | None) -> str:
    if not receipt:
        return ""
    failed = " FAILED" if receipt.get("status") == "failed" else ""
    return f"{receipt.get('label')} on {receipt.get('testbed')}{failed}"


def _finish(
    summary: RunSummary, plan: Plan | None, failures: dict[str, list[str]], as_json: bool
) -> None:
    """Say what became of it, decide the exit code."""
    for path in summary.quarantined:
        note(f"warning: {path} was damaged; it is set aside and its runs were done again")
    for label, reasons in failures.items():
        note(f"{label}: {len(reasons)} failed, the first with: {reasons[0]}")
    reused = f", {summary.reused} of them stored before" if summary.reused else ""
    failed = f", {summary.failed} failed (kept)" if summary.failed else ""
    note(f"{summary.ok} of {summary.planned} runs ok{failed}{reused}")
    if as_json:
        emit(_document(summary, plan))
    else:
        _league(summary)
    if summary.failed:
        raise typer.Exit(SOME_FAILED)


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

    say(league_text(load(summary.folder)))
    say(f"\nresults  {summary.folder}")
    if summary.report is not None:
        say(f"report   {summary.report}")
