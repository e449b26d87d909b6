"""Inside the sandbox: the screen, its session, and what is asked of them. Run by the system's own Python.

    python3 desk.py FOLDER WIDTH HEIGHT

It starts an X server without a screen, a session bus, the accessibility bus and a window manager, and then
answers at the Unix socket `FOLDER/socket`: a line of JSON in, a line of JSON out, one connection.

    {"ask": "launch", "command": "..."}         -> {}
    {"ask": "look", "cells": 400}               -> what `tree.py` gives, and what was launched
    {"ask": "act", "at": [name, path]}          -> {"output": "", "error": ""}
    {"ask": "choose", "at": [name, path], "begin": 0, "end": -1}    -> the same
    {"ask": "python", "code": "..."}            -> {"output": "...", "error": ""}

Each request is worked on in a process of its own, which is killed after `seconds`: an application that does
not answer cannot block the desk. The server's picture is the file `FOLDER/Xvfb_screen0`.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
BUS = ("/usr/libexec/at-spi-bus-launcher", "/usr/lib/at-spi2-core/at-spi-bus-launcher")
PRELUDE = "import time, pyautogui"
"""What code finds imported, as in OSWorld (`desktop_env/controllers/python.py`)."""
OUTPUT = 4000
"""Characters of a program's output that are told."""


def main() -> None:
    folder, width, height = Path(sys.argv[1]), *map(int, sys.argv[2:4])
    folder.mkdir(exist_ok=True)
    _session(folder, width, height)
    tree = importlib.import_module("tree")  # Heavy: once, before the processes that use it are forked.

    if not os.fork():
        tree.listen()
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(folder / "starting"))
    server.listen(1)
    (folder / "starting").rename(folder / "socket")
    connection = server.accept()[0]
    apps: list[tuple[str, subprocess.Popen[bytes]]] = []
    with connection.makefile("rw", encoding="utf-8") as stream:
        for line in stream:
            asked = json.loads(line)
            told = _answer(asked, apps, folder, tree)
            stream.write(json.dumps(told) + "\n")
            stream.flush()


def _answer(
    asked: dict[str, Any],
    apps: list[tuple[str, subprocess.Popen[bytes]]],
    folder: Path,
    tree: Any,
) -> dict[str, Any]:
    if asked["ask"] == "launch":
        with (folder / "log").open("ab") as log:
            apps.append((asked["command"], _start(["bash", "-c", asked["command"]], log)))
        return {}
    if asked["ask"] == "look":
        told = _apart(lambda: tree.look(asked["cells"]), asked["seconds"])
        told["apps"] = [[command, process.poll()] for command, process in apps]
        return told
    if asked["ask"] == "act":
        return _apart(lambda: tree.act(asked["at"]), asked["seconds"])
    if asked["ask"] == "choose":
        return _apart(lambda: tree.choose(asked["at"], asked["begin"], asked["end"]), asked["seconds"])
    return _apart(lambda: _run(asked["code"]), asked["seconds"])


def _apart(do: Callable[[], dict[str, Any]], seconds: float) -> dict[str, Any]:
    """What `do` gives in a process of its own; {"late": true} of one that took too long."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.setsid()
        os.close(reader)
        try:
            told = do()
        except BaseException as error:
            told = {"error": f"{type(error).__name__}: {error}"}
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(json.dumps(told).encode())
        os._exit(0)
    os.close(writer)
    parts, until = [], time.monotonic() + seconds
    while select.select([reader], [], [], max(0.0, until - time.monotonic()))[0]:
        part = os.read(reader, 1 << 20)
        if not part:
            break
        parts.append(part)
    os.close(reader)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    try:
        found: dict[str, Any] = json.loads(b"".join(parts))
    except ValueError:
        return {"late": True}
    return found


def _run(code: str) -> dict[str, Any]:
    """Run Python code; its pyautogui is the module beside this one."""
    run = subprocess.run(
        [sys.executable, "-c", f"{PRELUDE}\n{code}"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(HERE)},
    )
    said = run.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
    return {
        "output": run.stdout.decode("utf-8", "replace")[-OUTPUT:],
        "error": (said or f"exit code {run.returncode}") if run.returncode else "",
    }


def _session(folder: Path, width: int, height: int) -> None:
    """The X server, the buses and the window manager; the environment knows them then."""
    for name, value in {
        "XDG_RUNTIME_DIR": str(folder),
        "XDG_SESSION_TYPE": "x11",
        "XDG_CONFIG_DIRS": f"{HERE}:/etc/xdg",
        "GDK_BACKEND": "x11",
        "GTK_MODULES": "gail:atk-bridge",
        "QT_ACCESSIBILITY": "1",
        "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1",
        "GNOME_ACCESSIBILITY": "1",
        "ACCESSIBILITY_ENABLED": "1",
        "SAL_USE_VCLPLUGIN": "gtk3",
        "GSETTINGS_BACKEND": "keyfile",
        "LIBGL_ALWAYS_SOFTWARE": "1",
    }.items():
        os.environ.setdefault(name, value)
    with (folder / "log").open("ab") as log:
        sockets = Path("/tmp/.X11-unix")
        with suppress(OSError):
            sockets.mkdir(mode=0o1777)
        size = f"{width}x{height}x24"
        reader, writer = os.pipe()
        x = ["Xvfb", "-displayfd", str(writer), "-screen", "0", size, "-nolisten", "tcp"]
        _start([*x, "-noreset", "-dpi", "96", "-fbdir", str(folder)], log, (writer,))
        os.close(writer)
        bus = f"unix:path={folder}/bus"
        _start(["dbus-daemon", "--session", f"--address={bus}", "--nofork", "--nopidfile"], log)
        os.environ["DBUS_SESSION_BUS_ADDRESS"] = bus
        number = os.read(reader, 16).strip().decode()
        if not number:
            sys.exit("the X server did not start")
        os.environ["DISPLAY"] = f":{number}"
        while not (folder / "bus").exists():
            time.sleep(0.005)
        launcher = next(one for one in BUS if Path(one).exists())
        _start([launcher, "--launch-immediately"], log)
        _start(["openbox", "--config-file", str(HERE / "openbox.xml")], log)


def _start(arguments: list[str], log: Any, pass_fds: tuple[int, ...] = ()) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        pass_fds=pass_fds,
    )


if __name__ == "__main__":
    main()
