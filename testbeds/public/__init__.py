"""Loaders of public tables and surrogates: each file opens the data that a researcher has."""
