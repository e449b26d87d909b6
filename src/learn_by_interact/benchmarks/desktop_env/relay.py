"""Ports of a sandbox's loopback, reached through Unix sockets. Runs on both sides; inside it is started as

python3 relay.py FOLDER PORT...
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

LOOPBACK = "127.0.0.1"
PIECE = 1 << 16


def serve(listener: socket.socket, dial: Callable[[], socket.socket]) -> None:
    """Give each connection that comes one that `dial` makes, until the listener is closed."""
    while True:
        try:
            near = listener.accept()[0]
        except OSError:
            return
        threading.Thread(target=_join, args=(near, dial), daemon=True).start()


def _join(near: socket.socket, dial: Callable[[], socket.socket]) -> None:
    with near:
        try:
            far = dial()
        except OSError:
            return
        with far:
            back = threading.Thread(target=_pump, args=(far, near), daemon=True)
            back.start()
            _pump(near, far)
            back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(PIECE):
            target.sendall(piece)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def main() -> None:
    folder = Path(sys.argv[1])
    for port in map(int, sys.argv[2:]):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(folder / f"{port}.new"))
        listener.listen(64)
        (folder / f"{port}.new").rename(folder / str(port))
        dial = (lambda number: lambda: socket.create_connection((LOOPBACK, number)))(port)
        threading.Thread(target=serve, args=(listener, dial), daemon=True).start()
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    main()
