"""The conformance suite for plug-ins: ``check_optimizer`` and ``check_testbed``.

Both return a ``Report`` of named checks and raise nothing for a plug-in that fails.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from hpobench_lab.conformance.optimizers import Make, OptimizerSuite
from hpobench_lab.conformance.report import Check, Report, checked
from hpobench_lab.conformance.tasks import tasks
from hpobench_lab.conformance.testbeds import TestbedSuite
from hpobench_lab.errors import DataError, HpoBenchError, StudyError
from hpobench_lab.testbed import Testbed

__all__ = ["Check", "Report", "check_optimizer", "check_testbed"]


def check_optimizer(optimizer: str | Callable[..., Any], **params: Any) -> Report:
    """Run the conformance suite on an optimizer.

    Args:
        optimizer: A selector, or a factory called with a problem, a generator and ``params``.
        **params: Keywords of the optimizer.

    Returns:
        The report; the checks run the real engine on small functions.

    >>> check_optimizer("random").ok
    True
    """
    try:
        name, make, supports = _resolved_optimizer(optimizer, params)
    except HpoBenchError as error:
        return Report(str(optimizer), (Check("can be found and bound", "failed", str(error)),))
    suite = OptimizerSuite(make, supports)
    return Report(
        name,
        (
            Check("can be found and bound", "passed"),
            *(
                checked(f"stays inside the space: {space}", partial(suite.stays_inside, space))
                for space in tasks()
            ),
            checked("same seed, same trajectory", suite.same_seed),
            checked("works with four trials pending", suite.pending),
            checked("replays from the middle", suite.replays),
            checked("asks ahead honestly", suite.asks_ahead),
            checked("survives failed evaluations", suite.survives_failures),
            checked("survives equal losses", suite.survives_ties),
            checked("leaves what it is told alone", suite.leaves_alone),
            checked("asks until the budget ends", suite.uses_budget),
        ),
    )


def _resolved_optimizer(
    optimizer: str | Callable[..., Any], params: dict[str, Any]
) -> tuple[str, Make, frozenset[str]]:
    from hpobench_lab import plugins
    from hpobench_lab.optimizer import SUPPORTS
    from hpobench_lab.plugins.binding import bind, keywords

    if isinstance(optimizer, str):
        plugin = plugins.optimizer(optimizer)
        given = dict(plugin.params) | params
        bound = bind(plugin.signature, given).or_raise(plugin.name)
        return plugin.name, lambda p, rng: plugin.factory(p, rng, **bound), plugin.supports
    function = getattr(optimizer, "function", None)
    signature = keywords(function or optimizer, skip=3 if function else 2)
    name = str(getattr(optimizer, "__name__", optimizer))
    bound = bind(signature, params).or_raise(name)
    supports = frozenset(getattr(optimizer, "supports", SUPPORTS))
    return name, lambda p, rng: optimizer(p, rng, **bound), supports


def check_testbed(testbed: str | Testbed, **params: Any) -> Report:
    """Run the conformance suite on a testbed.

    Args:
        testbed: A selector, or a live testbed.
        **params: Keywords of the testbed, with a selector.

    Raises:
        DataError: If files of the testbed are missing or damaged; nothing can be said of it then.
        StudyError: If the selector or a keyword is wrong; what the testbed's own code raises is a
            failed check.

    >>> check_testbed("synthetic/branin").ok
    True
    """
    try:
        if isinstance(testbed, str):
            from hpobench_lab import plugins

            testbed = plugins.testbed(testbed, params)
        suite = TestbedSuite(testbed)
    except (Exception, SystemExit) as error:
        asked_wrongly = isinstance(error, StudyError) and error.__cause__ is None
        if asked_wrongly or isinstance(error, DataError):
            raise
        return Report(str(testbed), (Check("can be opened", "failed", str(error)),))
    return Report(
        testbed.facts.name,
        (
            Check("can be opened", "passed"),
            checked("declares its facts", suite.declares_facts),
            checked("answers in the right shapes", suite.shapes),
            checked("a batch equals row by row", suite.batches),
            checked("the order of rows changes nothing", suite.order),
            checked("leaves what it is given alone", suite.leaves_alone),
            checked("the seed matters only where declared", suite.seeds),
            checked("inactive parameters do no harm", suite.inactive),
            checked("the optimum is attained", suite.optimum_attained),
            checked("the optimum is not beaten", suite.optimum_unbeaten),
            checked("scores what it evaluates", suite.scores),
            checked("cost grows with the fidelity", suite.cost),
            checked("the space's hash is stable", suite.space_hash),
        ),
    )
