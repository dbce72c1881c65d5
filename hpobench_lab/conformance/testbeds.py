"""The checks of a testbed, on rows drawn once."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.conformance.report import Skipped, require
from hpobench_lab.testbed import Testbed
from hpobench_lab.trial import Status, Trials

__all__ = ["TestbedSuite"]

FloatArray = NDArray[np.float64]
ROWS = 48
PROBES = 4096
"""Candidates that are scored at most."""


class TestbedSuite:
    """Hold the checks of one testbed, on rows drawn once, from its candidates where it has some."""

    __test__ = False  # else pytest takes it for a test

    def __init__(self, testbed: Testbed) -> None:
        self._bed, self._facts = testbed, testbed.facts
        self._space = testbed.problem.space
        rng = np.random.default_rng(0)
        values = self._space.decode(self._rows(rng))
        levels = [rng.uniform(f.min, f.max, ROWS) for f in testbed.problem.fidelities]
        fidelities = np.column_stack(levels) if levels else np.zeros((ROWS, 0))
        self._drawn = replace(
            Trials.full(self._space, values), fidelities=fidelities, seed=self._seeds(rng)
        )

    def _rows(self, rng: np.random.Generator) -> FloatArray:
        candidates = self._bed.problem.candidates
        if candidates is None:
            return self._space.uniform(rng, ROWS)
        return candidates[rng.choice(len(candidates), ROWS, replace=len(candidates) < ROWS)]

    @property
    def _trials(self) -> Trials:
        """Return a copy of the rows: one check must not see what another one spoiled."""
        return self._drawn.take(np.arange(ROWS))

    def _seeds(self, rng: np.random.Generator) -> NDArray[np.uint64]:
        if not self._facts.stochastic:
            return np.zeros(ROWS, dtype=np.uint64)
        return rng.integers(0, 2**63, ROWS).astype(np.uint64)

    def declares_facts(self) -> str | None:
        """Require name, source and family; name what else is missing."""
        facts = self._facts
        for name in ("name", "source", "family", "version"):
            require(bool(getattr(facts, name)), f"facts.{name} is empty")
        for name in ("optimum", "reference"):
            value = getattr(facts, name)
            require(value is None or math.isfinite(value), f"facts.{name} is {value}")
        if facts.optimum is not None and facts.reference is not None:
            require(
                facts.optimum < facts.reference,
                f"the reference {facts.reference} is not above the optimum {facts.optimum}",
            )
        wanted = ("title", "citation", "reference", "reference_origin", "optimum", "optimum_origin")
        lacking = [name for name in wanted if getattr(facts, name) in (None, "")]
        return f"not declared: {', '.join(lacking)}" if lacking else ""

    def shapes(self) -> str | None:
        """Look at the arrays of one batch."""
        problem, out = self._bed.problem, self._bed.evaluate(self._trials)
        expected = {
            "losses": (ROWS, len(problem.objectives)),
            "cost_s": (ROWS,),
            "status": (ROWS,),
            "constraints": (ROWS, len(problem.constraints)),
        }
        for name, shape in expected.items():
            got = np.shape(getattr(out, name))
            require(got == shape, f"{name} must have shape {shape}, got {got}")
        cost = np.asarray(out.cost_s)
        require(bool((np.isfinite(cost) & (cost >= 0)).all()), "cost_s must be finite and >= 0")
        ok = np.asarray(out.status) == Status.ok
        require(bool(np.isfinite(out.losses[ok]).all()), "a row is ok and its loss not finite")
        require(bool(ok.any()), f"none of {ROWS} random rows ended ok")
        return None

    def batches(self) -> str | None:
        """Compare a batch with its rows alone and with its halves."""
        whole = self._bed.evaluate(self._trials)
        for cut in ([[i] for i in range(ROWS)], np.array_split(np.arange(ROWS), 3)):
            parts = [self._bed.evaluate(self._trials.take(rows)) for rows in cut]
            for name in ("losses", "cost_s", "status", "constraints"):
                joined = np.concatenate([getattr(part, name) for part in parts])
                require(
                    _same_bits(joined, getattr(whole, name)),
                    f"{name} of a row depend on the batch it is evaluated in",
                )
        return None

    def order(self) -> str | None:
        """Compare a batch with a permutation of itself, and with itself a second time."""
        whole = self._bed.evaluate(self._trials)
        for rows in (np.arange(ROWS), np.random.default_rng(1).permutation(ROWS)):
            other = self._bed.evaluate(self._trials.take(rows))
            for name in ("losses", "cost_s", "status", "constraints"):
                require(
                    _same_bits(getattr(other, name), np.asarray(getattr(whole, name))[rows]),
                    f"{name} depend on the order, or on what was evaluated before",
                )
        return None

    def leaves_alone(self) -> str | None:
        """Compare the batch before and after."""
        trials = self._trials
        self._bed.evaluate(trials)
        for name in ("values", "x", "fidelities", "seed", "replicate"):
            untouched = _same_bits(getattr(self._drawn, name), getattr(trials, name))
            require(untouched, f"changed trials.{name}")
        return None

    def seeds(self) -> str | None:
        """Evaluate under other noise streams; of a list, as few may be noisy, many rows."""
        trials = self._trials
        if self._bed.problem.candidates is not None:
            top = [f.max for f in self._bed.problem.fidelities]
            trials = Trials.full(self._space, self._space.decode(self._probes()), top)
        one, two = (replace(trials, seed=np.full(len(trials), s, dtype=np.uint64)) for s in (3, 5))
        equal = _same_bits(self._bed.evaluate(one).losses, self._bed.evaluate(two).losses)
        if self._facts.stochastic:
            require(not equal, "declared stochastic, but the seed changes nothing")
        else:
            require(equal, "not declared stochastic, but the seed changes the loss")
        return None

    def inactive(self) -> str | None:
        """Require that a parameter's absence does not by itself spoil the evaluation."""
        status = np.asarray(self._bed.evaluate(self._trials).status)
        absent = np.isnan(self._trials.values)
        if not absent.any():
            raise Skipped("the space has no conditions")
        for j in np.flatnonzero(absent.any(axis=0)):
            require(
                bool((status[absent[:, j]] == Status.ok).any()),
                f"every row without {self._space.names[j]!r} went wrong",
            )
        return None

    def optimum_attained(self) -> str | None:
        """Score the declared best configuration."""
        facts = self._facts
        if facts.optimum is None or facts.optimum_config is None:
            raise Skipped("declares no optimum with its configuration")
        best = self._score(self._space.values([facts.optimum_config]))[0]
        if math.isnan(best):
            raise Skipped("scores are not known")
        close = math.isclose(best, facts.optimum, rel_tol=1e-9, abs_tol=1e-9)
        require(close, f"optimum_config scores {best!r}, declared is {facts.optimum!r}")
        return None

    def optimum_unbeaten(self) -> str | None:
        """Score Sobol points and points around the declared configuration, or the candidates."""
        facts = self._facts
        if facts.optimum is None:
            raise Skipped("declares no optimum")
        found = self._score(self._space.decode(self._probes()))
        if np.isnan(found).all():
            raise Skipped("scores are not known")
        least = float(np.nanmin(found))
        require(least >= facts.optimum, f"a row scores {least!r}, below {facts.optimum!r}")
        return None

    def _probes(self) -> FloatArray:
        from scipy.stats import qmc

        candidates = self._bed.problem.candidates
        if candidates is not None:
            order = np.random.default_rng(0).permutation(len(candidates))
            return candidates[order[:PROBES]]
        d = self._space.dimension
        sobol = qmc.Sobol(d, scramble=True, rng=np.random.default_rng(0)).random(1024)
        if self._facts.optimum_config is None:
            return np.asarray(sobol)
        best = self._space.encode(self._space.values([self._facts.optimum_config]))
        scale = np.logspace(-9, -1, 256)[:, None]
        near = best + scale * np.random.default_rng(1).standard_normal((256, d))
        return np.concatenate([sobol, np.clip(near, 0.0, 1.0)])

    def scores(self) -> str | None:
        """Compare scores with evaluations at full fidelity, where these end ok."""
        if self._facts.stochastic:
            raise Skipped("evaluations are noisy")
        values = self._trials.values
        score = self._score(values)
        if np.isnan(score).all():
            raise Skipped("scores are not known")
        top = [f.max for f in self._bed.problem.fidelities]
        out = self._bed.evaluate(Trials.full(self._space, values, top))
        ok = np.asarray(out.status) == Status.ok
        same = _same_bits(out.losses[ok, 0], score[ok])
        require(same, "score() differs from evaluate() at full fidelity")
        return None

    def cost(self) -> str | None:
        """Evaluate at five levels of the first fidelity."""
        fidelity = self._bed.problem.fidelity
        if fidelity is None:
            raise Skipped("has no fidelity")
        costs = []
        for level in np.linspace(fidelity.min, fidelity.max, 5):
            fidelities = self._trials.fidelities.copy()
            fidelities[:, 0] = level
            costs.append(self._bed.evaluate(replace(self._trials, fidelities=fidelities)).cost_s)
        require(bool((np.diff(costs, axis=0) >= 0).all()), "a higher fidelity costs less")
        return None

    def space_hash(self) -> str | None:
        """Hash the space again, here and in a fresh process."""
        fresh, complaint = _digest_elsewhere(json.dumps(self._space.to_json()))
        require(bool(fresh), f"the space cannot be read back: {complaint[-200:]}")
        digests = {self._space.digest, self._bed.problem.space.digest, fresh}
        require(len(digests) == 1, f"the space has several hashes: {sorted(digests)}")
        return None

    def _score(self, values: FloatArray) -> FloatArray:
        top = [f.max for f in self._bed.problem.fidelities]
        return np.asarray(self._bed.score(Trials.full(self._space, values, top))[:, 0])


@cache
def _digest_elsewhere(space: str) -> tuple[str, str]:
    """Return the hash of a space, given as JSON, in a fresh process, and what went wrong there."""
    code = (
        "import json, sys; from hpobench_lab.space import Space; "
        "print(Space.from_json(json.load(sys.stdin)).digest)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, input=space, capture_output=True, text=True, check=False)
    return done.stdout.strip(), done.stderr


def _same_bits(a: Any, b: Any) -> bool:
    """Return whether two arrays are equal, bit for bit; NaN equals NaN, -0.0 not 0.0."""
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    return a.shape == b.shape and a.dtype == b.dtype and bool(a.tobytes() == b.tobytes())
