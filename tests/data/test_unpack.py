"""Archives are taken apart as bytes: no paths of their choosing, no links, nothing runs."""

from __future__ import annotations

import io
import os
import pickle
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from hpobench_lab.data.entry import Piece
from hpobench_lab.data.unpack import unpack
from hpobench_lab.errors import DataError
from tests.data.served import sha256, zipped

WANTED = (Piece("a.csv", "inside/a.csv"),)


def archive(tmp_path: Path, name: str, content: bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def tarred(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as opened:
        for info, content in members:
            info.size = len(content)
            opened.addfile(info, io.BytesIO(content))
    return stream.getvalue()


class Trap:
    """Write a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("name", ["a.zip", "a.whl"])
def test_only_the_named_members_of_a_zip_are_written(tmp_path: Path, name: str) -> None:
    path = archive(tmp_path, name, zipped({"inside/a.csv": b"1,2", "inside/setup.py": b"no"}))
    found = unpack(path, name, WANTED, tmp_path / "out")
    assert [p.name for p in (tmp_path / "out").rglob("*")] == ["a.csv"]
    assert (tmp_path / "out" / "a.csv").read_bytes() == b"1,2"
    assert found["a.csv"].sha256 == sha256(b"1,2")


def test_only_the_named_members_of_a_tar_are_written(tmp_path: Path) -> None:
    content = tarred((tarfile.TarInfo("inside/a.csv"), b"1,2"), (tarfile.TarInfo("b"), b"no"))
    unpack(archive(tmp_path, "a.tar.gz", content), "a.tar.gz", WANTED, tmp_path / "out")
    assert [p.name for p in (tmp_path / "out").rglob("*")] == ["a.csv"]


@pytest.mark.parametrize("bad", ["../evil", "x/../../evil", "/evil", "C:/evil", "..\\evil"])
@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_an_archive_that_names_a_path_outside_itself_is_refused(
    tmp_path: Path, bad: str, kind: str
) -> None:
    if kind == "zip":
        content = zipped({bad: b"evil", "inside/a.csv": b"1,2"})
    else:
        members = (tarfile.TarInfo(bad), b"evil"), (tarfile.TarInfo("inside/a.csv"), b"1,2")
        content = tarred(*members)
    path = archive(tmp_path, f"a.{kind}", content)
    with pytest.raises(DataError, match="unsafe: it names a path outside itself"):
        unpack(path, f"a.{kind}", WANTED, tmp_path / "out")
    assert not (tmp_path / "evil").exists()
    assert not (tmp_path / "out" / "a.csv").exists()


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as opened:
        info = zipfile.ZipInfo("inside/a.csv")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        opened.writestr(info, "/etc/passwd")
    with pytest.raises(DataError, match="holds a link"):
        unpack(archive(tmp_path, "a.zip", stream.getvalue()), "a.zip", WANTED, tmp_path / "out")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_a_tar_member_that_is_no_plain_file_is_refused(tmp_path: Path, kind: bytes) -> None:
    info = tarfile.TarInfo("inside/a.csv")
    info.type, info.linkname = kind, "/etc/passwd"
    path = archive(tmp_path, "a.tar.gz", tarred((info, b"")))
    with pytest.raises(DataError, match="is no plain file"):
        unpack(path, "a.tar.gz", WANTED, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_pickle_in_a_wheel_is_only_copied(tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    trap = pickle.dumps(Trap(str(sprung)))
    path = archive(tmp_path, "a.whl", zipped({"inside/a.pkl": trap}))
    unpack(path, "a.whl", (Piece("a.pkl", "inside/a.pkl"),), tmp_path / "out")
    assert (tmp_path / "out" / "a.pkl").read_bytes() == trap
    assert not sprung.exists()
    pickle.loads(trap)
    assert sprung.exists()  # it is a trap


def test_a_member_larger_than_it_should_be_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path, "a.zip", zipped({"inside/a.csv": b"1" * 100}))
    pieces = (Piece("a.csv", "inside/a.csv", size=99, sha256="0" * 64),)
    with pytest.raises(DataError, match="more than the 99 bytes"):
        unpack(path, "a.zip", pieces, tmp_path / "out")


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_a_missing_member_is_named(tmp_path: Path, kind: str) -> None:
    content = zipped({"b": b""}) if kind == "zip" else tarred((tarfile.TarInfo("b"), b""))
    path = archive(tmp_path, f"a.{kind}", content)
    with pytest.raises(DataError, match=r"does not hold inside/a\.csv"):
        unpack(path, f"a.{kind}", WANTED, tmp_path / "out")


def test_a_truncated_tar_is_one_message(tmp_path: Path) -> None:
    content = tarred((tarfile.TarInfo("inside/a.csv"), os.urandom(5000)))
    path = archive(tmp_path, "a.tar.gz", content[:2000])
    with pytest.raises(DataError, match=r"a\.tar\.gz cannot be unpacked") as caught:
        unpack(path, "a.tar.gz", WANTED, tmp_path / "out")
    assert "\n" not in str(caught.value)


def test_an_unpinned_member_is_found_in_any_folder_of_the_archive(tmp_path: Path) -> None:
    path = archive(tmp_path, "a.zip", zipped({"results/inside/a.csv": b"1,2"}))
    unpack(path, "a.zip", WANTED, tmp_path / "out")
    assert (tmp_path / "out" / "a.csv").read_bytes() == b"1,2"
