"""Ending a process at once: its threads are not waited for, but nothing that they started is left."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

_last: list[Callable[[], None]] = []


def at_end(function: Callable[[], None]) -> Callable[[], None]:
    """A decorator: call the function when the process is ended by `end`."""
    _last.append(function)
    return function


def end(code: int) -> NoReturn:
    """End this process with an exit code, whatever its threads are doing."""
    for function in _last:
        with suppress(Exception):
            function()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)
