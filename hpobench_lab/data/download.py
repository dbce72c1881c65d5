"""Get one file over HTTP; what a cut connection left is continued, not fetched again.

A part is continued where the server can say that it is still the same file: by its digest, which
is checked at the end, or by its ``ETag`` (``If-Range``, RFC 9110 section 13.1.5). Otherwise the
download starts anew.
"""

from __future__ import annotations

import http.client
import os
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from hpobench_lab.data.place import megabytes
from hpobench_lab.errors import DataError

__all__ = ["Step", "download"]

Step = Callable[[int, int | None], None]
"""Called with (bytes done, bytes in all or None)."""

TIMEOUT_S = 60.0
ATTEMPTS = 5
CHUNK = 1 << 16
_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")
_FAILURES = (OSError, http.client.HTTPException)


class _Cut(Exception):
    """The connection ended before the file did."""


def download(address: str, part: Path, *, digest_known: bool, step: Step, again: str) -> None:
    """Fetch a file to ``part``, continuing what is there.

    Args:
        address: Where the file is.
        part: What it is written to; it stays when this fails, to be continued by the next call.
        digest_known: Whether the caller checks the whole file against a digest.
        step: Told of progress; first with the size, before any byte is fetched.
        again: The command, for messages.

    Raises:
        DataError: If the server cannot be reached or says no; one line.
    """
    for attempt in range(ATTEMPTS):
        before = _size(part)
        try:
            _attempt(address, part, digest_known, step)
            return
        except urllib.error.HTTPError as error:
            with error:
                raise DataError(_refused(address, f"{error.code} {error.reason}", again)) from None
        except _Cut:
            if _size(part) == before or attempt == ATTEMPTS - 1:
                raise DataError(_was_cut(address, part, again)) from None
        except _FAILURES as error:
            raise DataError(_refused(address, _reason(error), again, _size(part))) from None


def _attempt(address: str, part: Path, digest_known: bool, step: Step) -> None:
    start, tag = _resumable(part, digest_known)
    try:
        response = _open(address, start, tag)
    except urllib.error.HTTPError as error:
        if error.code != 416 or not start:
            raise
        whole = _total(error.headers) == start
        error.close()
        if whole:
            step(start, start)
            return
        part.unlink()
        raise _Cut from None
    with response:
        _check_scheme(address, response.geturl())
        start = _start(response, start)
        total = _length(response, start)
        step(start, total)
        _keep_tag(part, response.headers.get("ETag"))
        with part.open("ab" if start else "wb") as stream:
            _copy(response, stream, start, total, step)


def _resumable(part: Path, digest_known: bool) -> tuple[int, str]:
    """Return how many bytes are kept, and the tag of the file that they belong to."""
    tag = ""
    with suppress(OSError):
        tag = _tag_file(part).read_text(encoding="ascii")
    return (_size(part) if tag or digest_known else 0), tag


def _open(address: str, start: int, tag: str) -> Any:
    headers = {"User-Agent": "hpobench-lab", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
        if tag:
            headers["If-Range"] = tag
    request = urllib.request.Request(address, headers=headers)
    return urllib.request.urlopen(request, timeout=TIMEOUT_S)


def _start(response: Any, asked: int) -> int:
    """Return where the answer begins: where asked, or at 0 if the server sends everything."""
    if response.status != 206:
        return 0
    match = _RANGE.match(response.headers.get("Content-Range", ""))
    begins = match and match[1]
    if begins is None or int(begins) != asked:
        raise http.client.HTTPException("the server answered with another range than asked for")
    return asked


def _length(response: Any, start: int) -> int | None:
    length = response.headers.get("Content-Length")
    return start + int(length) if length and length.isdigit() else None


def _total(headers: Any) -> int | None:
    match = _RANGE.match(headers.get("Content-Range", ""))
    return int(match[2]) if match and match[2].isdigit() else None


def _copy(response: Any, stream: IO[bytes], done: int, total: int | None, step: Step) -> None:
    """Append what comes; the file is flushed even when the connection breaks."""
    try:
        while chunk := response.read(CHUNK):
            stream.write(chunk)
            done += len(chunk)
            step(done, total)
    except (ConnectionError, TimeoutError, http.client.IncompleteRead) as error:
        raise _Cut from error
    finally:
        stream.flush()
        os.fsync(stream.fileno())
    if total is not None and done < total:
        raise _Cut


def _check_scheme(asked: str, answered: str) -> None:
    if urllib.parse.urlsplit(asked).scheme != urllib.parse.urlsplit(answered).scheme:
        raise http.client.HTTPException(f"redirected to another kind of address, {answered}")


def _tag_file(part: Path) -> Path:
    return part.with_name(f"{part.name.removesuffix('.part')}.etag.part")


def _keep_tag(part: Path, tag: str | None) -> None:
    """Keep a strong tag; a weak one promises no equal bytes."""
    if tag and not tag.startswith("W/") and tag.isascii():
        _tag_file(part).write_text(tag, encoding="ascii")
    else:
        _tag_file(part).unlink(missing_ok=True)


def _size(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0


def _reason(error: BaseException) -> str:
    reason = getattr(error, "reason", None) or error
    return str(getattr(reason, "strerror", None) or reason or type(reason).__name__)


def _was_cut(address: str, part: Path, again: str) -> str:
    return (
        f"the connection to {_host(address)} was cut after {megabytes(_size(part))} of "
        f"{_name(address)}; continue with: {again}"
    )


def _refused(address: str, reason: str, again: str, kept: int = 0) -> str:
    continued = f"; {megabytes(kept)} are kept, the same command continues there" if kept else ""
    return (
        f"cannot fetch {address}: {reason}{continued}. Without network: get the file elsewhere, "
        f"then {again} --from DIR"
    )


def _host(address: str) -> str:
    return urllib.parse.urlsplit(address).hostname or address


def _name(address: str) -> str:
    return urllib.parse.urlsplit(address).path.rpartition("/")[2]
