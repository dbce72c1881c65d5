"""Derive every number of a report's figures again from the results, without our analysis.

    python -m tests.figures.rederive RESULT REPORT

reads the results folder and the figures' CSV files, and prints for each figure how many numbers
agree and the largest relative difference; it ends with 1 when one does not agree, or when a figure
is unknown to it. Nothing here imports ``hpobench_lab.analysis``, ``figures`` or ``report``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from tests.figures import rederive_first as first
from tests.figures import rederive_more as more
from tests.figures import rederive_outside as outside
from tests.figures import rederive_ranks as ranks
from tests.figures import rederive_space as space
from tests.figures import rederive_times as times
from tests.figures.rederive_checks import Check, read_csv
from tests.figures.rederive_runs import Study

FIGURES: dict[str, Callable[[Study, pd.DataFrame, Check], None]] = {
    "f1-regret": first.regret_over_sources,
    "f1-regret-by-testbed": first.regret_by_testbed,
    "f2-ranks": first.rank_over_time,
    "f3-critical": ranks.critical,
    "f4-ecdf": more.run_time_ecdf,
    "f5-pairs": ranks.pairs,
    "f6-heatmap": first.heat_map,
    "f7-strips": ranks.strips,
    "f8-profile": times.profile,
    "f9-bayes": times.bayes,
    "f10-coordinates": space.coordinates,
    "f10-importance": space.importances,
    "f11-hypervolume": outside.hypervolumes,
    "f11-pareto": times.fronts,
    "f12-rungs": first.rungs,
    "f13-gantt": more.gantt,
    "f14-energy": first.energy,
    "f15-forest": ranks.forest,
    "f16-stability": ranks.stability,
    "f17-optimism": outside.optimism,
    "f18-diagnostics": times.curves,
}


def rederive(results: Any, folder: Path) -> dict[str, Check]:
    """Return one check a CSV file of a folder; one that is not known is wrong."""
    study, found = Study(results), {}
    for path in sorted(folder.glob("*.csv")):
        check = found[path.stem] = Check()
        if path.stem not in FIGURES:
            check.wrong.append(f"{path.name}: nobody derives this figure again; add it to FIGURES")
            continue
        try:
            FIGURES[path.stem](study, read_csv(path), check)
        except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as e:
            check.wrong.append(f"{path.name}: holds what cannot be derived again: {e!r}")
    return found


def main(arguments: list[str]) -> int:
    """Run as a program."""
    from hpobench_lab.results import load

    if len(arguments) < 2:
        print(__doc__)  # noqa: T201 (a program's answer)
        return 2
    found = rederive(load(*arguments[:-1]), Path(arguments[-1]) / "figures")
    for name, check in found.items():
        told = "ok" if not check.wrong else f"{len(check.wrong)} WRONG"
        print(f"{name:24} {check.n:8,} numbers, largest difference {check.largest:.1e}  {told}")  # noqa: T201
        for line in check.wrong[:10]:
            print(f"    {line}")  # noqa: T201
    return 1 if not found or any(check.wrong for check in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
