"""A real browser for tests: headless Chromium, driven over a pipe, with real keys and real media.

The protocol is https://chromedevtools.github.io/devtools-protocol/ (messages are JSON, each ended
by a zero byte; the browser reads descriptor 3 and writes descriptor 4).
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
QUIET = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --disable-dev-shm-usage "
    "--hide-scrollbars --remote-debugging-pipe"
).split()
PATIENCE_S = 60.0
LAUNCH = """
import fcntl, os, sys
into, out = (fcntl.fcntl(int(n), fcntl.F_DUPFD, 10) for n in sys.argv[1:3])
os.dup2(into, 3)
os.dup2(out, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Becomes the browser, with the two pipes where it expects them."""

KEYS = {
    "Tab": {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9},
    "Enter": {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"},
    "Space": {"key": " ", "code": "Space", "windowsVirtualKeyCode": 32, "text": " "},
    "Left": {"key": "ArrowLeft", "code": "ArrowLeft", "windowsVirtualKeyCode": 37},
    "End": {"key": "End", "code": "End", "windowsVirtualKeyCode": 35},
    "Home": {"key": "Home", "code": "Home", "windowsVirtualKeyCode": 36},
}


@dataclass
class Browser:
    """Drive one page; keep what it says on the console and every address that it asks for."""

    to: int
    source: int
    session: str = ""
    asked: int = 0
    rest: bytes = b""
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    loaded: bool = False

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Return the browser's answer."""
        self.asked += 1
        message: dict[str, Any] = {"id": self.asked, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        text = memoryview(json.dumps(message).encode() + b"\0")
        while text:
            text = text[os.write(self.to, text) :]
        while True:
            answer = self._next()
            if answer.get("id") == self.asked:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    def _next(self) -> dict[str, Any]:
        until = time.monotonic() + PATIENCE_S
        while b"\0" not in self.rest:
            left = until - time.monotonic()
            assert left > 0, "the browser does not answer"
            if select.select([self.source], [], [], left)[0]:
                part = os.read(self.source, 1 << 20)
                assert part, "the browser is gone"
                self.rest += part
        text, self.rest = self.rest.split(b"\0", 1)
        message: dict[str, Any] = json.loads(text)
        self._note(message.get("method"), message.get("params") or {})
        return message

    def _note(self, event: str | None, about: dict[str, Any]) -> None:
        if event == "Page.loadEventFired":
            self.loaded = True
        elif event == "Log.entryAdded":
            self.console.append(about["entry"]["text"])
        elif event == "Runtime.consoleAPICalled":
            self.console.append(str(about["args"]))
        elif event == "Runtime.exceptionThrown":
            self.console.append(str(about["exceptionDetails"]))
        elif event == "Network.requestWillBeSent":
            self.requests.append(about["request"]["url"])

    def open(self, page: Path, *, width: int = 1200, phone: bool = False) -> None:
        """Open a page of a given width."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=phone,
        )
        self.media()
        self.console.clear()
        self.requests.clear()
        self.loaded = False
        self.call("Page.navigate", url=page.as_uri())
        while not self.loaded:
            self._next()

    def media(self, kind: str = "", **features: str) -> None:
        """Set ``print`` or "", and what the system prefers: ``prefers_color_scheme="dark"``."""
        wanted = [
            {"name": k.replace("_", "-"), "value": v}
            for k, v in ({"prefers_color_scheme": "light"} | features).items()
        ]
        self.call("Emulation.setEmulatedMedia", media=kind, features=wanted)

    def run(self, script: str) -> Any:
        """Return the value of an expression in the page."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, *names: str) -> None:
        """Press keys as a hand does."""
        for name in names:
            for kind in ("keyDown", "keyUp"):
                self.call("Input.dispatchKeyEvent", type=kind, **KEYS[name])

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self.call("Input.insertText", text=text)

    def point(self, x: float, y: float) -> None:
        """Move the mouse."""
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """Start Chromium with a new profile in a folder, and end it."""
    into, to = os.pipe()
    source, out = os.pipe()
    words = [str(CHROMIUM), *QUIET, f"--user-data-dir={folder}", "about:blank"]
    process = subprocess.Popen(
        [sys.executable, "-c", LAUNCH, str(into), str(out), *words],
        pass_fds=(into, out),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(into)
    os.close(out)
    try:
        found = Browser(to, source)
        target = found.call("Target.createTarget", url="about:blank")["targetId"]
        found.session = found.call("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Log", "Network"):
            found.call(f"{domain}.enable")
        yield found
    finally:
        os.close(to)
        os.close(source)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
