"""A server on this machine whose connections are cut, and entries whose files it serves."""

from __future__ import annotations

import hashlib
import io
import re
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from hpobench_lab.data.entry import Download, Entry, Piece


@dataclass
class Site:
    """Hold what is served and what was asked for.

    Args:
        files: Path -> bytes.
        cut_after: Bytes after which each answer's connection is closed, or None.
        ranges: Whether ranges are understood.
        tagged: Whether files have an ETag.
        asked: (path, Range header or "") of each request.
        sent: Bytes sent in all.
        hold: Set to let an answer continue that stopped after ``hold_after`` bytes.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    cut_after: int | None = None
    ranges: bool = True
    tagged: bool = True
    asked: list[tuple[str, str]] = field(default_factory=list)
    sent: int = 0
    address: str = ""
    hold_after: int | None = None
    held: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    """Serve a site for the time of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: object) -> None:
            """Stay silent."""

        def do_GET(self) -> None:
            asked = self.headers.get("Range", "")
            site.asked.append((self.path, asked))
            content = site.files.get(self.path)
            if content is None:
                self.send_error(404)
                return
            self.answer(content, asked)

        def answer(self, content: bytes, asked: str) -> None:
            tag = f'"{hashlib.sha256(content).hexdigest()[:8]}"'
            match = re.fullmatch(r"bytes=(\d+)-", asked) if site.ranges else None
            wanted = self.headers.get("If-Range")
            start = int(match[1]) if match and wanted in (None, tag) else 0
            if start >= len(content) > 0 and match:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206 if start else 200)
            if start:
                span = f"bytes {start}-{len(content) - 1}/{len(content)}"
                self.send_header("Content-Range", span)
            if site.tagged:
                self.send_header("ETag", tag)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            self.body(content[start:])

        def body(self, left: bytes) -> None:
            if site.hold_after is not None:
                self.wfile.write(left[: site.hold_after])
                self.wfile.flush()
                left = left[site.hold_after :]
                site.held.set()
                site.release.wait(30)
            part = left if site.cut_after is None else left[: site.cut_after]
            try:
                self.wfile.write(part)
            except ConnectionError:
                return
            site.sent += len(part)
            if len(part) < len(left):
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    site.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield site
    finally:
        site.release.set()
        server.shutdown()
        server.server_close()
        thread.join()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def entry_of(*downloads: Download, **facts: object) -> Entry:
    """Return an entry called ``tiny`` of these downloads."""
    given = {"opens": ("taskset/*",), "status": "format-tested", "downloads": downloads}
    texts = {"title": "Tiny", "licence": "MIT", "citation": "none", "page": "https://example.org"}
    return Entry("tiny", **(texts | given | facts))  # type: ignore[arg-type]


def plain(site: Site, name: str, content: bytes, *, known: bool = True) -> Download:
    """Serve a file and return its download."""
    site.files[f"/{name}"] = content
    digest, size = (sha256(content), len(content)) if known else (None, None)
    piece = Piece(name, size=size, sha256=digest)
    return Download(name, f"{site.address}/{name}", (piece,), size, digest)


def zipped(members: dict[str, bytes]) -> bytes:
    """Return a zip file of these members, names as they are."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return stream.getvalue()
