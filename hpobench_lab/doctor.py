"""What this machine and this installation are like, found without importing anything heavy."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hpobench_lab.errors import pip_line

__all__ = ["Finding", "examine"]

PACKAGE = Path(__file__).parent
CORE = (
    "numpy",
    "pandas",
    "scipy",
    "scikit-learn",
    "matplotlib",
    "codecarbon",
    "pyarrow",
    "typer",
    "rich",
    "pydantic",
    "jinja2",
)
EXTRAS = {
    "surrogates": ("xgboost", "collect curves/*-xgb, fit surrogates"),
    "training": ("torch", "collect curves/*-mlp"),
    "fast": ("numba", "faster surrogates"),
    "public": ("onnxruntime", "public surrogate benchmarks"),
}
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
LINKS = ("optimizers", "testbeds", "protocols")


@dataclass(frozen=True)
class Finding:
    """Hold one line of the machine report; ``ok`` is False where something must be mended."""

    topic: str
    text: str
    ok: bool = True


def examine(out: Path = Path("results"), reports: Path = Path("reports")) -> list[Finding]:
    """Return what there is to say about machine, versions, threads, energy and folders."""
    return [
        *_machine(),
        *_packages(),
        *_extras(),
        _threads(os.environ),
        _energy(),
        *(_writable(folder) for folder in (out, reports)),
        _public_data(),
        *(_link(name) for name in LINKS),
    ]


def _machine() -> list[Finding]:
    disk = shutil.disk_usage(".")
    return [
        Finding("python", f"{platform.python_version()} at {sys.executable}"),
        Finding("system", platform.platform()),
        Finding("cores", f"{_usable_cores()} usable of {os.cpu_count()}"),
        Finding("memory", _memory()),
        Finding("disk", f"{disk.free / 2**30:.1f} GiB free here", ok=disk.free > 2**28),
    ]


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory() -> str:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return "unknown"
    return f"{total / 2**30:.1f} GiB"


def _packages() -> list[Finding]:
    found: list[str] = []
    absent: list[str] = []
    for name in CORE:
        version = _version(name)
        (found if version else absent).append(f"{name} {version}".strip())
    lines = [Finding("packages", ", ".join(found))]
    if absent:
        text = f"missing: {', '.join(absent)}; install hpobench_lab again"
        lines.append(Finding("packages", text, ok=False))
    return lines


def _extras() -> list[Finding]:
    lines = []
    for extra, (name, purpose) in EXTRAS.items():
        version = _version(name)
        hint = f"not installed ({purpose}): {pip_line(extra)}"
        lines.append(Finding(f"extra {extra}", f"{name} {version}" if version else hint))
    return lines


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _threads(environ: Mapping[str, str]) -> Finding:
    given = [f"{name}={environ[name]}" for name in THREADS if name in environ]
    return Finding(
        "threads", f"one a process while running; yours: {', '.join(given) or 'not set'}"
    )


def _energy() -> Finding:
    """Say how energy would be measured, as codecarbon chooses, without importing it."""
    counters = list(Path("/sys/class/powercap").glob("intel-rapl:*/energy_uj"))
    if any(os.access(path, os.R_OK) for path in counters):
        cpu = "CPU metered by RAPL"
    elif counters:
        cpu = "CPU modelled from load (RAPL is there but not readable)"
    else:
        cpu = "CPU modelled from load, within a factor of 2 (no RAPL)"
    gpu = "GPU metered by NVML" if Path("/dev/nvidia0").exists() else "no GPU"
    return Finding("energy", f"{cpu}, {gpu}")


def _writable(folder: Path) -> Finding:
    """Try to write where results will lie, or in the nearest folder above that exists."""
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        with tempfile.NamedTemporaryFile(dir=place, prefix=".doctor-"):
            return Finding(f"{folder}/", "writable" if place == folder else "can be created")
    except OSError as error:
        text = f"not writable ({error.strerror}); choose another folder with --out or --reports"
        return Finding(f"{folder}/", text, ok=False)


def _public_data() -> Finding:
    from hpobench_lab import data

    here = [entry.name for entry in data.ENTRIES.values() if data.is_here(entry)]
    found = ", ".join(here) or "nothing yet, see hpobench-lab data list"
    return Finding("public data", f"{data.data_folder()}: {found}")


def _link(name: str) -> Finding:
    path = PACKAGE / name
    if path.is_dir():
        kind = f"link to {os.readlink(path)}" if path.is_symlink() else "installed folder"
        return Finding(f"hpobench_lab/{name}", kind)
    text = (
        "is no folder: this checkout was made without symlinks. "
        "Run: git config core.symlinks true && git checkout -- hpobench_lab"
    )
    return Finding(f"hpobench_lab/{name}", text, ok=False)
