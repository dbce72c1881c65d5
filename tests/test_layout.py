"""The folders that people read and the package that they import are the same files."""

from __future__ import annotations

import ast
import importlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import hpobench_lab as hb

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "hpobench_lab"
LINKS = {
    "optimizers": "../optimizers",
    "protocols": "../protocols",
    "reference": "../results/reference",
    "testbeds": "../testbeds",
}
HEAVY = "numpy pandas scipy matplotlib sklearn xgboost torch codecarbon pyarrow rich".split()
LEFT_OUT = {"__pycache__", "collected"}


def python(code: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environment["PYTHONPATH"] = str(cwd)
    return subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, env=environment, capture_output=True, text=True
    )


def sources(folder: Path) -> list[Path]:
    """Return the files below a real folder, links not entered, relative to the root."""
    return [
        path.relative_to(ROOT)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not _left_out(path.relative_to(ROOT))
    ]


def _left_out(path: Path) -> bool:
    return any(part in LEFT_OUT or part.startswith(".") for part in path.parts)


@pytest.mark.parametrize(("name", "target"), LINKS.items())
def test_a_link_is_relative_and_leads_to_a_real_folder(name: str, target: str) -> None:
    link = PACKAGE / name
    assert link.is_symlink()
    assert os.readlink(link) == target
    real = link.resolve()
    assert real.is_dir()
    assert real.is_relative_to(ROOT)


@pytest.mark.parametrize("name", ["optimizers", "protocols", "testbeds"])
def test_a_linked_package_is_imported_under_one_name_only(name: str) -> None:
    module = importlib.import_module(f"hpobench_lab.{name}")
    assert module.__file__ is not None
    assert Path(module.__file__).is_relative_to(PACKAGE)
    assert name not in sys.modules


@pytest.mark.parametrize("kind", ["text files", "nothing"])
def test_a_checkout_without_links_says_what_to_do(tmp_path: Path, kind: str) -> None:
    copy = tmp_path / "hpobench_lab"
    shutil.copytree(PACKAGE, copy, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for name, target in LINKS.items():
        (copy / name).unlink()
        if kind == "text files":
            (copy / name).write_text(target)
    told = python("import hpobench_lab", tmp_path)
    assert told.returncode == 2
    assert "Traceback" not in told.stderr
    assert "ImportError" not in told.stderr
    for word in ("hpobench_lab/optimizers", "core.symlinks true", "mklink /J", str(tmp_path)):
        assert word in told.stderr


def test_the_package_lists_what_it_exports() -> None:
    assert hb.__all__ == sorted([*hb._EXPORTS, "__version__"])
    assert dir(hb) == hb.__all__


@pytest.mark.parametrize("name", [n for n in hb.__all__ if n != "__version__"])
def test_an_export_resolves_to_what_it_names(name: str) -> None:
    module, _, attribute = hb._EXPORTS[name].partition(":")
    loaded = importlib.import_module(module)
    assert getattr(hb, name) is (getattr(loaded, attribute) if attribute else loaded)


def test_type_checkers_see_the_same_exports() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {}
    for node in block.body:
        assert isinstance(node, ast.ImportFrom)
        for alias in node.names:
            whole = node.module == "hpobench_lab"
            separator = "." if whole else ":"
            seen[alias.asname] = f"{node.module}{separator}{alias.name}"
    assert seen == hb._EXPORTS


@pytest.mark.parametrize("name", ["testbed", "optimizer"])
def test_a_submodule_does_not_take_the_place_of_its_decorator(name: str) -> None:
    code = f"import hpobench_lab.{name}; import hpobench_lab as hb; print(callable(hb.{name}))"
    assert python(code, ROOT).stdout == "True\n"


def test_an_unknown_attribute_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'optimizzer'"):
        _ = hb.optimizzer  # type: ignore[attr-defined]


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = f"import sys, hpobench_lab; print([m for m in {HEAVY} if m in sys.modules])"
    assert python(code, ROOT).stdout == "[]\n"


@pytest.mark.slow
def test_a_wheel_holds_every_linked_file(tmp_path: Path) -> None:
    pytest.importorskip("setuptools")
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree / name)
    for name in ("hpobench_lab", "optimizers", "protocols", "testbeds", "results/reference"):
        ignored = shutil.ignore_patterns(*LEFT_OUT, ".*")
        shutil.copytree(ROOT / name, tree / name, symlinks=True, ignore=ignored)
    command = "pip wheel --quiet --no-deps --no-build-isolation --no-index --wheel-dir"
    subprocess.run([sys.executable, "-m", *command.split(), str(tmp_path), str(tree)], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    own = [path for path in sources(PACKAGE) if not (ROOT / path).is_symlink()]
    linked = [
        Path("hpobench_lab") / name / path.relative_to(Path(target.removeprefix("../")))
        for name, target in LINKS.items()
        for path in sources(ROOT / target.removeprefix("../"))
    ]
    missing = [path.as_posix() for path in own + linked if path.as_posix() not in held]
    assert not missing
    stray = [n for n in held if not n.startswith(("hpobench_lab/", "hpobench_lab-"))]
    assert not stray
