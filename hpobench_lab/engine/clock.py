"""Virtual time: W simulated workers as discrete events, and the ledger of a run's budget."""

from __future__ import annotations

from heapq import heappop, heappush

from hpobench_lab.problem import Budget, Problem

__all__ = ["Clock", "Ledger"]

MIN_COST_S = 1e-6


class Clock:
    """Run W workers; every trial occupies one from its start to its end.

    >>> clock = Clock(2)
    >>> clock.submit(0, 2.0), clock.submit(1, 1.0), clock.idle
    (2.0, 1.0, 0)
    >>> clock.advance(), clock.now
    ([1], 1.0)
    """

    __slots__ = ("_pending", "idle", "now")

    def __init__(self, workers: int) -> None:
        self.idle = workers
        self.now = 0.0
        self._pending: list[tuple[float, int]] = []

    def submit(self, id: int, cost_s: float) -> float:
        """Occupy a worker from now on; return the end in virtual seconds."""
        end = self.now + (cost_s if cost_s > MIN_COST_S else MIN_COST_S)
        heappush(self._pending, (end, id))
        self.idle -= 1
        return end

    def advance(self) -> list[int]:
        """Go to the next end; return the ids of ALL trials with exactly that end, in order."""
        pending = self._pending
        self.now, id = heappop(pending)
        done = [id]
        while pending and pending[0][0] == self.now:
            done.append(heappop(pending)[1])
        self.idle += len(done)
        return done

    @property
    def next_end(self) -> float:
        """Return the earliest end among the pending trials."""
        return self._pending[0][0]

    @property
    def pending(self) -> list[int]:
        """Return the ids that are running, in order."""
        return sorted(id for _, id in self._pending)

    def __bool__(self) -> bool:
        return bool(self._pending)


class Ledger:
    """Keep one run's budget (DESIGN 5.3).

    Counted axes are charged at submission, and the first trial that does not fit ends asking;
    on ``simulated_seconds`` asking ends at B and a trial that ends beyond B is cut.
    """

    __slots__ = ("_full", "_is_counted", "_left", "_trials", "axis", "limit", "spent")

    def __init__(self, budget: Budget, problem: Problem, max_trials: int) -> None:
        self.axis = budget.axis
        per = problem.space.dimension if self.axis == "per_dimension" else 1
        self.limit = budget.amount * per
        self._full = problem.fidelity.max if problem.fidelity else 1.0
        self._is_counted = self.axis in ("evaluations", "per_dimension") or (
            not problem.fidelities and self.axis != "simulated_seconds"
        )  # every trial costs one
        self.spent = 0.0
        self._trials, self._left = 0, max_trials

    def admits(self, now: float) -> bool:
        """Return whether any further trial could be submitted at ``now``."""
        if self._trials >= self._left:
            return False
        if self.axis == "simulated_seconds":
            return now < self.limit
        return self.room() >= 1 if self._is_counted else self.spent < self.limit

    def charge(self, units: float, now: float) -> bool:
        """Charge one submission of ``units`` of the fidelity, if it fits; return whether it did."""
        if self._trials >= self._left:
            return False
        if self.axis == "simulated_seconds":
            if now >= self.limit:
                return False
        else:
            spent = self.spent + self._price(units)
            if spent > self.limit * (1 + 1e-12):
                return False
            self.spent = spent
        self._trials += 1
        return True

    def charge_ones(self, n: int) -> None:
        """Charge n submissions of one unit each that are known to fit."""
        self.spent += n
        self._trials += n

    def room(self) -> int:
        """Return an upper bound on how many more trials can be submitted."""
        left = self._left - self._trials
        if self._is_counted:
            return min(left, int(self.limit * (1 + 1e-12) - self.spent))
        return left

    def capacity(self) -> int:
        """Return how many rows a log should have room for at first."""
        return max(1, min(65_536, self.room())) if self._is_counted else 256

    def _price(self, units: float) -> float:
        if self.axis == "fidelity_units":
            return units
        return units / self._full if self.axis == "full_evaluations" else 1.0
