"""What stands around a client: stored replies, retries, limits. Each is a `Model` itself."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from pydantic import ValidationError

from ..errors import ModelError, StoreError
from ..types import Usage
from . import Model, Reply, Request
from .endpoint import Transient

FIRST_WAIT = 0.5
LONGEST_WAIT = 30.0
"""Seconds before the second call, and the most between two calls; it doubles in between."""


class Cached:
    """Replies kept as `folder/ab/<request id>.json`, written before they are used: nothing is paid twice.

    A stored reply comes back as it was, `usage` included: it says what the reply took when it was
    made, so figures do not depend on how often a run was interrupted. `served`: what answers under the
    model's name; replies of another file or address are other replies.
    """

    def __init__(self, model: Model, folder: Path, served: str = "") -> None:
        self.name = model.name
        self._model = model
        self._served = served
        self._folder = folder
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._running: dict[str, tuple[threading.Lock, int]] = {}

    def complete(self, request: Request) -> Reply:
        """Raises StoreError when the reply cannot be written, and what the model raises."""
        if self._served:
            request = request.model_copy(update={"served": self._served})
        path = self._folder / request.id[:2] / f"{request.id}.json"
        with self._alone(request.id):
            reply = _read(path)
            if reply is None:
                reply = self._model.complete(request).model_copy(update={"asked": request.model})
                # Hundreds of threads that make files at the same time stand in each other's way.
                with self._writing:
                    _write(path, reply)
            return reply

    @contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        """One thread at a time for the same request: the second finds the first one's reply."""
        with self._lock:
            lock, users = self._running.get(key, (threading.Lock(), 0))
            self._running[key] = lock, users + 1
        try:
            with lock:
                yield
        finally:
            with self._lock:
                users = self._running[key][1]
                if users > 1:
                    self._running[key] = lock, users - 1
                else:
                    del self._running[key]


def _read(path: Path) -> Reply | None:
    try:
        return Reply.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None  # absent, or half written by a machine that lost power


def _write(path: Path, reply: Reply) -> None:
    new = path.with_name(f".new-{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            new.write_text(reply.model_dump_json(), encoding="utf-8")
            new.replace(path)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StoreError(
            f"cannot write the reply {path}: {error.strerror}; make room and start again"
        ) from error


class Retrying:
    """Calls again what failed for a passing reason, with growing, jittered pauses.

    An endpoint that asks for a longer pause gets it. `patience`: seconds after which it gives up, without
    those for which calls wait for their turn.
    """

    def __init__(self, model: Model, patience: float = 300.0, first_wait: float = FIRST_WAIT) -> None:
        self.name = model.name
        self._model = model
        self._patience = patience
        self._first_wait = first_wait

    def complete(self, request: Request) -> Reply:
        """Raises ModelError when patience is at its end; ModelRefused and ContextFull at once."""
        begin = time.monotonic()
        wait = self._first_wait
        while True:
            try:
                return self._model.complete(request)
            except Transient as error:
                pause = max(error.retry_after or 0.0, wait * random.uniform(0.5, 1.0))
                wait = min(2 * wait, LONGEST_WAIT)
                begin += error.waited
                spent = time.monotonic() - begin
                if spent + pause > self._patience:
                    raise ModelError(f"{error}; gave up after {spent:.0f} seconds") from error
                time.sleep(pause)


class Limited:
    """At most `concurrency` calls at the same time, and `per_minute` starts in any minute."""

    def __init__(self, model: Model, concurrency: int | None = None, per_minute: int | None = None) -> None:
        self.name = model.name
        self._model = model
        self._slots = threading.BoundedSemaphore(concurrency) if concurrency else None
        self._per_minute = per_minute
        self._starts: deque[float] = deque()
        self._lock = threading.Lock()

    def complete(self, request: Request) -> Reply:
        """Waits for its turn, then calls. Raises what the model raises."""
        begin = time.monotonic()
        with self._slots or nullcontext():
            self._turn()
            waited = time.monotonic() - begin
            try:
                return self._model.complete(request)
            except Transient as error:
                error.waited += waited
                raise

    def _turn(self) -> None:
        while self._per_minute:
            with self._lock:
                now = time.monotonic()
                while self._starts and self._starts[0] <= now - 60.0:
                    self._starts.popleft()
                if len(self._starts) < self._per_minute:
                    self._starts.append(now)
                    return
                wait = self._starts[0] + 60.0 - now
            time.sleep(wait)


class Metered:
    """Sums up what the calls through it took; serves one thread."""

    def __init__(self, model: Model) -> None:
        self.name = model.name
        self.usage = Usage()
        self._model = model

    def complete(self, request: Request) -> Reply:
        """Raises what the model raises."""
        reply = self._model.complete(request)
        self.usage = self.usage + reply.usage
        return reply
