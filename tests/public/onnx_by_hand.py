"""Write scenario folders in yahpo_data's layout around a linear network that is known exactly.

The network is an ONNX file encoded here by hand (protocol buffers: a key, then a varint or a
length and bytes; field numbers from onnx.proto3 of the ONNX specification, version 1.14):
``outputs = [x_cat, x_cont] @ weights``. The folder's layout, the category ``#na#`` and the inputs'
names and types are those of yahpo_data's own files (lcbench and rbv2_xgboost, v1.0.1).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.testbeds.public.yahpo_scenarios import Scenario

FLOAT, INT32, INT = 1, 6, 2
Weights = NDArray[np.float32]


def _varint(n: int) -> bytes:
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes([*out, n])


def _field(number: int, value: int | bytes | str) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _array(name: str, kind: int, columns: int) -> bytes:
    """Return a ValueInfoProto of shape (batch_size, columns)."""
    shape = _field(1, _field(2, "batch_size")) + _field(1, _field(1, columns))
    tensor = _field(1, kind) + _field(2, shape)
    return _field(1, name) + _field(2, _field(1, tensor))


def _node(kind: str, into: Iterable[str], out: str, **integers: int) -> bytes:
    parts = [_field(1, name) for name in into] + [_field(2, out), _field(4, kind)]
    for name, number in integers.items():
        parts.append(_field(5, _field(1, name) + _field(3, number) + _field(20, INT)))
    return b"".join(parts)


def network(weights: Weights, categorical: int) -> bytes:
    """Return the ONNX file of ``[x_cat, x_cont] @ weights``, shape (inputs, outputs)."""
    rows, outputs = weights.shape
    raw = struct.pack(f"<{weights.size}f", *weights.ravel().tolist())
    tensor = _field(1, rows) + _field(1, outputs) + _field(2, FLOAT) + _field(8, "w")
    graph = (
        _field(1, _node("Cast", ["x_cat"], "c", to=FLOAT))
        + _field(1, _node("Concat", ["c", "x_cont"], "x", axis=1))
        + _field(1, _node("MatMul", ["x", "w"], "output"))
        + _field(2, "linear")
        + _field(5, tensor + _field(9, raw))
        + _field(11, _array("x_cat", INT32, categorical))
        + _field(11, _array("x_cont", FLOAT, rows - categorical))
        + _field(12, _array("output", FLOAT, outputs))
    )
    return _field(1, 8) + _field(7, graph) + _field(8, _field(1, "") + _field(2, 13))


def encoding(facts: Scenario, categories: Mapping[str, list[str]]) -> dict[str, dict[str, int]]:
    """Return ``encoding.json``: 0 is missing, then the categories in order of the alphabet."""
    return {
        name: {c: i for i, c in enumerate(["#na#", *sorted(categories[name])])}
        for name in facts.categorical
    }


def declared(
    facts: Scenario,
    categories: Mapping[str, list[str]],
    conditions: list[dict[str, Any]],
    forbiddens: list[dict[str, Any]],
) -> dict[str, Any]:
    """Return ``config_space.json``, whose order (the alphabet's) is not the network's."""
    parameters: list[dict[str, Any]] = []
    for name in sorted(facts.inputs):
        entry: dict[str, Any] = {"name": name, "default": None}
        if name in categories:
            entry |= {"type": "categorical", "choices": categories[name], "probabilities": None}
        elif name == "epoch":
            top = 98 if facts.name == "nb301" else 52
            entry |= {"type": "uniform_int", "log": False, "lower": 1, "upper": top}
        elif name in ("repl", "replication"):
            entry |= {"type": "uniform_int", "log": False, "lower": 1, "upper": 10}
        elif name == "trainsize":
            entry |= {"type": "uniform_float", "log": False, "lower": 0.03, "upper": 1.0}
        else:
            entry |= {"type": "uniform_float", "log": False, "lower": 1.0, "upper": 2.0}
        parameters.append(entry)
    return {
        "hyperparameters": parameters,
        "conditions": conditions,
        "forbiddens": forbiddens,
        "python_module_version": "0.4.18",
        "json_format_version": 0.2,
    }


def write_scenario(
    folder: Path,
    facts: Scenario,
    weights: Weights,
    *,
    conditions: list[dict[str, Any]] | None = None,
    forbiddens: list[dict[str, Any]] | None = None,
    model: str = "model.onnx",
) -> Path:
    """Write one scenario's folder with two instances, ``16`` and ``40``, and return it."""
    categories = {name: ["b", "c", "a"] for name in facts.categorical}
    if facts.instance:
        categories[facts.instance] = ["40", "16"]
    place = folder / facts.name
    place.mkdir(parents=True)
    (place / model).write_bytes(network(weights, len(facts.categorical)))
    (place / "encoding.json").write_text(json.dumps(encoding(facts, categories)))
    space = declared(facts, categories, conditions or [], forbiddens or [])
    (place / "config_space.json").write_text(json.dumps(space))
    return place


def coded(facts: Scenario, seed: int = 0) -> Weights:
    """Return weights that tell every input and output apart: distinct eighths."""
    shape = len(facts.inputs), len(facts.outputs)
    numbers = np.random.default_rng(seed).permutation(shape[0] * shape[1]).reshape(shape)
    return (numbers / 8).astype(np.float32)
