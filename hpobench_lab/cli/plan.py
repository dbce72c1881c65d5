"""``plan``: what a study can find, before it runs."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hpobench_lab.cli.evaluate import (
    Baseline,
    Budget,
    Optimizers,
    Seeds,
    StudyName,
    Testbeds,
    Workers,
)
from hpobench_lab.cli.options import Debug, Json, Out, examples
from hpobench_lab.cli.output import emit, say
from hpobench_lab.cli.prospect import WIDTH, prospect_text
from hpobench_lab.errors import StudyError

if TYPE_CHECKING:
    from hpobench_lab.plan import Plan
    from hpobench_lab.prospect import Prospect
    from hpobench_lab.study import Study

__all__ = ["register"]

PilotFolder = Annotated[
    Path | None,
    typer.Option(
        "--pilot",
        help="Results folder; default the newest of the study's name in --out.",
        metavar="RESULT",
    ),
]
Power = Annotated[
    float, typer.Option("--power", help="Wanted chance to find an effect.", metavar="SHARE")
]
Effect = Annotated[
    float | None,
    typer.Option(
        "--effect", help="Difference for which seeds and sources are wanted.", metavar="X"
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        "plan",
        short_help="What a study can find, before it runs.",
        epilog=examples(
            "hpobench-lab plan quick",
            "hpobench-lab plan my_study.toml --pilot results/pilot-3f2a91 --power 0.9",
            "hpobench-lab plan my_study.toml --effect 0.05   how many seeds or testbeds that takes",
        ),
    )(plan)


def plan(
    study: StudyName,
    pilot: PilotFolder = None,
    power: Power = 0.8,
    effect: Effect = None,
    optimizer: Optimizers = None,
    testbed: Testbeds = None,
    seeds: Seeds = None,
    budget: Budget = None,
    workers: Workers = None,
    baseline: Baseline = None,
    out: Out = Path("results"),
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Say what a study can find: smallest attainable p, smallest effect, seeds and testbeds needed.

    The p needs nothing but the study; effects need a pilot, the results of a small study.
    """
    from hpobench_lab.plan import plan_of
    from hpobench_lab.studyfile import Overrides, load

    _check(power, effect)
    chosen = tuple(optimizer or ()), tuple(testbed or ())
    wanted = load(study, Overrides(*chosen, seeds, budget, workers, baseline))
    planned = plan_of(wanted)
    found = _prospect(wanted, planned, pilot or _newest(wanted.name, out), power, effect)
    if as_json:
        emit({"plan": asdict(planned)} | _document(found))
        return
    say("\n".join(x for x in (planned.text(), planned.all_pairs()) if x))
    say("\n" + (fill(found, WIDTH) if isinstance(found, str) else prospect_text(found)))


def _document(found: Prospect | str) -> dict[str, Any]:
    if isinstance(found, str):
        return {"power": None, "reason": found}
    return {"power": found.to_json(), "reason": ""}


def _check(power: float, effect: float | None) -> None:
    if not 0.05 < power < 1:
        raise StudyError(f"--power must lie between 0.05, the level, and 1, got {power:g}")
    if effect is not None and not 0 < effect < math.inf:
        raise StudyError(f"--effect must be a positive number, got {effect:g}")


def _prospect(
    study: Study, plan: Plan, folder: Path | None, power: float, effect: float | None
) -> Prospect | str:
    """Return what a pilot says of the study, or why nothing is known."""
    only = "Without a pilot only the attainable p can be told."
    if not plan.comparisons:
        return "Nothing is compared, so there is no effect to find."
    if folder is None:
        return f"{only} {_how(study)}"
    from hpobench_lab.analysis.inference.pilot import pilot_of
    from hpobench_lab.analysis.inference.power import Rule
    from hpobench_lab.prospect import prospect_of
    from hpobench_lab.results import load

    ((axis, amount),) = study.protocol.to_json()["budget"].items()
    declared = (study.primary.budget or {}).get(axis, amount)
    pilot = pilot_of(
        load(folder),
        study.primary.baseline,
        metric=study.primary.metric,
        budget=(axis, float(declared)),
        optimizers=plan.optimizers,
    )
    if pilot.reason:
        return f"{only} {folder} tells no variances: {pilot.reason}. {_how(study)}"
    return prospect_of(
        plan, study.primary.metric, Rule(plan.comparisons, power=power), str(folder), pilot, effect
    )


def _how(study: Study) -> str:
    return (
        f"For a pilot run the study with a few seeds, at least 2 (hpobench-lab run ... --seeds "
        f"0:5), on at least 6 sources with {study.primary.baseline} among the optimizers, and plan "
        "again; or name another study's results with --pilot."
    )


def _newest(name: str, out: Path) -> Path | None:
    """Return the newest results of a study's name, else the committed reference, else None."""
    import hpobench_lab

    reference = Path(hpobench_lab.__file__).parent / "reference"
    for place in (out, reference):
        found = [path.parent for path in place.glob(f"{name}-??????/study.json")]
        if found:
            return max(found, key=_written)
    return None


def _written(folder: Path) -> float:
    """Return when a results folder was written to last."""
    return max(path.stat().st_mtime for path in (folder / "study.json", *folder.glob("segments/*")))
