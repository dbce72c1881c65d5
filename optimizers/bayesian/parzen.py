"""Parzen estimators: mixtures of products of kernels over the unit cube, as the TPE needs them.

References:
    Watanabe (2023), "Tree-structured Parzen estimator", https://arxiv.org/abs/2304.11127
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.parameters import Categorical, Float, Int, Ordinal, Parameter
from hpobench_lab.space import Space

__all__ = ["Parzen"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_RECENT = 25
_FINE = 100
_ROOT_2PI = math.sqrt(2.0 * math.pi)


@dataclass(frozen=True)
class _Mixture:
    """Hold k kernels, the prior last.

    ``mean``, ``width``: of the truncated normals, shape (k, d); ``low``, ``mass``: their normal
    probability below 0 and within [0, 1]; ``weight``: (k,), sums to 1; ``mix``: what every choice
    of a categorical gets beside the observed one; ``flat``: (k, d), inactive coordinates;
    ``precision``, ``norm``: 1 / width and the log normaliser of continuous coordinates, else 0.
    """

    mean: FloatArray
    width: FloatArray
    weight: FloatArray
    low: FloatArray
    mass: FloatArray
    mix: float
    flat: NDArray[np.bool_] | None
    precision: FloatArray
    norm: FloatArray


class Parzen:
    """Build, sample and compare mixtures of products of kernels over the unit cube.

    Observations are rows with NaN where a parameter is inactive.
    """

    def __init__(self, space: Space, multivariate: bool, prior: float, floor: float) -> None:
        from scipy.special import ndtr, ndtri

        self._ndtr, self._ndtri = ndtr, ndtri
        self._space, self._joint, self._prior, self._floor = space, multivariate, prior, floor
        self._conditional = "conditional" in space.capabilities
        parameters = [space[name] for name in space.names]
        self._choice = np.array([isinstance(p, Categorical) for p in parameters])
        self._levels = np.array(
            [len(p.choices) if isinstance(p, Categorical) else 1 for p in parameters], dtype=float
        )
        self._discrete = [(j, p) for j, p in enumerate(parameters) if not isinstance(p, Float)]
        self._choices = np.flatnonzero(self._choice).tolist()
        self._smooth = np.array([_continuous(p) for p in parameters])
        self._edges = {j: _Edges(p) for j, p in enumerate(parameters) if _coarse(p)}

    def observed(self, x: FloatArray) -> FloatArray:
        """Return a canonical unit row with NaN where inactive, shape (d,)."""
        x, codes = self._snapped(x[None])
        return np.asarray(np.where(np.isnan(codes), np.nan, x)[0])

    def best(
        self, rng: np.random.Generator, good: FloatArray, bad: FloatArray, n: int
    ) -> FloatArray:
        """Return the row with the largest l / g among n draws from l, shape (d,)."""
        near, far = self._mixture(good), self._mixture(bad)  # l and g of the paper
        x, codes = self._snapped(self._sample(rng, near, n))
        legal = self._legal(x)
        if not legal.any():
            return self.observed(self._space.uniform(rng, 1)[0])
        x, codes = x[legal], codes[legal]
        gain = self._log_density(near, x, codes) - self._log_density(far, x, codes)
        if self._joint:
            return self.observed(x[int(np.argmax(gain))])
        winner = x[np.argmax(gain, axis=0), np.arange(x.shape[1])]
        return self.observed(winner if self._legal(winner[None])[0] else x[0])

    def _snapped(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return rows with discrete coordinates at the centre of their value, and codes of those.

        What is inactive is 0.5 in the rows and NaN in the codes; the codes of continuous
        coordinates mean nothing. The space's own maps do more and cost ten times as much.
        """
        x, codes = x.copy(), x.copy()
        for j, parameter in self._discrete:
            codes[:, j] = parameter.from_unit(x[:, j])
            x[:, j] = parameter.to_unit(codes[:, j])
        if self._conditional:
            inactive = ~self._space.active(codes)
            x[inactive], codes[inactive] = 0.5, np.nan
        return x, codes

    def _legal(self, x: FloatArray) -> NDArray[np.bool_]:
        if not self._space.constraints:
            return np.ones(len(x), dtype=np.bool_)
        return self._space.feasible(self._space.decode(x))

    def _mixture(self, rows: FloatArray) -> _Mixture:
        m, d = rows.shape
        flat = np.isnan(rows) if self._conditional else None
        mean, width = np.full((m + 1, d), 0.5), np.ones((m + 1, d))
        width[:m] = self._widths(rows)
        mean[:m] = rows
        if flat is not None:
            flat = np.concatenate([flat, np.zeros((1, d), dtype=np.bool_)])
            mean[flat], width[flat] = 0.5, 1.0
        weight = np.append(_recency(m), self._prior)
        low = self._ndtr(-mean / width)
        mass = self._ndtr((1.0 - mean) / width) - low
        normal = self._smooth if flat is None else self._smooth & ~flat
        return _Mixture(
            mean,
            width,
            weight / weight.sum(),
            low,
            mass,
            self._prior / (m + 1),
            flat,
            precision=normal / width,
            norm=np.where(normal, np.log(width * mass * _ROOT_2PI), 0.0),
        )

    def _widths(self, rows: FloatArray) -> FloatArray:
        """Return the larger gap to the neighbours in each coordinate, shape (m, d), clipped.

        At either end only the inner gap counts, when there is one (Optuna: consider_endpoints).
        """
        m, d = rows.shape
        order = np.argsort(rows, axis=0)  # NaN last
        ranked = np.take_along_axis(rows, order, axis=0)
        count = np.full(d, m)
        if self._conditional:
            count = m - np.isnan(ranked).sum(axis=0)
            ranked = np.where(np.isnan(ranked), 1.0, ranked)
        ends = np.concatenate([np.zeros((1, d)), ranked, np.ones((1, d))])
        gap = ends[1:] - ends[:-1]
        left, right = gap[:-1], gap[1:].copy()
        several = np.flatnonzero(count >= 2)
        right[count[several] - 1, several] = 0.0
        left[0, several] = 0.0
        width = np.empty_like(rows)
        np.put_along_axis(width, order, np.maximum(left, right), axis=0)
        return np.clip(width, self._floor, 1.0)

    def _sample(self, rng: np.random.Generator, mixture: _Mixture, n: int) -> FloatArray:
        """Return n rows drawn from a mixture, shape (n, d)."""
        d = self._space.dimension
        pick = rng.random((n, 1 if self._joint else d))
        kernel = np.searchsorted(np.cumsum(mixture.weight)[:-1], pick)
        column = np.arange(d)
        u = rng.random((n, d))
        inside = mixture.low[kernel, column] + u * mixture.mass[kernel, column]
        x = mixture.mean[kernel, column] + mixture.width[kernel, column] * self._ndtri(inside)
        if self._choice.any():
            x = np.where(self._choice, self._sampled_choices(mixture, kernel, column, u), x)
        if mixture.flat is not None:
            x = np.where(mixture.flat[kernel, column], u, x)
        return np.clip(x, 0.0, 1.0)

    def _sampled_choices(
        self, mixture: _Mixture, kernel: IntArray, column: IntArray, u: FloatArray
    ) -> FloatArray:
        stay = 1.0 / (1.0 + self._levels * mixture.mix)
        stay = np.where(kernel == len(mixture.mean) - 1, 0.0, stay)
        return np.where(u < stay, mixture.mean[kernel, column], (u - stay) / (1.0 - stay))

    def _log_density(self, mixture: _Mixture, x: FloatArray, codes: FloatArray) -> FloatArray:
        """Return log densities at x up to a constant, (n,) if joint, else (n, d)."""
        active = ~np.isnan(codes) if self._conditional else None
        z = (x[:, None, :] - mixture.mean) * mixture.precision
        if active is not None:
            z *= active[:, None, :]
        others = {
            j: self._log_interval(mixture, j, *edges(codes[:, j]))
            for j, edges in self._edges.items()
        }
        for j in self._choices:
            others[j] = self._log_choice(mixture, j, x[:, j])
        if active is not None:
            others = {j: np.where(active[:, j, None], term, 0.0) for j, term in others.items()}
        if self._joint:
            norm = mixture.norm.sum(axis=1) if active is None else _dot(active, mixture.norm)
            total = -0.5 * np.einsum("nkd,nkd->nk", z, z) - norm
            for term in others.values():
                total += term
            return _log_mix(total, np.log(mixture.weight))
        terms = -0.5 * z * z - mixture.norm
        for j, term in others.items():
            terms[:, :, j] = term
        return _log_mix(terms, np.log(mixture.weight)[:, None])

    def _log_choice(self, mixture: _Mixture, j: int, x: FloatArray) -> FloatArray:
        """Return the log probability of choices under every kernel, shape (n, k)."""
        levels, mix = self._levels[j], mixture.mix
        total = 1.0 + levels * mix
        hit, miss = math.log((1.0 + mix) / total), math.log(mix / total)
        term = np.where(x[:, None] == mixture.mean[:, j], hit, miss)
        term[:, -1] = -math.log(levels)
        if mixture.flat is not None:
            term[:, mixture.flat[:, j]] = -math.log(levels)
        return term

    def _log_interval(
        self, mixture: _Mixture, j: int, low: FloatArray, high: FloatArray
    ) -> FloatArray:
        """Return the log probability of [low, high] under every kernel, shape (n, k)."""
        mean, width, mass = mixture.mean[:, j], mixture.width[:, j], mixture.mass[:, j]
        above = self._ndtr((high[:, None] - mean) / width)
        below = self._ndtr((low[:, None] - mean) / width)
        term = np.log(np.maximum((above - below) / mass, 1e-300))
        if mixture.flat is not None:
            term = np.where(mixture.flat[:, j], np.log(high - low)[:, None], term)
        return np.asarray(term)


