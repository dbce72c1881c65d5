"""Which optimizers there are; plain text, so that listing them imports nothing."""

from __future__ import annotations

__all__ = ["ROSTER"]

_HERE = "hpobench_lab.optimizers"

ROSTER: dict[str, str] = {
    "asha": f"{_HERE}.multifidelity.asha:ASHA",
    "evolution-strategy": f"{_HERE}.evolutionary.evolution_strategy:EvolutionStrategy",
    "median-stopping": f"{_HERE}.multifidelity.median_stopping:MedianStopping",
    "random": f"{_HERE}.model_free.random_search:RandomSearch",
    "sobol": f"{_HERE}.model_free.sobol:Sobol",
    "successive-halving": f"{_HERE}.multifidelity.successive_halving:SuccessiveHalving",
    "tpe": f"{_HERE}.bayesian.tpe:TPE",
}
