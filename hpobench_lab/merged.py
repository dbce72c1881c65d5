"""Several results folders as one study: what must agree, and what becomes of the rest.

Rules of the protocol must agree, and a label must mean one optimizer; else there is nothing to
compare. Studies that declare different primary endpoints are merged without one: nothing is tested.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hpobench_lab.errors import StudyError
from hpobench_lab.store.studyjson import changes

__all__ = ["merged"]

Study = Mapping[str, Any]


def merged(folders: Sequence[Path], studies: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return one study for several that belong together; a single one as it is.

    Args:
        folders: Where they are from, for the errors.
        studies: As ``study.json`` has them.

    Raises:
        StudyError: If their protocols differ, or one name means different optimizers or testbeds.

    >>> a = {"name": "a", "hash6": "1", "labels": ["x"], "seeds": [0], "settings": {}}
    >>> both = merged([Path("a"), Path("b")], [a, a | {"name": "b", "seeds": [1]}])
    >>> both["name"], both["seeds"]
    ('a+b', [0, 1])
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
        **({"primary": None, "primary_reason": conflict} if conflict else {}),
    }


def _rules(study: Study) -> dict[str, Any]:
    return {"protocol": study["settings"].get("protocol", {})}


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
