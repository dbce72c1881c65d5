"""The documentation's pictures: of one size, small, and left alone where there is no browser."""

from __future__ import annotations

import importlib.util
import struct
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture
def screenshots() -> Any:
    spec = importlib.util.spec_from_file_location("screenshots", DOCS / "screenshots.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_picture_has_its_size_and_is_small(screenshots: Any) -> None:
    for name, size in screenshots.SIZES.items():
        picture = (DOCS / "images" / f"{name}.png").read_bytes()
        assert struct.unpack(">II", picture[16:24]) == size
        assert len(picture) <= screenshots.LARGEST


def test_without_a_browser_the_pictures_stay_and_a_line_says_so(
    screenshots: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(screenshots, "BROWSERS", ("a-browser-that-nobody-has",))
    assert screenshots.main("results/none") == 0
    assert "is left as it is" in capsys.readouterr().err
