"""What YAHPO Gym's files do not say: the order of a model's inputs and outputs, by scenario.

``config_space.json`` lists parameters in an order of its own and names no output, so these facts
are carried over from the Python configuration of the package yahpo-gym 1.0.2 (PyPI, Apache-2.0;
modules ``yahpo_gym.benchmarks.{lcbench,nb301,rbv2,iaml,fcnet,taskset}``): which columns a model
takes, in which order; which column names the instance; which are fidelities; what comes out.

Differences, each a known mistake or trap upstream:

* rbv2's ``f1`` is marked as a loss there. It is a score, and 0 on data sets of several classes.
* TaskSet has six directions there for four outputs. All four are losses.
* lcbench's epoch 1 is the untrained network and epoch 52 repeats epoch 51: served are 2 to 51 as
  1 to 50.
* fcnet's ``replication`` (the training seed) is a hyperparameter there, a fidelity here.
* ``fcnet`` and ``task_set`` are described in the package, but not among those it releases: they
  open, and no golden value vouches for them. ``fair_*`` and ``pd1`` are known to no release, and
  the repository names different outputs of equal number at different times: they do not open.

References:
    Pfisterer, Schneider, Moosbauer, Binder, Bischl (2022), YAHPO Gym - An Efficient Multi-Objective
    Multi-Fidelity Benchmark for Hyperparameter Optimization, AutoML Conf, arXiv:2109.03670.
    Zimmer, Lindauer, Hutter (2021), Auto-PyTorch, IEEE TPAMI 43(9) (lcbench).
    Siems et al. (2020), NAS-Bench-301, arXiv:2008.09777 (nb301).
    Binder, Pfisterer, Bischl (2020), Collecting Empirical Data About Hyperparameters for Data
    Driven AutoML, AutoML workshop at ICML (rbv2).
    Klein, Hutter (2019), Tabular Benchmarks, arXiv:1905.04970 (fcnet).
    Metz et al. (2020), TaskSet, arXiv:2002.11887 (task_set).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hpobench_lab.errors import UnknownName, suggestion
from hpobench_lab.testbeds.public.openml import source_of_data, source_of_task
from hpobench_lab.testbeds.public.places import source

__all__ = ["GYM", "SCENARIOS", "Scenario", "data_set", "scenario"]

GYM = "Pfisterer et al. (2022), YAHPO Gym, AutoML Conf, https://arxiv.org/abs/2109.03670"


@dataclass(frozen=True)
class Scenario:
    """Describe the model of one scenario.

    Args:
        name: Also that of its folder.
        family: Learner.
        outputs: Columns that come out, in order.
        maximised: Outputs that are scores; all others are losses.
        categorical: Columns of ``x_cat``, in order.
        continuous: Columns of ``x_cont``, in order.
        instance: The column that names the data set, or "" where the model knows only one.
        fidelities: The first is the resource; the others are fixed at their maximum unless asked.
        target: The loss that is served by default.
        runtime: Output of seconds, or "" where there is none.
        cumulative: Whether the resource continues a training (epochs) rather than starts another.
        served: Smallest and largest level of the resource that are meaningful; None = all.
        test: Objective -> the output with its held-out value; those are never objectives.
        instances: Where no column names them.
        units: Output -> unit.
        source: Citation of the data beside the surrogate's own.
        released: Whether yahpo-gym 1.0.2 lists the scenario.
    """

    name: str
    family: str
    outputs: tuple[str, ...]
    maximised: frozenset[str]
    categorical: tuple[str, ...]
    continuous: tuple[str, ...]
    instance: str
    fidelities: tuple[str, ...]
    target: str
    runtime: str
    cumulative: bool = False
    served: tuple[int, int] | None = None
    test: Mapping[str, str] = field(default_factory=dict)
    instances: tuple[str, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    released: bool = True

    @property
    def inputs(self) -> tuple[str, ...]:
        """Return the columns of both inputs."""
        return self.categorical + self.continuous

    @property
    def objectives(self) -> tuple[str, ...]:
        """Return the outputs that may be optimised: all but held-out values."""
        return tuple(name for name in self.outputs if name not in self.test.values())


def _with(prefix: str, names: str) -> str:
    return " ".join(f"{prefix}.{name}" for name in names.split())


# --- rbv2_* and iaml_*: random configurations of learners of the R package mlr -----------------

_TREE = "cp maxdepth minbucket minsplit"
_SVM = "cost gamma tolerance degree"
_KNN = "k M ef ef_construction"
_BOOSTING = (
    "nrounds eta gamma lambda alpha subsample max_depth min_child_weight colsample_bytree "
    "colsample_bylevel rate_drop skip_drop"
)


def _forest(tries: str) -> str:
    return f"num.trees sample.fraction {tries} min.node.size num.random.splits"


def _rbv2(learner: str, family: str, categorical: str, continuous: str) -> Scenario:
    return Scenario(
        f"rbv2_{learner}",
        family,
        outputs=tuple("acc bac auc brier f1 logloss timetrain timepredict memory".split()),
        maximised=frozenset(("acc", "bac", "auc", "f1")),
        categorical=("task_id", *categorical.split(), "num.impute.selected.cpo"),
        continuous=(*continuous.split(), "trainsize", "repl"),
        instance="task_id",
        fidelities=("trainsize", "repl"),
        target="acc",
        runtime="timetrain",
        units={"logloss": "nats", "timetrain": "s", "timepredict": "s"},
        source="Binder, Pfisterer, Bischl (2020), AutoML workshop at ICML",
    )


def _iaml(learner: str, family: str, categorical: str, continuous: str) -> Scenario:
    measured = "ramtrain rammodel rampredict timetrain timepredict"
    return Scenario(
        f"iaml_{learner}",
        family,
        outputs=tuple(f"mmce f1 auc logloss {measured} mec ias nf".split()),
        maximised=frozenset(("f1", "auc")),
        categorical=("task_id", *categorical.split()),
        continuous=(*continuous.split(), "trainsize"),
        instance="task_id",
        fidelities=("trainsize",),
        target="mmce",
        runtime="timetrain",
        units={"logloss": "nats", "timetrain": "s", "timepredict": "s", "nf": "features"},
    )


_SPLITS = "respect.unordered.factors splitrule"
_RBV2 = (
    _rbv2("svm", "svm", "kernel", _SVM),
    _rbv2("ranger", "rf", _SPLITS, _forest("mtry.power")),
    _rbv2("rpart", "tree", "", _TREE),
    _rbv2("glmnet", "linear", "", "alpha s"),
    _rbv2("xgboost", "xgb", "booster", _BOOSTING),
    _rbv2("aknn", "knn", "distance", _KNN),
    _rbv2(
        "super",
        "cash",
        f"learner_id svm.kernel {_with('ranger', _SPLITS)} aknn.distance xgboost.booster",
        " ".join(
            (
                _with("svm", _SVM),
                _with("glmnet", "alpha s"),
                _with("rpart", _TREE),
                _with("ranger", _forest("mtry.power")),
                _with("aknn", _KNN),
                _with("xgboost", _BOOSTING),
            )
        ),
    ),
)
_IAML = (
    _iaml("ranger", "rf", f"replace {_SPLITS}", _forest("mtry.ratio")),
    _iaml("rpart", "tree", "", _TREE),
    _iaml("glmnet", "linear", "", "alpha s"),
    _iaml("xgboost", "xgb", "booster", _BOOSTING),
    _iaml(
        "super",
        "cash",
        f"learner {_with('ranger', f'replace {_SPLITS}')} xgboost.booster",
        " ".join(
            (
                _with("ranger", _forest("mtry.ratio")),
                _with("rpart", _TREE),
                _with("glmnet", "alpha s"),
                _with("xgboost", _BOOSTING),
            )
        ),
    ),
)

# --- networks: epochs as fidelity --------------------------------------------------------------

_LCBENCH = Scenario(
    "lcbench",
    "mlp",
    outputs=(
        "time",
        "val_accuracy",
        "val_cross_entropy",
        "val_balanced_accuracy",
        "test_cross_entropy",
        "test_balanced_accuracy",
    ),
    maximised=frozenset(("val_accuracy", "val_balanced_accuracy", "test_balanced_accuracy")),
    categorical=("OpenML_task_id",),
    continuous=tuple(
        "epoch batch_size learning_rate momentum weight_decay num_layers max_units "
        "max_dropout".split()
    ),
    instance="OpenML_task_id",
    fidelities=("epoch",),
    target="val_cross_entropy",
    runtime="time",
    cumulative=True,
    served=(2, 51),
    test={
        "val_cross_entropy": "test_cross_entropy",
        "val_balanced_accuracy": "test_balanced_accuracy",
    },
    units={"time": "s", "val_accuracy": "%", "val_cross_entropy": "nats"},
    source="Zimmer, Lindauer, Hutter (2021), IEEE TPAMI 43(9)",
)


def _darts(kind: str, cells: range) -> list[str]:
    stem = "NetworkSelectorDatasetInfo_COLON_darts_COLON_"
    return [f"{stem}{kind}_{cell}_{i}" for cell in ("normal", "reduce") for i in cells]


_NB301 = Scenario(
    "nb301",
    "cnn",
    outputs=("val_accuracy", "runtime"),
    maximised=frozenset(("val_accuracy",)),
    categorical=(*_darts("edge", range(14)), *_darts("inputs_node", range(3, 6))),
    continuous=("epoch",),
    instance="",
    fidelities=("epoch",),
    target="val_accuracy",
    runtime="runtime",
    cumulative=True,
    instances=("CIFAR10",),
    units={"val_accuracy": "%", "runtime": "s"},
    source="Siems et al. (2020), https://arxiv.org/abs/2008.09777",
)
_FCNET = Scenario(
    "fcnet",
    "mlp",
    outputs=("valid_loss", "valid_mse", "runtime", "n_params"),
    maximised=frozenset(),
    categorical=("task", "activation_fn_1", "activation_fn_2", "lr_schedule"),
    continuous=tuple(
        "epoch replication batch_size dropout_1 dropout_2 init_lr n_units_1 n_units_2".split()
    ),
    instance="task",
    fidelities=("epoch", "replication"),
    target="valid_loss",
    runtime="runtime",
    cumulative=True,
    units={"runtime": "s"},
    source="Klein, Hutter (2019), https://arxiv.org/abs/1905.04970",
    released=False,
)
_TASK_SET = Scenario(
    "task_set",
    "optimizer",
    outputs=("train", "valid1", "valid2", "test"),
    maximised=frozenset(),
    categorical=("task_name", "optimizer"),
    continuous=tuple(
        "epoch replication learning_rate beta1 beta2 epsilon l1 l2 linear_decay "
        "exponential_decay".split()
    ),
    instance="task_name",
    fidelities=("epoch", "replication"),
    target="valid1",
    runtime="",
    cumulative=True,
    test={"valid1": "test", "valid2": "test"},
    source="Metz et al. (2020), https://arxiv.org/abs/2002.11887",
    released=False,
)

SCENARIOS: Mapping[str, Scenario] = {
    s.name: s for s in (_LCBENCH, *_RBV2, *_IAML, _NB301, _FCNET, _TASK_SET)
}
"""Every scenario that opens, by name."""

_NOT_RELEASED = ("fair_fgrrm", "fair_ranger", "fair_rpart", "fair_super", "fair_xgboost", "pd1")


def scenario(name: str) -> Scenario:
    """Return the facts of a scenario.

    Raises:
        UnknownName: If no release of yahpo-gym describes it.

    >>> scenario("rbv2_svm").continuous
    ('cost', 'gamma', 'tolerance', 'degree', 'trainsize', 'repl')
    """
    if name in SCENARIOS:
        return SCENARIOS[name]
    if name in _NOT_RELEASED:
        raise UnknownName(
            f"the YAHPO scenario {name!r} is not released: yahpo-gym 1.0.2 does not state the "
            f"order of its inputs and outputs. Those that open: {', '.join(SCENARIOS)}"
        )
    hint = suggestion(name, SCENARIOS) or f" Known: {', '.join(SCENARIOS)}."
    raise UnknownName(f"unknown YAHPO scenario {name!r}.{hint}")


def data_set(facts: Scenario, instance: str) -> str:
    """Return the data set behind an instance, the same for every benchmark that uses it.

    lcbench's instances are OpenML tasks, those of rbv2 and iaml are OpenML data sets (documentation
    of yahpo-gym, "Frequently Asked Questions").

    >>> data_set(SCENARIOS["lcbench"], "189906"), data_set(SCENARIOS["rbv2_svm"], "40984")
    ('segment', 'segment')
    """
    if facts.instance == "OpenML_task_id":
        return source_of_task(instance)
    return source_of_data(instance) if facts.instance == "task_id" else source(instance)
