"""YAHPO Gym's surrogates: yahpo-gym's own values, the traps of its data, bad files."""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hpobench_lab.errors import DataError, HpoBenchError, MissingExtra, StudyError, UnknownName
from hpobench_lab.testbed import Testbed
from hpobench_lab.testbeds.public.yahpo import instances, open_instance
from hpobench_lab.testbeds.public.yahpo_model import BLOCK, Network, read_network
from hpobench_lab.testbeds.public.yahpo_scenarios import SCENARIOS
from hpobench_lab.testing import check_testbed
from hpobench_lab.trial import Status, Trials
from tests.public.onnx_by_hand import coded, network, write_scenario
from tests.public.shared import needs, shared

pytest.importorskip("onnxruntime", reason="needs the extra public")

FloatArray = NDArray[np.float64]
DATA = shared("yahpo")
real = needs("yahpo")


def rows(bed: Testbed, n: int, fidelity: float | Sequence[float], seed: int = 0) -> Trials:
    """Return n random configurations at one fidelity."""
    space = bed.problem.space
    values = space.decode(space.uniform(np.random.default_rng(seed), n))
    return Trials.full(space, values, np.atleast_1d(fidelity))


def golden(name: str) -> tuple[Network, list[dict[str, Any]], FloatArray]:
    """Return a network, 16 configurations, and their outputs by yahpo-gym 1.0.2."""
    net = read_network(DATA, name)
    stored = json.loads((DATA / f"{name}.golden.json").read_text())["rows"]
    wanted = [[row["outputs"][o] for o in net.scenario.outputs] for row in stored]
    return net, [row["config"] for row in stored], np.array(wanted)


def table(out: dict[str, FloatArray]) -> FloatArray:
    return np.column_stack(list(out.values()))


# --- yahpo-gym's own values ---------------------------------------------------------------------


@real
@pytest.mark.parametrize("name", ["lcbench", "rbv2_xgboost"])
def test_one_row_at_a_time_equals_yahpo_gym(name: str) -> None:
    net, configs, wanted = golden(name)
    got = [table(net.outputs(net.columns([c]), block=1))[0] for c in configs]
    np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=0)


@real
@pytest.mark.parametrize("name", ["lcbench", "rbv2_xgboost"])
@pytest.mark.parametrize("block", [8, BLOCK])
def test_padded_blocks_equal_yahpo_gym(name: str, block: int) -> None:
    net, configs, wanted = golden(name)
    got = table(net.outputs(net.columns(configs), block=block))
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=0)


@real
def test_a_testbed_tells_yahpo_gyms_value_one_epoch_later() -> None:
    _, configs, wanted = golden("lcbench")
    served = 0
    for config, row in zip(configs, wanted, strict=True):
        epoch = config.pop("epoch")
        if not 2 <= epoch <= 51:
            continue
        bed = open_instance(DATA, f"lcbench/{config.pop('OpenML_task_id')}")
        trials = Trials.full(bed.problem.space, bed.problem.space.values([config]), [epoch - 1])
        assert bed.evaluate(trials).losses[0, 0] == pytest.approx(row[2], rel=1e-6)
        assert bed.held_out(trials)[0, 0] == pytest.approx(row[4], rel=1e-6)
        served += 1
    assert served >= 12


@real
def test_what_is_told_does_not_depend_on_the_batch_though_blocks_differ_by_a_thousandth() -> None:
    bed: Any = open_instance(DATA, "rbv2_xgboost/16", target="memory")
    trials = rows(bed, 400, 0.6)
    told = bed.evaluate(trials).losses[:, 0]
    columns = bed._columns(trials, bed._levels(trials.fidelities))
    block = bed.network.outputs(columns, block=BLOCK)["memory"]
    alone = [bed.evaluate(trials.take(np.array([i]))).losses[0, 0] for i in range(20)]
    assert np.array_equal(told[:20], alone)
    assert not np.array_equal(told, block)
    np.testing.assert_allclose(told, block, rtol=1e-2)


