"""How often the announced effect is found: simulated studies, and pairs of real runs under it.

    python benchmarks/power.py [STUDIES]

Every line plans for 80 % power and prints the share of studies in which the exact signed-rank test
at the corrected level finds the announced effect, tested on means over seeds, as planned, and on
medians over seeds, as the report does. ``normal``: scores drawn from the model. ``real``: sources
and seeds drawn from the runs of the suite ``quick``, whose differences to random are centred at
their median over sources and shifted by the effect; those are skewed, so the mean tells less.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.analysis.inference.power import (
    Components,
    Rule,
    attainable_level,
    components,
    detectable_effect,
)
from hpobench_lab.analysis.inference.ranktests import signed_rank
from hpobench_lab.analysis.runs.panel import arrange
from hpobench_lab.results import load
from hpobench_lab.runner import run_study
from hpobench_lab.studyfile import load as load_study

FloatArray = NDArray[np.float64]
SEEDS = 5


def found(differences: FloatArray, level: float) -> float:
    """Return the share of studies whose test finds something, shape (n, T)."""
    return float(np.mean([signed_rank(d).p <= level * (1 + 1e-9) for d in differences]))


def normal(of: Components, rule: Rule, sources: int, n: int) -> tuple[float, float]:
    """Return the shares found with normal scores: by means, by medians."""
    rng = np.random.default_rng(0)
    effect = detectable_effect(of, rule, sources=sources, seeds=SEEDS)
    tau = rng.normal(0, np.sqrt(2 * of.between), (n, sources, 1))
    d = effect + tau + rng.normal(0, np.sqrt(2 * of.within), (n, sources, SEEDS))
    level = attainable_level(sources, rule)
    return found(d.mean(axis=2), level), found(np.median(d, axis=2), level)


def real(gap: FloatArray, rule: Rule, sources: int, n: int) -> tuple[float, float]:
    """Return the shares found with resampled differences of real runs, shape (t, s)."""
    rng = np.random.default_rng(0)
    effect = detectable_effect(components(gap[None]), rule, sources=sources, seeds=SEEDS)
    centred = gap - np.median(gap)
    source = rng.integers(0, len(gap), (n, sources, 1))
    d = centred[source, rng.integers(0, gap.shape[1], (n, sources, SEEDS))] - effect
    level = attainable_level(sources, rule)
    return found(d.mean(axis=2), level), found(np.median(d, axis=2), level)


def main(n: int = 2000) -> None:
    """Print one line a setting."""
    print(f"share of {n} studies that find the effect announced at 80 %: by means, by medians")
    for sources, m in ((6, 1), (9, 3), (9, 5), (14, 3), (30, 5), (40, 5)):
        mean, middle = normal(Components(0.3, 1.0, 9, SEEDS), Rule(m), sources, n)
        print(f"normal  {sources:3} sources {m} comparisons  {mean:.3f}  {middle:.3f}", flush=True)
    with TemporaryDirectory() as out:
        study = load_study("quick")
        panel = arrange(load(run_study(study, out=Path(out), reports=None).folder))
    regret = panel.regret("full_evaluations", np.full((len(panel.beds), 1), 60.0))[..., 0]
    for label, row in zip(panel.optimizers, regret - regret[0], strict=True):
        gap = row[np.isfinite(row).all(axis=1)]
        if label != panel.optimizers[0] and len(gap) >= 6:
            for sources in (9, 14):
                mean, middle = real(gap, Rule(3), sources, n)
                print(f"real    {sources:3} sources {label:20}  {mean:.3f}  {middle:.3f}")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
