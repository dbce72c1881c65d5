"""F9: how likely each optimizer is better than the baseline, practically the same, or worse.

References:
    Benavoli, Corani, Demsar, Zaffalon (2017), "Time for a change", JMLR 18:1-36.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpobench_lab.analysis.inference.bayes import bayesian_signed_rank
from hpobench_lab.analysis.study import Analysis
from hpobench_lab.figures.curves import looks_of
from hpobench_lab.figures.plot import Plot, Rows
from hpobench_lab.figures.style import INK, Look, shortened

__all__ = ["ROPE", "triples"]

ROPE = 0.01
"""Half-width of the region of practical equivalence: a hundredth of the way from one random
evaluation to the optimum."""

DRAWS = 10_000
COLUMNS = ("panel", "optimizer", "better", "same", "worse", "n", "rope")


def triples(analysis: Analysis, *, rope: float = ROPE) -> Plot:
    """Return the three probabilities of each optimizer against the baseline.

    Its rows: ``panel`` (one), ``optimizer``, ``better``, ``same`` and ``worse`` (probabilities),
    ``n`` (common sources), ``rope``.

    Args:
        analysis: Of the study.
        rope: Half-width of the region of practical equivalence, in normalised regret.
    """
    panel, base = analysis.panel, analysis.baseline
    rows: dict[str, list[Any]] = {k: [] for k in COLUMNS}
    order = [panel.optimizers.index(r.label) for r in analysis.league if r.label != base]
    theirs = analysis.scores[panel.optimizers.index(base)] if base in panel.optimizers else None
    for i in order if theirs is not None else ():
        found = bayesian_signed_rank(analysis.scores[i] - theirs, rope, draws=DRAWS)
        if not found.n:
            continue
        cell = ("", panel.optimizers[i], found.better, found.same, found.worse, found.n, rope)
        for key, v in zip(rows, cell, strict=True):
            rows[key].append(v)
    k = len(rows["panel"])
    return Plot(
        "f9-bayes",
        "Better, the same or worse than the baseline",
        f"Probability that an optimizer is better than {shortened(base, 40)} over sources like "
        "these (filled), practically the same (hatched), or worse (hollow). Bayesian signed-rank "
        "test on the final normalised regret per source; the same: a difference within the region "
        f"of practical equivalence, ± {rope:g} (0.01 is a hundredth of the way from one random "
        "evaluation to the optimum). n: common sources. A posterior under a weak prior, no test "
        "with an error rate.",
        rows,
        draw,
        looks_of(analysis),
        size=(4.2, 0.75 + 0.22 * max(k, 1)),
        legend=False,
    )


def _percent(share: float) -> str:
    """Return a share of draws in words; neither sure nor impossible.

    >>> _percent(0.124), _percent(0.999), _percent(0.0)
    ('12', '>99', '<1')
    """
    return ">99" if share > 0.995 else "<1" if share < 0.005 else f"{100 * share:.0f}"


def draw(ax: Any, rows: Rows, known: Mapping[str, Look]) -> None:
    """Draw one stacked bar an optimizer, the best of the league on top."""
    order = list(known)
    columns = ("optimizer", "better", "same", "worse", "n")
    for y, (label, better, same, worse, _) in enumerate(
        zip(*(rows[k] for k in columns), strict=True)
    ):
        look, j = known[label], order.index(label)
        parts: tuple[tuple[float, dict[str, Any]], ...] = (
            (better, {"color": look.colour}),
            (same, {"facecolor": "none", "hatch": "/////", "edgecolor": INK}),
            (worse, {"facecolor": "none", "edgecolor": look.colour}),
        )
        left = 0.0
        for share, style in parts:
            ax.barh(y, share, left=left, height=0.66, linewidth=0.6, gid=f"o{j}-bar", **style)
            left += share
        said = " / ".join(map(_percent, (better, same, worse)))
        ax.text(1.02, y, f"{said} %", va="center", fontsize=6.5, color=INK)
    names = [
        f"{shortened(n, 24)} (n {m})" for n, m in zip(rows["optimizer"], rows["n"], strict=True)
    ]
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_xlim(0, 1.3)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1])
    ax.grid(axis="y", visible=False)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("probability")
