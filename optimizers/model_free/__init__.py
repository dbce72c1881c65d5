"""Optimizers that use no model of the loss."""
