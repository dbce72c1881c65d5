"""The results folders that ``report``, ``compare`` and ``export`` read."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hpobench_lab.cli.evaluate import newest
from hpobench_lab.errors import DataError, suggestion

if TYPE_CHECKING:
    from hpobench_lab.results import Results

__all__ = ["Folders", "chosen"]

Folders = Annotated[
    list[str] | None,
    typer.Argument(help="Results folders; default the newest.", metavar="RESULT..."),
]


def chosen(patterns: list[str] | None, out: Path) -> Results:
    """Return the results of folders, merged; of the newest when none is named.

    Raises:
        DataError: If a folder is none of results.
        StudyError: If folders do not belong together.
    """
    from hpobench_lab.results import load

    return load(*(_folders(patterns, out) if patterns else [newest(out)]))


def _folders(patterns: list[str], out: Path) -> list[Path]:
    """Return the folders, patterns expanded as a shell does."""
    found: list[Path] = []
    for pattern in patterns:
        names = sorted(glob.glob(pattern)) if glob.has_magic(pattern) else [pattern]
        folders = [Path(n) for n in names if (Path(n) / "study.json").is_file()]
        if not folders:
            known = [str(p.parent) for p in out.glob("*/study.json")]
            raise DataError(f"{pattern} is no results folder.{suggestion(pattern, known)}")
        found += folders
    return found
