"""A machine with a screen: what the environment asks of one, and the one in the sandbox."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ...errors import EnvironmentFault
from ..folder import Limits
from ..process import descendants, stop
from ..sandbox import Sandbox

INSIDE = Path(__file__).parent / "inside"
"""The programs that run in the sandbox."""
PYTHON = "/usr/bin/python3"
"""The system's Python, for which Debian's python3-gi is made."""
PROGRAMS = {"Xvfb": "xvfb", "openbox": "openbox", "xdotool": "xdotool", "dbus-daemon": "dbus"}
SEEN = (
    "/etc/chromium",
    "/etc/dbus-1",
    "/etc/fonts",
    "/etc/gimp",
    "/etc/gtk-3.0",
    "/etc/libreoffice",
    "/etc/X11",
    "/etc/xdg",
    "/var/cache/fontconfig",
)
"""What applications with windows need beside the system; nothing in it is private."""
LEAST = {"processes": 400, "memory_mb": 3072, "disk_mb": 256}
"""Limits that a desktop has at least: office programs take more than command-line tools."""
BOOT_SECONDS = 20.0
LOOK_SECONDS = 15.0
"""Time that a look at all windows may take."""
TICK = 0.04
"""Seconds between two looks at whether the screen is at rest."""
WORKS = 0.03
"""Seconds of processor time in the time of rest that is waited for; what takes as much is not at rest."""
GRACE = 3.0
"""How much later than its time an answer may come."""


@dataclass(frozen=True)
class Looked:
    """The windows, as trees of nodes (see `inside/tree.py`)."""

    windows: list[dict[str, Any]] = field(default_factory=list)
    silent: tuple[str, ...] = ()
    """Names of applications that do not answer."""
    ended: tuple[str, ...] = ()
    """Commands whose programs have ended."""


class Machine(Protocol):
    """A machine with a screen. All methods raise EnvironmentFault when the machine itself broke."""

    def launch(self, command: str) -> None:
        """Start an application: a bash command that goes on by itself."""
        ...

    def look(self, cells: int) -> Looked:
        """What the windows show; of a table at most so many cells."""
        ...

    def python(self, code: str, seconds: float) -> str:
        """Run Python code in which `import pyautogui` works -> "", or why it failed."""
        ...

    def click(self, node: dict[str, Any]) -> str:
        """Click a node that has no place on the screen, as an item of a closed menu -> "", or why not."""
        ...

    def choose(self, node: dict[str, Any], begin: int, end: int) -> str:
        """Select a part of a text, an empty one with the cursor; -1: the text's end -> "", or why not."""
        ...

    def picture(self) -> bytes:
        """The screen, as PNG."""
        ...

    def rest(self, quiet: float, patience: float) -> None:
        """Wait until nothing has changed on the screen for `quiet` seconds, at most `patience`."""
        ...

    def stamp(self) -> int:
        """A number that is another one when the screen shows something else."""
        ...

    def close(self) -> None: ...