@real
def test_a_testbed_tells_yahpo_gyms_values_of_every_output_and_fidelity() -> None:
    net, configs, wanted = golden("rbv2_xgboost")
    for config, row in zip(configs, wanted, strict=True):
        levels = [config.pop("trainsize"), config.pop("repl")]
        name = f"rbv2_xgboost/{config.pop('task_id')}"
        names = net.scenario.outputs
        bed = open_instance(DATA, name, objectives=names, fidelities="all")
        space = bed.problem.space
        losses = bed.evaluate(Trials.full(space, space.values([config]), levels)).losses[0]
        signs = [-1 if n in net.scenario.maximised else 1 for n in names]
        np.testing.assert_allclose(losses * signs, row, rtol=1e-6, atol=0)


@real
@pytest.mark.parametrize("name", ["lcbench/3945", "rbv2_xgboost/16"])
def test_a_real_surrogate_conforms(name: str) -> None:
    report = check_testbed(open_instance(DATA, name))
    assert report.ok, [c for c in report.checks if c.status == "failed"]


# --- the traps of the data ----------------------------------------------------------------------


@real
def test_untrained_and_doubled_epochs_of_lcbench_are_left_out() -> None:
    bed = open_instance(DATA, "lcbench/3945")
    assert bed.problem.fidelity is not None
    assert (bed.problem.fidelity.min, bed.problem.fidelity.max) == (1, 50)
    assert bed.problem.continuation == "same"
    assert "epoch" not in bed.problem.space


@real
def test_a_part_of_an_epoch_counts_for_nothing() -> None:
    bed = open_instance(DATA, "lcbench/3945")
    whole, part = bed.evaluate(rows(bed, 5, 7)), bed.evaluate(rows(bed, 5, 7.9))
    assert np.array_equal(whole.losses, part.losses)
    assert np.array_equal(whole.cost_s, part.cost_s)


@real
def test_seconds_are_a_running_maximum_where_the_network_lets_them_fall() -> None:
    bed: Any = open_instance(DATA, "lcbench/3945")
    costs = np.array([bed.evaluate(rows(bed, 200, e)).cost_s for e in range(1, 51)])
    raw: Any = open_instance(DATA, "lcbench/3945", target="time")
    times = np.array([raw.evaluate(rows(raw, 200, e)).losses[:, 0] for e in range(1, 51)])
    assert (np.diff(times, axis=0) < 0).any()
    running = np.maximum.accumulate(np.maximum(times, 0), axis=0)
    np.testing.assert_allclose(costs, running, rtol=1e-3)  # in blocks: to 5e-4
    assert (np.diff(costs, axis=0) >= 0).all()


@real
def test_held_out_values_are_returned_apart_and_cannot_be_optimised() -> None:
    bed: Any = open_instance(DATA, "lcbench/3945", objectives=("val_cross_entropy", "val_accuracy"))
    trials = rows(bed, 4, 50)
    told, sealed = bed.evaluate(trials).losses, bed.held_out(trials)
    assert np.isfinite(sealed[:, 0]).all()
    assert not np.isclose(sealed[:, 0], told[:, 0]).any()
    assert np.isnan(sealed[:, 1]).all()  # lcbench's surrogate has no test accuracy
    with pytest.raises(StudyError, match="held-out"):
        open_instance(DATA, "lcbench/3945", target="test_cross_entropy")


@real
def test_no_optimum_is_declared_because_the_stored_one_is_beaten() -> None:
    facts = open_instance(DATA, "rbv2_xgboost/16").facts
    assert facts.optimum is None
    assert "random search" in facts.optimum_origin
    assert facts.quality == {}
    assert facts.reference is not None


