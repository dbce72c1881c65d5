"""What ``list -v`` says of a table, on a terminal and in a pipe."""

import pytest

from hpobench_lab.cli.collected import text

KNOWN = {
    "configurations": 500,
    "folds": [0, 1, 2],
    "replicated": 125,
    "wide": True,
    "quality": {"r2": 0.9, "spearman": 0.8, "kendall_tau": 0.7, "kendall_tau_ceiling": 0.75},
    "licence": "none stated by the authors; distributed with scikit-learn (BSD-3-Clause)",
    "data": "Diabetes progression after one year (442 patients, 10 features)",
    "table": {"f_opt": 0.6, "f_opt_origin": "exact: the least"},
    "surrogate": {"f_opt": 0.55, "f_opt_origin": "best known: long search"},
}


@pytest.mark.parametrize("width", [60, 80, 100])
def test_no_line_is_wider_than_the_terminal_and_no_word_is_lost(width: int) -> None:
    piped, shown = text("curves/x", KNOWN), text("curves/x", KNOWN, width)
    assert max(map(len, piped.split("\n"))) > width
    assert max(map(len, shown.split("\n"))) <= width
    assert shown.split() == piped.split()
    below = [line for line in shown.split("\n")[1:] if line.startswith(" " * 13)]
    assert len(shown.split("\n")) == len(piped.split("\n")) + len(below)
