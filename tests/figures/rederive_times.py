"""Derive profiles, the Bayesian triple, curves and fronts again, for ``rederive``."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping

import numpy as np
import pandas as pd

from tests.figures.rederive_checks import Check
from tests.figures.rederive_runs import Study, scores

CUT = 5


def _ends(
    check: Check, where: str, row: Mapping[str, float], draws: np.ndarray, theirs: int
) -> None:
    """Compare a band; equal means that were added in another order count as equal."""
    low, high = round(row["low"], 12), round(row["high"], 12)
    check.ends(where, low, high, np.round(draws, 12), theirs)


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
            _ends(check, where, row, draws, 2000)


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
