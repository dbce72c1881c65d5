"""What a report cites: the optimizers, testbeds, methods and figures that a study really used.

The references themselves are data, in ``references.toml``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from types import MappingProxyType

from hpobench_lab.analysis.controls import TWICE
from hpobench_lab.analysis.inference.clusters import crossed
from hpobench_lab.analysis.runs.beds import Bed
from hpobench_lab.analysis.study import Analysis

__all__ = [
    "Reference",
    "cited",
    "in_words",
    "known",
    "links",
    "of_optimizer",
    "of_testbed",
    "surnames",
]

Figures = Iterable[str]


@dataclass(frozen=True)
class Reference:
    """Hold one reference.

    Args:
        key: BibTeX key.
        kind: BibTeX type, such as ``article``.
        serves: Patterns of what it is cited for.
        author: ``Last, First`` each.
        fields: The other fields by BibTeX name, as plain text.

    >>> known()["demsar2006"].fields["pages"]
    '1-30'
    """

    key: str
    kind: str
    serves: tuple[str, ...]
    author: tuple[str, ...]
    fields: Mapping[str, str]

    def cites(self, what: str) -> bool:
        """Return whether it is cited for ``optimizer:ID``, ``testbed:ID`` and so on."""
        return any(fnmatchcase(what, pattern) for pattern in self.serves)


@cache
def known() -> Mapping[str, Reference]:
    """Return all references by key, as ``references.toml`` has them."""
    text = (files("hpobench_lab.report") / "references.toml").read_text(encoding="utf-8")
    found = {}
    for key, table in tomllib.loads(text).items():
        kind, serves, author = (table.pop(name) for name in ("kind", "for", "author"))
        fields = MappingProxyType({name: str(value) for name, value in table.items()})
        found[key] = Reference(key, kind, tuple(serves), tuple(author), fields)
    return MappingProxyType(found)


def cited(analysis: Analysis, figures: Figures = ()) -> tuple[Reference, ...]:
    """Return what a study's report cites, by key; a plug-in without a reference gets its own.

    Args:
        analysis: Of the study.
        figures: Ids of the figures shown.
    """
    wanted = [f"method:{name}" for name in _methods(analysis)]
    wanted += [f"figure:{name}" for name in figures]
    found = [r for r in known().values() if any(r.cites(what) for what in wanted)]
    found += [r for row in analysis.league for r in of_optimizer(row.id, row.version)]
    found += [r for bed in analysis.panel.beds for r in of_testbed(bed)]
    return tuple(sorted({r.key: r for r in found}.values(), key=lambda r: r.key))


def _methods(a: Analysis) -> list[str]:
    used = {
        "iqm": True,
        "colours": True,
        "baseline": any(not c.reason for c in a.comparisons),
        "a12": bool(a.comparisons),
        "intervals": bool(a.comparisons),
        "crossed": bool(a.comparisons) and crossed(a.panel.families, a.panel.source),
        "gate": bool(a.gates),
        "twice": any(c.name == TWICE for c in a.controls),
        "median-stopping": any("median" in c.name for c in a.controls),
        "omnibus": not a.cut.exploratory and a.omnibus is not None and a.omnibus.n > 0,
        "ranks": a.ranks is not None and a.ranks.n > 0,
        "stability": any(s.n > 1 for s in a.stability),
        "energy": bool(a.session.kwh),
    }
    return [name for name, there in used.items() if there]


def of_optimizer(id_: str, version: str = "") -> list[Reference]:
    """Return what an optimizer is cited by; one without a reference gets one of its own.

    >>> [r.key for r in of_optimizer("sobol")], of_optimizer("mine.py:local", "1")[0].fields["note"]
    (['sobol1967', 'owen1998scrambling'], 'Version 1')
    """
    found = [r for r in known().values() if r.cites(f"optimizer:{id_}")]
    return found or [_unpublished("optimizer", id_, _version(version))]


def of_testbed(bed: Bed) -> list[Reference]:
    """Return what a testbed is cited by; one without a reference gets one of its own."""
    name = re.split(r"[(+\s]", bed.id)[0]
    found = [r for r in known().values() if r.cites(f"testbed:{name}")]
    note = f"{bed.citation}. {_version(bed.version)}" if bed.citation else _version(bed.version)
    return found or [_unpublished("testbed", bed.id, note)]


def _version(version: str) -> str:
    return f"Version {version[:12]}" if version else "Version not stated"


def _unpublished(what: str, name: str, note: str) -> Reference:
    """Return a reference for a plug-in that has none."""
    slug = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower()
    digest = blake2b(name.encode("utf-8", "replace"), digest_size=3).hexdigest()
    key = "-".join(part for part in (what, slug, digest) if part)
    where = f"{what.capitalize()} of this study"
    label = slug or what  # what natbib prints in the place of authors; signs would break it
    fields = {"title": name, "key": label, "howpublished": where, "note": note}
    return Reference(key, "misc", (f"{what}:{name}",), (), fields)


def surnames(reference: Reference) -> list[str]:
    """Return the authors' last names; of an organisation, the whole name.

    >>> surnames(known()["bergstra2012random"]), surnames(known()["codecarbon"])
    (['Bergstra', 'Bengio'], ['The CodeCarbon contributors'])
    """
    return [name.split(",")[0].strip("{} ") for name in reference.author]


def in_words(reference: Reference) -> str:
    """Return a reference as a line of text.

    >>> print(in_words(known()["holm1979"]))
    Holm (1979): A Simple Sequentially Rejective Multiple Test Procedure. Scandinavian Journal of
    Statistics 6(2):65-70.
    """
    f, names = reference.fields, surnames(reference)
    who = ", ".join(names) if len(names) <= 3 else f"{names[0]} et al."
    when = f" ({f['year']})" if "year" in f else ""
    head = f"{who}{when}: {f['title']}" if who else f["title"]
    parts = [head.rstrip(".?"), _venue(f), f.get("note", "")]
    text = ". ".join(p for p in parts if p) + "."
    return " ".join([text.replace("..", "."), *links(f)])


def _venue(f: Mapping[str, str]) -> str:
    name = f.get("journal") or f.get("booktitle") or f.get("publisher") or f.get("institution")
    if not name:
        return f.get("howpublished", "")
    number = f"({f['number']})" if "volume" in f and "number" in f else ""
    where = f"{f['volume']}{number}" if "volume" in f else f.get("number", "")
    pages = f":{f['pages']}" if "pages" in f and where else ""
    return " ".join(p for p in (name, where + pages) if p)


def links(fields: Mapping[str, str]) -> Sequence[str]:
    """Return the address of a reference: its DOI's, its preprint's or its own; none or one.

    >>> links({"eprint": "2304.11127"}), links({})
    (['https://arxiv.org/abs/2304.11127'], [])
    """
    if "doi" in fields:
        return [f"https://doi.org/{fields['doi']}"]
    if "eprint" in fields:
        return [f"https://arxiv.org/abs/{fields['eprint']}"]
    return [fields["url"]] if "url" in fields else []
