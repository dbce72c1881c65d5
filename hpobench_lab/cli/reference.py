"""The page ``docs/reference/cli.md``, generated from the command tree."""

from __future__ import annotations

from typing import Any

__all__ = ["reference_markdown"]

EXIT_CODES = {
    0: "ok, or the gate passed",
    1: "a gate or a check failed, or something unexpected happened",
    2: "usage or study file wrong; nothing was run",
    3: "inconclusive",
    4: "some runs failed; they are kept",
    5: "data bad, missing or not writable",
    130: "interrupted; what finished is stored, the line that continues is printed",
}


def reference_markdown() -> str:
    """Return the reference of every command as Markdown, from its ``--help``."""
    import typer

    from hpobench_lab.cli.app import app

    group: Any = typer.main.get_command(app)
    root = _context(group, "hpobench-lab", None)
    parts = [
        "# Command line",
        "`hpobench-lab` and `python -m hpobench_lab` are the same. Progress goes to stderr; "
        "`--json` prints exactly one JSON document on stdout.",
        _block(group, root),
    ]
    for name, command in group.commands.items():
        context = _context(command, name, root)
        parts += [f"## {name}", _block(command, context)]
        for inner, below in getattr(command, "commands", {}).items():
            parts += [f"### {name} {inner}", _block(below, _context(below, inner, context))]
    rows = [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()]
    parts += ["## Exit codes", "\n".join(["| code | meaning |", "|---|---|", *rows])]
    return "\n\n".join(parts) + "\n"


def _context(command: Any, name: str, parent: Any) -> Any:
    return command.make_context(
        name, [], parent=parent, resilient_parsing=True, max_content_width=100, terminal_width=100
    )


def _block(command: Any, context: Any) -> str:
    return f"```text\n{command.get_help(context).rstrip()}\n```"
