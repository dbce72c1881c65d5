"""The committed tables and their surrogates as testbeds."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from hpobench_lab.errors import ContractError, DataError
from hpobench_lab.testbeds.curves.files import (
    file_sha256,
    read_configs,
    read_curves,
    read_header,
    verify,
)
from hpobench_lab.testbeds.curves.opening import built_in, open_table
from hpobench_lab.testbeds.curves.surrogate import Surrogate
from hpobench_lab.testbeds.curves.table import Table
from hpobench_lab.trial import Status, Trials

TABLES = built_in()
names = pytest.mark.parametrize("name", TABLES)
GOLDEN = {
    "breast-cancer-mlp": (0.07669423520565033, 0.11780690401792526, 0.0789330615676197),
    "breast-cancer-xgb": (0.2747803330421448, 0.3053288161754608, 0.6149942402233265),
    "digits-mlp": (0.19975876808166504, 0.16691549122333527, 0.22029363469423052),
    "digits-xgb": (1.019782543182373, 1.3603719472885132, 2.19091473630425),
}
"""Final losses of configurations 0 and 1000 in the file, and the surrogate's of 0 at the sixth
level; read on 2026-11-21, when the tables were collected."""


def _table(name: str) -> Table:
    testbed = open_table(TABLES[name], mode="table")
    assert isinstance(testbed, Table)
    return testbed


def _surrogate(name: str) -> Surrogate:
    testbed = open_table(TABLES[name])
    assert isinstance(testbed, Surrogate)
    return testbed


def _trials(testbed: Table | Surrogate, n: int, fidelity: float | None = None) -> Trials:
    """Return listed configurations of a table, random ones of a surrogate."""
    rng, space = np.random.default_rng(0), testbed.problem.space
    candidates = testbed.problem.candidates
    x = space.uniform(rng, n) if candidates is None else candidates[rng.permutation(2000)[:n]]
    full = testbed.problem.fidelities[0].max
    return Trials.full(space, space.decode(x), [full if fidelity is None else fidelity])


def test_four_tables_come_with_the_harness() -> None:
    expected = {"breast-cancer-mlp", "breast-cancer-xgb", "digits-mlp", "digits-xgb"}
    assert expected <= set(TABLES)


@names
def test_the_files_are_those_of_the_header(name: str) -> None:
    header = verify(TABLES[name])
    values, seeds = read_configs(TABLES[name], header)
    curves = read_curves(TABLES[name], header)
    sealed = read_curves(TABLES[name], header, "test.parquet")
    assert header["configurations"] == len(values) == len(seeds) >= 2000
    for table in (*curves.values(), *sealed.values()):
        assert table.shape == (len(values), len(header["fidelity"]["levels"]))
    assert len(header["fidelity"]["levels"]) <= 20
    assert (np.diff(curves["cpu_s"], axis=1) >= 0).all()


@names
def test_a_table_answers_what_the_file_holds(name: str) -> None:
    header, testbed = read_header(TABLES[name]), _table(name)
    levels = header["fidelity"]["levels"]
    file = pq.read_table(TABLES[name] / "curves.parquet").to_pandas()
    rows, level = [0, 7, 2047], levels[5]
    candidates = testbed.problem.candidates
    assert candidates is not None
    space = testbed.problem.space
    trials = Trials.full(space, space.decode(candidates[rows]), [level])
    at = file[file[header["fidelity"]["name"]] == level].set_index("configuration").loc[rows]
    outcomes = testbed.evaluate(trials)
    stored = at["valid_cross_entropy"].to_numpy(np.float64)
    np.testing.assert_array_equal(outcomes.losses[:, 0], np.where(np.isinf(stored), np.nan, stored))
    np.testing.assert_array_equal(outcomes.cost_s, at["cpu_s"].to_numpy(np.float64))


@pytest.mark.parametrize("name", GOLDEN)
def test_the_numbers_are_those_of_the_collection(name: str) -> None:
    testbed, surrogate = _table(name), _surrogate(name)
    candidates = testbed.problem.candidates
    assert candidates is not None
    space = testbed.problem.space
    listed = Trials.full(space, space.decode(candidates[[0, 1000]]), [testbed._levels[5]])
    assert tuple(testbed.score(listed)[:, 0]) == GOLDEN[name][:2]
    predicted = surrogate.evaluate(listed.take([0])).losses[0, 0]
    assert predicted == pytest.approx(GOLDEN[name][2], rel=1e-9)


@names
def test_between_levels_a_table_answers_the_level_below(name: str) -> None:
    testbed = _table(name)
    low, high = testbed._levels[-2:]
    below = testbed.evaluate(_trials(testbed, 50, low))
    between = testbed.evaluate(_trials(testbed, 50, high - 0.5))
    np.testing.assert_array_equal(between.losses, below.losses)
    np.testing.assert_array_equal(between.cost_s, below.cost_s)


@names
def test_a_configuration_that_is_not_listed_is_a_contract_error(name: str) -> None:
    testbed = _table(name)
    with pytest.raises(ContractError, match="not among its 2048"):
        testbed.evaluate(_trials(_surrogate(name), 1))


@names
def test_the_optimum_of_a_table_is_its_least_loss_and_is_attained(name: str) -> None:
    testbed = _table(name)
    facts, space = testbed.facts, testbed.problem.space
    assert facts.optimum_config is not None
    top = [testbed.problem.fidelities[0].max]
    best = Trials.full(space, space.values([facts.optimum_config]), top)
    assert testbed.evaluate(best).losses[0, 0] == testbed.score(best)[0, 0] == facts.optimum
    scores = testbed.score(_trials(testbed, 2000))
    assert scores.min() >= facts.optimum
    assert np.isfinite(scores).all()


@names
def test_a_final_loss_worse_than_chance_has_diverged(name: str) -> None:
    testbed = _table(name)
    outcomes = testbed.evaluate(_trials(testbed, 2000))
    bad = outcomes.status == Status.diverged
    assert bad.any()
    assert np.isnan(outcomes.losses[bad]).all()
    assert (outcomes.losses[~bad] <= testbed.facts.chance).all()


@names
def test_the_stated_optimum_of_a_surrogate_is_attained_and_not_beaten(name: str) -> None:
    testbed = _surrogate(name)
    facts, space = testbed.facts, testbed.problem.space
    assert facts.optimum_config is not None
    assert facts.optimum is not None
    best = Trials.full(space, space.values([facts.optimum_config]), [0.0])
    assert testbed.score(best)[0, 0] == pytest.approx(facts.optimum, rel=1e-12)
    assert testbed.score(_trials(testbed, 2000)).min() >= facts.optimum


@names
def test_the_median_of_random_configurations_is_the_stated_reference(name: str) -> None:
    testbed = _surrogate(name)
    median = np.median(testbed.score(_trials(testbed, 4000)))
    assert median == pytest.approx(testbed.facts.reference, rel=0.1)


@names
def test_a_surrogate_has_the_same_bits_in_any_batch(name: str) -> None:
    testbed = _surrogate(name)
    trials = _trials(testbed, 200, 7.5)
    together = testbed.evaluate(trials)
    for rows in ([0], [199, 3], list(range(150, 10, -1))):
        apart = testbed.evaluate(trials.take(rows))
        np.testing.assert_array_equal(apart.losses, together.losses[rows])
        np.testing.assert_array_equal(apart.cost_s, together.cost_s[rows])


@names
def test_the_cost_of_a_surrogate_rises_with_the_fidelity(name: str) -> None:
    testbed = _surrogate(name)
    fidelities = np.linspace(1, testbed.problem.fidelities[0].max, 40)
    costs = [testbed.evaluate(_trials(testbed, 20, f)).cost_s for f in fidelities]
    assert (np.diff(costs, axis=0) > 0).all()


@names
def test_a_surrogate_is_good_enough_to_be_used(name: str) -> None:
    quality = _surrogate(name).facts.quality
    assert quality["spearman"] > 0.9
    assert quality["r2"] > 0.8


@names
@pytest.mark.parametrize("mode", ["table", "surrogate"])
def test_held_out_values_stay_closed(name: str, mode: str, tmp_path: Path) -> None:
    folder = shutil.copytree(TABLES[name], tmp_path / name)
    (folder / "test.parquet").unlink()
    testbed = open_table(folder, mode=mode)
    trials = _trials(testbed, 3)  # type: ignore[arg-type]
    assert np.isfinite(testbed.score(trials)).all()
    assert (testbed.evaluate(trials).cost_s > 0).all()


@names
def test_a_surrogate_needs_neither_xgboost_nor_torch(name: str) -> None:
    script = f"""
