"""What a conformance suite says: named checks, passed, failed or skipped."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = ["Broken", "Check", "Report", "Skipped", "checked", "require"]


@dataclass(frozen=True)
class Check:
    """Hold the result of one check; ``detail`` says what was found, or why it was skipped."""

    name: str
    status: Literal["passed", "failed", "skipped"]
    detail: str = ""


@dataclass(frozen=True)
class Report:
    """Hold the checks of one plug-in.

    >>> report = Report("mine", (Check("stays inside the space", "failed", "asked 1.2"),))
    >>> report.ok
    False
    >>> print(report.text())
    mine: 1 of 1 checks failed
      failed   stays inside the space: asked 1.2
    """

    subject: str
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Return whether nothing failed."""
        return all(check.status != "failed" for check in self.checks)

    def __getitem__(self, name: str) -> Check:
        """Return the check of this name."""
        return next(check for check in self.checks if check.name == name)

    def text(self) -> str:
        """Return one line a check for people."""
        failed = sum(check.status == "failed" for check in self.checks)
        verdict = f"{failed} of {len(self.checks)} checks failed" if failed else "conforms"
        lines = [
            f"  {c.status:8} {c.name}" + (f": {c.detail}" if c.detail else "") for c in self.checks
        ]
        return "\n".join([f"{self.subject}: {verdict}", *lines])

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain data."""
        return {"subject": self.subject, "ok": self.ok, "checks": [asdict(c) for c in self.checks]}


class Broken(Exception):
    """Say how a plug-in failed a check."""


class Skipped(Exception):
    """Say why a check does not apply."""


def checked(name: str, check: Callable[[], str | None]) -> Check:
    try:
        return Check(name, "passed", check() or "")
    except Skipped as reason:
        return Check(name, "skipped", str(reason))
    except Broken as broken:
        return Check(name, "failed", str(broken))
    except (Exception, SystemExit) as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{place.filename}:{place.lineno}"
        return Check(name, "failed", f"{type(error).__name__}: {error} ({where})")


def require(held: bool, message: str) -> None:
    if not held:
        raise Broken(message)
