"""References as a BibTeX file, in ASCII."""

from __future__ import annotations

from collections.abc import Sequence

from hpobench_lab.report.latex import escape
from hpobench_lab.report.references import Reference

__all__ = ["bibtex"]

RAW = frozenset({"doi", "url", "eprint"})


def bibtex(references: Sequence[Reference]) -> str:
    r"""Return the entries of a ``.bib`` file.

    >>> from hpobench_lab.report.references import known
    >>> print(bibtex([known()["petroff2021"]]))
    @misc{petroff2021,
      author = {Petroff, Matthew A.},
      title = {{Accessible Color Sequences for Data Visualization}},
      year = {2021},
      eprint = {2107.02270},
      archiveprefix = {arXiv},
      url = {https://arxiv.org/abs/2107.02270},
    }
    <BLANKLINE>
    """
    return "\n".join(map(_entry, references))


def _entry(reference: Reference) -> str:
    fields = dict(reference.fields)
    shown = {"author": " and ".join(map(_name, reference.author))} if reference.author else {}
    shown["title"] = f"{{{escape(fields.pop('title'))}}}"  # inner braces keep the capitals
    shown |= {k: v if k in RAW else escape(v) for k, v in fields.items()}
    if "pages" in shown:
        shown["pages"] = shown["pages"].replace("-", "--")
    if "eprint" in shown:
        shown |= {"archiveprefix": "arXiv"}
        shown.setdefault("url", f"https://arxiv.org/abs/{shown['eprint']}")
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in shown.items())
    return f"@{reference.kind}{{{reference.key},\n{lines}}}\n"


def _name(author: str) -> str:
    """Return a name; one in braces is an organisation's and stays whole."""
    whole = author.startswith("{") and author.endswith("}")
    return f"{{{escape(author[1:-1])}}}" if whole else escape(author)
