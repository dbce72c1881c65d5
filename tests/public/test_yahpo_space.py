"""Reading config_space.json: kinds of parameter, conditions, forbidden combinations, mistakes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpobench_lab.errors import DataError
from hpobench_lab.parameters import Categorical, Float, Int, Ordinal
from hpobench_lab.space import Space
from hpobench_lab.testbeds.public.yahpo_space import Constant, Declared, read_declared

# Kinds and fields as in yahpo_data v1.0.1 (rbv2_super, iaml_super, nb301) and, for those
# that none of them has (or, neq, lt, gt, forbidden), as ConfigSpace 0.4's JSON writer names them.
LEARNER = {"name": "learner", "type": "categorical", "choices": ["svm", "tree", "knn"]}
KERNEL = {"name": "kernel", "type": "categorical", "choices": ["linear", "radial"]}
DEPTH = {"name": "depth", "type": "uniform_int", "lower": 1, "upper": 4, "log": False}
COST = {"name": "cost", "type": "uniform_float", "lower": 0.01, "upper": 100.0, "log": True}
GAMMA = {"name": "gamma", "type": "uniform_float", "lower": 0.0, "upper": 1.0, "log": False}
LINES = [LEARNER, KERNEL, DEPTH, COST, GAMMA]


def equal(child: str, parent: str, value: Any, kind: str = "EQ") -> dict[str, Any]:
    return {"child": child, "parent": parent, "type": kind, "value": value}


def joined(kind: str, *parts: dict[str, Any]) -> dict[str, Any]:
    return {"child": parts[0]["child"], "type": kind, "conditions": list(parts)}


def read(
    folder: Path,
    *conditions: dict[str, Any],
    parameters: list[dict[str, Any]] = LINES,
    forbiddens: list[dict[str, Any]] | None = None,
) -> Declared:
    data = {"hyperparameters": parameters, "conditions": conditions, "forbiddens": forbiddens or []}
    (folder / "config_space.json").write_text(json.dumps(data))
    return read_declared(folder / "config_space.json")


def when(declared: Declared, child: str = "gamma", **fixed: float) -> Any:
    return declared.searched(fixed)[child].when


def active(declared: Declared, child: str, **codes: float) -> bool:
    """Return whether a child is active at codes of its parents; all others are 0."""
    columns = {name: np.array([codes.get(name, 0.0)]) for name in declared.parameters}
    return not np.isnan(declared.deactivate(columns)[child][0])


def test_every_kind_of_parameter_is_read(tmp_path: Path) -> None:
    more = [
        {"name": "size", "type": "ordinal", "sequence": [16, 32, 64]},
        {"name": "data", "type": "categorical", "choices": ["CIFAR10"]},
        {"name": "seed", "type": "constant", "value": 3},
        {"name": "point", "type": "uniform_int", "lower": 5, "upper": 5},
    ]
    found = read(tmp_path, parameters=LINES + more)
    assert found.parameters["cost"] == Float(0.01, 100.0, log=True)
    assert found.parameters["depth"] == Int(1, 4)
    assert found.parameters["size"] == Ordinal((16, 32, 64))
    assert found.parameters["kernel"] == Categorical(("linear", "radial"))
    constants = [found.parameters[n] for n in ("data", "seed", "point")]
    assert constants == [Constant("CIFAR10"), Constant(3), Constant(5)]
    assert list(found.searched({})) == ["learner", "kernel", "depth", "cost", "gamma", "size"]


def test_a_comma_before_a_closing_bracket_is_overlooked(tmp_path: Path) -> None:
    path = tmp_path / "config_space.json"
    path.write_text(json.dumps({"hyperparameters": LINES}).replace("}]", "},\n  ]"))
    assert list(read_declared(path).parameters) == [line["name"] for line in LINES]


def test_a_condition_becomes_a_when(tmp_path: Path) -> None:
    assert when(read(tmp_path, equal("gamma", "kernel", "radial"))) == {"kernel": ("radial",)}
    listed = {"child": "gamma", "parent": "learner", "type": "IN", "values": ["knn", "svm"]}
    assert set(when(read(tmp_path, listed))["learner"]) == {"knn", "svm"}
    assert when(read(tmp_path, equal("gamma", "learner", "svm", "NEQ"))) == {
        "learner": ("tree", "knn")
    }
    assert when(read(tmp_path, equal("gamma", "depth", 2, "GT"))) == {"depth": (3, 4)}
    assert when(read(tmp_path, equal("gamma", "depth", 2, "LT"))) == {"depth": (1,)}


def test_and_joins_parents_and_narrows_one(tmp_path: Path) -> None:
    two = joined("AND", equal("gamma", "kernel", "radial"), equal("gamma", "learner", "svm"))
    assert when(read(tmp_path, two)) == {"kernel": ("radial",), "learner": ("svm",)}
    one = joined("AND", equal("gamma", "depth", 1, "GT"), equal("gamma", "depth", 4, "LT"))
    assert when(read(tmp_path, one)) == {"depth": (2, 3)}


def test_several_conditions_of_one_child_must_all_hold(tmp_path: Path) -> None:
    both = read(tmp_path, equal("gamma", "kernel", "radial"), equal("gamma", "learner", "svm"))
    assert when(both) == {"kernel": ("radial",), "learner": ("svm",)}


def test_or_over_one_parent_widens(tmp_path: Path) -> None:
    either = joined("OR", equal("gamma", "learner", "svm"), equal("gamma", "learner", "knn"))
    assert when(read(tmp_path, either)) == {"learner": ("svm", "knn")}


def test_or_over_several_parents_leaves_a_value_without_effect(tmp_path: Path) -> None:
    either = joined("OR", equal("gamma", "kernel", "radial"), equal("gamma", "learner", "knn"))
    found = read(tmp_path, either)
    assert when(found) == {}
    assert active(found, "gamma", kernel=1, learner=0)
    assert active(found, "gamma", kernel=0, learner=2)
    assert not active(found, "gamma", kernel=0, learner=0)


def test_a_bound_on_a_real_parent_leaves_a_value_without_effect(tmp_path: Path) -> None:
    found = read(tmp_path, equal("gamma", "cost", 1.0, "GT"))
    assert when(found) == {}
    assert active(found, "gamma", cost=1.5)
    assert not active(found, "gamma", cost=0.5)


def test_a_grandchild_falls_with_its_grandparent(tmp_path: Path) -> None:
    chain = equal("gamma", "kernel", "radial"), equal("kernel", "learner", "svm")
    found = read(tmp_path, *chain)
    assert active(found, "gamma", kernel=1, learner=0)
    assert not active(found, "gamma", kernel=1, learner=1)
    space = Space(found.searched({}))
    values = space.decode(space.uniform(np.random.default_rng(0), 500))
    columns = {name: values[:, j] for j, name in enumerate(space.names)}
    kept = found.deactivate(columns)
    assert all(np.array_equal(kept[n], columns[n], equal_nan=True) for n in space.names)


def test_a_fixed_parent_decides_once(tmp_path: Path) -> None:
    found = read(tmp_path, equal("gamma", "kernel", "radial"), equal("depth", "learner", "tree"))
    assert list(found.searched({"kernel": 1.0})) == ["learner", "depth", "cost", "gamma"]
    assert found.searched({"kernel": 1.0})["gamma"].when == {}
    assert "gamma" not in found.searched({"kernel": 0.0})


def test_what_hangs_on_a_parameter_that_never_is_falls_with_it(tmp_path: Path) -> None:
    chain = equal("gamma", "kernel", "radial"), equal("kernel", "learner", "svm")
    assert list(read(tmp_path, *chain).searched({"learner": 1.0})) == ["depth", "cost"]


def test_a_parent_that_varies_with_the_fidelity_is_left_to_the_evaluation(tmp_path: Path) -> None:
    found = read(tmp_path, equal("gamma", "depth", 2, "GT"))
    assert when(found, depth=np.nan) == {}


def test_forbidden_combinations_are_found(tmp_path: Path) -> None:
    clauses = [
        {"type": "EQUALS", "name": "kernel", "value": "radial"},
        {"type": "IN", "name": "learner", "values": ["tree", "knn"]},
    ]
    relation = {"type": "RELATION", "left": "cost", "right": "gamma", "lambda": "LESS"}
    found = read(tmp_path, forbiddens=[{"type": "AND", "clauses": clauses}, relation])
    columns = {
        "learner": np.array([0.0, 1.0, 1.0, 2.0]),
        "kernel": np.array([1.0, 1.0, 0.0, np.nan]),
        "depth": np.ones(4),
        "cost": np.array([5.0, 5.0, 0.1, 5.0]),
        "gamma": np.full(4, 0.5),
    }
    assert found.is_forbidden(columns).tolist() == [False, True, True, False]


MISTAKES = [
    (["conditions", 0, "parent"], "nowhere", "'nowhere', which is no parameter"),
    (["conditions", 0, "child"], "nowhere", "'nowhere', which is no parameter"),
    (["conditions", 0, "value"], "cubic", "'kernel': must be one of"),
    (["conditions", 0, "type"], "XOR", "'XOR', which is not supported"),
    (["conditions", 0, "parent"], "gamma", "form a circle"),
    (["hyperparameters", 3, "type"], "normal_float", "'normal_float', which is not supported"),
    (["hyperparameters", 3, "q"], 0.5, "quantised"),
    (["hyperparameters", 3, "lower"], 1000.0, "below the upper"),
    (["hyperparameters", 3, "lower"], None, "must be a number"),
    (["hyperparameters", 1, "choices"], ["a", "a"], "must differ"),
    (["forbiddens", 0, "type"], "NEVER", "'NEVER', which is not supported"),
    (["forbiddens", 0, "name"], "nowhere", "'nowhere', which is no parameter"),
]


@pytest.mark.parametrize(("path", "value", "message"), MISTAKES)
def test_a_mistake_is_one_message(
    path: list[Any], value: Any, message: str, tmp_path: Path
) -> None:
    data: Any = {
        "hyperparameters": [dict(p) for p in LINES],
        "conditions": [equal("gamma", "kernel", "radial")],
        "forbiddens": [{"type": "EQUALS", "name": "kernel", "value": "radial"}],
    }
    if value == "gamma":
        data["conditions"][0]["value"] = 0.5
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    (tmp_path / "config_space.json").write_text(json.dumps(data))
    with pytest.raises(DataError) as caught:
        read_declared(tmp_path / "config_space.json")
    assert message in str(caught.value)
    assert "config_space.json" in str(caught.value)
    assert "\n" not in str(caught.value)
