"""Import a plug-in's code; what it raises becomes one message with file, line and last line."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from hpobench_lab.errors import HpoBenchError, StudyError, suggestion
from hpobench_lab.plugins.limits import IMPORT_S, time_limit

__all__ = ["Loaded", "attribute", "guarded", "load_file", "load_module", "source_sha256", "where"]

T = TypeVar("T")


@dataclass(frozen=True)
class Loaded:
    """Hold an imported module, or what was found in it.

    Args:
        value: The module, class, function or object.
        name: Canonical name of the plug-in.
        origin: Where it comes from, for messages.
        named: Whether ``value`` is the plug-in itself, not a module to search.
        digest: ``sha256:`` and 16 hex digits of its file, or "".
        built_in: Whether it declares its version itself.
    """

    value: Any
    name: str
    origin: str
    named: bool = False
    digest: str = ""
    built_in: bool = False


def load_file(path: str, selector: str) -> Loaded:
    """Import a Python file under a private name that depends on its content.

    Raises:
        StudyError: If there is no such file or it raises while it is imported.
    """
    file = Path(path)
    try:
        content = file.read_bytes()
    except OSError as error:
        near = suggestion(file.name, [p.name for p in file.parent.glob("*.py")])
        raise StudyError(f"{selector!r}: cannot read {path}: {error.strerror}.{near}") from None
    digest = hashlib.sha256(content).hexdigest()[:16]
    place = hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:8]
    name = f"_hpobench_lab_user.{file.stem}_{place}_{digest}"
    module = sys.modules.get(name)
    if module is None:
        module = guarded(lambda: _import_file(name, file), path, path, IMPORT_S)
    return Loaded(module, file.stem.replace("_", "-"), path, digest=f"sha256:{digest}")


def _import_file(name: str, file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with _WorkingDirectory():
            spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def load_module(name: str, selector: str) -> Loaded:
    """Import ``package.module``; modules in the working directory are found too.

    Raises:
        StudyError: If there is no such module or it raises while it is imported.
    """

    def load() -> ModuleType:
        with _WorkingDirectory():
            return importlib.import_module(name)

    try:
        module = guarded(load, f"the module {name}", selector, IMPORT_S)
    except StudyError as error:
        cause = error.__cause__
        if isinstance(cause, ModuleNotFoundError) and name.startswith(str(cause.name)):
            raise StudyError(f"{selector!r}: there is no module {cause.name!r}") from cause
        raise
    return Loaded(module, name, f"the module {name}", digest=source_sha256(module))


def attribute(loaded: Loaded, name: str) -> Loaded:
    """Return what a module calls ``name``; the module itself when the name is empty."""
    if not name:
        return loaded
    public = [n for n in vars(loaded.value) if not n.startswith("_")]
    if name not in vars(loaded.value):
        raise StudyError(f"{loaded.origin} has no {name!r}.{suggestion(name, public)}")
    return replace(
        loaded,
        value=vars(loaded.value)[name],
        name=f"{loaded.name}:{name}",
        origin=f"{loaded.origin}:{name}",
        named=True,
    )


def guarded(call: Callable[[], T], origin: str, name: str, limit_s: float | None = None) -> T:
    """Call a plug-in's code; what it raises becomes a StudyError with file, line and last line.

    Args:
        call: The code.
        origin: Where it comes from, for what has no place in a file.
        name: Of the plug-in.
        limit_s: How long an import may take.

    Raises:
        StudyError: Whose cause is what the plug-in raised; our own errors pass as they are.
    """
    try:
        with nullcontext() if limit_s is None else time_limit(limit_s, f"importing {name}"):
            return call()
    except HpoBenchError:
        raise
    except (Exception, SystemExit) as error:
        last = traceback.format_exception_only(error)[-1].strip()
        text = f"{where(error) or origin}: {last}"
        raise StudyError(f"{name} cannot be loaded: {text}") from error


def where(error: BaseException) -> str:
    """Return ``file:line`` of the last frame outside the harness and installed libraries."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_short(error.filename)}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    ours = str(Path(__file__).resolve().parent.parent)
    libraries = ("<", ours, sys.base_prefix, sys.prefix)
    theirs = [f for f in frames if not f.filename.startswith(libraries)]
    return f"{_short(theirs[-1].filename)}:{theirs[-1].lineno}" if theirs else ""


def _short(path: str) -> str:
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return path


class _WorkingDirectory:
    """Let imports see the working directory for the time of a ``with`` block."""

    def __enter__(self) -> None:
        self.added = str(Path.cwd())
        sys.path.insert(0, self.added)

    def __exit__(self, *_: object) -> None:
        sys.path.remove(self.added)


def source_sha256(value: Any) -> str:
    """Return ``sha256:`` and 16 hex digits of the file that defines a value, or ""."""
    try:
        file = inspect.getsourcefile(value if not hasattr(value, "function") else value.function)
        content = Path(file or "").read_bytes()
    except (TypeError, OSError):
        return ""
    return f"sha256:{hashlib.sha256(content).hexdigest()[:16]}"
