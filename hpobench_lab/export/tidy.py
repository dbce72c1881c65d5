"""Results as two tidy Arrow tables: one row an evaluation, and one row a run.

Parameters are the columns ``p.<name>``, decoded: numbers where every testbed of that name has
numbers, else text; null where a parameter is inactive or the testbed has none of that name. NaN is
null. The evaluations come testbed by testbed, so that they need not all be in memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.store.segment import unit_of
from hpobench_lab.trial import Status

if TYPE_CHECKING:
    from hpobench_lab.results import Results

__all__ = ["evaluations", "runs", "schema"]

Header = Mapping[str, Any]
Columns = Mapping[str, NDArray[Any]]

ABOUT = ("run", "testbed", "optimizer", "seed", "fold")
INTEGERS = frozenset({"id", "parent", "replicate"})


def schema(results: Results) -> Any:
    """Return the Arrow schema of the evaluations."""
    import pyarrow as pa

    text, whole, number = pa.string(), pa.int64(), pa.float64()
    fields = [pa.field(name, text if name in ABOUT[1:3] else whole) for name in ABOUT]
    stored = _stored(results)
    for name in [c for c in stored if not c.startswith("p.")]:
        kind = text if name == "status" else pa.int32() if name in INTEGERS else number
        unit = unit_of(name)
        fields.append(pa.field(name, kind, metadata={"unit": unit} if unit else None))
    numeric = _numeric(results.headers)
    for name in [c for c in stored if c.startswith("p.")]:
        fields.append(pa.field(name, number if numeric.get(name, True) else text))
    return pa.schema(fields)


def _stored(results: Results) -> list[str]:
    """Return the names of all stored columns: what is common first, parameters last."""
    found: dict[str, None] = dict.fromkeys(results.columns)
    for first in _first_runs(results.headers):
        found |= dict.fromkeys(results.run(first).columns)
    return sorted(found, key=lambda name: name.startswith("p."))


def _first_runs(headers: Sequence[Header]) -> list[int]:
    """Return the first run of each testbed that has rows; the columns of all its runs agree."""
    seen: dict[str, int] = {}
    for i, header in enumerate(headers):
        if header.get("n_trials", 1):
            seen.setdefault(header["testbed"]["id"], i)
    return list(seen.values())


def _numeric(headers: Sequence[Header]) -> dict[str, bool]:
    """Return, by column, whether every testbed has numbers there."""
    found: dict[str, bool] = {}
    for header in {h["testbed"]["id"]: h for h in headers}.values():
        for p in _parameters(header):
            name = f"p.{p['name']}"
            found[name] = found.get(name, True) and all(map(_is_number, p.get("choices", ())))
    return found


def _parameters(header: Header) -> Sequence[Mapping[str, Any]]:
    return list((header["testbed"].get("space") or {}).get("parameters", ()))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def evaluations(results: Results) -> Iterator[Any]:
    """Yield Arrow tables of the evaluations, one a testbed, all with the same ``schema``."""
    import pyarrow as pa

    wanted = schema(results)
    ids = [header["testbed"]["id"] for header in results.headers]
    for _, members in groupby(range(len(ids)), key=ids.__getitem__):
        chosen = list(members)
        records = [results.run(i) for i in chosen]
        lengths = [len(r) for r in records]
        arrays = []
        for field in wanted:
            arrays.append(_column(field, chosen, results.headers, records, lengths))
        yield pa.Table.from_arrays(arrays, schema=wanted)


def _column(
    field: Any, chosen: Sequence[int], headers: Sequence[Header], records: Any, lengths: Any
) -> Any:
    import pyarrow as pa

    if field.name in ABOUT:
        values = pa.array([_about(field.name, i, headers[i]) for i in chosen], field.type)
        return values.take(pa.array(np.repeat(np.arange(len(chosen)), lengths)))
    parts = [r.columns.get(field.name) for r in records]
    if all(part is None for part in parts):
        return pa.nulls(sum(lengths), field.type)
    filled = [
        np.full(n, np.nan) if part is None else part for part, n in zip(parts, lengths, strict=True)
    ]
    joined = np.concatenate(filled)
    if field.name == "status":
        return pa.array([s.name for s in Status], field.type).take(pa.array(joined))
    if field.name.startswith("p."):
        return _decoded(joined, field, headers[chosen[0]])
    return pa.array(joined, from_pandas=True).cast(field.type)


def _about(name: str, i: int, header: Header) -> Any:
    known = {
        "run": i,
        "testbed": header["testbed"]["id"],
        "optimizer": header["optimizer"]["label"],
        "seed": header["seed"],
        "fold": header.get("fold", 0),
    }
    return known[name]


def _decoded(codes: NDArray[Any], field: Any, header: Header) -> Any:
    """Return the values of a parameter; choices are stored by their number."""
    import pyarrow as pa

    about = next((p for p in _parameters(header) if f"p.{p['name']}" == field.name), {})
    choices = about.get("choices")
    if choices is None and pa.types.is_floating(field.type):
        return pa.array(codes.astype(np.float64), field.type, from_pandas=True)
    values = [None if c != c else choices[int(c)] if choices else c for c in codes.tolist()]
    if pa.types.is_floating(field.type):
        return pa.array([None if v is None else float(v) for v in values], field.type)
    return pa.array([None if v is None else _text(v) for v in values], field.type)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def runs(results: Results) -> Any:
    """Return an Arrow table with one row a run; ``run`` is its number in the evaluations."""
    import pyarrow as pa

    rows = [_run(i, header) for i, header in enumerate(results.headers)]
    names = list(_run(0, _EMPTY))
    kinds = {int: pa.int64(), float: pa.float64(), str: pa.string()}
    typed = [(name, kinds[type(value)]) for name, value in _run(0, _EMPTY).items()]
    columns = {name: [row[name] for row in rows] for name in names}
    return pa.table(columns, schema=pa.schema(typed))


_EMPTY: Header = {
    "key": "",
    "testbed": {"id": ""},
    "optimizer": {"label": "", "id": ""},
    "seed": 0,
    "status": "",
}


def _run(i: int, h: Header) -> dict[str, Any]:
    facts, took = h["testbed"].get("facts") or {}, h.get("measured") or {}
    nan = float("nan")
    return {
        "run": i,
        "key": h["key"],
        "testbed": h["testbed"]["id"],
        "source": str(facts.get("source", "")),
        "family": str(facts.get("family", "")),
        "f_opt": _number(facts.get("optimum")),
        "f_ref": _number(facts.get("reference")),
        "optimizer": h["optimizer"]["label"],
        "optimizer_id": h["optimizer"]["id"],
        "optimizer_version": str(h["optimizer"].get("version", "")),
        "params": json.dumps(h["optimizer"].get("params") or {}, sort_keys=True),
        "seed": h["seed"],
        "fold": h.get("fold", 0),
        "budget": json.dumps((h.get("protocol") or {}).get("budget") or {}),
        "status": str(h["status"]),
        "reason": str(h.get("reason", "")),
        "message": str(h.get("message", "")),
        "spent": _number(h.get("spent")),
        "n_trials": int(h.get("n_trials") or 0),
        "n_told": int(h.get("n_told") or 0),
        "fingerprint": str(h.get("fingerprint", "")),
        "wall_start": _number(took.get("wall_start", nan)),
        "wall_end": _number(took.get("wall_end", nan)),
        "ask_wall_s": _number(took.get("ask_wall_s", nan)),
        "tell_wall_s": _number(took.get("tell_wall_s", nan)),
        "eval_wall_s": _number(took.get("eval_wall_s", nan)),
        "cpu_s": _number(took.get("cpu_s", nan)),
    }


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)
