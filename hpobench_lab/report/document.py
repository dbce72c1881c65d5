"""``result.json``: the contract for other programs, schema 1 (DESIGN 7)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from hpobench_lab.analysis.estimate import Estimate
from hpobench_lab.analysis.inference.comparisons import Comparison
from hpobench_lab.analysis.league import LeagueRow
from hpobench_lab.analysis.runs.panel import Bed
from hpobench_lab.analysis.study import Analysis
from hpobench_lab.report.estimates import estimate, why
from hpobench_lab.report.references import cited, in_words
from hpobench_lab.report.standings import standings
from hpobench_lab.report.studytoml import budget_of

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
            "further": list(a.verdict.further),
        },
        "budget": dict(zip(("axis", "amount"), budget_of(a), strict=True)),
        "cut": {
            "axis": a.cut.axis,
            "amount": a.cut.amount,
            "words": a.cut.words,
            "exploratory": a.cut.exploratory,
        },
        "baseline": a.baseline or None,
        "metric": a.metric,
        "runs": {
            "planned": a.completion.planned,
            "ok": a.completion.ok,
            "failed": a.completion.failed,
            "missing": a.completion.missing,
        },
        "optimizers": [_optimizer(row, a.worth.get(row.label)) for row in a.league],
        "testbeds": [_testbed(a, j, bed) for j, bed in enumerate(a.panel.beds)],
        "comparisons": [_comparison(c) for c in a.comparisons],
        **standings(a),
        "sensitivity": [{"metric": k, "winner": v or None} for k, v in a.sensitivity.items()],
        "energy": _energy(a),
        "not_applicable": [dict(p) for p in a.not_applicable],
        "warnings": [{"code": c.code, "level": c.level, "text": c.text} for c in a.cautions],
        "figures": [dict(f) for f in figures],
        "references": [
            {"key": r.key, "text": in_words(r)} for r in cited(a, [f["id"] for f in figures])
        ],
        "provenance": dict(provenance),
    }
    clean: dict[str, Any] = _clean(body)
    return clean


def _comparison(c: Comparison) -> dict[str, Any]:
    names = (
        "a b effect low high p p_holm p_sign win tie loss a12 n excluded outcome method citation"
    )
    return {name: getattr(c, name) for name in names.split()} | why(
        c.reason, p=c.p, p_holm=c.p_holm, p_sign=c.p_sign
    )


def _optimizer(row: LeagueRow, worth: Estimate | None) -> dict[str, Any]:
    c, done = row.cost, row.completion
    return {
        "label": row.label,
        "id": row.id,
        "version": row.version,
        "params": dict(row.params),
        "rank": row.place,
        "mean_rank": row.mean_rank,
        "regret": estimate(row.regret),
        "worth": None if worth is None else estimate(worth),
        "completion": done.rate,
        "runs": {
            "planned": done.planned,
            "ok": done.ok,
            "failed": done.failed,
            "missing": done.missing,
        },
        "ask_tell_s": c.ask_tell_s,
        "eval_s": c.eval_s,
        "cpu_s": c.cpu_s,
        "energy_j": {"value": c.energy_j, "method": c.method}
        | why("no energy is known", value=c.energy_j),
    } | _no_place(row, worth is None)


def _no_place(row: LeagueRow, no_worth: bool) -> dict[str, str]:
    """Return why there is no rank and no worth."""
    out = {"worth_reason": "it is a control, or there is none to measure by"} if no_worth else {}
    if row.place is None:
        reason = row.rank_reason or "no source can be used"
        out |= {"rank_reason": reason, "mean_rank_reason": reason}
    return out


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
    } | why(
        s.reason or s.co2e_reason or "unknown",
        kwh=s.total_kwh,
        kg_co2e=s.co2e_kg,
        intensity_g_per_kwh=s.intensity_g_per_kwh,
        coverage=s.coverage,
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
