"""What ``collect`` can train: a space, a data set, a fidelity and a way to train."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hpobench_lab.parameters import Categorical, Float, Int, Ordinal
from hpobench_lab.problem import Fidelity
from hpobench_lab.space import Space
from hpobench_lab.testbeds.training.curves import Curves, levels
from hpobench_lab.testbeds.training.data import Dataset

__all__ = ["RECIPES", "Recipe"]

Train = Callable[[Sequence[dict[str, Any]], Dataset, Sequence[int], int], Curves]


@dataclass(frozen=True)
class Recipe:
    """One model family on one data set.

    Args:
        name: ``<data>-<family>``.
        data: Name in ``training.data.DATASETS``.
        family: Model family, a noun of the field.
        title: One line for people.
        space: What is tuned.
        ranges: Where the ranges come from.
        fidelity: What is counted along a curve.
        levels: Where it is measured, ascending.
        train: (configurations, data, levels, seed) -> curves.
        packages: What the curves' numbers depend on, as distributions.
        chunk: Configurations between two durable writes.
        derived: Products that the surrogate sees besides the parameters (``curves.features``).
        version: Changes when the curves change.
    """

    name: str
    data: str
    family: str
    title: str
    space: Space
    ranges: str
    fidelity: Fidelity
    levels: tuple[int, ...]
    train: Train
    packages: tuple[str, ...]
    chunk: int
    derived: tuple[dict[str, float], ...] = ()
    version: int = 1


MLP_SPACE = Space(
    {
        "lr": Float(1e-4, 1.0, log=True),
        "momentum": Float(0.1, 0.99),
        "weight_decay": Float(1e-6, 1e-1, log=True),
        "dropout": Float(0.0, 0.8),
        "layers": Int(1, 3),
        "width": Int(8, 128, log=True),
        "batch": Ordinal((16, 32, 64, 128)),
        "activation": Categorical(("relu", "tanh")),
        "schedule": Categorical(("constant", "cosine")),
    }
)
MLP_RANGES = (
    "LCBench (Zimmer, Lindauer, Hutter 2021, IEEE TPAMI, doi:10.1109/TPAMI.2021.3067763): lr "
    "1e-4..1e-1 log, momentum .1...99, weight decay 1e-5..1e-1, dropout 0..1, units 64..1024, "
    "batch 16..512, 1 to 5 layers; here lr up to 1 and depth 1 to 3 as in HPOBench (Eggensperger "
    "et al. 2021, arXiv:2109.06716), weight decay from 1e-6 on a log scale, dropout up to .8, and "
    "units and batch scaled to 256 to 896 training rows. The cosine schedule ends with the last "
    "epoch."
)
MLP_DERIVED: tuple[dict[str, float], ...] = (
    {"lr": 1, "1-momentum": -1},
    {"lr": 1, "1-momentum": -1, "batch": -1},
    {"lr": 1, "1-momentum": -1, "batch": -1, "epochs": 1},
    {"lr": 1, "1-momentum": -1, "weight_decay": 1},
)
"""Effective learning rate; the same a row; that summed over the training; effective shrinkage."""

XGB_SPACE = Space(
    {
        "eta": Float(1e-3, 1.0, log=True),
        "max_depth": Int(1, 15),
        "min_child_weight": Float(0.1, 30.0, log=True),
        "subsample": Float(0.1, 1.0),
        "colsample_bytree": Float(0.1, 1.0),
        "reg_lambda": Float(1e-3, 1e3, log=True),
        "reg_alpha": Float(1e-3, 10.0, log=True),
        "gamma": Float(1e-3, 10.0, log=True),
        "max_bin": Ordinal((8, 16, 32, 64, 128, 256)),
    }
)
XGB_RANGES = (
    "rbv2_xgboost (Binder, Pfisterer, Bischl 2020; YAHPO Gym, arXiv:2109.03670): eta 1e-4..1, "
    "depth 1..15, min_child_weight e^0..e^5, subsample .1..1, colsample .01..1, lambda and alpha "
    "2^-10..2^10, gamma 2^-10..8; here eta, colsample and lambda as in HPOBench (Eggensperger et "
    "al. 2021, arXiv:2109.06716), min_child_weight and alpha scaled to 256 to 896 training rows, "
    "max_bin added."
)


def _train_mlp(
    configs: Sequence[dict[str, Any]], data: Dataset, at: Sequence[int], seed: int
) -> Curves:
    from hpobench_lab.testbeds.training.mlp import Population, train

    return train(Population.of(configs, seed), data, at)


def _train_xgb(
    configs: Sequence[dict[str, Any]], data: Dataset, at: Sequence[int], seed: int
) -> Curves:
    from hpobench_lab.testbeds.training.xgb import train

    return train(configs, data, at, seed)


def _mlp(data: str, title: str) -> Recipe:
    return Recipe(
        name=f"{data}-mlp",
        data=data,
        family="mlp",
        title=f"Multi-layer perceptron on {title}, 50 epochs of SGD",
        space=MLP_SPACE,
        ranges=MLP_RANGES,
        fidelity=Fidelity("epochs", 1, 50, unit="epoch"),
        levels=levels(50, 20),
        train=_train_mlp,
        packages=("torch", "numpy", "scipy", "scikit-learn"),
        chunk=256,
        derived=MLP_DERIVED,
    )


def _xgb(data: str, title: str) -> Recipe:
    return Recipe(
        name=f"{data}-xgb",
        data=data,
        family="xgboost",
        title=f"XGBoost on {title}, 128 rounds",
        space=XGB_SPACE,
        ranges=XGB_RANGES,
        fidelity=Fidelity("rounds", 1, 128, unit="round"),
        levels=levels(128, 20),
        train=_train_xgb,
        packages=("xgboost", "numpy", "scipy", "scikit-learn"),
        chunk=64,
        derived=({"eta": 1, "rounds": 1},),
    )


RECIPES = {
    recipe.name: recipe
    for recipe in (
        _mlp("digits", "digits"),
        _xgb("digits", "digits"),
        _mlp("breast-cancer", "breast cancer"),
        _xgb("breast-cancer", "breast cancer"),
    )
}
"""Name -> recipe."""
