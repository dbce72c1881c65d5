"""A second, unlike kind of surrogate: the mean of small neural networks.

Trees predict in steps, networks smoothly; where optimizers rank alike on both, the ranking is not
made by the kind of surrogate. The networks are trained by scikit-learn and evaluated in NumPy, in
padded blocks of one size, so that a row has the same bits in any batch.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Networks", "fit_networks"]

FloatArray = NDArray[np.float64]
MEMBERS, WIDTH = 2, 64
ROWS = 12_000
"""Rows of an epoch: as many levels a configuration as fit, the last one always."""
EPOCHS, PATIENCE, BATCH, RATE, PENALTY = 80, 8, 128, 1e-3, 1e-4
_BLOCK = 32


@dataclass(frozen=True)
class Networks:
    """M networks of two hidden layers of H units over F features, and the scales around them.

    Args:
        centre: Mean of each feature, shape (F,).
        spread: Deviation of each feature, shape (F,).
        first: Shape (M, F + 1, H); the last row holds the offsets.
        second: Shape (M, H + 1, H).
        last: Shape (M, H + 1).
        target: Mean and deviation of the target, shape (2,).
    """

    centre: NDArray[np.float32]
    spread: NDArray[np.float32]
    first: NDArray[np.float32]
    second: NDArray[np.float32]
    last: NDArray[np.float32]
    target: NDArray[np.float32]

    def predict(self, features: FloatArray) -> FloatArray:
        """Return the mean over the networks, shape (n, F) to (n,)."""
        members = [
            (f[:-1], f[-1], s[:-1], s[-1], w[:-1], w[-1])
            for f, s, w in zip(
                self.first.astype(np.float64),
                self.second.astype(np.float64),
                self.last.astype(np.float64),
                strict=True,
            )
        ]
        out = np.empty(len(features))
        scaled = (features - self.centre) / self.spread
        for start in range(0, len(scaled), _BLOCK):
            rows = scaled[start : start + _BLOCK]
            block = np.zeros((_BLOCK, scaled.shape[1]))
            block[: len(rows)] = rows
            total = np.zeros(_BLOCK)
            for f, f0, s, s0, w, w0 in members:
                hidden = np.tanh(np.einsum("nf,fh->nh", block, f, optimize=False) + f0)
                hidden = np.tanh(np.einsum("nf,fh->nh", hidden, s, optimize=False) + s0)
                total += np.einsum("nf,f->n", hidden, w, optimize=False) + w0
            out[start : start + _BLOCK] = total[: len(rows)] / len(members)
        centre, spread = self.target.astype(np.float64)
        return np.asarray(centre + spread * out)

    def arrays(self, prefix: str) -> dict[str, NDArray[Any]]:
        """Return what ``from_arrays`` reads, each name after ``prefix``."""
        return {f"{prefix}{f.name}": getattr(self, f.name) for f in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], prefix: str) -> Networks:
        """Return the networks that ``arrays`` wrote.

        Raises:
            KeyError: If an array is missing.
            ValueError: If their shapes do not belong together.
        """
        found = cls(**{f.name: arrays[prefix + f.name] for f in fields(cls)})
        members, inputs, width = found.first.shape
        wanted = (members, width + 1, width), (members, width + 1), (inputs - 1,)
        if wanted != (found.second.shape, found.last.shape, found.centre.shape):
            raise ValueError(f"networks: {found.second.shape} does not follow {found.first.shape}")
        return found


def _chosen(n: int, levels: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return the rows of an (n, levels) table that are trained on, ascending."""
    few = max(2, min(levels, ROWS // n))
    score = rng.random((n, levels))
    score[:, -1] = -1.0
    columns = np.sort(np.argsort(score, axis=1, kind="stable")[:, :few], axis=1)
    return (np.arange(n)[:, None] * levels + columns).ravel()


def fit_networks(table: FloatArray, logits: FloatArray, *, seed: int = 0) -> Networks:
    """Fit the ensemble.

    Args:
        table: Features of every configuration at every level, shape (n * L, F).
        logits: Targets, shape (n, L).
        seed: Of weights, batches, the levels each member sees and the early stopping.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPRegressor
    from threadpoolctl import threadpool_limits

    centre, spread = table.mean(axis=0), table.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    target = np.array([logits.mean(), logits.std() or 1.0])
    x, y = (table - centre) / spread, (logits.ravel() - target[0]) / target[1]
    first, second, last = [], [], []
    for member in range(MEMBERS):
        rng = np.random.Generator(np.random.Philox(key=[seed, member]))
        rows = _chosen(len(logits), logits.shape[1], rng)
        network = MLPRegressor(
            hidden_layer_sizes=(WIDTH, WIDTH),
            activation="tanh",
            alpha=PENALTY,
            batch_size=BATCH,
            learning_rate_init=RATE,
            max_iter=EPOCHS,
            early_stopping=True,
            n_iter_no_change=PATIENCE,
            random_state=int(rng.integers(2**31)),
        )
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the epochs are the budget
            network.fit(x[rows], y[rows])
        layers = [
            np.concatenate([w, b[None]]).astype(np.float32)
            for w, b in zip(network.coefs_, network.intercepts_, strict=True)
        ]
        first.append(layers[0])
        second.append(layers[1])
        last.append(layers[2][:, 0])
    return Networks(
        centre.astype(np.float32),
        spread.astype(np.float32),
        np.stack(first),
        np.stack(second),
        np.stack(last),
        target.astype(np.float32),
    )
