"""Read a large JSON object of objects entry by entry, in the memory of one entry.

The standard library parses a JSON document as a whole; one of a gigabyte then takes ten. Here the
two outer levels are walked by hand and each inner value is parsed alone.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import IO, Any

from hpobench_lab.errors import DataError

__all__ = ["entries"]

_CHUNK = 1 << 20
_LARGEST = 1 << 26
"""An entry of more characters is taken for damage: the end of a value was not found."""
_SPACE = re.compile(r"[ \t\r\n]*")
_KEY = re.compile(r'[ \t\r\n]*("(?:[^"\\]|\\.)*")[ \t\r\n]*:[ \t\r\n]*')


def entries(file: IO[bytes], name: str) -> Iterator[tuple[str, str, Any]]:
    """Yield (outer key, inner key, value) of ``{outer: {inner: value}}`` in the file's order.

    Args:
        file: UTF-8 text, opened for bytes.
        name: What the file is called in a message.

    Raises:
        DataError: If it is no such JSON, or cut short.

    >>> import io
    >>> list(entries(io.BytesIO(b'{"a": {"0": [1, 2], "1": []}}'), "x.json"))
    [('a', '0', [1, 2]), ('a', '1', [])]
    """
    text = _Window(file, name)
    text.expect("{")
    if text.accept("}"):
        return
    while True:
        outer = text.key()
        text.expect("{")
        if not text.accept("}"):
            while True:
                yield outer, text.key(), text.value()
                if not text.accept(","):
                    break
            text.expect("}")
        if not text.accept(","):
            break
    text.expect("}")


class _Window:
    """Hold the part of the text that is being read."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file, self._name = file, name
        self._decode = codecs.getincrementaldecoder("utf-8")()
        self._parse = json.JSONDecoder().raw_decode
        self._text, self._at, self._done = "", 0, False

    def key(self) -> str:
        """Read a key and its colon."""
        while True:
            match = _KEY.match(self._text, self._at)
            if match and match.end() < len(self._text):  # the value begins in the window
                self._at = match.end()
                return str(json.loads(match[1], strict=False))
            self._more("a key")

    def value(self) -> Any:
        """Read an object, a list or a string: what ends in a bracket or a quote."""
        while True:
            try:
                value, end = self._parse(self._text, self._at)
            except json.JSONDecodeError:
                self._more("a value")
                continue
            self._at = end
            return value

    def accept(self, mark: str) -> bool:
        """Step over a mark, if it comes next."""
        while True:
            at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]
            if at < len(self._text):
                self._at = at + (self._text[at] == mark)
                return self._at > at
            if not self._more(repr(mark), end=True):
                return False

    def expect(self, mark: str) -> None:
        """Step over a mark that must come next."""
        if not self.accept(mark):
            got = repr(self._text[self._at : self._at + 20]) if self._text else "nothing"
            self._fail(f"expected {mark!r}, got {got}")

    def _more(self, wanted: str, *, end: bool = False) -> bool:
        """Read on; return whether there was more."""
        rest = self._text[self._at :]
        if len(rest) > _LARGEST:
            self._fail(f"{wanted} begins with {rest[:40]!r} and does not end")
        try:
            chunk = self._decode.decode(data := self._file.read(_CHUNK), final=not data)
        except (OSError, EOFError, ValueError) as error:
            self._fail(str(error))
        if not data and not end:
            got = repr(rest[:40]) if rest.strip() else "the end"
            self._fail(f"expected {wanted}, got {got}")
        self._text, self._at = rest + chunk, 0
        return bool(data)

    def _fail(self, why: str) -> None:
        raise DataError(f"{self._name} is no JSON of the expected form, or cut short: {why}")
