"""Figures: one file a figure; each draws only the rows that its CSV holds."""

from hpobench_lab.figures.everything import plots as plots
from hpobench_lab.figures.plot import Plot as Plot
from hpobench_lab.figures.plot import csv_text as csv_text
from hpobench_lab.figures.plot import inline_svgs as inline_svgs
from hpobench_lab.figures.plot import save as save
from hpobench_lab.figures.style import PALETTE as PALETTE
from hpobench_lab.figures.style import Look as Look
from hpobench_lab.figures.style import looks as looks

__all__ = ["PALETTE", "Look", "Plot", "csv_text", "inline_svgs", "looks", "plots", "save"]