@real
def test_pickled_testbeds_hold_no_network_and_tell_the_same_bits() -> None:
    bed = open_instance(DATA, "rbv2_xgboost/16")
    data = pickle.dumps(bed)
    assert len(data) < 50_000  # the network has 3.3 MB
    trials = rows(bed, 7, 0.3)
    again = pickle.loads(data).evaluate(trials)
    assert np.array_equal(again.losses, bed.evaluate(trials).losses)


@real
def test_every_instance_of_the_files_is_listed() -> None:
    found = instances(DATA)
    assert found[0] == "lcbench/3945"
    assert sum(name.startswith("lcbench/") for name in found) == 34
    assert "rbv2_xgboost/40498" in found
    assert instances(DATA.parent)[: len(found)] == found


# --- every scenario, on a network that is known exactly -----------------------------------------


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_feeds_and_reads_its_network_in_order(name: str, tmp_path: Path) -> None:
    facts, weights = SCENARIOS[name], coded(SCENARIOS[name])
    write_scenario(tmp_path, facts, weights)
    which = facts.instances[0] if facts.instances else "16"
    bed: Any = open_instance(tmp_path, f"{name}/{which}")
    trials = rows(bed, 6, [f.max for f in bed.problem.fidelities])
    encoded = {"a": 1, "b": 2, "c": 3}
    tops = {"trainsize": 1, "repl": 10, "replication": 10}
    tops["epoch"] = 51 if name == "lcbench" else 98 if name == "nb301" else 52
    for config, loss in zip(trials.configs(), bed.score(trials)[:, 0], strict=True):
        into = [
            1 if c == facts.instance else encoded[config[c]] for c in facts.categorical
        ]  # "16" is the first category
        into += [config.get(c, tops.get(c)) for c in facts.continuous]
        wanted = (np.array(into) @ weights)[facts.outputs.index(facts.target)]
        sign = -1 if facts.target in facts.maximised else 1
        assert loss == pytest.approx(sign * wanted, rel=1e-5)


@pytest.mark.parametrize("name", ["rbv2_super", "iaml_xgboost", "nb301", "task_set"])
def test_scenarios_conform(name: str, tmp_path: Path) -> None:
    facts = SCENARIOS[name]
    write_scenario(tmp_path, facts, coded(facts))
    report = check_testbed(open_instance(tmp_path, instances(tmp_path)[0]))
    assert report.ok, [c for c in report.checks if c.status == "failed"]


def test_a_second_fidelity_stays_at_its_maximum_unless_asked_for(tmp_path: Path) -> None:
    facts = SCENARIOS["rbv2_glmnet"]
    write_scenario(tmp_path, facts, coded(facts))
    one = open_instance(tmp_path, "rbv2_glmnet/16")
    both = open_instance(tmp_path, "rbv2_glmnet/16", fidelities="all")
    assert [f.name for f in one.problem.fidelities] == ["trainsize"]
    assert [f.name for f in both.problem.fidelities] == ["trainsize", "repl"]
    alone = one.evaluate(rows(one, 3, 0.5)).losses
    assert np.array_equal(both.evaluate(rows(both, 3, (0.5, 10))).losses, alone)
    assert not np.array_equal(both.evaluate(rows(both, 3, (0.5, 2))).losses, alone)


def test_seconds_never_fall_with_the_training_size(tmp_path: Path) -> None:
    facts = SCENARIOS["rbv2_glmnet"]
    weights = np.zeros((len(facts.inputs), len(facts.outputs)), dtype=np.float32)
    size, repl = facts.inputs.index("trainsize"), facts.inputs.index("repl")
    weights[[size, repl], facts.outputs.index("timetrain")] = -4, 1  # 10 - 4 * trainsize
    write_scenario(tmp_path, facts, weights)
    bed = open_instance(tmp_path, "rbv2_glmnet/16")
    costs = [bed.evaluate(rows(bed, 1, f)).cost_s[0] for f in np.linspace(0.03, 1, 40)]
    np.testing.assert_allclose(costs, 10 - 4 * 0.03, rtol=1e-6)