class LocalMachine:
    """A screen in a sandbox without network: a server that draws into a file, and what it shows."""

    def __init__(self, sandbox: Sandbox, width: int, height: int, limits: Limits) -> None:
        """Start it. Raises EnvironmentFault."""
        self._sandbox = sandbox
        self._folder = sandbox.temporary / ".desk"
        shutil.copytree(INSIDE, sandbox.control / "desk", ignore=shutil.ignore_patterns("__pycache__"))
        desk, seen = f"{sandbox.inside_control}/desk/desk.py", f"{sandbox.inside_temporary}/.desk"
        log = sandbox.home.parent / "desk.log"
        least = {name: max(number, getattr(limits, name)) for name, number in LEAST.items()}
        with log.open("wb") as file:
            self._process = sandbox.serve(
                f"exec {PYTHON} {desk} {seen} {width} {height}",
                {},
                limits.model_copy(update=least),
                file,
                network=False,
            )
        try:
            self._socket = self._connect(log)
        except BaseException:
            stop(self._process)
            raise
        self._stream = self._socket.makefile("rw", encoding="utf-8")

    def _connect(self, log: Path) -> socket.socket:
        place = self._folder / "socket"
        until = time.monotonic() + BOOT_SECONDS
        while not place.exists():
            if self._process.poll() is not None or time.monotonic() > until:
                told = " ".join(log.read_text(encoding="utf-8", errors="replace").split())[-300:]
                raise EnvironmentFault(f"the screen did not start: {told or 'it said nothing'}")
            time.sleep(0.01)
        made = socket.socket(socket.AF_UNIX)
        # A path of a socket has at most 107 bytes, however long that of the temporary folder is.
        folder = os.open(self._folder, os.O_PATH)
        try:
            made.connect(f"/proc/self/fd/{folder}/socket")
        finally:
            os.close(folder)
        return made

    def launch(self, command: str) -> None:
        """See `Machine.launch`."""
        self._ask({"ask": "launch", "command": command}, GRACE)

    def look(self, cells: int) -> Looked:
        """See `Machine.look`."""
        told = self._ask({"ask": "look", "cells": cells}, LOOK_SECONDS)
        ended = tuple(command for command, code in told.get("apps", []) if code is not None)
        if told.get("late"):
            return Looked(silent=("the screen",), ended=ended)
        if "windows" not in told:
            raise EnvironmentFault(f"the windows could not be read: {told.get('error', 'no answer')}")
        return Looked(told["windows"], tuple(told["silent"]), ended)

    def python(self, code: str, seconds: float) -> str:
        """See `Machine.python`."""
        told = self._ask({"ask": "python", "code": code}, seconds)
        return f"it ran longer than {seconds:g} s" if told.get("late") else str(told.get("error", ""))

    def click(self, node: dict[str, Any]) -> str:
        """See `Machine.click`."""
        told = self._ask({"ask": "act", "at": node["at"]}, GRACE)
        return "the application does not answer" if told.get("late") else str(told.get("error", ""))

    def choose(self, node: dict[str, Any], begin: int, end: int) -> str:
        """See `Machine.choose`."""
        told = self._ask({"ask": "choose", "at": node["at"], "begin": begin, "end": end}, GRACE)
        return "the application does not answer" if told.get("late") else str(told.get("error", ""))

    def picture(self) -> bytes:
        """See `Machine.picture`."""
        from .picture import png

        return png(self._frame())

    def rest(self, quiet: float, patience: float) -> None:
        """See `Machine.rest`."""
        begin = changed = time.monotonic()
        last, spent, waited = self.stamp(), self._spent(), self._waited()
        while time.monotonic() - begin < patience and time.monotonic() - changed < quiet:
            time.sleep(TICK)
            now, waits = self.stamp(), self._waited()
            # What works without drawing is not at rest either, nor what waits for a processor to do so.
            starved = any(waits[pid] - waited.get(pid, 0.0) >= quiet / 2 for pid in waits)
            if now != last or starved or self._spent() - spent >= WORKS:
                last, spent, waited, changed = now, self._spent(), waits, time.monotonic()

    def stamp(self) -> int:
        """See `Machine.stamp`."""
        return zlib.crc32(self._frame())

    def _spent(self) -> float:
        """Processor time of all that runs on the machine, in seconds."""
        ticks = 0
        for pid in descendants(self._process.pid):
            with suppress(OSError, IndexError, ValueError):
                said = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                ticks += int(said[11]) + int(said[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def _waited(self) -> dict[int, float]:
        """Process -> seconds for which it had no processor to run on, where the kernel counts them."""
        waited = {}
        for pid in descendants(self._process.pid):
            with suppress(OSError, IndexError, ValueError):
                waited[pid] = int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
        return waited

    def close(self) -> None:
        """Kill all that runs on it."""
        with suppress(OSError):
            self._stream.close()
            self._socket.close()
        stop(self._process)

    def _frame(self) -> bytes:
        """What the server has drawn: a file in the format of xwd."""
        try:
            return (self._folder / "Xvfb_screen0").read_bytes()
        except OSError as error:
            raise EnvironmentFault(f"the screen could not be read: {error}") from None

    def _ask(self, asked: dict[str, Any], seconds: float) -> dict[str, Any]:
        self._socket.settimeout(seconds + GRACE)
        try:
            self._stream.write(json.dumps({**asked, "seconds": seconds}) + "\n")
            self._stream.flush()
            told = json.loads(self._stream.readline())
        except (OSError, ValueError) as error:
            raise EnvironmentFault(f"the screen does not answer: {error}") from None
        if not isinstance(told, dict):
            raise EnvironmentFault("the screen does not answer")
        return told


def missing_programs() -> list[str]:
    """Debian packages of programs that a desktop needs and that are not here."""
    missing = [package for program, package in PROGRAMS.items() if not shutil.which(program)]
    launcher = any(
        Path(one).exists() for one in ("/usr/libexec/at-spi-bus-launcher", "/usr/lib/at-spi2-core")
    )
    missing += [] if launcher else ["at-spi2-core"]
    if not _has_gi():
        missing.append("python3-gi")
    return missing


def _has_gi() -> bool:
    found = [
        *Path("/usr/lib/python3").glob("dist-packages/gi"),
        *Path("/usr/lib").glob("python3*/site-packages/gi"),
    ]
    return bool(found) or not subprocess.run([PYTHON, "-c", "import gi"], capture_output=True).returncode
