"""Which synthetic testbeds there are; plain text, so that listing them imports nothing."""

from __future__ import annotations

__all__ = ["ROSTER"]

_HERE = "hpobench_lab.testbeds.synthetic"

ROSTER: dict[str, str] = {
    "ackley10": f"{_HERE}.ackley:ackley10",
    "branin": f"{_HERE}.branin:branin",
    "currin-mf": f"{_HERE}.currin_mf:currin_mf",
    "hartmann6": f"{_HERE}.hartmann6:hartmann6",
    "kernel-choice": f"{_HERE}.kernel_choice:kernel_choice",
    "levy5": f"{_HERE}.levy:levy5",
    "rosenbrock5": f"{_HERE}.rosenbrock:rosenbrock5",
}
