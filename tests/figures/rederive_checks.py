"""What ``rederive`` compares: numbers, sets, steps and intervals, all counted."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

TOLERANCE = 1e-9
"""Relative; sums in another order differ by some 1e-15 of their largest term."""

FLOOR = 1e-12
"""Absolute; normalised regrets are differences of numbers of about 1 and more."""

ERRORS = 5.0
"""Standard errors that an interval's end may be off; 6e-7 by chance, for some 1e4 ends in all."""

TEXT = frozenset(
    "panel optimizer series axis testbed baseline outcome kind against text method part unit "
    "source family metric state".split()
)


@dataclass
class Check:
    """Count the numbers of one figure that were derived again, and what did not agree."""

    n: int = 0
    largest: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def number(self, where: str, got: float, want: float, tolerance: float = TOLERANCE) -> None:
        """Compare a number; NaN (an empty cell) equals NaN."""
        self.n += 1
        if (math.isnan(got) and math.isnan(want)) or got == want:
            return
        off = abs(got - want) if math.isfinite(got - want) else math.inf
        self.largest = max(self.largest, off / max(1.0, abs(want)) if off < math.inf else math.inf)
        if not off <= max(FLOOR, tolerance * abs(want)):
            self.wrong.append(f"{where}: {got!r} in the CSV, {want!r} derived again")

    def same(self, where: str, got: object, want: object) -> None:
        """Compare what is no number: names, sets, words."""
        self.n += 1
        if got != want:
            self.largest = math.inf
            self.wrong.append(f"{where}: {got!r} in the CSV, {want!r} derived again")

    def both(self, where: str, low: float, high: float, want: tuple[float, float]) -> None:
        """Compare the ends of an interval that needs no draws."""
        self.number(f"{where}, low", low, want[0])
        self.number(f"{where}, high", high, want[1])

    def ends(
        self,
        where: str,
        low: float,
        high: float,
        draws: np.ndarray,
        theirs: int,
        level: float = 0.95,
    ) -> None:
        """Compare the ends of a percentile interval with our own draws.

        By the figure's draws, p of them lie below the end; by ours, another share. Two shares of
        random draws differ by chance with the standard error sqrt(q (1 - q) (1 / theirs + 1 /
        ours)), q being the share of both together; ``ERRORS`` of these are allowed. Where draws
        are equal (medians of few sources take few values) an end stands for a range of levels.
        """
        known = np.sort(draws[~np.isnan(draws)])
        for name, end, p in (("low", low, (1 - level) / 2), ("high", high, (1 + level) / 2)):
            self.n += 1
            if math.isnan(end) or not len(known):
                if not (math.isnan(end) and not len(known)):
                    self.wrong.append(f"{where} {name}: {end!r}, {len(known)} draws derived again")
                continue
            slack = max(FLOOR, TOLERANCE * abs(end)) if math.isfinite(end) else 0.0
            below = np.searchsorted(known, end - slack, "left") / len(known)
            upto = np.searchsorted(known, end + slack, "right") / len(known)
            near = float(min(max(p, below), upto))
            both = (p * theirs + near * len(known)) / (theirs + len(known))
            error = math.sqrt(both * (1 - both) * (1 / theirs + 1 / len(known)))
            if not abs(near - p) <= ERRORS * error:
                text = f"{end!r} is at {below:.4f} to {upto:.4f} of our draws, not at {p:.3f}"
                self.wrong.append(f"{where} {name}: {text} ± {ERRORS * error:.4f}")

    def share(self, where: str, got: float, want: float, theirs: int, ours: int) -> None:
        """Compare two shares of random draws, by the standard error of their difference."""
        self.n += 1
        p = (got * theirs + want * ours) / (theirs + ours)
        error = math.sqrt(p * (1 - p) * (1 / theirs + 1 / ours))
        if not abs(got - want) <= ERRORS * error + FLOOR:
            text = f"{got!r} in the CSV, {want!r} ± {ERRORS * error:.4f} derived again"
            self.wrong.append(f"{where}: {text}")

    def steps(
        self,
        where: str,
        rows: pd.DataFrame,
        at: Iterable[float],
        want: Callable[[float], Sequence[float]],
        columns: Sequence[str] = ("value",),
    ) -> None:
        """Compare a series, read as right-continuous steps, with what it is at each x."""
        x = rows["x"].tolist()
        if x != sorted(x):
            self.wrong.append(f"{where}: x does not rise")
        held = rows[list(columns)].to_numpy()
        for point in sorted({*at, *x}):
            i = bisect.bisect_right(x, point) - 1
            expected = list(want(point))
            if i < 0:
                if not any(math.isnan(v) for v in expected):
                    self.wrong.append(f"{where}: begins at {x[0]!r}, but is known at {point!r}")
                continue
            for column, got, value in zip(columns, held[i].tolist(), expected, strict=True):
                self.number(f"{where} {column} at {point:g}", got, value)


def read_csv(path: Path) -> pd.DataFrame:
    """Return a figure's rows: text as it stands, numbers as floats, empty cells as NaN."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False, na_filter=False)
    for name in table.columns:
        try:
            numbers = [float(v) if v else math.nan for v in table[name]]
        except ValueError:
            continue
        if name not in TEXT:
            table[name] = np.array(numbers, dtype=np.float64)
    return table
