"""Where stages run: any `concurrent.futures.Executor`, named in one word."""

from __future__ import annotations

import multiprocessing
import signal
import socket
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

from ..errors import ConfigError
from .ending import end

KINDS = ("inline", "threads", "processes", "ray")


class InlineExecutor(Executor):
    """Runs a call where it is submitted: for debugging, and for the simplest tracebacks."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class Pool:
    """An executor that can be opened again after a worker of it has died.

    Raises ConfigError for a kind that does not exist or is not installed, and for `workers` < 1.
    """

    def __init__(self, kind: str = "threads", workers: int = 4) -> None:
        if kind not in KINDS:
            raise ConfigError(f"There is no pool {kind!r}; there are {', '.join(KINDS)}.")
        if workers < 1:
            raise ConfigError(f"`workers` is {workers}: give 1 or more.")
        self.kind, self.workers = kind, workers
        self._executor: Executor | None = None

    @property
    def window(self) -> int:
        """Inputs under way at once: enough that no worker waits, few enough to hold in memory."""
        return 1 if self.kind == "inline" else self.workers * (1 if self.kind == "threads" else 2)

    @property
    def one_fate(self) -> bool:
        """Whether the death of one worker takes all that is under way with it."""
        return self.kind == "processes"

    def open(self) -> Executor:
        if self._executor is None:
            self._executor = self._make()
        return self._executor

    def reopen(self) -> Executor:
        """A new executor in the place of a broken one."""
        self.close()
        return self.open()

    def close(self) -> None:
        """Cancel what has not begun, end worker processes, and wait for no thread."""
        executor, self._executor = self._executor, None
        if executor is None:
            return
        if isinstance(executor, ProcessPoolExecutor):
            for worker in list((executor._processes or {}).values()):
                worker.terminate()
        executor.shutdown(wait=self.kind == "processes", cancel_futures=True)

    def _make(self) -> Executor:
        if self.kind == "inline":
            return InlineExecutor()
        if self.kind == "threads":
            return ThreadPoolExecutor(self.workers, thread_name_prefix="lbi")
        if self.kind == "processes":
            spawn = multiprocessing.get_context("spawn")
            return ProcessPoolExecutor(self.workers, mp_context=spawn, initializer=_begin_worker)
        from .ray_executor import RayExecutor

        return RayExecutor(self.workers)


def _begin_worker() -> None:
    """In a worker process: Ctrl-C is the driver's business, and the driver's death is this process's.

    A thread ends the process, not the handler: that runs only when the main thread comes back to Python, and
    a signal that arrives just before it blocks would be waited for without end.
    """
    told, tell = socket.socketpair()
    tell.setblocking(False)
    threading.Thread(target=_end_when_told, args=(told,), daemon=True).start()
    threading.Thread(target=_end_with_driver, daemon=True).start()
    signal.set_wakeup_fd(tell.detach())
    # Handlers, not SIG_IGN: what the worker starts would inherit that.
    signal.signal(signal.SIGINT, _nothing)
    signal.signal(signal.SIGTERM, _nothing)


def _nothing(*_: object) -> None:
    """The pool and its executor may both ask to end: the second does not cut short what the first removes."""


def _end_when_told(told: socket.socket) -> None:
    """End at SIGTERM: each signal's number arrives as a byte, whatever the main thread does."""
    while signal.SIGTERM not in told.recv(16):
        pass
    end(1)


def _end_with_driver() -> None:
    driver = multiprocessing.parent_process()
    assert driver is not None
    driver.join()
    end(1)