import sys, numpy as np
from pathlib import Path
from hpobench_lab.testbeds.curves.opening import open_table
from hpobench_lab.trial import Trials
t = open_table(Path({str(TABLES[name])!r}))
s = t.problem.space
t.evaluate(Trials.full(s, s.decode(s.uniform(np.random.default_rng(0), 3)), [4.0]))
assert not {{"xgboost", "torch", "sklearn", "pandas", "scipy"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def _damaged(tmp_path: Path) -> Path:
    return shutil.copytree(TABLES["breast-cancer-xgb"], tmp_path / "table")


@pytest.mark.parametrize(
    ("file", "mode"),
    [("curves.parquet", "table"), ("configs.parquet", "table"), ("surrogate.npz", "surrogate")],
)
def test_a_changed_byte_is_named(tmp_path: Path, file: str, mode: str) -> None:
    path = _damaged(tmp_path) / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=rf"{file} is damaged: its sha256"):
        open_table(path.parent, mode=mode)


@pytest.mark.parametrize(
    ("file", "mode"),
    [("curves.parquet", "table"), ("configs.parquet", "table"), ("surrogate.npz", "surrogate")],
)
def test_a_truncated_file_is_named_even_under_its_own_digest(
    tmp_path: Path, file: str, mode: str
) -> None:
    folder = _damaged(tmp_path)
    path = folder / file
    path.write_bytes(path.read_bytes()[:-500])
    header = json.loads((folder / "table.json").read_text())
    header["files"][file]["sha256"] = file_sha256(path)
    (folder / "table.json").write_text(json.dumps(header))
    with pytest.raises(DataError, match=rf"{file} cannot be read"):
        open_table(folder, mode=mode)


@pytest.mark.parametrize("mode", ["table", "surrogate"])
def test_a_missing_file_is_named(tmp_path: Path, mode: str) -> None:
    folder = _damaged(tmp_path)
    file = "curves.parquet" if mode == "table" else "surrogate.npz"
    (folder / file).unlink()
    with pytest.raises(DataError, match=rf"{file} cannot be read"):
        open_table(folder, mode=mode)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 99}', '{"schema": 1}'])
def test_a_bad_header_is_a_data_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "table.json").write_text(text)
    with pytest.raises(DataError, match=r"table\.json"):
        open_table(tmp_path)


def test_a_folder_without_a_header_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is no table"):
        open_table(tmp_path)


def test_an_unknown_mode_is_named() -> None:
    with pytest.raises(ValueError, match="mode must be"):
        open_table(TABLES["digits-xgb"], mode="nearest")
