"""The files of a table: written at once, read and verified."""
