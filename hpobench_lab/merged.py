"""Several results folders as one study: what must agree, and what becomes of the rest.

Rules of the protocol must agree, a label must mean one optimizer, and an optimizer must have one
label; else there is nothing to compare. Studies that declare different primary endpoints are merged
without one: nothing is tested. What was put together of different parts says so (``merged_note``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hpobench_lab.engine.projected import SUFFIX
from hpobench_lab.errors import StudyError
from hpobench_lab.store.studyjson import changes

__all__ = ["merged"]

Study = Mapping[str, Any]
NOTE = (
    "These folders were put together after the fact; p-values hold only if that was planned before "
    "the first was read."
)


def merged(folders: Sequence[Path], studies: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return one study for several that belong together; a single one as it is.

    Args:
        folders: Where they are from, for the errors.
        studies: As ``study.json`` has them.

    Raises:
        StudyError: If their protocols differ, one name means different optimizers or testbeds, or
            one optimizer has two labels.

    >>> a = {"name": "a", "hash6": "1", "labels": ["x"], "seeds": [0], "settings": {}}
    >>> both = merged([Path("a"), Path("b")], [a, a | {"name": "b", "seeds": [1]}])
    >>> both["name"], both["seeds"]
    ('a+b', [0, 1])
    >>> both["merged_note"].partition(";")[0]
    'These folders were put together after the fact'
    """
    first = studies[0]
    if len(studies) == 1:
        return first
    for folder, study in zip(folders, studies, strict=True):
        found = changes(_rules(first), _rules(study))
        if found:
            raise StudyError(
                f"{folders[0]} and {folder} cannot be compared, their protocols differ:\n  "
                + "\n  ".join(found)
                + "\nRead them apart, or run one of the study files with the rules of the other."
            )
    _check_one_meaning(folders, studies, "optimizers", "label")
    _check_one_meaning(folders, studies, "testbeds", "id")
    _check_one_label(folders, studies)
    conflict = _conflict(folders, studies)
    settings = _united([study["settings"] for study in studies])
    return first | {
        "name": "+".join(dict.fromkeys(study["name"] for study in studies)),
        "hash6": "+".join(dict.fromkeys(study["hash6"] for study in studies)),
        "labels": list(dict.fromkeys(label for study in studies for label in study["labels"])),
        "seeds": sorted({seed for study in studies for seed in study["seeds"]}),
        "planned": sum(study.get("planned", 0) for study in studies),
        "not_applicable": _distinct(p for s in studies for p in s.get("not_applicable", [])),
        "settings": settings | ({"primary": None} if conflict else {}),
        "spec": _united([study.get("spec") or {} for study in studies]),
        "studies": list(studies),
        **({"merged_note": NOTE} if any(_parts(first) != _parts(s) for s in studies) else {}),
        **({"primary": None, "primary_reason": conflict} if conflict else {}),
    }


def _rules(study: Study) -> dict[str, Any]:
    return {"protocol": study["settings"].get("protocol", {})}


def _parts(study: Study) -> tuple[set[Any], ...]:
    """Return the seeds, the optimizers' labels and the testbeds' ids of a study."""
    testbeds = {bed["id"] for bed in study["settings"].get("testbeds") or []}
    return set(study["seeds"]), set(study["labels"]), testbeds


def _check_one_meaning(
    folders: Sequence[Path], studies: Sequence[Study], kind: str, name: str
) -> None:
    """Refuse an optimizer's label, or a testbed's id, that means different things."""
    seen: dict[str, tuple[Path, dict[str, Any]]] = {}
    for folder, study in zip(folders, studies, strict=True):
        for spec in study["settings"].get(kind) or []:
            where, other = seen.setdefault(spec[name], (folder, spec))
            if other != spec:
                one = "label" if name == "label" else "testbed"
                what = f"for different {kind}" if name == "label" else "in different versions"
                advice = "Give them labels of their own in the study files."
                if name == "id":
                    advice = "Run one of the studies again, or read them apart."
                raise StudyError(
                    f"{where} and {folder} use the {one} {spec[name]!r} {what}:\n  "
                    + "\n  ".join(changes(other, spec))
                    + f"\n{advice}"
                )


def _check_one_label(folders: Sequence[Path], studies: Sequence[Study]) -> None:
    """Refuse one optimizer under two labels: a run that both have would be taken under one.

    The suffix of a projected optimizer is nobody's choice, and tells two apart that share no run:
    it counts only between studies that have a testbed in common.
    """
    seen: dict[str, list[tuple[Path, Study, str]]] = {}
    for folder, study in zip(folders, studies, strict=True):
        for spec in study["settings"].get("optimizers") or []:
            label, identity = spec["label"], [spec["id"], spec["version"], spec["params"]]
            named = seen.setdefault(json.dumps(identity, sort_keys=True), [])
            for where, other, first in named:
                suffix_only = first.removesuffix(SUFFIX) == label.removesuffix(SUFFIX)
                if first == label or (suffix_only and not _parts(other)[2] & _parts(study)[2]):
                    continue
                advice = "Read them apart." if suffix_only else "Rename one label."
                raise StudyError(
                    f"{where} and {folder} call the same optimizer {first!r} and {label!r}. "
                    f"{advice}"
                )
            named.append((folder, study, label))


def _distinct(pairs: Iterable[Any]) -> list[Any]:
    kept: list[Any] = []
    kept.extend(pair for pair in pairs if pair not in kept)
    return kept


def _united(settings: Sequence[Study]) -> dict[str, Any]:
    """Return the first settings with the optimizers and testbeds of all."""
    out = dict(settings[0])
    for kind, name in (("optimizers", "label"), ("testbeds", "id")):
        named = {x[name]: x for s in reversed(settings) for x in s.get(kind) or []}
        order = dict.fromkeys(x[name] for s in settings for x in s.get(kind) or [])
        if named:
            out[kind] = [named[key] for key in order]
    return out


def _conflict(folders: Sequence[Path], studies: Sequence[Study]) -> str:
    """Return how the declared endpoints differ; "" when they are the same."""
    first = {"primary": studies[0].get("primary") or {}}
    for folder, study in zip(folders, studies, strict=True):
        found = changes(first, {"primary": study.get("primary") or {}})
        if found:
            return f"{folders[0]} and {folder} declare different endpoints ({'; '.join(found)})"
    return ""
