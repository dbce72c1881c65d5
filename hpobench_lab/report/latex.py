r"""LaTeX that compiles whatever the study's names are: escaping, and tables with booktabs' rules.

Everything is ASCII. A letter with accents is written by commands, a sign that has none by its code
point, ``[U+4E2D]``: the engines that most publishers use stop at it otherwise.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

__all__ = ["booktabs", "escape"]

_SIGNS = {c: f"\\{c}" for c in "&%$#_"} | {
    "{": r"\textbraceleft{}",  # BibTeX counts braces, a backslash before them or not
    "}": r"\textbraceright{}",
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",  # the named signs need packages or other font encodings
    "−": "$-$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "∞": r"$\infty$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "±": r"$\pm$",
    "μ": r"$\mu$",
    "µ": r"$\mu$",
    "σ": r"$\sigma$",
    "ε": r"$\epsilon$",
    "Δ": r"$\Delta$",
    "→": r"$\rightarrow$",
    "–": "--",
    "—": "---",
    "…": r"\ldots{}",
    "‘": "`",
    "’": "'",
    "“": "``",
    "”": "''",
    "ß": r"\ss{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    "ł": r"\l{}",
    "Ł": r"\L{}",
    "æ": r"\ae{}",
    "Æ": r"\AE{}",
    "å": r"\aa{}",
    "Å": r"\AA{}",
    "ı": r"\i{}",
    "²": r"\textsuperscript{2}",
    "³": r"\textsuperscript{3}",
    "°": r"$^\circ$",
    "\u00a0": "~",
    "\u202f": "~",
}
_ACCENTS = {
    "\u0300": "`",
    "\u0301": "'",
    "\u0302": "^",
    "\u0303": "~",
    "\u0304": "=",
    "\u0306": "u",
    "\u0307": ".",
    "\u0308": '"',
    "\u030a": "r",
    "\u030b": "H",
    "\u030c": "v",
    "\u0323": "d",
    "\u0327": "c",
    "\u0328": "k",
    "\u0331": "b",
}


def escape(text: str) -> str:
    r"""Return text that LaTeX prints as it is; line breaks become spaces.

    >>> print(escape("50 % of a_b & {c}"))
    50 \% of a\_b \& \textbraceleft{}c\textbraceright{}
    >>> print(escape("Demšar, Szegő"), escape("\\cite~x^2"))
    Dem{\v{s}}ar, Szeg{\H{o}} \textbackslash{}cite\textasciitilde{}x\textasciicircum{}2
    >>> print(escape("中\n−1 ≥ ∞"))
    [U+4E2D] $-$1 $\geq$ $\infty$
    """
    return "".join(map(_letter, text.replace("\r\n", " ").replace("\n", " ")))


def _letter(c: str) -> str:
    if c in _SIGNS:
        return _SIGNS[c]
    if " " <= c <= "~":
        return c
    if c.isspace():
        return " "
    base, marks = unicodedata.normalize("NFD", c)[0], unicodedata.normalize("NFD", c)[1:]
    if base.isascii() and base.isalpha() and marks in _ACCENTS:
        letter = {"i": r"\i", "j": r"\j"}.get(base, base) if marks != "\u0328" else base
        return f"{{\\{_ACCENTS[marks]}{{{letter}}}}}"
    return f"[U+{ord(c):04X}]"


def booktabs(head: Sequence[str], rows: Sequence[Sequence[str]], align: str | None = None) -> str:
    r"""Return a ``tabular`` with the rules of booktabs; every cell is escaped.

    Args:
        head: Names of the columns.
        rows: Cells, as many a row.
        align: One letter a column; by default two to the left, the others to the right.

    >>> print(booktabs(["#", "who"], [["1", "a_b"]]))
    \begin{tabular}{ll}
    \toprule
    \# & who \\
    \midrule
    1 & a\_b \\
    \bottomrule
    \end{tabular}
    """
    shown = [" & ".join(map(_cell, row)) + r" \\" for row in (head, *rows)]
    columns = align or ("ll" + "r" * (len(head) - 2))[: len(head)]
    return "\n".join(
        [
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            shown[0],
            r"\midrule",
            *shown[1:],
            r"\bottomrule",
            r"\end{tabular}",
        ]
    )


def _cell(text: str) -> str:
    r"""Return an escaped cell; ``\\[`` at the next row's start would be read as a length."""
    out = escape(text)
    return f"{{{out[0]}}}{out[1:]}" if out[:1] in ("[", "*") else out
