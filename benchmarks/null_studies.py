"""Measure error rates and coverage on studies resampled from real runs.

``python benchmarks/null_studies.py [FOLDER]``: five real optimizers run with 60 seeds on eleven
testbeds (kept in FOLDER when one is named). A source is a testbed at a budget: alone, with the same
runs at two neighbouring budgets (correlated testbeds of one source), or two learners on one data
set. A null study draws sources and gives k labels that are equal in truth: disjoint seeds of one
optimizer ("same"), or the real optimizers with names dealt anew on each source ("dealt": equal on
average, different on every source). Coverage is measured against the value of 200,000 sources drawn
likewise, with real differences. Every verdict comes from the functions that a report calls. A row
that breaks a bound is drawn again with four times as many studies, which decides. Exits with 1 when
a bound is broken.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ |= {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.analysis.controls import controls
from hpobench_lab.analysis.inference import noninferiority, omnibus
from hpobench_lab.analysis.inference.bayes import bayesian_signed_rank, corrected_t
from hpobench_lab.analysis.inference.comparisons import against_baseline
from hpobench_lab.analysis.inference.critical_difference import critical_difference
from hpobench_lab.analysis.inference.intervals import (
    iqm_interval,
    median_difference_interval,
    rank_interval,
)
from hpobench_lab.analysis.inference.noninferiority import gate
from hpobench_lab.analysis.inference.races import races
from hpobench_lab.analysis.inference.ranktests import midranks
from hpobench_lab.analysis.runs.aggregate import iqm, median
from hpobench_lab.analysis.runs.panel import Bed, Panel, arrange
from hpobench_lab.analysis.runs.traces import Steps
from hpobench_lab.analysis.verdict import Counts, decide
from hpobench_lab.results import load
from hpobench_lab.runner import run_study
from hpobench_lab.studyfile import parse

Array = NDArray[Any]
Rates = dict[str, float]

STUDIES, COVERED, TRUTH = 2000, 5000, 200_000
BUDGET, SEEDS, MARGIN = 60, 60, 1.1
LABELS = ("a", "b", "c", "d", "e")
EDGE = "gate at the edge of a budget margin"
SPREAD = (
    *(("near", n, 5) for n in (6, 9, 20, 40)),
    *(("near", 9, 3), ("near", 9, 10), ("alone", 9, 5), ("crossed", 9, 5)),
)
FILE = """
schema = 1
name = "null"
seeds = "0:{seeds}"
protocol = {{ budget = {{ evaluations = {budget} }} }}
primary = {{ baseline = "random" }}
optimizer = [{optimizers}]
testbed = [{testbeds}]
carbon = {{ enabled = false }}
"""
FIVE = ("random", "sobol", "evolution-strategy", "tpe", "tpe(multivariate=false)")
ALL = ("synthetic/*", "curves/*")


@dataclass(frozen=True)
class Pool:
    """Hold real runs.

    Args:
        panel: The runs; those from ``panel.run.size`` on are the same, slower by ``MARGIN``.
        regret: At the cuts, shape (k, beds, seeds, cuts).
        cuts: Evaluations, shape (cuts,).
        designs: Name -> bed and cut of each testbed of each source, shape (sources, t, 2).
    """

    panel: Panel
    regret: Array
    cuts: Array
    designs: dict[str, Array]


def pool(
    folder: Path,
    seeds: int = SEEDS,
    budget: int = BUDGET,
    optimizers: tuple[str, ...] = FIVE,
    testbeds: tuple[str, ...] = ALL,
    processes: int = 2,
) -> Pool:
    """Run the study unless the folder has it, and return its runs."""
    if not list(folder.glob("null-*")):
        used = [", ".join(f'{{ use = "{x}" }}' for x in names) for names in (optimizers, testbeds)]
        text = FILE.format(seeds=seeds, budget=budget, optimizers=used[0], testbeds=used[1])
        run_study(parse(text), out=folder, reports=None, processes=processes)
    panel = arrange(load(*folder.glob("null-*")))
    cuts = np.unique(np.rint(np.geomspace(8, budget, 23)))
    regret = panel.regret("evaluations", np.tile(cuts, (len(panel.beds), 1)))
    return Pool(replace(panel, steps=_slower(panel.steps)), regret, cuts, _designs(panel, cuts))


def _slower(steps: Steps) -> Steps:
    """Return all runs and then all of them again, slower."""
    axis, end = "evaluations", steps.offsets[-1]
    return Steps(
        np.concatenate([steps.offsets, end + steps.offsets[1:]]),
        np.tile(steps.value, 2),
        np.tile(steps.own, 2),
        {axis: np.concatenate([steps.position[axis], MARGIN * steps.position[axis]])},
        {axis: np.concatenate([steps.spent[axis], MARGIN * steps.spent[axis]])},
    )


def _designs(panel: Panel, cuts: Array) -> dict[str, Array]:
    beds, last = range(len(panel.beds)), len(cuts)
    ids = [bed.id for bed in panel.beds]
    plain = [[(b, c)] for b in beds for c in range(last)]
    near = [[(b, c), (b, c + 1), (b, c + 2)] for b in beds for c in range(last - 2)]
    learners = [(ids.index(x), ids.index(x[:-3] + "xgb")) for x in ids if x.endswith("-mlp")]
    crossed = [[(m, c), (x, c)] for m, x in learners for c in range(last)]
    found = {"alone": plain, "near": near} | ({"crossed": crossed} if crossed else {})
    return {name: np.array(sources) for name, sources in found.items()}


def drawn(
    pool: Pool, rng: np.random.Generator, design: str, kind: str, n: int, s: int, count: int
) -> Array:
    """Return regrets of studies, shape (count, k, n, t, s); ``real`` keeps optimizers' names."""
    beds = pool.designs[design]
    k = len(LABELS) if kind == "same" else len(pool.regret)
    source = beds[rng.integers(0, len(beds), (count, n))]
    size = count, k, n, 1, s
    if kind == "same":
        order = rng.random((count, n, pool.regret.shape[2])).argsort(axis=2)[:, :, : k * s]
        seed = np.moveaxis(order.reshape(count, n, k, s), 2, 1)[:, :, :, None]
        who = rng.integers(0, len(pool.regret), (count, 1, 1, 1, 1))
    else:
        seed = rng.integers(0, pool.regret.shape[2], (count, 1, n, 1, s))
        names = np.broadcast_to(np.arange(k), (count, n, k))
        dealt = rng.permuted(names, axis=2) if kind == "dealt" else names
        who = np.moveaxis(dealt, 2, 1)[:, :, :, None, None]
    bed, cut = (source[:, None, :, :, i, None] for i in (0, 1))
    return pool.regret[np.broadcast_to(who, size), bed, np.broadcast_to(seed, size), cut]


