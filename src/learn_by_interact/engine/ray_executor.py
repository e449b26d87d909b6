"""A `concurrent.futures.Executor` over Ray: a cluster is one more place to run."""

from __future__ import annotations

import os
import sys
from concurrent.futures import BrokenExecutor, Executor, Future
from concurrent.futures import wait as wait_for
from pathlib import Path
from typing import Any

from ..errors import ConfigError


class RayExecutor(Executor):
    """Runs calls as Ray tasks, in the cluster at $RAY_ADDRESS or in one of `workers` CPUs started here.

    When the worker or the node under a call dies, that call's future alone raises BrokenExecutor and
    the executor goes on; nothing is retried here, whoever submits decides. Raises ConfigError when
    Ray is not installed or the cluster cannot be reached.
    """

    def __init__(self, workers: int) -> None:
        try:
            import ray
        except ImportError:
            raise ConfigError(
                "The pool `ray` needs Ray: type `pip install 'learn-by-interact[ray]'`."
            ) from None
        self._ray = ray
        self._started = not ray.is_initialized()
        if self._started:
            _connect(ray, workers)
        self._task = ray.remote(max_retries=0)(_call)
        self._waiting: dict[Future[Any], Any] = {}

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        reference = self._task.remote(fn, args, kwargs)
        self._waiting[future] = reference
        reference.future().add_done_callback(lambda inner: self._settle(future, inner))
        return future

    def _settle(self, future: Future[Any], inner: Future[Any]) -> None:
        self._waiting.pop(future, None)
        if not future.set_running_or_notify_cancel():
            return
        error = inner.exception()
        if error is None:
            future.set_result(inner.result())
        elif isinstance(error, self._ray.exceptions.RayTaskError):
            future.set_exception(error)
        else:
            future.set_exception(BrokenExecutor(" ".join(str(error).split())[:300]))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster; one that was started here ends, with all that still runs in it."""
        waiting = dict(self._waiting)
        if cancel_futures:
            for future, reference in waiting.items():
                future.cancel()
                self._ray.cancel(reference)
        if wait:
            wait_for(waiting)
        if self._started:
            self._ray.shutdown()


def _connect(ray: Any, workers: int) -> None:
    """Workers find the modules that this process finds."""
    address = os.environ.get("RAY_ADDRESS")
    paths = os.pathsep.join(path or str(Path.cwd()) for path in sys.path)
    local = {"num_cpus": workers, "include_dashboard": False}
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # The workers are what the machine is for: Ray would let all else go first (niceness 15).
    os.environ.setdefault("RAY_worker_niceness", "0")
    try:
        ray.init(
            address=address or "local",
            runtime_env={"env_vars": {"PYTHONPATH": paths}},
            log_to_driver=False,
            logging_level="warning",
            **({} if address else local),
        )
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ConfigError(
            f"The Ray cluster at {address or 'this machine'} does not answer: {error}"
        ) from error


def _call(fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return fn(*args, **kwargs)
