"""The search space: exact round trips, distributions, conditions, constraints, hashes."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import hpobench_lab as hb
from hpobench_lab.parameters import Parameter

finite = st.floats(-1e12, 1e12, allow_nan=False)


@st.composite
def floats(draw: Any) -> hb.Float:
    if draw(st.booleans()):
        low = draw(st.floats(1e-200, 1e200))
        return hb.Float(low, low * draw(st.floats(1.001, 1e60)), log=True)
    low = draw(finite)
    width = draw(st.floats(1e-6, 1e12)) * max(1.0, abs(low) * 1e-6)
    return hb.Float(low, low + width)


@st.composite
def ints(draw: Any) -> hb.Int:
    log = draw(st.booleans())
    low = draw(st.integers(1 if log else -(10**6), 10**6))
    return hb.Int(low, low + draw(st.integers(1, 10**9)), log=log)


names = st.one_of(st.text(min_size=1, max_size=5), st.integers(-50, 50))
choices = st.lists(names, min_size=2, max_size=12, unique=True).map(tuple)
parameters = st.one_of(floats(), ints(), choices.map(hb.Categorical), choices.map(hb.Ordinal))


@settings(max_examples=400, deadline=None)
@given(parameter=parameters, units=st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_every_value_that_the_cube_can_name_comes_back_exactly(
    parameter: Parameter, units: list[float]
) -> None:
    codes = parameter.from_unit(np.array([0.0, 1.0, *units]))
    again = parameter.from_unit(parameter.to_unit(codes))
    np.testing.assert_array_equal(codes, again)


@settings(max_examples=300, deadline=None)
@given(data=st.data(), parameter=st.one_of(ints(), choices.map(hb.Ordinal)))
def test_every_discrete_value_comes_back_exactly(data: Any, parameter: Any) -> None:
    if isinstance(parameter, hb.Int):
        value = data.draw(st.integers(parameter.low, parameter.high))
    else:
        value = data.draw(st.sampled_from(parameter.choices))
    space = hb.Space({"v": parameter})
    assert space.configs(space.values([{"v": value}])) == [{"v": value}]


@settings(max_examples=400, deadline=None)
@given(mantissa=st.integers(1, 10**11), exponent=st.integers(-15, -6))
def test_decimals_that_people_write_come_back_exactly(mantissa: int, exponent: int) -> None:
    value = float(f"{mantissa}e{exponent}")
    for parameter in (hb.Float(1e-16, 1e6, log=True), hb.Float(0.0, 1e6), hb.Float(-1e6, 1e6)):
        resolution = 0.0 if parameter.log else 1e-6
        space = hb.Space({"v": parameter})
        kept = value if parameter.log else round(value, 6)
        if parameter.low <= kept and kept >= resolution:
            assert space.configs(space.values([{"v": kept}])) == [{"v": kept}]


def test_the_bounds_are_values_even_where_no_short_decimal_is() -> None:
    space = hb.Space({"v": hb.Float(-math.pi, math.e), "w": hb.Float(1 / 3, 7e3, log=True)})
    values = space.decode(np.array([[0.0, 0.0], [1.0, 1.0]]))
    np.testing.assert_array_equal(values, [[-math.pi, 1 / 3], [math.e, 7e3]])
    np.testing.assert_array_equal(space.encode(values), [[0.0, 0.0], [1.0, 1.0]])


def test_log_parameters_are_log_uniform() -> None:
    space = hb.Space({"f": hb.Float(1e-5, 10.0, log=True), "i": hb.Int(1, 200, log=True)})
    values = space.decode(space.uniform(np.random.default_rng(0), 20_000))
    law = stats.uniform(math.log(1e-5), math.log(10.0) - math.log(1e-5))
    assert stats.kstest(np.log(values[:, 0]), law.cdf).pvalue > 1e-3
    edges = np.log(np.arange(1, 202) - 0.5)
    expected = np.diff(edges) / (edges[-1] - edges[0])
    counts = np.bincount(values[:, 1].astype(int), minlength=201)[1:]
    pooled = np.add.reduceat(np.stack([counts, expected * len(values)]), range(0, 200, 5), axis=1)
    assert stats.chisquare(pooled[0], pooled[1]).pvalue > 1e-3


def test_linear_integers_and_choices_are_uniform() -> None:
    space = hb.Space({"i": hb.Int(-2, 4), "c": hb.Categorical(("a", "b", "c"))})
    values = space.decode(space.uniform(np.random.default_rng(1), 21_000))
    for column, n in zip(values.T, (7, 3), strict=True):
        assert stats.chisquare(np.unique(column, return_counts=True)[1]).pvalue > 1e-3
        assert len(np.unique(column)) == n


NESTED = {
    "model": hb.Categorical(("svm", "net")),
    "kernel": hb.Categorical(("rbf", "poly"), when={"model": "svm"}),
    "degree": hb.Int(2, 5, when={"kernel": "poly"}),
    "layers": hb.Int(1, 3, when={"model": "net"}),
    "width3": hb.Int(8, 64, log=True, when={"layers": (3,)}),
}


def test_inactive_parameters_are_canonical() -> None:
    space = hb.Space(NESTED)
    x = np.random.default_rng(0).random((500, 5))
    values, canonical = space.decode(x), space.canonical(x)
    active = space.active(values)
    assert (np.isnan(values) == ~active).all()
    assert (canonical[~active] == 0.5).all()
    for config in space.configs(values):
        assert ("kernel" in config) == (config["model"] == "svm")
        assert ("degree" in config) == (config.get("kernel") == "poly")
        assert ("width3" in config) == (config.get("layers") == 3)
    np.testing.assert_array_equal(space.decode(canonical), values)
    np.testing.assert_array_equal(space.values(space.configs(values)), values)


def test_a_child_may_be_declared_before_its_parent() -> None:
    kernel = hb.Categorical(("rbf", "poly"))
    space = hb.Space({"degree": hb.Int(2, 5, when={"kernel": "poly"}), "kernel": kernel})
    assert space.configs(space.decode(np.array([[0.0, 0.9], [0.0, 0.1]]))) == [
        {"degree": 2, "kernel": "poly"},
        {"kernel": "rbf"},
    ]


def test_constraints_hold_in_samples() -> None:
    space = hb.Space(
        {"a": hb.Float(0, 1), "b": hb.Float(0, 1)}, constraints=["a + b <= 1", "not (a > 2 * b)"]
    )
    values = space.decode(space.uniform(np.random.default_rng(0), 2_000))
    assert (values.sum(axis=1) <= 1).all()
    assert (values[:, 0] <= 2 * values[:, 1]).all()
    assert space.capabilities >= {"constraints"}


@pytest.mark.parametrize(
    "text", ["a.b <= 1", "__import__('os')", "a", "c <= 1", "a + b", "a <= 'x'", "f(a) < 1", "a <"]
)
def test_constraints_are_no_way_to_run_code(text: str) -> None:
    with pytest.raises(ValueError, match="constraint"):
        hb.Space({"a": hb.Float(0, 1), "b": hb.Float(0, 1)}, constraints=[text])


@pytest.mark.parametrize(
    ("declare", "words"),
    [
        (lambda: hb.Float(1, 1), "below the upper"),
        (lambda: hb.Float(0, 1, log=True), "log=True"),
        (lambda: hb.Float(0, float("inf")), "finite"),
        (lambda: hb.Int(0, 2.5), "whole"),
        (lambda: hb.Categorical(("a",)), "two choices"),
        (lambda: hb.Categorical("ab"), "two choices"),
        (lambda: hb.Ordinal((1, 1)), "differ"),
        (lambda: hb.Space({}), "at least one"),
        (lambda: hb.Space({"a": 3}), "'a' must be"),
        (lambda: hb.Space({"a": hb.Int(0, 1, when={"b": 1})}), "no parameter"),
        (lambda: hb.Space(NESTED | {"kernel": hb.Int(0, 1, when={"degree": 2})}), "circle"),
        (
            lambda: hb.Space({"a": hb.Float(0, 1), "b": hb.Int(0, 1, when={"a": 0.5})}),
            "Float cannot",
        ),
        (lambda: hb.Space(NESTED | {"layers": hb.Int(1, 3, when={"model": "nett"})}), "'nett'"),
    ],
)
def test_a_wrong_declaration_says_what_is_wrong(declare: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        declare()


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"model": "svm"}, "lacks the active parameter 'kernel'"),
        ({"model": "svm", "kernel": "rbf", "degree": 2}, "inactive"),
        ({"model": "svm", "kernell": "rbf"}, "Did you mean 'kernel'"),
        ({"model": "tree"}, "must be one of"),
        ({"model": "net", "layers": True}, "number"),
        ({"model": "net", "layers": 9}, r"\[1, 3\]"),
        ("model=svm", "dict"),
    ],
)
def test_a_wrong_configuration_says_what_is_wrong(config: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        hb.Space(NESTED).values([config])


def test_the_hash_is_the_same_in_another_process() -> None:
    program = (
        "import json, sys, hpobench_lab as hb;"
        "print(hb.Space.from_json(json.loads(sys.argv[1])).digest)"
    )
    space = hb.Space(NESTED)
    text = json.dumps(space.to_json())
    done = subprocess.run(
        [sys.executable, "-c", program, text], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == space.digest
    assert hb.Space(dict(reversed(NESTED.items()))).digest != space.digest


def test_true_and_one_are_different_choices() -> None:
    space = hb.Space({"v": hb.Categorical((True, 1, "1"))})
    for value in (True, 1, "1"):
        (config,) = space.configs(space.values([{"v": value}]))
        assert config["v"] is value or config["v"] == value
        assert type(config["v"]) is type(value)
