"""Mistakes of a study file, collected in one pass and shown with line, column and caret."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any, Literal

from hpobench_lab.errors import StudyError
from hpobench_lab.studyfile.locations import Location, Path, Span, locate

__all__ = ["Mistakes", "Source"]

Side = Literal["key", "value"]
_TAIL = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


class Source:
    """Hold a study's text, its data, and which of them came from command-line options.

    Args:
        name: The file's name as the user gave it.
        text: The TOML text.

    Raises:
        StudyError: If the text is not TOML; located like every other mistake.
    """

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text.replace("\r\n", "\n")
        self.options: dict[Path, str] = {}
        self.data: dict[str, Any] = self._parse()
        self._spans: Mapping[Path, Location] = locate(self.text)

    def _parse(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            what, at = _syntax(str(error), self.text)
            shown = self.show((at, at + 1), f"not valid TOML: {what}")
            raise StudyError(f"{shown}\n\n1 mistake in {self.name}; nothing was run") from None

    def override(self, path: Path, value: Any, option: str) -> None:
        """Set the value at a path of names; mistakes in it are reported as the option's."""
        table = self.data
        for name in path[:-1]:
            inner = table.setdefault(str(name), {})
            if not isinstance(inner, dict):
                return  # the file's own mistake, reported when its structure is checked
            table = inner
        table[str(path[-1])] = value
        self.options[path] = option

    def option(self, path: Path) -> str | None:
        """Return the option that set the path or something above it, or None."""
        for n in range(len(path), 0, -1):
            if path[:n] in self.options:
                return self.options[path[:n]]
        return None

    def place(self, path: Path, side: Side, text: str) -> tuple[int, str]:
        """Return (offset in the file, the mistake as shown)."""
        option = self.option(path)
        if option is not None:
            return len(self.text) + 1, f"{option}: {text}"
        span = self.span(path, side)
        return span[0], self.show(span, text)

    def span(self, path: Path, side: Side) -> Span:
        """Return where a path stands; of a path that is not there, where its parent does."""
        for n in range(len(path), 0, -1):
            location = self._spans.get(path[:n])
            if location is not None:
                return location.key if side == "key" or n < len(path) else location.value
        return 0, 0

    def show(self, span: Span, text: str) -> str:
        """Return ``file:line:column: text``, the source line and a caret."""
        start, end = span
        before = self.text.rfind("\n", 0, start) + 1
        after = self.text.find("\n", start)
        row = self.text[before : after if after >= 0 else len(self.text)]
        line, column = self.text.count("\n", 0, start) + 1, start - before + 1
        margin = " " * len(str(line))
        lead = "".join("\t" if c == "\t" else " " for c in row[: column - 1])
        carets = "^" * max(1, min(end - start, len(row) - column + 1))
        head = f"{self.name}:{line}:{column}: {text}"
        if end == 0 or not row.strip():  # of what is missing from the whole file, nothing to show
            return head
        return f"{head}\n  {line} | {row}\n  {margin} | {lead}{carets}"


class Mistakes:
    """Collect mistakes; ``stop`` raises them all as one error."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._shown: dict[tuple[int, str], None] = {}

    def __len__(self) -> int:
        return len(self._shown)

    def add(self, path: Path, text: str, side: Side = "value") -> None:
        """Note one mistake at a path; the same one twice counts once."""
        self._shown[self.source.place(path, side, text)] = None

    def stop(self) -> None:
        """Raise a StudyError with every mistake in the order of the file, if there is any."""
        if not self._shown:
            return
        shown = [text for _, text in sorted(self._shown, key=lambda item: item[0])]
        count = "1 mistake" if len(shown) == 1 else f"{len(shown)} mistakes"
        raise StudyError("\n\n".join([*shown, f"{count} in {self.source.name}; nothing was run"]))


def _syntax(message: str, text: str) -> tuple[str, int]:
    """Return what tomllib found wrong, in lower case, and at which offset."""
    match = _TAIL.search(message)
    what = message[: match.start()] if match else message
    if match and match.group(1):
        line, column = int(match.group(1)), int(match.group(2))
        starts = [0, *(m.end() for m in re.finditer("\n", text))]
        return _lower(what), starts[line - 1] + column - 1
    return _lower(what), max(0, len(text.rstrip()) - 1)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
