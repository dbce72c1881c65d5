"""The model families of the collection: what is tuned, over which ranges, and how it is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hpobench_lab.parameters import Categorical, Float, Int, Ordinal, Parameter
from hpobench_lab.problem import Fidelity
from hpobench_lab.space import Space
from hpobench_lab.testbeds.training import forest, mlp, svm, xgb
from hpobench_lab.testbeds.training.curves import Fit, levels

__all__ = ["FAMILIES", "Family", "widened"]

Derived = tuple[dict[str, float], ...]


@dataclass(frozen=True)
class Family:
    """One model family.

    Args:
        name: Short name, the end of a table's name.
        title: For people.
        parameters: What is tuned.
        classes_only: Names of parameters that exist for classification only.
        regression_only: Names of parameters that exist for regression only.
        wide: Name -> the range ten times as wide at each end that can be widened.
        ranges: Where the ranges come from.
        fidelity: What is counted along a curve.
        levels: Where it is measured, ascending.
        fit: How it is trained.
        packages: What the curves' numbers depend on, as distributions.
        chunk: Configurations between two durable writes.
        derived: Products that the surrogate sees besides the parameters.
        noise: What a replicate varies: ``seed``, or ``split`` for the inner split too.
        peak_memory: What the modelled peak memory counts.
    """

    name: str
    title: str
    parameters: Mapping[str, Parameter]
    wide: Mapping[str, Parameter]
    ranges: str
    fidelity: Fidelity
    levels: tuple[float, ...]
    fit: Fit
    packages: tuple[str, ...]
    chunk: int
    noise: str
    peak_memory: str
    derived: Derived = ()
    classes_only: tuple[str, ...] = ()
    regression_only: tuple[str, ...] = ()

    def space(self, task: str, *, wide: bool = False) -> Space:
        """Return the space of a task, its ranges as they are or wide."""
        absent = self.regression_only if task == "classification" else self.classes_only
        chosen = dict(self.parameters) | (dict(self.wide) if wide else {})
        return Space({name: p for name, p in chosen.items() if name not in absent})


def widened(parameter: Float, low: float = 10.0, high: float = 10.0) -> Float:
    """Return a log-scaled range with ends divided and multiplied.

    >>> widened(Float(1e-4, 1.0, log=True)).low
    1e-05
    """
    ends = (float(f"{parameter.low / low:.12g}"), float(f"{parameter.high * high:.12g}"))
    return replace(parameter, low=ends[0], high=ends[1])


LR = Float(1e-4, 1.0, log=True)
DECAY = Float(1e-6, 1e-1, log=True)
EPOCHS = Fidelity("epochs", 1, 32, unit="epoch")
RATES: Derived = (
    {"lr": 1, "1-momentum": -1},
    {"lr": 1, "1-momentum": -1, "batch": -1},
    {"lr": 1, "1-momentum": -1, "batch": -1, "epochs": 1},
    {"lr": 1, "1-momentum": -1, "weight_decay": 1},
)
"""Effective learning rate; the same a row; that summed over the training; effective shrinkage."""

MLP = Family(
    name="mlp",
    title="Multi-layer perceptron",
    parameters={
        "lr": LR,
        "momentum": Float(0.1, 0.99),
        "weight_decay": DECAY,
        "dropout": Float(0.0, 0.8),
        "layers": Int(1, 3),
        "width": Int(8, 64, log=True),
        "batch": Ordinal((16, 32, 64, 128)),
        "activation": Categorical(("relu", "tanh")),
        "schedule": Categorical(("constant", "cosine")),
    },
    wide={"lr": widened(LR), "weight_decay": widened(DECAY)},
    ranges=(
        "LCBench (Zimmer, Lindauer, Hutter 2021, IEEE TPAMI, doi:10.1109/TPAMI.2021.3067763): lr "
        "1e-4..1e-1 log, momentum .1...99, weight decay 1e-5..1e-1, dropout 0..1, units 64..1024, "
        "batch 16..512, 1 to 5 layers; here lr up to 1 and depth 1 to 3 as in HPOBench "
        "(Eggensperger et al. 2021, arXiv:2109.06716), weight decay from 1e-6 on a log scale, "
        "dropout up to .8, and units and batch scaled to 220 to 1,000 training rows. The cosine "
        "schedule ends with the last epoch."
    ),
    fidelity=EPOCHS,
    levels=levels(32, 20),
    fit=mlp.fit,
    packages=("torch", "numpy", "scipy", "scikit-learn"),
    chunk=256,
    noise="seed",
    peak_memory="training rows, weights, gradients, velocities and one batch's activations",
    derived=RATES,
)

LINEAR = Family(
    name="linear",
    title="Linear model by SGD",
    parameters={
        "lr": LR,
        "momentum": Float(0.1, 0.99),
        "weight_decay": DECAY,
        "batch": Ordinal((16, 32, 64, 128)),
        "schedule": Categorical(("constant", "cosine")),
    },
    wide={"lr": widened(LR), "weight_decay": widened(DECAY)},
    ranges=(
        "HPOBench's logistic regression (Eggensperger et al. 2021, arXiv:2109.06716): alpha and "
        "eta0 1e-5..1 log, at most 1,000 steps; here lr from 1e-4 (wide: 1e-5), weight decay "
        "1e-6..1e-1, with the momentum, batch and schedule of the MLP."
    ),
    fidelity=EPOCHS,
    levels=levels(32, 20),
    fit=mlp.fit,
    packages=("torch", "numpy", "scipy", "scikit-learn"),
    chunk=256,
    noise="split",
    peak_memory="training rows, weights, gradients and velocities",
    derived=RATES,
)

ETA = Float(1e-3, 1.0, log=True)
CHILD = Float(0.1, 30.0, log=True)
LAMBDA = Float(1e-3, 1e3, log=True)
ALPHA = Float(1e-3, 10.0, log=True)
XGB = Family(
    name="xgb",
    title="XGBoost",
    parameters={
        "eta": ETA,
        "max_depth": Int(1, 15),
        "min_child_weight": CHILD,
        "subsample": Float(0.1, 1.0),
        "colsample_bytree": Float(0.1, 1.0),
        "reg_lambda": LAMBDA,
        "reg_alpha": ALPHA,
        "gamma": ALPHA,
        "max_bin": Ordinal((8, 16, 32, 64, 128, 256)),
    },
    wide={
        "eta": widened(ETA, high=1.0),
        "min_child_weight": widened(CHILD),
        "reg_lambda": widened(LAMBDA),
        "reg_alpha": widened(ALPHA),
        "gamma": widened(ALPHA),
    },
    ranges=(
        "rbv2_xgboost (Binder, Pfisterer, Bischl 2020; YAHPO Gym, arXiv:2109.03670): eta 1e-4..1, "
        "depth 1..15, min_child_weight e^0..e^5, subsample .1..1, colsample .01..1, lambda and "
        "alpha 2^-10..2^10, gamma 2^-10..8; here eta, colsample and lambda as in HPOBench "
        "(Eggensperger et al. 2021, arXiv:2109.06716), min_child_weight and alpha scaled to 220 to "
        "1,000 training rows, max_bin added. An eta above 1 is not valid: wide widens downwards."
    ),
    fidelity=Fidelity("rounds", 1, 64, unit="round"),
    levels=levels(64, 20),
    fit=xgb.fit,
    packages=("xgboost", "numpy", "scipy", "scikit-learn"),
    chunk=64,
    noise="split",
    peak_memory="training rows, their bins, gradients and the trees",
    derived=({"eta": 1, "rounds": 1},),
)

FOREST = Family(
    name="rf",
    title="Random forest",
    parameters={
        "max_features": Float(0.02, 1.0),
        "max_samples": Float(0.1, 1.0),
        "min_samples_leaf": Int(1, 64, log=True),
        "max_depth": Int(1, 32, log=True),
        "splitter": Categorical(("best", "random")),
        "criterion": Categorical(("gini", "entropy")),
    },
    wide={},
    ranges=(
        "rbv2_ranger (Binder, Pfisterer, Bischl 2020; YAHPO Gym, arXiv:2109.03670): mtry.ratio "
        "0..1, sample.fraction .1..1, min.node.size 1..100, splitrule gini or extratrees, up to "
        "2,000 trees; here leaves scaled to 220 to 1,000 training rows, depth and entropy added, "
        "64 trees. No wide variant: every range ends where a forest's does."
    ),
    fidelity=Fidelity("trees", 1, 64, unit="tree"),
    levels=levels(64, 16),
    fit=forest.fit,
    packages=("scikit-learn", "numpy", "scipy"),
    chunk=64,
    noise="split",
    peak_memory="training rows, targets and the trees",
    classes_only=("criterion",),
)

C = Float(1e-3, 1e3, log=True)
GAMMA = Float(1e-4, 10.0, log=True, when={"kernel": ("rbf", "poly", "sigmoid")})
SVM = Family(
    name="svm",
    title="Support vector machine",
    parameters={
        "C": C,
        "kernel": Categorical(("rbf", "poly", "sigmoid", "linear")),
        "gamma": GAMMA,
        "degree": Int(2, 5, when={"kernel": "poly"}),
        "coef0": Float(0.0, 1.0, when={"kernel": ("poly", "sigmoid")}),
        "epsilon": Float(1e-3, 1.0, log=True),
    },
    wide={"C": widened(C), "gamma": widened(GAMMA)},
    ranges=(
        "rbv2_svm (Binder, Pfisterer, Bischl 2020; YAHPO Gym, arXiv:2109.03670): cost and gamma "
        "2^-10..2^10 log, degree 2..5, kernels linear, polynomial and radial; here gamma to 10 for "
        "standardised features, the sigmoid kernel and coef0 added, epsilon for regression."
    ),
    fidelity=Fidelity("share", 0.0625, 1.0, unit="of the training rows"),
    levels=(0.0625, 0.125, 0.25, 0.5, 1.0),
    fit=svm.fit,
    packages=("scikit-learn", "numpy", "scipy"),
    chunk=64,
    noise="split",
    peak_memory="training rows, support vectors and the solver's cache of 50 MB",
    regression_only=("epsilon",),
)

FAMILIES = {family.name: family for family in (MLP, XGB, FOREST, SVM, LINEAR)}
"""Name -> family."""
