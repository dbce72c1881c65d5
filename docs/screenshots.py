"""Draw the documentation's pictures of a report: ``python docs/screenshots.py RESULT``.

Writes ``docs/images/report.png``, ``report-dark.png`` and ``report-phone.png``, always of the same
size. Without a browser it says so and leaves the pictures as they are.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from hpobench_lab.report import write_report
from hpobench_lab.results import load

IMAGES = Path(__file__).parent / "images"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --disable-dev-shm-usage "
    "--hide-scrollbars --force-device-scale-factor=1"
).split()
SIZES = {"report": (1200, 1960), "report-dark": (1200, 1960), "report-phone": (390, 1500)}
LARGEST = 300_000
FRAME = '<!DOCTYPE html><iframe src="report.html" width="{}" height="{}" style="border:0"></iframe>'
FRAME += "<style>body{{margin:0}}</style>"


def main(result: str) -> int:
    """Draw all pictures; return the exit code."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        print(f"no browser ({', '.join(BROWSERS)}): {IMAGES} is left as it is", file=sys.stderr)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        page = write_report(load(result), Path(folder)).html
        for name, size in SIZES.items():
            drawn = draw(program, page, name, size)
            if drawn > LARGEST:
                print(f"{name}.png has {drawn} bytes, more than {LARGEST}", file=sys.stderr)
                return 1
    return 0


def draw(program: str, page: Path, name: str, size: tuple[int, int]) -> int:
    """Draw one picture and return its bytes."""
    from PIL import Image

    raw = page.with_name(f"{name}.png")
    width = max(size[0], 600)  # narrower windows do not exist: a phone is a frame in one
    command = [program, *QUIET, f"--window-size={width},{size[1]}", f"--screenshot={raw}"]
    profile = f"--user-data-dir={page.with_name(f'profile-{name}')}"
    address = variant(page, name, size).as_uri()
    subprocess.run([*command, profile, address], check=True, capture_output=True, timeout=120)
    IMAGES.mkdir(exist_ok=True)
    out = IMAGES / f"{name}.png"
    picture = Image.open(raw).convert("RGB").crop((0, 0, *size))
    picture.quantize(256, kmeans=1, dither=Image.Dither.NONE).save(out, optimize=True)
    print(out)
    return out.stat().st_size


def variant(page: Path, name: str, size: tuple[int, int]) -> Path:
    """Return the page as the picture shows it: in its theme, or framed."""
    text = page.read_text(encoding="utf-8")
    out = page.with_name(f"{name}.html")
    if name == "report-phone":
        text = FRAME.format(*size)
    else:
        theme = "dark" if name == "report-dark" else "light"
        text = text.replace("<html ", f'<html data-theme="{theme}" ', 1)
        out = page.with_name(f"{theme}.html")
    out.write_text(text, encoding="utf-8")
    return out


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python docs/screenshots.py RESULT")
    sys.exit(main(sys.argv[1]))
