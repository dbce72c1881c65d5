"""Made tables with surrogates, fitted once a session."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hpobench_lab.space import Space
from hpobench_lab.testbeds.curves.storage.files import Curves, stored_space, write_table
from tests.curves.made import made_curves, made_header

DERIVED = {"mlp": ({"lr": 1.0, "epochs": 1.0},), "svm": ({"C": 1.0, "gamma": 1.0},)}


def made_surrogate(folder: Path, family: str, **more: int) -> tuple[Path, Curves]:
    """Write a made table with its surrogates, and return its folder and its curves."""
    pytest.importorskip("xgboost")
    from hpobench_lab.testbeds.curves.exact import exact_facts
    from hpobench_lab.testbeds.curves.surrogates import optimum, smooth
    from hpobench_lab.testbeds.curves.surrogates.fitted import fit_all

    header = made_header(family)
    curves = made_curves(header, **({"n": 300, "replicates": 80} | more))
    levels, name = header["fidelity"]["levels"], header["fidelity"]["name"]
    spaces = stored_space(header), Space.from_json(header["space"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(optimum, "RANDOM", 3000)
        patch.setattr(optimum, "STEPS", 12)
        patch.setattr(smooth, "EPOCHS", 50)
        fitted = fit_all(*spaces, name, DERIVED[family], levels, curves, header["cap"])
    assert fitted is not None
    target = folder / header["name"]
    target.mkdir(parents=True)
    with (target / "surrogate.npz").open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **fitted[0])
    header |= {"configurations": 300, "surrogate": fitted[1]}
    header["table"] = exact_facts(header, curves)
    write_table(target, header, curves)
    return target, curves


@pytest.fixture(scope="session")
def fitted_tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Curves]]:
    """Return family -> folder and curves: ``mlp`` with a wide space, ``svm`` with conditions."""
    folder = tmp_path_factory.mktemp("fitted")
    return {family: made_surrogate(folder, family) for family in ("mlp", "svm")}


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that writes ``mine.py`` in an empty working directory."""
    monkeypatch.chdir(tmp_path)

    def written(text: str) -> None:
        Path("mine.py").write_text(f"import hpobench_lab as hb\n{text}", encoding="utf-8")

    return written
