"""kill -9 at 50 random moments: nothing is lost, nothing is there twice, nothing is paid twice.

They are in tests of ten, each with an undisturbed run of its own, so that they go side by side.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

import tiny
from survival import go, left, replies, same, start

KILLS = 10
WORKERS = 3
POOL = {"kind": "threads", "workers": WORKERS}


ROUNDS = {"rounds": 2, "enough": 4}
"""Each page is asked about twice: its three tasks are less than enough."""


def calls(log: Path) -> list[str]:
    return log.read_text().split() if log.exists() else []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20, 25))
def test_a_run_survives_being_killed_at_any_moment(tmp_path: Path, seed: int) -> None:
    recipe = tiny.make(tmp_path)
    begin = time.monotonic()
    assert go(recipe, tmp_path / "whole", tmp_path / "whole.log", pool=POOL, propose=ROUNDS).code == 0
    seconds = time.monotonic() - begin
    undisturbed, needed = left(tmp_path / "whole"), calls(tmp_path / "whole.log")
    assert len(set(needed)) == len(needed) == len(replies(tmp_path / "whole")) > 100

    moments = random.Random(seed)
    killed = 0
    while killed < KILLS:
        run, log = tmp_path / f"run-{killed}", tmp_path / f"run-{killed}.log"
        killed += until_it_ends(recipe, run, log, KILLS - killed, moments, seconds)
        same(left(run), undisturbed)
        assert left(run).usage.calls == undisturbed.usage.calls
        assert replies(run) == set(needed)


def until_it_ends(
    recipe: Path, run: Path, log: Path, most: int, moments: random.Random, seconds: float
) -> int:
    """The same command until it ends, killed on the way -> how often it was killed."""
    killed = 0
    while True:
        stored, before = replies(run), len(calls(log))
        process = start(recipe, run, log, pool=POOL, propose=ROUNDS)
        if killed < most:
            time.sleep(seconds * moments.uniform(0.05, 0.7))
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        _, errors = process.communicate(timeout=60)
        assert not stored & set(calls(log)[before:]), "a stored reply was asked for again"
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL, errors
        killed += 1
    count = Counter(calls(log))
    assert sum(count.values()) <= len(count) + killed * WORKERS
    return killed
