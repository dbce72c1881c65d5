"""One figure of the report by its name, for notebooks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from hpobench_lab.analysis.study import analyse
from hpobench_lab.errors import StudyError, UnknownName, suggestion

if TYPE_CHECKING:
    from hpobench_lab.figures import Plot
    from hpobench_lab.results import Results

__all__ = ["figure", "known", "short"]


def figure(results: Results, name: str) -> Any:
    """Return a figure of the report as matplotlib's ``Figure``.

    Raises:
        UnknownName: If no figure has the name.
        StudyError: If it has nothing to show in this study.
    """
    from hpobench_lab.figures import plots
    from hpobench_lab.figures.sheet import laid_out

    drawn = {short(p.id): p for p in plots(analyse(results), results)}
    found = _named(name, drawn)
    if found is not None:
        return laid_out(found).figure
    if short(name) in known():
        raise StudyError(f"the figure {name!r} has nothing to show in this study")
    every = sorted({*known(), *drawn})
    raise UnknownName(
        f"no figure is called {name!r}.{suggestion(name, every)} Known: {', '.join(every)}"
    )


def short(id_: str) -> str:
    """Return a figure's id without its number.

    >>> short("f1-regret-by-testbed"), short("regret")
    ('regret-by-testbed', 'regret')
    """
    return re.sub(r"^f\d+[-_]", "", id_)


def known() -> list[str]:
    """Return the names of the figures that the harness can draw, one a file of ``figures``."""
    names = [p.name.removesuffix(".py") for p in files("hpobench_lab.figures").iterdir()]
    return sorted(short(n).replace("_", "-") for n in names if re.match(r"f\d+_", n))


def _named(name: str, plots: Mapping[str, Plot]) -> Plot | None:
    """Return the figure of that name, else the first whose name begins with it."""
    wanted = short(name)
    if wanted in plots:
        return plots[wanted]
    return next((p for n, p in plots.items() if n.startswith(f"{wanted}-")), None)
