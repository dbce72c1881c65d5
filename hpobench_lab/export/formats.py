"""Write results in the formats of others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpobench_lab.errors import DataError, UnknownName, suggestion
from hpobench_lab.export import tidy

if TYPE_CHECKING:
    from hpobench_lab.results import Results

__all__ = ["FORMATS", "export"]


def export(results: Results, to: str, folder: Path) -> list[Path]:
    """Write results into a folder and return what was written.

    Args:
        results: As ``hpobench_lab.load`` returns them.
        to: One of ``FORMATS``.
        folder: Made when absent; what it holds of an earlier export is replaced.

    Raises:
        UnknownName: If there is no such format.
        MissingExtra: If a format needs a package that is not installed.
        DataError: If the folder cannot be written.
    """
    if to not in FORMATS:
        known = ", ".join(FORMATS)
        raise UnknownName(f"unknown format {to!r}.{suggestion(to, FORMATS)} Known: {known}")
    try:
        return FORMATS[to](results, folder)
    except OSError as error:
        raise DataError(
            f"cannot write to {error.filename or folder}: {error.strerror or error}; free space or "
            "choose another folder (-o)"
        ) from error


def _parquet(results: Results, folder: Path) -> list[Path]:
    import pyarrow.parquet as pq

    files = [folder / "evaluations.parquet", folder / "runs.parquet"]
    shape = tidy.schema(results)
    with _fresh(files[0]) as part, pq.ParquetWriter(part, shape, compression="zstd") as writer:
        for table in tidy.evaluations(results):
            writer.write_table(table)
    with _fresh(files[1]) as part:
        pq.write_table(tidy.runs(results), part, compression="zstd")
    return files


def _csv(results: Results, folder: Path) -> list[Path]:
    from pyarrow import csv

    files = [folder / "evaluations.csv", folder / "runs.csv"]
    with _fresh(files[0]) as part, csv.CSVWriter(part, tidy.schema(results)) as writer:
        for table in tidy.evaluations(results):
            writer.write_table(table)
    with _fresh(files[1]) as part:
        csv.write_csv(tidy.runs(results), part)
    return files


def _latex(results: Results, folder: Path) -> list[Path]:
    from hpobench_lab.analysis import analyse
    from hpobench_lab.report.paper import paper_files

    files = []
    for name, text in paper_files(analyse(results)).items():
        file = folder / name
        with _fresh(file) as part:
            part.write_text(text, encoding="utf-8", newline="")
        files.append(file)
    return files


def _mlflow(results: Results, folder: Path) -> list[Path]:
    from hpobench_lab.export.tracking import to_mlflow

    folder.mkdir(parents=True, exist_ok=True)
    return [to_mlflow(results, folder)]


@contextmanager
def _fresh(file: Path) -> Iterator[Path]:
    """Yield a path beside the file, which replaces it once all is written."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.part")
    try:
        yield part
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


Write = Callable[[Any, Path], list[Path]]

FORMATS: Mapping[str, Write] = {
    "parquet": _parquet,
    "csv": _csv,
    "latex": _latex,
    "mlflow": _mlflow,
}
"""Name of a format -> what writes it."""
