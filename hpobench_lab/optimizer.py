"""The contract of an optimizer, and the decorator that makes one of a plain function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Protocol, overload

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.problem import Problem
from hpobench_lab.space import Config
from hpobench_lab.trial import Evaluation, Trial

__all__ = ["SUPPORTS", "FunctionOptimizer", "FunctionRun", "History", "Optimizer", "optimizer"]

FloatArray = NDArray[np.float64]
Asked = Trial | Config | None

SUPPORTS = frozenset({"float", "int", "categorical", "conditional", "parallel"})
"""What a plug-in is taken to support when it declares nothing."""


class Optimizer(Protocol):
    """Ask for trials and be told what came of them.

    Its constructor is ``__init__(problem, rng, *, keywords)``, and all its randomness comes from
    ``rng``. Optional: the class attributes ``supports``, ``version`` and ``needs``, and
    ``ahead() -> int``: how many further asks return the same whether or not pending trials are
    told first.
    """

    def ask(self) -> Asked:
        """Return a configuration, a Trial, or None to wait for the next tell."""
        ...

    def tell(self, evaluation: Evaluation, /) -> None:
        """Learn from one finished trial."""
        ...


class History(Sequence[Evaluation]):
    """Read what was told so far, in that order; made for functions marked ``@optimizer``.

    ``x`` (n, d), ``loss`` (n,), ``losses`` (n, m) and ``fidelity`` (n,) are read-only views, NaN
    where there is nothing; ``pending`` are the trials asked and not told yet.
    """

    def __init__(self, problem: Problem) -> None:
        self._told: list[Evaluation] = []
        self._pending: list[Trial] = []
        self._x = np.empty((16, problem.space.dimension))
        self._losses = np.empty((16, len(problem.objectives)))
        self._fidelity = np.full(16, np.nan)
        self._first = problem.fidelity.name if problem.fidelity else ""

    def _asked(self, trial: Trial) -> None:
        self._pending.append(trial)

    def _append(self, evaluation: Evaluation) -> None:
        n = len(self._told)
        if n == len(self._x):
            self._x = np.concatenate([self._x, np.empty_like(self._x)])
            self._losses = np.concatenate([self._losses, np.empty_like(self._losses)])
            self._fidelity = np.concatenate([self._fidelity, np.full(n, np.nan)])
        self._x[n], self._losses[n] = evaluation.x, evaluation.losses
        level = evaluation.fidelity
        if level is not None:
            self._fidelity[n] = level[self._first] if isinstance(level, dict) else level
        self._told.append(evaluation)
        self._pending = [trial for trial in self._pending if trial.id != evaluation.id]

    def __len__(self) -> int:
        return len(self._told)

    @overload
    def __getitem__(self, index: int) -> Evaluation: ...
    @overload
    def __getitem__(self, index: slice) -> list[Evaluation]: ...
    def __getitem__(self, index: int | slice) -> Evaluation | list[Evaluation]:
        return self._told[index]

    def __iter__(self) -> Iterator[Evaluation]:
        return iter(self._told)

    @property
    def x(self) -> FloatArray:
        """Return the canonical unit rows, shape (n, d)."""
        return _frozen(self._x[: len(self)])

    @property
    def losses(self) -> FloatArray:
        """Return all losses, shape (n, m); NaN unless ok."""
        return _frozen(self._losses[: len(self)])

    @property
    def loss(self) -> FloatArray:
        """Return the first losses, shape (n,); NaN unless ok."""
        return _frozen(self._losses[: len(self), 0])

    @property
    def fidelity(self) -> FloatArray:
        """Return the first fidelity, shape (n,); NaN on a problem without one."""
        return _frozen(self._fidelity[: len(self)])

    @property
    def pending(self) -> tuple[Trial, ...]:
        """Return the trials that were asked and not told yet, in the order asked."""
        return tuple(self._pending)


def _frozen(view: FloatArray) -> FloatArray:
    view.flags.writeable = False
    return view


class FunctionRun:
    """Run a function as an optimizer: it is called once an ask with the history so far."""

    def __init__(
        self,
        function: Callable[..., Any],
        problem: Problem,
        rng: np.random.Generator,
        keywords: dict[str, Any],
    ) -> None:
        self.history = History(problem)
        self._ask = partial(function, self.history, problem, rng, **keywords)

    def ask(self) -> Any:
        """Return what the function asks for; what is no configuration passes as it is."""
        asked = self._ask()
        trial = Trial(asked) if isinstance(asked, dict) else asked
        if isinstance(trial, Trial):
            self.history._asked(trial)
        return trial

    def tell(self, evaluation: Evaluation) -> None:
        """Append to the history."""
        self.history._append(evaluation)


class FunctionOptimizer:
    """Make optimizers of a function; what ``@optimizer`` returns.

    Calling it with a problem, a generator and keywords makes the optimizer of one run.
    """

    def __init__(self, function: Callable[..., Any], supports: frozenset[str] = SUPPORTS) -> None:
        self.function, self.supports = function, supports
        self.__doc__, self.__name__ = function.__doc__, function.__name__
        self.__module__ = function.__module__

    def __call__(self, problem: Problem, rng: np.random.Generator, **keywords: Any) -> FunctionRun:
        """Return the optimizer of one run."""
        return FunctionRun(self.function, problem, rng, keywords)


def _marked(function: Callable[..., Any], supports: frozenset[str]) -> FunctionOptimizer:
    first = list(inspect.signature(function).parameters.values())[:3]
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    if len(first) < 3 or any(p.kind not in kinds for p in first):
        raise ValueError(
            f"optimizer {function.__name__!r} must take (history, problem, rng, *, keywords), "
            f"got {inspect.signature(function)}"
        )
    return FunctionOptimizer(function, supports)


@overload
def optimizer(function: Callable[..., Any], /) -> FunctionOptimizer: ...
@overload
def optimizer(
    *, supports: Iterable[str] = SUPPORTS
) -> Callable[[Callable[..., Any]], FunctionOptimizer]: ...
def optimizer(
    function: Callable[..., Any] | None = None, /, *, supports: Iterable[str] = SUPPORTS
) -> FunctionOptimizer | Callable[[Callable[..., Any]], FunctionOptimizer]:
    """Make an optimizer of a function ``f(history, problem, rng, *, keywords)``.

    Args:
        function: Returns a configuration, a ``Trial`` or None to wait.
        supports: Capabilities; the default is ``SUPPORTS``.

    Raises:
        ValueError: If the function does not take the three arguments.

    >>> @optimizer
    ... def local(history, problem, rng, *, step=0.1):
    ...     if not len(history):
    ...         return problem.space.sample(rng)
    ...     best = history.x[np.nanargmin(history.loss)]
    ...     return Trial(x=np.clip(best + step * rng.standard_normal(best.shape), 0, 1))
    >>> sorted(local.supports)
    ['categorical', 'conditional', 'float', 'int', 'parallel']
    """
    wanted = frozenset(supports)
    if function is not None:
        return _marked(function, wanted)
    return lambda function: _marked(function, wanted)
