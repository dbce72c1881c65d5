"""Train many multi-layer perceptrons or linear models at once, each as if it were alone.

Members that share depth, batch size and padded width are trained together by batched matrix
products; the gradient of the sum of their losses is each member's own gradient. Narrower members
have zero weights in the unused units, which stay zero. Initial weights, data order and dropout
come from a hash of (seed, counter), so a curve does not depend on the company: it is the same to
the bit.

The update is that of ``torch.optim.SGD`` with momentum and weight decay.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.testbeds.training.curves import Measured
from hpobench_lab.testbeds.training.data import Dataset

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Population", "fit"]

PADDED = (32, 64, 128)
"""Widths that are computed; a member's own width is rounded up to one of them."""


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        from hpobench_lab.errors import missing_extra

        raise missing_extra("training an MLP", "torch", "training") from None
    return torch


@contextmanager
def _one_thread() -> Iterator[None]:
    """Pin torch to one thread and flush denormals, so that bits and seconds do not vary."""
    torch = _torch()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(threads)


def _mix(h: Tensor) -> Tensor:
    """Scramble int32 counters in place (the ``lowbias32`` hash of C. Wellons, public domain)."""
    h ^= (h >> 16) & 0xFFFF
    h *= 0x7FEB352D
    h ^= (h >> 15) & 0x1FFFF
    h *= 0x846CA68B - (1 << 32)
    h ^= (h >> 16) & 0xFFFF
    return h


def _hash(seeds: Sequence[int], stream: int, count: int) -> Tensor:
    """Return int32 words, uniform over all of int32, shape (seeds, count)."""
    torch = _torch()
    key = _mix(torch.tensor([[s & 0x7FFFFFFF] for s in seeds], dtype=torch.int32))
    key = _mix(key ^ (stream & 0x7FFFFFFF))
    return _mix(key + _mix(torch.arange(count, dtype=torch.int32)))


ORDER, INIT, DROPOUT = 1 << 28, 2 << 28, 3 << 28
"""Streams: + epoch, + layer, + 8 * step + layer."""


@dataclass(frozen=True)
class Population:
    """Members to train, as arrays of shape (n,); names as in the space of the testbed."""

    lr: NDArray[np.float64]
    momentum: NDArray[np.float64]
    weight_decay: NDArray[np.float64]
    dropout: NDArray[np.float64]
    layers: NDArray[np.int64]
    width: NDArray[np.int64]
    batch: NDArray[np.int64]
    tanh: NDArray[np.bool_]
    cosine: NDArray[np.bool_]
    seed: NDArray[np.int64]

    @classmethod
    def of(cls, configs: Sequence[dict[str, Any]], seed: int = 0) -> Population:
        """Build a population from configurations, all with one training seed."""

        def column(name: str) -> NDArray[Any]:
            return np.array([c[name] for c in configs])

        linear = {"dropout": 0.0, "layers": 0, "width": 1, "activation": "relu"}
        configs = [linear | dict(c) for c in configs]
        names = ("lr", "momentum", "weight_decay", "dropout", "layers", "width", "batch")
        return cls(
            **{name: column(name) for name in names},
            tanh=column("activation") == "tanh",
            cosine=column("schedule") == "cosine",
            seed=np.full(len(configs), seed),
        )

    def take(self, rows: NDArray[np.int64]) -> Population:
        """Return the members ``rows`` in this order."""
        return Population(**{name: column[rows] for name, column in vars(self).items()})

    def groups(self) -> list[NDArray[np.int64]]:
        """Return the rows of each shape that is trained together, relu members first."""
        padded = np.array(PADDED)[np.searchsorted(PADDED, self.width)]
        keys = np.stack([self.layers, self.batch, padded], axis=1)
        rows = np.lexsort((self.tanh, *keys.T))
        starts = np.flatnonzero(np.any(np.diff(keys[rows], axis=0), axis=1)) + 1
        return list(np.split(rows, starts))


