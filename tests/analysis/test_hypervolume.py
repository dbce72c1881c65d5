"""Exact hypervolume against known answers, inclusion and exclusion, and moocore."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from hpobench_lab.analysis.measures.hypervolume import (
    front,
    hypervolume,
    hypervolume_over_time,
    relative_hypervolume,
)


def by_cells(points: np.ndarray, reference: np.ndarray) -> float:
    """Add the volumes of all cells of the points' grid that some point dominates."""
    m = len(reference)
    edges = [np.unique([*points[:, j], reference[j]]) for j in range(m)]
    edges = [e[e <= r] for e, r in zip(edges, reference, strict=True)]
    volume = 0.0
    for cell in itertools.product(*(range(len(e) - 1) for e in edges)):
        corner = np.array([edges[j][c] for j, c in enumerate(cell)])
        sides = [edges[j][c + 1] - edges[j][c] for j, c in enumerate(cell)]
        volume += math.prod(sides) * bool((points <= corner).all(axis=1).any())
    return volume


def test_known_answer() -> None:
    assert hypervolume([[1, 3], [2, 2], [3, 1]], [4, 4]) == 6


@pytest.mark.parametrize("m", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("seed", range(12))
def test_agrees_with_counting_cells_ties_and_duplicates_included(m: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 5, size=(rng.integers(1, 9), m)).astype(float)
    reference = np.full(m, 4.0)
    assert hypervolume(points, reference) == pytest.approx(by_cells(points, reference))


@pytest.mark.parametrize("m", [2, 3, 4, 5])
def test_agrees_with_moocore(m: int) -> None:
    moocore = pytest.importorskip("moocore", reason="the oracle moocore is missing")
    points = np.random.default_rng(m).random((60, m))
    theirs = moocore.hypervolume(points, ref=np.ones(m))
    assert hypervolume(points, np.ones(m)) == pytest.approx(theirs)
    kept = moocore.filter_dominated(points)
    np.testing.assert_allclose(front(points), kept[np.lexsort(kept.T[::-1])])


def test_a_dominated_or_outside_or_broken_point_adds_nothing() -> None:
    base = [[1.0, 3.0], [2.0, 2.0]]
    more = [*base, [3.0, 3.0], [0.0, 4.0], [math.nan, 0.0], [-math.inf, 0.0], base[0]]
    assert hypervolume(more, [4, 4]) == hypervolume(base, [4, 4])
    assert len(front([[math.nan, 1.0]])) == 0


def test_three_objectives_scale_and_do_not_depend_on_order() -> None:
    rng = np.random.default_rng(7)
    points = rng.random((300, 3))
    v = hypervolume(points, [1, 1, 1])
    assert hypervolume(rng.permutation(points), [1, 1, 1]) == pytest.approx(v)
    assert hypervolume(points[:, [2, 0, 1]] * [2, 3, 5], [2, 3, 5]) == pytest.approx(30 * v)


def test_over_time_never_falls_and_ends_at_the_whole() -> None:
    points = np.random.default_rng(0).random((40, 3))
    over = hypervolume_over_time(points, [1, 1, 1])
    assert (np.diff(over) >= -1e-12).all()
    assert over[-1] == pytest.approx(hypervolume(points, [1, 1, 1]))


def test_relative_to_a_stored_front() -> None:
    best = [[1, 3], [2, 2], [3, 1]]
    assert relative_hypervolume(best, [4, 4], best).value == 1
    e = relative_hypervolume([[0, 0], [math.nan, 1]], [4, 4], best)
    assert (e.n, e.excluded, [c.code for c in e.warnings]) == (1, 1, ["front-improved"])
    assert relative_hypervolume([], [4, 4], best).value == 0
    assert relative_hypervolume(best, [0, 0], best).reason


def test_nothing_dominates_nothing_and_wrong_shapes_are_refused() -> None:
    assert hypervolume([], [1, 1]) == 0.0
    with pytest.raises(ValueError, match="do not fit"):
        hypervolume([[1, 2, 3]], [4, 4])
    with pytest.raises(ValueError, match="finite row"):
        hypervolume([[1, 2]], [4, math.inf])
