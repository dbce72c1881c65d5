"""Where in a TOML text each key and each value stands.

``tomllib`` parses and forgets positions; this scanner walks a text that ``tomllib`` accepted and
records spans only. It decides nothing about values, so it needs no understanding of escapes.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Location", "Path", "Span", "locate"]

Path = tuple[str | int, ...]
Span = tuple[int, int]

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_INLINE_BLANK = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}' r"|'''.*?'{3,5}" r'|"(?:[^"\\\n]|\\.)*"' r"|'[^'\n]*'", re.DOTALL
)
_SCALAR = re.compile(r"[^,\]}#\n]+")


@dataclass(frozen=True)
class Location:
    """Give the spans (start, end) of a key and of its value, offsets into the text.

    A table that is opened by a header has the header's last key as its key and its value. Elements
    of arrays have no key of their own; theirs is the value.
    """

    key: Span
    value: Span


def locate(text: str) -> Mapping[Path, Location]:
    """Return the location of every key path of a valid TOML text with ``\\n`` line ends.

    Args:
        text: A text that ``tomllib`` accepts.

    >>> text = "[a]\\nb = [1, 22]"
    >>> start, end = locate(text)["a", "b", 1].value
    >>> text[start:end]
    '22'
    """
    scanner = _Scanner(text)
    scanner.document()
    return scanner.found


class _Scanner:
    """Walk a text once, from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[Path, Location] = {}
        self.counts: dict[Path, int] = {}

    def document(self) -> None:
        table: Path = ()
        while self.skip(_BLANK) < len(self.text):
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)

    def skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self.at

    def take(self, *patterns: re.Pattern[str]) -> Span:
        start = self.at
        for pattern in patterns:
            match = pattern.match(self.text, start)
            if match:
                self.at = match.end()
                return start, start + len(match.group().rstrip())
        raise ValueError(f"no TOML at offset {start}")  # tomllib accepted the text before

    def header(self) -> Path:
        several = self.text.startswith("[[", self.at)
        self.at += 2 if several else 1
        keys = self.keys()
        self.at = self.text.index("]", self.at) + (2 if several else 1)
        names, span = [k for k, _ in keys], keys[-1][1]
        parent = self.absolute(names[:-1])
        self.record_parents(keys)
        path: Path = (*parent, names[-1])
        if several:
            self.found.setdefault(path, Location(span, span))
            self.counts[path] = self.counts.get(path, 0) + 1
            path = (*path, self.counts[path] - 1)
        self.found[path] = Location(span, span)
        return path

    def absolute(self, names: list[str]) -> Path:
        """Return the path of a header's keys, the last element filled in for arrays of tables."""
        path: Path = ()
        for name in names:
            path = (*path, name)
            if path in self.counts:
                path = (*path, self.counts[path] - 1)
        return path

    def record_parents(self, keys: list[tuple[str, Span]]) -> None:
        for n in range(1, len(keys)):
            path = self.absolute([k for k, _ in keys[:n]])
            self.found.setdefault(path, Location(keys[n - 1][1], keys[n - 1][1]))

    def keys(self) -> list[tuple[str, Span]]:
        """Read ``a.'b'."c"`` and return the names with their spans."""
        keys = []
        while True:
            self.skip(_INLINE_BLANK)
            start, end = self.take(_BARE_KEY, _STRING)
            raw = self.text[start:end]
            name = tomllib.loads(f"k = {raw}")["k"] if raw[0] in "\"'" else raw
            keys.append((str(name), (start, end)))
            self.skip(_INLINE_BLANK)
            if not self.text.startswith(".", self.at):
                return keys
            self.at += 1

    def pair(self, table: Path) -> None:
        """Read ``key = value``; a dotted key also places the tables that it opens."""
        keys = self.keys()
        self.at = self.text.index("=", self.at) + 1
        path = table
        for name, span in keys[:-1]:
            path = (*path, name)
            self.found.setdefault(path, Location(span, span))
        name, span = keys[-1]
        self.value((*path, name), span)

    def value(self, path: Path, key: Span | None) -> None:
        self.skip(_BLANK)
        start = self.at
        opening = self.text[start]
        if opening == "[":
            self.array(path)
        elif opening == "{":
            self.inline_table(path)
        else:
            self.take(_STRING, _SCALAR)
        end = start + len(self.text[start : self.at].rstrip())
        self.found[path] = Location(key or (start, end), (start, end))

    def array(self, path: Path) -> None:
        self.at += 1
        n = 0
        while self.skip(_BLANK) >= 0 and self.text[self.at] != "]":
            self.value((*path, n), None)
            n += 1
            self.skip(_BLANK)
            self.at += self.text[self.at] == ","
        self.at += 1

    def inline_table(self, path: Path) -> None:
        self.at += 1
        while self.skip(_BLANK) >= 0 and self.text[self.at] != "}":
            self.pair(path)
            self.skip(_BLANK)
            self.at += self.text[self.at] == ","
        self.at += 1
