"""Protocols and, under ``suites``, the study files that come with the harness."""
