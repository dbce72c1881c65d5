"""The page in a real browser: no console message, no request, no sideways scrolling on a phone."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hpobench_lab.report import write_report
from tests.analysis.test_partial import partial
from tests.report.test_report import study

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
PHONE = 390
QUIET = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --disable-dev-shm-usage "
    "--hide-scrollbars --enable-logging=stderr --log-level=0"
).split()

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

# The page stands in a frame of a known width; srcdoc keeps its own policy and may be read.
FRAME = """<!DOCTYPE html><iframe width="{width}" height="900" style="border:0" srcdoc="{page}">
</iframe><script>addEventListener("load", () => {{
const d = document.querySelector("iframe").contentDocument, root = d.documentElement;
const heads = d.querySelectorAll("th button");
heads.forEach((head) => head.click());
const box = d.querySelector("#league .wide");
document.body.setAttribute("data-found", JSON.stringify({{
  width: root.clientWidth, needed: root.scrollWidth, heads: heads.length,
  requests: d.defaultView.performance.getEntriesByType("resource").length,
  box: box.clientWidth, table: box.scrollWidth,
  ranks: Array.from(d.querySelectorAll("#league tbody tr")).map((r) => r.cells[0].textContent),
}}));
}});</script>"""


def shown(page: str, folder: Path, *, width: int = PHONE) -> tuple[dict[str, Any], list[str]]:
    """Return what the probe found in the page, and the console's messages."""
    frame = folder / "frame.html"
    frame.write_text(FRAME.format(width=width, page=html.escape(page)), encoding="utf-8")
    done = subprocess.run(
        [
            str(CHROMIUM),
            *QUIET,
            f"--user-data-dir={folder / 'profile'}",
            "--window-size=1400,1000",
            "--dump-dom",
            frame.as_uri(),
        ],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=120,
        check=True,
    )
    found = re.search(r'<body data-found="([^"]*)"', done.stdout)
    assert found is not None, done.stderr[-2000:]
    console = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    return json.loads(html.unescape(found.group(1))), console


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    files = write_report(study(), tmp_path_factory.mktemp("report"))
    return files.html.read_text(encoding="utf-8")


@needs_browser
def test_the_page_is_quiet_asks_for_nothing_and_fits_a_phone(page: str, tmp_path: Path) -> None:
    found, console = shown(page, tmp_path)
    assert console == []
    assert found["requests"] == 0
    assert found["width"] == found["needed"] == PHONE
    assert found["heads"] > 10  # the script ran, and sorting by every column broke nothing


@needs_browser
def test_the_league_table_fits_a_laptop_and_sorts_within_its_blocks(tmp_path: Path) -> None:
    files = write_report(partial(), tmp_path)
    found, console = shown(files.html.read_text(encoding="utf-8"), tmp_path, width=1200)
    assert console == []
    assert found["table"] <= found["box"] <= 1100
    assert sorted(found["ranks"][:4]) == ["1", "2", "3", "4"]
    assert found["ranks"][4:] == ["–", "–"]


@needs_browser
@pytest.mark.parametrize(
    ("part", "field"),
    [
        ('<img src="https://example.org/x.png" alt=""><p onclick="1">', "console"),
        (f"<table><tr><td>{'W' * 400}</td></tr></table>", "width"),
    ],
)
def test_a_broken_page_is_caught(page: str, tmp_path: Path, part: str, field: str) -> None:
    found, console = shown(page.replace("<main>", f"{part}<main>", 1), tmp_path)
    assert console if field == "console" else found["needed"] > PHONE
