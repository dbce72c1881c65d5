"""Write the small project of ``hpobench-lab init``."""

from __future__ import annotations

from pathlib import Path

from hpobench_lab.errors import DataError, StudyError

__all__ = ["write_project"]

TEMPLATES = Path(__file__).parent / "templates"
FILES = {
    "study.toml": "study.toml.tmpl",
    "optimizers/my_optimizer.py": "my_optimizer.py.tmpl",
    "testbeds/my_testbed.py": "my_testbed.py.tmpl",
    "README.md": "README.md.tmpl",
}


def write_project(folder: Path) -> list[Path]:
    """Write the files and return their paths; files that exist are never overwritten.

    Raises:
        StudyError: If one of the files is there already; nothing was written.
        DataError: If the folder cannot be written.
    """
    targets = {folder / name: TEMPLATES / template for name, template in FILES.items()}
    present = [str(path) for path in targets if path.exists()]
    if present:
        text = f"{', '.join(present)} exist{'s' if len(present) == 1 else ''}; nothing was written"
        raise StudyError(f"{text}. Choose another folder: hpobench-lab init my-study")
    try:
        for path, template in targets.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(template.read_text(encoding="utf-8"), encoding="utf-8")
    except OSError as error:
        raise DataError(f"cannot write {error.filename}: {error.strerror}") from None
    return list(targets)