def test_inactive_parameters_reach_the_network_as_missing(tmp_path: Path) -> None:
    facts, weights = SCENARIOS["rbv2_xgboost"], coded(SCENARIOS["rbv2_xgboost"])
    child = [
        {"child": "eta", "parent": "booster", "type": "EQ", "value": "a"},
        {
            "child": "num.impute.selected.cpo",
            "parent": "booster",
            "type": "IN",
            "values": ["a", "b"],
        },
    ]
    write_scenario(tmp_path, facts, weights, conditions=child)
    bed = open_instance(tmp_path, "rbv2_xgboost/40")
    assert bed.problem.space["eta"].when == {"booster": ("a",)}
    config = {n: 1.5 for n in facts.continuous if n not in ("trainsize", "repl", "eta")}
    trials = Trials.full(
        bed.problem.space, bed.problem.space.values([config | {"booster": "c"}]), [1.0]
    )
    into = dict.fromkeys(config, 1.5) | {"task_id": 2, "booster": 3, "trainsize": 1, "repl": 10}
    row = np.array([into.get(n, 0) for n in facts.inputs])  # 0: both "#na#" and an inactive number
    assert bed.score(trials)[0, 0] == pytest.approx(-(row @ weights)[0], rel=1e-5)


def test_the_name_of_networks_before_version_one_opens(tmp_path: Path) -> None:
    facts = SCENARIOS["iaml_rpart"]
    write_scenario(tmp_path, facts, coded(facts), model="new_model.onnx")
    assert open_instance(tmp_path, "iaml_rpart/40").facts.family == "tree"


def test_a_forbidden_configuration_is_infeasible(tmp_path: Path) -> None:
    facts = SCENARIOS["rbv2_svm"]
    kernel = {"type": "IN", "name": "kernel", "values": ["a", "b"]}
    missing = {"type": "EQUALS", "name": "num.impute.selected.cpo", "value": "c"}
    banned = [{"type": "AND", "clauses": [kernel, missing]}]
    write_scenario(tmp_path, facts, coded(facts), forbiddens=banned)
    bed = open_instance(tmp_path, "rbv2_svm/16")
    trials = rows(bed, 60, 1.0)
    wanted = [c["kernel"] in "ab" and c["num.impute.selected.cpo"] == "c" for c in trials.configs()]
    assert 5 < sum(wanted) < 30
    assert ((bed.evaluate(trials).status == Status.infeasible) == wanted).all()
    assert (np.isnan(bed.score(trials)[:, 0]) == wanted).all()


# --- bad input ----------------------------------------------------------------------------------


@pytest.fixture
def svm(tmp_path: Path) -> Path:
    return write_scenario(tmp_path, SCENARIOS["rbv2_svm"], coded(SCENARIOS["rbv2_svm"]))


def complaint(place: Path, kind: type[HpoBenchError] = DataError, **asked: Any) -> str:
    """Return the message with which opening fails; it is one line."""
    with pytest.raises(kind) as caught:
        open_instance(place.parent, "rbv2_svm/16", **asked)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_truncated_network_is_one_message(svm: Path, share: float) -> None:
    whole = (svm / "model.onnx").read_bytes()
    (svm / "model.onnx").write_bytes(whole[: int(len(whole) * share)])
    assert "model.onnx is no readable ONNX network" in complaint(svm)


def test_another_scenarios_network_is_refused(svm: Path) -> None:
    other = write_scenario(svm.parent, SCENARIOS["nb301"], coded(SCENARIOS["nb301"]))
    (svm / "model.onnx").write_bytes((other / "model.onnx").read_bytes())
    assert "34 categorical and 1 continuous inputs; wanted are 3, 6 and 9" in complaint(svm)


