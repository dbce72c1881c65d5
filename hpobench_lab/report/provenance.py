"""Where the numbers come from, from the results alone: nothing here asks the clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

from hpobench_lab.analysis.runs.panel import ResultsLike
from hpobench_lab.analysis.study import Analysis
from hpobench_lab.report.studytoml import seeds_words, study_toml

__all__ = ["provenance"]

SHOWN_CRASHES = 50


def provenance(analysis: Analysis, results: ResultsLike) -> dict[str, Any]:
    """Return facts, the study file, the command that reproduces it, and failed runs."""
    a, headers, done = analysis, results.headers, analysis.completion
    paths = [PurePath(p).name for p in getattr(results, "paths", ())]
    facts = {
        "study": f"{a.name}-{a.hash}" if a.hash else a.name,
        "results": ", ".join(paths),
        "runs": f"{done.ok} ok, {done.failed} failed, {done.missing} missing",
        "seeds": seeds_words(a.seeds),
        "first run began": _moment(headers, "wall_start", min),
        "last run ended": _moment(headers, "wall_end", max),
        "optimizers": ", ".join(f"{r.label} = {r.id} {r.version[:12]}" for r in a.league),
        "testbeds": ", ".join(f"{b.id} {b.version[:12]}" for b in a.panel.beds),
        "data": ", ".join(_data(headers)),
    } | {f"platform: {k}": v for k, v in _platforms(headers).items()}
    command = str(
        results.study.get("command")
        or f"hpobench-lab run study.toml --seeds {seeds_words(a.seeds)}"
    )
    return {
        "facts": {k: v for k, v in facts.items() if v},
        "command": command,
        "study_toml": study_toml(a, results),
        "crashes": _crashes(headers),
    }


def _moment(headers: Any, key: str, pick: Any) -> str:
    times = [h["measured"][key] for h in headers if (h.get("measured") or {}).get(key)]
    if not times:
        return ""
    return datetime.fromtimestamp(pick(times), UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _data(headers: Any) -> list[str]:
    found = {
        h["testbed"]["id"]: (h["testbed"].get("facts") or {}).get("data_sha256") or ""
        for h in headers
    }
    return [f"{name} sha256 {digest[:16]}" for name, digest in sorted(found.items()) if digest]


def _platforms(headers: Any) -> dict[str, str]:
    found: dict[str, set[str]] = {}
    for header in headers:
        for key, value in (header.get("platform") or {}).items():
            found.setdefault(str(key), set()).add(str(value))
    return {key: ", ".join(sorted(values)) for key, values in sorted(found.items())}


def _crashes(headers: Any) -> list[Mapping[str, Any]]:
    failed = [h for h in headers if h["status"] != "ok"]
    rows: list[Mapping[str, Any]] = [
        {
            "optimizer": h["optimizer"]["label"],
            "testbed": h["testbed"]["id"],
            "seed": h["seed"],
            "why": f"{h.get('reason', '')}: {_last_line(h.get('message', ''))}".strip(": "),
        }
        for h in failed[:SHOWN_CRASHES]
    ]
    if len(failed) > SHOWN_CRASHES:
        rest = f"and {len(failed) - SHOWN_CRASHES} more, in result.json's counts"
        rows.append({"optimizer": "…", "testbed": "", "seed": "", "why": rest})
    return rows


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1][:300] if lines else ""
