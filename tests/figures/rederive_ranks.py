"""Derive mean ranks, pairs, aggregates, stability and the forest again, for ``rederive``."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pandas as pd

from tests.figures.rederive_checks import Check
from tests.figures.rederive_first import OWN_DRAWS, TWICE
from tests.figures.rederive_intervals import mean_ends, median_ends, rank_ends, window_ends
from tests.figures.rederive_runs import (
    Study,
    holm,
    interquartile_mean,
    over_folds,
    scores,
    signed_rank_p,
    with_twice,
)

Ends = Callable[[np.ndarray], tuple[float, float]]
ENOUGH = 6


def forest(study: Study, rows: pd.DataFrame, check: Check) -> None:
    """F15: median difference from the baseline over sources, interval, corrected p."""
    check.same("metric", set(rows["metric"]) - {"budget"}, {"normalised regret"})
    main = rows[(rows["kind"] == "optimizer") & (rows["neutral"] == 0)].set_index("optimizer")
    others = [label for label in study.labels if label != study.baseline]
    check.same("optimizers", sorted(main.index), sorted(others))
    ties, raw = surrogate_errors(study), []
    for label in others:
        gap = _difference(study, label, study.at_cut(), main.loc[label], check)
        tested = [0.0 if abs(g) < ties[s] else g for s, g in gap.items()]
        raw.append(signed_rank_p(tested) if len(gap) >= ENOUGH else math.nan)
    for label, p in zip(others, holm(raw), strict=True):
        row = main.loc[label]
        check.number(f"{label}: p", row["p_holm"], p)
        sure = p <= 0.05 and row["effect"] != 0
        outcome = "open" if not sure else "better" if row["effect"] < 0 else "worse"
        check.same(f"{label}: outcome", row["outcome"], outcome)
    for _, row in rows[rows["kind"] == "control"].iterrows():
        table = with_twice(study.at_cut(), study.random, TWICE, study.seeds)
        _difference(study, TWICE, table, row, check)
    margin = (study.results.study["settings"].get("primary") or {}).get("margin") or {}
    for _, row in rows[rows["neutral"] == 0].iterrows():
        check.number(f"{row['optimizer']}: margin", row["margin"], margin.get("regret", math.nan))
    for _, row in rows[rows["neutral"] == 1].iterrows():
        check.number(f"{row['optimizer']}: margin", row["margin"], 1.0 + margin["budget"])
        _ratio(study, row, check)
    ratios = "budget" in margin
    check.same("second panel", bool((rows["neutral"] == 1).any()), ratios and bool(others))


def _difference(
    study: Study, label: str, table: pd.DataFrame, row: pd.Series, check: Check
) -> pd.Series:
    wide = scores(table)
    gap = (wide.loc[label] - wide.loc[study.baseline]).dropna().round(12)
    check.number(f"{label}: effect", row["effect"], gap.median())
    check.number(f"{label}: n", row["n"], len(gap))
    check.same(f"{label}: baseline", row["baseline"], study.baseline)
    check.both(label, row["low"], row["high"], median_ends(gap.to_numpy()))
    return gap


def surrogate_errors(study: Study) -> dict[str, float]:
    """Return below which difference a source says nothing, its testbeds all being surrogates."""
    out = {}
    for source in study.sources:
        beds = [b for b in study.used.values() if b.source == source]
        each = [b.error / (b.reference - b.optimum) for b in beds]
        out[source] = max(each) if min(each) > 0 else 0.0
    return out


def _ratio(study: Study, row: pd.Series, check: Check) -> None:
    """Compare the ratio of expected run times to the baseline's regret at half its budget."""
    label, logs = row["optimizer"], dict[str, list[float]]()
    for bed in study.used.values():
        found = _log_ratio(study, bed.id, label)
        if not math.isnan(found):
            logs.setdefault(bed.source, []).append(found)
    known = np.array([_middle(np.array(v)) for v in logs.values()])
    ends = median_ends(known)
    for name, got, want in zip(
        ("ratio", "low", "high"),
        (row["effect"], row["low"], row["high"]),
        (_middle(known), *ends),
        strict=True,
    ):
        check.number(f"{label}: {name}", got, math.exp(want))
    check.number(f"{label}: ratio, n", row["n"], len(known))


def _middle(logs: np.ndarray) -> float:
    """Return the median; beside an infinite value it is infinite."""
    return float(np.median(logs)) if len(logs) else math.nan


