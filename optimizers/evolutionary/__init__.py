"""Optimizers that keep a population."""
