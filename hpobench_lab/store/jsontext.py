"""JSON that any parser reads."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

__all__ = ["dumps"]


def dumps(data: Any, *, indent: int | None = None) -> bytes:
    """Return JSON that any parser reads; NaN and infinities become null.

    >>> dumps({"b": float("nan"), "a": np.int64(2)})
    b'{"b":null,"a":2}'
    """
    separators = (",", ":") if indent is None else None

    def text(value: Any) -> str:
        return json.dumps(
            value,
            ensure_ascii=False,
            allow_nan=False,
            default=_plain,
            indent=indent,
            separators=separators,
        )

    try:
        return text(data).encode()
    except ValueError:
        return text(_finite(data)).encode()


def _plain(value: object) -> Any:
    if isinstance(value, np.generic):
        return _finite(value.item())
    if isinstance(value, np.ndarray):
        return _finite(value.tolist())
    raise TypeError(f"a header holds plain JSON, got {value!r}")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value
