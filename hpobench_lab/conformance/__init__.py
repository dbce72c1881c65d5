"""The checks behind ``hpobench_lab.testing``."""
