"""Choose a kernel and its own parameters: a mixed and conditional space with a known optimum.

It has the shape of a support vector machine's search space, where a kernel owns parameters that do
not exist in the others, but is a formula: every term is at least 0 and all of them vanish at one
configuration, the optimum. The linear kernel is a wide, easy basin that ends at .08; the radial
one holds the optimum in a narrow valley of log C against log gamma.

References:
    Constructed here, after the hierarchical spaces of Hutter, Osborne (2013), "A kernel for
    hierarchical parameter spaces", https://arxiv.org/abs/1310.5738
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.parameters import Categorical, Float, Int, Ordinal
from hpobench_lab.problem import Problem
from hpobench_lab.space import Space
from hpobench_lab.testbed import Facts
from hpobench_lab.testbeds.synthetic.function import Function, reference

__all__ = ["kernel_choice", "kernel_choice_loss"]

FloatArray = NDArray[np.float64]

OPTIMUM = 0.0
KERNELS = ("linear", "poly", "rbf")
SPACE = Space(
    {
        "kernel": Categorical(KERNELS),
        "C": Float(1e-3, 1e3, log=True),
        "gamma": Float(1e-5, 10.0, log=True, when={"kernel": ("poly", "rbf")}),
        "degree": Int(2, 6, when={"kernel": "poly"}),
        "coef0": Float(0.0, 1.0, when={"kernel": "poly"}),
        "scaling": Categorical(("none", "minmax", "standard")),
        "features": Int(8, 512, log=True),
        "bits": Ordinal((2, 4, 8, 16)),
    }
)
BEST = {
    "kernel": "rbf",
    "C": 10.0,
    "gamma": 0.01,
    "scaling": "standard",
    "features": 64,
    "bits": 8,
}
_SCALING = np.array([0.10, 0.03, 0.0])
_BITS = np.array([0.12, 0.03, 0.0, 0.01])


def kernel_choice_loss(values: FloatArray) -> FloatArray:
    """Return the loss, shape (n, 8) to (n,): the kernel's own term and three shared ones.

    >>> kernel_choice_loss(SPACE.values([BEST]))
    array([0.])
    """
    kernel, c = values[:, 0], np.log10(values[:, 1])
    gamma, degree, coef0 = np.log10(values[:, 2]), values[:, 3], values[:, 4]
    linear = 0.08 + 0.01 * (c + 1.0) ** 2
    poly = 0.03 + 0.02 * (c + gamma) ** 2 + 0.02 * (degree - 3.0) ** 2 + 0.1 * (coef0 - 0.7) ** 2
    radial = 0.04 * (c - 1.0) ** 2 + 0.15 * (c + gamma + 1.0) ** 2
    own = np.where(kernel == 0, linear, np.where(kernel == 1, poly, radial))
    shared = _SCALING[values[:, 5].astype(np.intp)] + _BITS[values[:, 7].astype(np.intp)]
    octaves = np.log2(values[:, 6]) - 6.0
    return np.asarray(own + shared + 0.005 * (octaves * octaves))


def kernel_choice() -> Function:
    """Return the kernel-choice function: 8 parameters, 3 of them conditional."""
    facts = Facts(
        "synthetic/kernel-choice",
        source="kernel-choice",
        family="synthetic-mixed",
        optimum=OPTIMUM,
        optimum_origin="exact by construction: a sum of terms that are at least 0",
        optimum_config=dict(BEST),
        citation="constructed here, after Hutter, Osborne (2013), https://arxiv.org/abs/1310.5738",
        title="Kernel choice, 8 mixed parameters, 3 of them conditional",
        **reference(0.30246547985428424, SPACE, kernel_choice_loss),
    )
    return Function(Problem(SPACE), facts, kernel_choice_loss)
