"""A pickle of plain data is read; one that names anything to import is refused and runs nothing."""

import io
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpobench_lab.errors import DataError
from hpobench_lab.testbeds.public.safe_pickle import read_plain

PLAIN = {"00": {"val_acc": [0.5, 0.25], "train_time": [1.0, 2.0]}, "n": (1, None, True, {2}, b"x")}


class _Touch:
    """Make a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_data_come_back_in_every_protocol(protocol: int) -> None:
    data = {k: v for k, v in PLAIN.items() if protocol >= 4 or k == "00"}
    assert read_plain(pickle.dumps(data, protocol), "a.pkl") == data


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_what_a_pickle_wants_to_call_is_not_called(protocol: int, tmp_path: Path) -> None:
    mark = tmp_path / "was-here"
    data = pickle.dumps({"00": _Touch(mark)}, protocol)
    with pytest.raises(DataError, match=r"a\.pkl was not read: it wants to load "):
        read_plain(data, "a.pkl")
    assert not mark.exists()
    pickle.loads(data)
    assert mark.exists(), "the pickle of this test is harmless: it shows nothing"


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"cos\nsystem\n(S'true'\ntR.", "os.system"),
        (b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85R.", "builtins.eval"),
        (b"(S'true'\nios\nsystem\n.", "os.system"),
        (pickle.dumps(OrderedDict(a=1)), "collections.OrderedDict"),
        (pickle.dumps({"a": np.float64(1.0)}), "numpy"),
    ],
    ids=["global", "stack global", "inst", "ordered dict", "numpy"],
)
def test_the_message_names_the_class(data: bytes, named: str) -> None:
    with pytest.raises(DataError, match=named) as caught:
        read_plain(data, "a.pkl")
    assert caught.value.exit_code == 5
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a pickle",
        pickle.dumps(PLAIN)[:-9],
        b"\x80\x63.",
        b"\x80\x04Q.",
        b"\x80\x04}b.",
        b"\x80\x04K\x01K\x02R.",
        b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f.",
    ],
)
def test_damaged_bytes_are_one_message(data: bytes) -> None:
    with pytest.raises(DataError, match=r"^a\.pkl is damaged or no pickle: "):
        read_plain(data, "a.pkl")


def test_a_persistent_reference_is_refused() -> None:
    class Writer(pickle.Pickler):
        def persistent_id(self, obj: Any) -> str | None:
            return "outside" if obj == "x" else None

    buffer = io.BytesIO()
    Writer(buffer).dump({"a": "x"})
    with pytest.raises(DataError, match="damaged or no pickle"):
        read_plain(buffer.getvalue(), "a.pkl")
