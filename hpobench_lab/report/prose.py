"""Sentences written from the actual settings: methods, energy, references."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from hpobench_lab.analysis.applicability import listed
from hpobench_lab.analysis.inference.clusters import crossed
from hpobench_lab.analysis.inference.comparisons import ENOUGH, attainable_p, family
from hpobench_lab.analysis.inference.intervals import FEWEST
from hpobench_lab.analysis.sensitivity import METRICS
from hpobench_lab.analysis.study import Analysis
from hpobench_lab.analysis.verdict import short
from hpobench_lab.report.citing import cite, plain
from hpobench_lab.report.references import Reference, cited, in_words, of_optimizer, of_testbed
from hpobench_lab.report.studytoml import budget_of, seeds_words

__all__ = ["carbon", "citations", "energy", "gates", "methods"]

NAMED = 12
"""Plug-ins that the methods name one by one; of more, all are cited together."""


def methods(analysis: Analysis, *, written: Callable[[str], str] = plain) -> list[str]:
    """Return the methods section, a list of paragraphs.

    Args:
        analysis: Of the study.
        written: How the marks of ``citing`` become text: ``citing.plain`` or ``citing.tex``.
    """
    parts = [_who(analysis), _runs(analysis), _traces(analysis), _league(analysis)]
    parts += [_tests(analysis), _gate(analysis), _other(analysis)]
    return [written(text) for text in parts if text]


def _who(a: Analysis) -> str:
    optimizers = [(r.label, of_optimizer(r.id, r.version)) for r in a.league]
    beds = [(b.id, of_testbed(b)) for b in a.panel.beds]
    return (
        f"We compared {_named(optimizers, 'optimizer')} on {_named(beds, 'testbed')}."
        if optimizers and beds
        else ""
    )


def _named(found: Sequence[tuple[str, list[Reference]]], noun: str) -> str:
    """Return plug-ins with their citations; of many, their number with all citations at once."""
    if len(found) <= NAMED:
        names = [label + cite(references) for label, references in found]
        return f"{_count(len(names), noun)} ({', '.join(names)})"
    every = {r.key: r for _, references in found for r in references if r.author}
    return _count(len(found), noun) + cite(list(every.values()))


def _runs(a: Analysis) -> str:
    protocol, done = a.settings.get("protocol") or {}, a.completion
    workers = int(protocol.get("workers", 1))
    axis, amount = budget_of(a)
    left_out = [b.id for b in a.panel.beds if b.excluded]
    return (
        f"Every optimizer ran with {_count(len(a.seeds), 'seed')} ({seeds_words(a.seeds)}) and "
        f"{workers} simulated worker{'s' if workers > 1 else ''}; the budget was "
        f"{amount:,.10g} {axis.replace('_', ' ')} a run; runs are read at {a.cut.words}. "
        f"{_count(len(a.panel.sources), 'independent source')} could be used"
        + (f"; {', '.join(left_out)} could not be normalised" if left_out else "")
        + f". {_ended(done.planned, done.ok, done.failed, done.missing)}"
    )


def _ended(planned: int, ok: int, failed: int, missing: int) -> str:
    """Return how the planned runs ended.

    >>> _ended(8, 8, 0, 0), _ended(8, 6, 2, 0)
    ('All 8 planned runs ended well.', 'Of 8 planned runs 6 ended well and 2 failed.')
    >>> _ended(8, 5, 2, 1)
    'Of 8 planned runs 5 ended well, 2 failed and 1 is missing.'
    """
    if ok == planned:
        return f"All {planned} planned runs ended well." if planned else "No run was planned."
    gone = f"{missing} {'is' if missing == 1 else 'are'} missing" if missing else ""
    parts = [f"{ok} ended well", f"{failed} failed" if failed else "", gone]
    return f"Of {planned} planned runs {listed([p for p in parts if p])}."


def _traces(a: Analysis) -> str:
    failed = (
        "A failed run counts with regret 1 and the worst rank; nothing is dropped."
        if a.completion.failed
        else "Failed runs would have counted with regret 1 and the worst rank; there were none."
    )
    return (
        "The incumbent of a run is the configuration with the smallest loss told so far, at "
        "whatever fidelity; it is scored by its noise-free value at full fidelity where the "
        "testbed knows it. Incumbents are right-continuous steps, never interpolated. Normalised "
        f"regret is (value − f_opt) / (f_ref − f_opt){_stored(a)} {failed}"
    )


def _stored(a: Analysis) -> str:
    """Return where f_opt and f_ref come from, and whether regret depends on who takes part."""
    beds = [b for b in a.panel.beds if not b.excluded]
    own = [b.id for b in beds if "in this study" in f"{b.f_opt_origin} {b.f_ref_origin}"]
    stored = (
        " with f_opt and f_ref stored per testbed (f_ref: the median of one random evaluation), so "
        "it does not depend on who takes part"
    )
    if not own:
        return f"{stored}."
    where = listed(own) if len(own) <= NAMED else _count(len(own), "testbed")
    pool = f"{where}: f_opt or f_ref is taken from this study, so regret there depends on the pool."
    return f"{stored}, except on {pool}" if len(own) < len(beds) else f". On {pool}"


def _league(a: Analysis) -> str:
    return (
        "Seeds are summarised by the median within a testbed, testbeds by the median within a "
        "source; the source is the unit of replication. The league table shows the interquartile "
        "mean over sources [@agarwal2021deep] with a 95 % interval from its window shifted over "
        f"the order statistics, and without one for fewer than {FEWEST} sources. Mean ranks are "
        "shown beside it, and depend on who takes part"
        + (" [@benavoli2016]." if a.ranks is not None and a.ranks.n else ".")
    )


def _tests(a: Analysis) -> str:
    if not a.comparisons:
        return ""
    size = (
        "A12 is the chance that a run beats one of the baseline [@vargha2000]. Differences are "
        "medians over sources with interpolated order-statistic intervals [@hettmansperger1986]"
    )
    wide = ", widened where drawing learners and data sets again asks for it [@owen2007]."
    size += wide if crossed(a.panel.families, a.panel.source) else "."
    if a.cut.exploratory:
        return (
            f"Every other optimizer is compared with the baseline {a.baseline}, by effects and "
            f"intervals only: this cut is not the declared budget, so nothing is tested. {size}"
        )
    tested = family(a.comparisons)
    return (
        f"Every other optimizer is compared with the baseline {a.baseline} [@demsar2006] by a "
        f"two-sided Wilcoxon signed-rank test [@wilcoxon1945] on the {METRICS[a.metric]} of each "
        "source, exact, with zeros treated as Pratt does [@pratt1959]. Holm's method "
        "[@holm1979] corrects over the "
        f"comparisons that can be tested by design, those with at least {ENOUGH} common sources: "
        f"{len(tested)} of {len(a.comparisons)} here, which can attain p = "
        f"{short(attainable_p(a.comparisons))} at best. {size} {_ties(a)}{_sensitivity(a)}"
    ).strip()


def _gate(a: Analysis) -> str:
    if not a.gates:
        return ""
    margin = next(iter(a.gates.values())).margin
    return (
        f"Before the runs a margin was declared for not being worse: {margin.words}. An interval "
        "wholly better than equal is called superior, one that does not pass the margin "
        "non-inferior, one wholly beyond it inferior, any other inconclusive [@piaggio2012]."
    )


def _ties(a: Analysis) -> str:
    if all(c.code != "surrogate-ties" for c in a.cautions):
        return ""
    return "Differences below the held-out error of a surrogate near its optimum count as ties. "


def _sensitivity(a: Analysis) -> str:
    rest = [f"{name}: {who or 'none'} wins" for name, who in list(a.sensitivity.items())[1:]]
    return f"The tests are repeated with other choices ({'; '.join(rest)})." if rest else ""


def _other(a: Analysis) -> str:
    """Return what else was computed: the omnibus test, stability, control lines."""
    said = []
    tested = not a.cut.exploratory
    if tested and a.omnibus is not None and a.omnibus.n and a.omnibus.method:
        how = a.omnibus.method.removeprefix("Friedman, ")
        said.append(
            f"Whether the optimizers differ at all is asked by Friedman's test [@friedman1937; "
            f"@iman1980] over {_count(a.omnibus.n, 'common source')} ({how})."
        )
    if any(s.n > 1 for s in a.stability):
        said.append(
            "Stability is shown by leaving out each source, then each family [@dehghani2021lottery]"
            "."
        )
    names = [c.name for c in a.controls]
    if names:
        marks = [f"{n}{_control(n)}" for n in names]
        said.append(f"Control lines are {'; '.join(marks)}.")
    return " ".join(said)


def _control(name: str) -> str:
    if "median" in name:
        return " [@golovin2017vizier]"
    return " [@li2018hyperband]" if "×2" in name else ""


def gates(analysis: Analysis) -> list[str]:
    """Return what the declared margin says of each optimizer; nothing where none is declared."""
    return [
        f"{label}: {gate.verdict}, {_minus(gate.sentence.removeprefix(f'{gate.verdict}: '))}"
        for label, gate in analysis.gates.items()
    ]


def _minus(text: str) -> str:
    """Return text whose negative numbers have a true minus sign.

    >>> _minus("-1.2 to -0.1, non-inferior")
    '−1.2 to −0.1, non-inferior'
    """
    return re.sub(r"(?<![\w.])-(?=\d)", "−", text)


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"


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
        f"seconds; the rest is idle time and other processes. {100 * s.coverage:.0f} % of the "
        "wall time was watched. "
    )
    if s.co2e_kg == s.co2e_kg:
        text += (
            f"At {short(s.intensity_g_per_kwh)} g CO2e per kWh ({s.country}, annual average) that "
            f"is {short(s.co2e_kg * 1000)} g CO2e."
        )
    else:
        text += f"No CO2e figure. Reason: {s.co2e_reason or 'the intensity is unknown'}."
    if s.method == "modelled":
        text += (
            " Modelled energy is processor load times a constant power, right within a factor of "
            "two: joules of optimizers are not ranked."
        )
    return text


def carbon(analysis: Analysis, *, written: Callable[[str], str] = plain) -> str:
    """Return a short carbon statement for a paper: how much, how known, where, what is not in it.

    Args:
        analysis: Of the study.
        written: How the marks of ``citing`` become text.
    """
    s = analysis.session
    without = (
        "Not included: development and failed attempts before this study, collecting the tables, "
        "making the hardware, and the network."
    )
    if not s.kwh:
        return written(f"The energy of this study is not known ({s.reason}). {without}")
    how = (
        "metered by the machine's own counters"
        if s.method == "metered"
        else "modelled from the load and rated power, right within a factor of two"
    )
    text = f"The runs of this study used {_amount(s.total_kwh, 'Wh')} ({how}) [@codecarbon]"
    if s.co2e_kg == s.co2e_kg:
        text += (
            f", about {_amount(s.co2e_kg, 'g')} CO2e at {s.intensity_g_per_kwh:.3g} g CO2e per kWh "
            f"({s.country}, annual average)"
        )
    else:
        why = s.co2e_reason.split(":")[0] or "the intensity is unknown"
        text += f"; CO2e is not stated ({why})"
    return written(f"{text}. {without}")


def _amount(thousands: float, unit: str) -> str:
    """Return an amount with its unit, in thousands from a tenth of a thousand on.

    >>> _amount(0.25, "g"), _amount(0.0125, "Wh")
    ('0.25 kg', '12 Wh')
    """
    if thousands >= 0.1:
        return f"{thousands:.2g} k{unit}"
    return f"{thousands * 1000:.2g} {unit}"


def citations(analysis: Analysis, figures: Iterable[str] = ()) -> list[str]:
    """Return what the report rests on as lines of text, by author: what ``references.bib`` has."""
    return sorted(in_words(r) for r in cited(analysis, figures))
