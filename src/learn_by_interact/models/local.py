"""`local/NAME`: a GGUF file served by llama.cpp on this machine, started on first use.

There is one server for each (version of a file, settings) on a machine: a lock and a state file in the cache
folder let all processes find it. The process that started it ends it.
"""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ..errors import ConfigError, LbiError, ModelRefused
from ..types import Usage, digest
from . import Message, Reply, Request
from .catalogue import CATALOGUE, cache_folder, model_file, present, writable
from .endpoint import ModelSettings, Transient
from .openai_compatible import OpenAICompatible
from .prefix import SharedPrefix
from .serve import born

START_SECONDS = 600.0
"""Longest wait for a server to load its model."""

SLOT_SECONDS = 60.0
"""Longest wait for what is asked about a server's slots."""

_started: list[tuple[int, subprocess.Popen[bytes]]] = []
"""Servers that this process started, with its own id: a forked child must not end them."""


class LocalModel:
    """A local GGUF model. A server that has gone is started again by the next call.

    Replies name the model with the first 8 digits of its file's sha256: `qwen2.5-coder-1.5b@cc324af0`.
    Raises ModelRefused when the server cannot be started, with the last lines of its log.
    """

    def __init__(self, settings: ModelSettings) -> None:
        require(settings)
        self.name = settings.name
        self._settings = settings
        self._short = settings.name.removeprefix("local/")
        self._server: tuple[OpenAICompatible, str, dict[str, Any]] | None = None
        self._lock = threading.Lock()
        self._prefix = SharedPrefix(settings.parallel, self._read)

    def complete(self, request: Request) -> Reply:
        """One call to the server, which is started first where it does not run."""
        with self._prefix.turn(request) as read:
            client, label, _ = self._connection()
            try:
                reply = client.complete(request)
            except Transient:
                with self._lock:
                    self._server = None
                raise
        # What was read for this call just before it is in the cache, but not for nothing.
        usage = reply.usage.model_copy(update={"cached": max(0, reply.usage.cached - read)})
        return reply.model_copy(update={"model": label, "usage": usage})

    def _read(self, messages: tuple[Message, ...]) -> Usage | None:
        """Read a prompt into all slots, unless other programs' calls are in them; None: it cannot be done."""
        with suppress(LbiError, OSError):
            client, _, state = self._connection()
            slots = f"{state['url'].removesuffix('/v1')}/slots"
            if any(slot["is_processing"] for slot in _asked(slots)):
                return Usage()
            usage = client.read(messages, slot=0)
            file = Path(state.get("slots", ""), f"prefix-{os.getpid()}")
            try:
                _asked(f"{slots}/0?action=save", {"filename": file.name})
                for other in range(1, self._settings.parallel):
                    _asked(f"{slots}/{other}?action=restore", {"filename": file.name})
            finally:
                file.unlink(missing_ok=True)
            return usage
        return None

    def _connection(self) -> tuple[OpenAICompatible, str, dict[str, Any]]:
        with self._lock:
            if self._server is None:
                state = ensure(self._settings)
                client = OpenAICompatible(self._settings, self._short, state["url"], "none", free=True)
                self._server = client, f"{Path(self._short).stem}@{state['sha256'][:8]}", state
            return self._server


def require(settings: ModelSettings) -> None:
    """Raises ConfigError, with what to type, when the model's file or llama.cpp is missing."""
    name = settings.name.removeprefix("local/")
    if not present(name):
        file = model_file(name)
        known = any(entry.name == name for entry in CATALOGUE)
        raise ConfigError(f"local model {name}: there is no {file}" + (f"; lbi models pull {name}" * known))
    program = os.environ.get("LBI_LLAMA_SERVER")
    if program and not os.access(program, os.X_OK):
        raise ConfigError(f"LBI_LLAMA_SERVER names {program}, which is not a program that can be run")
    if not program and importlib.util.find_spec("xllamacpp") is None:
        raise ConfigError("local models need llama.cpp: pip install 'learn-by-interact[local]'")


def ensure(settings: ModelSettings, port: int = 0) -> dict[str, Any]:
    """The state (url, pid, file, sha256, slots) of the running server for these settings, started if need be.

    `port`: where a new one listens, 0: anywhere. Raises ModelRefused when it does not start, and ConfigError
    when the cache folder cannot be written.
    """
    file = model_file(settings.name.removeprefix("local/"))
    threads = settings.threads or len(os.sched_getaffinity(0))
    program = os.environ.get("LBI_LLAMA_SERVER", "")
    same = [str(file), settings.context, settings.parallel, threads, program]
    same += [settings.weights] if settings.weights else []
    folder = writable(cache_folder() / "servers")
    base = folder / digest(same)[:16]
    with _locked(base.with_suffix(".lock")):
        return _running(base.with_suffix(".json")) or _start(
            _line(settings, file, threads, port, base.with_suffix(".slots")), base
        )


def _line(settings: ModelSettings, file: Path, threads: int, port: int, slots: Path) -> list[str]:
    options = {
        "--sha256": file_hash(file),
        "--context": settings.context,
        "--parallel": settings.parallel,
        "--threads": threads,
        "--port": port,
        "--slots": slots,
    }
    words = [str(word) for pair in options.items() for word in pair]
    return [sys.executable, "-m", "learn_by_interact.models.serve", str(file), *words]


def file_hash(file: Path) -> str:
    """sha256 of a model file; one from the catalogue has been checked when it was fetched."""
    for entry in CATALOGUE:
        if file == cache_folder() / entry.file:
            return entry.sha256
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _running(path: Path) -> dict[str, Any] | None:
    try:
        state: dict[str, Any] = json.loads(path.read_text())
        return state if state["born"] == born(state["pid"]) != "" else None
    except (OSError, ValueError, KeyError):
        return None


def _asked(url: str, content: dict[str, str] | None = None) -> Any:
    """A GET, or a POST of JSON, to the server -> its JSON. Raises OSError where there is none."""
    data = json.dumps(content).encode() if content else None
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=SLOT_SECONDS) as answer:
            return json.load(answer)
    except ValueError as error:
        raise OSError(f"{url} sent no JSON") from error


def _bound(threads: int) -> dict[str, str]:
    """The environment of a server: of as many threads as there are processors, each keeps to its own.

    They wait for each other many times a second. Two that the scheduler puts on one processor while something
    unimportant has the other spent nine tenths of their time so.
    """
    own = {"OMP_PROC_BIND": "true"} if threads == len(os.sched_getaffinity(0)) else {}
    return {**own, **os.environ}


def _start(line: list[str], base: Path) -> dict[str, Any]:
    log, path = base.with_suffix(".log"), base.with_suffix(".json")
    path.unlink(missing_ok=True)
    with log.open("wb") as output:
        # Apart from the terminal: Ctrl-C reaches the run alone, which ends while the server still answers.
        server = subprocess.Popen(
            [*line, "--state", str(path), "--starter", str(os.getpid())],
            env=_bound(int(line[line.index("--threads") + 1])),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    if not _started:
        atexit.register(stop)
    _started.append((os.getpid(), server))
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        state = _running(path)
        if state is not None:
            return state
        if server.poll() is not None:
            break
        time.sleep(0.05)
    server.kill()
    last = " | ".join(log.read_text(errors="replace").split("\n")[-6:]).strip(" |")
    raise ModelRefused(f"the local server ended with code {server.wait()}; {log} ends: {last}")


def stop() -> None:
    """End the servers that this process started."""
    for pid, server in _started:
        if pid == os.getpid():
            server.terminate()
            server.wait()
    _started[:] = []
