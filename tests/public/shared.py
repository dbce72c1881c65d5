"""Where the public files lie that tests may use: beside the repository, and not in it."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


def shared(collection: str) -> Path:
    """Return the folder of a collection, whether or not it is there."""
    root = os.environ.get("HPOBENCH_SHARED_DATA") or REPOSITORY.parent / "shared" / "data"
    return Path(root) / collection


def needs(collection: str) -> pytest.MarkDecorator:
    """Return the mark that skips a test where a collection is absent."""
    folder = shared(collection)
    return pytest.mark.skipif(
        not folder.is_dir(),
        reason=f"no public data in {folder}; set HPOBENCH_SHARED_DATA to where they lie",
    )
