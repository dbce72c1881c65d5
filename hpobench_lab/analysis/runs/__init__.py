"""Finished runs as arrays: incumbents as exact steps, testbeds with their references, cuts."""