class Group:
    """Members of one shape in training; state lives in ``weights`` and ``velocity``.

    Arrays have the member as their first axis, K long; all parameters of a member are one row.
    """

    def __init__(self, members: Population, data: Dataset, epochs: int) -> None:
        torch = _torch()
        self.torch, self.members, self.epochs = torch, members, epochs
        self.x, self.y = torch.tensor(data.x), torch.tensor(data.y)
        self.rows, self.classes = data.sizes[0], data.classes
        self.regression = data.task == "regression"
        # A product with one column takes another path in BLAS alone than in company: use four.
        outputs = 4 if self.regression else data.classes
        self.count, self.batch = len(members.lr), int(members.batch[0])
        self.relu = int((~members.tanh).sum())
        hidden = PADDED[int(np.searchsorted(PADDED, members.width[0]))]
        sizes = [data.x.shape[1], *[hidden] * int(members.layers[0]), outputs]
        self.shapes = list(pairwise(sizes))
        self.seeds, index = np.unique(members.seed, return_inverse=True)
        self.seed_index = torch.tensor(index)
        total = sum((i + 1) * o for i, o in self.shapes)
        self.weights = torch.zeros(self.count, total)
        self.velocity, self.gradient = torch.zeros(2, self.count, total)
        self.w, self.b = self._views(self.weights)
        self.gw, self.gb = self._views(self.gradient)
        self._initialise()
        self.rate, self.momentum, self.decay, drop = (
            torch.tensor(column, dtype=torch.float32)[:, None]
            for column in (members.lr, members.momentum, members.weight_decay, members.dropout)
        )
        threshold = np.rint(members.dropout * 2.0**32) - 2.0**31
        self.threshold = torch.tensor(threshold.astype(np.int32))[:, None, None]
        self.scale = (1.0 / (1.0 - drop))[:, :, None]
        self.cosine = torch.tensor(members.cosine)[:, None]

    def _views(self, flat: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Return the weight matrices (K, in, out) and biases (K, 1, out) inside a flat buffer."""
        w, b, at = [], [], 0
        for i, o in self.shapes:
            w.append(flat[:, at : at + i * o].view(self.count, i, o))
            b.append(flat[:, at + i * o : at + (i + 1) * o].view(self.count, 1, o))
            at += (i + 1) * o
        return w, b

    def _initialise(self) -> None:
        """Draw uniform weights of He's (relu) or Glorot's (tanh) variance; biases are zero."""
        torch, width = self.torch, self.members.width
        for layer, (i, o) in enumerate(self.shapes):
            last = layer == len(self.shapes) - 1
            inputs = width if layer else np.full(self.count, i)
            outputs = np.full(self.count, self.classes) if last else width
            spread = np.sqrt(np.where(self.members.tanh | last, 3.0, 6.0) / inputs)
            # Counters are (row, column) of the widest layer, so that padding changes no weight.
            words = _hash(self.seeds.tolist(), INIT + layer, i * PADDED[-1])
            uniform = words.view(-1, i, PADDED[-1])[:, :, :o].double() / 2.0**31
            live = (torch.arange(i)[None, :, None] < torch.tensor(inputs)[:, None, None]) & (
                torch.arange(o)[None, None, :] < torch.tensor(outputs)[:, None, None]
            )
            drawn = uniform[self.seed_index] * torch.tensor(spread)[:, None, None]
            self.w[layer].copy_(torch.where(live, drawn, 0.0))

    def _activate(self, z: Tensor) -> Tensor:
        z[: self.relu].relu_()
        z[self.relu :].tanh_()
        return z

    def _slope(self, delta: Tensor, active: Tensor) -> None:
        """Multiply ``delta`` by the activation's derivative, given the activation's value."""
        delta[: self.relu].mul_(active[: self.relu] > 0)
        bent, tanh = delta[self.relu :], active[self.relu :]
        bent.addcmul_(bent * tanh, tanh, value=-1.0)

    def _dropout(self, step: int, layer: int, units: int) -> Tensor:
        """Return the mask times 1 / (1 - rate), shape (K, batch, units)."""
        words = _hash(self.seeds.tolist(), DROPOUT + 8 * step + layer, self.batch * PADDED[-1])
        words = words.view(-1, self.batch, PADDED[-1])[:, :, :units]
        if len(self.seeds) > 1:
            words = words[self.seed_index]
        mask: Tensor = (words >= self.threshold) * self.scale
        return mask

    def _step(self, order: Tensor, step: int) -> None:
        """Take one step of SGD on the rows ``order``, shape (K, batch)."""
        torch = self.torch
        inputs, active, masks = [self.x[order]], [], []
        for layer in range(len(self.shapes) - 1):
            a = self._activate(torch.baddbmm(self.b[layer], inputs[-1], self.w[layer]))
            mask = self._dropout(step, layer, a.shape[2])
            active.append(a)
            masks.append(mask)
            inputs.append(a * mask)
        delta = self._residual(torch.baddbmm(self.b[-1], inputs[-1], self.w[-1]), order)
        for layer in reversed(range(len(self.shapes))):
            self.gw[layer].copy_(torch.bmm(inputs[layer].transpose(1, 2), delta))
            self.gb[layer].copy_(delta.sum(dim=1, keepdim=True))
            if layer:
                delta = torch.bmm(delta, self.w[layer].transpose(1, 2)).mul_(masks[layer - 1])
                self._slope(delta, active[layer - 1])
        self._update(step)

    def _residual(self, outputs: Tensor, order: Tensor) -> Tensor:
        """Return the gradient of cross-entropy, or of half the squared error, by the outputs."""
        if self.regression:
            outputs[:, :, :1] -= self.y[order][:, :, None]
            return outputs.div_(self.batch)
        delta: Tensor = self.torch.softmax(outputs, dim=2)
        minus = self.torch.full((*order.shape, 1), -1.0)
        delta.scatter_add_(2, self.y[order][:, :, None], minus)
        delta /= self.batch
        return delta

    def bytes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the bytes of each member's weights, and of its training, shape (K,).

        Training holds the rows, weights, gradients and velocities, and a batch's activations,
        slopes and masks; padding is not counted.
        """
        width, layers = self.members.width.astype(np.float64), int(self.members.layers[0])
        i, o = self.x.shape[1], self.classes
        hidden = (i + 1) * width + max(layers - 1, 0) * (width + 1) * width + (width + 1) * o
        weights = 4.0 * (hidden if layers else np.full(len(width), (i + 1.0) * o))
        batch = 4.0 * self.batch * (3.0 * layers * width + 2.0 * o)
        return weights, 3.0 * weights + batch + 4.0 * self.rows * (i + 1)

    def _update(self, step: int) -> None:
        per_epoch = self.rows // self.batch
        progress = step / (per_epoch * self.epochs)
        factor = self.torch.where(self.cosine, 0.5 + 0.5 * math.cos(math.pi * progress), 1.0)
        self.velocity.mul_(self.momentum).add_(self.gradient).addcmul_(self.weights, self.decay)
        self.weights.addcmul_(self.velocity, self.rate * factor, value=-1.0)

    def epoch(self, index: int) -> None:
        """Train for one epoch; a last incomplete batch is left out."""
        words = _hash(self.seeds.tolist(), ORDER + index, self.rows)
        order = self.torch.argsort(words, dim=1, stable=True)[self.seed_index]
        per_epoch = self.rows // self.batch
        for i in range(per_epoch):
            rows = order[:, i * self.batch : (i + 1) * self.batch]
            self._step(rows, index * per_epoch + i)

    def logits(self) -> Tensor:
        """Return the outputs of every row without dropout, shape (K, rows, classes)."""
        a = self.x[None].expand(self.count, -1, -1)
        for w, b in zip(self.w[:-1], self.b[:-1], strict=True):
            a = self._activate(self.torch.baddbmm(b, a, w))
        outputs: Tensor = self.torch.baddbmm(self.b[-1], a, self.w[-1])
        return outputs[:, :, : self.classes]


def fit(
    configs: Sequence[dict[str, Any]], data: Dataset, levels: Sequence[float], seed: int
) -> Iterator[Measured]:
    """Train every configuration for ``levels[-1]`` epochs and measure it at each level.

    Seconds are those of a group in training, shared equally by its members, which all do the same
    work; measuring is not counted. Without ``layers`` in them, configurations are linear models.

    Args:
        configs: n configurations.
        data: What to train on.
        levels: Epochs, ascending.
        seed: Seeds initial weights, data order and dropout.

    >>> from hpobench_lab.testbeds.training.curves import record
    >>> from hpobench_lab.testbeds.training.data import load
    >>> config = {"lr": 0.1, "momentum": 0.9, "weight_decay": 1e-4, "dropout": 0.0, "layers": 1,
    ...           "width": 16, "batch": 64, "activation": "relu", "schedule": "cosine"}
    >>> data = load("breast-cancer")
    >>> curves = record(fit([config], data, (1, 4), 0), data, 1, 2)
    >>> bool(curves["valid_loss"][0, 1] < 0.2)
    True
    """
    members = Population.of(configs, seed)
    with _one_thread():
        for rows in members.groups():
            yield from _fit_group(members.take(rows), data, levels, rows)


def _fit_group(
    members: Population, data: Dataset, levels: Sequence[float], rows: NDArray[np.int64]
) -> Iterator[Measured]:
    group = Group(members, data, int(levels[-1]))
    size, peak = group.bytes()
    cpu_s = wall_s = 0.0
    for epoch in range(int(levels[-1])):
        cpu, wall = time.process_time(), time.perf_counter()
        group.epoch(epoch)
        cpu_s += (time.process_time() - cpu) / len(rows)
        wall_s += (time.perf_counter() - wall) / len(rows)
        if epoch + 1 not in levels:
            continue
        level, begin = list(levels).index(epoch + 1), time.perf_counter()
        outputs = group.logits().double().numpy()
        predict_s = (time.perf_counter() - begin) * 1000 / len(data.x) / len(rows)
        for i, row in enumerate(rows.tolist()):
            yield Measured(row, level, outputs[i], cpu_s, wall_s, predict_s, size[i], peak[i])
