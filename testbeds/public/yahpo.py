"""YAHPO Gym's surrogates as testbeds ``yahpo/<scenario>/<instance>``, without its package.

A surrogate is a network that predicts what training a learner on a data set would give. Nobody
published how well, per data set: ``facts.quality`` is empty, and small differences mean nothing.

* The first fidelity of a scenario is served. A second one (rbv2's repetition) stays at its maximum
  unless ``fidelities="all"``. Epochs are whole: an asked 7.3 counts as 7.
* ``cost_s`` is the running maximum over the whole curve of a configuration of the predicted
  seconds, which do not always rise: over all epochs up to the asked one, or over 17 training sizes,
  linear between them. The objectives are what the network says, as it is.
* Scores are negated. Of lcbench's and task_set's outputs the test values are held out: no
  objective, ``held_out`` returns them.
* ``facts.optimum`` is None: the best values in YAHPO's files come from random search, so that
  regret against them can be negative.

References:
    Pfisterer, Schneider, Moosbauer, Binder, Bischl (2022), YAHPO Gym - An Efficient Multi-Objective
    Multi-Fidelity Benchmark for Hyperparameter Optimization, AutoML Conf, arXiv:2109.03670.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from hpobench_lab.errors import DataError, StudyError, UnknownName, suggestion
from hpobench_lab.testbed import Testbed
from hpobench_lab.testbeds.public.instances import nearest
from hpobench_lab.testbeds.public.places import places
from hpobench_lab.testbeds.public.yahpo_model import choices, read_encoding, read_network
from hpobench_lab.testbeds.public.yahpo_scenarios import SCENARIOS, Scenario, scenario
from hpobench_lab.testbeds.public.yahpo_space import read_declared
from hpobench_lab.testbeds.public.yahpo_testbed import Yahpo

__all__ = ["instances", "open_instance"]


def instances(folder: Path) -> list[str]:
    """Return ``<scenario>/<instance>`` of everything that lies in a folder.

    Args:
        folder: Holds the scenarios' folders, itself or one level below.

    Raises:
        DataError: If a ``config_space.json`` or ``encoding.json`` is damaged.
    """
    found: list[str] = []
    for place in places(folder):
        for name, facts in SCENARIOS.items():
            if (place / name / "config_space.json").is_file():
                found += [f"{name}/{i}" for i in _of(place / name, facts)]
    return list(dict.fromkeys(found))


def _of(place: Path, facts: Scenario) -> list[str]:
    """Return the instances that both the space and the encoding of a scenario know."""
    if not facts.instance:
        return list(facts.instances)
    parameter = read_declared(place / "config_space.json").parameters.get(facts.instance)
    if parameter is None:
        raise DataError(f"{place / 'config_space.json'} lacks {facts.instance!r}")
    numbers = read_encoding(place / "encoding.json").get(facts.instance)
    if numbers is None:
        raise DataError(f"{place / 'encoding.json'} lacks {facts.instance!r}")
    return [str(name) for name in choices(parameter) if str(name) in numbers]


def open_instance(
    folder: Path,
    instance: str,
    *,
    target: str = "",
    objectives: tuple[str, ...] = (),
    fidelities: Literal["first", "all"] = "first",
) -> Testbed:
    """Open one data set of a scenario as a testbed.

    Args:
        folder: Holds the scenarios' folders, itself or one level below.
        instance: ``<scenario>/<instance>``, such as ``lcbench/3945``.
        target: The output to optimise; default is the scenario's.
        objectives: Several outputs to optimise together.
        fidelities: ``first``, or ``all`` that the scenario has.

    Raises:
        UnknownName: If the scenario, the instance or an output is unknown.
        StudyError: If an objective is a held-out value, or both ways of naming them are used.
        DataError: If files are missing or damaged.
        MissingExtra: If onnxruntime is not installed.

    References:
        Pfisterer et al. (2022), YAHPO Gym, AutoML Conf, https://arxiv.org/abs/2109.03670
    """
    name, _, which = instance.partition("/")
    facts = scenario(name)
    wanted = _wanted(facts, target, objectives)
    if fidelities not in ("first", "all"):
        raise StudyError(f"fidelities must be 'first' or 'all', got {fidelities!r}")
    home = next((p for p in places(folder) if (p / name).is_dir()), folder)
    network = read_network(home, name)
    known = _of(home / name, facts)
    if which not in known:
        hint = nearest(which, known)
        raise UnknownName(f"the YAHPO scenario {name} has no instance {which!r}.{hint}")
    try:
        return Yahpo(network, which, wanted, several=fidelities == "all")
    except ValueError as error:  # a space that nobody can search
        raise DataError(f"{home / name / 'config_space.json'}: {error}") from None


def _wanted(facts: Scenario, target: str, objectives: Sequence[str]) -> tuple[str, ...]:
    """Return the outputs that are asked for, checked."""
    if target and objectives:
        raise StudyError(f"{facts.name}: give target= or objectives=, not both")
    wanted = tuple(objectives) or (target or facts.target,)
    for name in wanted:
        if name in facts.test.values():
            raise StudyError(
                f"{facts.name}: {name!r} is a held-out value and cannot be optimised; "
                f"choose among {', '.join(facts.objectives)}"
            )
        if name not in facts.outputs:
            hint = suggestion(name, facts.objectives) or f" Known: {', '.join(facts.objectives)}."
            raise UnknownName(f"{facts.name} has no output {name!r}.{hint}")
    if len(set(wanted)) < len(wanted):
        raise StudyError(f"{facts.name}: objectives must differ, got {', '.join(wanted)}")
    return wanted
