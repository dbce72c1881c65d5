"""An empty data folder, and a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.data.served import Site, serving


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the data folder, which is not there yet."""
    monkeypatch.setenv("HPOBENCH_LAB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "data"


@pytest.fixture
def site() -> Iterator[Site]:
    """Serve nothing yet."""
    with serving(Site()) as one:
        yield one
