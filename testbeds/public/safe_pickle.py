"""Read a pickle that holds plain data, without running anything that it asks for.

A pickle is a program: what it names is imported and called. Some public tables come as pickles of
plain dictionaries all the same. Here every class or function that a pickle names is refused, so
only numbers, text, lists, tuples, sets and dictionaries can come out.
"""

from __future__ import annotations

import io
import pickle
from typing import Any, NoReturn

from hpobench_lab.errors import DataError

__all__ = ["read_plain"]


class _Plain(pickle.Unpickler):
    """Refuse every class; each opcode that can name one passes through ``find_class``."""

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(io.BytesIO(data))
        self._name = name

    def find_class(self, module: str, name: str, /) -> NoReturn:
        """Refuse it by name."""
        raise DataError(
            f"{self._name} was not read: it wants to load {module}.{name}, and a data file may "
            "only hold plain numbers, text, lists and dictionaries; fetch it again from its source"
        )


def read_plain(data: bytes, name: str) -> Any:
    """Return what a pickle of plain data holds.

    Args:
        data: The bytes of the pickle.
        name: What the file is called in a message.

    Raises:
        DataError: If it names a class or a function, is cut short or is no pickle.

    >>> read_plain(pickle.dumps({"00": {"loss": [0.5]}}), "a.pkl")
    {'00': {'loss': [0.5]}}
    """
    try:
        return _Plain(data, name).load()
    except DataError:
        raise
    except Exception as error:  # damaged bytes may raise anything: the library says so itself
        raise DataError(
            f"{name} is damaged or no pickle: {error or type(error).__name__}; "
            "fetch it again from its source"
        ) from None
