"""What every loader of public data shares: choosing an instance, digests, and damaged files."""

from __future__ import annotations

import difflib
import hashlib
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hpobench_lab.errors import DataError, HpoBenchError, UnknownName, suggestion

__all__ = ["chosen", "digest", "nearest", "reading"]


def chosen(collection: str, instance: str, known: Iterable[str]) -> str:
    """Return the instance if there is one of this name.

    Raises:
        UnknownName: If there is none; it names the nearest ones.

    >>> chosen("taskset", "imdb", ["imdb", "mnist"])
    'imdb'
    """
    names = list(known)
    if instance in names:
        return instance
    hint = suggestion(instance, names) or nearest(instance, names)
    raise UnknownName(f"{collection} has no instance {instance!r}.{hint}")


def nearest(wanted: str, known: Iterable[str]) -> str:
    """Return the three nearest names in words, however far they are.

    >>> nearest("17", ["16", "40"])
    ' Nearest of 2: 16, 40.'
    """
    names = list(known)
    near = difflib.get_close_matches(wanted, names, n=3, cutoff=0.0)
    return f" Nearest of {len(names)}: {', '.join(near)}." if near else " It has none."


def digest(*paths: Path) -> str:
    """Return the sha256 of a file's bytes; of several files, that of their digests.

    Raises:
        DataError: If a file cannot be read.
    """
    found = []
    for path in paths:
        with reading(path), path.open("rb") as file:
            found.append(hashlib.file_digest(file, "sha256").hexdigest())
    return found[0] if len(found) == 1 else hashlib.sha256("".join(found).encode()).hexdigest()


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn whatever a reader raises over a missing, truncated or foreign file into one message.

    Raises:
        DataError: If the block raises; what went wrong is in its message.
    """
    try:
        yield
    except HpoBenchError:
        raise
    except FileNotFoundError:
        raise DataError(f"{path} is missing; see: hpobench-lab data list") from None
    except KeyError as error:
        raise DataError(f"{path} lacks {error}; is it the file that it is taken for?") from None
    except (
        OSError,
        EOFError,
        TypeError,
        ValueError,  # what NumPy, JSON and Arrow raise is one of these
        IndexError,
        NotImplementedError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        why = str(error).split("\n")[0] or type(error).__name__
        raise DataError(f"{path} cannot be read: {why}; fetch it again") from None
