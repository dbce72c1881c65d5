"""Example records and studies."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hpobench_lab.problem import Budget
from hpobench_lab.protocol import Protocol
from hpobench_lab.store.runrecord import RunRecord
from hpobench_lab.study import OptimizerSpec, Primary, Study, TestbedSpec

MakeRecord = Callable[..., RunRecord]
MakeStudy = Callable[..., Study]


@pytest.fixture
def make_record() -> MakeRecord:
    """Return a function that makes the record of a run, whole or in part."""

    def make(
        number: int = 0,
        n: int = 4,
        *,
        start: int | None = None,
        final: bool = True,
        testbed: str = "synthetic/a",
        label: str = "random",
        names: tuple[str, ...] = ("lr",),
        wall_s: float = 0.0,
        **header: Any,
    ) -> RunRecord:
        first = start or 0
        row = np.arange(first, first + n)
        columns: dict[str, Any] = {
            "id": row.astype(np.int32),
            "parent": np.full(n, -1, np.int32),
            "replicate": np.zeros(n, np.int32),
            "status": np.zeros(n, np.uint8),
        }
        columns |= {f"p.{name}": row / 7 + number for name in names}
        columns |= {"loss": 1 / (row + 1 + number), "score": np.full(n, np.nan)}
        columns |= {"cost_s": np.ones(n), "ask_wall_s": np.full(n, wall_s, np.float32)}
        plain: dict[str, Any] = {
            "key": f"{number:032x}",
            "identity": {"seed": number, "testbed": {"id": testbed}},
            "optimizer": {"label": label, "id": label, "params": {"eta": 3}},
            "testbed": {"id": testbed, "fidelity": None, "facts": {"source": "a"}},
            "seed": number,
            "measured": {"ask_wall_s": wall_s, "wall_start": 1.0},
        }
        if final:
            plain |= {"status": "ok", "reason": "budget", "n_told": n}
        return RunRecord(plain | header, columns, start)

    return make


@pytest.fixture
def make_study() -> MakeStudy:
    """Return a function that makes a study."""

    def make(
        *, seeds: tuple[int, ...] = (0, 1), workers: int = 1, eta: int = 3, beds: int = 1
    ) -> Study:
        return Study(
            "small",
            (
                OptimizerSpec("random", "random", "random", "1", {"eta": eta}, ("float",)),
                OptimizerSpec("asha", "asha", "asha", "1", {}, ("float", "parallel")),
            ),
            tuple(
                TestbedSpec("a", f"synthetic/a{i}", "1", requires=("float",)) for i in range(beds)
            ),
            Protocol(Budget("evaluations", 10), workers=workers),
            seeds,
            Primary("random"),
        )

    return make
