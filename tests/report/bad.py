"""What the tests on bad input share: a page as a browser reads it, and what ``compare`` prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from hpobench_lab import cli
from hpobench_lab.cli import read
from tests.synthetic_results import Made

FORMATS = ("rich", "md", "csv", "json", "latex")
Show = Callable[[Made, str], str]


class Page(HTMLParser):
    """Read a page as a browser does: its elements, their attributes, and the text that is seen."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: Counter[str] = Counter()
        self.attributes: set[str] = set()
        self.links: set[str] = set()
        self.texts: list[str] = []
        self._unseen = 0
        self.feed(path.read_text(encoding="utf-8"))

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements[tag] += 1
        self.attributes |= {name for name, _ in attrs}
        self.links |= {v.split(":")[0] for k, v in attrs if k in ("href", "src") and v}
        self._unseen += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.texts.append(data)


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Show:
    """Return a function that gives what ``compare --format`` prints of results, and stderr."""

    def run(made: Made, form: str) -> str:
        monkeypatch.setattr(read, "chosen", lambda *_: made)
        code = cli.main(("compare", "--format", form))
        printed = capsys.readouterr()
        assert code == 0, printed.err
        assert "Traceback" not in printed.out + printed.err
        return printed.out + ("" if form in ("rich", "json") else printed.err)

    return run
