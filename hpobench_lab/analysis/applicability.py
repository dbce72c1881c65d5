"""Pairs that cannot work, said in few sentences: grouped by what is missing and where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

__all__ = ["listed", "needs", "sentences"]

Pairs = Iterable[Mapping[str, Any]]
"""Each with ``optimizer``, ``testbed``, ``missing`` and perhaps ``instead``."""

NAMED = 3


def sentences(pairs: Pairs) -> list[str]:
    """Return one sentence for each group of optimizers that lack the same on the same testbeds.

    >>> pairs = [{"optimizer": o, "testbed": t, "missing": ["fidelity"]}
    ...          for t in ("a", "b") for o in ("sh", "asha")]
    >>> sentences(pairs)
    ['sh and asha need a fidelity, which 2 testbeds lack (a, b): those 4 pairs are not planned']
    >>> sentences([{"optimizer": "x", "testbed": "t", "missing": ["int"], "instead": "random"}])
    ['x on t: does not support int; random does']
    """
    return [
        _no_fidelity(optimizers, testbeds)
        if missing == ("fidelity",)
        else _unsupported(optimizers, testbeds, missing, instead)
        for (missing, instead, testbeds), optimizers in _groups(pairs).items()
    ]


Group = tuple[tuple[str, ...], str, tuple[str, ...]]
"""What is missing, what works instead, and the testbeds."""


def _groups(pairs: Pairs) -> dict[Group, list[str]]:
    beds: dict[tuple[str, tuple[str, ...], str], list[str]] = {}
    for pair in pairs:
        missing = tuple(str(m) for m in pair["missing"])
        key = str(pair["optimizer"]), missing, str(pair.get("instead") or "")
        beds.setdefault(key, []).append(str(pair["testbed"]))
    groups: dict[Group, list[str]] = {}
    for (optimizer, missing, instead), testbeds in beds.items():
        groups.setdefault((missing, instead, tuple(testbeds)), []).append(optimizer)
    return groups


def _no_fidelity(optimizers: Sequence[str], testbeds: Sequence[str]) -> str:
    n, pairs = len(testbeds), len(testbeds) * len(optimizers)
    lack = "1 testbed lacks" if n == 1 else f"{n} testbeds lack"
    those = "that pair is" if pairs == 1 else f"those {pairs} pairs are"
    need = "needs" if len(optimizers) == 1 else "need"
    return (
        f"{listed(optimizers)} {need} a fidelity, which {lack} ({_some(testbeds)}): "
        f"{those} not planned"
    )


def _unsupported(
    optimizers: Sequence[str], testbeds: Sequence[str], missing: Sequence[str], instead: str
) -> str:
    does = "does" if len(optimizers) == 1 else "do"
    other = f"; {instead} does" if instead else ""
    return (
        f"{listed(optimizers)} on {_some(testbeds)}: {does} not support {', '.join(missing)}{other}"
    )


def needs(pairs: Pairs, optimizer: str) -> str:
    """Return what kept an optimizer from testbeds, in a clause; "" when nothing is known.

    >>> needs([{"optimizer": "sh", "testbed": "a", "missing": ["fidelity"]}], "sh")
    'needing a fidelity'
    """
    missing = {str(m) for p in pairs if p["optimizer"] == optimizer for m in p["missing"]}
    said = ["needing a fidelity"] if "fidelity" in missing else []
    rest = sorted(missing - {"fidelity"})
    return " and ".join(said + ([f"not supporting {', '.join(rest)}"] if rest else []))


def _some(names: Sequence[str]) -> str:
    return ", ".join([*names[:NAMED], *(["…"] if len(names) > NAMED else [])])


def listed(names: Sequence[str]) -> str:
    """Return names as a person lists them.

    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
