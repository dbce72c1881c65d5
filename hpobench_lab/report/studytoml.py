"""The study file that runs a study again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hpobench_lab.analysis.runs.panel import ResultsLike
from hpobench_lab.analysis.study import Analysis
from hpobench_lab.figures.style import plain

__all__ = ["budget_of", "seeds_words", "study_toml"]

DEFAULTS: Mapping[str, Any] = {
    "workers": 1,
    "synchronous": False,
    "max_trials": 1_000_000,
    "ask_timeout_s": 600.0,
}
"""What is left out of the file where a study has it; all else is stated."""


def seeds_words(seeds: Sequence[int]) -> str:
    """Return seeds as a half-open range where they are one, else as a list.

    >>> seeds_words([0, 1, 2]), seeds_words([1, 5]), seeds_words([])
    ('0:3', '1,5', '')
    """
    if len(seeds) and list(seeds) == list(range(seeds[0], seeds[-1] + 1)):
        return f"{seeds[0]}:{seeds[-1] + 1}"
    return ",".join(map(str, seeds))


def budget_of(analysis: Analysis) -> tuple[str, float]:
    """Return axis and amount of the budget that the protocol gave to every run.

    Runs are read at the declared cut, which may be smaller; it is the best guess where the protocol
    is not known, or where merged runs had different budgets.
    """
    budget = (analysis.settings.get("protocol") or {}).get("budget")
    mixed = any(c.code == "mixed-budgets" for c in analysis.cautions)
    if mixed or not isinstance(budget, Mapping):
        return analysis.cut.declared
    stated = [(str(k), float(v)) for k, v in budget.items() if isinstance(v, int | float)]
    return stated[0] if stated else analysis.cut.declared


def study_toml(analysis: Analysis, results: ResultsLike) -> str:
    """Return a study file that runs the same study again."""
    a = analysis
    protocol = dict(a.settings.get("protocol") or {})
    budget = protocol.get("budget") or {a.cut.declared[0]: a.cut.declared[1]}
    lines = [
        "schema = 1",
        f"name = {_toml(a.name)}",
        f"seeds = {_toml(seeds_words(a.seeds))}",
        "[protocol]",
        f"use = {_toml(protocol.get('use', 'fixed-budget'))}",
        f"budget = {_toml(budget)}",
    ]
    lines += [
        f"{key} = {_toml(protocol[key])}"
        for key, usual in DEFAULTS.items()
        if protocol.get(key, usual) != usual
    ]
    lines += _primary(results, a.baseline)
    spec = results.study.get("spec") or a.settings
    for o in spec.get("optimizers") or []:
        use = o.get("use", o.get("id", ""))
        lines += ["[[optimizer]]", f"use = {_toml(use)}"]
        lines += [f"label = {_toml(o['label'])}"] if o.get("label") != use else []
        lines += [f"params = {_toml(o['params'])}"] if o.get("params") else []
    for t in spec.get("testbeds") or []:
        lines += ["[[testbed]]", f"use = {_toml(t.get('use') or _plain(t))}"]
        lines += [f"{k} = {_toml(t[k])}" for k in ("params", "wrap") if t.get(k)]
    return "\n".join(lines) + "\n"


def _primary(results: ResultsLike, baseline: str) -> list[str]:
    """Return the table of the primary endpoint, what has its default left out."""
    stated = results.study.get("primary")
    known = dict(stated) if isinstance(stated, Mapping) else {}
    known = {"baseline": baseline or known.get("baseline")} | known
    if not known["baseline"]:
        return []
    shown = {k: v for k, v in known.items() if v and (k, v) != ("metric", "regret")}
    return ["[primary]", *(f"{k} = {_toml(v)}" for k, v in shown.items())]


def _plain(testbed: dict[str, Any]) -> str:
    name = str(testbed.get("id", ""))
    return name.split("(")[0] if testbed.get("params") or testbed.get("wrap") else name


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value)  # 1.0 stays a float, so that the study keeps its hash
    if isinstance(value, dict):
        pairs = [f"{_key(str(k))} = {_toml(v)}" for k, v in value.items() if v is not None]
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return _quoted(str(value))


def _key(name: str) -> str:
    bare = name.replace("_", "").replace("-", "")
    return name if bare.isascii() and bare.isalnum() else _quoted(name)


def _quoted(text: str) -> str:
    r"""Return a basic TOML string; what acts on a terminal is written by its code point.

    >>> print(_quoted("a\x1b \u202e"))
    "a\u001b \u202e"
    """
    out = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if plain(c) == c else f"\\u{ord(c):04x}" for c in out) + '"'
