"""What the tracker read: cumulative energy and CPU seconds of the machine, once a second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Samples"]

FloatArray = NDArray[np.float64]
_COLUMNS = ("wall", "cpu_kwh", "gpu_kwh", "ram_kwh", "busy_s", "capacity_s")


@dataclass(frozen=True)
class Samples:
    """Hold cumulative readings, one row a reading, in order of time; all arrays of shape (n,).

    Args:
        wall: Unix seconds.
        cpu_kwh: Energy of the processor since the start, kWh, PUE included.
        gpu_kwh: Energy of the graphics processors, likewise.
        ram_kwh: Energy of the memory, likewise.
        busy_s: CPU seconds that the machine has worked since the start.
        capacity_s: CPU seconds that it could have worked.
    """

    wall: FloatArray
    cpu_kwh: FloatArray
    gpu_kwh: FloatArray
    ram_kwh: FloatArray
    busy_s: FloatArray
    capacity_s: FloatArray

    def __len__(self) -> int:
        return len(self.wall)

    @classmethod
    def of(cls, rows: Sequence[Sequence[float]]) -> Samples:
        """Return the samples of rows in the order of the fields, sorted, made monotone."""
        table = np.array(sorted(map(tuple, rows)), dtype=np.float64).reshape(
            len(rows), len(_COLUMNS)
        )
        return cls(*np.maximum.accumulate(table, axis=0).T.copy())

    @classmethod
    def from_json(cls, data: dict[str, list[float]]) -> Samples:
        """Return the samples of a stored session."""
        return cls(*(np.array(data[name], dtype=np.float64) for name in _COLUMNS))

    def to_json(self) -> dict[str, list[float]]:
        """Return the columns as plain lists."""
        return {name: getattr(self, name).tolist() for name in _COLUMNS}

    def kwh(self, part: str) -> float:
        """Return the energy of ``cpu``, ``gpu`` or ``ram`` between the first and last reading."""
        column = getattr(self, f"{part}_kwh")
        return float(column[-1] - column[0]) if len(column) else 0.0
