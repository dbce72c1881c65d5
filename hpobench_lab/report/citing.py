"""Citations in running text: ``[@key; @key]`` becomes authors and years, or LaTeX commands."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from hpobench_lab.report.latex import escape
from hpobench_lab.report.references import Reference, known, surnames

__all__ = ["cite", "plain", "tex"]

MARK = re.compile(r"[ ]?\[(@[\w-]+(?:; @[\w-]+)*)\]")


def cite(references: Sequence[Reference]) -> str:
    """Return the mark that cites references, with a space before it; "" for none.

    >>> cite(list(known().values())[:2])
    ' [@bergstra2012random; @sobol1967]'
    """
    return f" [{'; '.join(f'@{r.key}' for r in references)}]" if references else ""


def plain(text: str) -> str:
    """Return the text with authors and years; a reference without authors is left out.

    >>> plain("By a signed-rank test [@wilcoxon1945; @pratt1959], corrected [@holm1979].")
    'By a signed-rank test (Wilcoxon 1945; Pratt 1959), corrected (Holm 1979).'
    >>> plain("Mine [@optimizer-mine].")
    'Mine.'
    """
    return MARK.sub(lambda m: _parenthesis(_keys(m), known()), text)


def tex(text: str) -> str:
    r"""Return the text as LaTeX with natbib's commands.

    >>> print(tex("50 % by a test [@wilcoxon1945; @pratt1959]."))
    50 \% by a test~\citep{wilcoxon1945,pratt1959}.
    """
    out, at = [], 0
    for match in MARK.finditer(text):
        out += [escape(text[at : match.start()]), f"~\\citep{{{','.join(_keys(match))}}}"]
        at = match.end()
    return "".join([*out, escape(text[at:])])


def _keys(match: re.Match[str]) -> list[str]:
    return [key.removeprefix("@") for key in match.group(1).split("; ")]


def _parenthesis(keys: Sequence[str], references: Mapping[str, Reference]) -> str:
    named = [references[k] for k in keys if k in references and references[k].author]
    return f" ({'; '.join(map(_short, named))})" if named else ""


def _short(reference: Reference) -> str:
    names = surnames(reference)
    who = ", ".join(names) if len(names) <= 2 else f"{names[0]} et al."
    return " ".join([who, reference.fields.get("year", "")]).strip()
