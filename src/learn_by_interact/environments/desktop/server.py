"""The HTTP server that runs in OSWorld's machines, as its public protocol has it.

Source of the protocol: github.com/xlang-ai/OSWorld, `desktop_env/server` and `desktop_env/controllers`.

    GET  /platform, /screenshot, /accessibility    -> a word, a PNG, {"AT": XML}
    POST /execute        {"command": [...]}        -> {"output", "error", "returncode"}
    POST /setup/launch   {"command": [...]}        -> a sentence
    POST /setup/upload   a form with a file; POST /file  a form with `file_path` -> the file

What it answers is not trusted: an answer has a time, a size and a form, or it is an EnvironmentFault.
"""

from __future__ import annotations

import json
import secrets
import socket
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

from ...errors import EnvironmentFault

MOST = 64 * 1024 * 1024
"""Bytes of an answer."""
CONNECT = 10.0
"""Seconds in which a server answers that has nothing to do."""
FETCH = 60.0
"""Seconds that a file may take."""
PNG = b"\x89PNG\r\n\x1a\n"
AT_FAULT = "is this the server of OSWorld's desktop_env?"


class Late(EnvironmentFault):
    """The server did not answer in time."""


@dataclass(frozen=True)
class Done:
    """What a command did."""

    output: str
    error: str
    code: int | None
    """None: it could not be run, and `error` says why."""


class Server:
    """One machine's server. All methods raise EnvironmentFault; Late where it did not answer in time."""

    def __init__(self, url: str) -> None:
        """`url`: http://host:port, checked."""
        parts = urlsplit(url)
        self.url = url.rstrip("/")
        self.host, self._secure = parts.hostname or "", parts.scheme == "https"
        self.port = parts.port or (443 if self._secure else 80)

    def platform(self) -> str:
        """The machine's system: Linux, Windows or Darwin."""
        return self._ask("GET", "/platform", CONNECT).decode("utf-8", "replace").strip()[:40]

    def screenshot(self, seconds: float) -> bytes:
        """The screen with the cursor, as PNG."""
        found = self._ask("GET", "/screenshot", seconds)
        if not found.startswith(PNG):
            raise self._fault("/screenshot", f"gave no PNG picture; {AT_FAULT}")
        return found

    def accessibility(self, seconds: float) -> str:
        """The applications' trees, as XML."""
        found = self._object("/accessibility", self._ask("GET", "/accessibility", seconds))
        if not isinstance(found.get("AT"), str):
            raise self._fault("/accessibility", f"gave no text under AT; {AT_FAULT}")
        return str(found["AT"])

    def execute(self, command: Sequence[str], seconds: float) -> Done:
        """Run a command, and wait for it."""
        body = json.dumps({"command": list(command), "shell": False}).encode()
        told = self._object("/execute", self._ask("POST", "/execute", seconds, body, may_fail=True))
        if told.get("status") == "error":
            return Done("", " ".join(str(told.get("message", "")).split())[-300:] or "no reason given", None)
        code = told.get("returncode")
        if not isinstance(code, int):
            raise self._fault("/execute", f"gave no returncode; {AT_FAULT}")
        return Done(str(told.get("output", "")), str(told.get("error", "")), code)

    def launch(self, command: Sequence[str]) -> None:
        """Start a program that goes on."""
        body = json.dumps({"command": list(command), "shell": False}).encode()
        self._ask("POST", "/setup/launch", CONNECT, body)

    def file(self, path: str) -> bytes | None:
        """A file of the machine; None where it has none. `~` is its user's home."""
        body = urlencode({"file_path": path}).encode()
        form = "application/x-www-form-urlencoded"
        status, found = self._answer("POST", "/file", FETCH, body, form)
        if status in (404, 500):  # The server has no word for a folder, or a file that it cannot read.
            return None
        self._good("/file", status, found)
        return found

    def upload(self, path: str, content: bytes) -> None:
        """Write a file, into a folder that exists."""
        mark = secrets.token_hex(16)
        head = f'--{mark}\r\nContent-Disposition: form-data; name="file_path"\r\n\r\n{path}\r\n'
        file = (
            f'--{mark}\r\nContent-Disposition: form-data; name="file_data"; filename="file"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        body = head.encode() + file.encode() + content + f"\r\n--{mark}--\r\n".encode()
        self._ask("POST", "/setup/upload", FETCH, body, f"multipart/form-data; boundary={mark}")

    def _ask(
        self,
        method: str,
        path: str,
        seconds: float,
        body: bytes | None = None,
        form: str = "application/json",
        may_fail: bool = False,
    ) -> bytes:
        """The body of a good answer; `may_fail`: of one that tells of an error, too."""
        status, found = self._answer(method, path, seconds, body, form)
        if not (may_fail and status == 500):
            self._good(path, status, found)
        return found

    def _answer(
        self, method: str, path: str, seconds: float, body: bytes | None, form: str = "application/json"
    ) -> tuple[int, bytes]:
        kind = HTTPSConnection if self._secure else HTTPConnection
        connection = kind(self.host, self.port, timeout=seconds)
        late = threading.Event()
        try:
            connection.connect()
            timer = threading.Timer(seconds, _cut, (connection.sock, late))
            timer.daemon = True
            timer.start()
            try:
                headers: Mapping[str, str] = {"Content-Type": form} if body is not None else {}
                connection.request(method, path, body, dict(headers))
                answer = connection.getresponse()
                found = answer.read(MOST + 1)
            finally:
                timer.cancel()
        except (OSError, HTTPException, ValueError) as error:
            if late.is_set() or isinstance(error, TimeoutError):
                raise Late(f"{self.url}{path} did not answer within {seconds:g} s") from None
            said = str(error) or type(error).__name__
            raise self._fault(
                path, f"could not be asked ({said}): start the machine, or correct its url"
            ) from None
        finally:
            connection.close()
        if late.is_set():
            raise Late(f"{self.url}{path} did not answer within {seconds:g} s")
        if len(found) > MOST:
            raise self._fault(path, f"answered with more than {MOST >> 20} MB")
        return answer.status, found

    def _good(self, path: str, status: int, found: bytes) -> None:
        if status != 200:
            told = " ".join(found[:300].decode("utf-8", "replace").split())
            raise self._fault(path, f"answered with status {status}: {told or 'no words'}")

    def _object(self, path: str, found: bytes) -> dict[str, Any]:
        try:
            told = json.loads(found)
        except (ValueError, RecursionError):
            told = None
        if not isinstance(told, dict):
            raise self._fault(path, f"gave no JSON object; {AT_FAULT}")
        return told

    def _fault(self, path: str, what: str) -> EnvironmentFault:
        return EnvironmentFault(f"{self.url}{path} {what}")


def _cut(connection: socket.socket, late: threading.Event) -> None:
    """End a connection, whatever waits for it."""
    late.set()
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
