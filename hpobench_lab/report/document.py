"""``result.json``: the contract for other programs, schema 1 (DESIGN 7)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from hpobench_lab.analysis.league import LeagueRow
from hpobench_lab.analysis.panel import Bed
from hpobench_lab.analysis.study import Analysis

__all__ = ["SCHEMA", "document"]

SCHEMA = 1


def document(
    analysis: Analysis, figures: Sequence[Mapping[str, Any]], provenance: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the document as plain data; NaN and infinity are null beside ``<key>_reason``."""
    a = analysis
    body = {
        "schema": SCHEMA,
        "study": {"name": a.name, "hash": a.hash, "settings": a.settings, "seeds": list(a.seeds)},
        "verdict": {
            "sentence": a.verdict.sentence,
            "best": a.verdict.best or None,
            "decided": a.verdict.decided,
            "reason": a.verdict.reason,
        },
        "budget": {"axis": a.cut.declared[0], "amount": a.cut.declared[1]},
        "cut": {"axis": a.cut.axis, "words": a.cut.words},
        "baseline": a.baseline or None,
        "runs": {
            "planned": a.completion.planned,
            "ok": a.completion.ok,
            "failed": a.completion.failed,
            "missing": a.completion.missing,
        },
        "optimizers": [_optimizer(row) for row in a.league],
        "testbeds": [_testbed(a, j, bed) for j, bed in enumerate(a.panel.beds)],
        "comparisons": [
            {
                "a": c.a,
                "b": c.b,
                "effect": c.effect,
                "low": c.low,
                "high": c.high,
                "p": c.p,
                "p_holm": c.p_holm,
                "p_sign": c.p_sign,
                "win": c.win,
                "tie": c.tie,
                "loss": c.loss,
                "a12": c.a12,
                "n": c.n,
                "excluded": c.excluded,
                "outcome": c.outcome,
                "method": c.method,
                "citation": c.citation,
            }
            | ({f"{k}_reason": c.reason for k in ("p", "p_holm", "p_sign")} if c.reason else {})
            for c in a.comparisons
        ],
        "sensitivity": [{"metric": k, "winner": v or None} for k, v in a.sensitivity.items()],
        "energy": _energy(a),
        "not_applicable": [dict(p) for p in a.not_applicable],
        "warnings": [{"code": c.code, "text": c.text} for c in a.cautions],
        "figures": [dict(f) for f in figures],
        "provenance": dict(provenance),
    }
    clean: dict[str, Any] = _clean(body)
    return clean


def _optimizer(row: LeagueRow) -> dict[str, Any]:
    r, c = row.regret, row.cost
    return {
        "label": row.label,
        "id": row.id,
        "version": row.version,
        "params": dict(row.params),
        "rank": row.place,
        "mean_rank": row.mean_rank,
        "regret": {
            "estimate": r.value,
            "low": r.low,
            "high": r.high,
            "n": r.n,
            "excluded": r.excluded,
            "method": r.method,
            "citation": r.citation,
        }
        | ({f"{k}_reason": r.reason for k in ("low", "high")} if r.reason else {}),
        "completion": row.completion.rate,
        "runs": {
            "planned": row.completion.planned,
            "ok": row.completion.ok,
            "failed": row.completion.failed,
        },
        "ask_tell_s": c.ask_tell_s,
        "eval_s": c.eval_s,
        "cpu_s": c.cpu_s,
        "energy_j": {"value": c.energy_j, "method": c.method}
        | ({} if math.isfinite(c.energy_j) else {"value_reason": "no energy is known"}),
    } | ({f"{k}_reason": row.rank_reason for k in ("rank", "mean_rank")} if row.rank_reason else {})


def _testbed(a: Analysis, j: int, bed: Bed) -> dict[str, Any]:
    failed = int(a.panel.failed[:, j].sum())
    return {
        "id": bed.id,
        "version": bed.version,
        "source": bed.source,
        "family": bed.family,
        "kind": bed.kind,
        "f_opt": bed.f_opt,
        "f_opt_origin": bed.f_opt_origin,
        "f_ref": bed.f_ref,
        "f_ref_origin": bed.f_ref_origin,
        "surrogate_quality": dict(bed.quality) if bed.quality else None,
        "cut": float(a.cut.at[j]),
        "n_ok": int(a.panel.present[:, j].sum()) - failed,
        "n_failed": failed,
        "excluded": bed.excluded or None,
    }


def _energy(a: Analysis) -> dict[str, Any]:
    s = a.session
    return {
        "kwh": s.total_kwh,
        "parts": {k: {"kwh": v, "method": s.methods[k]} for k, v in s.kwh.items()},
        "method": s.method or None,
        "kg_co2e": s.co2e_kg,
        "country": s.country or None,
        "intensity_g_per_kwh": s.intensity_g_per_kwh,
        "coverage": s.coverage,
    } | (
        {f"{k}_reason": s.reason for k in ("kwh", "kg_co2e", "coverage", "intensity_g_per_kwh")}
        if s.reason
        else {"kg_co2e_reason": s.co2e_reason}
        if s.co2e_reason
        else {}
    )


def _clean(value: Any) -> Any:
    if isinstance(value, Mapping):
        out = {}
        for key, item in value.items():
            out[key] = _clean(item)
            if isinstance(item, float) and not math.isfinite(item):
                why = "not defined here" if math.isnan(item) else "infinite"
                out.setdefault(f"{key}_reason", value.get(f"{key}_reason") or why)
        return out
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
