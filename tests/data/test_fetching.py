"""Fetching over a network that breaks: all of the files, or none of them and a way to go on."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hpobench_lab.data.entry import Download, Piece
from hpobench_lab.data.fetching import Watch, fetch
from hpobench_lab.errors import DataError
from tests.data.served import Site, entry_of, plain, sha256, zipped

CONTENT = random.Random(0).randbytes(300_000)
OTHER = random.Random(1).randbytes(300_000)


def parts(folder: Path) -> list[str]:
    """Return what lies in the data folder but no lock, relative."""
    found = (p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    return sorted(name for name in found if not name.endswith(".lock"))


def test_fetched_files_lie_beside_a_manifest_of_their_digests(folder: Path, site: Site) -> None:
    entry = entry_of(plain(site, "a.bin", CONTENT), plain(site, "b.bin", OTHER))
    assert fetch(entry) == [folder / "tiny"]
    assert (folder / "tiny" / "a.bin").read_bytes() == CONTENT
    assert (folder / "tiny" / "b.bin").read_bytes() == OTHER
    files = json.loads((folder / "tiny" / "MANIFEST").read_text())["files"]
    assert files["a.bin"] == {"bytes": 300_000, "sha256": sha256(CONTENT)}
    assert parts(folder) == ["tiny/MANIFEST", "tiny/a.bin", "tiny/b.bin"]


def test_what_is_here_unchanged_is_not_fetched_again(site: Site) -> None:
    entry = entry_of(plain(site, "a.bin", CONTENT))
    fetch(entry)
    fetch(entry)
    assert len(site.asked) == 1


def test_the_size_is_said_before_the_first_byte(site: Site) -> None:
    heard: list[object] = []
    watch = Watch(heard.append, lambda done, total: heard.append((done, total)))
    fetch(entry_of(plain(site, "a.bin", CONTENT)), watch=watch)
    assert str(heard[0]).startswith("tiny: 300.0 kB from 127.0.0.1, licence MIT")
    assert heard[1] == (0, 300_000)
    assert heard[-1] == (300_000, 300_000)


def test_a_cut_connection_is_continued_where_it_stopped(folder: Path, site: Site) -> None:
    site.cut_after = 100_000
    fetch(entry_of(plain(site, "a.bin", CONTENT)))
    assert (folder / "tiny" / "a.bin").read_bytes() == CONTENT
    assert [r for _, r in site.asked] == ["", "bytes=100000-", "bytes=200000-"]
    assert site.sent == 300_000


def test_a_connection_that_is_cut_for_ever_is_given_up_and_kept(folder: Path, site: Site) -> None:
    site.cut_after = 10_000
    entry = entry_of(plain(site, "a.bin", CONTENT))
    with pytest.raises(DataError, match=r"was cut after 50\.0 kB of a\.bin; continue with: hpobe"):
        fetch(entry)
    assert not (folder / "tiny").exists()
    site.cut_after = None
    fetch(entry)
    assert site.asked[-1] == ("/a.bin", "bytes=50000-")
    assert (folder / "tiny" / "a.bin").read_bytes() == CONTENT


def test_a_killed_process_leaves_a_part_that_the_next_call_continues(
    folder: Path, site: Site
) -> None:
    download = plain(site, "a.bin", CONTENT)
    site.hold_after = 131_072
    code = (
        "from hpobench_lab.data.fetching import fetch\n"
        "from hpobench_lab.data.entry import Download, Entry, Piece\n"
        f"d = {download!r}\n"
        "fetch(Entry('tiny', '', '', '', '', (), 'verified', downloads=(d,)), None)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], env=dict(os.environ))
    assert site.held.wait(60)
    part = folder / ".parts" / "tiny" / "a.bin.part"
    while process.poll() is None and not (part.is_file() and part.stat().st_size):
        os.sched_yield()
    process.send_signal(signal.SIGKILL)
    process.wait()
    site.release.set()
    site.hold_after = None
    kept = part.stat().st_size
    assert 0 < kept <= 131_072
    assert not (folder / "tiny").exists()
    fetch(entry_of(download))
    assert site.asked[-1] == ("/a.bin", f"bytes={kept}-")
    assert (folder / "tiny" / "a.bin").read_bytes() == CONTENT


def test_a_server_without_ranges_is_asked_for_everything_again(folder: Path, site: Site) -> None:
    entry = entry_of(plain(site, "a.bin", CONTENT))
    part = folder / ".parts" / "tiny" / "a.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(CONTENT[:1000])
    site.ranges = False
    fetch(entry)
    assert site.asked == [("/a.bin", "bytes=1000-")]
    assert (folder / "tiny" / "a.bin").read_bytes() == CONTENT


def test_without_a_digest_a_part_of_another_version_is_not_continued(
    folder: Path, site: Site
) -> None:
    site.cut_after = 10_000
    entry = entry_of(plain(site, "a.bin", CONTENT, known=False))
    with pytest.raises(DataError, match="was cut"):
        fetch(entry)
    site.cut_after = None
    site.files["/a.bin"] = OTHER
    fetch(entry)
    assert (folder / "tiny" / "a.bin").read_bytes() == OTHER


def test_without_digest_and_tag_a_download_starts_anew(folder: Path, site: Site) -> None:
    site.tagged = False
    entry = entry_of(plain(site, "a.bin", CONTENT, known=False))
    part = folder / ".parts" / "tiny" / "a.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(OTHER[:1000])
    fetch(entry)
    assert site.asked == [("/a.bin", "")]
    assert (folder / "tiny" / "a.bin").read_bytes() == CONTENT


def test_a_part_that_is_whole_already_is_not_fetched(folder: Path, site: Site) -> None:
    entry = entry_of(plain(site, "a.bin", CONTENT))
    part = folder / ".parts" / "tiny" / "a.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(CONTENT)
    fetch(entry)
    assert site.asked == []


def test_a_part_that_is_too_long_is_thrown_away(folder: Path, site: Site) -> None:
    entry = entry_of(plain(site, "a.bin", CONTENT))
    part = folder / ".parts" / "tiny" / "a.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(CONTENT + b"x")
    fetch(entry)
    assert (folder / "tiny" / "a.bin").read_bytes() == CONTENT


def test_a_wrong_digest_installs_nothing_and_keeps_nothing(folder: Path, site: Site) -> None:
    entry = entry_of(plain(site, "a.bin", CONTENT))
    site.files["/a.bin"] = CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])
    with pytest.raises(DataError, match=rf"a\.bin has sha256 \w+, expected {sha256(CONTENT)}"):
        fetch(entry)
    assert parts(folder) == []


def test_a_file_that_is_shorter_at_its_source_is_refused(folder: Path, site: Site) -> None:
    entry = entry_of(plain(site, "a.bin", CONTENT))
    site.files["/a.bin"] = CONTENT[:-7]
    with pytest.raises(DataError, match=r"a\.bin has 299993 bytes, expected 300000"):
        fetch(entry)
    assert not (folder / "tiny").exists()


def test_the_first_digest_is_said_and_kept_where_none_is_known(site: Site, folder: Path) -> None:
    entry = entry_of(plain(site, "a.bin", CONTENT, known=False))
    heard: list[str] = []
    fetch(entry, watch=Watch(say=heard.append))
    assert any(sha256(CONTENT) in text for text in heard)
    (folder / "tiny" / "a.bin").unlink()
    site.files["/a.bin"] = OTHER
    with pytest.raises(DataError, match=f"expected {sha256(CONTENT)}"):
        fetch(entry)


def test_a_pointer_of_large_file_storage_is_no_file(site: Site) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n"
    with pytest.raises(DataError, match="only a pointer"):
        fetch(entry_of(plain(site, "a.bin", pointer, known=False)))


@pytest.mark.parametrize("path", ["/gone.bin", ""])
def test_a_failing_network_is_one_line_that_says_what_to_do(site: Site, path: str) -> None:
    address = f"{site.address}{path}" if path else "http://127.0.0.1:1/a.bin"
    entry = entry_of(Download("a.bin", address, (Piece("a.bin"),)))
    with pytest.raises(DataError, match="404 Not Found" if path else "refused") as caught:
        fetch(entry)
    assert "\n" not in str(caught.value)
    assert "hpobench-lab data fetch tiny --from DIR" in str(caught.value)


def test_an_end_between_two_files_leaves_only_parts(folder: Path, site: Site) -> None:
    entry = entry_of(plain(site, "a.bin", CONTENT), plain(site, "b.bin", OTHER))
    del site.files["/b.bin"]
    with pytest.raises(DataError, match="404"):
        fetch(entry)
    assert not (folder / "tiny").exists()
    assert all(name.endswith(".part") for name in parts(folder))
    site.files["/b.bin"] = OTHER
    site.asked.clear()
    fetch(entry)
    assert site.asked == [("/b.bin", "")]


def test_an_end_while_unpacking_leaves_no_installation(
    folder: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hpobench_lab.data import fetching

    def interrupted(*args: object) -> None:
        raise KeyboardInterrupt

    entry = entry_of(plain(site, "a.bin", CONTENT))
    with monkeypatch.context() as patch:
        patch.setattr(fetching, "write_manifest", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fetch(entry)
    assert not (folder / "tiny").exists()
    fetch(entry)
    assert parts(folder) == ["tiny/MANIFEST", "tiny/a.bin"]
    assert len(site.asked) == 1


def test_what_changed_here_is_replaced(folder: Path, site: Site) -> None:
    entry = entry_of(plain(site, "a.bin", CONTENT))
    fetch(entry)
    (folder / "tiny" / "a.bin").write_bytes(OTHER)
    fetch(entry)
    assert (folder / "tiny" / "a.bin").read_bytes() == CONTENT


def test_a_failed_replacement_leaves_what_was_there(folder: Path, site: Site) -> None:
    entry = entry_of(plain(site, "a.bin", CONTENT))
    fetch(entry)
    (folder / "tiny" / "a.bin").write_bytes(OTHER)
    site.files.clear()
    with pytest.raises(DataError, match="404"):
        fetch(entry)
    assert (folder / "tiny" / "a.bin").read_bytes() == OTHER


def test_a_folder_made_by_hand_is_never_replaced(folder: Path, site: Site) -> None:
    (folder / "tiny").mkdir(parents=True)
    (folder / "tiny" / "mine.txt").write_text("mine")
    with pytest.raises(DataError, match="put there by hand; move it away"):
        fetch(entry_of(plain(site, "a.bin", CONTENT)))
    assert site.asked == []
    assert (folder / "tiny" / "mine.txt").read_text() == "mine"


def test_a_damaged_archive_installs_nothing(folder: Path, site: Site) -> None:
    broken = zipped({"a.csv": b"1,2"})[:-10]
    site.files["/a.zip"] = broken
    pieces = (Piece("a.csv", "a.csv"),)
    with pytest.raises(DataError, match=r"a\.zip cannot be unpacked: File is not a zip file"):
        fetch(entry_of(Download("a.zip", f"{site.address}/a.zip", pieces)))
    assert not (folder / "tiny").exists()


def test_two_processes_do_not_fetch_the_same_at_once(folder: Path, site: Site) -> None:
    fcntl = pytest.importorskip("fcntl")
    lock = folder / ".parts" / "tiny.lock"
    lock.parent.mkdir(parents=True)
    with lock.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        with pytest.raises(DataError, match="another process is fetching tiny"):
            fetch(entry_of(plain(site, "a.bin", CONTENT)))


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_data_folder_that_cannot_be_written_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, site: Site
) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    monkeypatch.setenv("HPOBENCH_LAB_DATA", str(tmp_path / "closed" / "data"))
    with pytest.raises(DataError, match="choose another folder with HPOBENCH_LAB_DATA"):
        fetch(entry_of(plain(site, "a.bin", CONTENT)))


def test_a_data_folder_that_is_a_file_is_one_line(folder: Path, site: Site) -> None:
    folder.write_text("not a folder")
    with pytest.raises(DataError, match="choose another folder with HPOBENCH_LAB_DATA"):
        fetch(entry_of(plain(site, "a.bin", CONTENT)))
