"""``study.json``: what a results folder belongs to, and what changed when it does not fit."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from hpobench_lab.errors import DataError
from hpobench_lab.protocol import Protocol
from hpobench_lab.store.durable import reading
from hpobench_lab.store.segment import Damaged
from hpobench_lab.study import CarbonSettings, OptimizerSpec, Primary, Study, TestbedSpec

__all__ = ["changes", "describe", "extended", "read_study", "restore"]

SCHEMA = 1
FILE = "study.json"
_NEEDED = {"settings": dict, "seeds": list, "labels": list}
_BED_TUPLES = ("wrap", "requires", "objectives")


def describe(study: Study) -> dict[str, Any]:
    """Return a study as plain data; ``restore`` makes a Study of it again."""
    data = {
        "schema": SCHEMA,
        "name": study.name,
        "hash6": study.hash6,
        "settings": study.settings(),
        "seeds": list(study.seeds),
        "primary": study.primary.to_json(),
        "carbon": asdict(study.carbon),
        "labels": [optimizer.label for optimizer in study.optimizers],
        "not_applicable": study.not_applicable(),
        "planned": len(study.runs()),
        "spec": {
            "optimizers": [asdict(optimizer) for optimizer in study.optimizers],
            "testbeds": [asdict(testbed) for testbed in study.testbeds],
            "protocol": study.protocol.to_json(),
        },
    }
    plain: dict[str, Any] = json.loads(json.dumps(data, default=_listed))
    return plain


def restore(data: Mapping[str, Any]) -> Study:
    """Return the study that ``describe`` described.

    Raises:
        KeyError, TypeError, ValueError: If the data are not of that form.
    """
    spec = data["spec"]
    return Study(
        data["name"],
        tuple(_specified(OptimizerSpec, o, "supports", "requires") for o in spec["optimizers"]),
        tuple(_specified(TestbedSpec, t, *_BED_TUPLES) for t in spec["testbeds"]),
        Protocol.from_json(spec["protocol"]),
        tuple(data["seeds"]),
        Primary(**data["primary"]),
        CarbonSettings(**data["carbon"]),
    )


def extended(study: Study, seeds: Sequence[int]) -> Study:
    """Return the study with further seeds."""
    return replace(study, seeds=tuple(sorted({*study.seeds, *seeds})))


def read_study(folder: Path) -> dict[str, Any]:
    """Return ``study.json`` of a results folder.

    Raises:
        Damaged: If the file is damaged (a ``DataError``).
        DataError: If the folder is none, or the file is of a newer format.
    """
    path = folder / FILE
    if not folder.is_dir():
        raise DataError(f"{folder}: no such results folder; `hpobench-lab run` writes one")
    if not path.is_file():
        raise DataError(f"{folder} is no results folder: it has no {FILE}; name one that has")
    with reading(path):
        text = path.read_bytes()
    try:
        data = json.loads(text)
        schema = data["schema"]
        missing = [key for key, kind in _NEEDED.items() if not isinstance(data.get(key), kind)]
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(path, repr(error)) from error
    if schema != SCHEMA:
        raise DataError(
            f"{path}: written in format {schema!r}, this hpobench_lab reads format {SCHEMA}; "
            "install the version that wrote it, or a newer one"
        )
    if missing:
        raise _damaged(path, f"it lacks {', '.join(missing)}")
    if not all(type(seed) is int for seed in data["seeds"]):
        raise _damaged(path, "its seeds are no whole numbers")
    return dict(data)


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return which settings differ, one line each; optimizers by label, testbeds by id.

    >>> changes({"protocol": {"workers": 1}}, {"protocol": {"workers": 4}})
    ['protocol.workers: 1 -> 4']
    """
    return _changes(_named(old), _named(new), "")


def _changes(old: Any, new: Any, where: str) -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        lines = []
        for key in [*old, *(k for k in new if k not in old)]:
            path = f"{where}.{key}" if where else str(key)
            if key not in new:
                lines.append(f"{path}: {_short(old[key])} -> absent")
            elif key not in old:
                lines.append(f"{path}: absent -> {_short(new[key])}")
            else:
                lines += _changes(old[key], new[key], path)
        return lines
    return [] if old == new else [f"{where}: {_short(old)} -> {_short(new)}"]


def _named(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with the lists of optimizers and testbeds as dicts by name."""
    named: dict[str, Any] = json.loads(json.dumps(dict(settings), default=_listed))
    for kind, name in (("optimizers", "label"), ("testbeds", "id")):
        if isinstance(named.get(kind), list):
            named[kind] = {repr(each[name]): each for each in named[kind]}
    return named


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else "present"


def _listed(value: object) -> Any:
    if isinstance(value, set | frozenset):
        return sorted(value)
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"a study holds plain data, got {value!r}")


def _specified(kind: type[Any], data: Mapping[str, Any], *tuples: str) -> Any:
    return kind(**{k: tuple(v) if k in tuples else v for k, v in data.items()})


def _damaged(path: Path, found: str) -> Damaged:
    return Damaged(
        f"{path} is damaged: {found}. Restore it from a copy, or run the study file again: it "
        "writes a new one, and finished runs are kept"
    )
