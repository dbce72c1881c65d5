"""A training function as a user writes it, without its last lines."""

from collections.abc import Callable

Write = Callable[[str], None]
"""What the fixture ``write`` returns."""

FUNCTION = """
calls = []
@hb.testbed(space={"a": hb.Float(0, 1)}, fidelity=hb.Fidelity("epochs", 1, 4), chance=0.9)
def train(config, fidelity, seed):
    calls.append((fidelity, seed))
"""