def _log_ratio(study: Study, bed: str, label: str) -> float:
    """Return how much longer a runs than the baseline, to levels that its other seeds set.

    A run that does not arrive has spent its whole budget; an expected run time is all that was
    spent, per hit.
    """
    cut = study.cuts[bed]
    mine = {(r.optimizer, r.seed, r.fold): r for r in study.runs if r.testbed == bed}
    seeds = [k[1:] for k in mine if k[0] == label and (study.baseline, *k[1:]) in mine]
    level = []
    for key in seeds:
        run = mine[study.baseline, *key]
        value = math.nan if run.failed else run.last(study.axis, cut / 2)
        level.append(study.beds[bed].reference if math.isnan(value) else value)
    times = []
    for optimizer in (label, study.baseline):
        spent, hits = 0.0, 0
        for i, key in enumerate(seeds):
            others = sorted(level[:i] + level[i + 1 :]) or level
            target, run = others[(len(others) - 1) // 2], mine[optimizer, *key]
            steps = zip(run.at[study.axis], run.value, strict=True) if not run.failed else ()
            first = next((x for x, v in steps if v <= target and x <= cut), math.inf)
            hits += first < math.inf
            whole = cut if run.failed else min(cut, run.spent[study.axis])
            spent += first if first < math.inf else whole
        times.append(math.log(spent / hits) if hits else math.inf)
    both = len(seeds) and not all(map(math.isinf, times))
    return times[0] - times[1] if both else math.nan


def critical(study: Study, rows: pd.DataFrame, check: Check) -> None:
    """F3: mean ranks of the scores over common sources, and who is not shown to differ."""
    wide = study.final.loc[study.ranked].dropna(axis="columns")
    rank = wide.rank(axis="index", method="average")
    mean = rank.mean(axis="columns")
    shown = rows[rows["kind"] == "rank"].set_index("optimizer")
    check.same("optimizers", sorted(shown.index), sorted(study.ranked))
    for label, row in shown.iterrows():
        check.number(f"{label}: mean rank", row["mean_rank"], mean[label])
        check.number(f"{label}: n", row["n"], wide.shape[1])
        ends = rank_ends(rank.loc[label].to_numpy(), len(shown))
        check.both(str(label), row["low"], row["high"], ends)
    check.same("best first", shown["mean_rank"].tolist(), sorted(shown["mean_rank"]))
    order = list(shown.index)
    alike = _alike(wide, order)
    groups = []
    for a, b in itertools.combinations(range(len(order)), 2):
        members = order[a : b + 1]
        if all(alike[pair] for pair in itertools.permutations(members, 2)):
            groups.append(members)
    widest = [g for g in groups if not any(set(g) < set(other) for other in groups)]
    bars = rows[rows["kind"] == "bar"]
    found = [g["optimizer"].tolist() for _, g in bars.groupby("bar")]
    check.same("bars", sorted(found), sorted(widest))
    for row in bars.itertuples():
        check.number(f"bar {row.bar}: {row.optimizer}", row.mean_rank, mean[row.optimizer])
        check.number(f"bar {row.bar}: n", row.n, wide.shape[1])


def _alike(wide: pd.DataFrame, order: list[str]) -> dict[tuple[str, str], bool]:
    pairs = list(itertools.combinations(order, 2))
    if wide.shape[1] < ENOUGH:
        p = [1.0] * len(pairs)
    else:
        p = holm([signed_rank_p((wide.loc[a] - wide.loc[b]).tolist()) for a, b in pairs])
    found = dict(zip(pairs, (v > 0.05 for v in p), strict=True))
    return found | {(b, a): v for (a, b), v in found.items()}


def pairs(study: Study, rows: pd.DataFrame, check: Check) -> None:
    """F5: A12, corrected p, and wins, ties and losses of every pair over common sources."""
    shown = list(dict.fromkeys(rows["optimizer"]))
    table = study.at_cut()
    worst = over_folds(table.assign(regret=table["regret"].where(~table["failed"], math.inf)))
    both = list(itertools.combinations(shown, 2))
    error = pd.Series(surrogate_errors(study))
    gaps = {(a, b): (study.final.loc[a] - study.final.loc[b]).dropna().round(12) for a, b in both}
    gaps = {pair: gap.where(gap.abs() >= error[gap.index], 0.0) for pair, gap in gaps.items()}
    raw = [signed_rank_p(gaps[k].tolist()) if len(gaps[k]) >= ENOUGH else math.nan for k in both]
    p = dict(zip(both, holm(raw), strict=True))
    expected = 2 * sum(2 * bool(len(gaps[k])) + (not math.isnan(p[k])) for k in both)
    check.same("cells", len(rows), expected)
    for row in rows.itertuples():
        key = (row.optimizer, row.against)
        swapped = key not in gaps
        gap = -gaps[key[::-1]] if swapped else gaps[key]
        win, tie, loss = int((gap < 0).sum()), int((gap == 0).sum()), int((gap > 0).sum())
        where = f"{row.panel}: {row.optimizer} against {row.against}"
        for name, want in (("n", len(gap)), ("win", win), ("tie", tie), ("loss", loss)):
            check.number(f"{where}, {name}", getattr(row, name), want)
        if row.panel == "A12":
            want = _chance(worst, *key)
            check.same(f"{where}, text", row.text, f"{row.value:.2f}")
        elif row.panel.startswith("p"):
            want = p[key[::-1]] if swapped else p[key]
        else:
            want = (win + tie / 2) / len(gap)
            check.same(f"{where}, text", row.text, f"{win}/{tie}/{loss}")
        check.number(where, row.value, want)


def _chance(table: pd.DataFrame, a: str, b: str) -> float:
    """Return how often a run of a lies below one of b, averaged over testbeds, then sources."""
    out: dict[str, list[float]] = {}
    for (source, _), group in table.groupby(["source", "testbed"]):
        x = group.loc[group["optimizer"] == a, "regret"].tolist()
        y = group.loc[group["optimizer"] == b, "regret"].tolist()
        each = [1.0 if u < v else 0.5 if u == v else 0.0 for u in x for v in y]
        if each:
            out.setdefault(source, []).append(sum(each) / len(each))
    return float(np.mean([np.mean(v) for v in out.values()]))


AGGREGATES: dict[str, tuple[Callable[[np.ndarray], float], Ends]] = {
    "interquartile mean": (interquartile_mean, window_ends),
    "median": (lambda v: float(np.median(v)), median_ends),
    "mean": (lambda v: float(v.mean()), mean_ends),
    "optimality gap (target 0.01)": (
        lambda v: float(np.mean([max(x - 0.01, 0.0) for x in v])),
        lambda v: mean_ends(np.array([max(x - 0.01, 0.0) for x in v])),
    ),
}


def strips(study: Study, rows: pd.DataFrame, check: Check) -> None:
    """F7: four aggregates over sources of the score at the cut, with intervals, 0 at least."""
    check.same("aggregates", set(rows["panel"]), set(AGGREGATES))
    for name, panel in rows.groupby("panel"):
        known = [x for x in study.labels if study.final.loc[x].notna().any()]
        check.same(f"{name}: optimizers", sorted(panel["optimizer"]), sorted(known))
    for row in rows.itertuples():
        mine = study.final.loc[row.optimizer].dropna().to_numpy()
        where = f"{row.panel}: {row.optimizer}"
        measure, ends = AGGREGATES[row.panel]
        check.number(where, row.value, measure(mine))
        check.number(f"{where}, n", row.n, len(mine))
        low, high = ends(mine)
        want = (low if math.isnan(low) else max(low, 0.0), high)
        check.both(where, row.low, row.high, want)


def stability(study: Study, rows: pd.DataFrame, check: Check) -> None:
    """F16: places by the interquartile mean, with groups left out and drawn again."""
    wide = study.final.loc[study.ranked].dropna(axis="columns")
    family = {b.source: b.family or b.source for b in study.beds.values()}
    rng = np.random.default_rng(1)
    expected = set()
    for by in ("source", "family"):
        groups: dict[str, list[str]] = {}
        for source in wide.columns:
            groups.setdefault(source if by == "source" else family[source], []).append(source)
        if len(groups) < 2:
            continue
        expected.add(f"by {by}")
        mine = rows[rows["panel"] == f"by {by}"].set_index("optimizer")
        check.same(f"by {by}: optimizers", sorted(mine.index), sorted(study.ranked))
        out = [_places(wide.drop(columns=members)) for members in groups.values()]
        names = list(groups)
        at = [[wide.columns.get_loc(s) for s in groups[name]] for name in names]
        picks = rng.integers(0, len(names), size=(OWN_DRAWS, len(names)))
        drawn = np.stack(
            [_places(wide.iloc[:, [c for i in pick for c in at[i]]]) for pick in picks]
        )
        best = drawn == drawn.min(axis=1, keepdims=True)
        first = best / best.sum(axis=1, keepdims=True)
        for i, label in enumerate(wide.index):
            row, where = mine.loc[label], f"by {by}: {label}"
            check.number(f"{where}, place", row["place"], _places(wide)[i])
            check.number(f"{where}, least", row["least"], min(p[i] for p in out))
            check.number(f"{where}, most", row["most"], max(p[i] for p in out))
            check.number(f"{where}, groups", row["groups"], len(groups))
            check.ends(where, row["low"], row["high"], drawn[:, i], 2000)
            share = first[:, i].mean()
            check.share(f"{where}, first", row["first"], share, 2000, OWN_DRAWS)
    check.same("panels", set(rows["panel"]), expected)


def _places(wide: pd.DataFrame) -> np.ndarray:
    values = [round(interquartile_mean(v), 12) for v in wide.to_numpy()]
    below = [sum(u < v for u in values) for v in values]
    return np.array([b + (values.count(v) + 1) / 2 for b, v in zip(below, values, strict=True)])
