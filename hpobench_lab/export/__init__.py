"""Results in the formats of others: Parquet, CSV, LaTeX and MLflow."""

from hpobench_lab.export.formats import FORMATS as FORMATS
from hpobench_lab.export.formats import export as export

__all__ = ["FORMATS", "export"]
