"""Where the command line starts, and what becomes of errors."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence

from hpobench_lab.cli.interrupt import INTERRUPTED, signals
from hpobench_lab.cli.listing import show
from hpobench_lab.cli.output import emit, note
from hpobench_lab.errors import HpoBenchError

__all__ = ["main"]

UNEXPECTED = 1
GLOBAL_FLAGS = ("--json", "--debug", "--no-carbon")
LIST_FLAGS = {"--json", "--debug", "-v", "--verbose"}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code (DESIGN 7).

    Args:
        argv: Arguments without the program's name; default those of the process.
    """
    arguments = _flags_last(list(sys.argv[1:] if argv is None else argv))
    with signals(own_process=argv is None):
        return _ended(arguments)


def _ended(arguments: list[str]) -> int:
    """Run the arguments; return the exit code of however they end."""
    as_json, debug = "--json" in arguments, "--debug" in arguments
    try:
        return _run(arguments, as_json)
    except SystemExit as end:
        return _code(end)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return _reader_left()
    except HpoBenchError as error:
        return _failed(str(error), error.exit_code, as_json, debug)
    except OSError as error:
        text = f"{error.filename or 'a file'}: {error.strerror or error}"
        return _failed(text, 5, as_json, debug)
    except Exception as error:
        last = traceback.format_exception_only(error)[-1].strip()
        text = f"unexpected {last}\nThis should not happen; run it again with --debug to see where."
        return _failed(text, UNEXPECTED, as_json, debug)


def _run(arguments: list[str], as_json: bool) -> int:
    """Execute the arguments; a plain ``list`` starts fast, without the parser."""
    words = [a for a in arguments if not a.startswith("-")]
    flags = set(arguments) - set(words)
    if words[:1] == ["list"] and len(words) in (2, 3) and flags <= LIST_FLAGS:
        show(*words[1:], as_json=as_json, verbose=bool(flags & {"-v", "--verbose"}))
        return 0
    from hpobench_lab.cli.app import Misused, app

    try:
        return app(args=arguments, prog_name="hpobench-lab", standalone_mode=False) or 0
    except Misused as error:
        error.show()
        if as_json:
            emit({"error": error.format_message(), "exit_code": error.exit_code})
        return int(error.exit_code)


def _flags_last(arguments: list[str]) -> list[str]:
    """Return the arguments with global flags in front of the command moved behind it."""
    early = []
    while arguments and arguments[0] in GLOBAL_FLAGS:
        early.append(arguments.pop(0))
    return arguments[:1] + early + arguments[1:] if arguments else early


def _code(end: SystemExit) -> int:
    return end.code if isinstance(end.code, int) else int(end.code is not None)


def _failed(text: str, code: int, as_json: bool, debug: bool) -> int:
    if debug:
        note(traceback.format_exc().rstrip())
    note(f"error: {text}" if "\n" not in text else text)
    if as_json:
        emit({"error": text, "exit_code": code})
    return code


def _reader_left() -> int:
    """End quietly when the reader of a pipe has left, as ``head`` does."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