def panel_of(pool: Pool, labels: tuple[str, ...], n: int, t: int, s: int) -> Panel:
    """Return a panel of complete runs with n sources of t testbeds each."""
    beds = tuple(Bed(f"bed{j:03d}-{i}", source=f"s{j:03d}") for j in range(n) for i in range(t))
    shape = len(labels), n * t, s
    return Panel(
        labels,
        beds,
        tuple((i, 0) for i in range(s)),
        np.zeros(shape, np.int64),
        np.zeros(shape, np.bool_),
        pool.panel.steps,
        np.repeat(np.arange(n), t),
        tuple(f"s{j:03d}" for j in range(n)),
        (),
    )


def rejected(panel: Panel, values: Array, baseline: str) -> Rates:
    """Return what every reported test says of one null study; values has shape (k, n t, s)."""
    k, labels = len(values), panel.optimizers
    scores = panel.by_source(values)
    pairs = against_baseline(panel, values, baseline)
    counts = Counts(sources=scores.shape[1], runs=1, crashed=0)
    verdict = decide(pairs, baseline, counts, order=labels, words="")
    triples = [bayesian_signed_rank(scores[1] - scores[0], r, draws=1000) for r in (0.01, 0)]
    lines = (("random", baseline),)
    every = np.concatenate([values, values[:1]])
    (control,) = controls(every, panel.source, lines, labels)
    shift, margin = (lambda e, by: replace(e, low=e.low + by, high=e.high + by)), 0.02
    beyond, on = (shift(control.gaps[labels[1]], margin + more) for more in (1e-12, 0))
    rule = noninferiority.Margin("regret", margin)  # on the margin is not yet beyond it
    wrong = gate(beyond, rule).passed or gate(on, rule).verdict == "INFERIOR"
    wins = 0.5 * (1 + np.sign(scores[0] - scores[1]))
    return {
        "signed-rank, one pair": pairs[0].p <= 0.05,
        "signed-rank, Holm over all": min(c.p_holm for c in pairs) <= 0.05,
        "verdict: somebody differs": verdict.decided,
        "sign test, one pair": pairs[0].p_sign <= 0.05,
        "interval of one pair leaves out 0": not pairs[0].low <= 0 <= pairs[0].high,
        "Bayesian P(better) > .95, rope .01": triples[0].better > 0.95,
        "Bayesian P(better) > .95, no rope": triples[1].better > 0.95,
        "control: one is said to beat it": labels[1] not in control.unbeaten,
        "control: anybody is said to beat it": len(control.unbeaten) < k - 1,
        "gate at the edge of a regret margin": wrong,
        "betting sequence, at any time": noninferiority.betting_sequence(wins).p <= 0.05,
        "critical difference, any pair": bool(
            (critical_difference(scores, labels).p <= 0.05).any()
        ),
    } | _omnibus(scores)


