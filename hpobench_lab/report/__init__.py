"""Reports: HTML, Markdown, JSON, LaTeX, BibTeX and text from one analysis."""

from hpobench_lab.report.compared import Compared as Compared
from hpobench_lab.report.compared import compare as compare
from hpobench_lab.report.document import document as document
from hpobench_lab.report.tables import LEAGUE_COLUMNS as LEAGUE_COLUMNS
from hpobench_lab.report.tables import league_rows as league_rows
from hpobench_lab.report.text import league_text as league_text
from hpobench_lab.report.write import ReportFiles as ReportFiles
from hpobench_lab.report.write import result_json as result_json
from hpobench_lab.report.write import write_report as write_report

__all__ = [
    "LEAGUE_COLUMNS",
    "Compared",
    "ReportFiles",
    "compare",
    "document",
    "league_rows",
    "league_text",
    "result_json",
    "write_report",
]
