"""Testbeds by kind: synthetic functions, learning curves, real training."""
