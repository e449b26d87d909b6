"""Ctrl-C: a run ends in about two seconds, keeps what is finished and leaves nothing running."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest

import tiny
from survival import left

SLOW = """
import os, time
from pathlib import Path
import tiny

def policy(request):
    text = tiny.policy(request)
    waits = os.environ.get("WAITS")
    task = request.messages[1].content.partition("Your task: ")[2]
    if waits and text.startswith("ACTION") and "numbers.txt" in task:
        Path(waits, str(os.getpid())).touch()
        if "lines does" in task:
            time.sleep(60)
        return f"ACTION: sleep {waits.rpartition('-')[2]}; touch {waits}/late"
    return text
"""
MODEL = ("--model", "scripted/slow:policy")
SECONDS = 4.0
"""What ending may take here: about two seconds, on a machine that does other things as well."""


def begin(folder: Path, recipe: Path, *options: str) -> subprocess.Popen[str]:
    """A run whose workers are all in a model call or a command that takes long, when this returns."""
    (folder / "slow.py").write_text(SLOW)
    waits = folder / f"waits-{nap(folder)}"
    temporary = folder / "tmp"
    for made in (waits, temporary):
        made.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "learn_by_interact.cli", "run", str(recipe), *MODEL, *options],
        cwd=folder,
        env=tiny.environ(WAITS=str(waits), TMPDIR=str(temporary)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not (any(waits.iterdir()) and sleeping(folder)):
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.05)
    return process


def nap(folder: Path) -> str:
    """Seconds that the commands of this test sleep: no other test's, which may run at the same time."""
    return f"61.{zlib.crc32(bytes(folder))}"


def sleeping(folder: Path) -> list[str]:
    """Commands of the slow policy that run, wherever they run."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = file.read_bytes().split(b"\0")
        except OSError:
            continue
        if words[:2] == [b"sleep", nap(folder).encode()]:
            found.append(str(file))
    return found


def gone(folder: Path) -> bool:
    """Whether the commands are gone: the kernel may need a moment."""
    deadline = time.monotonic() + 2
    while sleeping(folder) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not sleeping(folder)


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--unsafe",), ("--pool", "processes"), ("--pool", "inline")])
def test_one_interrupt_keeps_what_is_finished_and_leaves_nothing(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    recipe = tiny.make(tmp_path)
    process = begin(tmp_path, recipe, *options)
    asked = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert time.monotonic() - asked < SECONDS
    assert process.returncode == 130
    assert errors.endswith("stopped; run the same command again to go on\n") and "Traceback" not in errors
    assert gone(tmp_path)
    assert not list((tmp_path / "tmp").glob("lbi-*"))
    before = left(tmp_path / "run")
    assert sum(before.succeeded.values()) > len(tiny.OPERATIONS) and not before.failed
    assert tiny.lbi("run", recipe, *MODEL, *options, cwd=tmp_path).returncode == 0
    after = left(tmp_path / "run")
    assert set(after.succeeded.values()) == {1} and not after.failed
    assert before.succeeded.items() <= after.succeeded.items()


def test_a_second_interrupt_ends_it_at_once(tmp_path: Path) -> None:
    process = begin(tmp_path, tiny.make(tmp_path))
    asked = time.monotonic()
    process.send_signal(signal.SIGINT)
    while process.poll() is None and time.monotonic() - asked < SECONDS:
        time.sleep(0.01)
        process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert time.monotonic() - asked < SECONDS / 2
    assert process.returncode in (130, -signal.SIGINT) and "Traceback" not in errors
    assert gone(tmp_path)
