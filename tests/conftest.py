"""What all tests need."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

import docker_engine

# Started in the background of a script, a process ignores Ctrl-C, and so would all that it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


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
