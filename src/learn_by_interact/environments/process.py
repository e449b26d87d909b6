"""Run one process to its end under watch: time, output, and what a caller's probe measures."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..errors import EnvironmentFault

KEEP = 512 * 1024
"""Bytes of output kept at the beginning, and as many at the end."""
FLOOD = 256 * 1024 * 1024
"""Bytes of output after which a process is killed."""
TICK = 0.05
"""Seconds between two measurements, at least."""


_running: set[subprocess.Popen[bytes]] = set()
"""What is under watch in this process, and applications that are served; each leads its own group."""
_ending = False


def kill_running() -> None:
    """Kill all that is under watch in this process, and from now on what comes under it: the process ends."""
    global _ending
    _ending = True
    for process in list(_running):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def start(
    arguments: Sequence[str], env: Mapping[str, str], log: BinaryIO, cwd: Path | None = None
) -> subprocess.Popen[bytes]:
    """Start a process that goes on beside this one, in a group of its own, and prints into `log`.

    Raises EnvironmentFault when it cannot be started.
    """
    try:
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
        )
    except OSError as error:
        raise EnvironmentFault(f"{arguments[0]} could not be started: {error}") from None
    _running.add(process)
    if _ending:
        kill_running()
    return process


def stop(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that was started, and its group, and wait for its end."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    _running.discard(process)


class Kept:
    """The head and the tail of a stream of bytes of any length."""

    def __init__(self) -> None:
        self.size = 0
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_size = 0

    def add(self, chunk: bytes) -> None:
        """Append; the middle is forgotten when head and tail are full."""
        self.size += len(chunk)
        room = KEEP - len(self._head)
        self._head += chunk[:room] if room > 0 else b""
        rest = chunk[max(room, 0) :]
        if rest:
            self._tail.append(rest)
            self._tail_size += len(rest)
        while self._tail and self._tail_size - len(self._tail[0]) >= KEEP:
            self._tail_size -= len(self._tail.popleft())

    def text(self) -> str:
        """What was kept, undecodable bytes replaced; a line says how much is missing between."""
        tail = b"".join(self._tail)
        missing = self.size - len(self._head) - len(tail)
        if not missing:
            return (bytes(self._head) + tail).decode("utf-8", "replace")
        gap = f"\n[... {missing:,} bytes were not kept ...]\n"
        return self._head.decode("utf-8", "replace") + gap + tail.decode("utf-8", "replace")


@dataclass(frozen=True)
class Ended:
    """How a process ended. `reason` is "" for by itself, else `time`, `output` or the probe's."""

    output: str
    code: int
    seconds: float
    reason: str


def watch(
    arguments: Sequence[str],
    env: Mapping[str, str],
    seconds: float,
    probe: Callable[[int], str],
    kill: Callable[[subprocess.Popen[bytes]], None],
    pass_fds: Sequence[int] = (),
    cwd: str | None = None,
) -> Ended:
    """Run `arguments` with stdin closed, stdout and stderr read as one stream.

    `probe(pid)` is called now and then and names a limit that is passed, or "". `kill(process)`
    ends it and all it started; it is called in every case, also when it has ended by itself.
    Raises OSError when the program cannot be started.
    """
    begin = time.monotonic()
    process = subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(env),
        cwd=cwd,
        pass_fds=pass_fds,
        start_new_session=True,
    )
    _running.add(process)
    if _ending:
        kill_running()
    kept = Kept()
    assert process.stdout is not None
    with process.stdout as stream:
        end = -1
        try:
            end = os.pidfd_open(process.pid)
            os.set_blocking(stream.fileno(), False)
            reason = follow(stream.fileno(), end, kept, begin + seconds, lambda: probe(process.pid))
        finally:
            kill(process)
            code = process.wait()
            _running.discard(process)
            if end >= 0:
                os.close(end)
        drain(stream.fileno(), kept)
    return Ended(kept.text(), code, time.monotonic() - begin, reason)


def follow(stream: int, end: int, kept: Kept, deadline: float, probe: Callable[[], str]) -> str:
    """Read `stream` until `end` is readable ("") or the command must be killed (why).

    Both are file descriptors; `stream` does not block.
    """
    next_probe = time.monotonic() + TICK
    with selectors.DefaultSelector() as selector:
        selector.register(end, selectors.EVENT_READ)
        selector.register(stream, selectors.EVENT_READ)
        while True:
            now = time.monotonic()
            if now >= deadline:
                return "time"
            if now >= next_probe:
                if reason := probe():
                    return reason
                # A measurement may be slow on a big folder: it never takes over a tenth.
                next_probe = time.monotonic() + max(TICK, 10 * (time.monotonic() - now))
            ready = selector.select(max(0.0, min(deadline, next_probe) - time.monotonic()))
            files = [key.fd for key, _ in ready]
            if stream in files and not _read(stream, kept):
                selector.unregister(stream)
            if kept.size > FLOOD:
                return "output"
            if end in files:
                return ""


def _read(stream: int, kept: Kept) -> bool:
    """Read what is there; False at the end of the stream."""
    try:
        chunk = os.read(stream, 65536)
    except BlockingIOError:
        return True
    kept.add(chunk)
    return bool(chunk)


def drain(stream: int, kept: Kept) -> None:
    """Read what a dead process left in the pipe, without waiting for survivors."""
    for _ in range(64):
        before = kept.size
        if not _read(stream, kept) or kept.size == before:
            return


def descendants(pid: int) -> list[int]:
    """The process and all below it, as far as they are still there."""
    found = [pid]
    for one in found:
        with suppress(OSError):
            for thread in Path(f"/proc/{one}/task").iterdir():
                found.extend(int(child) for child in (thread / "children").read_bytes().split())
    return found


def resident_bytes(pids: Sequence[int]) -> int:
    """Resident memory of all processes together."""
    pages = 0
    for pid in pids:
        with suppress(OSError, IndexError):
            pages += int(Path(f"/proc/{pid}/statm").read_bytes().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
