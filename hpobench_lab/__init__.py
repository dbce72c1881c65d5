"""Compare hyperparameter optimizers fairly: ``import hpobench_lab as hb``.

Names are resolved on first use, so importing the package imports nothing heavy.

>>> import hpobench_lab as hb
>>> hb.Float(1e-5, 1.0, log=True).low
1e-05
"""

import os as _os
import sys as _sys
from importlib import import_module as _import_module
from types import ModuleType as _ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpobench_lab import errors as errors
    from hpobench_lab.optimizer import Optimizer as Optimizer
    from hpobench_lab.optimizer import optimizer as optimizer
    from hpobench_lab.parameters import Categorical as Categorical
    from hpobench_lab.parameters import Float as Float
    from hpobench_lab.parameters import Int as Int
    from hpobench_lab.parameters import Ordinal as Ordinal
    from hpobench_lab.problem import Budget as Budget
    from hpobench_lab.problem import Fidelity as Fidelity
    from hpobench_lab.problem import Objective as Objective
    from hpobench_lab.problem import Problem as Problem
    from hpobench_lab.protocol import Protocol as Protocol
    from hpobench_lab.results import Results as Results
    from hpobench_lab.results import load as load
    from hpobench_lab.runner import run_study as run
    from hpobench_lab.space import Space as Space
    from hpobench_lab.study import Study as Study
    from hpobench_lab.testbed import Facts as Facts
    from hpobench_lab.testbed import Testbed as Testbed
    from hpobench_lab.testbed import testbed as testbed
    from hpobench_lab.testbeds.training.own.estimator import estimator as estimator
    from hpobench_lab.testing import check_optimizer as check_optimizer
    from hpobench_lab.testing import check_testbed as check_testbed
    from hpobench_lab.trial import Evaluation as Evaluation
    from hpobench_lab.trial import Outcomes as Outcomes
    from hpobench_lab.trial import Status as Status
    from hpobench_lab.trial import Trial as Trial
    from hpobench_lab.trial import Trials as Trials

__version__ = "0.1.0"

_EXPORTS = {
    "Budget": "hpobench_lab.problem:Budget",
    "Categorical": "hpobench_lab.parameters:Categorical",
    "Evaluation": "hpobench_lab.trial:Evaluation",
    "Facts": "hpobench_lab.testbed:Facts",
    "Fidelity": "hpobench_lab.problem:Fidelity",
    "Float": "hpobench_lab.parameters:Float",
    "Int": "hpobench_lab.parameters:Int",
    "Objective": "hpobench_lab.problem:Objective",
    "Optimizer": "hpobench_lab.optimizer:Optimizer",
    "Ordinal": "hpobench_lab.parameters:Ordinal",
    "Outcomes": "hpobench_lab.trial:Outcomes",
    "Problem": "hpobench_lab.problem:Problem",
    "Protocol": "hpobench_lab.protocol:Protocol",
    "Results": "hpobench_lab.results:Results",
    "Space": "hpobench_lab.space:Space",
    "Status": "hpobench_lab.trial:Status",
    "Study": "hpobench_lab.study:Study",
    "Testbed": "hpobench_lab.testbed:Testbed",
    "Trial": "hpobench_lab.trial:Trial",
    "Trials": "hpobench_lab.trial:Trials",
    "check_optimizer": "hpobench_lab.testing:check_optimizer",
    "check_testbed": "hpobench_lab.testing:check_testbed",
    "errors": "hpobench_lab.errors",
    "estimator": "hpobench_lab.testbeds.training.own.estimator:estimator",
    "load": "hpobench_lab.results:load",
    "optimizer": "hpobench_lab.optimizer:optimizer",
    "run": "hpobench_lab.runner:run_study",
    "testbed": "hpobench_lab.testbed:testbed",
}

__all__ = [
    "Budget",
    "Categorical",
    "Evaluation",
    "Facts",
    "Fidelity",
    "Float",
    "Int",
    "Objective",
    "Optimizer",
    "Ordinal",
    "Outcomes",
    "Problem",
    "Protocol",
    "Results",
    "Space",
    "Status",
    "Study",
    "Testbed",
    "Trial",
    "Trials",
    "__version__",
    "check_optimizer",
    "check_testbed",
    "errors",
    "estimator",
    "load",
    "optimizer",
    "run",
    "testbed",
]

_LINKS = ("optimizers", "protocols", "testbeds")
_BROKEN = """\
hpobench_lab: this checkout has no working links: {broken}.
They are symbolic links to the folders of the same name beside hpobench_lab/, and git wrote them
as small text files, or not at all. To repair the checkout at {root}, in that folder:
  Linux, macOS   git config core.symlinks true && git checkout -- hpobench_lab
                 or, without git:  ln -sfn ../NAME hpobench_lab/NAME   for each of them
  Windows        turn on Developer Mode, then the git line above; or, without any rights:
                 del hpobench_lab\\NAME  and  mklink /J hpobench_lab\\NAME NAME   for each of them
An installed wheel has real folders and needs none of this.
"""


def __getattr__(name: str) -> object:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _EXPORTS[name].partition(":")
    value = _import_module(module)
    found = getattr(value, attribute) if attribute else value
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)


class _Package(_ModuleType):
    """Keep ``hb.testbed`` and ``hb.optimizer`` the decorators.

    Importing the submodule of the same name would put the module in their place.
    """

    def __setattr__(self, name: str, value: object) -> None:
        shadowing = isinstance(value, _ModuleType) and ":" in _EXPORTS.get(name, "")
        if not shadowing:
            super().__setattr__(name, value)


def _check_links(package: str) -> None:
    broken = [name for name in _LINKS if not _os.path.isdir(_os.path.join(package, name))]
    if broken:  # an ImportError from deep inside would name the symptom only
        names = ", ".join(f"hpobench_lab/{name}" for name in broken)
        _sys.stderr.write(_BROKEN.format(broken=names, root=_os.path.dirname(package)))
        raise SystemExit(2)


_sys.modules[__name__].__class__ = _Package
_check_links(__path__[0])
