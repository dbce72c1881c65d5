"""What is written comes back."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from hpobench_lab.store import Store
from hpobench_lab.store.runrecord import RunRecord, difference, same
from hpobench_lab.store.segment import content_name, encode, open_segment

DTYPES = ("float64", "float32", "int64", "int32", "uint8", "bool")


@st.composite
def column_sets(draw: st.DrawFn) -> list[dict[str, NDArray[Any]]]:
    names = draw(st.lists(st.text(min_size=1, max_size=8), unique=True, min_size=1, max_size=4))
    kinds = {name: draw(st.sampled_from(DTYPES)) for name in names if name != "run"}
    lengths = draw(st.lists(st.integers(0, 9), min_size=1, max_size=4))
    return [
        {name: draw(hnp.arrays(np.dtype(kind), n)) for name, kind in kinds.items()} for n in lengths
    ]


@given(column_sets())
@settings(max_examples=60, deadline=None)
def test_columns_come_back_bit_by_bit(sets: list[dict[str, NDArray[Any]]]) -> None:
    import tempfile

    records = [RunRecord({"key": str(i), "status": "ok"}, c) for i, c in enumerate(sets)]
    data = encode(records, "me")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / content_name(data, ".parquet")
        path.write_bytes(data)
        segment = open_segment(path)
    for piece, record in zip(segment.pieces, records, strict=True):
        back = segment.record(piece)
        for name, array in record.columns.items():
            assert back.columns[name].dtype == array.dtype
            assert back.columns[name].tobytes() == array.tobytes()


def test_negative_zero_and_nan_payloads_come_back(tmp_path: Path) -> None:
    bits = np.array([0x8000000000000000, 0x7FF8000000000001, 0xFFF0000000000000], np.uint64)
    record = RunRecord({"key": "k", "status": "ok"}, {"p.lr": bits.view(np.float64)})
    store = Store(tmp_path)
    with store.writer() as writer:
        writer.finished(record)
    back = store.record("k")
    assert back is not None
    assert back.columns["p.lr"].view(np.uint64).tolist() == bits.tolist()


def test_headers_come_back_whole(tmp_path: Path, make_record: Any) -> None:
    records = [make_record(i, testbed=f"synthetic/{i % 2}") for i in range(5)]
    store = Store(tmp_path)
    with store.writer() as writer:
        for record in records:
            writer.finished(record)
    for record in records:
        back = store.record(record.key)
        assert back is not None
        assert back.header == record.header
        assert same(back, record)


def test_header_parts_that_runs_share_are_stored_once(tmp_path: Path, make_record: Any) -> None:
    with Store(tmp_path).writer() as writer:
        for i in range(8):
            writer.finished(make_record(i))
    (path,) = (tmp_path / "segments").iterdir()
    text = pq.ParquetFile(path).metadata.metadata[b"hpobench_lab"]
    assert text.count(b'"facts"') == 1


def test_numbers_that_json_lacks_become_null(tmp_path: Path, make_record: Any) -> None:
    store = Store(tmp_path)
    with store.writer() as writer:
        writer.finished(make_record(0, spent=float("inf"), n_told=np.int64(4)))
    back = store.record(make_record(0).key)
    assert back is not None
    assert (back.header["spent"], back.header["n_told"]) == (None, 4)


def test_other_parquet_readers_see_units_and_runs(tmp_path: Path, make_record: Any) -> None:
    bed = {"id": "c", "fidelity": {"name": "epochs", "unit": "epochs", "min": 1, "max": 9}}
    record = make_record(0)
    record.header["testbed"] = bed
    record.columns["fidelity"] = np.full(4, 9.0)
    with Store(tmp_path).writer() as writer:
        writer.finished(record)
    (path,) = (tmp_path / "segments").iterdir()
    table = pq.read_table(path)
    units = {f.name: f.metadata[b"unit"] for f in table.schema if f.metadata}
    assert units == {"fidelity": b"epochs", "cost_s": b"s", "ask_wall_s": b"s"}
    assert table["run"].to_pylist() == [0] * 4
    assert json.loads(pq.ParquetFile(path).metadata.metadata[b"hpobench_lab"])["schema"] == 1


def test_what_is_not_a_number_is_refused(tmp_path: Path) -> None:
    writer = Store(tmp_path).writer()
    writer.finished(RunRecord({"key": "k", "status": "ok"}, {"a": np.array(["x"], object)}))
    with pytest.raises(ValueError, match="cannot be stored"):
        writer.flush()


def test_runs_with_other_columns_do_not_mix(tmp_path: Path, make_record: Any) -> None:
    store = Store(tmp_path)
    records = [make_record(0), make_record(1, names=("lr", "depth")), make_record(2)]
    with store.writer() as writer:
        for record in records:
            writer.finished(record)
    assert len(store.segment_names()) == 2
    for record in records:
        back = store.record(record.key)
        assert back is not None
        assert difference(back, record) == ""


def test_measured_parts_may_differ_between_equal_runs(make_record: Any) -> None:
    a, b = make_record(0, wall_s=0.0), make_record(0, wall_s=0.5)
    assert same(a, b)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda r: r.columns["loss"].__setitem__(2, 9.0), "column loss, row 2: "),
        (lambda r: r.columns.pop("loss"), "column loss: only in the first"),
        (lambda r: r.header.update(seed=5), "header.seed: 0 != 5"),
        (lambda r: r.header["optimizer"]["params"].clear(), "header.optimizer.params.eta: only"),
    ],
)
def test_the_first_difference_is_named(make_record: Any, change: Any, told: str) -> None:
    a, b = make_record(0), make_record(0)
    change(b)
    assert difference(a, b).startswith(told)


def test_writing_and_loading_import_no_pandas(tmp_path: Path) -> None:
    code = (
        "import sys, numpy as np, hpobench_lab.store as s, hpobench_lab.results as r\n"
        "assert 'pyarrow' not in sys.modules\n"
        "from pathlib import Path\n"
        f"store = s.Store(Path({str(tmp_path)!r}))\n"
        "with store.writer() as w:\n"
        "    w.finished(r.RunRecord({'key': 'k', 'status': 'ok'}, {'loss': np.ones(3)}))\n"
        "store.record('k')\n"
        "assert 'pandas' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
