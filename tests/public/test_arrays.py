"""Tables held as arrays: what they answer, and what they refuse."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hpobench_lab.errors import ContractError, DataError
from hpobench_lab.parameters import Categorical, Float, Int, Ordinal
from hpobench_lab.problem import Objective
from hpobench_lab.space import Space
from hpobench_lab.testbed import Facts
from hpobench_lab.testbeds.public.arrays import ArrayTable, Levels
from hpobench_lab.testbeds.public.grid import grid_codes, grid_numbers
from hpobench_lab.testing import check_testbed
from hpobench_lab.trial import Status, Trials

FACTS = Facts("public/made-up", "made-up", "mlp", citation="these tests", title="random numbers")
LINE = Space({"lr": Float(1e-4, 1.0, log=True), "width": Int(1, 9)})
GRID = Space({"act": Categorical(("relu", "tanh")), "depth": Int(2, 4), "units": Ordinal((8, 16))})
EPOCHS = Levels("epochs", (1, 3, 9), "epoch")
NAN, INF = np.nan, np.inf


def _table(n: int = 60, r: int = 3, **more: Any) -> ArrayTable:
    """Return a listed table of n configurations, r replicates and 3 levels, losses in (0, 1)."""
    rng = np.random.default_rng(7)
    losses = rng.random((n, r, 3))
    arguments: dict[str, Any] = {
        "values": LINE.decode(LINE.uniform(rng, n)),
        "levels": EPOCHS,
        "losses": losses,
        "cost_s": np.cumsum(rng.random((n, r, 3)), axis=2),
        "facts": FACTS,
        "space": LINE,
    }
    return ArrayTable(**(arguments | more))


def _grid(r: int = 1, **more: Any) -> ArrayTable:
    losses = np.random.default_rng(3).random((12, r, 1))
    arguments: dict[str, Any] = {"losses": losses, "cost_s": 5.0, "facts": FACTS, "space": GRID}
    return ArrayTable(**(arguments | more))


def _asked(table: ArrayTable, fidelity: float | None = None, seed: int = 0) -> Trials:
    """Return every configuration of a table, in order."""
    space, candidates = table.problem.space, table.problem.candidates
    if candidates is None:
        values = np.array([grid_codes(space, i) for i in range(len(table.losses))])
    else:
        values = space.decode(candidates)
    top = [f.max for f in table.problem.fidelities]
    trials = Trials.full(space, values, top if fidelity is None else [fidelity])
    return replace(trials, seed=np.full(len(values), seed, dtype=np.uint64))


@pytest.mark.parametrize(
    "make",
    [
        _table,
        _grid,
        lambda: _table(r=1),
        lambda: _grid(r=4),
        lambda: _grid(r=2, stored=[1, 2] * 6),
        lambda: _table(facts=replace(FACTS, chance=0.9)),
        lambda: _table(losses=np.random.default_rng(0).random((60, 3, 3)).astype(np.float32)),
    ],
)
def test_every_form_conforms(make: Callable[[], ArrayTable]) -> None:
    report = check_testbed(make())
    assert report.ok, report.text()


def test_a_grid_is_numbered_with_the_last_parameter_fastest() -> None:
    configs = [
        {"act": act, "depth": depth, "units": units}
        for act in ("relu", "tanh")
        for depth in (2, 3, 4)
        for units in (8, 16)
    ]
    assert grid_numbers(GRID, GRID.values(configs)).tolist() == list(range(12))
    assert GRID.configs(np.array([grid_codes(GRID, i) for i in range(12)])) == configs
    assert _grid().problem.candidates is None


def test_one_training_answers_the_stored_numbers_at_every_level() -> None:
    table = _table(r=1)
    for level, epochs in enumerate((1, 3, 9)):
        out = table.evaluate(_asked(table, epochs))
        assert np.array_equal(out.losses[:, 0], table.losses[:, 0, level, 0])
        assert np.array_equal(out.cost_s, table.cost_s[:, 0, level])


@pytest.mark.parametrize(("asked", "served"), [(1, 1), (2.99, 1), (3, 3), (8.5, 3), (9, 9)])
def test_a_fidelity_between_levels_is_served_as_the_one_below(asked: float, served: float) -> None:
    table = _table()
    one, other = table.evaluate(_asked(table, asked)), table.evaluate(_asked(table, served))
    assert np.array_equal(one.losses, other.losses)
    assert np.array_equal(one.cost_s, other.cost_s)


def test_a_trial_observes_one_stored_replicate_and_all_of_them_come_up() -> None:
    table = _table()
    seen = np.array([table.evaluate(_asked(table, seed=s)).losses[:, 0] for s in range(64)])
    for i in range(60):
        assert set(seen[:, i]) == set(table.losses[i, :, -1, 0])


def test_one_noise_stream_means_one_training_at_every_level() -> None:
    table = _table()
    for seed in range(8):
        rows = [table.evaluate(_asked(table, e, seed)).losses[:, 0] for e in (1, 3, 9)]
        whole = np.array(rows).T
        for i in range(60):
            assert whole[i].tolist() in table.losses[i, :, :, 0].tolist()


def test_only_replicates_that_are_stored_are_observed_and_scored() -> None:
    losses = np.array([[[0.1], [0.3]], [[0.2], [NAN]]])
    space = Space({"a": Ordinal((0, 1))})
    table = ArrayTable(FACTS, space, losses, 1.0, stored=[2, 1])
    for seed in range(16):
        out = table.evaluate(_asked(table, seed=seed))
        assert out.losses[1, 0] == 0.2
        assert out.status[1] == Status.ok
    assert table.score(_asked(table))[:, 0].tolist() == [0.2, 0.2]


def test_the_score_is_the_mean_of_the_replicates_at_full_fidelity() -> None:
    table = _table()
    assert np.allclose(
        table.score(_asked(table, 1))[:, 0], table.losses[:, :, -1, 0].mean(axis=1), rtol=1e-15
    )


def test_optimum_and_reference_are_computed_from_the_scores() -> None:
    table = _table()
    mean = table.losses[:, :, -1, 0].mean(axis=1)
    best = LINE.configs(LINE.decode(table.problem.candidates))[int(mean.argmin())]
    assert table.facts.optimum == pytest.approx(mean.min(), rel=1e-15)
    assert table.facts.optimum_config == best
    assert table.facts.reference == pytest.approx(np.median(table.losses[:, :, -1]), rel=1e-15)
    assert table.facts.stochastic
    assert table.facts.kind == "table"


def test_equal_replicates_are_not_called_stochastic() -> None:
    assert not _table(
        losses=np.repeat(np.random.default_rng(0).random((60, 1, 3)), 3, 1)
    ).facts.stochastic
    assert not _table(r=1).facts.stochastic


def test_a_training_is_diverged_from_its_first_lost_level_on() -> None:
    losses = np.full((60, 1, 3), 0.5)
    losses[0, 0] = (0.4, NAN, NAN)
    losses[1, 0] = (0.4, INF, 0.3)
    losses[2, 0] = NAN
    table = _table(losses=losses, cost_s=np.array([1.0, 2.0, 3.0]))
    status = np.array([table.evaluate(_asked(table, e)).status[:4] for e in (1, 3, 9)]).T
    ok, lost = int(Status.ok), int(Status.diverged)
    assert status.tolist() == [[ok, lost, lost], [ok, lost, lost], [lost] * 3, [ok] * 3]
    assert np.isnan(table.score(_asked(table))[:3, 0]).all()


def test_worse_than_chance_counts_as_diverged_at_full_fidelity_only() -> None:
    losses = np.full((60, 1, 3), 0.5)
    losses[0, 0], losses[1, 0] = (4e34, 4e34, 0.6), (0.6, 0.8, 4e34)
    table = _table(losses=losses, cost_s=1.0, facts=replace(FACTS, chance=0.7))
    status = [table.evaluate(_asked(table, e)).status[:2].tolist() for e in (1, 3, 9)]
    assert status == [[0, 0], [0, 0], [0, int(Status.diverged)]]
    assert table.evaluate(_asked(table, 3)).losses[0, 0] == 4e34
    assert table.score(_asked(table))[:2, 0].tolist() == [0.6, 0.7]
    assert table.facts.reference == 0.5


def test_seconds_are_made_cumulative_and_stay_where_a_training_broke_down() -> None:
    losses = np.full((60, 1, 3), 0.5)
    losses[1, 0, 1:] = NAN
    cost = np.tile([2.0, 1.0, 4.0], (60, 1, 1))
    cost[1, 0, 1:] = NAN
    table = _table(losses=losses, cost_s=cost)
    seconds = np.array([table.evaluate(_asked(table, e)).cost_s[:2] for e in (1, 3, 9)]).T
    assert seconds.tolist() == [[2, 2, 4], [2, 2, 2]]


def test_continuation_is_as_declared_and_none_without_fidelity() -> None:
    assert _table().problem.continuation == "same"
    assert _table(continuation="none").problem.continuation == "none"
    assert _grid().problem.continuation == "none"
    assert _grid().problem.fidelities == ()


def test_several_objectives_are_served_side_by_side() -> None:
    losses = np.random.default_rng(1).random((12, 2, 1, 2))
    two = (Objective("error"), Objective("size", "byte"))
    table = _grid(losses=losses, objectives=two)
    assert table.evaluate(_asked(table)).losses.shape == (12, 2)
    assert np.allclose(table.score(_asked(table)), losses[:, :, 0].mean(axis=1), rtol=1e-15)
    assert table.facts.optimum == pytest.approx(losses[:, :, 0, 0].mean(axis=1).min())


def test_held_out_losses_are_opened_late_and_never_told() -> None:
    opened, test = [], np.random.default_rng(2).random((60, 3, 3)) + 10.0

    def read() -> Any:
        opened.append(True)
        return test

    table = _table(held_out=read)
    trials = _asked(table, 3, seed=5)
    told = table.evaluate(trials).losses[:, 0]
    table.score(trials)
    assert opened == []
    assert (told < 1.0).all()
    sealed = table.held_out(trials)[:, 0]
    replicate = [table.losses[i, :, 1, 0].tolist().index(told[i]) for i in range(60)]
    assert sealed.tolist() == [test[i, k, 1] for i, k in enumerate(replicate)]
    table.held_out(trials)
    assert opened == [True]


def test_a_table_without_held_out_losses_says_so_with_nan() -> None:
    table = _table()
    assert np.isnan(table.held_out(_asked(table))).all()


def test_a_configuration_that_is_not_listed_breaks_the_contract() -> None:
    table = _table()
    trials = Trials.full(LINE, LINE.values([{"lr": 0.5, "width": 1}]), [9.0])
    with pytest.raises(ContractError, match="choose rows of problem"):
        table.evaluate(trials)


def _hole(at: tuple[int, ...], value: float = NAN) -> Any:
    losses = np.full((60, 3, 3), 0.5)
    losses[at] = value
    return losses


def _twice() -> Any:
    values = LINE.decode(LINE.uniform(np.random.default_rng(0), 60))
    values[41] = values[7]
    return values


def _outside() -> Any:
    values = LINE.decode(LINE.uniform(np.random.default_rng(0), 60))
    values[3, 0] = 2.0
    return values


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"losses": _hole((4, 1, 1))}, "NaN inside a curve: configuration 4, replicate 1, level 1"),
        ({"losses": _hole((4, 1, 0))}, "NaN inside a curve: configuration 4, replicate 1, level 0"),
        ({"values": _twice()}, "configurations 7 and 41 are the same"),
        ({"values": _outside()}, "configuration 3 lies outside the space: lr = 2.0"),
        ({"values": np.full((60, 2), NAN)}, "do not fit the space"),
        ({"losses": np.ones((60, 3))}, "losses must be floats of shape"),
        ({"losses": np.ones((60, 3, 3), dtype=object)}, "losses must be floats of shape"),
        ({"losses": np.ones((59, 3, 3))}, "60 configurations, but 59 rows of losses"),
        ({"losses": np.ones((60, 3, 2))}, "2 levels are stored, 3 are named"),
        ({"losses": np.full((60, 3, 3), NAN)}, "no configuration has a finite loss"),
        ({"cost_s": _hole((2, 0, 1), -1.0)}, "configuration 2, replicate 0, level 1 took -1.0 sec"),
        ({"cost_s": _hole((2, 0, 1))}, "configuration 2, replicate 0, level 1 took nan seconds"),
        ({"cost_s": np.ones(7)}, "seconds of shape (7,) do not fit losses of shape (60, 3, 3)"),
        ({"stored": np.zeros(60)}, "every configuration needs 1 to 3 stored replicates"),
        ({"stored": np.full(60, 4)}, "every configuration needs 1 to 3 stored replicates"),
    ],
)
def test_arrays_that_cannot_be_a_table_are_refused(more: dict[str, Any], message: str) -> None:
    arguments = {"cost_s": 1.0} | more
    with pytest.raises(DataError, match=re.escape(message)):
        _table(**arguments)


def test_a_grid_with_too_few_rows_is_refused() -> None:
    with pytest.raises(DataError, match="full grid of the space has 12 configurations, but 11"):
        _grid(losses=np.ones((11, 1, 1)))


def test_a_space_with_real_numbers_is_no_grid() -> None:
    with pytest.raises(DataError, match="no real"):
        ArrayTable(FACTS, LINE, np.ones((9, 1, 1)), 1.0)


@pytest.mark.parametrize("amounts", [(), (3, 1, 9), (1, 1, 9), (0, 1, 2), (1, 2, INF), (1, NAN)])
def test_levels_must_ascend(amounts: tuple[float, ...]) -> None:
    with pytest.raises(DataError, match="strictly ascending"):
        Levels("epochs", amounts)


def test_held_out_losses_of_another_shape_are_refused() -> None:
    table = _table(held_out=lambda: np.ones((60, 3, 2)))
    with pytest.raises(DataError, match="test losses have shape"):
        table.held_out(_asked(table))
