"""The network of one YAHPO scenario, through onnxruntime: configurations in, outputs out.

Rows go through in blocks of one fixed size, the last one padded, on one thread: so a row's outputs
have the same bits in any batch and any position. A row alone has yahpo-gym's own bits. In a block
of 32 it costs a tenth (lcbench, one core: 10 against 94 µs) and differs, most where the network's
last step is steep: over 1,500 random rows by up to 1e-5 relative in lcbench's losses, 5e-4 in its
seconds, 2e-3 in rbv2_xgboost's memory. So what testbeds tell goes through row by row, and the many
rows behind a running time in blocks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.errors import DataError, missing_extra
from hpobench_lab.parameters import Categorical, Float, Int, Ordinal
from hpobench_lab.testbeds.public.yahpo_scenarios import Scenario, scenario
from hpobench_lab.testbeds.public.yahpo_space import Columns, Constant, Declared, read_declared

__all__ = ["BLOCK", "MISSING", "Network", "choices", "read_encoding", "read_network"]

FloatArray = NDArray[np.float64]
BLOCK = 32
"""Rows that go through the network together."""
MISSING = "#na#"
"""Category of a missing or inactive categorical parameter."""
_MODELS = ("model.onnx", "new_model.onnx")  # as released; the name before version 1.0


@dataclass(frozen=True)
class Network:
    """Hold where a network lies and how its inputs are made; small, and safe to pickle.

    Args:
        scenario: Order of inputs and outputs.
        path: The ONNX file.
        declared: Parameters and conditions.
        encoding: Categorical column -> category -> number.
        sha256: Digest of the three files.
    """

    scenario: Scenario
    path: Path
    declared: Declared
    encoding: Mapping[str, Mapping[str, int]]
    sha256: str

    def outputs(self, columns: Columns, *, block: int = BLOCK) -> dict[str, FloatArray]:
        """Return output -> values, shape (n,), of columns of codes.

        Args:
            columns: Every parameter of the file -> codes, shape (n,), whether active or not.
            block: Rows that go through together.
        """
        active = self.declared.deactivate(columns)
        cat = np.column_stack([self._numbers(name, active[name]) for name in self._cat])
        cont = np.column_stack([self._reals(name, active[name]) for name in self._cont])
        table = _run(self.path, cat.astype(np.int32), cont.astype(np.float32), block)
        return {n: table[:, j] for j, n in enumerate(self.scenario.outputs)}

    def columns(self, configs: list[Mapping[str, Any]]) -> Columns:
        """Return the columns of configurations in the file's names, instance and fidelity included.

        Raises:
            ValueError: If a value is not legal.
        """
        return {
            name: np.array([p.code(c[name]) if name in c else np.nan for c in configs])
            for name, p in self.declared.parameters.items()
        }

    @property
    def _cat(self) -> tuple[str, ...]:
        return self.scenario.categorical

    @property
    def _cont(self) -> tuple[str, ...]:
        return self.scenario.continuous

    def _numbers(self, name: str, codes: FloatArray) -> FloatArray:
        """Return the encoded categories of one column."""
        numbers, parameter = self.encoding[name], self.declared.parameters[name]
        table = [float(numbers.get(_text(v), -1)) for v in choices(parameter)]
        known = np.array([*table, float(numbers[MISSING])])
        return np.asarray(known[np.where(np.isnan(codes), len(table), codes).astype(np.intp)])

    def _reals(self, name: str, codes: FloatArray) -> FloatArray:
        """Return one continuous column; 0 where inactive."""
        parameter = self.declared.parameters[name]
        if isinstance(parameter, (Constant, Ordinal, Categorical)):
            table = np.array([*(float(v) for v in choices(parameter)), 0.0])
            at = np.where(np.isnan(codes), len(table) - 1, codes).astype(np.intp)
            return np.asarray(table[at])
        return np.nan_to_num(codes, nan=0.0)


def choices(parameter: Any) -> tuple[Any, ...]:
    """Return the values of a parameter that has finitely many; none of a number."""
    if isinstance(parameter, Constant):
        return (parameter.sole,)
    return tuple(parameter.choices) if isinstance(parameter, (Categorical, Ordinal)) else ()


def _text(value: Any) -> str:
    """Return how the encoding spells a category: R writes truth values in capitals."""
    return str(value).upper() if isinstance(value, bool) else str(value)


def read_network(folder: Path, name: str) -> Network:
    """Read a scenario's folder; the network itself is opened once a process and kept.

    Args:
        folder: Holds the scenario's own folder.
        name: The scenario.

    Raises:
        UnknownName: If there is no such scenario.
        DataError: If a file is missing, damaged, or does not fit the others.
        MissingExtra: If onnxruntime is not installed.
    """
    facts, place = scenario(name), folder / name
    if not place.is_dir():
        raise DataError(
            f"{place} is missing: the folder of a scenario, with {_MODELS[0]}, config_space.json "
            "and encoding.json, as in github.com/slds-lmu/yahpo_data"
        )
    found = [place / m for m in _MODELS if (place / m).is_file()]
    if not found:
        there = sorted(p.name for p in place.glob("*.onnx"))
        raise DataError(f"{place} holds no {_MODELS[0]}; networks there: {', '.join(there) or 0}")
    declared = read_declared(place / "config_space.json")
    encoding = read_encoding(place / "encoding.json")
    _check(place, facts, declared, encoding)
    files = (found[0], place / "config_space.json", place / "encoding.json")
    network = Network(facts, found[0], declared, encoding, _digest(files))
    _open(found[0], facts)
    return network


def read_encoding(path: Path) -> dict[str, dict[str, int]]:
    """Return column -> category -> number.

    Raises:
        DataError: If it is missing or of another form.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return {c: {k: int(v) for k, v in numbers.items()} for c, numbers in data.items()}
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is no encoding of categories: {error}") from None


