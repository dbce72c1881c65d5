"""The command line: parse, call, print."""

from __future__ import annotations

from hpobench_lab.cli.entry import main as main
from hpobench_lab.cli.reference import reference_markdown as reference_markdown

__all__ = ["main", "reference_markdown"]
