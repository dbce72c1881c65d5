"""What the analysis reads: finished runs, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["ResultsLike"]

IntArray = NDArray[np.int64]


class ResultsLike(Protocol):
    """Read finished runs; ``hpobench_lab.results.Results`` is one."""

    @property
    def headers(self) -> Sequence[Mapping[str, Any]]:
        """Return one header a run."""
        ...

    @property
    def offsets(self) -> IntArray:
        """Return the first row of each run and the end, shape (n_runs + 1,)."""
        ...

    @property
    def columns(self) -> Mapping[str, NDArray[Any]]:
        """Return the columns common to all runs, one run after the other."""
        ...

    @property
    def study(self) -> Mapping[str, Any]:
        """Return the study's settings."""
        ...

    @property
    def carbon(self) -> Sequence[Mapping[str, Any]]:
        """Return the energy sessions; may be empty."""
        ...
