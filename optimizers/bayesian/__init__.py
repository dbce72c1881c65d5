"""Optimizers that model the loss."""