def test_a_network_with_too_few_outputs_is_refused(svm: Path) -> None:
    facts = SCENARIOS["rbv2_svm"]
    (svm / "model.onnx").write_bytes(network(coded(facts)[:, :8], len(facts.categorical)))
    assert "3 categorical and 6 continuous inputs, 8 outputs; wanted" in complaint(svm)


@pytest.mark.parametrize("name", ["model.onnx", "config_space.json", "encoding.json"])
def test_a_missing_file_is_named(svm: Path, name: str) -> None:
    (svm / name).unlink()
    assert name in complaint(svm)


@pytest.mark.parametrize("name", ["config_space.json", "encoding.json"])
@pytest.mark.parametrize("text", ["", "{", "[1]", '{"hyperparameters": [{}]}', '{"kernel": 3}'])
def test_a_damaged_description_is_one_message(svm: Path, name: str, text: str) -> None:
    (svm / name).write_text(text)
    assert name in complaint(svm)


def test_a_category_without_its_number_is_refused(svm: Path) -> None:
    data = json.loads((svm / "encoding.json").read_text())
    del data["kernel"]["b"]
    (svm / "encoding.json").write_text(json.dumps(data))
    assert "does not know the category 'b' of 'kernel'" in complaint(svm)


def test_an_encoding_without_the_instances_is_refused(svm: Path) -> None:
    (svm / "encoding.json").write_text("{}")
    assert "encoding.json lacks 'task_id'" in complaint(svm)


def test_a_space_without_an_input_is_refused(svm: Path) -> None:
    data = json.loads((svm / "config_space.json").read_text())
    data["hyperparameters"] = [p for p in data["hyperparameters"] if p["name"] != "gamma"]
    (svm / "config_space.json").write_text(json.dumps(data))
    assert "lacks gamma" in complaint(svm)


def test_an_unknown_instance_is_answered_with_the_nearest(svm: Path) -> None:
    with pytest.raises(UnknownName, match=r"no instance '17'\. Nearest of 2: 16, 40"):
        open_instance(svm.parent, "rbv2_svm/17")
    with pytest.raises(UnknownName, match="no instance ''"):
        open_instance(svm.parent, "rbv2_svm")


def test_an_unknown_scenario_exits_with_two(svm: Path) -> None:
    with pytest.raises(UnknownName, match="rbv2_svm") as caught:
        open_instance(svm.parent, "rbv2_svn/16")
    assert caught.value.exit_code == 2


def test_a_scenario_that_is_not_in_the_folder_is_missing_data(svm: Path) -> None:
    with pytest.raises(DataError, match="nb301 is missing"):
        open_instance(svm.parent, "nb301/CIFAR10")


def test_unknown_and_repeated_objectives_are_refused(svm: Path) -> None:
    assert "has no output 'loglos'. Did you mean 'logloss'?" in complaint(
        svm, UnknownName, target="loglos"
    )
    assert "not both" in complaint(svm, StudyError, target="acc", objectives=("bac",))
    assert "must differ" in complaint(svm, StudyError, objectives=("bac", "bac"))
    assert "'first' or 'all'" in complaint(svm, StudyError, fidelities="two")


def test_without_onnxruntime_the_extra_is_named(svm: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtra, match=r"pip install .*public"):
        open_instance(svm.parent, "rbv2_svm/16")


def test_a_replaced_network_is_not_answered_from_memory(svm: Path) -> None:
    bed = open_instance(svm.parent, "rbv2_svm/16")
    before = bed.score(rows(bed, 3, 1.0))
    facts = SCENARIOS["rbv2_svm"]
    write_scenario(svm.parent / "other", facts, coded(facts, seed=1))
    (svm / "model.onnx").unlink()
    (svm.parent / "other" / "rbv2_svm" / "model.onnx").rename(svm / "model.onnx")
    after = open_instance(svm.parent, "rbv2_svm/16")
    assert after.facts.data_sha256 != bed.facts.data_sha256
    assert not np.array_equal(after.score(rows(after, 3, 1.0)), before)
