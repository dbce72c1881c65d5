"""Optimizers that spend little on most configurations."""
