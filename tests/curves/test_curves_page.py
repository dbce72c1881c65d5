"""The page of the collection and its pictures, made from small invented tables."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from hpobench_lab.testbeds.curves.storage.files import Curves
from hpobench_lab.testbeds.training.data import DATASETS

DOCS = Path(__file__).resolve().parents[2] / "docs"
LEVELS = (1, 2, 4, 8, 16)


@pytest.fixture
def figure(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(DOCS))
    return importlib.import_module("curves_figure")


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(DOCS))
    return importlib.import_module("curves_page")


def table(family: str = "mlp", n: int = 48, twice: int = 12, data: str = "loans") -> Any:
    """Return a header and curves that fall like a power of the epoch; one of them diverges."""
    rng = np.random.Generator(np.random.Philox(0))
    final = np.geomspace(0.3, 0.6, n)[:, None]
    first = final * np.array(LEVELS) ** -rng.uniform(0.0, 0.2, (n, 1)) * 1.5
    first[-1, 3:] = np.nan
    losses = np.concatenate(
        [first, first[:twice] * 1.1 * 1.02 ** (np.arange(twice) % 3 - 1)[:, None]]
    )
    values = np.arange(n, dtype=float)[:, None]
    which, zero = np.concatenate([np.arange(n), np.arange(twice)]), np.zeros(n + twice, int)
    replicate = np.repeat([0, 1], [n, twice])
    origin, message = np.full(n, "sobol"), np.full(n + twice, "")
    columns = {"valid_loss": losses}
    curves = Curves(values, origin, which, zero, replicate, message, columns)
    header = {
        "family": family, "configurations": n, "chance": 0.69, "diverged_above": 0.7,
        "fidelity": {"name": "epochs", "levels": list(LEVELS)}, "ranges": f"ranges of {family}",
        "objectives": [{"name": "cross-entropy", "unit": "nats"}],
        "data": {"split": {"train": 800, "valid": 400, "test": 400}},
        "folds": {"outer": 4, "collected": [0, 1, 2]}, "meta_features": {"rows": 1200.0},
    }  # fmt: skip
    return header, curves


def test_a_picture_is_small_well_formed_and_the_same_bytes_again(
    figure: ModuleType, tmp_path: Path
) -> None:
    tables = [table(family) for family in figure.TITLES]
    paths = tmp_path / "a.svg", tmp_path / "b.svg"
    sizes = [figure.draw("loans", tables, path) for path in paths]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert sizes[0] == paths[0].stat().st_size < figure.LARGEST
    text = " ".join(t for t in ElementTree.parse(paths[0]).getroot().itertext() if t.strip())
    for shown in [*figure.TITLES.values(), "validation cross-entropy, nats", "best possible"]:
        assert shown in text


def test_a_shortened_path_goes_through_the_same_points(figure: ModuleType) -> None:
    rng = np.random.Generator(np.random.Philox(1))
    points = rng.uniform(-50, 400, (60, 2))
    commands = ["M" if k % 20 == 0 else "L" for k in range(60)]
    words = [f"{c} {x:f} {y:f}" for c, (x, y) in zip(commands, points, strict=True)]
    short = figure._steps("\n".join(words) + " \nz")
    assert short.endswith("z")
    steps = re.findall(r"([ml])(-?[\d.]+)[ ]?(-?[\d.]+)", short)
    assert [step[0].upper() for step in steps] == commands
    walked = np.cumsum([[float(x), float(y)] for _, x, y in steps], axis=0)
    np.testing.assert_allclose(walked, points, atol=0.0501)


def test_pairs_run_from_the_best_configuration_to_near_chance(figure: ModuleType) -> None:
    chosen = figure.chosen_pairs(table()[1], 0.69)
    assert len(chosen) == figure.PAIRS
    for one, other in chosen:  # a tenth is common to all, 2 % are a configuration's own
        np.testing.assert_allclose(np.abs(np.log(other / one)), 0.0, atol=np.log(1.021))
    ends = [one[-1] * other[-1] for one, other in chosen]
    assert ends == sorted(ends)
    assert len(set(ends)) == figure.PAIRS


def test_a_table_without_a_second_replicate_is_drawn_without_pairs(
    figure: ModuleType, tmp_path: Path
) -> None:
    lonely = table(twice=0)
    assert figure.chosen_pairs(lonely[1], 0.69) == []
    assert figure.draw("loans", [lonely], tmp_path / "a.svg") > 0


def test_the_numbers_of_a_table_are_those_of_its_curves(page: ModuleType) -> None:
    header, curves = table()
    final, again = (curves.columns["valid_loss"][rows, -1] for rows in (slice(48), slice(48, 60)))
    better = np.argsort(final[:12] + again)[:6]
    difference = (again - final[:12])[better]
    wanted = np.median(difference), np.median(np.abs(difference - np.median(difference)))
    assert page.noise(curves) == pytest.approx(wanted)
    assert wanted[0] > 3 * wanted[1] > 0
    row = page.family_row((header, curves))
    assert row[:3] == ["`mlp`", "60", f"{np.nanmin(final):.3g}"]
    worse = int((~(final <= header["diverged_above"])).sum())
    assert 1 < worse < 48
    assert row[-1] == f"{worse / 48:.0%}"
    assert 0.8 < page.quarter(header, curves) <= 1.0


def test_the_page_shows_every_data_set_with_licence_picture_and_ranges(
    page: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "tables_of", lambda name: [table("mlp"), table("rf")])
    text = page.page()
    for name, source in DATASETS.items():
        assert f"\n## {name}\n" in text
        assert f"images/curves-{name}.svg" in text
        assert source.licence in text
        assert source.url in text
    assert "ranges of mlp" in text
    assert "gap of fair labels 0.0703" in text
    assert "| `rows` |" in text


def test_the_quality_of_a_surrogate_is_shown_where_there_is_one(page: ModuleType) -> None:
    header, _ = table("rf")
    assert page.quality_row(header) is None
    quality = {"r2": 0.912, "spearman": 0.95, "spearman_best_quarter": 0.7}
    header["surrogate"] = {"quality": quality | {"mae_near_optimum": 0.0123}}
    header["trust"] = {"kendall_tau": {"table/xgboost": 0.8}}
    assert page.quality_row(header) == ["`rf`", "0.91", "0.95", "0.7", "0.012", "0.8"]


def test_every_known_fact_has_words(page: ModuleType) -> None:
    assert {key for source in DATASETS.values() for key in source.known} == set(page.KNOWN)
