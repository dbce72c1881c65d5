"""The parts of ``result.json`` on who stands where: controls, ranks, stability, every budget."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from hpobench_lab.analysis.anytime import Anytime
from hpobench_lab.analysis.controls import Control
from hpobench_lab.analysis.inference.critical_difference import CriticalDifference
from hpobench_lab.analysis.inference.noninferiority import Gate
from hpobench_lab.analysis.inference.omnibus import Friedman
from hpobench_lab.analysis.inference.stability import Stability
from hpobench_lab.analysis.study import Analysis
from hpobench_lab.report.estimates import estimate

__all__ = ["standings"]

NOT_TESTED = "exploratory: only the declared budget is tested"


def standings(analysis: Analysis) -> dict[str, Any]:
    """Return the parts by key; at an exploratory cut nothing is tested."""
    a, tested = analysis, not analysis.cut.exploratory
    few = "fewer than two ranked optimizers with a common source"
    omnibus = _omnibus(a.omnibus) if a.omnibus is not None and tested else None
    body: dict[str, Any] = {
        "controls": [_control(c) for c in a.controls],
        "omnibus": omnibus,
        "gates": [_gate(label, g) for label, g in a.gates.items()],
        "ranks": None if a.ranks is None else _ranks(a.ranks, tested),
        "stability": [_stability(s) for s in a.stability],
        "anytime": _anytime(a.anytime),
    }
    if omnibus is None:
        body["omnibus_reason"] = few if tested else NOT_TESTED
    return body | ({"ranks_reason": few} if a.ranks is None else {})


def _control(c: Control) -> dict[str, Any]:
    return {
        "name": c.name,
        "label": c.label,
        "regret": estimate(c.regret),
        "unbeaten": list(c.unbeaten),
        "gaps": [{"optimizer": label, "gap": estimate(gap)} for label, gap in c.gaps.items()],
    }


def _omnibus(f: Friedman) -> dict[str, Any]:
    return {
        "w": f.w,
        "chi2": f.chi2,
        "f": f.f,
        "p": f.p,
        "n": f.n,
        "excluded": f.excluded,
        "method": f.method,
        "citation": f.citation,
    }


def _gate(label: str, g: Gate) -> dict[str, Any]:
    return {
        "optimizer": label,
        "verdict": g.verdict,
        "sentence": g.sentence,
        "effect": estimate(g.effect),
        "margin": {
            "kind": g.margin.kind,
            "amount": g.margin.amount,
            "limit": g.margin.limit,
            "words": g.margin.words,
        },
        "citation": g.citation,
    }


def _ranks(r: CriticalDifference, tested: bool) -> dict[str, Any]:
    return {
        "optimizers": [
            {"label": label, "mean_rank": mean, "low": low, "high": high}
            for label, mean, low, high in zip(
                r.labels, r.mean_ranks.tolist(), r.low.tolist(), r.high.tolist(), strict=True
            )
        ],
        "cliques": [list(c) for c in r.cliques] if tested else [],
        "n": r.n,
        "excluded": r.excluded,
        "method": r.method if tested else NOT_TESTED,
        "citation": r.citation,
    }


def _stability(s: Stability) -> dict[str, Any]:
    names = ("place", "least", "most", "low", "high", "first")
    columns = zip(*(getattr(s, name).tolist() for name in names), strict=True)
    return {
        "by": s.by,
        "winner": s.winner or None,
        "flips": [{"left_out": f.left_out, "winner": f.winner} for f in s.flips],
        "places": [
            {"label": label, **dict(zip(names, values, strict=True))}
            for label, values in zip(s.labels, columns, strict=True)
        ],
        "n": s.n,
        "excluded": s.excluded,
        "method": s.method,
        "citation": s.citation,
    }


def _anytime(a: Anytime) -> dict[str, Any]:
    curves: Mapping[str, NDArray[Any]] = {
        "regret": a.regret,
        "low": a.low,
        "high": a.high,
        "effect": a.effect,
        "effect_low": a.effect_low,
        "effect_high": a.effect_high,
        "ratio": a.ratio,
    }
    return {
        "words": a.words,
        "at": a.at.tolist(),
        "optimizers": [
            {"label": label, "n": int(a.n[i]), "ranked": bool(a.ranked[i])}
            | {name: _finite(values[i].tolist()) for name, values in curves.items()}
            for i, label in enumerate(a.labels)
        ],
    }


def _finite(values: list[float]) -> list[float | None]:
    return [v if math.isfinite(v) else None for v in values]
