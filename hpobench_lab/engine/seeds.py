"""Where all randomness comes from (DESIGN 5.4): one seed a run, split once, by name.

The optimizer's generator depends on (seed, testbed, fold) and not on the optimizer, so adding or
relabelling one changes nothing. The noise stream of a trial depends on (seed, testbed, fold,
canonical configuration, replicate), so all optimizers meet common random numbers.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["NoiseStreams", "generator"]

FloatArray = NDArray[np.float64]
_MASK63 = (1 << 63) - 1


def _words(*names: object) -> tuple[int, ...]:
    digest = blake2b("\0".join(map(str, names)).encode(), digest_size=16).digest()
    return tuple(int(word) for word in np.frombuffer(digest, dtype="<u4"))


def generator(
    seed: int, role: Literal["optimizer", "testbed", "executor"], testbed: str, fold: int = 0
) -> np.random.Generator:
    """Return the generator of one role in one run.

    >>> a = generator(0, "optimizer", "synthetic/branin").random()
    >>> a == generator(0, "optimizer", "synthetic/branin").random()
    True
    """
    sequence = np.random.SeedSequence(entropy=seed, spawn_key=_words(role, testbed, fold))
    return np.random.Generator(np.random.PCG64(sequence))


class NoiseStreams:
    """Give the noise stream of each trial of one run.

    Args:
        seed: The run's seed.
        testbed: Canonical id of the testbed.
        fold: Outer fold.

    >>> streams = NoiseStreams(0, "synthetic/branin", 0)
    >>> row = np.array([0.5, np.nan])
    >>> streams(row, 0) == streams(row, 0), streams(row, 0) == streams(row, 1)
    (True, False)
    """

    def __init__(self, seed: int, testbed: str, fold: int) -> None:
        self._root = blake2b(f"{seed}\0{testbed}\0{fold}".encode(), digest_size=8)

    def __call__(self, values: FloatArray, replicate: int) -> int:
        """Return 63 bits for canonical values, shape (d,), and a replicate number."""
        stream = self._root.copy()
        stream.update(configuration_bytes(values))
        stream.update(replicate.to_bytes(8, "little"))
        return int.from_bytes(stream.digest(), "little") & _MASK63


def configuration_bytes(values: FloatArray) -> bytes:
    """Return the bytes that identify canonical values, shape (d,).

    Inactive parameters count as one NaN, -0.0 as 0.0; little-endian float64.
    """
    plain = np.where(np.isnan(values), np.nan, values + 0.0)
    return plain.astype("<f8").tobytes()
