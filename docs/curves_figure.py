"""Draw the learning curves of the collection: ``python docs/curves_figure.py``.

Writes ``docs/images/curves-<data>.svg``, one small panel a model family, always the same bytes for
the same tables.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.figures.style import PALETTE, page_style
from hpobench_lab.testbeds.curves.opening import built_in
from hpobench_lab.testbeds.curves.storage.files import Curves, read_header, read_table
from hpobench_lab.testbeds.training.data import DATASETS

IMAGES = Path(__file__).parent / "images"
LARGEST = 120_000
"""Bytes of one picture."""

RANDOM, BEST, PAIRS = 40, 5, 5
DASHED, DOTTED = (0, (3, 1.5)), (0, (1, 1.2))
GREY, BLUE, ORANGE = "#8a8a8a", PALETTE[0], PALETTE[1]
TITLES = {
    "mlp": "multi-layer perceptron",
    "xgb": "XGBoost",
    "rf": "random forest",
    "svm": "support vector machine",
    "linear": "linear model by SGD",
}
FLOORS = {
    "friedman": ("irreducible_squared_error", "noise of the target"),
    "loans": ("bayes_cross_entropy", "best possible"),
    "ringnorm": ("bayes_cross_entropy", "best possible"),
    "waveform": ("bayes_cross_entropy", "best possible"),
}
"""Data set -> the known fact that no loss can be expected to fall below, and its name."""

FloatArray = NDArray[np.float64]
Table = tuple[Mapping[str, Any], Curves]


def losses(curves: Curves) -> FloatArray:
    """Return the validation losses of replicate 0 of fold 0; row i is configuration i."""
    rows = np.full((len(curves.values), next(iter(curves.columns.values())).shape[1]), np.nan)
    first = (curves.fold == 0) & (curves.replicate == 0)
    rows[curves.configuration[first]] = curves.columns["valid_loss"][first]
    return rows


def pairs(curves: Curves) -> tuple[FloatArray, FloatArray]:
    """Return the losses of both trainings of those trained twice on fold 0, shape (m, levels)."""
    again = (curves.fold == 0) & (curves.replicate == 1)
    return losses(curves)[curves.configuration[again]], curves.columns["valid_loss"][again]


def without_shift(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the second trainings without the factor that all of them share, level by level.

    Where a replicate has other validation rows, these are easier or harder for every configuration.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.nanmedian(second / first, axis=0) if len(first) else 1.0
    return np.asarray(second / factor)


def chosen_pairs(curves: Curves, chance: float) -> list[tuple[FloatArray, FloatArray]]:
    """Return pairs whose ends lie evenly, in the logarithm, from the best to chance."""
    first, second = pairs(curves)
    second = without_shift(first, second)
    final = np.log(np.sqrt(first[:, -1] * second[:, -1]))
    usable = np.flatnonzero(final < np.log(chance)).tolist()
    picked: list[int] = []
    for target in np.linspace(min(final[usable], default=0.0), np.log(chance), PAIRS + 1)[:-1]:
        left = [k for k in usable if k not in picked]
        picked += sorted(left, key=lambda k, at=target: abs(final[k] - at))[:1]  # type: ignore[misc]
    return [(first[k], second[k]) for k in picked]


def tables_of(name: str) -> list[Table]:
    """Read the tables of a data set, families in the order of ``TITLES``."""
    folders = built_in()
    found = [folders[f"{name}-{family}"] for family in TITLES if f"{name}-{family}" in folders]
    return [(header := read_header(folder), read_table(folder, header)) for folder in found]


def draw(name: str, tables: Sequence[Table], path: Path) -> int:
    """Draw the panels of one data set and return the picture's bytes."""
    with page_style(f"curves-{name}", text="none"):
        from matplotlib.figure import Figure

        rows = 1 + (len(tables) > 2)
        figure = Figure(figsize=(7.6, 2.5 * rows), layout="constrained")
        axes = figure.subplots(rows, 3).ravel()
        low, high = _limits(tables, name)
        for axis, table in zip(axes, tables, strict=False):
            axis.set_ylim(low, high)
            _panel(axis, table, name)
        for axis in axes[::3]:
            axis.set_ylabel(_loss(tables[0][0]["objectives"][0]))
        for axis in axes[len(tables) :]:
            axis.set_axis_off()
        _key(axes[-1], name)
        figure.savefig(path, facecolor="white", metadata={"Date": None, "Creator": None})
    path.write_text(_short(path.read_text(encoding="utf-8")), encoding="utf-8")
    return path.stat().st_size


def _short(svg: str) -> str:
    """Write lines as steps of tenths of a point, and drop line ends: half of the bytes."""
    lines = re.sub(r' d="(M[^"]*)"', lambda path: f' d="{_steps(path.group(1))}"', svg)
    named = lines.replace("'DejaVu Sans'", "'DejaVu Sans', Verdana, Arial, sans-serif")
    return re.sub(r">\n\s*<", "><", named)


