"""``report.md``: short enough for a step summary, and nothing in it acts."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpobench_lab.analysis import analyse
from hpobench_lab.figures import plots
from hpobench_lab.report import write_report
from hpobench_lab.report.markdown import LIMIT, markdown
from hpobench_lab.report.provenance import provenance
from tests.report.test_report import study
from tests.synthetic_results import Made, bed, make, steady


def written(made: Made, name: str = "") -> str:
    a = analyse(made)
    return markdown(a, [], provenance(a, made) | ({"study_toml": name} if name else {}))


def large() -> Made:
    quality = {f"optimizer-{i}-" + "x" * 2000: 0.5 + i / 50 for i in range(12)}
    beds = [bed(f"synthetic/f{i}-" + "y" * 300) for i in range(250)]
    return make(list(quality), beds, [0], steady(quality, 4))


def test_a_large_study_fits_a_step_summary() -> None:
    text = written(large())
    assert len(text.encode()) < LIMIT
    assert "50 more rows are in result.json" in text


def test_what_does_not_fit_is_left_out_at_the_end_and_said() -> None:
    text = written(study(), "# " + "z" * LIMIT)
    assert len(text.encode()) < LIMIT
    assert "too long for a summary" in text
    assert "## League table" in text


def test_the_order_is_verdict_banners_table_controls_figures_testbeds(tmp_path: Path) -> None:
    made = study()
    text = write_report(made, tmp_path).markdown.read_text(encoding="utf-8")
    parts = [
        "# made",
        "**",
        "> **Note**",
        "## League table",
        "## Control lines",
        "(figures/f1-regret.png)",
        "## Testbeds",
        "## Methods",
        "## References",
        "## Provenance",
    ]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    others = {p.id for p in plots(analyse(made), made)}
    assert all(f"figures/{name}." in text for name in others)


@pytest.mark.parametrize("name", ["a|b", "*a*", "[a](b)", "<b>", "`a`", "a\nb"])
def test_a_name_is_text_in_a_table(name: str) -> None:
    made = make(["random", name], [bed("t")], [0], steady({"random": 0.5, name: 1.0}))
    lines = [x for x in written(made).split("\n") if x.startswith("| ")]
    league = lines[: next(i for i, x in enumerate(lines) if "control" in x)]
    assert len({x.replace("\\|", "").count("|") for x in league}) == 1
    assert "<b>" not in written(made).split("```")[0]