def _omnibus(scores: Array) -> Rates:
    """Return what Friedman's test says; of four labels where all rearrangements are counted."""
    test = omnibus.friedman(scores if scores.shape[1] >= omnibus.FEW_SOURCES else scores[:4])
    name = "Iman-Davenport F" if np.isnan(test.p_permutation) else "permutation"
    return {
        f"omnibus p that decides ({name})": test.p <= 0.05,
        "Friedman's chi-squared": test.p_chi2 <= 0.05,
    }


def type_one(
    pool: Pool, design: str, kind: str, n: int, s: int, seed: int, count: int = STUDIES
) -> Rates:
    """Return the share of null studies in which each test rejects."""
    values = drawn(pool, np.random.default_rng(seed), design, kind, n, s, count)
    _, k, _, t, _ = values.shape
    panel = panel_of(pool, LABELS[:k], n, t, s)
    found = [rejected(panel, v.reshape(k, n * t, s), LABELS[0]) for v in values]
    return {name: float(np.mean([f[name] for f in found])) for name in found[0]}


def settled(pool: Pool, design: str, kind: str, n: int, s: int, seed: int) -> Rates:
    """Return the rates; where one breaks its bound, those of four times as many new studies."""
    rates = type_one(pool, design, kind, n, s, seed)
    if all(bounded(test, rate, n) for test, rate in rates.items()):
        return rates
    return type_one(pool, design, kind, n, s, seed + 1000, 4 * STUDIES)


def log_ratios(
    pool: Pool,
    rng: np.random.Generator,
    a: int,
    b: int,
    s: int,
    count: int,
    *,
    slower: bool = False,
) -> Array:
    """Return the log of a's run time over b's on many sources, s disjoint seeds drawn anew on each.

    The optimizer b sets the level; ``slower`` stretches a's runs by ``MARGIN``.
    """
    panel = pool.panel
    bed = rng.integers(0, len(panel.beds), count)
    cut = rng.choice(pool.cuts[pool.cuts >= 20], count)
    seed = rng.random((count, panel.run.shape[2])).argsort(axis=1)[:, : 2 * s].reshape(count, 2, s)
    runs = np.stack([panel.run[x, bed[:, None], seed[:, i]] for i, x in enumerate((a, b))])
    runs[0] += panel.run.size * slower
    study = replace(panel_of(pool, ("a", "b"), count, 1, s), run=runs)
    ratio = [r.ratio for (r,) in races(study, "evaluations", cut, "a", "b")]
    with np.errstate(divide="ignore"):  # level reached by b only with the whole budget
        return np.asarray(np.log(ratio))


