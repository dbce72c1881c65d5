"""The locator finds every key and value that tomllib finds, where it stands."""

from __future__ import annotations

import math
import string
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpobench_lab.studyfile.locations import Path, locate

KEY = st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=4)
ANY_KEY = KEY | st.text(string.printable.replace("\r", ""), max_size=4)
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8)
SCALAR = st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | TEXT
VALUE = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_KEY, inner, max_size=3),
    max_leaves=6,
)


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'


def key_text(key: str) -> str:
    bare = key and all(c in string.ascii_letters + string.digits + "_-" for c in key)
    return key if bare else quoted(key)


def written(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key_text(k)} = {written(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[ # items ]\n" + "".join(f"  {written(v)}, # , ]\n" for v in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(value) if math.isinf(value) else repr(float(value))
    return quoted(value) if isinstance(value, str) else str(value)


def paths(value: Any, at: Path = ()) -> Iterator[tuple[Path, Any]]:
    yield at, value
    if isinstance(value, (dict, list)):
        children = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in children:
            yield from paths(inner, (*at, key))


def check(text: str, headers: set[Path]) -> None:
    found = locate(text)
    for path, value in paths(tomllib.loads(text)):
        if not path:
            continue
        start, end = found[path].value
        if path not in headers:
            assert tomllib.loads(f"x = {text[start:end]}")["x"] == value
        key_start, key_end = found[path].key
        if isinstance(path[-1], str):
            assert tomllib.loads(f"{text[key_start:key_end]} = 1") == {path[-1]: 1}


@given(
    st.dictionaries(ANY_KEY, VALUE, max_size=3),
    KEY,
    st.lists(st.dictionaries(ANY_KEY, VALUE, max_size=2), min_size=1, max_size=3),
)
def test_every_path_is_found_and_its_text_has_its_value(
    top: dict[str, Any], name: str, rows: list[dict[str, Any]]
) -> None:
    name = f"rows-{name}"
    lines = [f"{key_text(k)} = {written(v)}   # = ] }}" for k, v in top.items() if k != name]
    for row in rows:
        lines += [f"\n  [[ {name} ]]  # row"]
        lines += [f"\t{key_text(k)}={written(v)}" for k, v in row.items()]
    headers: set[Path] = {(name,), *((name, i) for i in range(len(rows)))}
    check("\n".join(lines) + "\n", headers)


DOTTED = """
a.b."c d" = 1            # dotted
[t.u]
'k'.l = '''two
lines = "no key" '''
[[t.v]]
x = [1, [2, 3], {y = "]"}]
[t.v.w]
z = 1979-05-27 07:32:00
[[t.v]]
w.q = \"\"\"a \\\" ]\"\"\"
"""


def test_dotted_keys_and_nested_headers_are_found() -> None:
    tables: set[Path] = {("a",), ("a", "b"), ("t",), ("t", "u"), ("t", "u", "k"), ("t", "v")}
    tables |= {("t", "v", 0), ("t", "v", 1), ("t", "v", 0, "w"), ("t", "v", 1, "w")}
    check(DOTTED, tables)


@pytest.mark.parametrize("text", ["", "# only a comment", "\n\n  \n"])
def test_a_text_without_keys_has_no_locations(text: str) -> None:
    assert not locate(text)
