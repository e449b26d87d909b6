"""Temporary folders: none is left by a process that ends, and those of killed ones go at the next start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

import tiny
from learn_by_interact.environments.temporary import TemporaryFolder

OPEN = """
import sys
import time
from learn_by_interact.environments.folder import Limits
from learn_by_interact.environments.sandbox import HOME, Tools, open_sandbox
with open_sandbox("bubblewrap", None, Tools()) as sandbox:
    sandbox.run("mkdir -p a/b; touch a/b/c; chmod 0 a/b a", HOME, Limits())
    print("open", flush=True)
    sys.stdin.read()
    print(sandbox.home.is_dir())
"""


def start(temporary: Path) -> subprocess.Popen[str]:
    """A process that opens a sandbox, and closes it when its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", OPEN],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=tiny.environ(TMPDIR=str(temporary)),
        text=True,
    )


@contextmanager
def opened(temporary: Path) -> Iterator[subprocess.Popen[str]]:
    process = start(temporary)
    assert process.stdout is not None and process.stdout.readline() == "open\n"
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_what_a_killed_process_left_goes_at_the_next_start(tmp_path: Path) -> None:
    with opened(tmp_path):
        pass
    (left,) = tmp_path.iterdir()
    others = tmp_path / "lbi-of-another-program"
    (others / "kept").mkdir(parents=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "owner").touch()
    (tmp_path / "lbi-link").symlink_to(elsewhere)
    with opened(tmp_path) as living:
        assert not left.exists()
        with opened(tmp_path) as later:
            assert later.communicate()[0] == "True\n"
        assert living.communicate()[0] == "True\n", "the folder of a living process was removed"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "lbi-link", others.name]
    assert (others / "kept").exists() and (elsewhere / "owner").exists()


def test_a_sandbox_that_waits_for_a_killed_process_is_ended(tmp_path: Path) -> None:
    with opened(tmp_path):
        pass
    (left,) = tmp_path.iterdir()
    waits = f"exec -a {{}} {sys.executable} -c 'import time; time.sleep(60)' {{}}/home"
    named = (("bwrap", left), ("another", left), ("bwrap", f"{left}-not"))
    started = [subprocess.Popen(["bash", "-c", waits.format(*names)]) for names in named]
    # They have their names once bash is gone.
    while any(b"exec" in Path(f"/proc/{one.pid}/cmdline").read_bytes() for one in started):
        time.sleep(0.01)
    try:
        with opened(tmp_path):
            assert started[0].wait(10) == -signal.SIGKILL
            assert [one.poll() for one in started[1:]] == [None, None]
    finally:
        for one in started:
            one.kill()
            one.wait()


def test_processes_that_start_at_once_sweep_one_another_not(tmp_path: Path) -> None:
    for _ in range(3):
        with opened(tmp_path):
            pass
    processes = [start(tmp_path) for _ in range(6)]
    assert [process.communicate()[0] for process in processes] == ["open\nTrue\n"] * 6
    assert not list(tmp_path.iterdir())


def test_threads_and_forks_share_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def use(number: int) -> bool:
        folder = TemporaryFolder()
        (folder.path / "file").write_text(str(number))
        whole = (folder.path / "file").read_text() == str(number)
        folder.close()
        folder.close()
        return whole and not folder.path.exists()

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(use, range(400)))
    assert not list(tmp_path.iterdir())
    mine = TemporaryFolder()
    child = os.fork()
    if child == 0:
        theirs = TemporaryFolder()
        apart = theirs.path.parent != mine.path.parent
        theirs.close()
        os._exit(0 if apart else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert mine.path.is_dir()
    mine.close()
    assert not list(tmp_path.iterdir())


ENDS = """
import os, sys, tempfile
from learn_by_interact.engine.ending import end
from learn_by_interact.environments import temporary

def use(last):
    left, tempfile.tempdir = last, tempfile.mkdtemp()
    def trace(frame, event, _):
        nonlocal left
        if frame.f_code.co_filename != temporary.__file__:
            return None
        if event == "line":
            left -= 1
            if left == 0:
                sys.settrace(None)
                end(0)
        return trace
    sys.settrace(trace)
    temporary.TemporaryFolder().close()
    sys.settrace(None)
    os._exit(1)

children = []
for number in range(60):
    children.append(os.fork())
    if not children[-1]:
        use(number + 1)
print(sum(os.waitpid(child, 0)[1] == 0 for child in children))
"""


def test_an_end_at_any_line_leaves_no_folder(tmp_path: Path) -> None:
    """As a signal would, that comes while a folder is made or removed."""
    ran = subprocess.run(
        [sys.executable, "-c", ENDS], env=tiny.environ(TMPDIR=str(tmp_path)), capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert 20 < int(ran.stdout) < 60, "not every line was tried"
    assert not list(tmp_path.glob("*/*"))
