"""Sentences written from the actual settings: methods, energy, provenance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hpobench_lab.analysis.comparisons import ENOUGH, attainable_p, family
from hpobench_lab.analysis.panel import ResultsLike
from hpobench_lab.analysis.study import Analysis
from hpobench_lab.analysis.verdict import short

__all__ = ["citations", "energy", "methods", "seeds_words", "study_toml"]


def seeds_words(seeds: Sequence[int]) -> str:
    """Return seeds as a half-open range where they are one, else as a list.

    >>> seeds_words([0, 1, 2]), seeds_words([1, 5]), seeds_words([])
    ('0:3', '1,5', '')
    """
    if len(seeds) and list(seeds) == list(range(seeds[0], seeds[-1] + 1)):
        return f"{seeds[0]}:{seeds[-1] + 1}"
    return ",".join(map(str, seeds))


def methods(analysis: Analysis) -> list[str]:
    """Return the methods section, a list of paragraphs."""
    a, panel, n = analysis, analysis.panel, len(analysis.panel.sources)
    protocol = a.settings.get("protocol") or {}
    workers = int(protocol.get("workers", 1))
    done = a.completion
    runs = (
        f"{_count(len(panel.optimizers), 'optimizer')} ran on "
        f"{_count(len(panel.beds), 'testbed')} ({_count(n, 'independent source')} could be used) "
        f"with {_count(len(a.seeds), 'seed')} ({seeds_words(a.seeds)}) and "
        f"{workers} simulated worker{'s' if workers > 1 else ''}; the budget was "
        f"{a.cut.declared[1]:,.10g} {a.cut.declared[0].replace('_', ' ')} a run, and runs are "
        f"read at {a.cut.words}. Of {done.planned} planned runs {done.ok} ended well, "
        f"{done.failed} failed and {done.missing} are missing."
    )
    traces = (
        "The incumbent of a run is the configuration with the smallest loss told so far, at "
        "whatever fidelity; it is scored by its noise-free value at full fidelity where the "
        "testbed knows it. Incumbents are right-continuous steps, never interpolated. Normalised "
        "regret is (value − f_opt) / (f_ref − f_opt) with f_opt and f_ref stored per testbed "
        "(f_ref: the median of one random evaluation), so it does not depend on who takes part. "
        "A failed run counts with regret 1 and the worst rank; nothing is dropped."
    )
    tests = (
        "Seeds are summarised by the median within a testbed, testbeds by the median within a "
        "source; the source is the unit of replication. The league table shows the interquartile "
        "mean over sources (Agarwal et al. 2021) with a 95 % percentile interval from "
        f"{len(a.draws):,} bootstrap studies that resample sources, then seeds, the same for all "
        "optimizers. Mean ranks are shown beside it, and depend on who takes part. "
    )
    if a.comparisons:
        tests += (
            f"Every other optimizer is compared with the baseline {a.baseline} (Demsar 2006) by a "
            "two-sided Wilcoxon signed-rank test on per-source regrets, exact, zeros as Pratt "
            "(1959). Holm (1979) corrects over the comparisons that can be tested by design, those "
            f"with at least {ENOUGH} common sources: {len(family(a.comparisons))} of "
            f"{len(a.comparisons)} here, which can attain p = "
            f"{short(attainable_p(a.comparisons))} at best. A12 is the chance that a run beats one "
            "of the baseline (Vargha, Delaney 2000). As sensitivity the test is repeated on log10 "
            "regret, on the log-time area under the curve and, where runs failed, without them: "
            f"{_sensitivity(analysis)}."
        )
    return [runs, traces, tests]


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"


def _sensitivity(analysis: Analysis) -> str:
    rest = {k: v for k, v in analysis.sensitivity.items() if k != "normalised regret"}
    return "; ".join(f"{name}: {winner or 'none'} wins" for name, winner in rest.items())


def energy(analysis: Analysis) -> str:
    """Return what is known of the study's energy, with its method."""
    s = analysis.session
    if not s.kwh:
        return f"No energy figure: {s.reason}."
    parts = ", ".join(
        f"{part} {short(kwh * 1000)} Wh ({s.methods[part].replace('_', ' ')})"
        for part, kwh in s.kwh.items()
    )
    runs = sum(r.cost.energy_j for r in analysis.league if r.cost.energy_j == r.cost.energy_j)
    text = (
        f"The machine used {short(s.total_kwh * 1000)} Wh while this study ran ({s.method}: "
        f"{parts}); {short(runs / 3600)} Wh of it are attributed to runs by their processor "
        f"seconds, the rest is idle time and other processes. {s.coverage:.0%} of the wall time "
        "was watched. "
    )
    if s.co2e_kg == s.co2e_kg:
        text += (
            f"At {short(s.intensity_g_per_kwh)} g CO2e per kWh ({s.country}, annual average) that "
            f"is {short(s.co2e_kg * 1000)} g CO2e."
        )
    else:
        text += f"No CO2e figure: {s.co2e_reason or 'the intensity is unknown'}."
    if s.method == "modelled":
        text += (
            " Modelled energy is processor load times a constant power, right within a factor of "
            "two: joules of optimizers are not ranked."
        )
    return text


def citations(analysis: Analysis) -> list[str]:
    """Return what this page rests on, sorted."""
    found = {
        "Agarwal et al. (2021): Deep reinforcement learning at the edge of the statistical "
        "precipice. NeurIPS. https://arxiv.org/abs/2108.13264",
        "Petroff (2021): Accessible color sequences for data visualization. "
        "https://arxiv.org/abs/2107.02270",
    }
    if analysis.comparisons:
        found |= {
            "Demsar (2006): Statistical comparisons of classifiers over multiple data sets. "
            "JMLR 7:1-30.",
            "Holm (1979): A simple sequentially rejective multiple test procedure. "
            "Scand. J. Statist. 6:65-70.",
            "Pratt (1959): Remarks on zeros and ties in the Wilcoxon signed rank procedures. "
            "JASA 54:655-667.",
            "Vargha, Delaney (2000): A critique and improvement of the CL common language effect "
            "size statistics. J. Educ. Behav. Stat. 25:101-132.",
            "Wilcoxon (1945): Individual comparisons by ranking methods. Biometrics Bulletin "
            "1:80-83.",
        }
    if analysis.session.kwh:
        found.add("codecarbon, https://github.com/mlco2/codecarbon")
    return sorted(found | {b.citation for b in analysis.panel.beds if b.citation})


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
    if protocol.get("workers", 1) != 1:
        lines.append(f"workers = {_toml(protocol['workers'])}")
    if protocol.get("synchronous"):
        lines.append("synchronous = true")
    if a.baseline:
        lines += ["[primary]", f"baseline = {_toml(a.baseline)}"]
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
    """Return a basic TOML string."""
    out = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}" for c in out) + '"'