def _check(
    place: Path, facts: Scenario, declared: Declared, encoding: Mapping[str, Mapping[str, int]]
) -> None:
    """Compare the three accounts of a scenario's columns."""
    lacking = [name for name in facts.inputs if name not in declared.parameters]
    if lacking:
        raise DataError(f"{place / 'config_space.json'} lacks {', '.join(lacking)}")
    path = place / "encoding.json"
    for name in facts.categorical:
        numbers, values = encoding.get(name, {}), choices(declared.parameters[name])
        if MISSING not in numbers:
            raise DataError(f"{path} lacks {name!r}, or its category {MISSING!r}")
        if not values:
            raise DataError(f"{place / 'config_space.json'}: {name!r} must be categorical")
        unknown = [v for v in values if _text(v) not in numbers]
        if unknown and name != facts.instance:
            raise DataError(f"{path} does not know the category {unknown[0]!r} of {name!r}")
    for name in facts.continuous:
        if not all(isinstance(v, (int, float)) for v in choices(declared.parameters[name])):
            raise DataError(f"{place / 'config_space.json'}: {name!r} must be a number")
    for name in facts.fidelities:
        if not isinstance(declared.parameters[name], (Int, Float, Constant)):
            raise DataError(f"{place / 'config_space.json'}: {name!r} must be a range of numbers")


def _digest(files: tuple[Path, ...]) -> str:
    parts = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def _open(path: Path, facts: Scenario) -> None:
    """Open a network and compare its widths with what the scenario's facts say.

    A width that the file leaves open counts as right; one row of zeros shows what comes out.
    """
    opened = _session(path)
    widths = {i.type: i.shape[-1] if i.shape else None for i in opened.get_inputs()}
    wanted = (len(facts.categorical), len(facts.continuous), len(facts.outputs))
    got: list[Any] = []
    for kind, width in zip(("tensor(int32)", "tensor(float)"), wanted, strict=False):
        found = widths.get(kind, 0)
        got.append(found if isinstance(found, int) else width)
    if tuple(got) == wanted[:2]:
        zeros = np.zeros((1, wanted[0]), np.int32), np.zeros((1, wanted[1]), np.float32)
        got.append(_run(path, *zeros, 1).shape[-1])
    if tuple(got) != wanted:
        into = f"{got[0]} categorical and {got[1]} continuous inputs"
        out = f", {got[2]} outputs" if len(got) > 2 else ""
        raise DataError(
            f"{path} is not the network of {facts.name}: it has {into}{out}; "
            f"wanted are {wanted[0]}, {wanted[1]} and {wanted[2]}"
        )


def _session(path: Path) -> Any:
    """Return the process's one open network of a file, as the file is now."""
    try:
        status = path.stat()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    return _opened(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=32)
def _opened(path: Path, mtime: int, size: int) -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise missing_extra("YAHPO Gym", "onnxruntime", "public") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(
            path.read_bytes(), sess_options=options, providers=["CPUExecutionProvider"]
        )
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    except Exception as error:  # onnxruntime's exceptions have no common base but this
        text = _reason(error)
        raise DataError(f"{path} is no readable ONNX network ({size:,} bytes): {text}") from None


def _reason(error: Exception) -> str:
    """Return what onnxruntime says, one line without its codes."""
    first = (str(error).splitlines() or [""])[0]
    return first.rpartition(" : ")[2] or type(error).__name__


def _run(path: Path, cat: NDArray[np.int32], cont: NDArray[np.float32], block: int) -> FloatArray:
    """Return the outputs of n rows, float64, shape (n, outputs), in padded blocks."""
    opened, n = _session(path), len(cat)
    names = {i.type: i.name for i in opened.get_inputs()}
    padded = -(-n // block) * block
    into = {
        names["tensor(int32)"]: _padded(cat, padded),
        names["tensor(float)"]: _padded(cont, padded),
    }
    parts = []
    for i in range(0, padded, block):
        try:
            parts.append(opened.run(None, {name: a[i : i + block] for name, a in into.items()})[0])
        except Exception as error:  # as above
            raise DataError(f"{path} cannot be evaluated: {_reason(error)}") from None
    return np.concatenate(parts)[:n].astype(np.float64)


def _padded(rows: NDArray[Any], n: int) -> NDArray[Any]:
    """Return the rows followed by copies of the last one, n in all, C-contiguous."""
    return np.ascontiguousarray(np.pad(rows, ((0, n - len(rows)), (0, 0)), mode="edge"))
