"""The population of perceptrons: equal to a plain loop, and independent of company."""

from typing import Any

import numpy as np
import pytest

from hpobench_lab.testbeds.training.curves import record
from hpobench_lab.testbeds.training.data import Dataset, load
from hpobench_lab.testbeds.training.design import sobol_values
from hpobench_lab.testbeds.training.mlp import Group, Population, fit
from hpobench_lab.testbeds.training.recipes import RECIPES

torch = pytest.importorskip("torch")
LEVELS = (1, 2, 3)


def _configs(n: int, table: str = "breast-cancer-mlp") -> list[dict[str, Any]]:
    space = RECIPES[table].space
    return space.configs(sobol_values(space, n, 5))


def _train(configs: list[dict[str, Any]], data: Dataset, seed: int = 0) -> dict[str, Any]:
    """Return the columns that are not measured by a clock."""
    table = record(fit(configs, data, LEVELS, seed), data, len(configs), len(LEVELS))
    return {name: column for name, column in table.items() if not name.endswith("_s")}


def _plain_loop(config: dict[str, Any], data: Dataset, epochs: int, last: int) -> Any:
    """Train one network of its own width with torch.nn and torch.optim; return its logits.

    Only the initial weights, the data order and the dropout masks are taken from the population.
    """
    group = Group(Population.of([config]), data, last)
    width = config["width"]
    layers: list[Any] = []
    for w, b in zip(group.w, group.b, strict=True):
        linear = torch.nn.Linear(w.shape[1], w.shape[2])
        i = w.shape[1] if not layers else width
        o = data.classes if len(layers) == len(group.w) - 1 else width
        linear.weight = torch.nn.Parameter(w[0, :i, :o].T.clone())
        linear.bias = torch.nn.Parameter(b[0, 0, :o].clone())
        layers.append(linear)
    act = torch.relu if config["activation"] == "relu" else torch.tanh
    optimizer = torch.optim.SGD(
        [p for layer in layers for p in layer.parameters()],
        lr=config["lr"],
        momentum=config["momentum"],
        weight_decay=config["weight_decay"],
    )
    x, y = torch.tensor(data.x), torch.tensor(data.y)
    steps: list[tuple[Any, int]] = []
    group._step = lambda order, step: steps.append((order[0], step))  # type: ignore[method-assign]
    for epoch in range(epochs):
        group.epoch(epoch)
    total = last * (data.sizes[0] // config["batch"])
    for order, step in steps:
        cosine = 0.5 + 0.5 * np.cos(np.pi * step / total)
        optimizer.param_groups[0]["lr"] = config["lr"] * (
            cosine if config["schedule"] == "cosine" else 1.0
        )
        a = x[order]
        for i, layer in enumerate(layers[:-1]):
            a = act(layer(a)) * group._dropout(step, i, group.shapes[i][1])[0, :, :width]
        if data.task == "regression":
            loss = 0.5 * ((layers[-1](a)[:, 0] - y[order]) ** 2).mean()
        else:
            loss = torch.nn.functional.cross_entropy(layers[-1](a), y[order])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        a = x
        for layer in layers[:-1]:
            a = act(layer(a))
        return layers[-1](a)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("layers", [1, 3])
def test_a_member_equals_a_plain_loop_of_torch_optim(activation: str, layers: int) -> None:
    data = load("breast-cancer")
    config = {
        "lr": 0.05,
        "momentum": 0.9,
        "weight_decay": 1e-3,
        "dropout": 0.3,
        "layers": layers,
        "width": 20,
        "batch": 64,
        "activation": activation,
        "schedule": "cosine",
    }
    other = config | {"activation": "tanh", "lr": 0.5, "width": 31, "dropout": 0.0}
    expected = _plain_loop(config, data, 2, 4)
    group = Group(Population.of([config, other]), data, 4)
    group.epoch(0)
    group.epoch(1)
    torch.testing.assert_close(group.logits()[0], expected, rtol=1e-4, atol=1e-5)


def test_a_regression_member_equals_a_plain_loop_of_torch_optim() -> None:
    data = load("diabetes")
    config = _configs(1)[0] | {"lr": 0.02, "momentum": 0.8, "batch": 32, "width": 20}
    expected = _plain_loop(config, data, 2, 4)
    group = Group(Population.of([config, config | {"width": 31}]), data, 4)
    group.epoch(0)
    group.epoch(1)
    torch.testing.assert_close(group.logits()[0], expected, rtol=1e-4, atol=1e-5)


def test_a_linear_member_equals_a_plain_loop_of_torch_optim() -> None:
    data = load("breast-cancer")
    config = {"lr": 0.1, "momentum": 0.9, "weight_decay": 1e-2, "batch": 32, "schedule": "cosine"}
    linear = {"layers": 0, "width": 1, "dropout": 0.0, "activation": "relu"}
    expected = _plain_loop(config | linear, data, 2, 4)
    group = Group(Population.of([config, config | {"lr": 0.5}]), data, 4)
    group.epoch(0)
    group.epoch(1)
    torch.testing.assert_close(group.logits()[0], expected, rtol=1e-4, atol=1e-5)


def test_the_size_is_that_of_the_weights() -> None:
    data = load("breast-cancer")
    member = Population.of([_configs(1)[0] | {"layers": 2, "width": 20}])
    weights = 30 * 20 + 20 + 20 * 20 + 20 + 20 * 2 + 2
    assert Group(member, data, 1).bytes()[0].tolist() == [4.0 * weights]


@pytest.mark.parametrize(
    ("data", "table"),
    [
        ("breast-cancer", "breast-cancer-mlp"),
        ("diabetes", "diabetes-mlp"),
        ("diabetes", "diabetes-linear"),
        ("loans", "loans-linear"),
    ],
)
def test_a_curve_does_not_depend_on_the_company(data: str, table: str) -> None:
    configs = _configs(48, table)
    together = _train(configs, load(data))
    for rows in ([0], [47, 3], list(range(47, 15, -1))):
        apart = _train([configs[i] for i in rows], load(data))
        for name, column in apart.items():
            np.testing.assert_array_equal(column, together[name][rows], err_msg=name)


def test_a_member_that_diverges_leaves_the_others_alone() -> None:
    data = load("breast-cancer")
    good = _configs(1)[0] | {"lr": 0.01, "activation": "relu"}
    alone = _train([good], data)
    beside = _train([good, good | {"lr": 1e30}], data)
    np.testing.assert_array_equal(beside["valid_loss"][0], alone["valid_loss"][0])
    assert not np.isfinite(beside["valid_loss"][1]).any()
    assert np.isnan(beside["test_error"][1]).all()


def test_another_seed_gives_another_curve() -> None:
    data, configs = load("breast-cancer"), _configs(1)
    a, b = (_train(configs, data, seed) for seed in (0, 1))
    assert not np.array_equal(a["valid_loss"], b["valid_loss"])


def test_training_leaves_the_settings_of_torch_alone() -> None:
    threads = torch.get_num_threads()
    _train(_configs(1), load("breast-cancer"))
    assert torch.get_num_threads() == threads
