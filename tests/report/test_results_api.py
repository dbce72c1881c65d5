"""What a notebook gets: tables, figures, reports."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import hpobench_lab as hb
from hpobench_lab.errors import StudyError, UnknownName
from hpobench_lab.report import compare
from hpobench_lab.report.compared import table_html
from hpobench_lab.report.drawing import figure, known
from tests.analysis.test_analysis import BAD
from tests.report.test_report import EVIL, Reader, study

ROOT = Path(__file__).resolve().parents[2]


def test_results_show_their_league_table_in_a_notebook(small: Path) -> None:
    html = hb.load(small)._repr_html_()
    reader = Reader()
    reader.feed(html)
    assert reader.open == []
    assert {"table", "th", "td"} <= set(reader.tags)
    assert {"random", "sobol"} <= set(reader.text)
    assert "2 of" not in html


def test_the_notebook_table_escapes_names() -> None:
    html = table_html(compare(study()).analysis)
    assert "<script" not in html
    assert any(EVIL.split("|")[0] in text for text in _texts(html))


def _texts(html: str) -> list[str]:
    reader = Reader()
    reader.feed(html)
    return reader.text


@pytest.mark.parametrize("case", BAD)
def test_bad_results_show_what_can_be_concluded(case: str) -> None:
    made, words = BAD[case]
    shown = compare(made)
    assert words in " ".join(repr(shown).split())
    assert words in " ".join(_texts(shown._repr_html_()))
    assert len(shown.frame) == len(shown.analysis.league)


def test_a_comparison_prints_as_the_terminal_shows_it(small: Path) -> None:
    shown = repr(hb.load(small).compare(at=4))
    assert shown.startswith("Exploratory")
    assert "sobol" in shown


@pytest.mark.parametrize("name", ["regret", "f1-regret", "forest", "heatmap"])
def test_a_figure_is_found_by_its_short_and_by_its_long_name(small: Path, name: str) -> None:
    from matplotlib.figure import Figure

    drawn = hb.load(small).plot(name)
    assert isinstance(drawn, Figure)
    assert drawn.axes


def test_an_unknown_figure_names_the_nearest(small: Path) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'regret'"):
        hb.load(small).plot("regrets")


def test_a_figure_without_anything_to_show_says_so(small: Path) -> None:
    assert "rungs" in known()
    with pytest.raises(StudyError, match="nothing to show"):
        figure(hb.load(small), "rungs")


def test_results_write_the_report(small: Path, tmp_path: Path) -> None:
    files = hb.load(small).report(tmp_path / "report")
    assert files.html.is_file()
    assert files.json.is_file()
    assert "report.html" in repr(files)
    assert "analysis" not in repr(files)
    assert len(repr(files)) < 10_000


def test_loading_and_the_frame_import_no_drawing() -> None:
    code = (
        "import sys, hpobench_lab as hb; hb.load;"
        "heavy = {'matplotlib', 'pandas', 'scipy.stats', 'jinja2'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_the_notebook_guide_works(small: Path, tmp_path: Path) -> None:
    text = (ROOT / "docs" / "howto" / "notebook.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    code = "\n".join(blocks).replace("results/quick-3f2a91", str(small))
    assert "hb.load(" in code
    exec(code.replace("heatmap.pdf", str(tmp_path / "heatmap.pdf")), {"__name__": "notebook"})
    assert (tmp_path / "heatmap.pdf").stat().st_size > 1000


def test_a_call_of_the_guide_exists(small: Path) -> None:
    text = (ROOT / "docs" / "howto" / "notebook.md").read_text(encoding="utf-8")
    names = set(re.findall(r"results\.(\w+)", text))
    assert {"compare", "plot", "report", "frame", "run"} <= names
    assert [n for n in names if not hasattr(hb.load(small), n)] == []
