"""LaTeX output: it compiles, whatever the names are."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from hpobench_lab.analysis import analyse
from hpobench_lab.report.bibtex import bibtex
from hpobench_lab.report.latex import booktabs, escape
from hpobench_lab.report.paper import paper_files
from hpobench_lab.report.references import cited, known
from hpobench_lab.report.write import write_report
from tests.synthetic_results import Made, bed, make, session, steady

EVIL = '\\a{b}$c&d#e^f_g~h%i"<j>|k`[l]*中é²−\n'
MAIN = r"""\documentclass{article}
\usepackage{booktabs,graphicx,natbib,url}
\begin{document}
\input{methods}
\input{tables/league}

\input{tables/testbeds}

\input{tables/controls}
\bibliographystyle{plainnat}
\bibliography{references}
\end{document}
"""
ALL = MAIN.replace(r"\input{tables/controls}", r"\input{tables/controls}" "\n" r"\nocite{*}")


def evil() -> Made:
    quality = {"random": 0.5, "tpe": 1.0, EVIL: 0.6, "[x": 0.7, "{": 0.4, "}}": 0.3, "*": 0.2}
    beds = [bed(f"synthetic/f{i}", citation=f"{EVIL} (2020)") for i in range(5)]
    beds += [bed(EVIL), bed("synthetic/branin"), bed("curves/digits-mlp", kind="surrogate")]
    made = make(list(quality), beds, range(2), steady(quality), baseline="random")
    made.carbon.append(session(made))
    return made


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return paper_files(analyse(evil()), ["f4-ecdf"])


def balanced(text: str) -> bool:
    """Return whether braces match; a backslash before one counts as BibTeX counts it: not."""
    depth = 0
    for c in text:
        depth += (c == "{") - (c == "}")
        if depth < 0:
            return False
    return depth == 0


def test_escaped_text_is_ascii_with_matching_braces_and_no_bare_special() -> None:
    text = escape(EVIL)
    assert text.isascii()
    assert balanced(text)
    assert not re.search(r"(?<!\\)[&%#_]", text)
    assert text.count("$") == 2 + 1  # the minus sign in mathematics, and the dollar, escaped


@pytest.mark.parametrize(
    "name", ["tables/league.tex", "tables/testbeds.tex", "tables/controls.tex"]
)
def test_every_row_of_a_table_has_as_many_cells_as_columns(
    files: dict[str, str], name: str
) -> None:
    text = files[name]
    columns = re.search(r"\\begin\{tabular\}\{(.*)\}\n", text)
    assert columns is not None
    n = len(re.sub(r"p\{.*?\}", "l", columns.group(1)))
    rows = [line for line in text.split("\n") if line.endswith(r"\\")]
    assert len(rows) > 1
    assert {len(re.findall(r"(?<!\\)&", row)) + 1 for row in rows} == {n}


def test_all_files_are_ascii_and_their_braces_match(files: dict[str, str]) -> None:
    for name, text in files.items():
        if not name.endswith(".md"):
            assert text.isascii(), name
            assert balanced(text), name


def test_a_cell_that_begins_like_an_option_is_no_option() -> None:
    rows = booktabs(["a", "b"], [["1", "2"], ["[x", "*"]])
    assert "{[}x" in rows
    assert "{*}" in rows


def test_the_methods_cite_only_what_the_bibliography_has(files: dict[str, str]) -> None:
    keys = {
        k for m in re.findall(r"\\citep\{([^}]*)\}", files["methods.tex"]) for k in m.split(",")
    }
    entries = re.findall(r"^@\w+\{([^,]+),$", files["references.bib"], re.MULTILINE)
    assert len(keys) > 10
    assert keys <= set(entries)
    assert len(entries) == len(set(entries))


def _known_only(log: str) -> str:
    """Return the lines of BibTeX's log about entries of ``references.toml``."""
    return "\n".join(line for line in log.split("\n") if line.split(" ")[-1] in known())


def test_the_head_of_the_methods_names_the_packages_that_the_references_need(
    files: dict[str, str],
) -> None:
    assert files["methods.tex"].startswith(r"% needs \usepackage{natbib,url}")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_a_paper_with_everything_compiles(files: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    every = bibtex(list({r.key: r for r in [*known().values(), *cited(analyse(evil()))]}.values()))
    (tmp_path / "references.bib").write_text(every, encoding="utf-8")
    (tmp_path / "main.tex").write_text(ALL, encoding="utf-8")
    latex = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "main"]
    for command in (latex, ["bibtex", "main"], latex, latex):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    log = (tmp_path / "main.log").read_text(encoding="latin-1")
    assert "undefined" not in log.lower()
    assert "Warning--empty year in" not in _known_only((tmp_path / "main.blg").read_text("latin-1"))


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_no_table_is_wider_than_the_text(files: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    names = ("tables/league.tex", "tables/testbeds.tex")
    for name in names:
        (tmp_path / name).write_text(files[name], encoding="utf-8")
    inputs = [rf"\input{{{name}}}" for name in names]
    body = "\n\n".join([MAIN.split(r"\input")[0], *inputs, r"\end{document}"])
    (tmp_path / "main.tex").write_text(body, encoding="utf-8")
    latex = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "main"]
    done = subprocess.run(latex, cwd=tmp_path, capture_output=True, check=False)
    log = (tmp_path / "main.log").read_text(encoding="latin-1")
    assert done.returncode == 0, log[-2000:]
    assert "Overfull" not in log


def test_a_report_carries_the_parts_of_a_paper(tmp_path: Path) -> None:
    written = write_report(evil(), tmp_path)
    names = {str(p.relative_to(tmp_path)) for p in written.paper}
    assert {"tables/league.tex", "tables/testbeds.tex", "methods.tex", "references.bib"} <= names
    assert all(p.read_text(encoding="utf-8").strip() for p in written.paper)


def test_a_study_without_runs_still_gives_files_that_compile() -> None:
    empty = paper_files(analyse(make([], [], [], steady({}))))
    assert "% nothing to show" in empty["tables/league.tex"]
    assert all(balanced(text) for text in empty.values())
