"""A small machine for tests: the protocol of OSWorld's server over one window with a field and a button."""

from __future__ import annotations

import json
import re
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

NS = "https://accessibility.ubuntu.example.org/ns"
TREE = f"""<desktop-frame xmlns:st="{NS}/state" xmlns:cp="{NS}/component" xmlns:val="{NS}/value">
<application name="notes">
 <frame name="Notes" st:showing="true" st:active="true" cp:screencoord="(0, 0)" cp:size="(400, 300)">
  <menu-bar st:showing="true">
   <menu name="File" st:showing="true" st:enabled="true" cp:screencoord="(0, 0)" cp:size="(40, 20)">
    <menu-item name="Clear" st:enabled="true"/>
   </menu>
  </menu-bar>
  <label name="Text:" st:showing="true" cp:screencoord="(10, 50)" cp:size="(40, 20)">Text:</label>
  <text name="" st:showing="true" st:editable="true" st:enabled="true" st:focused="true"
   cp:screencoord="(60, 50)" cp:size="(200, 20)">%s</text>
  <slider name="Size" st:showing="true" st:enabled="true" val:value="12.0"
   cp:screencoord="(10, 80)" cp:size="(90, 20)"/>
  <push-button name="Save" st:showing="true" st:enabled="true" cp:screencoord="(10, 100)" cp:size="(60, 20)"/>
  <push-button name="Hidden" st:enabled="true"/>
 </frame>
</application></desktop-frame>"""
SAVE = "pyautogui.click(40, 110)"
PNG_HEAD = b"\x89PNG\r\n\x1a\n"


def png(shade: int) -> bytes:
    """A picture of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes([0, shade % 256]))
    return PNG_HEAD + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


class FakeMachine:
    """What the machine holds, and how it answers; `wrong` puts other answers in the place of right ones."""

    def __init__(self) -> None:
        self.url, self.text = "", ""
        self.files: dict[str, bytes] = {}
        self.launched: list[list[str]] = []
        self.ran: list[list[str]] = []
        self.wrong: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}

    def execute(self, command: list[str]) -> dict[str, Any]:
        """What a command does here: the few that tests need."""
        self.ran.append(command)
        code, error, returned = command[-1], "", 0
        if "fail" in code:
            error, returned = "Traceback\nValueError: no such thing", 1
        elif "sleep(30)" in code:
            returned = 124
        elif "doAction" in code:
            self.text = ""
        elif written := re.search(r"pyautogui\.write\('([^']*)'\)\Z", code):
            self.text += written[1]
        elif SAVE in code:
            self.files["~/note.txt"] = self.text.encode()
        return {"status": "success", "output": "", "error": error, "returncode": returned}

    def answer(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Status and body of a right answer."""
        if path == "/platform":
            return 200, b"Linux"
        if path == "/screenshot":
            return 200, png(len(self.text))
        if path == "/accessibility":
            return 200, json.dumps({"AT": TREE % self.text}).encode()
        if path == "/execute":
            return 200, json.dumps(self.execute(json.loads(body)["command"])).encode()
        if path == "/setup/launch":
            self.launched.append(json.loads(body)["command"])
            self.text = ""
            return 200, b"launched"
        if path == "/file":
            found = self.files.get(parse_qs(body.decode())["file_path"][0])
            return (200, found) if found is not None else (404, b"{}")
        if path == "/setup/upload":
            parts = re.findall(rb'name="(\w+)"[^\n]*\r\n(?:[^\r\n]+\r\n)*\r\n(.*?)\r\n--', body, re.DOTALL)
            given = dict(parts)
            self.files[given[b"file_path"].decode()] = given[b"file_data"]
            return 200, b"File Uploaded"
        return 404, b"no such page"


@contextmanager
def machine() -> Iterator[FakeMachine]:
    """A machine at a port of this host."""
    fake = FakeMachine()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path in fake.wrong:
                fake.wrong[self.path](self)
                return
            said(self, *fake.answer(self.path, body))

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def said(handler: BaseHTTPRequestHandler, status: int, body: bytes) -> None:
    """Answer."""
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def saying(body: str | bytes, status: int = 200) -> Callable[[BaseHTTPRequestHandler], None]:
    """An answer that is wrong."""
    return lambda handler: said(handler, status, body.encode() if isinstance(body, str) else body)


def hanging(handler: BaseHTTPRequestHandler) -> None:
    """An answer that comes a byte at a time, and never ends."""
    handler.send_response(200)
    handler.end_headers()
    try:
        for _ in range(600):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.05)
    except OSError:
        return


def dropping(handler: BaseHTTPRequestHandler) -> None:
    """No answer: the connection ends."""
    handler.connection.close()
