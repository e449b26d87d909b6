"""What all tests need."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

import docker_engine
from machine_server import FakeMachine, machine

# Started in the background of a script, a process ignores Ctrl-C, and so would all that it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is marked as slow stands first in each worker's share, so that no worker has it alone at the end.

    `--dist worksteal` gives each worker a stretch of the list, and what is left of it to whoever is done.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    slow = [item for item in items if item.get_closest_marker("slow")]
    others = [item for item in items if not item.get_closest_marker("slow")]
    share = -(-len(others) // workers)
    items[:] = [
        item
        for worker in range(workers)
        for item in slow[worker::workers] + others[worker * share : (worker + 1) * share]
    ]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a Docker engine; a test that needs one is skipped where none can be started."""
    with docker_engine.engine(tmp_path_factory.mktemp("docker")) as address:
        yield address


@pytest.fixture(scope="module")
def image(address: str) -> Iterator[str]:
    """An image of this machine's own files."""
    with docker_engine.image(address, f"lbi-test-{os.getpid()}") as name:
        yield name


@pytest.fixture
def fake() -> Iterator[FakeMachine]:
    """A machine with OSWorld's server."""
    with machine() as made:
        yield made
