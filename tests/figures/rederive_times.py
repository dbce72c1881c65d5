"""Derive run-time ECDFs, profiles, the Bayesian triple and workers again, for ``rederive``."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping

import numpy as np
import pandas as pd

from tests.figures.rederive_checks import Check
from tests.figures.rederive_runs import Bed, Run, Study, scores

TWICE = "random ×2"
CUT = 5


def targets(bed: Bed) -> list[float]:
    """Return the 51 regrets that count on a testbed, in the unit of its losses."""
    if bed.kind == "function":
        return [10 ** (2 - 0.2 * i) for i in range(51)]
    return [10 ** (-0.06 * i) * (bed.reference - bed.optimum) for i in range(51)]


def hits(run: Run, bed: Bed, axis: str, cut: float) -> list[float]:
    """Return when a run first reached each target; infinite where it did not by the cut."""
    out = []
    for target in targets(bed):
        near = target * (1 + 1e-12)  # a target and a regret may differ in the last digit
        at = (x for x, v in zip(run.at[axis], run.value, strict=True) if v - bed.optimum <= near)
        first = math.inf if run.failed else next(at, math.inf)
        out.append(first if first <= cut else math.inf)
    return out


def all_hits(study: Study) -> dict[tuple[str, str], list[tuple[int, int, list[float]]]]:
    """Return (optimizer, testbed) -> seed, fold and hits of each run, random ×2 included."""
    out = defaultdict(list)
    for r in study.runs:
        if r.testbed in study.used:
            found = hits(r, study.beds[r.testbed], study.axis, study.cuts[r.testbed])
            out[r.optimizer, r.testbed].append((r.seed, r.fold, found))
    following = dict(zip(study.seeds, study.seeds[1:] + study.seeds[:1], strict=True))
    for bed in study.used if len(study.seeds) > 1 else ():
        mine = {(s, f): v for s, f, v in out.get((study.random, bed), [])}
        for (s, f), v in mine.items():
            other = mine.get((following[s], f))
            if other:
                out[TWICE, bed].append((s, f, list(map(min, v, other))))
    return out


def ecdf(study: Study, rows: pd.DataFrame, check: Check) -> None:
    """F4: the share of pairs of a run and a target that are reached, sources alike."""
    found = all_hits(study)
    share_axis = (rows["axis"] == "share of the budget").all()

    def at(bed: str, x: float) -> float:
        return x * study.cuts[bed] if share_axis else x

    def by_source(label: str, x: float) -> dict[str, float]:
        beds = defaultdict(list)
        for bed in study.used:
            runs = [t for _, _, v in found.get((label, bed), []) for t in v]
            if runs:
                beds[study.beds[bed].source].append(sum(t <= at(bed, x) for t in runs) / len(runs))
        return {s: sum(v) / len(v) for s, v in beds.items()}

    expected = {*study.ranked, *([TWICE] if any(k[0] == TWICE for k in found) else [])}
    if study.random not in study.ranked:
        expected -= {TWICE}
    check.same("optimizers", set(rows["optimizer"]), expected)
    rng = np.random.default_rng(1)
    for (label, series), group in rows.groupby(["optimizer", "series"], sort=False):
        for row in group.to_dict("records"):
            where = f"{label}, {series} at {row['x']:g}"
            if series == "restarts":
                _restarts(study, found, label, row, where, check, share_axis)
                continue
            shares = by_source(label, row["x"])
            check.number(where, row["value"], sum(shares.values()) / len(shares))
            if series == "runs" and len(shares) > 1:
                values = np.array(list(shares.values()))
                draws = values[rng.integers(0, len(values), (4000, len(values)))].mean(axis=1)
                _ends(check, where, row, draws, 2000)


def _ends(
    check: Check, where: str, row: Mapping[str, float], draws: np.ndarray, theirs: int
) -> None:
    """Compare a band; equal means that were added in another order count as equal."""
    low, high = round(row["low"], 12), round(row["high"], 12)
    check.ends(where, low, high, np.round(draws, 12), theirs)


def _restarts(
    study: Study,
    found: Mapping[tuple[str, str], list[tuple[int, int, list[float]]]],
    label: str,
    row: Mapping[str, float],
    where: str,
    check: Check,
    share_axis: bool,
) -> None:
    """Compare simulated restarts with their exact distribution, from the budgets alone.

    A restart that misses spends what a run spent; where all spent the cut, or nearly, the time of a
    hit after k misses is k cuts later. Runs that spent less are only bounded from below.
    """
    beds = defaultdict(list)
    equal = True
    for bed in study.used:
        cut, runs = study.cuts[bed], found.get((label, bed), [])
        factor = row["x"] if share_axis else row["x"] / cut
        mine = [r for r in study.runs if (r.optimizer, r.testbed) == (label, bed)]
        equal &= all(r.failed or r.spent[study.axis] >= cut * (1 - 1e-9) for r in mine)
        shares = []
        for times in zip(*(v for _, _, v in runs), strict=True):
            p = sum(t <= cut for t in times) / len(times)
            total, k = 0.0, 0
            while p > 0 and factor - k > 0:
                reached = sum(t <= (factor - k) * cut * (1 + 1e-12) for t in times)
                total += (1 - p) ** k * reached / len(times)
                k += 1
            shares.append(total)
        if shares:
            beds[study.beds[bed].source].append(sum(shares) / len(shares))
    want = float(np.mean([np.mean(v) for v in beds.values()]))
    check.n += 1
    if not row["value"] >= want - 0.02 or (equal and not row["value"] <= want + 0.02):
        check.wrong.append(f"{where}: {row['value']!r} in the CSV, {want!r} ± 0.02 again")


def profile(study: Study, rows: pd.DataFrame, check: Check) -> None:
    """F8: the share of runs that end at or below a regret, sources alike."""
    table = study.at_cut()
    rng = np.random.default_rng(1)
    check.same("optimizers", set(rows["optimizer"]), set(study.ranked))
    for row in rows.to_dict("records"):
        mine = table[table["optimizer"] == row["optimizer"]]
        hit = mine.assign(hit=mine["regret"] <= row["x"]).groupby(["source", "testbed"])["hit"]
        values = hit.mean().groupby("source").mean().to_numpy()
        where = f"{row['optimizer']} at {row['x']:g}"
        check.number(where, row["value"], float(values.mean()))
        if len(values) > 1:
            draws = values[rng.integers(0, len(values), (4000, len(values)))].mean(axis=1)
            _ends(check, where, row, draws, 1000)


def bayes(study: Study, rows: pd.DataFrame, check: Check) -> None:
    """F9: the posterior of the signed-rank test, by our own draws of one weight after the other."""
    final = scores(study.at_cut())
    rng = np.random.default_rng(1)
    for row in rows.to_dict("records"):
        d = (final.loc[row["optimizer"]] - final.loc[study.baseline]).dropna().to_numpy()
        check.number(f"{row['optimizer']}, n", row["n"], len(d))
        z = np.append(d, 0.0)
        mean = np.add.outer(z, z) / 2
        raw = rng.gamma(np.append(np.ones(len(d)), 0.5), size=(4000, len(z)))
        weight = raw / raw.sum(axis=1, keepdims=True)
        won = np.zeros(3)
        masks = [mean < -row["rope"], abs(mean) <= row["rope"], mean > row["rope"]]
        shares = np.stack([np.einsum("si,ij,sj->s", weight, m, weight) for m in masks], axis=1)
        won = np.bincount(shares.argmax(axis=1), minlength=3) / len(shares)
        for name, want in zip(("better", "same", "worse"), won.tolist(), strict=True):
            check.share(f"{row['optimizer']}, {name}", row[name], want, 10_000, len(shares))


def gantt(study: Study, rows: pd.DataFrame, check: Check) -> None:
    """F13: each bar is a trial of the run; no worker has two at once; the share is counted."""
    for label, group in rows.groupby("optimizer", sort=False):
        trials = {}
        fits = []
        for r in study.runs:
            if r.optimizer != label or r.failed:
                continue
            start = study.results.columns["start"]
            first = int(study.results.offsets[study.runs.index(r)])
            mine = {
                i: (float(start[first + k]), e, s)
                for k, (i, e, s) in enumerate(
                    zip(*(r.rows[c] for c in ("id", "end", "status")), strict=True)
                )
            }
            some = [mine.get(int(t)) for t in group["trial"]]
            shown = list(zip(group["start"], group["end"], strict=True))
            if [s[:2] if s else None for s in some] == shown:
                fits.append(r)
                trials = mine
                break
        check.same(f"{label}: runs with these trials", len(fits), 1)
        if not fits:
            continue
        busy, stop, workers = 0.0, group["stop"].iloc[0], group["workers"].iloc[0]
        for a, b, _ in trials.values():
            busy += max(0.0, min(b, stop) - min(a, stop))
        check.number(f"{label}, used", group["used"].iloc[0], busy / (workers * stop))
        for row in group.to_dict("records"):
            status = trials[int(row["trial"])][2]
            word = "ok" if status == 0 else "cut" if status == CUT else "failed"
            check.same(f"{label}, trial {row['trial']:g}", row["state"], word)
        for worker, bars in group.sort_values("start").groupby("worker"):
            gaps = bars["start"].to_numpy()[1:] - bars["end"].to_numpy()[:-1]
            check.same(f"{label}, worker {worker:g} overlaps", bool((gaps < -1e-9).any()), False)


def curves(study: Study, rows: pd.DataFrame, check: Check) -> None:
    """F18: raw points are told losses; smoothed ones are medians of the raw ones around them."""
    told = defaultdict(set)
    for r in study.runs:
        told[f"{r.testbed}: {r.optimizer}"] |= set(
            zip(r.rows["fidelity"], r.rows["loss"], strict=True)
        )
    for (panel, number), group in rows.groupby(["panel", "curve"], sort=False):
        raw, smooth = (group[group["series"] == s] for s in ("raw", "smoothed"))
        points = set(zip(raw["x"], raw["value"], strict=True))
        check.same(f"{panel}, curve {number:g} was told", points - told[panel], set())
        y, n = raw["value"].tolist(), len(raw)
        for i, got in enumerate(smooth["value"].tolist()):
            half = min(2, i, n - 1 - i)
            want = float(np.median(y[i - half : i + half + 1]))
            check.number(f"{panel}, curve {number:g}, point {i}", got, want)


def told_losses(study: Study) -> dict[tuple[str, str], list[np.ndarray]]:
    """Return (testbed, optimizer) -> two losses of each finished run, failed trials as NaN."""
    out = defaultdict(list)
    for i, r in enumerate(study.runs):
        if len(r.header["testbed"].get("objectives") or ()) < 2 or r.failed:
            continue
        columns = study.results.run(i).columns
        both = [
            (a, b) if s == 0 else (math.nan, math.nan)
            for a, b, s in zip(columns["loss"], columns["loss.1"], columns["status"], strict=True)
            if s != CUT
        ]
        out[r.testbed, r.optimizer].append(np.array(both))
    return out


def fronts(study: Study, rows: pd.DataFrame, check: Check) -> None:
    """F11: a corner is attained by so many runs, and nothing a little better is."""
    found = told_losses(study)
    check.same("panels", set(rows["panel"]), {bed for bed, _ in found})
    for (panel, label, level), group in rows.groupby(["panel", "optimizer", "level"]):
        runs = found[panel, label]
        xs, ys = (sorted({float(v) for r in runs for v in r[:, k] if v == v}) for k in (0, 1))

        def attained(x: float, y: float, runs: list[np.ndarray] = runs, p: float = level) -> bool:
            count = sum(bool(((r[:, 0] <= x) & (r[:, 1] <= y)).any()) for r in runs)
            return count >= p * len(runs) - 1e-9

        corners, best = [], math.inf
        for x in xs:
            y = next((y for y in ys if attained(x, y)), math.inf)
            if y < best:
                corners.append((x, y))
                best = y
        got = list(zip(group["x"], group["y"], strict=True))
        check.same(f"{panel}, {label}, {level:g}", got, corners)