def gate_at_the_edge(pool: Pool, n: int, s: int, seed: int, count: int = COVERED) -> Rates:
    """Return how often the gate decides where the true budget ratio is the margin itself."""
    rng = np.random.default_rng(seed)
    ratio = np.concatenate(
        [log_ratios(pool, rng, i, i, s, 2000, slower=True) for i in range(len(pool.regret))]
    )
    low, high = np.exp(median_difference_interval(ratio[rng.integers(0, len(ratio), (count, n))]))
    passes, fails = high <= MARGIN, low > MARGIN
    said = {"passes": passes, "fails": fails, "decides": passes | fails}
    return {f"{EDGE}: {word}": float(share.mean()) for word, share in said.items()}


def covered(
    pool: Pool, design: str, n: int, s: int, seed: int, count: int = COVERED, truth: int = TRUTH
) -> dict[str, list[float]]:
    """Return how often 95 % intervals hold the value of the whole population, by optimizer."""
    rng = np.random.default_rng(seed)

    def scores(n: int, count: int) -> Array:
        parts = [drawn(pool, rng, design, "real", n, s, 500) for _ in range(0, count, 500)]
        return np.concatenate([median(median(part)) for part in parts])  # (count, k, n)

    k, few = len(pool.regret), scores(n, count)
    many = np.moveaxis(scores(200, truth // 200), 1, 0).reshape(k, -1)
    ranks = np.moveaxis(midranks(np.moveaxis(few, 1, 2)), 2, 1)
    ends = {
        "interquartile mean": (iqm_interval(few), iqm(many)),
        "median difference": (
            median_difference_interval(few[:, 1:] - few[:, :1]),
            median(many[1:] - many[:1]),
        ),
        "mean rank": (rank_interval(ranks, k), midranks(many.T).mean(axis=0)),
    }
    found = {name: _held(*x).tolist() for name, x in ends.items()}
    worth = [log_ratios(pool, rng, i, 0, s, truth // 50) for i in range(1, k)]
    studies = [w[rng.integers(0, len(w), (count, n))] for w in worth]
    name, true = "worth in random evaluations, budget ratio", median(np.clip(worth, -1e6, 1e6))
    held = [_held(median_difference_interval(x), m) for x, m in zip(studies, true, strict=True)]
    return found | {name: [float(share) for share in held]}


def _held(ends: tuple[Array, Array], true: Array) -> Array:
    return np.asarray(((ends[0] <= true) & (true <= ends[1])).mean(axis=0))


def folds(seed: int, share: float, count: int = COVERED) -> Rates:
    """Return what the corrected t test of ten folds does when differences correlate by a share."""
    rng = np.random.default_rng(seed)
    own, common = rng.normal(size=(count, 10)), rng.normal(size=(count, 1))
    d = np.sqrt(1 - share) * own + np.sqrt(share) * common
    tests = [corrected_t(row, 1 / 9) for row in d]
    return {
        "corrected t of 10 folds": float(np.mean([t.p <= 0.05 for t in tests])),
        "its interval": float(np.mean([t.low <= 0 <= t.high for t in tests])),
    }


def attained(n: int, *, ranks: bool) -> float:
    """Return the largest level of at most .05 that a sign (or signed-rank) test of n can have."""
    chance = np.ones(1)
    for i in range(1, n + 1):
        step = i if ranks else 1
        chance = np.pad(chance, (0, step)) / 2 + np.pad(chance, (step, 0)) / 2
    levels = 2 * np.cumsum(chance)
    return float(levels[levels <= 0.05].max(initial=0.0))


def remark(test: str, n: int) -> str:
    """Return why a test may reject in fewer than 3 % of null studies; "" for no reason."""
    if test.startswith(("sign test", "signed-rank, one")):
        return f"discrete: attains {attained(n, ranks=test.startswith('signed-rank')):.4f}"
    if "Holm" in test or test.startswith(("verdict", "critical")):
        return "corrected by Holm, discrete"
    known = {
        "Bayesian P(better) > .95, no": "no bound: the result says so",
        "control": "one end of an interval, corrected for all optimizers",
        "interval of": "discrete: real runs tie, and zero is then an end of it",
        "betting": "valid however often one looks",
        "Friedman's": "approximation for many sources; it does not decide for few",
        "Bayesian": "one side, and the region of equivalence",
        f"{EDGE}: passes": "one end of a 95 % interval",
        f"{EDGE}: fails": "one end of a 95 % interval",
    }
    return next((why for start, why in known.items() if test.startswith(start)), "")


def bounded(test: str, rate: float, n: int) -> bool:
    """Return whether a rate keeps its bound; without a rope the result itself cautions."""
    return test.endswith("no rope") or (rate <= 0.06 and (rate >= 0.03 or bool(remark(test, n))))


def tables(pool: Pool, map_: Callable[..., Any]) -> bool:
    """Print all rates and coverages; return whether every bound holds."""
    met = True
    work = [(covered, (pool, *x, 200 + i)) for i, x in enumerate(SPREAD)]
    print(f"{'95 % interval':46} {'studies':>16} {'covers, lowest to highest'}")
    for (_, args), found in zip(work, map_(_call, work), strict=True):
        for name, held in found.items():
            room = 0.01 if name == "mean rank" else 0.0  # a mean of few ranks is discrete
            ok = min(held) >= 0.93 - room and max(held) <= 0.97 + room
            met &= ok
            print(
                f"{name:46} {args[1]:>10} {args[2]:2}x{args[3]:<2} {min(held):.3f} to "
                f"{max(held):.3f}{'' if ok else '  BROKEN'}",
                flush=True,
            )
    null = [(design, kind, n, s) for design, n, s in SPREAD for kind in ("same", "dealt")]
    work = [(settled, (pool, *x, i)) for i, x in enumerate(null)]
    work += [(gate_at_the_edge, (pool, n, 5, 100 + n)) for n in (6, 9, 20, 40)]
    print(f"\n{'test':46} {'studies':>16} {'rate':>6}  remark")
    for (task, args), rates in zip(work, map_(_call, work), strict=True):
        n = args[3] if task is settled else args[1]
        about = f"{args[1]} {args[2]}" if task is settled else "slower"
        s = args[4] if task is settled else args[2]
        for test, rate in rates.items():
            why = remark(test, n) if rate < 0.03 or test.endswith("no rope") else ""
            ok = bounded(test, rate, n)
            met &= ok
            said = why if ok else f"BROKEN {why}"
            print(f"{test:46} {about:>10} {n:2}x{s:<2} {rate:6.4f}  {said}".rstrip(), flush=True)
    for share, why in ((0.1, "correlation as assumed"), (0.3, "assumption broken: no bound")):
        for name, rate in folds(300, share).items():
            print(f"{name:46} {'normal':>10} 10    {rate:6.4f}  {why}")
    return met


def _call(task: tuple[Callable[..., Any], tuple[Any, ...]]) -> Any:
    return task[0](*task[1])


def main() -> int:
    """Run everything on two processes."""
    with tempfile.TemporaryDirectory() as temporary:
        real = pool(Path(sys.argv[1] if len(sys.argv) > 1 else temporary))
    with ProcessPoolExecutor(2) as workers:
        return 0 if tables(real, workers.map) else 1


if __name__ == "__main__":
    raise SystemExit(main())