def _recency(m: int) -> FloatArray:
    """Return weights of m observations, oldest first: a ramp, then 25 ones."""
    if m <= _RECENT:
        return np.ones(m)
    return np.concatenate([np.linspace(1.0 / m, 1.0, m - _RECENT), np.ones(_RECENT)])


def _dot(a: NDArray[np.bool_], b: FloatArray) -> FloatArray:
    """Return a[n, d] b[k, d] summed over d, shape (n, k)."""
    return np.asarray(np.einsum("nd,kd->nk", a.astype(np.float64), b))


def _log_mix(terms: FloatArray, log_weight: FloatArray) -> FloatArray:
    """Return log sum_k exp(terms[:, k] + log_weight[k]), over axis 1."""
    total = terms + log_weight
    top = total.max(axis=1, keepdims=True)
    return np.asarray(np.log(np.exp(total - top).sum(axis=1)) + top[:, 0])


@dataclass(frozen=True)
class _Edges:
    """Return the unit interval that decodes to the same value as each code, two arrays (n,)."""

    parameter: Int | Ordinal

    def __call__(self, codes: FloatArray) -> tuple[FloatArray, FloatArray]:
        p = self.parameter
        if isinstance(p, Int) and p.log:
            first, last = math.log(p.low - 0.5), math.log(p.high + 0.5)
            low, high = np.log(codes - 0.5), np.log(codes + 0.5)
            return (low - first) / (last - first), (high - first) / (last - first)
        first_code, n = (p.low, p.high - p.low + 1) if isinstance(p, Int) else (0, len(p.choices))
        return (codes - first_code) / n, (codes - first_code + 1.0) / n


def _continuous(parameter: Parameter) -> bool:
    return not _coarse(parameter) and not isinstance(parameter, Categorical)


def _coarse(parameter: Parameter) -> TypeGuard[Int | Ordinal]:
    if isinstance(parameter, Int):
        return parameter.high - parameter.low < _FINE
    return isinstance(parameter, Ordinal)
