"""The population of perceptrons: equal to a plain loop, and independent of company."""

from typing import Any

import numpy as np
import pytest

from hpobench_lab.testbeds.training.curves import COLUMNS, TEST_COLUMNS
from hpobench_lab.testbeds.training.data import Dataset, load
from hpobench_lab.testbeds.training.mlp import Group, Population, train
from hpobench_lab.testbeds.training.parts import sobol_values
from hpobench_lab.testbeds.training.recipes import RECIPES

torch = pytest.importorskip("torch")
LEVELS = (1, 2, 3)
MEASURED = [name for name in COLUMNS + TEST_COLUMNS if not name.endswith("_s")]


def _configs(n: int) -> list[dict[str, Any]]:
    recipe = RECIPES["breast-cancer-mlp"]
    return recipe.space.configs(sobol_values(recipe, n, 5))


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
        o = w.shape[2] if len(layers) == len(group.w) - 1 else width
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


def test_a_curve_does_not_depend_on_the_company() -> None:
    data, configs = load("breast-cancer"), _configs(48)
    together = train(Population.of(configs), data, LEVELS)
    for rows in ([0], [47, 3], list(range(47, 15, -1))):
        apart = train(Population.of([configs[i] for i in rows]), data, LEVELS)
        for name in MEASURED:
            np.testing.assert_array_equal(apart[name], together[name][rows], err_msg=name)


def test_a_member_that_diverges_leaves_the_others_alone() -> None:
    data = load("breast-cancer")
    good = _configs(1)[0] | {"lr": 0.01, "activation": "relu"}
    alone = train(Population.of([good]), data, LEVELS)
    beside = train(Population.of([good, good | {"lr": 1e30}]), data, LEVELS)
    np.testing.assert_array_equal(beside["valid_cross_entropy"][0], alone["valid_cross_entropy"][0])
    assert np.isnan(beside["valid_cross_entropy"][1]).all()
    assert np.isnan(beside["test_error"][1]).all()


def test_another_seed_gives_another_curve() -> None:
    data, configs = load("breast-cancer"), _configs(1)
    a, b = (train(Population.of(configs, seed), data, LEVELS) for seed in (0, 1))
    assert not np.array_equal(a["valid_cross_entropy"], b["valid_cross_entropy"])


def test_training_leaves_the_settings_of_torch_alone() -> None:
    threads = torch.get_num_threads()
    train(Population.of(_configs(1)), load("breast-cancer"), (1,))
    assert torch.get_num_threads() == threads