def _steps(path: str) -> str:
    """Return a path of lines as relative steps, each point within .05 of where it was."""
    at, words = (0, 0), []
    for command, x, y in re.findall(r"([ML])\s*(\S+)\s+([^\sMLz]+)", path):
        new = (round(10 * float(x)), round(10 * float(y)))
        step = " ".join(f"{(b - a) / 10:g}" for a, b in zip(at, new, strict=True))
        words.append(command.lower() + re.sub(r"(?<!\d)0\.", ".", step))
        at = new
    return "".join(words).replace(" -", "-") + "z" * path.rstrip().endswith("z")


def _limits(tables: Sequence[Table], name: str) -> tuple[float, float]:
    """Return the ends of the loss axis: below the least loss, and above chance."""
    least = [float(np.nanmin(losses(curves))) for _, curves in tables]
    least += [_floor(name)] if name in FLOORS else []
    return 0.9 * min(least), 1.7 * float(tables[0][0]["chance"])


def _floor(name: str) -> float:
    return DATASETS[name].known[FLOORS[name][0]]


def _panel(axis: Any, table: Table, name: str) -> None:
    header, curves = table
    levels = np.array(header["fidelity"]["levels"], dtype=float)
    first, chance = losses(curves), float(header["chance"])
    spread = np.flatnonzero(curves.origin == "sobol")[:RANDOM]
    best = np.argsort(np.nan_to_num(first[:, -1], nan=np.inf), kind="stable")[:BEST]
    axis.plot(*_joined(levels, first[spread]), color=GREY, lw=0.6, alpha=0.6)
    for one, other in chosen_pairs(curves, chance):
        axis.fill_between(levels, one, other, color=ORANGE, alpha=0.2, lw=0)
        axis.plot(levels, one, color=ORANGE, lw=0.8)
        axis.plot(levels, other, color=ORANGE, lw=0.8, ls=DASHED)
    axis.plot(*_joined(levels, first[best]), color=BLUE, lw=1.1)
    axis.axhline(chance, color="black", lw=0.9, ls=DASHED)
    if name in FLOORS:
        axis.axhline(_floor(name), color="black", lw=0.9, ls=DOTTED)
    axis.set_title(f"{TITLES[header['family']]}\n{header['configurations']:,} configurations")
    axis.set_xlabel(_fidelity(header["fidelity"]))
    _axes(axis, levels)


def _joined(levels: FloatArray, curves: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return all curves as one line with gaps, which is one path of the picture."""
    gap = np.full((len(curves), 1), np.nan)
    return np.tile([*levels, np.nan], len(curves)), np.hstack([curves, gap]).ravel()


def _loss(objective: Mapping[str, Any]) -> str:
    unit = ", nats" if objective["unit"] == "nats" else ""
    return f"validation {objective['name']}{unit}"


def _fidelity(fidelity: Mapping[str, Any]) -> str:
    return "share of the rows" if fidelity["name"] == "share" else str(fidelity["name"])


def _axes(axis: Any, levels: FloatArray) -> None:
    """Make both axes logarithmic, with few plain numbers."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

    axis.set_xscale("log")
    axis.set_yscale("log")
    ticks = levels[0] * 2.0 ** np.arange(np.log2(levels[-1] / levels[0]) + 1)
    axis.xaxis.set_major_locator(FixedLocator(ticks.tolist()))
    axis.xaxis.set_major_formatter(
        FuncFormatter(lambda x, _: f"{x:g}" if x >= 1 else f"1/{1 / x:g}")
    )
    axis.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:.3g}"))
    low, high = axis.get_ylim()
    steps = (1.0, 2.0, 5.0) if high > 8 * low else (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)
    axis.yaxis.set_major_locator(LogLocator(10, subs=steps))
    for side in (axis.xaxis, axis.yaxis):
        side.set_minor_locator(NullLocator())


def _key(axis: Any, name: str) -> None:
    """Explain the lines in the place of a sixth panel."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = [
        Line2D([], [], color=GREY, lw=0.9, label=f"{RANDOM} random configurations"),
        Line2D([], [], color=BLUE, lw=1.3, label=f"the {BEST} best of all"),
        Patch(
            facecolor=ORANGE, alpha=0.4, edgecolor=ORANGE, label="one configuration, trained twice"
        ),
        Line2D([], [], color="black", lw=0.8, ls=DASHED, label="constant prediction"),
    ]
    if name in FLOORS:
        floor = Line2D([], [], color="black", lw=0.8, ls=DOTTED, label=FLOORS[name][1])
        handles.append(floor)
    bold = {"weight": "bold", "size": 9}
    key = axis.legend(handles=handles, loc="center left", fontsize=8, borderaxespad=0.0)
    key.set_title(name, prop=bold)
    key.set_alignment("left")


def main(names: Sequence[str]) -> int:
    """Draw the named data sets, or all; return the exit code."""
    for name in names or DATASETS:
        tables = tables_of(name)
        if not tables:
            print(f"no table of {name}: nothing is drawn", file=sys.stderr)
            continue
        drawn = draw(name, tables, IMAGES / f"curves-{name}.svg")
        if drawn > LARGEST:
            print(f"curves-{name}.svg has {drawn} bytes, more than {LARGEST}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
